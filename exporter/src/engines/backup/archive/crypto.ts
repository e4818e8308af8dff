import { createCipheriv, createDecipheriv, createHmac, hkdfSync, scryptSync } from 'node:crypto';
import { readSync } from 'node:fs';
import { OpError } from '../../../contract/errors.ts';

/** Name of the sealing scheme in markers and manifests: AES-256-GCM in the STREAM construction, 1 MiB chunks. */
export const sealScheme = 'genesis-stream-1';
export const sealMagic = Buffer.from('GENSEAL1', 'latin1');
export const saltBytes = 32;
/** Magic and salt, before the first chunk. */
export const sealHeaderBytes = sealMagic.length + saltBytes;
/** Plaintext bytes of every chunk but the last. */
export const chunkBytes = 2 ** 20;
export const tagBytes = 16;
const sealedChunkBytes = chunkBytes + tagBytes;
const empty = Buffer.alloc(0);

/**
 * Configured text to the 32-byte repository key: 64 hex digits as they are, anything else through scrypt
 * (N=2^15, r=8, p=1, constant salt, so that nothing but the text is needed on a bare machine: a passphrase has to be long and random).
 */
export function deriveKey(text: string): Buffer {
  const trimmed = text.trim();
  if (/^[0-9a-fA-F]{64}$/.test(trimmed)) return Buffer.from(trimmed, 'hex');
  return scryptSync(trimmed, 'genesis-repository-key-1', 32, { N: 2 ** 15, r: 8, p: 1, maxmem: 64 * 2 ** 20 });
}

/** 32 hex digits that name a key without telling it. */
export function keyFingerprint(key: Buffer): string {
  return createHmac('sha256', key).update('genesis-fingerprint').digest('hex').slice(0, 32);
}

/** Key of the manifests' HMAC-SHA256, derived so that it is never the sealing key itself. */
export function manifestMacKey(key: Buffer): Buffer {
  return Buffer.from(hkdfSync('sha256', key, empty, 'genesis-manifest-1', 32));
}

function streamKey(key: Buffer, salt: Buffer): Buffer {
  return Buffer.from(hkdfSync('sha256', key, salt, sealScheme, 32));
}

/** 7 zero bytes, 4 bytes of counter (big-endian), 1 on the last chunk: order, absence and cutting all break a tag. */
function nonce(counter: number, last: boolean): Buffer {
  const bytes = Buffer.alloc(12);
  bytes.writeUInt32BE(counter, 7);
  bytes[11] = last ? 1 : 0;
  return bytes;
}

export interface Sealer {
  /** First bytes of the sealed file. */
  readonly header: Buffer;
  /** Takes any number of plaintext bytes; returns the sealed chunks that became whole. The input may be reused afterwards. */
  append(plain: Buffer): Buffer[];
  /** The last chunk; nothing may be appended afterwards. */
  finish(): Buffer[];
}

/** Seals one file under `key` (32 bytes); `salt` is 32 random bytes, new for every file. */
export function createSealer(key: Buffer, salt: Buffer): Sealer {
  const fileKey = streamKey(key, salt);
  const pending = Buffer.allocUnsafe(chunkBytes);
  let filled = 0;
  let counter = 0;

  function seal(plain: Buffer, last: boolean): Buffer[] {
    const cipher = createCipheriv('aes-256-gcm', fileKey, nonce(counter, last));
    counter += 1;
    return [cipher.update(plain), cipher.final(), cipher.getAuthTag()];
  }

  function append(plain: Buffer): Buffer[] {
    const out: Buffer[] = [];
    let at = 0;
    while (at < plain.length) {
      // A full chunk waits until more arrives: only then it is known not to be the last.
      if (filled === chunkBytes) {
        out.push(...seal(pending, false));
        filled = 0;
      }
      const take = Math.min(chunkBytes - filled, plain.length - at);
      plain.copy(pending, filled, at, at + take);
      filled += take;
      at += take;
    }
    return out;
  }

  return { header: Buffer.concat([sealMagic, salt]), append, finish: () => seal(pending.subarray(0, filled), true) };
}

/** Size of the sealed file for that many plaintext bytes. */
export function sealedSize(plainBytes: number): number {
  return sealHeaderBytes + plainBytes + Math.max(1, Math.ceil(plainBytes / chunkBytes)) * tagBytes;
}

/** Plaintext bytes in a sealed file of that size; null when no sealed file can have it. */
export function plainSize(sealedBytes: number): number | null {
  const body = sealedBytes - sealHeaderBytes;
  if (body < tagBytes) return null;
  const chunks = Math.ceil(body / sealedChunkBytes);
  const lastBytes = body - (chunks - 1) * sealedChunkBytes - tagBytes;
  if (lastBytes < 0 || (lastBytes === 0 && chunks > 1)) return null;
  return body - chunks * tagBytes;
}

