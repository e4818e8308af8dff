import { jest } from '@jest/globals';
import { existsSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { encodeEntry } from './entries.ts';
import {
  context,
  craft,
  createBench,
  entry,
  errorOf,
  everything,
  leftovers,
  valueOf,
  type Bench,
  type Crafted,
} from './testkit.ts';

jest.setTimeout(120_000);

let bench: Bench;
beforeAll(async () => {
  bench = await createBench();
  writeFileSync(join(bench.base, 'outside.txt'), 'untouched');
});
afterAll(() => bench.remove());

let next = 1;
async function restore(crafted: Crafted) {
  const backupId = craft(bench.repository, next, crafted);
  const target = join(bench.base, `target-${next}`);
  next += 1;
  const request = {
    operationId: 'op',
    repository: bench.repository,
    backupId,
    selection: everything,
    restoreOwner: false,
  };
  return {
    target,
    backupId,
    outcome: await bench.engine.restore({ ...request, target: { kind: 'folder', path: target } }, context()),
  };
}

const root = entry('root', 'd');
const raw = (path: string, kind = 'd'): string =>
  encodeEntry(entry('root/x', 'd')).replace('"root/x"', JSON.stringify(path)).replace('"k":"d"', `"k":"${kind}"`);

it('restores a crafted backup that is harmless', async () => {
  const { target, outcome } = await restore({
    entries: [root, entry('root/a', 'f')],
    contents: { 'root/a': 'content' },
  });

  expect(valueOf(outcome)).toMatchObject({ entries: 2, bytes: 7 });
  expect(readdirSync(join(target, 'data/root'))).toEqual(['a']);
});

const evil: readonly (readonly [string, Crafted])[] = [
  ['an absolute name', { entries: [root], lines: [raw('/etc/evil')] }],
  ['a name that climbs', { entries: [root], lines: [raw('root/../../outside.txt')] }],
  ['a dot segment', { entries: [root], lines: [raw('root/./x')] }],
  ['an empty segment', { entries: [root], lines: [raw('root//x')] }],
  ['a trailing slash', { entries: [root], lines: [raw('root/x/')] }],
  ['a NUL', { entries: [root], lines: [raw('root/x\0y')] }],
  ['an unknown kind', { entries: [root], lines: [raw('root/x', 'p')] }],
  ['a device', { entries: [root], lines: [raw('root/x', 'b')] }],
  ['a root that the manifest does not name', { entries: [entry('other', 'd')] }],
  ['a root that is a link', { entries: [entry('root', 'l', { target: '/tmp' })] }],
  [
    'an entry below a link',
    {
      entries: [root, entry('root/s', 'l', { target: '/tmp' }), entry('root/s/x', 'f')],
      contents: { 'root/s/x': 'evil' },
    },
  ],
  [
    'an entry below a file',
    { entries: [root, entry('root/f', 'f'), entry('root/f/x', 'f')], contents: { 'root/f': 'a', 'root/f/x': 'b' } },
  ],
  ['an entry without its folder', { entries: [root, entry('root/no/x', 'f')], contents: { 'root/no/x': 'b' } }],
  [
    'a name twice: a link, then a folder',
    { entries: [root, entry('root/s', 'l', { target: '/tmp' }), entry('root/s', 'd')] },
  ],
  ['names out of order', { entries: [root, entry('root/b', 'd'), entry('root/a', 'd')] }],
  [
    'a hard link to what lies outside',
    { entries: [root], lines: [encodeEntry(entry('root/h', 'h', { target: 'root/../../outside.txt' }))] },
  ],
  [
    'a hard link through a link',
    { entries: [root, entry('root/a', 'l', { target: '/etc' }), entry('root/h', 'h', { target: 'root/a/passwd' })] },
  ],
  ['a hard link to nothing', { entries: [root, entry('root/h', 'h', { target: 'root/a' })] }],
];

it.each(evil)('refuses %s before anything is written', async (_, crafted) => {
  const { target, backupId, outcome } = await restore(crafted);

  expect(errorOf(outcome).code).toBe('unsafe_archive');
  expect(existsSync(target)).toBe(false);
  expect(leftovers(bench.base)).toEqual([]);
  expect(readdirSync(bench.base)).not.toContain('evil');
  const plan = await bench.engine.planRestore(bench.repository, backupId, everything, new AbortController().signal);
  expect(errorOf(plan).code).toBe('unsafe_archive');
});

it('refuses content that no archive of the chain holds', async () => {
  const lost = entry('root/a', 'f', { size: 5, hash: '0'.repeat(64), holder: 3, offset: 0 });
  const beyond = { ...lost, holder: 0, offset: 10_000_000 };
  for (const e of [lost, beyond])
    expect(errorOf((await restore({ entries: [root, e] })).outcome).code).toBe('backup_corrupt');
});

it('restores links that lead outside as links, without following them', async () => {
  const folder = join(bench.base, 'harmless');
  mkdirSync(folder);
  const { target, outcome } = await restore({
    entries: [root, entry('root/s', 'l', { target: folder }), entry('root/t', 'l', { target: '../../..' })],
  });

  valueOf(outcome);
  expect(readdirSync(join(target, 'data/root'))).toEqual(['s', 't']);
  expect(readdirSync(folder)).toEqual([]);
});
