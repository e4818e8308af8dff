import { jest } from '@jest/globals';
import { mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { loadExtraFile, saveExtras } from './extras.ts';
import { openPartial } from './partials.ts';
import { cleanRepository, inspectRepository, prepareRepository, removeBackup } from './repository.ts';
import { backupIdOf, createBench, createSandbox, testDeps, valueOf, type Bench, type Sandbox } from './test-support.ts';

// Threads start slowly on a busy machine.
jest.setTimeout(60_000);

let box: Sandbox;
let bench: Bench;
const never = new AbortController().signal;
const prepare = (path: string, key: Buffer | null = null) => prepareRepository(testDeps.clock, { path, key });

beforeEach(async () => {
  box = createSandbox();
  mkdirSync(box.at('tree'));
  writeFileSync(box.at('tree/file'), 'content');
  bench = await createBench({ path: box.at('repo'), key: null }, [box.at('tree')]);
});
afterEach(() => box.remove());

test('preparing creates a private repository once and then leaves it alone', async () => {
  const marker = readFileSync(box.at('repo/genesis-repository.json'), 'utf8');

  valueOf(await prepare(box.at('repo')));

  expect(readFileSync(box.at('repo/genesis-repository.json'), 'utf8')).toBe(marker);
  expect(JSON.parse(marker)).toMatchObject({ format: 1, encryption: null, id: expect.any(String) });
  expect(statSync(box.at('repo')).mode & 0o777).toBe(0o700);
});

test('preparing takes an empty folder, also a fresh mount, and refuses what is not its own', async () => {
  mkdirSync(box.at('mount/lost+found'), { recursive: true });
  mkdirSync(box.at('photos'));
  writeFileSync(box.at('photos/cat.jpg'), '');
  writeFileSync(box.at('file'), '');

  expect(await prepare(box.at('mount'))).toMatchObject({ ok: true });
  expect(await prepare(box.at('photos'))).toMatchObject({ ok: false, error: { code: 'repository_foreign' } });
  expect(await prepare(box.at('file'))).toMatchObject({ ok: false, error: { code: 'repository_foreign' } });
  expect(await prepare(box.at('file/below'))).toMatchObject({ ok: false, error: { code: 'repository_unreadable' } });
  expect(readdirSync(box.at('photos'))).toEqual(['cat.jpg']);
});

test('a key for a plain repository, none or a wrong one for a sealed: each is said', async () => {
  const key = Buffer.alloc(32, 1);
  valueOf(await prepare(box.at('sealed'), key));

  expect(await prepare(box.at('sealed'), key)).toMatchObject({ ok: true });
  expect(await prepare(box.at('sealed'))).toMatchObject({ ok: false, error: { code: 'key_missing' } });
  expect(await prepare(box.at('sealed'), Buffer.alloc(32, 2))).toMatchObject({
    ok: false,
    error: { code: 'key_wrong' },
  });
  expect(await prepare(box.at('repo'), key)).toMatchObject({ ok: false, error: { code: 'key_wrong' } });
  expect(await bench.run(1, { repository: { path: box.at('repo'), key } })).toMatchObject({
    ok: false,
    error: { code: 'key_wrong' },
  });
});

test('a damaged or later marker is not overwritten', async () => {
  writeFileSync(box.at('repo/genesis-repository.json'), '{"format":2}');
  expect(await prepare(box.at('repo'))).toMatchObject({ ok: false, error: { code: 'format_unknown' } });
  writeFileSync(box.at('repo/genesis-repository.json'), '{"form');
  expect(await prepare(box.at('repo'))).toMatchObject({ ok: false, error: { code: 'repository_unreadable' } });
  rmSync(box.at('repo/genesis-repository.json'));
  expect(await prepare(box.at('repo'))).toMatchObject({ ok: false, error: { code: 'repository_foreign' } });
  expect(await inspectRepository(new Map(), bench.repository, null, never)).toMatchObject({
    ok: false,
    error: { code: 'repository_unreadable' },
  });
});

test('inspecting lists what can be used, says what cannot, and sees changes after the first time', async () => {
  const records = [valueOf(await bench.run(1)), valueOf(await bench.run(2))];
  const cache = new Map();
  const inspect = async () => valueOf(await inspectRepository(cache, bench.repository, 'shop', never));

  expect((await inspect()).records).toEqual(expect.arrayContaining(records));
  expect(await inspect()).toMatchObject({
    damaged: [],
    keyFingerprint: null,
    freeBytes: expect.any(Number),
    totalBytes: expect.any(Number),
  });
  const manifest = box.at('repo/backups/shop', backupIdOf(2), 'manifest.json');
  writeFileSync(manifest, readFileSync(manifest, 'utf8').slice(0, -20));

  const after = await inspect();
  expect(after.records).toEqual([records[0]]);
  expect(after.damaged).toMatchObject([{ backupId: backupIdOf(2), message: expect.stringContaining('cut off') }]);
  expect(valueOf(await inspectRepository(cache, bench.repository, 'other', never)).records).toEqual([]);
});

test('removing takes one backup out, whole or damaged', async () => {
  valueOf(await bench.run(1));
  valueOf(await bench.run(2));
  rmSync(box.at('repo/backups/shop', backupIdOf(2), 'manifest.json'));

  valueOf(await removeBackup(new Map(), bench.repository, backupIdOf(2)));

  expect(readdirSync(box.at('repo/backups/shop'))).toEqual([backupIdOf(1)]);
  expect(await removeBackup(new Map(), bench.repository, backupIdOf(2))).toMatchObject({
    ok: false,
    error: { code: 'backup_unknown' },
  });
});

test('cleaning removes what dead runs left, not what this process is writing', async () => {
  const shop = box.at('repo/backups/shop');
  for (const id of ['.partial-dead', '.partial-alive']) mkdirSync(join(shop, id, 'x'), { recursive: true });
  writeFileSync(box.at('repo/genesis/.tmp-state'), 'half');
  const close = openPartial(join(shop, '.partial-alive'));

  expect(valueOf(await cleanRepository(bench.repository, never))).toBe(2);
  expect(readdirSync(shop)).toEqual(['.partial-alive']);
  close();
  expect(valueOf(await cleanRepository(bench.repository, never))).toBe(1);
  expect(readdirSync(box.at('repo/genesis'))).toEqual([]);
});

test.each([
  ['plain', null],
  ['sealed', Buffer.alloc(32, 5)],
])('extras come back from a %s repository', async (name, key) => {
  const repository = { path: box.at(name), key };
  valueOf(await prepareRepository(testDeps.clock, repository));
  const content = Buffer.from('state with a secret hash');
  const save = (bytes: Buffer) =>
    saveExtras(testDeps.random, repository, [{ name: 'state.sqlite', content: bytes }], never);

  valueOf(await save(Buffer.from('older')));
  valueOf(await save(content));

  expect(valueOf(await loadExtraFile(repository, 'state.sqlite'))).toEqual(content);
  const onDisk = readFileSync(box.at(name, 'genesis', key === null ? 'state.sqlite' : 'state.sqlite.sealed'));
  expect(onDisk.includes('secret')).toBe(key === null);
  expect(await loadExtraFile(repository, 'nothing')).toMatchObject({ ok: false, error: { code: 'not_found' } });
  expect(await loadExtraFile(repository, '../genesis-repository.json')).toMatchObject({
    ok: false,
    error: { code: 'not_found' },
  });
});
