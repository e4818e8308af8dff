import { hash } from 'node:crypto';
import { closeSync, fstatSync, openSync, read } from 'node:fs';
import { join } from 'node:path';
import { zstdDecompress } from 'node:zlib';
import { OpError } from '../../../contract/errors.ts';
import { openSealed, sealedSize, type SealedReader } from './crypto.ts';
import { hasCode } from './durable.ts';
import type { Frame, StoredFile } from './format.ts';

/** An archive or a file list of one backup, as the manifest announces it. */
export interface StoredSource {
  readonly folder: string;
  readonly backupId: string;
  readonly component: string;
  readonly stored: StoredFile;
  /** Null in a plain repository. */
  readonly key: Buffer | null;
}

export interface FrameReader {
  readonly frames: readonly Frame[];
  readonly rawBytes: number;
  /** Names the file in errors. */
  readonly where: string;
  /**
   * Raw bytes of one frame, decoded after the SHA-256 of its stored bytes was found right. Throws OpError `backup_corrupt`; may be
   * called again while other frames are on their way.
   */
  frame(index: number): Promise<Buffer>;
  /** The same without decoding: reads one frame and compares its SHA-256. */
  prove(index: number): Promise<void>;
  close(): void;
}

/** Below this a buffer may be a part of Buffer's pool, which must live on. */
const ownBufferBytes = 2 ** 17;

/**
 * Gives the memory of a decoded frame back at once. Waiting for the garbage collector would let tens of MiB of dead frames
 * pile up: it looks at external memory only now and then. Nothing may use the buffer, or a part of it, afterwards.
 */
export function releaseFrame(raw: Buffer): void {
  if (raw.length >= ownBufferBytes && raw.buffer instanceof ArrayBuffer) raw.buffer.transfer(0);
}

/** A damaged file, as OpError. */
export function damage(where: string, what: string, cause?: unknown): OpError {
  return new OpError('backup_corrupt', `${where}: ${what}`, cause === undefined ? {} : { cause });
}

/**
 * Opens the file and holds its size against the index: a file that was cut exactly at a frame's end, or that has bytes
 * after its last frame, would decode without complaint. Throws `backup_corrupt`, and system errors other than "missing".
 */
export function openFrames(source: StoredSource): FrameReader {
  const { stored, key } = source;
  const where = `${source.backupId}, component ${source.component}, ${stored.file}`;
  const fd = openStored(join(source.folder, stored.file), where);
  try {
    const size = fstatSync(fd).size;
    const expected = key === null ? stored.storedBytes : sealedSize(stored.storedBytes);
    if (size !== expected) throw damage(where, `has ${size} bytes, its index says ${expected}`);
    const sealed = key === null ? null : openSealed(fd, size, key, where);
    if (sealed !== null && sealed.salt.toString('hex') !== stored.salt) {
      throw damage(where, 'is sealed for another file (its salt is not the one in the manifest)');
    }
    return createReader(fd, sealed, stored, where);
  } catch (thrown) {
    closeSync(fd);
    throw thrown;
  }
}

function openStored(path: string, where: string): number {
  try {
    return openSync(path, 'r');
  } catch (cause) {
    if (hasCode(cause, 'ENOENT')) throw damage(where, 'is missing', cause);
    throw cause;
  }
}

function createReader(fd: number, sealed: SealedReader | null, stored: StoredFile, where: string): FrameReader {
  // An empty sealed file still has one chunk whose seal must hold.
  if (sealed?.plainBytes === 0) sealed.read(0, 0);

  // Room for stored bytes, used again: as many as there are reads under way.
  const spare: Buffer[] = [];

  async function storedBytes(index: number): Promise<Buffer> {
    const entry = stored.frames[index];
    if (entry === undefined) throw new RangeError(`${where}: no frame ${index}`);
    const [offset, length, , sha256] = entry;
    const bytes =
      sealed === null ? await readPlain(fd, offset, roomFor(spare, length), where) : sealed.read(offset, length);
    if (hash('sha256', bytes) !== sha256) throw damage(where, `frame ${index} was changed (its SHA-256 differs)`);
    return bytes;
  }

  return {
    frames: stored.frames,
    rawBytes: stored.rawBytes,
    where,
    frame: async (index) => decode(await storedBytes(index), stored.frames[index]?.[2] ?? 0, index, where),
    prove: async (index) => {
      await storedBytes(index);
    },
    close: () => closeSync(fd),
  };
}

/** A view of a spare buffer that is large enough, else of a new one with some room to spare itself. */
function roomFor(spare: Buffer[], length: number): Buffer {
  const found = spare.pop();
  if (found !== undefined && found.buffer.byteLength >= length) return Buffer.from(found.buffer, 0, length);
  return Buffer.allocUnsafeSlow(Math.ceil(length / 2 ** 18) * 2 ** 18).subarray(0, length);
}

/** Fills `bytes` from the offset on. */
function readPlain(fd: number, offset: number, bytes: Buffer, where: string): Promise<Buffer> {
  const { length } = bytes;
  return new Promise((resolve, reject) => {
    const readOn = (done: number): void => {
      read(fd, bytes, done, length - done, offset + done, (error, got) => {
        if (error) reject(error);
        else if (got === 0) reject(damage(where, `ends at byte ${offset + done}`));
        else if (done + got < length) readOn(done + got);
        else resolve(bytes);
      });
    };
    readOn(0);
  });
}

/**
 * Each frame is decoded on its own: Node 24's decoder stops silently after the first frame of a stream (26 reads on).
 * One byte of room beyond the raw length keeps zlib from allocating a second output buffer.
 */
function decode(bytes: Buffer, rawLength: number, index: number, where: string): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    zstdDecompress(bytes, { chunkSize: Math.max(64, rawLength + 1), maxOutputLength: rawLength }, (error, raw) => {
      if (error) reject(damage(where, `frame ${index} cannot be decoded: ${error.message}`, error));
      else if (raw.length !== rawLength)
        reject(damage(where, `frame ${index} gave ${raw.length} bytes instead of ${rawLength}`));
      else resolve(raw);
    });
  });
}

/**
 * All frames in order, decoded a few ahead. Ends early, with nothing left running unseen, when the consumer stops.
 * Throws `backup_corrupt`.
 */
export async function* readFrames(reader: FrameReader, from = 0, ahead = 2): AsyncGenerator<Buffer, void, undefined> {
  const waiting: Promise<Buffer>[] = [];
  let next = from;
  const request = (): void => {
    if (next >= reader.frames.length) return;
    const frame = reader.frame(next);
    // The failure is thrown where the frame is awaited; this only keeps an unread one from counting as unhandled.
    frame.catch(() => undefined);
    waiting.push(frame);
    next += 1;
  };
  try {
    for (let i = 0; i <= ahead; i += 1) request();
    for (let frame = waiting.shift(); frame !== undefined; frame = waiting.shift()) {
      const raw = await frame;
      request();
      yield raw;
    }
  } finally {
    // The file is closed by the caller: no read may be under way then.
    await Promise.allSettled(waiting);
  }
}
