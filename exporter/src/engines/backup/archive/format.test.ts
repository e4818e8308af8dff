import fc from 'fast-check';
import { parseManifest, recordOf, serialiseManifest, type Manifest } from './format.ts';

const macKey = Buffer.alloc(32, 3);
const hash = 'cd'.repeat(32);
const plain: Manifest = {
  format: 1,
  id: 'backup_20261122_030000_00000002',
  service: 'shop',
  engine: 'archive',
  type: 'incremental',
  parent: 'backup_20261122_020000_00000001',
  chain: ['backup_20261122_030000_00000002', 'backup_20261122_020000_00000001'],
  startedAt: '2026-11-22T03:00:00.000Z',
  endedAt: '2026-11-22T03:00:05.000Z',
  status: 'completed_with_warnings',
  encryption: null,
  auditHead: { count: 4, hash, at: '2026-11-22T02:59:00.000Z' },
  warnings: [{ kind: 'changed', path: 'data/log', message: 'the file changed while it was being read' }],
  warningCount: 1,
  components: [
    {
      name: 'data',
      status: 'completed_with_warnings',
      entries: 3,
      bytes: 700,
      addedBytes: 500,
      storedBytes: 320,
      warnings: 1,
      skipped: { socket: 1 },
      error: null,
      roots: [{ name: 'data', path: '/srv/data', kind: 'directory' }],
      archive: {
        file: 'data.tar.zst',
        storedBytes: 220,
        rawBytes: 4096,
        frames: [
          [0, 100, 2048, hash],
          [100, 120, 2048, hash],
        ],
      },
      files: { file: 'data.files.zst', storedBytes: 100, rawBytes: 600, frames: [[0, 100, 600, hash]] },
      deleted: 1,
    },
  ],
};
const sealed: Manifest = {
  ...plain,
  encryption: { scheme: 'genesis-stream-1', keyFingerprint: 'ef'.repeat(16) },
  components: plain.components.map((c) => ({
    ...c,
    archive: { ...c.archive, file: 'data.tar.zst.sealed', salt: hash },
    files: { ...c.files, file: 'data.files.zst.sealed', salt: hash },
  })),
};
const corrupt = expect.objectContaining({ code: 'backup_corrupt' });

test.each([
  ['plain', plain, null],
  ['sealed', sealed, macKey],
])('a %s manifest comes back, with the checksum of its first line', (_, manifest, key) => {
  const { bytes, checksum } = serialiseManifest(manifest, key);

  expect(parseManifest(bytes, key, 'm')).toEqual({ manifest, checksum });
  expect(bytes.toString('utf8').split('\n')).toHaveLength(3);
});

test.each([
  ['plain', plain, null],
  ['sealed', sealed, macKey],
])('every flipped bit and every cut of a %s manifest is caught', (_, manifest, key) => {
  const { bytes } = serialiseManifest(manifest, key);
  fc.assert(
    fc.property(fc.nat(bytes.length - 1), fc.nat(7), (at, bit) => {
      const broken = Buffer.from(bytes);
      broken[at] = (broken[at] ?? 0) ^ (1 << bit);
      expect(() => parseManifest(broken, key, 'm')).toThrow(corrupt);
    }),
  );
  fc.assert(
    fc.property(fc.nat(bytes.length - 1), (length) => {
      expect(() => parseManifest(bytes.subarray(0, length), key, 'm')).toThrow(corrupt);
    }),
  );
});

test('whoever has no key cannot pass off a manifest of their own', () => {
  const forged = serialiseManifest({ ...sealed, warningCount: 0 }, Buffer.alloc(32, 4)).bytes;
  const unsigned = serialiseManifest(plain, null).bytes;

  expect(() => parseManifest(forged, macKey, 'm')).toThrow(/without the key/);
  expect(() => parseManifest(unsigned, macKey, 'm')).toThrow(/without the key/);
  expect(parseManifest(serialiseManifest(sealed, macKey).bytes, null, 'm').manifest).toEqual(sealed);
});

test.each<[string, Partial<Manifest> | object]>([
  ['a chain that does not begin with the backup', { chain: [plain.chain[1]] }],
  ['a chain without the parent', { chain: [plain.id] }],
  ['a chain with a loop', { chain: [...plain.chain, plain.id] }],
  [
    'a file elsewhere',
    {
      components: [{ ...plain.components[0], archive: { ...plain.components[0]?.archive, file: '../../etc/shadow' } }],
    },
  ],
  [
    'frames with a gap',
    {
      components: [
        {
          ...plain.components[0],
          files: { file: 'data.files.zst', storedBytes: 100, rawBytes: 600, frames: [[1, 99, 600, hash]] },
        },
      ],
    },
  ],
  [
    'frames that do not fill the file',
    {
      components: [
        {
          ...plain.components[0],
          files: { file: 'data.files.zst', storedBytes: 101, rawBytes: 600, frames: [[0, 100, 600, hash]] },
        },
      ],
    },
  ],
  [
    'a frame larger than any',
    {
      components: [
        {
          ...plain.components[0],
          files: { file: 'data.files.zst', storedBytes: 100, rawBytes: 2 ** 30, frames: [[0, 100, 2 ** 30, hash]] },
        },
      ],
    },
  ],
  ['a component twice', { components: [...plain.components, ...plain.components] }],
  [
    'a root that climbs',
    { components: [{ ...plain.components[0], roots: [{ name: '..', path: '/srv', kind: 'directory' }] }] },
  ],
  ['a service that climbs', { service: '../x' }],
])('%s is refused although the checksum holds', (_, change) => {
  const { bytes } = serialiseManifest({ ...plain, ...change } as Manifest, null);

  expect(() => parseManifest(bytes, null, 'm')).toThrow(corrupt);
});

test('a later format is named as such', () => {
  const { bytes } = serialiseManifest({ ...plain, format: 2 } as unknown as Manifest, null);

  expect(() => parseManifest(bytes, null, 'm')).toThrow(expect.objectContaining({ code: 'format_unknown' }));
});

test('the catalogue record adds up the components', () => {
  const { checksum } = serialiseManifest(plain, null);

  expect(recordOf(plain, checksum)).toMatchObject({
    id: plain.id,
    entries: 3,
    bytes: 700,
    addedBytes: 500,
    storedBytes: 320,
    encrypted: false,
    checksum,
    warningCount: 1,
  });
  expect(recordOf(sealed, checksum)).toMatchObject({ encrypted: true, keyFingerprint: 'ef'.repeat(16) });
  expect(Object.keys(recordOf(plain, checksum).components[0] ?? {})).not.toContain('archive');
});
