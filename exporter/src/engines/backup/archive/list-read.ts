import { decodeEntry, type FileEntry } from './entries.ts';
import { openFrames, readFrames, damage, type StoredSource } from './frame-read.ts';
import type { Frame } from './format.ts';

/** Lines decoded in one go: small enough that what they become is collected young. */
const batchLines = 500;
/** A path is 4 KiB at most, base64 and JSON escapes blow it up: longer lines are damage, not data. */
const maxLineBytes = 2 ** 17;

/** Where in the raw list a batch's entries begin, for cursors. */
export interface ListBatch {
  readonly entries: readonly FileEntry[];
  /** Raw offset of each entry's line. */
  readonly offsets: readonly number[];
}

/**
 * Entries of a file list in batches, never the whole list. `fromOffset` is the raw offset of a line, as `offsets` told it.
 * Throws OpError `backup_corrupt`, `unsafe_archive`.
 */
export async function* readList(source: StoredSource, fromOffset = 0): AsyncGenerator<ListBatch, void, undefined> {
  const reader = openFrames(source);
  try {
    const start = frameAt(reader.frames, fromOffset);
    let at = start.rawOffset;
    let rest: Buffer = Buffer.alloc(0);
    for await (const frame of readFrames(reader, start.index)) {
      const bytes = rest.length === 0 ? frame : Buffer.concat([rest, frame]);
      const end = bytes.lastIndexOf(10) + 1;
      yield* batches(bytes.subarray(0, end), at, fromOffset, reader.where);
      at += end;
      rest = bytes.subarray(end);
      if (rest.length > maxLineBytes) throw damage(reader.where, `the line at byte ${at} is too long`);
    }
    if (rest.length > 0) throw damage(reader.where, 'the last line was cut off');
  } finally {
    reader.close();
  }
}

function frameAt(frames: readonly Frame[], offset: number): { index: number; rawOffset: number } {
  let rawOffset = 0;
  let index = 0;
  for (const frame of frames) {
    if (rawOffset + frame[2] > offset) break;
    rawOffset += frame[2];
    index += 1;
  }
  return { index, rawOffset };
}

function* batches(bytes: Buffer, at: number, fromOffset: number, where: string): Generator<ListBatch, void, undefined> {
  let entries: FileEntry[] = [];
  let offsets: number[] = [];
  for (let start = Math.max(0, fromOffset - at); start < bytes.length;) {
    const end = bytes.indexOf(10, start);
    entries.push(decodeEntry(bytes.toString('utf8', start, end), where));
    offsets.push(at + start);
    start = end + 1;
    if (entries.length === batchLines) {
      yield { entries, offsets };
      entries = [];
      offsets = [];
    }
  }
  if (entries.length > 0) yield { entries, offsets };
}
