import { closeSync, fdatasync, fsyncSync, openSync, writeSync } from 'node:fs';
import { createSealer, type Sealer } from './crypto.ts';
import type { Frame, StoredFile } from './format.ts';
import { allocateFrame, type FrameCompressor } from './frame-threads.ts';
import { release, type CompressedFrame } from './frame-work.ts';

/** Bytes written between two early syncs. */
const earlySyncBytes = 32 * 2 ** 20;

export interface FrameWriterOptions {
  /** Absolute path of the file to create; it must not exist. */
  readonly path: string;
  /** Its name as the manifest tells it. */
  readonly name: string;
  /** A frame ends at the first write that brings it to this many raw bytes. */
  readonly frameBytes: number;
  /** One single write may exceed the end of a frame by this much. */
  readonly slackBytes: number;
  readonly compressor: FrameCompressor;
  /** Frames handed over and not yet written, at most. */
  readonly framesInFlight: number;
  /** Given each frame when it is handed over, before its buffer is used again; `full` is false for one that was cut short. */
  readonly onFrame: ((raw: Buffer, full: boolean) => Promise<void>) | null;
  /** Null: the file is not sealed. */
  readonly seal: { readonly key: Buffer; readonly salt: Buffer } | null;
}

/** What stands on disk when a writer has finished; `fileBytes` counts header and tags of a sealed file too. */
export interface WrittenFile {
  readonly stored: StoredFile;
  readonly fileBytes: number;
}

/**
 * One file of zstd frames. The caller fills `buffer` from `filled` on (or calls `put`), says so with `advance`, and awaits `next()`
 * whenever `full`. Frames are compressed in other threads while the caller goes on, written in order, at most `framesInFlight` at a time;
 * buffers are used again, so that memory stays bounded by one more than that. `next` and `finish` throw what writing threw.
 */
export class FrameWriter {
  buffer: Buffer;
  filled = 0;
  readonly #options: FrameWriterOptions;
  readonly #fd: number;
  readonly #sealer: Sealer | null;
  readonly #spare: Buffer[] = [];
  readonly #frames: Frame[] = [];
  #inFlight = 0;
  #tail: Promise<void> = Promise.resolve();
  #failure: { readonly error: unknown } | null = null;
  #wake: (() => void) | null = null;
  #storedBytes = 0;
  #fileBytes = 0;
  #rawBytes = 0;
  #unsynced = 0;
  #syncing: Promise<void> | null = null;

  constructor(options: FrameWriterOptions) {
    this.#options = options;
    this.buffer = this.#allocate();
    this.#fd = openSync(options.path, 'wx', 0o600);
    this.#sealer = options.seal === null ? null : createSealer(options.seal.key, options.seal.salt);
    if (this.#sealer !== null) this.#write(this.#sealer.header);
  }

  /** Offset in the raw stream of the next byte. */
  get position(): number {
    return this.#rawBytes + this.filled;
  }

  get full(): boolean {
    return this.filled >= this.#options.frameBytes;
  }

  /** Bytes that still belong to this frame. */
  get room(): number {
    return this.#options.frameBytes - this.filled;
  }

  /** The caller wrote that many bytes into `buffer` at `filled`. */
  advance(bytes: number): void {
    this.filled += bytes;
  }

  /** Takes one piece of at most `slackBytes`; call `next` first when `full`. */
  put(bytes: Buffer): void {
    bytes.copy(this.buffer, this.filled);
    this.filled += bytes.length;
  }

  /** Zeros: padding of at most `slackBytes`, or filling of at most `room`. */
  putZeros(bytes: number): void {
    this.buffer.fill(0, this.filled, this.filled + bytes);
    this.filled += bytes;
  }

  putText(text: string): void {
    this.filled += this.buffer.write(text, this.filled, 'utf8');
  }

  /** Hands the frame over and waits until a buffer is free for the following one. */
  async next(): Promise<void> {
    if (this.filled > 0) this.#submit();
    while (this.#inFlight >= this.#options.framesInFlight && this.#failure === null) {
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
    this.#rethrow();
  }

  /** Cuts the frame at hand short and waits until everything so far is compressed, looked at and written. */
  async flush(): Promise<void> {
    if (this.filled > 0) this.#submit();
    await this.#tail;
    this.#rethrow();
  }

  /** Ends the file: all frames written, fsynced, closed. */
  async finish(): Promise<WrittenFile> {
    await this.flush();
    // The descriptor must not be closed under a sync that still runs.
    await this.#syncing;
    this.#rethrow();
    if (this.#sealer !== null) this.#writeSealed(this.#sealer.finish());
    fsyncSync(this.#fd);
    closeSync(this.#fd);
    const { name, seal } = this.#options;
    const stored: StoredFile = {
      file: name,
      storedBytes: this.#storedBytes,
      rawBytes: this.#rawBytes,
      frames: this.#frames,
      ...(seal === null ? {} : { salt: seal.salt.toString('hex') }),
    };
    return { stored, fileBytes: this.#fileBytes };
  }

  #allocate(): Buffer {
    return this.#spare.pop() ?? allocateFrame(this.#options.frameBytes + this.#options.slackBytes);
  }

  #rethrow(): void {
    if (this.#failure !== null) throw this.#failure.error;
  }

  #submit(): void {
    const buffer = this.buffer;
    const raw = buffer.subarray(0, this.filled);
    const looked = this.#options.onFrame?.(raw, this.full);
    const compressed = this.#options.compressor.compress(buffer, raw.length, this.full);
    this.#rawBytes += raw.length;
    this.#inFlight += 1;
    // A failure is told by #settle; until its turn comes it must not count as unhandled.
    looked?.catch(() => undefined);
    compressed.catch(() => undefined);
    this.#tail = this.#tail.then(() => this.#settle(buffer, raw.length, compressed, looked));
    this.buffer = this.#allocate();
    this.filled = 0;
  }

  /** Runs for one frame after the other; never throws. */
  async #settle(
    buffer: Buffer,
    rawLength: number,
    compressed: Promise<CompressedFrame>,
    looked: Promise<void> | undefined,
  ): Promise<void> {
    try {
      const frame = await compressed;
      if (this.#failure === null) this.#store(frame, rawLength);
      await looked;
    } catch (error) {
      this.#failure ??= { error };
    }
    this.#spare.push(buffer);
    this.#inFlight -= 1;
    this.#wake?.();
  }

  #store({ bytes, sha256 }: CompressedFrame, rawLength: number): void {
    this.#frames.push([this.#storedBytes, bytes.length, rawLength, sha256]);
    this.#storedBytes += bytes.length;
    if (this.#sealer === null) this.#write(bytes);
    else this.#writeSealed(this.#sealer.append(bytes));
    this.#syncEarly();
  }

  #writeSealed(parts: readonly Buffer[]): void {
    for (const part of parts) {
      this.#write(part);
      release(part);
    }
  }

  #write(bytes: Uint8Array): void {
    for (let at = 0; at < bytes.length;) at += writeSync(this.#fd, bytes, at, bytes.length - at);
    this.#fileBytes += bytes.length;
    this.#unsynced += bytes.length;
  }

  /** Lets the disk work while the compressor does, so that the fsync at the end finds little left to do. */
  #syncEarly(): void {
    if (this.#syncing !== null || this.#unsynced < earlySyncBytes) return;
    this.#unsynced = 0;
    this.#syncing = new Promise((resolve) => {
      fdatasync(this.#fd, (error) => {
        this.#syncing = null;
        if (error !== null) this.#failure ??= { error };
        resolve();
      });
    });
  }
}
