import { spawnSync } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import path from 'node:path';
import type { CatalogueEntry } from '../src/contract/backup.ts';
import type { DrillRecord, Operation } from '../src/contract/operation.ts';
import { unprivileged } from '../src/engines/testing-unprivileged.ts';
import { backUp, catalogue, shopConfig } from './support/actions.ts';
import { startGenesis, writeConfig, type Genesis } from './support/genesis.ts';
import { metric } from './support/metrics.ts';
import { checkout, cleanUp, run, tempFolder, waitUntil } from './support/processes.ts';
import { filesBelow, makeTree } from './support/tree.ts';

const main = path.join(checkout, 'exporter/src/main.ts');

afterAll(cleanUp, 60_000);

/** `genesis serve` that is expected to end by itself. */
function serve(
  home: string,
  env: Readonly<Record<string, string>> = {},
): Promise<{ exitCode: number | null; output: string }> {
  return run({
    name: 'genesis serve',
    file: process.execPath,
    args: [main, 'serve'],
    env: { GENESIS_HOME: home, GENESIS_LISTEN: '127.0.0.1:0', ...env },
    deadlineMs: 20_000,
  });
}

/** One line, that says what and how to mend it. */
function expectOneSentence(ended: { exitCode: number | null; output: string }, said: RegExp): void {
  expect(ended.output).toMatch(said);
  expect(ended.output.trimEnd().split('\n')).toHaveLength(1);
  expect(ended.exitCode).toBe(2);
}

const modeOf = (file: string): string => (statSync(file).mode & 0o777).toString(8);

