import { spawn, execFileSync } from 'node:child_process';
import { existsSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { randomBytes } from 'node:crypto';
import path from 'node:path';
import { createResticEngine } from '../src/engines/backup/restic/engine.ts';
import { systemExec } from '../src/runtime/exec.ts';
import { checkout, cleanUp, startProcess, tempFolder, waitUntil } from './support/processes.ts';
import {
  all,
  biggestPack,
  codeOf,
  createBench,
  deps,
  engine,
  flip,
  passphrase,
  quiet,
  repositoryOf,
  treeOf,
  valueOf,
  type Options,
} from './support/restic.ts';

let folder: string;
const bench = (name: string, options: Options = {}) => createBench(path.join(folder, name), options);

/** Runs a module in a process of its own; the result kills it with SIGKILL and nothing else. */
async function killedProcess(text: string): Promise<() => Promise<void>> {
  const child = await startProcess({
    name: 'genesis',
    file: process.execPath,
    args: ['--disable-warning=ExperimentalWarning', '--input-type=module-typescript', '--eval', text],
    cwd: checkout,
  });
  return () => child.kill9();
}

beforeAll(() => {
  folder = tempFolder('genesis-restic-');
});
afterAll(() => cleanUp());

describe('files in a restic repository', () => {
  it('come back as they were, are listed, and an incremental stores only what changed', async () => {
    const b = await bench('whole');
    const full = await b.backUp();
    writeFileSync(path.join(b.source, 'a.txt'), 'second');
    const later = await b.backUp('incremental', full.id);
    valueOf(await b.restore(full.id, 'one'));
    valueOf(await b.restore(later.id, 'two'));
    const listing = valueOf(await engine.inspect(b.repository, 'files', quiet.signal));

    expect(readFileSync(path.join(b.base, 'one/data/source/a.txt'), 'utf8')).toBe('first');
    expect(treeOf(path.join(b.base, 'two/data/source'))).toBe(treeOf(b.source));
    expect(listing.records).toEqual([later, full]);
    expect(full).toMatchObject({ type: 'full', status: 'completed', entries: 9, encrypted: true, warningCount: 0 });
    expect(later.addedBytes).toBeLessThan(100_000);
    expect(full.addedBytes).toBeGreaterThan(3_000_000);
    expect(valueOf(await engine.compare(b.repository, later.id, path.join(b.base, 'two'), quiet))).toMatchObject({
      differences: [],
      entries: 10,
    });
    expect(valueOf(await engine.verify(b.repository, later.id, quiet))).toMatchObject({ passed: true, faults: [] });
    expect(existsSync(path.join(b.base, '.genesis-restore-op_two'))).toBe(false);
  });

  it('in place: swapped in whole, and what was written since is gone', async () => {
    const b = await bench('place');
    const record = await b.backUp();
    const before = treeOf(b.source);
    writeFileSync(path.join(b.source, 'a.txt'), 'changed since');
    writeFileSync(path.join(b.source, 'new'), 'new');
    const { roots } = valueOf(await engine.planRestore(b.repository, record.id, all, quiet.signal));
    valueOf(
      await engine.restore(
        {
          operationId: 'op_place',
          repository: b.repository,
          backupId: record.id,
          selection: all,
          target: { kind: 'in_place', roots },
          restoreOwner: process.getuid?.() === 0,
        },
        quiet,
      ),
    );

    expect(treeOf(b.source)).toBe(before);
    expect(readdirSync(b.base).filter((n) => n.startsWith('.genesis'))).toEqual([]);
    expect(valueOf(await engine.recover('op_place', [b.source], quiet.signal))).toBe('nothing');
  });
});

describe('what goes wrong is told', () => {
  it('a flipped bit is found by the verification and by a restore, in words that name the pack', async () => {
    const b = await bench('flip');
    const record = await b.backUp();
    const pack = biggestPack(b.repository.path);
    flip(pack);
    const report = valueOf(await engine.verify(b.repository, record.id, quiet));

    expect(report.passed).toBe(false);
    expect(report.faults.map((f) => f.message).join('\n')).toContain(path.basename(pack));
    expect(codeOf(await b.restore(record.id, 'out'))).toBe('backup_corrupt');
    expect(existsSync(path.join(b.base, 'out'))).toBe(false);
  });

  it('a wrong password, no password, a repository that is gone, a folder of somebody else', async () => {
    const b = await bench('wrong');
    const record = await b.backUp();
    const wrong = repositoryOf(b.base, { passphrase: 'another one that is wrong' });
    const none = repositoryOf(b.base, { passphrase: null });
    const gone = repositoryOf(b.base, { at: path.join(b.base, 'nowhere') });
    const foreign = repositoryOf(b.base, { at: b.source });

    expect(codeOf(await engine.inspect(wrong, 'files', quiet.signal))).toBe('key_wrong');
    expect(codeOf(await engine.prepare(wrong, quiet.signal))).toBe('key_wrong');
    expect(codeOf(await engine.verify(wrong, record.id, quiet))).toBe('key_wrong');
    expect(codeOf(await engine.inspect(none, 'files', quiet.signal))).toBe('key_missing');
    expect(codeOf(await engine.inspect(gone, 'files', quiet.signal))).toBe('repository_unreadable');
    expect(valueOf(await engine.probe(gone, quiet.signal)).state).toBe('empty');
    expect(valueOf(await engine.probe(b.repository, quiet.signal)).state).toBe('ready');
    expect(codeOf(await engine.prepare(foreign, quiet.signal))).toBe('repository_foreign');
  });

  it('a source that is not there fails the backup and leaves nothing', async () => {
    const b = await bench('source');
    const failed = await engine.backup(
      b.request({
        components: [
          { name: 'data', paths: [b.source], excludes: [] },
          { name: 'gone', paths: [path.join(b.base, 'gone')], excludes: [] },
        ],
      }),
      quiet,
    );

    expect(failed).toMatchObject({
      ok: false,
      error: { code: 'backup_failed', details: { components: [{ name: 'gone', status: 'failed' }] } },
    });
    expect(readdirSync(path.join(b.repository.path, 'snapshots'))).toEqual([]);
  });
});

describe('several at once, and those that die', () => {
  it('two backups at once are both whole', async () => {
    const b = await bench('two');
    const [one, two] = await Promise.all([b.backUp(), b.backUp()]);
    const listing = valueOf(await engine.inspect(b.repository, 'files', quiet.signal));

    expect(listing.records.map((r) => r.id).sort()).toEqual([one.id, two.id].sort());
    expect(valueOf(await engine.verify(b.repository, two.id, quiet)).passed).toBe(true);
  });

  it('kill -9 in the middle leaves nothing listed, a lock that goes, and a repository that works', async () => {
    const b = await bench('killed');
    const first = await b.backUp();
    const env = { ...process.env, RESTIC_PASSWORD: passphrase };
    const tags = ['genesis=backup_20261122_020000_0000dead', 'service=files', 'component=data'].map(
      (t) => `--tag=${t}`,
    );
    // A snapshot without a manifest, and another run that dies while it writes.
    const args = ['-r', b.repository.path, '--limit-upload', '2000', 'backup', '--host', 'shop', ...tags, b.source];
    execFileSync('restic', args, { env, stdio: 'ignore' });
    writeFileSync(path.join(b.source, 'more.bin'), randomBytes(60_000_000));
    const child = spawn('restic', args, { env, stdio: 'ignore' });
    const locks = (): readonly string[] => readdirSync(path.join(b.repository.path, 'locks'));
    await waitUntil('it holds a lock', () => locks().length > 0);
    const ended = new Promise((resolve) => child.once('exit', resolve));
    child.kill('SIGKILL');
    await ended;
    rmSync(path.join(b.source, 'more.bin'));

    expect(valueOf(await engine.inspect(b.repository, 'files', quiet.signal)).records).toEqual([first]);
    // check wants the repository for itself: the lock of the dead one must not keep it out.
    expect(valueOf(await engine.verify(b.repository, first.id, quiet)).passed).toBe(true);
    expect(valueOf(await engine.clean(b.repository, quiet.signal))).toBe(1);
    expect(locks()).toEqual([]);
    expect(valueOf(await engine.clean(b.repository, quiet.signal))).toBe(0);
    expect((await b.backUp('incremental', first.id)).status).toBe('completed');
  });

  it('when Genesis itself is killed restic ends too, and what it left is cleared', async () => {
    const b = await bench('orphaned');
    writeFileSync(path.join(b.source, 'more.bin'), randomBytes(60_000_000));
    const request = b.request({ limits: { nice: 5, bandwidthBytesPerSecond: 1_000_000, concurrency: 1 } });
    const killed = await killedProcess(`
      import { createResticEngine } from '${checkout}/exporter/src/engines/backup/restic/engine.ts';
      import { systemClock, systemRandom } from '${checkout}/exporter/src/runtime/clock.ts';
      import { systemExec } from '${checkout}/exporter/src/runtime/exec.ts';
      const log = { debug() {}, info() {}, warn() {}, error() {} };
      const engine = createResticEngine({ clock: systemClock, random: systemRandom, exec: systemExec, log });
      await engine.backup(${JSON.stringify(request)}, { signal: new AbortController().signal, onProgress() {} });
    `);
    const locks = (): readonly string[] => readdirSync(path.join(b.repository.path, 'locks'));
    await waitUntil('it holds a lock', () => locks().length > 0);
    await killed();

    const programs = (): string => execFileSync('ps', ['-eo', 'args'], { encoding: 'utf8' });
    await waitUntil('restic has ended', () => !programs().includes(b.repository.path));
    expect(readdirSync(path.join(b.repository.path, 'snapshots'))).toEqual([]);
    // Until init has buried it restic takes its process for a living one.
    await waitUntil('its lock is removed as stale', async () => {
      valueOf(await engine.clean(b.repository, quiet.signal));
      return locks().length === 0;
    });
  });

  it('a cancelled backup leaves no snapshot and no program', async () => {
    const b = await bench('cancelled');
    writeFileSync(path.join(b.source, 'more.bin'), randomBytes(30_000_000));
    const abort = new AbortController();
    const stopped = await engine.backup(
      b.request({ limits: { nice: null, bandwidthBytesPerSecond: 1_000_000, concurrency: 1 } }),
      { signal: abort.signal, onProgress: ({ bytesDone }) => (bytesDone > 0 ? abort.abort() : undefined) },
    );

    expect(codeOf(stopped)).toBe('cancelled');
    expect(readdirSync(path.join(b.repository.path, 'snapshots'))).toEqual([]);
  });
});

describe('copies and removal', () => {
  it('a copy is whole, restores by itself, and is found damaged when it is', async () => {
    const b = await bench('copied');
    const copy = repositoryOf(b.base, { index: 1 });
    const record = await b.backUp();
    valueOf(await engine.prepare(copy, quiet.signal));
    valueOf(await engine.copy(b.repository, copy, record.id, quiet));
    valueOf(await engine.copy(b.repository, copy, record.id, quiet));

    expect(valueOf(await engine.inspect(copy, 'files', quiet.signal)).records).toEqual([record]);
    rmSync(b.repository.path, { recursive: true });
    const restored = await engine.restore(
      {
        operationId: 'op_copy',
        repository: copy,
        backupId: record.id,
        selection: all,
        target: { kind: 'folder', path: path.join(b.base, 'out') },
        restoreOwner: true,
      },
      quiet,
    );
    expect(restored.ok).toBe(true);
    expect(treeOf(path.join(b.base, 'out/data/source'))).toBe(treeOf(b.source));
  });
});

describe('secrets', () => {
  it('stand in no command line', async () => {
    const seen: string[] = [];
    const watching = createResticEngine({
      ...deps,
      exec: {
        run: (file, args, options) => {
          seen.push([file, ...args].join(' '));
          return systemExec.run(file, args, options);
        },
      },
    });
    const b = await bench('secrets');
    const record = valueOf(await watching.backup(b.request(), quiet));
    valueOf(await watching.verify(b.repository, record.id, quiet));

    expect(seen.length).toBeGreaterThan(3);
    expect(seen.join('\n')).not.toContain(passphrase);
  });
});
