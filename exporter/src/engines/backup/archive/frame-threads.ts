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

/** Takes frames in order and answers in order. */
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

/**
 * The threads of one archive: up to `concurrency`, no more than there are processors. They start with the first full frame, one after the other as work
 * queues up; what is smaller than that is done on the spot, and needs none.
 */
export class FrameThreads {
  readonly #most: number;
  readonly #threads: FrameThread[] = [];

  constructor(concurrency: number) {
    this.#most = Math.max(1, Math.min(concurrency, availableParallelism()));
  }

  get running(): boolean {
    return this.#threads.length > 0;
  }

  /** Always the same one: for work that must be done in order. It takes its share of the other work too, as far as its queue lets it. */
  first(): FrameThread {
    return this.#threads[0] ?? this.#start();
  }

  /** One that has nothing to do, or when all are started, the one with the shortest queue. */
  idlest(): FrameThread {
    const best = this.#threads.reduce<FrameThread | null>((a, b) => (a === null || b.queued < a.queued ? b : a), null);
    return best !== null && (best.queued === 0 || this.#threads.length >= this.#most) ? best : this.#start();
  }

  async close(): Promise<void> {
    await Promise.all(this.#threads.map((thread) => thread.close()));
  }

  #start(): FrameThread {
    const started = new FrameThread();
    this.#threads.push(started);
    return started;
  }
}

export interface FrameCompressor {
  /**
   * The first `length` bytes of a buffer of `allocateFrame`, which must not change before this resolves; what it resolves to is valid as long as that
   * buffer is not used again. `full` is false for a frame that was cut short.
   */
  compress(buffer: Buffer, length: number, full: boolean): Promise<CompressedFrame>;
}

export function createCompressor(level: number, threads: FrameThreads): FrameCompressor {
  return {
    async compress(buffer, length, full) {
      if (!full && !threads.running) return compressFrame(buffer.subarray(0, length), level);
      const resultAt = buffer.length;
      const answer = await threads.idlest().run(buffer, { kind: 'compress', length, level, resultAt });
      if (!('sha256' in answer)) throw new TypeError('a compressing thread answered with digests');
      return { bytes: Buffer.from(buffer.buffer, resultAt, answer.storedLength), sha256: answer.sha256 };
    },
  };
}

/**
 * SHA-256 of what goes into an archive, beside the thread that reads it: hashing costs about as much as compression. A content runs on from frame to frame,
 * so that one thread hashes them all; it has no thread of its own, because to start one costs as much as to hash 16 MiB. Digests arrive in the order in which
 * files end.
 */
export class ContentHasher {
  readonly #threads: FrameThreads;
  readonly #onDigests: (digests: readonly string[]) => void;
  readonly #inline = new SegmentHasher();
  #segments: number[] = [];

  constructor(threads: FrameThreads, onDigests: (digests: readonly string[]) => void) {
    this.#threads = threads;
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
    if (!full && !this.#threads.running) {
      this.#onDigests(this.#inline.run(raw, segments));
      return;
    }
    const answer = await this.#threads.first().run(raw, { kind: 'hash', segments });
    if (!('digests' in answer)) throw new TypeError('the hashing thread answered with a frame');
    this.#onDigests(answer.digests);
  }
}
