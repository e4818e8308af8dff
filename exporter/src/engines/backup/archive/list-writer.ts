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

/** Writes a file list in order, although the hashes of stored files come later from another thread. */
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

  /** The next line of the list: an entry that is complete, or a line that was announced. */
  async add(entry: OwnEntry): Promise<void> {
    if (this.#waiting.size === 0) await this.#write(entry);
    else await this.addLine({ entry, state: 'ready' });
  }

  async addLine(line: Line): Promise<void> {
    this.#waiting.push(line);
    if (this.#waiting.size > maxWaitingLines) await this.#archive.flush();
    await this.#writeReady();
  }

  /** Writes the lines that waited for a hash; call when the archive is finished. */
  async end(): Promise<void> {
    await this.#writeReady();
    if (this.#waiting.size > 0) throw new RangeError(`${this.#waiting.size} files were never hashed`);
  }

  async #writeReady(): Promise<void> {
    for (
      let line = this.#waiting.peek();
      line !== undefined && line.state !== 'unhashed';
      line = this.#waiting.peek()
    ) {
      this.#waiting.shift();
      await this.#write(line.entry);
    }
  }

  async #write(entry: FileEntry): Promise<void> {
    if (this.#files.full) await this.#files.next();
    this.#files.putText(`${encodeEntry(entry)}\n`);
    if (entry.kind === 'x') this.deleted += 1;
    else this.entries += 1;
  }
}
