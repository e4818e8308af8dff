import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import type { FileEntry } from './entries.ts';
import { tarEnd, tarHeader, tarPadding, tooLong } from './tar-write.ts';

const base: FileEntry = {
  path: 'data/a',
  kind: 'f',
  size: 0,
  mode: 0o640,
  mtimeNs: '1700000000123456789',
  ctimeNs: '0',
  inode: '1:1',
  uid: 1000,
  gid: 100,
  user: 'ann',
  group: 'users',
  hash: null,
  target: null,
  holder: 0,
  offset: 0,
};
let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'genesis-tar-'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** What the system's tar says of an archive with these entries, names as raw bytes. */
function list(entries: readonly FileEntry[], ...options: string[]): string {
  const file = join(folder, 'a.tar');
  writeFileSync(
    file,
    Buffer.concat([
      ...entries.flatMap((e) => [tarHeader(e), Buffer.alloc(e.kind === 'f' ? e.size + tarPadding(e.size) : 0)]),
      tarEnd,
    ]),
  );
  const args = ['--quoting-style=literal', ...options, '-tf', file];
  return execFileSync('tar', args, { encoding: 'latin1', env: { PATH: process.env['PATH'], TZ: 'UTC', LC_ALL: 'C' } });
}

test('tar reads kind, mode, owner, size, time and links', () => {
  const out = list(
    [
      { ...base, path: 'data', kind: 'd', mode: 0o1755 },
      { ...base, size: 700 },
      { ...base, path: 'data/link', kind: 'l', mode: 0o777, target: '../some where' },
      { ...base, path: 'data/hard', kind: 'h', size: 700, target: 'data/a' },
    ],
    '-v',
    '--full-time',
  );

  expect(out.split('\n').map((line) => line.replace(/ +/g, ' '))).toEqual([
    'drwxr-xr-t ann/users 0 2023-11-14 22:13:20.123456789 data/',
    '-rw-r----- ann/users 700 2023-11-14 22:13:20.123456789 data/a',
    'lrwxrwxrwx ann/users 0 2023-11-14 22:13:20.123456789 data/link -> ../some where',
    'hrw-r----- ann/users 0 2023-11-14 22:13:20.123456789 data/hard link to data/a',
    '',
  ]);
});

test('names of every length come back byte for byte', () => {
  const lengths = [1, 99, 100, 101, 155, 156, 200, 254, 255, 256, 257, 300, 4000];
  const shapes = (n: number): string[] => [
    'x'.repeat(n),
    'é'.repeat(n).slice(0, n),
    `${'d'.repeat(Math.min(n, 90))}/`.repeat(60).slice(0, n).replace(/\/$/, 'e'),
    '\xff'.repeat(n),
  ];
  const paths = lengths.flatMap(shapes);

  expect(list(paths.map((path) => ({ ...base, path }))).split('\n')).toEqual([...paths, '']);
});

test('link texts of every length come back', () => {
  const targets = [1, 100, 101, 255, 4000].map((n) => 't'.repeat(n));

  const out = list(
    targets.map((target, i) => ({ ...base, path: `l${i}`, kind: 'l', target })),
    '-v',
  );

  expect(
    out
      .split('\n')
      .slice(0, -1)
      .map((line) => line.split(' -> ')[1]),
  ).toEqual(targets);
});

test('times before 1970, far ahead and to the nanosecond', () => {
  const cases: [string, string][] = [
    // GNU tar shows -1.5 s as if it were -0.5 s; it extracts it right, as the backup tests see.
    ['-1500000000', '1969-12-31 23:59:59.5'],
    ['0', '1970-01-01 00:00:00'],
    ['1', '1970-01-01 00:00:00.000000001'],
    ['9000000000999999999', '2255-03-14 16:00:00.999999999'],
  ];
  const out = list(
    cases.map(([mtimeNs], i) => ({ ...base, path: `f${i}`, mtimeNs })),
    '-v',
    '--full-time',
  );

  expect(
    out
      .split('\n')
      .slice(0, -1)
      .map((line) => /\d{4}-\S+ \S+/.exec(line)?.[0]),
  ).toEqual(cases.map(([, text]) => text));
});

test('sizes from 8 GiB, large ids and long owner names need pax and keep their value', () => {
  const header = tarHeader({
    ...base,
    size: 20 * 2 ** 30,
    uid: 3_000_000_000,
    gid: 2_097_152,
    user: 'u'.repeat(40),
    group: 'g'.repeat(40),
  });
  const text = header.toString('latin1');

  expect(header.length).toBe(3 * 512);
  expect(text).toContain('20 size=21474836480\n');
  expect(text).toContain('18 uid=3000000000\n');
  expect(text).toContain(`uname=${'u'.repeat(40)}\n`);
  expect(list([{ ...base, uid: 3_000_000_000, gid: 2_097_152, user: '', group: '' }], '-v')).toContain(
    '3000000000/2097152',
  );
});

test('a plain entry takes one block', () => {
  expect(tarHeader({ ...base, mtimeNs: '1700000000000000000' }).length).toBe(512);
  expect([0, 1, 511, 512, 513].map(tarPadding)).toEqual([0, 511, 1, 0, 511]);
});

test('the length in a pax record counts itself', () => {
  fc.assert(
    fc.property(fc.integer({ min: 257, max: 12_000 }), (length) => {
      const text = tarHeader({ ...base, path: 'p'.repeat(length) })
        .subarray(512)
        .toString('latin1');
      const size = Number(/^\d+/.exec(text)?.[0]);
      expect(text.slice(0, size)).toBe(`${size} path=${'p'.repeat(length)}\n`);
    }),
  );
});

test('what is too long to store is said, not cut', () => {
  expect(tooLong({ path: 'p'.repeat(8193), target: null })).toContain('8193 bytes');
  expect(tooLong({ path: 'p', target: 't'.repeat(8193) })).toContain('longer');
  expect(tooLong({ path: 'p'.repeat(8192), target: null })).toBeNull();
});
