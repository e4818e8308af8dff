import { jest } from '@jest/globals';
import { closeSync, mkdtempSync, openSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import {
  chunkBytes,
  createSealer,
  deriveKey,
  keyFingerprint,
  manifestMacKey,
  openSealed,
  plainSize,
  sealBuffer,
  sealedSize,
  sealHeaderBytes,
  tagBytes,
} from './crypto.ts';

// Threads start slowly on a busy machine.
jest.setTimeout(60_000);

const key = Buffer.alloc(32, 7);
const salt = Buffer.alloc(32, 9);
const sealedChunk = chunkBytes + tagBytes;
let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'genesis-crypto-'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Opens these bytes as a sealed file and reads all of it. */
function openAll(sealed: Buffer, withKey = key): Buffer {
  const path = join(folder, 'sealed');
  writeFileSync(path, sealed);
  const fd = openSync(path, 'r');
  try {
    const reader = openSealed(fd, sealed.length, withKey, 'sealed');
    return reader.read(0, reader.plainBytes);
  } finally {
    closeSync(fd);
  }
}

/** Position-dependent content, so that no two chunks are alike. */
function content(length: number): Buffer {
  const bytes = Buffer.alloc(length);
  for (let i = 0; i + 4 <= length; i += 997) bytes.writeUInt32BE(i, i);
  return bytes;
}

test.each([0, 1, chunkBytes - 1, chunkBytes, chunkBytes + 1, 3 * chunkBytes])(
  '%i bytes come back, and sizes are as computed',
  (length) => {
    const plain = content(length);

    const sealed = sealBuffer(key, salt, plain);

    expect(sealed.length).toBe(sealedSize(length));
    expect(plainSize(sealed.length)).toBe(length);
    expect(openAll(sealed).equals(plain)).toBe(true);
  },
);

test('appending in pieces gives the same file', () => {
  const plain = content(2 * chunkBytes + 77);
  const sealer = createSealer(key, salt);
  const parts = [sealer.header];
  for (let at = 0; at < plain.length; at += 300_001) parts.push(...sealer.append(plain.subarray(at, at + 300_001)));

  const sealed = Buffer.concat([...parts, ...sealer.finish()]);

  expect(sealed.equals(sealBuffer(key, salt, plain))).toBe(true);
});

test('any range can be read by itself', () => {
  const plain = content(3 * chunkBytes + 1000);
  const sealed = sealBuffer(key, salt, plain);
  const path = join(folder, 'ranges');
  writeFileSync(path, sealed);
  const fd = openSync(path, 'r');
  const reader = openSealed(fd, sealed.length, key, 'ranges');
  fc.assert(
    fc.property(fc.nat(plain.length), fc.nat(2 * chunkBytes), (offset, wanted) => {
      const length = Math.min(wanted, plain.length - offset);
      return reader.read(offset, length).equals(plain.subarray(offset, offset + length));
    }),
    { numRuns: 30 },
  );
  expect(() => reader.read(plain.length, 1)).toThrow(expect.objectContaining({ code: 'backup_corrupt' }));
  closeSync(fd);
});

test('every flipped bit is caught', () => {
  const plain = content(chunkBytes + 1000);
  const sealed = sealBuffer(key, salt, plain);
  fc.assert(
    fc.property(fc.nat(sealed.length - 1), fc.nat(7), (at, bit) => {
      const broken = Buffer.from(sealed);
      broken[at] = (broken[at] ?? 0) ^ (1 << bit);
      expect(() => openAll(broken)).toThrow(expect.objectContaining({ code: 'backup_corrupt' }));
    }),
    { numRuns: 40 },
  );
});

test('every cut is caught, also exactly at a chunk', () => {
  const sealed = sealBuffer(key, salt, content(3 * chunkBytes));
  const cuts = fc.oneof(
    fc.nat(sealed.length - 1),
    fc.constantFrom(0, 1, 2).map((n) => sealHeaderBytes + n * sealedChunk),
  );
  fc.assert(
    fc.property(cuts, (length) => {
      expect(() => openAll(sealed.subarray(0, length))).toThrow(expect.objectContaining({ code: 'backup_corrupt' }));
    }),
    { numRuns: 30 },
  );
});

test('reordered, dropped and repeated chunks are caught', () => {
  const sealed = sealBuffer(key, salt, content(4 * chunkBytes));
  const header = sealed.subarray(0, sealHeaderBytes);
  const chunks = [0, 1, 2, 3].map((i) =>
    sealed.subarray(sealHeaderBytes + i * sealedChunk, sealHeaderBytes + (i + 1) * sealedChunk),
  );
  const order = fc.array(fc.nat(3), { minLength: 1, maxLength: 5 }).filter((o) => o.join() !== '0,1,2,3');
  fc.assert(
    fc.property(order, (o) => {
      const broken = Buffer.concat([header, ...o.map((i) => chunks[i] ?? header)]);
      expect(() => openAll(broken)).toThrow(expect.objectContaining({ code: 'backup_corrupt' }));
    }),
    { numRuns: 30 },
  );
});

test('a chunk of another file, another salt or another key does not open', () => {
  const plain = content(1000);
  const other = sealBuffer(key, Buffer.alloc(32, 1), plain);

  expect(() =>
    openAll(
      Buffer.concat([sealBuffer(key, salt, plain).subarray(0, sealHeaderBytes), other.subarray(sealHeaderBytes)]),
    ),
  ).toThrow(/seal/);
  expect(() => openAll(other, Buffer.alloc(32, 8))).toThrow(expect.objectContaining({ code: 'backup_corrupt' }));
});

test('keys: hex as it is, passphrases through scrypt, one fingerprint each', () => {
  const hex = 'a1'.repeat(32);

  expect(deriveKey(hex).toString('hex')).toBe(hex);
  expect(deriveKey(` ${hex}\n`).toString('hex')).toBe(hex);
  // The documented derivation, computed by Python's hashlib.scrypt: a change would lock everybody out.
  expect(deriveKey('correct horse battery').toString('hex')).toBe(
    '0b52aa2b5d7dc1c16e8b50c1bfc5bd12bd8dace5bea2041fed54cbfd45668e4b',
  );
  expect(keyFingerprint(key)).toMatch(/^[0-9a-f]{32}$/);
  expect(keyFingerprint(key)).not.toBe(keyFingerprint(salt));
  expect(manifestMacKey(key).equals(key)).toBe(false);
});
