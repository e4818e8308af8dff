import { encodeEntry, type FileEntry } from './entries.ts';
import type { FrameWriter } from './frame-write.ts';
import { Queue } from './queue.ts';

/** An entry that the writer made and completes as it learns more; copying one for every step would cost a tenth of the whole. */
export type OwnEntry = { -readonly [K in keyof FileEntry]: FileEntry[K] };

/** A line of the file list; those of stored files wait for their hash, and all after them for their turn. */
export interface Line {
  readonly entry: OwnEntry;
  state: 'ready' | 'unhashed' | 'dropped';
}

/** Lines that may wait for a hash before the archive's frame at hand is cut short to get it. */
const maxWaitingLines = 16384;

/**
 * Writes a file list in order, although the hashes of stored files come later from another thread. Adding a line never waits, as it happens for every file;
 * who adds calls `settle` whenever something is `due`, before the next item.
 */
export class ListWriter {
  /** Lines written, deletions not counted. */
  entries = 0;
  deleted = 0;
  readonly #files: FrameWriter;
  readonly #archive: Pick<FrameWriter, 'flush'>;
  readonly #waiting = new Queue<Line>();
  readonly #unhashed = new Queue<Line>();

  constructor(files: FrameWriter, archive: Pick<FrameWriter, 'flush'>) {
    this.#files = files;
    this.#archive = archive;
  }

  /** Says that a file is about to be stored, before its content: a frame that ends meanwhile may bring its hash. */
  announce(entry: OwnEntry): Line {
    const line: Line = { entry, state: 'unhashed' };
    this.#unhashed.push(line);
    return line;
  }

  /** Digests of announced files, in the order in which they were announced. */
  takeDigests(digests: readonly string[]): void {
    for (const hash of digests) {
      const line = this.#unhashed.shift();
      if (line === undefined) throw new RangeError('a digest without a file');
      line.entry.hash = hash;
      if (line.state === 'unhashed') line.state = 'ready';
    }
  }

  /** The next line of the list: an entry that is complete. */
  add(entry: OwnEntry): void {
    if (this.#waiting.size === 0 && !this.#files.full) this.#write(entry);
    else this.#waiting.push({ entry, state: 'ready' });
  }

  /** The next line of the list: one that was announced. */
  addLine(line: Line): void {
    this.#waiting.push(line);
  }

  /** Lines can be written, or too many of them wait: call `settle`. */
  get due(): boolean {
    return this.#waiting.size > maxWaitingLines || this.#isReady(this.#waiting.peek());
  }

  async settle(): Promise<void> {
    if (this.#waiting.size > maxWaitingLines) await this.#archive.flush();
    for (let line = this.#waiting.peek(); this.#isReady(line); line = this.#waiting.peek()) {
      this.#waiting.shift();
      if (this.#files.full) await this.#files.next();
      this.#write(line.entry);
    }
  }

  /** Writes the lines that waited for a hash; call when the archive is finished. */
  async end(): Promise<void> {
    await this.settle();
    if (this.#waiting.size > 0) throw new RangeError(`${this.#waiting.size} files were never hashed`);
  }

  #isReady(line: Line | undefined): line is Line {
    return line !== undefined && line.state !== 'unhashed';
  }

  #write(entry: FileEntry): void {
    this.#files.putText(`${encodeEntry(entry)}\n`);
    if (entry.kind === 'x') this.deleted += 1;
    else this.entries += 1;
  }
}
