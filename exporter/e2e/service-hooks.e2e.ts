import { existsSync, openSync, closeSync, readFileSync, readSync, rmSync, writeFileSync, writeSync } from 'node:fs';
import path from 'node:path';
import type { DrillRecord, Operation } from '../src/contract/operation.ts';
import { backUp, backupFolderOf, perform, restoreInPlace, shopConfig } from './support/actions.ts';
import { genesisCommand, startGenesis, type Genesis } from './support/genesis.ts';
import { metric, readinessCheck, readinessOf } from './support/metrics.ts';
import { restoredRoot } from './support/moments.ts';
import { cleanUp, tempFolder, waitUntil } from './support/processes.ts';
import { copyTree, differences, filesBelow, leftovers, makeTree } from './support/tree.ts';

afterAll(cleanUp, 60_000);

function script(file: string, lines: readonly string[]): string[] {
  writeFileSync(file, ['#!/bin/sh', ...lines, ''].join('\n'), { mode: 0o700 });
  return ['/bin/sh', file];
}

/** One bit in the middle of the file. */
function damage(file: string): void {
  const fd = openSync(file, 'r+');
  const at = Math.floor(readFileSync(file).length / 2);
  const byte = Buffer.alloc(1);
  readSync(fd, byte, 0, 1, at);
  byte[0] = (byte[0] ?? 0) ^ 1;
  writeSync(fd, byte, 0, 1, at);
  closeSync(fd);
}

describe('a restore in place with commands around it', () => {
  const base = tempFolder('genesis-hooks-');
  const data = path.join(base, 'data');
  const kept = path.join(base, 'kept');
  const logFile = path.join(base, 'hooks.log');
  const stopFails = path.join(base, 'stop-fails');
  let genesis: Genesis;
  let backupId: string;
  const hooks = (): string[] => readFileSync(logFile, 'utf8').trim().split('\n');
  const state = path.join(data, 'first.txt');

  beforeAll(async () => {
    makeTree(data, { files: 12, bytesPerFile: 20_000, seed: 'hooks' });
    // Each writes what the data was when it ran, and that the environment of the server does not reach it.
    const note = (word: string): string => `echo "${word} $(cat '${state}') [$GENESIS_HOME$SECRET]" >> '${logFile}'`;
    genesis = await startGenesis({
      config: shopConfig(data, {
        service: {
          restore: {
            stop: script(path.join(base, 'stop.sh'), [
              note('stop'),
              `[ ! -e '${stopFails}' ] || { echo 'the service hangs' >&2; exit 3; }`,
            ]),
            start: script(path.join(base, 'start.sh'), [note('start')]),
          },
        },
      }),
      env: { SECRET: 'hunter2' },
    });
    backupId = (await backUp(genesis)).id;
    copyTree(data, kept);
  }, 90_000);

  beforeEach(() => {
    rmSync(logFile, { force: true });
    writeFileSync(state, 'ruined');
  });

  it('stops the service before the data is touched and starts it when the old state is back', async () => {
    const operation = await restoreInPlace(genesis, backupId);

    expect(operation).toMatchObject({ state: 'succeeded' });
    expect(hooks()).toEqual(['stop ruined []', 'start first of hooks []']);
    expect(differences(kept, data)).toEqual([]);
    expect(operation.steps.map((step) => [step.name, step.state])).toEqual([
      ['stop the service', 'succeeded'],
      ['restore in place', 'succeeded'],
      ['start the service', 'succeeded'],
    ]);
  }, 60_000);

  it('touches nothing when the service cannot be stopped, says why, and starts it again', async () => {
    writeFileSync(stopFails, '');

    const operation = await restoreInPlace(genesis, backupId);
    rmSync(stopFails);

    expect(operation).toMatchObject({
      state: 'failed',
      error: { code: 'exec_failed', message: expect.stringContaining('the service hangs') },
    });
    expect(hooks()).toEqual(['stop ruined []', 'start ruined []']);
  }, 60_000);

  it('starts the service also when the restore fails, and leaves the data as it was', async () => {
    const untouched = path.join(base, 'untouched');
    rmSync(untouched, { recursive: true, force: true });
    copyTree(data, untouched);
    damage(path.join(backupFolderOf(genesis.home, backupId), 'data.tar.zst'));

    const operation = await restoreInPlace(genesis, backupId);

    expect(operation).toMatchObject({ state: 'failed', error: { code: 'backup_corrupt' } });
    expect(hooks()).toEqual(['stop ruined []', 'start ruined []']);
    expect(differences(untouched, data)).toEqual([]);
    expect(leftovers(base)).toEqual([]);
    await waitUntil(
      'the failure is counted',
      async () => (await metric(genesis, 'genesis_recovery_total', { service: 'shop', result: 'failure' }))[0] === 2,
    );
    expect(await metric(genesis, 'genesis_recovery_total', { service: 'shop', result: 'success' })).toEqual([1]);
  }, 60_000);
});

