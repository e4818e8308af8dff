import { jest } from '@jest/globals';
import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  linkSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  unlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { toText } from './entries.ts';
import { loadChain } from './stored-chain.ts';
import {
  archivePath,
  backupIdOf,
  createBench,
  createSandbox,
  listOf,
  makeHardTree,
  putFile,
  valueOf,
  type Bench,
  type Sandbox,
} from './test-support.ts';

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

const put = (path: string, content: string | Buffer): void => putFile(tree, path, content);
function kinds(entries: Awaited<ReturnType<typeof listOf>>): string[] {
  return entries.map((e) => `${e.kind}${e.holder >= 0 ? e.holder : ''} ${toText(e.path)}`);
}
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
    'd tree',
    'd tree/a',
    'f0 tree/a/edited',
    'f0 tree/a/moved',
    'f1 tree/a/same',
    'd tree/b',
    'x tree/b/gone',
    'x tree/b/moved',
    'd tree/kind',
    'd tree/new',
    'f0 tree/new/file',
  ]);
  expect(record).toMatchObject({ addedBytes: 'after!movednew'.length, bytes: 'after!movedsamenew'.length, entries: 9 });
  expect(loadChain(bench.repository, backupIdOf(2)).target.manifest.components[0]?.deleted).toBe(2);
  const stored = execFileSync('tar', ['--zstd', '-tf', archivePath(bench.repository, 2)], { encoding: 'utf8' })
    .trim()
    .split('\n');
  expect(stored.filter((p) => !p.endsWith('/'))).toEqual(['tree/a/edited', 'tree/a/moved', 'tree/new/file']);
  expect(stored.indexOf('tree/a/')).toBeLessThan(stored.indexOf('tree/a/edited'));
});

test('an unchanged tree adds nothing, whatever the length of the chain', async () => {
  makeHardTree(tree);
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

test('a change before many unchanged files: lines that wait for its hash are all written, in order', async () => {
  put('0 first', 'before');
  for (let i = 0; i < 17_000; i += 1) {
    if (i % 1000 === 0) mkdirSync(join(tree, `d${i / 1000}`));
    writeFileSync(join(tree, `d${Math.floor(i / 1000)}`, String(i)), '');
  }
  valueOf(await bench.run(1));
  put('0 first', 'after');

  const record = valueOf(await bench.run(2));

  const [full, incremental] = [
    await listOf(bench.repository, backupIdOf(1)),
    await listOf(bench.repository, backupIdOf(2)),
  ];
  expect(incremental.map((e) => e.path)).toEqual(full.map((e) => e.path));
  expect(record).toMatchObject({ entries: 17_019, addedBytes: 5, warnings: [] });
  expect(incremental.find((e) => e.path === 'tree/0 first')?.hash).not.toBe(
    full.find((e) => e.path === 'tree/0 first')?.hash,
  );
});
