import { createHash, hash as hashOnce, type Hash } from 'node:crypto';
import { constants, zstdCompressSync } from 'node:zlib';

/** Where content of files lies in one frame: begin, end, and 1 when the file ends there (else it goes on in the next frame); flat triples. */
export type Segments = readonly number[];

/**
 * What a frame thread is asked. A buffer is sent once and named by its number afterwards: another view of the same shared memory in every
 * message would be counted as new memory by the garbage collector.
 */
export type FrameRequest =
  | { readonly kind: 'buffer'; readonly memory: SharedArrayBuffer }
  /** The result is put at `resultAt` of the same buffer. */
  | {
      readonly kind: 'compress';
      readonly buffer: number;
      readonly length: number;
      readonly level: number;
      readonly resultAt: number;
    }
  | { readonly kind: 'hash'; readonly buffer: number; readonly segments: Segments };

export type FrameAnswer =
  { readonly storedLength: number; readonly sha256: string } | { readonly digests: readonly string[] };

/** Bytes that a frame of that many raw bytes takes at most when it does not compress. */
export function frameBound(rawBytes: number): number {
  return rawBytes + (rawBytes >> 8) + 1024;
}

export interface CompressedFrame {
  readonly bytes: Buffer;
  /** Of `bytes`, hex. */
  readonly sha256: string;
}

/**
 * One zstd frame with its content size in the header and the decoder's own checksum at the end. The synchronous call with room for any result
 * compresses in one pass from where the bytes lie; node:zlib's asynchronous one copies them through zstd's window and takes half as long again.
 */
export function compressFrame(raw: Buffer, level: number): CompressedFrame {
  const params = { [constants.ZSTD_c_compressionLevel]: level, [constants.ZSTD_c_checksumFlag]: 1 };
  const bytes = zstdCompressSync(raw, { params, chunkSize: frameBound(raw.length) });
  return { bytes, sha256: hashOnce('sha256', bytes) };
}

/**
 * Gives the memory of a result back at once. Left to the garbage collector, 64 MiB of them would pile up in every thread before it looks.
 * Small results lie in memory that Buffer shares out and must stay.
 */
export function release(bytes: Buffer): void {
  const memory = bytes.buffer;
  if (memory instanceof ArrayBuffer && memory.byteLength > 2 * Buffer.poolSize) memory.transfer(0);
}

/** Hashes contents that run across frames; frames must come in order. */
export class SegmentHasher {
  /** Of the file that goes on in the next frame. */
  #open: Hash | null = null;

  /** SHA-256 (hex) of every file that ends in this frame. */
  run(raw: Buffer, segments: Segments): string[] {
    const digests: string[] = [];
    for (let i = 0; i < segments.length; i += 3) {
      const content = raw.subarray(segments[i], segments[i + 1]);
      const ends = segments[i + 2] === 1;
      // One call for a file that lies in one frame; a streaming hash costs several times as much to set up.
      if (ends && this.#open === null) digests.push(hashOnce('sha256', content));
      else this.#open = (this.#open ?? createHash('sha256')).update(content);
      if (ends && this.#open !== null) {
        digests.push(this.#open.digest('hex'));
        this.#open = null;
      }
    }
    return digests;
  }
}
