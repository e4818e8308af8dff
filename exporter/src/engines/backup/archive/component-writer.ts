import { closeSync, fstatSync } from 'node:fs';
import {
  copyLarge,
  copySmall,
  hasChanged,
  hasContent,
  isFresh,
  openSource,
  type CopyState,
  type CopyTarget,
} from './content-copy.ts';
import { comparePaths, deletion, type FileEntry } from './entries.ts';
import type { Line, ListWriter, OwnEntry } from './list-writer.ts';
import type { Owners } from './owners.ts';
import type { ParentCursor } from './parent-cursor.ts';
import { tarPadding, tooLong, writeTarHeader } from './tar-write.ts';
import { inodeOf, type WalkItem } from './walk.ts';

/** The archive's `onFrame` gives its frames to `hasher`, whose digests go to `list`. */
export interface ComponentWriterDeps extends CopyTarget {
  readonly list: ListWriter;
  /** The parent's list; null for a full backup. */
  readonly parent: ParentCursor | null;
  readonly compareContent: boolean;
  readonly owners: Owners;
  /** Wall-clock milliseconds since 1970. */
  readonly nowMs: () => number;
}

const changedWhileRead = 'the file changed while it was being read; what is stored may be neither the old nor the new';

/** At once, or after waiting for a frame. */
type Later<T> = T | Promise<T>;

/** A folder on the way to the item at hand; `inArchive` once the archive has an entry for it. */
interface OpenFolder {
  readonly entry: FileEntry;
  /** What the paths below begin with. */
  readonly prefix: string;
  inArchive: boolean;
}

/** Writes one component: the file list whole, the archive with what is new or changed since the parent. Items come in list order. */
export class ComponentWriter {
  /** Content of the tree as it stands, and what of it had to be stored. */
  readonly totals = { bytes: 0, addedBytes: 0 };
  readonly #deps: ComponentWriterDeps;
  readonly #folders: OpenFolder[] = [];
  /** Inode to the first name of files that have several, and how many names are still to come. */
  readonly #links = new Map<string, { readonly path: string; readonly inArchive: boolean; left: bigint }>();

  constructor(deps: ComponentWriterDeps) {
    this.#deps = deps;
  }

  /**
   * Takes the next item. Null when it is done already, which is what most are: a promise for every step of every file would cost as much as reading it.
   * The next item must wait for the promise.
   */
  add(item: WalkItem): Promise<void> | null {
    return this.#deps.list.due ? this.#addLater(item) : this.#addNow(item);
  }

  /** Call after the last item, before the archive is finished. */
  async end(): Promise<void> {
    const { parent } = this.#deps;
    for (let old = parent?.current ?? null; old !== null; old = parent?.current ?? null) await this.#passDeleted(old);
  }

