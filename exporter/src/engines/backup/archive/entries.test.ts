import fc from 'fast-check';
import { comparePaths, decodeEntry, encodeEntry, fromText, isSafePath, toText, type FileEntry } from './entries.ts';

const file: FileEntry = {
  path: 'data/a',
  kind: 'f',
  size: 5,
  mode: 0o644,
  mtimeNs: '1700000000123456789',
  ctimeNs: '1700000000000000001',
  inode: '2049:77',
  uid: 1000,
  gid: 100,
  user: 'ann',
  group: 'users',
  hash: 'ab'.repeat(32),
  target: null,
  holder: 2,
  offset: 1536,
};

const segment = fc
  .uint8Array({ minLength: 1, maxLength: 12 })
  .map((bytes) => Buffer.from(bytes).toString('latin1').replace(/[/\0]/g, '_'))
  .filter((s) => s !== '.' && s !== '..');
const path = fc.array(segment, { minLength: 1, maxLength: 5 }).map((segments) => segments.join('/'));

test('an entry comes back as it was written, whatever bytes its names hold', () => {
  fc.assert(
    fc.property(
      path,
      path,
      fc.constantFrom('f', 'd', 'l', 'h'),
      fc.bigInt(-(2n ** 62n), 2n ** 62n),
      (name, target, kind, time) => {
        const entry: FileEntry = {
          ...file,
          path: name,
          kind,
          mtimeNs: String(time),
          hash: kind === 'f' ? file.hash : null,
          target: kind === 'l' || kind === 'h' ? target : null,
          holder: kind === 'f' ? 2 : -1,
          offset: kind === 'f' ? 1536 : -1,
        };
        expect(decodeEntry(encodeEntry(entry), 'list')).toEqual(entry);
      },
    ),
  );
});

test('a line is one line of JSON with the documented members', () => {
  expect(encodeEntry(file)).toBe(
    `{"p":"data/a","k":"f","s":5,"m":420,"t":"1700000000123456789","c":"1700000000000000001","i":"2049:77","u":1000,"g":100,"U":"ann","G":"users","h":"${'ab'.repeat(32)}","b":2,"o":1536}`,
  );
  expect(encodeEntry({ ...file, path: 'data/\xff\n' })).toContain('"pb":"ZGF0YS//Cg=="');
  expect(encodeEntry({ ...file, path: fromText('data/ü') })).toContain('"p":"data/ü"');
  expect(encodeEntry({ ...file, kind: 'x' })).toBe('{"p":"data/a","k":"x"}');
});

test('paths are ordered as a depth-first walk meets them', () => {
  const walked = ['a', 'a/b', 'a/b/c', 'a/b.c', 'a/ba', 'a b', 'a-b', 'a.txt', 'ab', 'b', '\xc3', '\xff'];
  const shuffled = [...walked].reverse();

  expect(shuffled.sort(comparePaths)).toEqual(walked);
});

test('the order is a total order and agrees with comparing segment by segment', () => {
  const bySegments = (a: string, b: string): number => {
    const x = a.split('/');
    const y = b.split('/');
    for (let i = 0; i < Math.min(x.length, y.length); i += 1)
      if (x[i] !== y[i]) return (x[i] ?? '') < (y[i] ?? '') ? -1 : 1;
    return Math.sign(x.length - y.length);
  };
  fc.assert(fc.property(path, path, (a, b) => Math.sign(comparePaths(a, b)) === bySegments(a, b)));
});

test.each([
  ['{"p":"../a","k":"d"}', 'unsafe_archive'],
  ['{"p":"/a","k":"d"}', 'unsafe_archive'],
  ['{"p":"a//b","k":"d"}', 'unsafe_archive'],
  ['{"p":"a/./b","k":"d"}', 'unsafe_archive'],
  ['{"p":"a\\u0000b","k":"d"}', 'unsafe_archive'],
  ['{"p":"a","k":"b"}', 'unsafe_archive'],
  [encodeEntry({ ...file, kind: 'h', target: '../b' }), 'unsafe_archive'],
  ['{"p":"a","k":"f"}', 'backup_corrupt'],
  ['{"k":"x"}', 'backup_corrupt'],
  ['{"p":"a"', 'backup_corrupt'],
  ['[]', 'backup_corrupt'],
  [encodeEntry(file).replace('"s":5', '"s":-5'), 'backup_corrupt'],
  [encodeEntry(file).replace('"m":420', '"m":4096'), 'backup_corrupt'],
  [encodeEntry(file).replace('abab', 'ABAB'), 'backup_corrupt'],
])('%s is refused as %s', (line, code) => {
  expect(() => decodeEntry(line, 'list')).toThrow(expect.objectContaining({ code }));
});

test('names that people read keep what is UTF-8 and mark what is not', () => {
  expect(toText(fromText('grün'))).toBe('grün');
  expect(toText('a\xff')).toBe('a\ufffd');
  expect(isSafePath('a/b')).toBe(true);
  expect(isSafePath('')).toBe(false);
});