describe('a drill with a check command', () => {
  const base = tempFolder('genesis-check-');
  const data = path.join(base, 'data');
  const broken = path.join(base, 'broken');
  let genesis: Genesis;

  beforeAll(async () => {
    makeTree(data, { files: 5, bytesPerFile: 10_000, seed: 'check' });
    const check = script(path.join(base, 'check.sh'), [
      'file="$GENESIS_RESTORE_DIR/data/data/first.txt"',
      '[ -r "$file" ] || file=$(find "$GENESIS_RESTORE_DIR" -name first.txt | head -n 1)',
      'echo "looked at: $(cat "$file")"',
      `[ ! -e '${broken}' ] || { echo 'table orders is empty' >&2; exit 4; }`,
    ]);
    genesis = await startGenesis({
      config: shopConfig(data, {
        service: { drills: { schedule: null, check: { command: check } } },
        top: { collectors: { dr_interval: '1s' } },
      }),
    });
    await backUp(genesis);
  }, 90_000);

  async function drill(): Promise<{ operation: Operation; record: DrillRecord }> {
    const operation = await perform(genesis, 'POST', '/services/shop/drills', {});
    const { items } = (await genesis.api<{ items: DrillRecord[] }>('GET', '/drills?service=shop')).body;
    const record = items.find((item) => item.operationId === operation.id);
    if (record === undefined) throw new Error('the drill was not recorded');
    return { operation, record };
  }

  it('keeps what the check said as evidence when it passes', async () => {
    const { operation, record } = await drill();

    expect(operation).toMatchObject({ state: 'succeeded' });
    expect(record).toMatchObject({ passed: true, check: { exitCode: 0, output: 'looked at: first of check\n' } });
  }, 60_000);

  it('fails when the check fails, with its output as evidence, in the metric and in readiness', async () => {
    const before = (await readinessOf(genesis)).score;
    writeFileSync(broken, '');

    const { operation, record } = await drill();

    expect(operation).toMatchObject({ state: 'failed', error: { code: 'check_failed' } });
    expect(record).toMatchObject({
      passed: false,
      rtoSeconds: null,
      failure: { code: 'check_failed' },
      check: { exitCode: 4 },
    });
    expect(record.check?.output).toContain('table orders is empty');
    expect(record.entriesCompared).toBeGreaterThan(5);
    const failed = await waitUntil('readiness says so', async () => {
      const check = await readinessCheck(genesis, 'drill_last_passed');
      return check.result === 'failed' ? check : undefined;
    });
    expect(failed.mend).toContain('genesis drill');
    expect((await readinessOf(genesis)).score).toBeLessThan(before);
    expect(await metric(genesis, 'genesis_dr_test_total', { service: 'shop', result: 'failure' })).toEqual([1]);
    expect(await metric(genesis, 'genesis_dr_test_success_rate', { service: 'shop' })).not.toEqual([1]);
    expect(leftovers(path.join(genesis.home, 'drills'))).toEqual([]);
  }, 60_000);
});

