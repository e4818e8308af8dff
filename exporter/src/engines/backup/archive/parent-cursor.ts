import { OpError } from '../../../contract/errors.ts';
import { comparePaths, toText, type FileEntry } from './entries.ts';
import type { StoredSource } from './frame-read.ts';
import { readList, type ListBatch } from './list-read.ts';

/** Goes through the file list of the backup an incremental builds upon, without its deletions, holding one batch at a time. */
export class ParentCursor {
  /** Entry at hand; null before the first `advance` and after the end. */
  current: FileEntry | null = null;
  readonly #source: StoredSource;
  readonly #batches: AsyncGenerator<ListBatch, void, undefined>;
  #batch: readonly FileEntry[] = [];
  #at = 0;

  constructor(source: StoredSource) {
    this.#source = source;
    this.#batches = readList(source);
  }

  /**
   * Null when the next entry is at hand, a promise when a batch must be read first. Throws OpError `backup_corrupt` when the list is damaged or out of
   * order: merging it would record what never was.
   */
  advance(): Promise<void> | null {
    const before = this.current;
    if (!this.#skipDeletions()) return this.#advanceLater(before);
    this.#take(before);
    return null;
  }

  async #advanceLater(before: FileEntry | null): Promise<void> {
    while (!this.#skipDeletions()) {
      const batch = await this.#batches.next();
      if (batch.done === true) break;
      this.#batch = batch.value.entries;
      this.#at = 0;
    }
    this.#take(before);
  }

  /** False when the batch holds no further entry. */
  #skipDeletions(): boolean {
    while (this.#batch[this.#at]?.kind === 'x') this.#at += 1;
    return this.#at < this.#batch.length;
  }

  #take(before: FileEntry | null): void {
    this.current = this.#batch[this.#at] ?? null;
    this.#at += 1;
    if (before !== null && this.current !== null && comparePaths(before.path, this.current.path) >= 0) {
      const { backupId, component } = this.#source;
      throw new OpError(
        'backup_corrupt',
        `${backupId}, component ${component}: the file list is out of order at ${toText(this.current.path)}`,
      );
    }
  }

  async close(): Promise<void> {
    this.current = null;
    await this.#batches.return();
  }
}
