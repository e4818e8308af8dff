import { execFileSync, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { chmodSync, existsSync, mkdirSync, readFileSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { backupEngineConformance } from '../src/engines/backup/conformance.ts';
import { createResticEngine } from '../src/engines/backup/restic/engine.ts';
import { systemClock } from '../src/runtime/clock.ts';
import { cleanUp, tempFolder, waitUntil } from './support/processes.ts';
import {
  biggestPack,
  codeOf,
  createBench,
  deps,
  engine,
  flip,
  giveAway,
  passphrase,
  quiet,
  repositoryOf,
  startRestStore,
  unprivileged,
  valueOf,
  type Options,
} from './support/restic.ts';

let folder: string;
const bench = (name: string, options: Options = {}) => createBench(path.join(folder, name), options);

beforeAll(() => {
  folder = tempFolder('genesis-restic-');
});
afterAll(() => cleanUp());

describe('the engine restic, in more cases', () => {
  it('files that cannot be read are named, a root that cannot be read fails', async () => {
    const b = await createBench(path.join(folder, 'unreadable'), {
      deps: unprivileged(path.join(folder, 'unreadable')),
    });
    writeFileSync(path.join(b.source, 'deep/closed'), 'closed');
    chmodSync(path.join(b.source, 'deep/closed'), 0o000);
    const closed = path.join(b.base, 'closed');
    mkdirSync(closed, { mode: 0o000 });
    giveAway(b.base);
    const record = await b.backUp();
    const components = [{ name: 'data', paths: [b.source, closed], excludes: [] }];
    const failed = await b.engine.backup(b.request({ components }), quiet);

    expect(record).toMatchObject({
      status: 'completed_with_warnings',
      warningCount: 1,
      warnings: [{ kind: 'unreadable', path: path.join(b.source, 'deep/closed') }],
    });
    expect(failed.ok ? '' : failed.error.message).toContain(`${closed} cannot be read`);
    chmodSync(closed, 0o700);
  });

  it('are found by pages, by name and by folder, and come back one by one', async () => {
    const b = await bench('pages');
    const record = await b.backUp();
    const files = async (query: object) =>
      valueOf(
        await engine.files(b.repository, record.id, { prefix: '', cursor: null, limit: 3, ...query }, quiet.signal),
      );
    const seen: string[] = [];
    for (let cursor: string | null = null, n = 0; n < 10; n += 1) {
      const page = await files({ cursor });
      seen.push(...page.files.map((f) => f.path));
      cursor = page.next;
      if (cursor === null) break;
    }
    valueOf(await b.restore(record.id, 'some', ['source/odd [name]*', 'source/deep/**/*.bin']));
    const nothing = await b.restore(record.id, 'none', ['source/nowhere']);

    expect([...seen].sort()).toEqual(
      [
        '',
        '/a.txt',
        '/deep',
        '/deep/er',
        '/deep/er/big.bin',
        '/empty',
        '/grün 日本',
        '/link',
        '/odd [name]*',
        '/setuid',
      ]
        .map((p) => `source${p}`)
        .sort(),
    );
    expect((await files({ contains: 'BIG' })).files).toMatchObject([
      { path: 'source/deep/er/big.bin', kind: 'file', bytes: 3_000_000 },
    ]);
    expect((await files({ prefix: 'source/deep/', direct: true })).files.map((f) => f.path)).toEqual([
      'source/deep/er',
    ]);
    expect((await files({ contains: 'setuid' })).files[0]?.mode).toBe(0o4711);
    expect(
      execFileSync('find', ['.', '-type', 'f'], { cwd: path.join(b.base, 'some'), encoding: 'utf8' })
        .trim()
        .split('\n')
        .sort(),
    ).toEqual(['./data/source/deep/er/big.bin', './data/source/odd [name]*']);
    expect(codeOf(nothing)).toBe('not_found');
  });

  it('several components and roots keep their own figures and come back apart', async () => {
    const b = await bench('several');
    const other = path.join(b.base, 'other/source');
    mkdirSync(other, { recursive: true });
    writeFileSync(path.join(other, 'b.txt'), 'other');
    const single = path.join(b.base, 'single.conf');
    writeFileSync(single, 'one');
    const record = valueOf(
      await engine.backup(
        b.request({
          components: [
            { name: 'data', paths: [b.source, other], excludes: ['deep/'] },
            { name: 'config', paths: [single], excludes: [] },
          ],
        }),
        quiet,
      ),
    );
    valueOf(await b.restore(record.id, 'all'));

    expect(record.components).toMatchObject([
      { name: 'data', bytes: 5 + 3 + 5 + 1 + 5 },
      { name: 'config', bytes: 3, entries: 1 },
    ]);
    expect(readdirSync(path.join(b.base, 'all/data'))).toEqual(['source', 'source-2']);
    expect(existsSync(path.join(b.base, 'all/data/source/deep'))).toBe(false);
    expect(readFileSync(path.join(b.base, 'all/config/single.conf'), 'utf8')).toBe('one');
    expect(valueOf(await engine.compare(b.repository, record.id, path.join(b.base, 'all'), quiet)).differences).toEqual(
      [],
    );
  });

  it('a missing pack and a missing snapshot', async () => {
    const b = await bench('missing');
    const record = await b.backUp();
    rmSync(biggestPack(b.repository.path));
    const report = valueOf(await engine.verify(b.repository, record.id, quiet));
    const data = JSON.parse(
      execFileSync('restic', ['-r', b.repository.path, 'snapshots', '--json', '--tag', 'component=data'], {
        encoding: 'utf8',
        env: { ...process.env, RESTIC_PASSWORD: passphrase },
      }),
    ) as { id: string }[];
    rmSync(path.join(b.repository.path, 'snapshots', data[0]?.id ?? ''));
    const listing = valueOf(await engine.inspect(b.repository, 'files', quiet.signal));

    expect(report.passed).toBe(false);
    expect(listing.records).toEqual([]);
    expect(listing.damaged).toMatchObject([{ backupId: record.id, message: expect.stringContaining('is missing') }]);
    expect(codeOf(await b.restore(record.id, 'out'))).toBe('backup_corrupt');
  });

  it('a program that is not there', async () => {
    const b = await bench('program');
    const without = repositoryOf(b.base, { settings: { program: '/nowhere/restic' } });

    expect(codeOf(await engine.inspect(without, 'files', quiet.signal))).toBe('program_missing');
  });

  it('a changed, a missing and a further file of a restored folder', async () => {
    const b = await bench('compare');
    const record = await b.backUp();
    valueOf(await b.restore(record.id, 'out'));
    const out = path.join(b.base, 'out');
    const big = path.join(out, 'data/source/deep/er/big.bin');
    const { atime, mtime } = statSync(big);
    flip(big);
    execFileSync('touch', ['-r', path.join(b.source, 'deep/er/big.bin'), big]);
    chmodSync(big, statSync(path.join(b.source, 'deep/er/big.bin')).mode);
    rmSync(path.join(out, 'data/source/a.txt'));
    writeFileSync(path.join(out, 'data/source/extra'), 'x');
    const { differences } = valueOf(await engine.compare(b.repository, record.id, out, quiet));

    expect([atime, mtime]).toHaveLength(2);
    expect(differences).toEqual(
      expect.arrayContaining([
        'data/source/a.txt is missing',
        'data holds 1 entries that are not in the backup',
        'data/source/deep/er/big.bin has another content',
      ]),
    );
    expect(readdirSync(b.base).filter((n) => n.includes('compare-'))).toEqual([]);
  });

  it('a lock of a living one is told, not removed', async () => {
    const b = await bench('locked');
    const record = await b.backUp();
    writeFileSync(path.join(b.source, 'more.bin'), randomBytes(30_000_000));
    const env = { ...process.env, RESTIC_PASSWORD: passphrase };
    const child = spawn('restic', ['-r', b.repository.path, '--limit-upload', '500', 'backup', b.source], {
      env,
      stdio: 'ignore',
    });
    await waitUntil('it holds a lock', () => readdirSync(path.join(b.repository.path, 'locks')).length > 0);
    const hasty = createResticEngine({ ...deps, clock: { ...systemClock, sleep: () => Promise.resolve() } });
    const verified = await hasty.verify(b.repository, record.id, quiet);
    const isStillLocked = readdirSync(path.join(b.repository.path, 'locks')).length > 0;
    const ended = new Promise((resolve) => child.once('exit', resolve));
    child.kill('SIGTERM');
    await ended;

    expect(verified).toMatchObject({ ok: false, error: { code: 'operation_conflict', retryable: true } });
    expect(isStillLocked).toBe(true);
  });

  it('a removed backup is gone, and what only it held', async () => {
    const b = await bench('removed');
    const one = await b.backUp();
    writeFileSync(path.join(b.source, 'deep/er/big.bin'), randomBytes(2_000_000));
    const two = await b.backUp('incremental', one.id);
    const size = (): number =>
      Number(execFileSync('du', ['-sb', path.join(b.repository.path, 'data')], { encoding: 'utf8' }).split('\t')[0]);
    const before = size();
    valueOf(await engine.remove(b.repository, one.id, quiet.signal));

    expect(valueOf(await engine.inspect(b.repository, 'files', quiet.signal)).records).toEqual([two]);
    expect(before - size()).toBeGreaterThan(2_900_000);
    expect(codeOf(await engine.remove(b.repository, one.id, quiet.signal))).toBe('backup_unknown');
    expect(valueOf(await b.restore(two.id, 'out')) !== undefined).toBe(true);
  });
});

describe('over the REST protocol', () => {
  it('a repository is made, backed up into, checked, restored, and its absence told', async () => {
    const server = await startRestStore(path.join(folder, 'rest'));
    const remote = { type: 'rest' as const, url: server.url };
    const b = await bench('over-rest', { at: '/shop', remote });
    const record = await b.backUp();
    valueOf(await b.restore(record.id, 'out'));
    const later = await b.backUp('incremental', record.id);

    expect(valueOf(await engine.probe(b.repository, quiet.signal))).toEqual({
      state: 'ready',
      freeBytes: null,
      totalBytes: null,
    });
    expect(valueOf(await engine.inspect(b.repository, 'files', quiet.signal)).records).toEqual([later, record]);
    expect(valueOf(await engine.verify(b.repository, record.id, quiet)).passed).toBe(true);
    expect(valueOf(await engine.compare(b.repository, record.id, path.join(b.base, 'out'), quiet)).differences).toEqual(
      [],
    );
    const other = repositoryOf(b.base, { at: '/another', remote });
    expect(valueOf(await engine.probe(other, quiet.signal)).state).toBe('empty');
    await server.stop();
    expect(codeOf(await engine.probe(other, quiet.signal))).toBe('repository_unreadable');
  });
});

backupEngineConformance('restic', () => ({
  engine,
  repository: (at) => repositoryOf(at),
  copy: (at) => repositoryOf(at, { index: 1 }),
}));
