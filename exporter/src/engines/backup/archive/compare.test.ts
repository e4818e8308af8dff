import { jest } from '@jest/globals';
import { execFileSync } from 'node:child_process';
import {
  appendFileSync,
  chmodSync,
  linkSync,
  mkdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import {
  backup,
  component,
  context,
  createBench,
  errorOf,
  everything,
  idOf,
  makeTree,
  valueOf,
  type Bench,
} from './testkit.ts';

jest.setTimeout(120_000);
const asRoot = process.getuid?.() === 0;

let bench: Bench;
let restored: string;
beforeAll(async () => {
  bench = await createBench();
  const source = join(bench.base, 'src/root');
  makeTree(source);
  await backup(bench, { number: 1, components: [component('data', source)] });
  restored = join(bench.base, 'out/data/root');
  valueOf(
    await bench.engine.restore(
      {
        operationId: 'op',
        repository: bench.repository,
        backupId: idOf(1),
        selection: everything,
        target: { kind: 'folder', path: join(bench.base, 'pristine') },
        restoreOwner: asRoot,
      },
      context(),
    ),
  );
});
beforeEach(() => {
  execFileSync('cp', ['-a', join(bench.base, 'pristine'), join(bench.base, 'out')]);
});
afterEach(() => {
  execFileSync('rm', ['-rf', join(bench.base, 'out')]);
});
afterAll(() => bench.remove());

/** Keeps the mtime, so that only what the test changes can be seen. */
function rewrite(path: string, content: string): void {
  writeFileSync(path, content);
  utimesSync(path, 5, 5);
}

const differences: readonly (readonly [string, () => void, RegExp])[] = [
  ['content of the same size', () => rewrite(join(restored, 'dir/a.txt'), 'FIRST'), /dir\/a\.txt has another content/],
  ['a size', () => appendFileSync(join(restored, 'dir.txt'), '!'), /dir\.txt has 17 bytes instead of 16/],
  ['a mode', () => chmodSync(join(restored, 'dir.txt'), 0o600), /dir\.txt has mode 600 instead of 644/],
  ['a time', () => utimesSync(join(restored, 'dir.txt'), 1, 1), /dir\.txt has mtime 1000000000 ns/],
  ['a missing file', () => rmSync(join(restored, 'big.bin')), /big\.bin is missing/],
  ['a missing tree', () => rmSync(join(restored, 'deep'), { recursive: true }), /deep is missing/],
  ['an extra file', () => writeFileSync(join(restored, 'zzz'), ''), /zzz is not in the backup/],
  ['an extra folder', () => mkdirSync(join(restored, 'dir/extra')), /dir\/extra is not in the backup/],
  [
    'a link that leads elsewhere',
    () => {
      rmSync(join(restored, 'relative'));
      symlinkSync('x', join(restored, 'relative'));
    },
    /relative leads to x/,
  ],
  [
    'another kind',
    () => {
      rmSync(join(restored, 'relative'));
      writeFileSync(join(restored, 'relative'), '');
    },
    /relative is a file/,
  ],
  [
    'a link that was broken up',
    () => {
      rmSync(join(restored, 'z-link.txt'));
      writeFileSync(join(restored, 'z-link.txt'), 'first');
    },
    /z-link\.txt is not the same file/,
  ],
  [
    'one link too many',
    () => linkSync(join(restored, 'dir.txt'), join(bench.base, 'link')),
    /dir\.txt has not as many hard links/,
  ],
];

it.each(differences)('sees %s', async (_, change, expected) => {
  change();

  const report = valueOf(await bench.engine.compare(bench.repository, idOf(1), join(bench.base, 'out'), context()));

  expect(report.differences.some((line) => expected.test(line))).toBe(true);
});

it('finds nothing in an exact restore, and says when there is no folder', async () => {
  const report = valueOf(await bench.engine.compare(bench.repository, idOf(1), join(bench.base, 'out'), context()));

  expect(report.differences).toEqual([]);
  expect(report.bytes).toBeGreaterThan(9_500_000);
  expect(readFileSync(join(restored, 'dir/a.txt'), 'utf8')).toBe('first');
  expect(
    errorOf(await bench.engine.compare(bench.repository, idOf(1), join(bench.base, 'nowhere'), context())).code,
  ).toBe('not_found');
});
