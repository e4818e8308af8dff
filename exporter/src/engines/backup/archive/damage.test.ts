import { jest } from '@jest/globals';
import {
  cpSync,
  existsSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  renameSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import type { RepositoryRef } from '../port.ts';
import { chunkBytes, sealHeaderBytes, tagBytes } from './crypto.ts';
import { backupFolder } from './format.ts';
import { loadBackup } from './stored-chain.ts';
import {
  backup,
  component,
  context,
  createBench,
  errorOf,
  everything,
  idOf,
  leftovers,
  noise,
  testKey,
  valueOf,
  type Bench,
} from './testkit.ts';

jest.setTimeout(180_000);

const full = idOf(1);
const sealedChunk = chunkBytes + tagBytes;
let bench: Bench;
let repository: RepositoryRef;

/** A full backup of several frames and an incremental upon it, kept apart so that every test damages a fresh one. */
async function setUp(key: Buffer | null): Promise<void> {
  bench = await createBench(key);
  ({ repository } = bench);
  const source = join(bench.base, 'data');
  mkdirSync(join(source, 'sub'), { recursive: true });
  writeFileSync(join(source, 'big.bin'), noise(9_000_000));
  writeFileSync(join(source, 'sub/small.txt'), 'small');
  const components = [component('data', source)];
  await backup(bench, { number: 1, components });
  writeFileSync(join(source, 'sub/new.txt'), 'new');
  await backup(bench, { number: 2, parent: 1, components });
  renameSync(repository.path, join(bench.base, 'pristine'));
}

function freshRepository(): void {
  ({ repository } = bench);
  rmSync(repository.path, { recursive: true, force: true });
  cpSync(join(bench.base, 'pristine'), repository.path, { recursive: true });
}

function fileOf(name: string, id = full): string {
  return join(backupFolder(repository.path, 'app', id), name);
}

function edit(path: string, change: (bytes: Buffer) => Buffer): void {
  writeFileSync(path, change(readFileSync(path)));
}

function flipAt(share: number): (bytes: Buffer) => Buffer {
  return (bytes) => {
    const at = Math.min(bytes.length - 1, Math.floor(bytes.length * share));
    bytes[at] = (bytes[at] ?? 0) ^ 1;
    return bytes;
  };
}

function framesOf(): readonly (readonly [number, number, number, string])[] {
  return loadBackup(repository, repository.key, full).manifest.components[0]?.archive.frames ?? [];
}

/** Exchanges two ranges of equal length. */
function exchange(bytes: Buffer, a: number, b: number, length: number): Buffer {
  const first = Buffer.from(bytes.subarray(a, a + length));
  bytes.copy(bytes, a, b, b + length);
  first.copy(bytes, b);
  return bytes;
}

/** Both the damaged backup's dependent and the backup itself: verify names it, restore leaves no trace. */
async function expectRefused(id: string, codes: readonly string[] = ['backup_corrupt']): Promise<void> {
  const verified = await bench.engine.verify(repository, id, context());
  if (verified.ok) expect(verified.value).toMatchObject({ passed: false });
  else expect(codes).toContain(verified.error.code);
  const target = join(bench.base, 'target');
  const request = { operationId: 'op', repository, backupId: id, selection: everything, restoreOwner: false };

  const restored = await bench.engine.restore({ ...request, target: { kind: 'folder', path: target } }, context());
  expect(codes).toContain(errorOf(restored).code);
  expect(existsSync(target)).toBe(false);

  const live = join(bench.base, 'data');
  const before = readdirSync(live);
  const root = { component: 'data', root: 'data', path: live };
  const inPlace = await bench.engine.restore({ ...request, target: { kind: 'in_place', roots: [root] } }, context());
  expect(codes).toContain(errorOf(inPlace).code);
  expect(readdirSync(live)).toEqual(before);
  expect(leftovers(bench.base)).toEqual([]);
}

const plainDamage: readonly (readonly [string, () => void])[] = [
  ['a flipped bit at the start of an archive', () => edit(fileOf('data.tar.zst'), flipAt(0.0001))],
  ['a flipped bit in the middle of an archive', () => edit(fileOf('data.tar.zst'), flipAt(0.5))],
  ['a flipped bit at the end of an archive', () => edit(fileOf('data.tar.zst'), flipAt(1))],
  ['a flipped bit in a manifest', () => edit(fileOf('manifest.json'), flipAt(0.5))],
  ['a manifest without its last line', () => edit(fileOf('manifest.json'), (b) => b.subarray(0, b.indexOf(10) + 1))],
  ['a manifest that is gone', () => rmSync(fileOf('manifest.json'))],
  ['an archive cut in the middle of a frame', () => truncateSync(fileOf('data.tar.zst'), 5_000_000)],
  [
    'an archive cut exactly at the end of a frame',
    () => truncateSync(fileOf('data.tar.zst'), framesOf().at(-1)?.[0] ?? 0),
  ],
  ['an archive that is gone', () => rmSync(fileOf('data.tar.zst'))],
  ['bytes after the last frame', () => edit(fileOf('data.tar.zst'), (b) => Buffer.concat([b, Buffer.from('more')]))],
  [
    'two frames in each other’s place',
    () => {
      const [, second, third] = framesOf();
      const length = Math.min(second?.[1] ?? 0, third?.[1] ?? 0);
      edit(fileOf('data.tar.zst'), (b) => exchange(b, second?.[0] ?? 0, third?.[0] ?? 0, length));
    },
  ],
];

describe('a plain repository', () => {
  beforeAll(() => setUp(null));
  beforeEach(freshRepository);
  afterAll(() => bench.remove());

  it.each(plainDamage)('refuses %s, in the backup and in what builds upon it', async (_, damage) => {
    damage();

    await expectRefused(full);
    await expectRefused(idOf(2));
  });

  it.each([
    ['a flipped bit in its list', () => edit(fileOf('data.files.zst'), flipAt(0.5))],
    ['a list that is gone', () => rmSync(fileOf('data.files.zst'))],
    ['a list cut at the end of a frame', () => truncateSync(fileOf('data.files.zst'), 0)],
  ])('refuses a backup with %s, and says so of what builds upon it', async (_, damage) => {
    damage();

    await expectRefused(full);
    // The later backup has a whole list of its own and can be restored; that the chain is damaged is still said.
    expect(valueOf(await bench.engine.verify(repository, idOf(2), context()))).toMatchObject({ passed: false });
  });

  it('refuses a backup whose chain has a gap', async () => {
    renameSync(backupFolder(repository.path, 'app', full), join(bench.base, 'elsewhere'));

    await expectRefused(idOf(2), ['backup_incomplete']);
  });

  it('refuses a backup in the place of another one', async () => {
    const other = backupFolder(repository.path, 'app', idOf(9));
    renameSync(backupFolder(repository.path, 'app', full), other);

    await expectRefused(idOf(9));
  });

  it('names the backup, the component and the frame of a fault, and the file it hits', async () => {
    edit(fileOf('data.tar.zst'), flipAt(0.5));

    const report = valueOf(await bench.engine.verify(repository, idOf(2), context()));

    const texts = report.faults.map((f) => `${f.backupId} ${f.component} ${f.path} ${f.message}`);
    expect(texts.some((t) => t.startsWith(`${full} data`) && /frame \d/.test(t))).toBe(true);
    expect(texts.some((t) => t.includes('data/big.bin'))).toBe(true);
  });

  it('says that a backup is not there', async () => {
    expect(errorOf(await bench.engine.verify(repository, idOf(77), context())).code).toBe('backup_unknown');
  });
});

describe('a sealed repository', () => {
  beforeAll(() => setUp(testKey));
  beforeEach(freshRepository);
  afterAll(() => bench.remove());

  const sealed = 'data.tar.zst.sealed';
  const chunkAt = (index: number): number => sealHeaderBytes + index * sealedChunk;
  const sealedDamage: readonly (readonly [string, () => void])[] = [
    ['a flipped bit', () => edit(fileOf(sealed), flipAt(0.5))],
    [
      'two chunks in each other’s place',
      () => edit(fileOf(sealed), (b) => exchange(b, chunkAt(1), chunkAt(2), sealedChunk)),
    ],
    [
      'a chunk left out',
      () => edit(fileOf(sealed), (b) => Buffer.concat([b.subarray(0, chunkAt(1)), b.subarray(chunkAt(2))])),
    ],
    [
      'the last chunk cut off',
      () =>
        truncateSync(
          fileOf(sealed),
          chunkAt(Math.ceil((statSync(fileOf(sealed)).size - sealHeaderBytes) / sealedChunk) - 1),
        ),
    ],
    [
      'a file sealed for another backup',
      () => edit(fileOf('data.files.zst.sealed'), () => readFileSync(fileOf('data.files.zst.sealed', idOf(2)))),
    ],
    [
      'a changed manifest with a fresh checksum and no MAC',
      () => edit(fileOf('manifest.json'), (b) => Buffer.from(b.toString().replace(/"mac":"[0-9a-f]+"/, '"mac":null'))),
    ],
  ];

  it.each(sealedDamage)('refuses %s', async (_, damage) => {
    damage();

    await expectRefused(full);
  });

  it('refuses a wrong key, none, and a repository that pretends to be plain', async () => {
    repository = { ...repository, key: Buffer.alloc(32, 9) };
    await expectRefused(full, ['key_wrong']);
    repository = { ...repository, key: null };
    await expectRefused(full, ['key_missing']);
    repository = { ...repository, key: testKey };
    edit(join(repository.path, 'genesis-repository.json'), (b) =>
      Buffer.from(JSON.stringify({ ...JSON.parse(b.toString()), encryption: null })),
    );
    await expectRefused(full, ['key_wrong']);
  });
});