describe('an encrypted service', () => {
  const base = tempFolder('genesis-key-');
  const data = path.join(base, 'data');
  const keyFile = path.join(base, 'backup.key');
  let genesis: Genesis;
  let backupId: string;
  const keyCheck = (result: string) =>
    waitUntil(`key_confirmed is ${result}`, async () => {
      const check = await readinessCheck(genesis, 'key_confirmed');
      return check.result === result ? check : undefined;
    });

  beforeAll(async () => {
    makeTree(data, { files: 5, bytesPerFile: 10_000, seed: 'key' });
    expect(await genesisCommand(base, ['key', 'generate', keyFile])).toMatchObject({ exitCode: 0 });
    genesis = await startGenesis({
      config: shopConfig(data, {
        backup: { encryption: { key: `file:${keyFile}` } },
        top: { collectors: { dr_interval: '1s' } },
      }),
    });
    backupId = (await backUp(genesis)).id;
  }, 90_000);

  it('is not ready until somebody said that the key is kept elsewhere too', async () => {
    const open = await keyCheck('failed');
    expect(open.mend).toContain('genesis key confirm');
    const before = (await readinessOf(genesis)).score;
    expect(await metric(genesis, 'genesis_dr_component_score', { service: 'shop', component: 'security' })).not.toEqual(
      [1],
    );

    const wrong = await genesisCommand(genesis.home, ['key', 'confirm', 'shop', '--fingerprint', '0123456789abcdef']);
    expect(wrong.exitCode).not.toBe(0);
    expect(wrong.output).toMatch(/not with that one|key_wrong/);
    expect(await readinessCheck(genesis, 'key_confirmed')).toMatchObject({ result: 'failed' });

    const shown = await genesisCommand(genesis.home, ['key', 'show-fingerprint', 'shop']);
    expect(shown.exitCode).toBe(0);
    const fingerprint = shown.output.trim();
    expect(readFileSync(keyFile, 'utf8')).not.toContain(fingerprint);
    expect(await genesisCommand(genesis.home, ['key', 'confirm', 'shop', '--fingerprint', fingerprint])).toMatchObject({
      exitCode: 0,
    });

    await keyCheck('passed');
    expect((await readinessOf(genesis)).score).toBeGreaterThan(before);
    const audit = await genesis.api<{ items: { action: string; result: string }[] }>('GET', '/audit?limit=50');
    expect(audit.body.items).toContainEqual(expect.objectContaining({ action: 'confirmKey', result: 'succeeded' }));
  }, 60_000);

  it('restores with the key on a bare machine, and without it says what is missing and makes nothing', async () => {
    const repository = path.join(genesis.home, 'repository');
    const to = path.join(base, 'out');
    const restore = ['restore', '--from', repository, backupId, '--to', to];

    const without = await genesisCommand(base, restore);
    expect(without.exitCode).toBe(1);
    expect(without.output).toContain('key_missing');
    expect(existsSync(to)).toBe(false);

    const wrongKey = path.join(base, 'wrong.key');
    writeFileSync(wrongKey, `${'0'.repeat(64)}\n`, { mode: 0o600 });
    const wrong = await genesisCommand(base, [...restore, '--key', `file:${wrongKey}`]);
    expect(wrong.exitCode).toBe(1);
    expect(wrong.output).toContain('key_wrong');
    expect(existsSync(to)).toBe(false);

    expect(await genesisCommand(base, [...restore, '--key', `file:${keyFile}`])).toMatchObject({ exitCode: 0 });
    expect(differences(data, restoredRoot(to))).toEqual([]);
  }, 60_000);

  it('gives no content and no file name away in the repository', () => {
    const folder = backupFolderOf(genesis.home, backupId);
    const files = filesBelow(folder);
    expect(files.length).toBeGreaterThanOrEqual(3);
    for (const file of files) {
      const bytes = readFileSync(path.join(folder, file));
      for (const secret of ['first of key', 'folder-1', 'file-3.bin', readFileSync(keyFile, 'utf8').trim()])
        expect([file, bytes.includes(secret)]).toEqual([file, false]);
    }
  });
});