  async #addLater(item: WalkItem): Promise<void> {
    await this.#deps.list.settle();
    await this.#addNow(item);
  }

  #addNow(item: WalkItem): Promise<void> | null {
    const old = this.#parentAt(item.path);
    return old instanceof Promise ? old.then((found) => this.#put(item, found) ?? undefined) : this.#put(item, old);
  }

  #put(item: WalkItem, old: FileEntry | null): Promise<void> | null {
    const wrong = tooLong(item);
    if (wrong !== null) this.#deps.warn('other', item.path, wrong);
    const known = wrong === null && this.#addKind(item, old);
    if (typeof known !== 'boolean') return known.then((later) => this.#settleKnown(later, old));
    this.#settleKnown(known, old);
    return null;
  }

  #settleKnown(known: boolean, old: FileEntry | null): void {
    if (!known && old !== null) this.#deps.list.add(deletion(old.path));
  }

  /** False when the item could not be stored after all: it is then not in the backup. */
  #addKind(item: WalkItem, old: FileEntry | null): Later<boolean> {
    if (item.kind === 'd') return this.#addFolder(item, old);
    if (item.kind === 'l') return this.#addUnread(this.#entry(item, 'l', item.target), old);
    const first = item.stat.nlink > 1n ? this.#links.get(inodeOf(item.stat)) : undefined;
    if (first === undefined) return this.#addFile(item, old);
    first.left -= 1n;
    if (first.left === 0n) this.#links.delete(inodeOf(item.stat));
    const entry = this.#entry(item, 'h', first.path);
    // Without its first name in the same archive the link would make plain tar fail; Genesis itself restores it from the list.
    return this.#addUnread(entry, first.inArchive ? old : entry);
  }

  #addFolder(item: WalkItem, old: FileEntry | null): Later<boolean> {
    const entry = this.#entry(item, 'd', null);
    this.#leaveFolders(item.path);
    this.#folders.push({ entry, prefix: `${item.path}/`, inArchive: false });
    return after(isUnchanged(entry, old) ? null : this.#archiveFolders(), () => {
      this.#deps.list.add(entry);
      return true;
    });
  }

  /** A symbolic or hard link: everything about it stands in its header. */
  #addUnread(entry: OwnEntry, old: FileEntry | null): Later<boolean> {
    const isKept = isUnchanged(entry, old);
    return after(isKept ? null : this.#prepareArchive(entry.path), () => {
      if (!isKept) this.#putHeader(entry);
      this.#deps.list.add(entry);
      return true;
    });
  }

  #addFile(item: WalkItem, old: FileEntry | null): Later<boolean> {
    const entry = this.#entry(item, 'f', null);
    if (old !== null && isUnchanged(entry, old) && (!this.#deps.compareContent || hasContent(item, old.hash))) {
      this.totals.bytes += old.size;
      entry.hash = old.hash;
      entry.holder = old.holder + 1;
      entry.offset = old.offset;
      this.#deps.list.add(entry);
      this.#rememberLinks(item, false);
      return true;
    }
    return after(this.#prepareArchive(item.path), () => this.#storeFile(item, entry));
  }

  #rememberLinks(item: WalkItem, inArchive: boolean): void {
    if (item.stat.nlink > 1n)
      this.#links.set(inodeOf(item.stat), { path: item.path, inArchive, left: item.stat.nlink - 1n });
  }

  /** Header and content into the archive, the line into the list; false when it could not be read. */
  #storeFile(item: WalkItem, entry: OwnEntry): Later<boolean> {
    const { archive, list, throttle, warn } = this.#deps;
    const fd = openSource(item, warn);
    if (fd === null) return false;
    let isLeftOpen = false;
    try {
      entry.holder = 0;
      entry.offset = archive.position;
      const line = list.announce(entry);
      this.#putHeader(entry);
      if (entry.size <= archive.room && throttle === null)
        return this.#endFile(fd, item, line, copySmall(fd, item, this.#deps));
      isLeftOpen = true;
      return this.#storeLarge(fd, item, line);
    } finally {
      if (!isLeftOpen) closeSync(fd);
    }
  }

  async #storeLarge(fd: number, item: WalkItem, line: Line): Promise<boolean> {
    try {
      return this.#endFile(fd, item, line, await copyLarge(fd, item, this.#deps));
    } finally {
      closeSync(fd);
    }
  }

  #endFile(fd: number, item: WalkItem, line: Line, read: CopyState): boolean {
    const { archive, list, warn, nowMs } = this.#deps;
    const { entry } = line;
    archive.putZeros(tarPadding(entry.size));
    if (read === 'failed') {
      line.state = 'dropped';
      return false;
    }
    if (read === 'short' || hasChanged(item.stat, fstatSync(fd))) warn('changed', item.path, changedWhileRead);
    // No ctime is like it: the next incremental stores the file again.
    if (isFresh(item.stat, nowMs())) entry.ctimeNs = '0';
    list.addLine(line);
    this.totals.bytes += entry.size;
    this.totals.addedBytes += entry.size;
    this.#rememberLinks(item, true);
    return true;
  }

  #entry(item: WalkItem, kind: 'f' | 'd' | 'l' | 'h', target: string | null): OwnEntry {
    const { stat } = item;
    const uid = Number(stat.uid);
    const gid = Number(stat.gid);
    return {
      path: item.path,
      kind,
      size: kind === 'f' || kind === 'h' ? Number(stat.size) : 0,
      mode: Number(stat.mode) & 0o7777,
      mtimeNs: String(stat.mtimeNs),
      ctimeNs: String(stat.ctimeNs),
      inode: inodeOf(stat),
      uid,
      gid,
      user: this.#deps.owners.user(uid),
      group: this.#deps.owners.group(gid),
      hash: null,
      target,
      holder: -1,
      offset: -1,
    };
  }

  /** Archives are extracted in order by plain tar too: the folders above come first. Null: there is nothing to wait for. */
  #prepareArchive(path: string): Promise<void> | null {
    this.#leaveFolders(path);
    return this.#archiveFolders() ?? (this.#deps.archive.full ? this.#deps.archive.next() : null);
  }

  #putHeader(entry: FileEntry): void {
    const { archive } = this.#deps;
    archive.advance(writeTarHeader(entry, archive.buffer, archive.filled) - archive.filled);
  }

  #leaveFolders(path: string): void {
    for (
      let last = this.#folders.at(-1);
      last !== undefined && !path.startsWith(last.prefix);
      last = this.#folders.at(-1)
    ) {
      this.#folders.pop();
    }
  }

  /** Null when nothing had to be waited for. Above a folder that is in the archive all are. */
  #archiveFolders(): Promise<void> | null {
    const last = this.#folders.at(-1);
    if (last === undefined || last.inArchive) return null;
    // One header may run beyond the end of a frame, those of a whole path may not.
    if (this.#deps.archive.full || this.#folders.at(-2)?.inArchive === false) return this.#archiveNewFolders();
    this.#putHeader(last.entry);
    last.inArchive = true;
    return null;
  }

  async #archiveNewFolders(): Promise<void> {
    const { archive } = this.#deps;
    for (const folder of this.#folders) {
      if (folder.inArchive) continue;
      if (archive.full) await archive.next();
      this.#putHeader(folder.entry);
      folder.inArchive = true;
    }
    if (archive.full) await archive.next();
  }

  /** The parent's entry of that path, after everything before it was recorded as deleted. */
  #parentAt(path: string): FileEntry | null | Promise<FileEntry | null> {
    const { parent } = this.#deps;
    const old = parent?.current ?? null;
    if (parent === null || old === null) return null;
    const order = comparePaths(old.path, path);
    if (order > 0) return null;
    if (order < 0) return this.#parentAfterDeleted(path);
    return after(parent.advance(), () => old);
  }

  async #parentAfterDeleted(path: string): Promise<FileEntry | null> {
    const { parent } = this.#deps;
    for (let old = parent?.current ?? null; old !== null; old = parent?.current ?? null) {
      if (comparePaths(old.path, path) >= 0) break;
      await this.#passDeleted(old);
    }
    return this.#parentAt(path);
  }

  async #passDeleted(old: FileEntry): Promise<void> {
    const { parent, list } = this.#deps;
    await parent?.advance();
    list.add(deletion(old.path));
    if (list.due) await list.settle();
  }
}

/** `then` at once where there is nothing to wait for. */
function after<T>(waits: Promise<void> | null, then: () => Later<T>): Later<T> {
  return waits === null ? then() : waits.then(then);
}

/** Size, mtime, ctime and inode (and kind, owner, mode and link text, which ctime covers on every file system we know). */
function isUnchanged(entry: FileEntry, old: FileEntry | null): boolean {
  return (
    old !== null &&
    old.kind === entry.kind &&
    old.size === entry.size &&
    old.mtimeNs === entry.mtimeNs &&
    old.ctimeNs === entry.ctimeNs &&
    old.inode === entry.inode &&
    old.mode === entry.mode &&
    old.uid === entry.uid &&
    old.gid === entry.gid &&
    old.target === entry.target
  );
}
