import { jest } from '@jest/globals';
import { join } from 'node:path';
import type { BackupFile } from '../../../contract/backup.ts';
import type { FilesQuery } from '../port.ts';
import {
  backup,
  component,
  context,
  craft,
  createBench,
  entry,
  errorOf,
  idOf,
  makeTree,
  valueOf,
  type Bench,
} from './testkit.ts';

jest.setTimeout(120_000);

let bench: Bench;
beforeAll(async () => {
  bench = await createBench();
  makeTree(join(bench.base, 'root'));
  await backup(bench, {
    number: 1,
    components: [component('a', join(bench.base, 'root/dir')), component('b', join(bench.base, 'root'))],
  });
});
afterAll(() => bench.remove());

async function all(number: number, prefix: string, limit: number): Promise<BackupFile[]> {
  const found: BackupFile[] = [];
  let cursor: string | null = null;
  do {
    const page: { readonly files: readonly BackupFile[]; readonly next: string | null } = valueOf(
      await bench.engine.files(bench.repository, idOf(number), { prefix, cursor, limit }, context().signal),
    );
    expect(page.files.length).toBeLessThanOrEqual(limit);
    found.push(...page.files);
    cursor = page.next;
  } while (cursor !== null);
  return found;
}

it('gives the same list in pages of any size, in path order', async () => {
  const whole = await all(1, '', 1000);

  expect(await all(1, '', 1)).toEqual(whole);
  expect(await all(1, '', 7)).toEqual(whole);
  const inOrder = whole.filter((f) => f.component === 'b').map((f) => f.path);
  expect(inOrder.indexOf('root/dir/a.txt')).toBeLessThan(inOrder.indexOf('root/dir.txt'));
  expect(whole.find((f) => f.component === 'b' && f.path === 'root/relative')).toMatchObject({
    kind: 'symlink',
    linkTarget: 'dir/a.txt',
  });
  expect(whole.find((f) => f.path === 'dir/secret')).toMatchObject({
    kind: 'file',
    bytes: 1,
    mode: 0o400,
    modifiedAt: '2001-02-03T04:05:06.123Z',
  });
});

it('gives what begins with a prefix', async () => {
  expect((await all(1, 'root/dir/a', 2)).map((f) => f.path)).toEqual(['root/dir/a.txt']);
  expect(await all(1, 'nothing', 2)).toEqual([]);
});

async function find(query: Partial<FilesQuery>): Promise<string[]> {
  const whole = { prefix: '', cursor: null, limit: 1000, ...query };
  const page = valueOf(await bench.engine.files(bench.repository, idOf(1), whole, context().signal));
  return page.files.filter((f) => f.component === 'b').map((f) => f.path);
}

it('shows a folder at a time, folders themselves included', async () => {
  const [roots, inside] = [await find({ direct: true }), await find({ direct: true, prefix: 'root/' })];

  expect(roots).toEqual(['root']);
  expect(inside).toContain('root/dir');
  expect(inside).toContain('root/dir.txt');
  expect(inside.filter((path) => path.split('/').length !== 2)).toEqual([]);
});

it('finds by a part of the path, whatever its case', async () => {
  expect(await find({ contains: 'DIR/A.' })).toEqual(['root/dir/a.txt']);
  expect(await find({ contains: 'nothing like it' })).toEqual([]);
});

it('pages through a list of several frames', async () => {
  const names = Array.from({ length: 3000 }, (_, i) => `root/${String(i).padStart(6, '0')}`);
  craft(bench.repository, 2, { entries: [entry('root', 'd'), ...names.map((name) => entry(name, 'd'))] });

  expect((await all(2, '', 999)).map((f) => f.path)).toEqual(['root', ...names]);
});

it('refuses a cursor that it did not give', async () => {
  const outcome = await bench.engine.files(
    bench.repository,
    idOf(1),
    { prefix: '', cursor: '../x', limit: 1 },
    context().signal,
  );

  expect(errorOf(outcome).code).toBe('bad_request');
});
