import { availableParallelism } from 'node:os';
import type { Worker } from 'node:worker_threads';
import {
  compressFrame,
  frameBound,
  SegmentHasher,
  type CompressedFrame,
  type FrameAnswer,
  type FrameRequest,
  type Segments,
} from './frame-work.ts';
import { startThread } from '../../thread.ts';

type Job = Exclude<FrameRequest, { kind: 'buffer' }>;
type Waiting = PromiseWithResolvers<FrameAnswer>;
/** `Omit` over each member of a union. */
type Unnumbered<T> = T extends { readonly buffer: number } ? Omit<T, 'buffer'> : never;

/** One frame thread: takes frames in order and answers in order. */
class FrameThread {
  readonly #worker: Worker;
  /** Memory the thread knows, by the number it is known under. */
  readonly #buffers: ArrayBufferLike[] = [];
  #waiting: Waiting[] = [];

  constructor() {
    this.#worker = startThread(import.meta.url, 'frame-worker', {
      data: null,
      resourceLimits: { maxYoungGenerationSizeMb: 4 },
    });
    this.#worker.on('message', (answer: FrameAnswer) => this.#waiting.shift()?.resolve(answer));
    this.#worker.on('error', (error) => {
      for (const { reject } of this.#waiting.splice(0)) reject(error);
    });
  }

  get queued(): number {
    return this.#waiting.length;
  }

  run(raw: Buffer, job: Unnumbered<Job>): Promise<FrameAnswer> {
    const waiting = Promise.withResolvers<FrameAnswer>();
    const request: FrameRequest = { ...job, buffer: this.#numberOf(raw) };
    this.#waiting.push(waiting);
    this.#worker.postMessage(request);
    return waiting.promise;
  }

  async close(): Promise<void> {
    await this.#worker.terminate();
  }

  /** Frames begin where their memory begins. */
  #numberOf(raw: Buffer): number {
    const memory = raw.buffer;
    if (!(memory instanceof SharedArrayBuffer) || raw.byteOffset !== 0)
      throw new RangeError('a frame must fill shared memory from its begin');
    const known = this.#buffers.indexOf(memory);
    if (known >= 0) return known;
    const request: FrameRequest = { kind: 'buffer', memory };
    this.#worker.postMessage(request);
    return this.#buffers.push(memory) - 1;
  }
}

/** Shared memory for one frame: `rawBytes` to fill, and behind them room for what it compresses to. */
export function allocateFrame(rawBytes: number): Buffer {
  return Buffer.from(new SharedArrayBuffer(rawBytes + frameBound(rawBytes))).subarray(0, rawBytes);
}

export interface FrameCompressor {
  /**
   * The first `length` bytes of a buffer of `allocateFrame`, which must not change before this resolves; what it resolves to is valid as long as that
   * buffer is not used again. `full` is false for a frame that was cut short.
   */
  compress(buffer: Buffer, length: number, full: boolean): Promise<CompressedFrame>;
  close(): Promise<void>;
}

/**
 * Compresses in up to `concurrency` threads, no more than there are processors. They start with the first full frame, one after the other as work queues up;
 * what is smaller than that is compressed on the spot.
 */
export function createCompressor(level: number, concurrency: number): FrameCompressor {
  const most = Math.min(concurrency, availableParallelism());
  const threads: FrameThread[] = [];

  function idlest(): FrameThread {
    const best = threads.reduce<FrameThread | null>((a, b) => (a === null || b.queued < a.queued ? b : a), null);
    if (best !== null && (best.queued === 0 || threads.length >= most)) return best;
    const started = new FrameThread();
    threads.push(started);
    return started;
  }

  return {
    async compress(buffer, length, full) {
      if (!full && threads.length === 0) return compressFrame(buffer.subarray(0, length), level);
      const resultAt = buffer.length;
      const answer = await idlest().run(buffer, { kind: 'compress', length, level, resultAt });
      if (!('sha256' in answer)) throw new TypeError('a compressing thread answered with digests');
      return { bytes: Buffer.from(buffer.buffer, resultAt, answer.storedLength), sha256: answer.sha256 };
    },
    async close() {
      await Promise.all(threads.map((thread) => thread.close()));
    },
  };
}

/**
 * SHA-256 of what goes into an archive, beside the thread that reads it: hashing is the slowest step next to compression. Its thread starts with the
 * first full frame; a small backup never needs it. Digests arrive in the order in which files end.
 */
export class ContentHasher {
  readonly #onDigests: (digests: readonly string[]) => void;
  readonly #inline = new SegmentHasher();
  #thread: FrameThread | null = null;
  #segments: number[] = [];

  constructor(onDigests: (digests: readonly string[]) => void) {
    this.#onDigests = onDigests;
  }

  /** Tells that content of the file at hand fills `[begin, end)` of the frame at hand. */
  add(begin: number, end: number, ends: boolean): void {
    this.#segments.push(begin, end, ends ? 1 : 0);
  }

  /** Hashes what was added since the last frame; `raw` must not change before this resolves. */
  async frame(raw: Buffer, full: boolean): Promise<void> {
    const segments: Segments = this.#segments;
    this.#segments = [];
    if (!full && this.#thread === null) {
      this.#onDigests(this.#inline.run(raw, segments));
      return;
    }
    this.#thread ??= new FrameThread();
    const answer = await this.#thread.run(raw, { kind: 'hash', segments });
    if (!('digests' in answer)) throw new TypeError('the hashing thread answered with a frame');
    this.#onDigests(answer.digests);
  }

  async close(): Promise<void> {
    await this.#thread?.close();
  }
}