/** Fills `length` bytes from `position`, or fails as damage when the file ends before. */
function readExactly(fd: number, length: number, position: number, where: string): Buffer {
  const bytes = Buffer.allocUnsafe(length);
  let got = 0;
  while (got < length) {
    const n = readSync(fd, bytes, got, length - got, position + got);
    if (n === 0)
      throw new OpError(
        'backup_corrupt',
        `${where}: ends at byte ${position + got}, ${length - got} bytes are missing`,
      );
    got += n;
  }
  return bytes;
}

export interface SealedReader {
  /** Plaintext bytes of the whole file, from its size. */
  readonly plainBytes: number;
  /** Salt of the header (32 bytes), to compare with the manifest's. */
  readonly salt: Buffer;
  /** Plaintext `[offset, offset + length)`; every chunk it touches was opened and its tag held. Throws OpError `backup_corrupt`. */
  read(offset: number, length: number): Buffer;
}

/**
 * Random access to a sealed file that is open for reading and `sealedBytes` long. `where` names it in errors.
 * Whoever reads a file whole must read to `plainBytes`: that opens the last chunk, whose mark tells that nothing was cut off.
 */
export function openSealed(fd: number, sealedBytes: number, key: Buffer, where: string): SealedReader {
  const announced = plainSize(sealedBytes);
  if (announced === null)
    throw new OpError('backup_corrupt', `${where}: ${sealedBytes} bytes cannot be a sealed file, it was cut`);
  const plainBytes: number = announced;
  const header = readExactly(fd, sealHeaderBytes, 0, where);
  if (!header.subarray(0, sealMagic.length).equals(sealMagic))
    throw new OpError('backup_corrupt', `${where}: is not a sealed file`);
  const salt = header.subarray(sealMagic.length);
  const fileKey = streamKey(key, salt);
  const chunks = Math.max(1, Math.ceil(plainBytes / chunkBytes));
  let cached: { index: number; plain: Buffer } | null = null;

  function chunk(index: number): Buffer {
    if (cached?.index === index) return cached.plain;
    const last = index === chunks - 1;
    const size = last ? plainBytes - index * chunkBytes : chunkBytes;
    const sealed = readExactly(fd, size + tagBytes, sealHeaderBytes + index * sealedChunkBytes, where);
    const plain = openChunk(fileKey, index, last, sealed, where);
    cached = { index, plain };
    return plain;
  }

  function read(offset: number, length: number): Buffer {
    if (offset < 0 || length < 0 || offset + length > plainBytes) {
      throw new OpError(
        'backup_corrupt',
        `${where}: bytes ${offset} to ${offset + length} lie outside its ${plainBytes} bytes`,
      );
    }
    const parts: Buffer[] = [];
    const end = offset + length;
    // An empty file still has one chunk whose tag must hold.
    if (length === 0 && plainBytes === 0) chunk(0);
    for (let at = offset; at < end;) {
      const index = Math.floor(at / chunkBytes);
      const from = at - index * chunkBytes;
      const part = chunk(index).subarray(from, Math.min(chunkBytes, from + end - at));
      parts.push(part);
      at += part.length;
    }
    return parts.length === 1 && parts[0] !== undefined ? parts[0] : Buffer.concat(parts, length);
  }

  return { plainBytes, salt, read };
}

function openChunk(fileKey: Buffer, index: number, last: boolean, sealed: Buffer, where: string): Buffer {
  const decipher = createDecipheriv('aes-256-gcm', fileKey, nonce(index, last), { authTagLength: tagBytes });
  decipher.setAuthTag(sealed.subarray(sealed.length - tagBytes));
  const plain = decipher.update(sealed.subarray(0, sealed.length - tagBytes));
  try {
    decipher.final();
  } catch (cause) {
    throw new OpError('backup_corrupt', `${where}: chunk ${index} was changed, moved or cut (its seal does not hold)`, {
      cause,
    });
  }
  return plain;
}

/** One small file sealed whole, for the extras. */
export function sealBuffer(key: Buffer, salt: Buffer, plain: Buffer): Buffer {
  const sealer = createSealer(key, salt);
  return Buffer.concat([sealer.header, ...sealer.append(plain), ...sealer.finish()]);
}

/** Plaintext range of an open sealed file, for single reads; `openSealed` is cheaper for many. */
export function readSealed(
  fd: number,
  sealedBytes: number,
  key: Buffer,
  plainOffset: number,
  length: number,
  where: string,
): Buffer {
  return openSealed(fd, sealedBytes, key, where).read(plainOffset, length);
}
