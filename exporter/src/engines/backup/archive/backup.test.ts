import { jest } from '@jest/globals';
import { execFileSync } from 'node:child_process';
import {
  appendFileSync, chmodSync, existsSync, linkSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, statSync, symlinkSync, unlinkSync, utimesSync, writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import type { Bench } from './test-support.ts';
import { backupIdOf, createBench, createSandbox, fingerprintTree, listOf, quietContext, valueOf, type Sandbox } from './test-support.ts';
import { toFsPath, toText } from './entries.ts';
import { loadChain } from './stored-chain.ts';

// Threads start slowly on a busy machine.
jest.setTimeout(60_000);

let box: Sandbox;
let bench: Bench;
let tree: string;

beforeEach(async () => {
  box = createSandbox();
  tree = box.at('tree');
  mkdirSync(tree);
  bench = await createBench({ path: box.at('repo'), key: null }, [tree]);
});
afterEach(() => box.remove());

function put(path: string, content: string | Buffer): void {
  mkdirSync(join(tree, path, '..'), { recursive: true });
  writeFileSync(join(tree, path), content);
}
function kinds(entries: Awaited<ReturnType<typeof listOf>>): string[] {
  return entries.map((e) => `${e.kind}${e.holder >= 0 ? e.holder : ''} ${toText(e.path)}`);
}
function archiveOf(n: number): string {
  return join(bench.repository.path, 'backups/shop', backupIdOf(n), 'data.tar.zst');
}
/** Unpacks with the system's tar into a new folder. */
function unpack(n: number, into: string): string {
  mkdirSync(into, { recursive: true });
  execFileSync('tar', ['--zstd', '-xpf', archiveOf(n), '-C', into]);
  return into;
}
/** A tree with everything that is hard. */
function makeHardTree(): void {
  put('plain.txt', 'hello');
  put('empty', '');
  put('deep/er/file.bin', Buffer.alloc(10_000, 5));
  mkdirSync(join(tree, 'empty folder'));
  put(`${'n'.repeat(120)}/${'m'.repeat(200)}`, 'long names');
  symlinkSync('../nowhere', join(tree, 'dangling'));
  symlinkSync('s'.repeat(300), join(tree, 'long link'));
  linkSync(join(tree, 'plain.txt'), join(tree, 'z hard link'));
  writeFileSync(toFsPath(`${tree}/not-utf8-\xff\xfe`), 'bytes');
  put('grün 日本', 'utf-8');
  chmodSync(join(tree, 'empty'), 0o4711);
  chmodSync(join(tree, 'empty folder'), 0o1770);
  execFileSync('touch', ['-d', '1969-12-31T23:00:00.000000001Z', join(tree, 'deep/er/file.bin')]);
}

test('the archive opens with tar --zstd and gives the same tree', async () => {
  makeHardTree();

  const record = valueOf(await bench.run(1));

  expect(record).toMatchObject({ status: 'completed', type: 'full', parent: null, warnings: [], encrypted: false });
  expect(fingerprintTree(join(unpack(1, box.at('out')), 'tree'))).toBe(fingerprintTree(tree));
  execFileSync('diff', ['-r', '--no-dereference', tree, box.at('out/tree')]);
  expect(record.entries).toBe(fingerprintTree(tree).trim().split('\n').length);
});

test('files larger than a frame span several and come back', async () => {
  const noise = Buffer.alloc(11 * 2 ** 20 + 17);
  for (let i = 0; i < noise.length; i += 4) noise.writeUInt32LE((i * 2654435761) >>> 0, Math.min(i, noise.length - 4));
  put('big', noise);
  put('small', 'after it');

  valueOf(await bench.run(1));

  const { archive } = loadChain(bench.repository, backupIdOf(1)).target.manifest.components[0] ?? { archive: null };
  expect(archive?.frames.length).toBeGreaterThanOrEqual(3);
  expect(readFileSync(join(unpack(1, box.at('out')), 'tree/big')).equals(noise)).toBe(true);
  const big = (await listOf(bench.repository, backupIdOf(1))).find((e) => e.path === 'tree/big');
  expect(big?.hash).toBe(execFileSync('sha256sum', [join(tree, 'big')], { encoding: 'utf8' }).slice(0, 64));
});

test('every entry points at its header in the raw tar stream', async () => {
  makeHardTree();
  valueOf(await bench.run(1));
  const raw = execFileSync('zstd', ['-dcq', archiveOf(1)], { maxBuffer: 2 ** 28 });

  for (const entry of await listOf(bench.repository, backupIdOf(1))) {
    if (entry.kind !== 'f') continue;
    expect(raw.toString('latin1', entry.offset + 257, entry.offset + 262)).toBe('ustar');
    const pax = raw.toString('latin1', entry.offset + 156, entry.offset + 157) === 'x';
    const name = pax ? raw.toString('latin1', entry.offset, entry.offset + 2048) : raw.toString('latin1', entry.offset, entry.offset + 100);
    expect(name).toContain(entry.path.slice(-90));
  }
});

test('an incremental lists the whole tree and stores only what is new or changed', async () => {
  put('a/same', 'same');
  put('a/edited', 'before');
  put('b/gone', 'gone');
  put('b/moved', 'moved');
  put('kind', 'a file');
  valueOf(await bench.run(1));
  put('a/edited', 'after!');
  put('new/file', 'new');
  rmSync(join(tree, 'b/gone'));
  renameSync(join(tree, 'b/moved'), join(tree, 'a/moved'));
  rmSync(join(tree, 'kind'));
  mkdirSync(join(tree, 'kind'));

  const record = valueOf(await bench.run(2));

  expect(kinds(await listOf(bench.repository, backupIdOf(2)))).toEqual([
    'd tree', 'd tree/a', 'f0 tree/a/edited', 'f0 tree/a/moved', 'f1 tree/a/same', 'd tree/b', 'x tree/b/gone', 'x tree/b/moved', 'd tree/kind', 'd tree/new', 'f0 tree/new/file',
  ]);
  expect(record).toMatchObject({ addedBytes: 'after!movednew'.length, bytes: 'after!movedsamenew'.length, entries: 9 });
  expect(loadChain(bench.repository, backupIdOf(2)).target.manifest.components[0]?.deleted).toBe(2);
  const stored = execFileSync('tar', ['--zstd', '-tf', archiveOf(2)], { encoding: 'utf8' }).trim().split('\n');
  expect(stored.filter((p) => !p.endsWith('/'))).toEqual(['tree/a/edited', 'tree/a/moved', 'tree/new/file']);
  expect(stored.indexOf('tree/a/')).toBeLessThan(stored.indexOf('tree/a/edited'));
});

test('an unchanged tree adds nothing, whatever the length of the chain', async () => {
  makeHardTree();
  valueOf(await bench.run(1));
  for (const n of [2, 3, 4]) expect(valueOf(await bench.run(n))).toMatchObject({ addedBytes: 0, warnings: [] });

  const files = (await listOf(bench.repository, backupIdOf(4))).filter((e) => e.kind === 'f');
  const inFull = (await listOf(bench.repository, backupIdOf(1))).filter((e) => e.kind === 'f');

  expect(files.map((e) => e.holder)).toEqual(files.map(() => 3));
  expect(files.map((e) => e.offset)).toEqual(inFull.map((e) => e.offset));
});

test('a change that size and mtime hide is seen by ctime and inode', async () => {
  put('a', 'one');
  put('b', 'one');
  const before = statSync(join(tree, 'a'));
  valueOf(await bench.run(1));
  put('a', 'two');
  utimesSync(join(tree, 'a'), before.atime, before.mtime);
  chmodSync(join(tree, 'b'), 0o600);

  expect(kinds(await listOfRun(2))).toEqual(['d tree', 'f0 tree/a', 'f0 tree/b']);
});

async function listOfRun(n: number): ReturnType<typeof listOf> {
  valueOf(await bench.run(n));
  return listOf(bench.repository, backupIdOf(n));
}

test('hard links: the first name holds the content, later ones point at it, also when the group changes', async () => {
  put('b', 'linked');
  linkSync(join(tree, 'b'), join(tree, 'c'));
  linkSync(join(tree, 'b'), join(tree, 'd'));
  expect(kinds(await listOfRun(1))).toEqual(['d tree', 'f0 tree/b', 'h tree/c', 'h tree/d']);
  expect(kinds(await listOfRun(2))).toEqual(['d tree', 'f1 tree/b', 'h tree/c', 'h tree/d']);

  unlinkSync(join(tree, 'b'));

  const entries = await listOfRun(3);
  expect(kinds(entries)).toEqual(['d tree', 'x tree/b', 'f0 tree/c', 'h tree/d']);
  expect(entries.find((e) => e.kind === 'h')?.target).toBe('tree/c');
});

test('excludes: patterns, folders with all below, absolute paths', async () => {
  for (const path of ['keep', 'a.tmp', 'sub/b.tmp', 'cache/x', 'sub/cache/y', 'abs/z', '.hidden/h.tmp']) put(path, path);
  const excludes = ['**/*.tmp', 'cache/', join(tree, 'abs')];

  valueOf(await bench.run(1, { components: [{ name: 'data', paths: [tree], excludes }] }));

  const paths = (await listOf(bench.repository, backupIdOf(1))).map((e) => e.path);
  expect(paths).toEqual(['tree', 'tree/.hidden', 'tree/keep', 'tree/sub', 'tree/sub/cache', 'tree/sub/cache/y']);
});

test('a repository inside its own source is left out', async () => {
  put('file', 'x');
  const inside = await createBench({ path: join(tree, 'repo'), key: null }, [tree]);

  valueOf(await inside.run(1));

  expect((await listOf(inside.repository, backupIdOf(1))).map((e) => e.path)).toEqual(['tree', 'tree/file']);
});

test('sockets and FIFOs are counted by kind without a warning, and never opened', async () => {
  put('file', 'x');
  execFileSync('mkfifo', [join(tree, 'fifo')]);

  const record = valueOf(await bench.run(1));

  expect(record).toMatchObject({ status: 'completed', components: [{ skipped: { fifo: 1 } }] });
});

test('several roots: files and folders, equal names made unique, in byte order', async () => {
  mkdirSync(box.at('other/tree'), { recursive: true });
  writeFileSync(box.at('other/tree/x'), 'x');
  writeFileSync(box.at('alone.conf'), 'conf');
  put('y', 'y');

  valueOf(await bench.run(1, { components: [{ name: 'data', paths: [tree, box.at('other/tree'), box.at('alone.conf')], excludes: [] }] }));

  expect((await listOf(bench.repository, backupIdOf(1))).map((e) => e.path)).toEqual(['alone.conf', 'tree', 'tree/y', 'tree-2', 'tree-2/x']);
  expect(loadChain(bench.repository, backupIdOf(1)).target.manifest.components[0]?.roots).toEqual([
    { name: 'alone.conf', path: box.at('alone.conf'), kind: 'file' },
    { name: 'tree', path: tree, kind: 'directory' },
    { name: 'tree-2', path: box.at('other/tree'), kind: 'directory' },
  ]);
});

test('missing sources are all named, and nothing is written', async () => {
  const components = [
    { name: 'data', paths: [tree, box.at('nowhere')], excludes: [] },
    { name: 'config', paths: [box.at('neither')], excludes: [] },
  ];

  const outcome = await bench.run(1, { components });

  expect(outcome).toMatchObject({ ok: false, error: { code: 'backup_failed', details: { components: [{ name: 'data', status: 'failed' }, { name: 'config', status: 'failed' }] } } });
  expect(outcome.ok ? '' : outcome.error.message).toContain(`${box.at('nowhere')} does not exist`);
  expect(readdirSync(join(bench.repository.path, 'backups'))).toEqual([]);
});

test('a parent that is missing or damaged ends the backup before anything is written', async () => {
  put('a', 'a');
  expect(await bench.run(2)).toMatchObject({ ok: false, error: { code: 'backup_unknown' } });
  valueOf(await bench.run(1));
  const list = join(bench.repository.path, 'backups/shop', backupIdOf(1), 'data.files.zst');
  const bytes = readFileSync(list);
  bytes[20] = (bytes[20] ?? 0) ^ 1;
  writeFileSync(list, bytes);

  expect(await bench.run(2)).toMatchObject({ ok: false, error: { code: 'backup_corrupt' } });
  expect(readdirSync(join(bench.repository.path, 'backups/shop'))).toEqual([backupIdOf(1)]);
});

test('comparing content finds nothing where nothing changed, and everything that did', async () => {
  put('a', 'one');
  put('b', 'one');
  valueOf(await bench.run(1));
  put('b', 'two');

  valueOf(await bench.run(2, { compareContent: true }));

  expect(kinds(await listOf(bench.repository, backupIdOf(2)))).toEqual(['d tree', 'f1 tree/a', 'f0 tree/b']);
});

test('a sealed repository shows no content and no names of files', async () => {
  put('secret-name.txt', 'secret content that would compress to itself');
  const sealed = await createBench({ path: box.at('sealed'), key: Buffer.alloc(32, 1) }, [tree]);

  const record = valueOf(await sealed.run(1));

  expect(record).toMatchObject({ encrypted: true, keyFingerprint: expect.stringMatching(/^[0-9a-f]{32}$/) });
  expect((await listOf(sealed.repository, backupIdOf(1))).map((e) => e.path)).toEqual(['tree', 'tree/secret-name.txt']);
  for (const name of readdirSync(box.at('sealed/backups/shop', backupIdOf(1)))) {
    expect(readFileSync(box.at('sealed/backups/shop', backupIdOf(1), name), 'latin1')).not.toContain('secret');
  }
  expect(await createBench({ path: box.at('sealed'), key: null }, [tree]).catch((e: unknown) => String(e))).toContain('key_missing');
  expect(await createBench({ path: box.at('sealed'), key: Buffer.alloc(32, 2) }, [tree]).catch((e: unknown) => String(e))).toContain('key_wrong');
});

test('configuration and audit head stand beside the manifest', async () => {
  put('a', 'a');
  const auditHead = { count: 3, hash: 'ab'.repeat(32), at: '2026-11-22T01:00:00.000Z' };

  valueOf(await bench.run(1, { configYaml: 'service: shop\n', auditHead }));

  expect(readFileSync(join(bench.repository.path, 'backups/shop', backupIdOf(1), 'config.yaml'), 'utf8')).toBe('service: shop\n');
  expect(loadChain(bench.repository, backupIdOf(1)).target.manifest.auditHead).toEqual(auditHead);
});

test.each([0, 1, 5, 40, 120, 300])('aborting after %i ms leaves nothing', async (ms) => {
  for (let i = 0; i < 300; i += 1) put(`f${i}`, Buffer.alloc(40_000, i));
  const aborter = new AbortController();
  if (ms === 0) aborter.abort();
  else setTimeout(() => aborter.abort(), ms);

  // One MB a second: it would take 12 s.
  const outcome = await bench.run(1, { limits: { nice: 10, bandwidthBytesPerSecond: 1_000_000, concurrency: 2 } }, quietContext(aborter.signal));

  expect(outcome).toMatchObject({ ok: false, error: { code: 'cancelled' } });
  const service = join(bench.repository.path, 'backups/shop');
  expect(existsSync(service) ? readdirSync(service) : []).toEqual([]);
});

test('progress is told while copying', async () => {
  for (let i = 0; i < 50; i += 1) put(`f${i}`, Buffer.alloc(40_000, i));
  const told: string[] = [];
  const context = { ...quietContext(), onProgress: (p: { phase: string; entriesDone: number }) => void told.push(p.phase) };

  valueOf(await bench.run(1, { limits: { nice: null, bandwidthBytesPerSecond: 1_000_000, concurrency: 2 } }, context));

  expect(told.filter((phase) => phase === 'copy').length).toBeGreaterThanOrEqual(3);
  expect(told.at(-1)).toBe('publish');
});

test('a file that grows while it is read is stored as announced, with a warning', async () => {
  put('log', Buffer.alloc(3 * 2 ** 20, 1));
  const writing = setInterval(() => appendFileSync(join(tree, 'log'), 'more'), 5);

  const record = valueOf(await bench.run(1, { limits: { nice: null, bandwidthBytesPerSecond: 2 * 2 ** 20, concurrency: 2 } }));
  clearInterval(writing);

  expect(record).toMatchObject({ status: 'completed_with_warnings', warningCount: 1, warnings: [{ kind: 'changed', path: 'tree/log' }] });
  const entry = (await listOf(bench.repository, backupIdOf(1))).find((e) => e.path === 'tree/log');
  const stored = readFileSync(join(unpack(1, box.at('out')), 'tree/log'));
  expect(stored.length).toBe(entry?.size);
  expect(execFileSync('sha256sum', [box.at('out/tree/log')], { encoding: 'utf8' }).slice(0, 64)).toBe(entry?.hash);
});
