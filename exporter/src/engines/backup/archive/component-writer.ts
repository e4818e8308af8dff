import { closeSync, fstatSync } from 'node:fs';
import { copyContent, hasChanged, hasContent, isFresh, openSource, type CopyTarget } from './content-copy.ts';
import { comparePaths, deletion, type FileEntry } from './entries.ts';
import type { ListWriter, OwnEntry } from './list-writer.ts';
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

  async add(item: WalkItem): Promise<void> {
    const old = await this.#parentAt(item.path);
    const wrong = tooLong(item);
    if (wrong !== null) this.#deps.warn('other', item.path, wrong);
    const known = wrong === null && (await this.#addKind(item, old));
    if (!known && old !== null) await this.#deps.list.add(deletion(old.path));
  }

  /** Call after the last item, before the archive is finished. */
  async end(): Promise<void> {
    const { parent } = this.#deps;
    for (let old = parent?.current ?? null; old !== null; old = parent?.current ?? null) {
      await parent?.advance();
      await this.#deps.list.add(deletion(old.path));
    }
  }

  /** False when the item could not be stored after all: it is then not in the backup. */
  async #addKind(item: WalkItem, old: FileEntry | null): Promise<boolean> {
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

  async #addFolder(item: WalkItem, old: FileEntry | null): Promise<boolean> {
    const entry = this.#entry(item, 'd', null);
    this.#leaveFolders(item.path);
    const folder = { entry, prefix: `${item.path}/`, inArchive: false };
    this.#folders.push(folder);
    if (!isUnchanged(entry, old)) await this.#archiveFolders();
    await this.#deps.list.add(entry);
    return true;
  }

  /** A symbolic or hard link: everything about it stands in its header. */
  async #addUnread(entry: OwnEntry, old: FileEntry | null): Promise<boolean> {
    if (!isUnchanged(entry, old)) {
      await this.#prepareArchive(entry.path);
      this.#putHeader(entry);
    }
    await this.#deps.list.add(entry);
    return true;
  }

  async #addFile(item: WalkItem, old: FileEntry | null): Promise<boolean> {
    const entry = this.#entry(item, 'f', null);
    if (old !== null && isUnchanged(entry, old) && (!this.#deps.compareContent || hasContent(item, old.hash))) {
      this.totals.bytes += old.size;
      entry.hash = old.hash;
      entry.holder = old.holder + 1;
      entry.offset = old.offset;
      await this.#deps.list.add(entry);
      this.#rememberLinks(item, false);
      return true;
    }
    if (!(await this.#storeFile(item, entry))) return false;
    this.totals.bytes += entry.size;
    this.totals.addedBytes += entry.size;
    this.#rememberLinks(item, true);
    return true;
  }

  #rememberLinks(item: WalkItem, inArchive: boolean): void {
    if (item.stat.nlink > 1n)
      this.#links.set(inodeOf(item.stat), { path: item.path, inArchive, left: item.stat.nlink - 1n });
  }

  /** Header and content into the archive, the line into the list; false when it could not be read. */
  async #storeFile(item: WalkItem, entry: OwnEntry): Promise<boolean> {
    const { archive, list, warn } = this.#deps;
    const fd = openSource(item, warn);
    if (fd === null) return false;
    try {
      await this.#prepareArchive(item.path);
      entry.holder = 0;
      entry.offset = archive.position;
      const line = list.announce(entry);
      this.#putHeader(entry);
      const read = await copyContent(fd, item, this.#deps);
      archive.putZeros(tarPadding(entry.size));
      if (read === 'failed') {
        line.state = 'dropped';
        return false;
      }
      if (read === 'short' || hasChanged(item.stat, fstatSync(fd))) warn('changed', item.path, changedWhileRead);
      // No ctime is like it: the next incremental stores the file again.
      if (isFresh(item.stat, this.#deps.nowMs())) entry.ctimeNs = '0';
      await list.addLine(line);
      return true;
    } finally {
      closeSync(fd);
    }
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

  /** Archives are extracted in order by plain tar too: the folders above come first. */
  async #prepareArchive(path: string): Promise<void> {
    this.#leaveFolders(path);
    await this.#archiveFolders();
    if (this.#deps.archive.full) await this.#deps.archive.next();
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

  async #archiveFolders(): Promise<void> {
    for (const folder of this.#folders) {
      if (folder.inArchive) continue;
      if (this.#deps.archive.full) await this.#deps.archive.next();
      this.#putHeader(folder.entry);
      folder.inArchive = true;
    }
  }

  /** The parent's entry of that path, after everything before it was recorded as deleted. */
  async #parentAt(path: string): Promise<FileEntry | null> {
    const { parent } = this.#deps;
    for (let old = parent?.current ?? null; old !== null; old = parent?.current ?? null) {
      const order = comparePaths(old.path, path);
      if (order > 0) return null;
      await parent?.advance();
      if (order === 0) return old;
      await this.#deps.list.add(deletion(old.path));
    }
    return null;
  }
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
