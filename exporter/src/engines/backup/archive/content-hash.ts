import { createHash, hash as hashOnce, type Hash } from 'node:crypto';
import { Worker } from 'node:worker_threads';

/** Where content of files lies in one frame: begin, end, and 1 when the file ends there (else it goes on in the next frame); flat triples. */
export type Segments = readonly number[];

/** Hashes contents that run across frames; frames must come in order. */
export class SegmentHasher {
  /** Of the file that goes on in the next frame. */
  #open: Hash | null = null;

  /** SHA-256 (hex) of every file that ends in this frame. */
  run(raw: Uint8Array, segments: Segments): string[] {
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

/** A buffer is sent once: another view of the same shared memory in every message would be counted as new memory by the garbage collector. */
export type HashRequest =
  | { readonly kind: 'buffer'; readonly memory: SharedArrayBuffer }
  | { readonly kind: 'frame'; readonly buffer: number; readonly segments: Segments };

/** Sources run as .ts, a packed install as .js: the worker lies beside this file under the same ending. */
const ending = import.meta.url.endsWith('.ts') ? '.ts' : '.js';

/**
 * SHA-256 of what goes into an archive, beside the thread that reads it: hashing is the slowest step after compression. The thread starts with the
 * first full frame; a small backup never needs it. Frames must lie in shared memory. Digests arrive in the order in which files end.
 */
export class ContentHasher {
  readonly #onDigests: (digests: readonly string[]) => void;
  readonly #inline = new SegmentHasher();
  readonly #waiting: { readonly resolve: () => void; readonly reject: (error: unknown) => void }[] = [];
  /** Memory the worker knows, by the number it is known under. */
  readonly #buffers: ArrayBufferLike[] = [];
  #worker: Worker | null = null;
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
    const segments = this.#segments;
    this.#segments = [];
    if (!full && this.#worker === null) {
      this.#onDigests(this.#inline.run(raw, segments));
      return;
    }
    this.#worker ??= this.#start();
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    this.#waiting.push({ resolve, reject });
    this.#post({ kind: 'frame', buffer: this.#bufferOf(raw), segments });
    await promise;
  }

  async close(): Promise<void> {
    await this.#worker?.terminate();
  }

  #post(request: HashRequest): void {
    this.#worker?.postMessage(request);
  }

  /** Frames begin where their memory begins. */
  #bufferOf(raw: Buffer): number {
    const memory = raw.buffer;
    if (!(memory instanceof SharedArrayBuffer) || raw.byteOffset !== 0) throw new RangeError('a frame to be hashed must fill shared memory from its begin');
    const known = this.#buffers.indexOf(memory);
    if (known >= 0) return known;
    this.#post({ kind: 'buffer', memory });
    return this.#buffers.push(memory) - 1;
  }

  #start(): Worker {
    const worker = new Worker(new URL(`./hash-worker${ending}`, import.meta.url), { env: {}, execArgv: [] });
    worker.on('message', (digests: readonly string[]) => {
      this.#onDigests(digests);
      this.#waiting.shift()?.resolve();
    });
    worker.on('error', (error) => {
      for (const { reject } of this.#waiting.splice(0)) reject(error);
    });
    return worker;
  }
}
