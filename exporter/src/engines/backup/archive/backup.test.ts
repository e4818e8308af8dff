import { jest } from '@jest/globals';
import { execFileSync } from 'node:child_process';
import { appendFileSync, existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { loadChain } from './stored-chain.ts';
import {
  archivePath,
  backupIdOf,
  createBench,
  createSandbox,
  fingerprintTree,
  listOf,
  makeHardTree,
  putFile,
  quietContext,
  unpack,
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

test('the archive opens with tar --zstd and gives the same tree', async () => {
  makeHardTree(tree);

  const record = valueOf(await bench.run(1));

  expect(record).toMatchObject({ status: 'completed', type: 'full', parent: null, warnings: [], encrypted: false });
  expect(fingerprintTree(join(unpack(bench.repository, 1, box.at('out')), 'tree'))).toBe(fingerprintTree(tree));
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
  expect(readFileSync(join(unpack(bench.repository, 1, box.at('out')), 'tree/big')).equals(noise)).toBe(true);
  const big = (await listOf(bench.repository, backupIdOf(1))).find((e) => e.path === 'tree/big');
  expect(big?.hash).toBe(execFileSync('sha256sum', [join(tree, 'big')], { encoding: 'utf8' }).slice(0, 64));
});

test('every entry points at its header in the raw tar stream', async () => {
  makeHardTree(tree);
  valueOf(await bench.run(1));
  const raw = execFileSync('zstd', ['-dcq', archivePath(bench.repository, 1)], { maxBuffer: 2 ** 28 });

  for (const entry of await listOf(bench.repository, backupIdOf(1))) {
    if (entry.kind !== 'f') continue;
    expect(raw.toString('latin1', entry.offset + 257, entry.offset + 262)).toBe('ustar');
    const pax = raw.toString('latin1', entry.offset + 156, entry.offset + 157) === 'x';
    const name = pax
      ? raw.toString('latin1', entry.offset, entry.offset + 2048)
      : raw.toString('latin1', entry.offset, entry.offset + 100);
    expect(name).toContain(entry.path.slice(-90));
  }
});

test('excludes: patterns, folders with all below, absolute paths', async () => {
  for (const path of ['keep', 'a.tmp', 'sub/b.tmp', 'cache/x', 'sub/cache/y', 'abs/z', '.hidden/h.tmp'])
    put(path, path);
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

  valueOf(
    await bench.run(1, {
      components: [{ name: 'data', paths: [tree, box.at('other/tree'), box.at('alone.conf')], excludes: [] }],
    }),
  );

  expect((await listOf(bench.repository, backupIdOf(1))).map((e) => e.path)).toEqual([
    'alone.conf',
    'tree',
    'tree/y',
    'tree-2',
    'tree-2/x',
  ]);
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

  expect(outcome).toMatchObject({
    ok: false,
    error: {
      code: 'backup_failed',
      details: {
        components: [
          { name: 'data', status: 'failed' },
          { name: 'config', status: 'failed' },
        ],
      },
    },
  });
  expect(outcome.ok ? '' : outcome.error.message).toContain(`${box.at('nowhere')} does not exist`);
  expect(readdirSync(join(bench.repository.path, 'backups'))).toEqual([]);
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
  expect(await createBench({ path: box.at('sealed'), key: null }, [tree]).catch((e: unknown) => String(e))).toContain(
    'key_missing',
  );
  expect(
    await createBench({ path: box.at('sealed'), key: Buffer.alloc(32, 2) }, [tree]).catch((e: unknown) => String(e)),
  ).toContain('key_wrong');
});

test('configuration and audit head stand beside the manifest', async () => {
  put('a', 'a');
  const auditHead = { count: 3, hash: 'ab'.repeat(32), at: '2026-11-22T01:00:00.000Z' };

  valueOf(await bench.run(1, { configYaml: 'service: shop\n', auditHead }));

  expect(readFileSync(join(bench.repository.path, 'backups/shop', backupIdOf(1), 'config.yaml'), 'utf8')).toBe(
    'service: shop\n',
  );
  expect(loadChain(bench.repository, backupIdOf(1)).target.manifest.auditHead).toEqual(auditHead);
});

test.each([0, 1, 5, 40, 120, 300])('aborting after %i ms leaves nothing', async (ms) => {
  for (let i = 0; i < 300; i += 1) put(`f${i}`, Buffer.alloc(40_000, i));
  const aborter = new AbortController();
  if (ms === 0) aborter.abort();
  else setTimeout(() => aborter.abort(), ms);

  // One MB a second: it would take 12 s.
  const outcome = await bench.run(
    1,
    { limits: { nice: 10, bandwidthBytesPerSecond: 1_000_000, concurrency: 2 } },
    quietContext(aborter.signal),
  );

  expect(outcome).toMatchObject({ ok: false, error: { code: 'cancelled' } });
  const service = join(bench.repository.path, 'backups/shop');
  expect(existsSync(service) ? readdirSync(service) : []).toEqual([]);
});

test('progress is told while copying', async () => {
  for (let i = 0; i < 50; i += 1) put(`f${i}`, Buffer.alloc(40_000, i));
  const told: string[] = [];
  const context = {
    ...quietContext(),
    onProgress: (p: { phase: string; entriesDone: number }) => void told.push(p.phase),
  };

  valueOf(await bench.run(1, { limits: { nice: null, bandwidthBytesPerSecond: 1_000_000, concurrency: 2 } }, context));

  expect(told.filter((phase) => phase === 'copy').length).toBeGreaterThanOrEqual(3);
  expect(told.at(-1)).toBe('publish');
});

test('a file that grows while it is read is stored as announced, with a warning', async () => {
  put('log', Buffer.alloc(3 * 2 ** 20, 1));
  const writing = setInterval(() => appendFileSync(join(tree, 'log'), 'more'), 5);

  const record = valueOf(
    await bench.run(1, { limits: { nice: null, bandwidthBytesPerSecond: 2 * 2 ** 20, concurrency: 2 } }),
  );
  clearInterval(writing);

  expect(record).toMatchObject({
    status: 'completed_with_warnings',
    warningCount: 1,
    warnings: [{ kind: 'changed', path: 'tree/log' }],
  });
  const entry = (await listOf(bench.repository, backupIdOf(1))).find((e) => e.path === 'tree/log');
  const stored = readFileSync(join(unpack(bench.repository, 1, box.at('out')), 'tree/log'));
  expect(stored.length).toBe(entry?.size);
  expect(execFileSync('sha256sum', [box.at('out/tree/log')], { encoding: 'utf8' }).slice(0, 64)).toBe(entry?.hash);
});
