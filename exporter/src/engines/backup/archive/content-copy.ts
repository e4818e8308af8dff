import { createHash } from 'node:crypto';
import { closeSync, constants, openSync, readSync, type BigIntStats, type Stats } from 'node:fs';
import type { BackupWarning } from '../../../contract/backup.ts';
import { errnoOf, messageOf } from './errno.ts';
import type { ContentHasher } from './frame-threads.ts';
import type { FrameWriter } from './frame-write.ts';
import type { WalkItem } from './walk.ts';

/** Reading the files of the source, whatever happens to them meanwhile. */

export type Warn = (kind: BackupWarning['kind'], path: string, message: string) => void;

/** Symbolic links are not followed, and a FIFO that took a file's place must not block us. */
const openFlags = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK;
/** Source bytes read between two looks at the bandwidth limit. */
const throttledReadBytes = 2 ** 20;

/** Null, and a warning, when it cannot be opened. */
export function openSource(item: WalkItem, warn: Warn): number | null {
  try {
    return openSync(item.access, openFlags);
  } catch (cause) {
    const errno = errnoOf(cause);
    const replaced = errno === 'ELOOP' || errno === 'ENXIO';
    if (errno === 'ENOENT') warn('vanished', item.path, 'the file vanished before it could be read');
    else if (replaced) warn('changed', item.path, 'something else took its place before it could be read');
    else warn('unreadable', item.path, messageOf(cause));
    return null;
  }
}

export interface CopyTarget {
  readonly archive: FrameWriter;
  readonly hasher: ContentHasher;
  /** Waits as long as the bandwidth limit asks for after that many source bytes. */
  readonly throttle: ((bytes: number) => Promise<void>) | null;
  readonly warn: Warn;
}

/** `short`: it ended early; `failed`: reading it stopped with an error, which was warned of. */
export type CopyState = 'whole' | 'short' | 'failed';

/** A file that fits into the frame at hand; see `copyLarge`. */
export function copySmall(fd: number, item: WalkItem, target: CopyTarget): CopyState {
  const { archive, hasher, warn } = target;
  const begin = archive.filled;
  let state: CopyState = 'whole';
  for (let left = Number(item.stat.size); left > 0;) {
    const got = readInto(archive, fd, item, left, warn);
    if (got === null || got === 0) {
      state = got === null ? 'failed' : 'short';
      archive.putZeros(left);
      break;
    }
    archive.advance(got);
    left -= got;
  }
  hasher.add(begin, archive.filled, true);
  return state;
}

/** Exactly the announced size goes into the archive: a file that shrank is filled up with zeros, one that grew is cut. */
export async function copyLarge(fd: number, item: WalkItem, target: CopyTarget): Promise<CopyState> {
  const { archive, hasher, throttle } = target;
  let state: CopyState = 'whole';
  let begin = archive.filled;
  for (let left = Number(item.stat.size); left > 0;) {
    if (archive.full) {
      hasher.add(begin, archive.filled, false);
      await archive.next();
      begin = 0;
    }
    const want = Math.min(left, archive.room, throttle === null ? left : throttledReadBytes);
    const got: number | null = state === 'whole' ? readInto(archive, fd, item, want, target.warn) : null;
    if (state === 'whole' && (got === null || got === 0)) state = got === null ? 'failed' : 'short';
    if (got === null || got === 0) archive.putZeros(want);
    else archive.advance(got);
    left -= got === null || got === 0 ? want : got;
    if (throttle !== null && got !== null) await throttle(got);
  }
  hasher.add(begin, archive.filled, true);
  return state;
}

function readInto(archive: FrameWriter, fd: number, item: WalkItem, want: number, warn: Warn): number | null {
  try {
    return readSync(fd, archive.buffer, archive.filled, want, null);
  } catch (cause) {
    warn('unreadable', item.path, `reading stopped half way: ${messageOf(cause)}`);
    return null;
  }
}

/** Reads the file whole; one that cannot be read has not the same content, so that storing it tells why. */
export function hasContent(item: WalkItem, sha256: string | null): boolean {
  const fd = openSource(item, () => undefined);
  if (fd === null) return false;
  try {
    const hash = createHash('sha256');
    const buffer = Buffer.allocUnsafe(2 ** 16);
    for (let got = readSync(fd, buffer); got > 0; got = readSync(fd, buffer)) hash.update(buffer.subarray(0, got));
    return hash.digest('hex') === sha256;
  } catch (error) {
    if (errnoOf(error) === null) throw error;
    return false;
  } finally {
    closeSync(fd);
  }
}

/**
 * Whether the file that was read is not the one that was announced any more. Times are compared as Node's milliseconds with a fraction (exact to a quarter
 * of a microsecond, far below the kernel's clock tick): a second set of big integers for every file would cost more than reading it.
 */
export function hasChanged(before: BigIntStats, after: Stats): boolean {
  return (
    after.size !== Number(before.size) ||
    after.ino !== Number(before.ino) ||
    after.dev !== Number(before.dev) ||
    !isSameTime(before.mtimeNs, after.mtimeMs) ||
    !isSameTime(before.ctimeNs, after.ctimeMs)
  );
}

function isSameTime(ns: bigint, ms: number): boolean {
  return Math.abs(Number(ns) / 1e6 - ms) < 0.001;
}

/** Longest tick of the clock by which the kernel stamps files (CONFIG_HZ=100), twice. */
const tickMs = 20;

/**
 * Whether the file could be changed once more after it was read without its times showing it, because both fall into one tick of the kernel's clock.
 * A ctime that lies ahead (a clock was set back) cannot be trusted either.
 */
export function isFresh(stat: BigIntStats, nowMs: number): boolean {
  return nowMs - Number(stat.ctimeNs) / 1e6 < tickMs;
}