describe('the first start on an empty home', () => {
  let genesis: Genesis;
  let startedMs: number;

  beforeAll(async () => {
    const home = tempFolder('genesis-first-');
    chmodSync(home, 0o755); // must be closed to others before anything secret is written
    startedMs = performance.now();
    genesis = await startGenesis({ home });
  }, 90_000);

  it('has backed up, copied and proven a restore within three minutes, with no configuration', async () => {
    const watched = { processes: [genesis.process], deadlineMs: 180_000 - (performance.now() - startedMs) };
    const drill = await waitUntil(
      'the first drill ends',
      async () => (await genesis.api<{ items: DrillRecord[] }>('GET', '/drills')).body.items[0],
      watched,
    );
    const copied = await waitUntil(
      'the first backup is copied',
      async () => (await catalogue(genesis)).find((entry) => entry.copies.includes('second-folder')),
      watched,
    );

    expect(performance.now() - startedMs).toBeLessThan(180_000);
    expect(drill).toMatchObject({ service: 'demo-files', passed: true, differences: [] });
    expect(drill.entriesCompared).toBeGreaterThan(20);
    expect(copied).toMatchObject({ service: 'demo-files', type: 'full', status: 'completed', verifyResult: 'passed' });
    expect(filesBelow(path.join(genesis.home, 'copies/second')).join('\n')).toContain(`${copied.id}/manifest.json`);
  }, 180_000);

  it('lets nobody else read the home, its configuration and its tokens', () => {
    const { home } = genesis;
    const modes = Object.fromEntries(
      [
        '.',
        'genesis.yaml',
        'tokens',
        ...['admin', 'operator', 'viewer'].map((role) => `tokens/${role}`),
        'state',
        'run',
        'repository',
        'drills',
        'restores',
      ].map((name) => [name, modeOf(path.join(home, name))]),
    );

    expect(modes).toEqual({
      '.': '700',
      'genesis.yaml': '600',
      tokens: '700',
      'tokens/admin': '600',
      'tokens/operator': '600',
      'tokens/viewer': '600',
      state: '700',
      run: '700',
      repository: '700',
      drills: '700',
      restores: '700',
    });
  });

  it('says once and shortly where page, metrics, API and configuration are, and no token', () => {
    const said = genesis
      .output()
      .split('\n')
      .filter((line) => !line.startsWith('{'))
      .join('\n');

    expect(said).toContain(`${genesis.url}/login#code=`);
    expect(said).toContain(`${genesis.url}/metrics`);
    expect(said).toContain(`${genesis.url}/api/docs`);
    expect(said).toContain(path.join(genesis.home, 'genesis.yaml'));
    expect(said.match(/#code=/g)).toHaveLength(1);
    expect(said.trim().split('\n').length).toBeLessThanOrEqual(8);
    for (const role of ['admin', 'operator', 'viewer'] as const)
      expect(genesis.output()).not.toContain(genesis.tokens[role]);
  });

  it('writes a commented configuration that passes its own check without a warning', async () => {
    const file = path.join(genesis.home, 'genesis.yaml');
    const checked = await run({
      name: 'config check',
      file: process.execPath,
      args: [main, 'config', 'check', file],
      env: { GENESIS_HOME: genesis.home },
    });

    expect(checked).toMatchObject({ exitCode: 0 });
    expect(checked.output).toMatch(/ok, 1 services?, 0 warnings/);
    expect(
      readFileSync(file, 'utf8')
        .split('\n')
        .filter((line) => line.includes('#')).length,
    ).toBeGreaterThan(15);
  });

  it('refuses a second instance on the same home in one sentence, and leaves the first unharmed', async () => {
    const addressFile = path.join(genesis.home, 'run/address');
    const address = readFileSync(addressFile, 'utf8');

    expectOneSentence(
      await serve(genesis.home),
      new RegExp(`another genesis \\(process ${genesis.pid}\\) already runs on the home`),
    );

    expect(readFileSync(addressFile, 'utf8')).toBe(address);
    expect((await genesis.get('/readyz')).status).toBe(200);
    expect(await backUp(genesis, 'incremental', 'demo-files').catch(String)).toMatchObject({ status: 'completed' });
  }, 60_000);

  it('goes on after a restart: counters do not go back, tokens and backups are the same', async () => {
    await waitUntil(
      'nothing runs',
      async () =>
        (await genesis.api<{ items: Operation[] }>('GET', '/operations?state=running')).body.items.length === 0,
    );
    const { home } = genesis;
    const counted = { service: 'demo-files', result: 'success' };
    const before = {
      token: genesis.tokens.operator,
      backups: (await catalogue(genesis)).map((entry) => entry.id),
      total: await waitUntil('backups are counted', async () => {
        const values = await metric(genesis, 'genesis_backup_total', counted);
        return values.reduce((sum, value) => sum + value, 0) >= 2 ? values : undefined;
      }),
      drills: await metric(genesis, 'genesis_dr_test_total', counted),
    };
    expect(await genesis.stop()).toBe(0);

    genesis = await startGenesis({ home, until: 'answers' });
    const sum = (values: readonly number[]): number => values.reduce((so, value) => so + value, 0);
    // From the first page on: no series rather than one that was set back, which would count as an increase later.
    for (let ready = false; !ready;) {
      ready = (await genesis.get('/readyz')).status === 200;
      const values = await metric(genesis, 'genesis_backup_total', counted);
      if (values.length > 0) expect(sum(values)).toBeGreaterThanOrEqual(sum(before.total));
    }
    expect(genesis.tokens.operator).toBe(before.token);
    expect((await genesis.api('GET', '/me', undefined, { role: 'operator' })).body).toMatchObject({ role: 'operator' });
    expect((await catalogue(genesis)).map((entry) => entry.id)).toEqual(expect.arrayContaining(before.backups));
    // A schedule may have run in between: never less than before.
    const now = await metric(genesis, 'genesis_backup_total', counted);
    expect(now).toHaveLength(before.total.length);
    expect(sum(now)).toBeGreaterThanOrEqual(sum(before.total));
    expect(sum(now)).toBeLessThanOrEqual(sum(before.total) + 1);
    expect(await metric(genesis, 'genesis_dr_test_total', counted)).toEqual(before.drills);
  }, 90_000);
});

describe('a start that cannot be', () => {
  it('ends with one sentence when the port is in use', async () => {
    const holder = createServer();
    await new Promise<void>((resolve) => holder.listen(0, '127.0.0.1', resolve));
    const { port } = holder.address() as AddressInfo;
    const home = tempFolder('genesis-port-');

    const ended = await serve(home, { GENESIS_LISTEN: `127.0.0.1:${port}` });
    await new Promise((resolve) => holder.close(resolve));

    expectOneSentence(ended, new RegExp(`port ${port} on 127.0.0.1 is already in use`));
    const genesis = await startGenesis({ home });
    expect(await genesis.stop()).toBe(0);
  }, 60_000);

  it('ends with one sentence when the home cannot be made', async () => {
    const file = path.join(tempFolder(), 'a-file');
    writeFileSync(file, 'kept');

    expectOneSentence(await serve(path.join(file, 'home')), /the home .*a-file\/home cannot be used/);
    expect(readFileSync(file, 'utf8')).toBe('kept');
  }, 30_000);

  it('ends with one sentence when the user may not write the home', () => {
    const parent = tempFolder('genesis-unwritable-');
    mkdirSync(path.join(parent, 'home'));
    for (const folder of [path.join(parent, 'home'), parent]) chmodSync(folder, 0o555);
    // Root may write everywhere: become somebody who may not.
    const [program = '', ...args] = [...unprivileged().launcher, process.execPath, main, 'serve'];
    const ended = spawnSync(program, args, {
      cwd: '/',
      env: { PATH: process.env['PATH'] ?? '', GENESIS_HOME: path.join(parent, 'home'), GENESIS_LISTEN: '127.0.0.1:0' },
      encoding: 'utf8',
      timeout: 20_000,
    });
    chmodSync(parent, 0o755);

    expectOneSentence(
      { exitCode: ended.status, output: `${ended.stdout}${ended.stderr}` },
      /the home .* cannot be used/,
    );
    expect(filesBelow(path.join(parent, 'home'))).toEqual([]);
  }, 30_000);

  it('refuses to listen beyond loopback without TLS', async () => {
    const home = tempFolder('genesis-beyond-');

    expectOneSentence(
      await serve(home, { GENESIS_LISTEN: '0.0.0.0:0' }),
      /0\.0\.0\.0:0 is beyond loopback without TLS: .*set api\.tls, .*or say api\.insecure: true/,
    );
    expect(existsSync(path.join(home, 'run/address'))).toBe(false);
  }, 30_000);

  it('names every fault of the configuration with path and mend', async () => {
    const home = tempFolder('genesis-faulty-');
    writeConfig(home, 'services:\n  - name: Shop!\n    bakup: {}\n');

    const ended = await serve(home);

    expect(ended.exitCode).toBe(2);
    expect(ended.output).toMatch(/services\[0\]\.name|services\.0\.name/);
    expect(ended.output).toContain('bakup');
  }, 30_000);
});

describe('SIGTERM during a backup', () => {
  it('ends within 10 s, and the backup is closed as interrupted with nothing half made', async () => {
    const base = tempFolder('genesis-term-');
    const data = path.join(base, 'data');
    makeTree(data, { files: 24, bytesPerFile: 1_000_000, seed: 'term' });
    // 24 MB at 1 MiB/s: it cannot have ended by itself.
    const config = shopConfig(data, { backup: { limits: { bandwidth: '1MiB' } } });
    const genesis = await startGenesis({ config });
    const started = await genesis.api<Operation>('POST', '/backups', { service: 'shop', type: 'full' });
    const { id } = started.body;
    await waitUntil(
      'the backup reads',
      async () => ((await genesis.api<Operation>('GET', `/operations/${id}`)).body.progress?.bytesDone ?? 0) > 0,
    );

    const askedMs = performance.now();
    expect(await genesis.stop()).toBe(0);
    expect(performance.now() - askedMs).toBeLessThan(10_000);

    const again = await startGenesis({ home: genesis.home });
    const operation = (await again.api<Operation>('GET', `/operations/${id}`)).body;
    expect(operation).toMatchObject({ kind: 'backup', state: 'interrupted' });
    expect(operation.endedAt).not.toBeNull();
    const entries: readonly CatalogueEntry[] = await catalogue(again);
    expect(entries.filter((entry) => entry.status !== 'failed')).toEqual([]);
    expect(
      filesBelow(path.join(genesis.home, 'repository/backups')).filter((file) => file.endsWith('.tar.zst')),
    ).toEqual([]);
    expect(await again.stop()).toBe(0);
  }, 90_000);
});
