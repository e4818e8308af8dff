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

  /** Throws OpError `backup_corrupt` when the list is damaged or out of order: merging it would record what never was. */
  async advance(): Promise<void> {
    const before = this.current;
    let next = this.#batch[this.#at];
    this.#at += 1;
    while (next === undefined || next.kind === 'x') {
      if (next === undefined) {
        const batch = await this.#batches.next();
        if (batch.done === true) break;
        this.#batch = batch.value.entries;
        this.#at = 0;
      }
      next = this.#batch[this.#at];
      this.#at += 1;
    }
    this.current = next === undefined || next.kind === 'x' ? null : next;
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
