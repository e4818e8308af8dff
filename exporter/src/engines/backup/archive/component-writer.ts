import { closeSync, constants, fstatSync, openSync, readSync, type BigIntStats, type Stats } from 'node:fs';
import { createHash } from 'node:crypto';
import type { BackupWarning } from '../../../contract/backup.ts';
import { comparePaths, deletion, encodeEntry, type FileEntry } from './entries.ts';
import { errnoOf, messageOf } from './errno.ts';
import type { ContentHasher } from './frame-threads.ts';
import type { FrameWriter } from './frame-write.ts';
import type { Owners } from './owners.ts';
import type { ParentCursor } from './parent-cursor.ts';
import { Queue } from './queue.ts';
import { tarPadding, tooLong, writeTarHeader } from './tar-write.ts';
import { inodeOf, type WalkItem } from './walk.ts';

/** What one component has come to so far. */
export interface ComponentTotals {
  entries: number;
  bytes: number;
  addedBytes: number;
  deleted: number;
}

export interface ComponentWriterDeps {
  /** Its `onFrame` gives the frames to `hasher`. */
  readonly archive: FrameWriter;
  readonly hasher: ContentHasher;
  readonly files: FrameWriter;
  /** The parent's list; null for a full backup. */
  readonly parent: ParentCursor | null;
  readonly compareContent: boolean;
  readonly owners: Owners;
  readonly warn: (kind: BackupWarning['kind'], path: string, message: string) => void;
  /** Waits as long as the bandwidth limit asks for after that many source bytes. */
  readonly throttle: ((bytes: number) => Promise<void>) | null;
}

/** Symbolic links are not followed, and a FIFO that took a file's place must not block us. */
const openFileFlags = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK;
/** Source bytes read between two looks at the bandwidth limit. */
const throttledReadBytes = 2 ** 20;
/** Lines that may wait for a hash before the frame at hand is cut short to get it. */
const maxWaitingLines = 16384;

/** A folder on the way to the item at hand; `inArchive` once the archive has an entry for it. */
interface OpenFolder {
  readonly entry: FileEntry;
  /** What the paths below begin with. */
  readonly prefix: string;
  inArchive: boolean;
}

/** An entry that this writer made and completes as it learns more; copying one for every step costs a tenth of the whole. */
type OwnEntry = { -readonly [K in keyof FileEntry]: FileEntry[K] };

/** A line of the file list; those of stored files wait for their hash, and all after them for their turn. */
interface Line {
  readonly entry: OwnEntry;
  state: 'ready' | 'unhashed' | 'dropped';
}

/** Writes one component: the file list whole, the archive with what is new or changed since the parent. Items come in list order. */
export class ComponentWriter {
  readonly totals: ComponentTotals = { entries: 0, bytes: 0, addedBytes: 0, deleted: 0 };
  readonly #deps: ComponentWriterDeps;
  readonly #folders: OpenFolder[] = [];
  /** Inode to the first name of files that have several, and how many names are still to come. */
  readonly #links = new Map<string, { readonly path: string; readonly inArchive: boolean; left: bigint }>();
  readonly #waiting = new Queue<Line>();
  readonly #unhashed = new Queue<Line>();

  constructor(deps: ComponentWriterDeps) {
    this.#deps = deps;
  }

  /** Digests of stored files, in the order in which they were stored. */
  takeDigests(digests: readonly string[]): void {
    for (const hash of digests) {
      const line = this.#unhashed.shift();
      if (line === undefined) throw new RangeError('a digest without a file');
      line.entry.hash = hash;
      if (line.state === 'unhashed') line.state = 'ready';
    }
  }

  async add(item: WalkItem): Promise<void> {
    const old = await this.#parentAt(item.path);
    const wrong = tooLong(item);
    if (wrong !== null) this.#deps.warn('other', item.path, wrong);
    const known = wrong === null && (await this.#addKind(item, old));
    if (!known && old !== null) await this.#list(deletion(old.path));
  }

  /** Writes the lines that waited for a hash; call when the archive is finished. */
  async endList(): Promise<void> {
    await this.#writeReady();
    if (this.#waiting.size > 0) throw new RangeError(`${this.#waiting.size} files were never hashed`);
  }

  /** Call after the last item, before the archive is finished. */
  async end(): Promise<void> {
    const { parent } = this.#deps;
    for (let old = parent?.current ?? null; old !== null; old = parent?.current ?? null) {
      await parent?.advance();
      await this.#list(deletion(old.path));
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
    await this.#list(entry);
    return true;
  }

  /** A symbolic or hard link: everything about it stands in its header. */
  async #addUnread(entry: OwnEntry, old: FileEntry | null): Promise<boolean> {
    if (!isUnchanged(entry, old)) {
      await this.#prepareArchive(entry.path);
      this.#putHeader(entry);
    }
    await this.#list(entry);
    return true;
  }

  async #addFile(item: WalkItem, old: FileEntry | null): Promise<boolean> {
    const entry = this.#entry(item, 'f', null);
    if (old !== null && isUnchanged(entry, old) && (!this.#deps.compareContent || this.#sameContent(item, old))) {
      this.totals.bytes += old.size;
      entry.hash = old.hash;
      entry.holder = old.holder + 1;
      entry.offset = old.offset;
      await this.#list(entry);
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
    if (item.stat.nlink > 1n) this.#links.set(inodeOf(item.stat), { path: item.path, inArchive, left: item.stat.nlink - 1n });
  }

  /** Header and content into the archive, the line into the list; false when it could not be read. */
  async #storeFile(item: WalkItem, entry: OwnEntry): Promise<boolean> {
    const { archive, warn } = this.#deps;
    const fd = this.#open(item);
    if (fd === null) return false;
    try {
      await this.#prepareArchive(item.path);
      entry.holder = 0;
      entry.offset = archive.position;
      const line: Line = { entry, state: 'unhashed' };
      // Before its content: a frame that ends meanwhile may bring its hash.
      this.#unhashed.push(line);
      this.#putHeader(entry);
      const read = await this.#copyContent(fd, item);
      archive.putZeros(tarPadding(entry.size));
      if (read === 'failed') {
        line.state = 'dropped';
        return false;
      }
      if (read === 'short' || hasChanged(item.stat, fstatSync(fd))) {
        warn('changed', item.path, 'the file changed while it was being read; what is stored may be neither the old nor the new');
      }
      await this.#enqueue(line);
      return true;
    } finally {
      closeSync(fd);
    }
  }

  #open(item: WalkItem): number | null {
    try {
      return openSync(item.access, openFileFlags);
    } catch (cause) {
      const errno = errnoOf(cause);
      if (errno === 'ENOENT') this.#deps.warn('vanished', item.path, 'the file vanished before it could be read');
      else if (errno === 'ELOOP' || errno === 'ENXIO') this.#deps.warn('changed', item.path, 'something else took its place before it could be read');
      else this.#deps.warn('unreadable', item.path, messageOf(cause));
      return null;
    }
  }

  /** Exactly the announced size goes into the archive: a file that shrank is filled up with zeros, one that grew is cut. */
  async #copyContent(fd: number, item: WalkItem): Promise<'whole' | 'short' | 'failed'> {
    const { archive, hasher, throttle } = this.#deps;
    let state: 'whole' | 'short' | 'failed' = 'whole';
    let begin = archive.filled;
    for (let left = Number(item.stat.size); left > 0; ) {
      if (archive.full) {
        hasher.add(begin, archive.filled, false);
        await archive.next();
        begin = 0;
      }
      const want = Math.min(left, archive.room, throttle === null ? left : throttledReadBytes);
      const got = state === 'whole' ? this.#read(fd, item, want) : 0;
      if (got === null) state = 'failed';
      else if (got === 0 && state === 'whole') state = 'short';
      if (state === 'whole') archive.advance(got ?? 0);
      else archive.putZeros(want);
      left -= state === 'whole' ? (got ?? 0) : want;
      if (throttle !== null && state === 'whole') await throttle(got ?? 0);
    }
    hasher.add(begin, archive.filled, true);
    return state;
  }

  #read(fd: number, item: WalkItem, want: number): number | null {
    const { archive } = this.#deps;
    try {
      return readSync(fd, archive.buffer, archive.filled, want, null);
    } catch (cause) {
      this.#deps.warn('unreadable', item.path, `reading stopped half way: ${messageOf(cause)}`);
      return null;
    }
  }

  /** For `compareContent`: reads the file whole; a file that cannot be read counts as changed, so that storing it tells why. */
  #sameContent(item: WalkItem, old: FileEntry): boolean {
    const fd = this.#open(item);
    if (fd === null) return false;
    try {
      const hash = createHash('sha256');
      const buffer = Buffer.allocUnsafe(2 ** 16);
      for (let got = readSync(fd, buffer); got > 0; got = readSync(fd, buffer)) hash.update(buffer.subarray(0, got));
      return hash.digest('hex') === old.hash;
    } catch (error) {
      if (errnoOf(error) === null) throw error;
      return false;
    } finally {
      closeSync(fd);
    }
  }

  #entry(item: WalkItem, kind: 'f' | 'd' | 'l' | 'h', target: string | null): OwnEntry {
    const { stat } = item;
    const uid = Number(stat.uid);
    const gid = Number(stat.gid);
    return {
      path: item.path, kind, size: kind === 'f' || kind === 'h' ? Number(stat.size) : 0, mode: Number(stat.mode) & 0o7777,
      mtimeNs: String(stat.mtimeNs), ctimeNs: String(stat.ctimeNs), inode: inodeOf(stat), uid, gid,
      user: this.#deps.owners.user(uid), group: this.#deps.owners.group(gid), hash: null, target, holder: -1, offset: -1,
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
    for (let last = this.#folders.at(-1); last !== undefined && !path.startsWith(last.prefix); last = this.#folders.at(-1)) {
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

  async #list(entry: OwnEntry): Promise<void> {
    if (this.#waiting.size === 0) await this.#writeLine(entry);
    else await this.#enqueue({ entry, state: 'ready' });
  }

  async #enqueue(line: Line): Promise<void> {
    const { archive } = this.#deps;
    this.#waiting.push(line);
    if (this.#waiting.size > maxWaitingLines) await archive.flush();
    await this.#writeReady();
  }

  async #writeReady(): Promise<void> {
    for (let line = this.#waiting.peek(); line !== undefined && line.state !== 'unhashed'; line = this.#waiting.peek()) {
      this.#waiting.shift();
      await this.#writeLine(line.entry);
    }
  }

  async #writeLine(entry: FileEntry): Promise<void> {
    const { files } = this.#deps;
    if (files.full) await files.next();
    files.putText(`${encodeEntry(entry)}\n`);
    if (entry.kind !== 'x') this.totals.entries += 1;
    else this.totals.deleted += 1;
  }

  /** The parent's entry of that path, after everything before it was recorded as deleted. */
  async #parentAt(path: string): Promise<FileEntry | null> {
    const { parent } = this.#deps;
    for (let old = parent?.current ?? null; old !== null; old = parent?.current ?? null) {
      const order = comparePaths(old.path, path);
      if (order > 0) return null;
      await parent?.advance();
      if (order === 0) return old;
      await this.#list(deletion(old.path));
    }
    return null;
  }
}

/** Size, mtime, ctime and inode (and kind, owner, mode and link text, which ctime covers on every file system we know). */
function isUnchanged(entry: FileEntry, old: FileEntry | null): boolean {
  return (
    old !== null && old.kind === entry.kind && old.size === entry.size && old.mtimeNs === entry.mtimeNs && old.ctimeNs === entry.ctimeNs &&
    old.inode === entry.inode && old.mode === entry.mode && old.uid === entry.uid && old.gid === entry.gid && old.target === entry.target
  );
}

/**
 * Whether the file that was read is still the one that was announced. Times are compared as Node's milliseconds with a fraction
 * (exact to a quarter of a microsecond, far below the kernel's own clock tick): a second set of big integers for every file would cost more than reading it.
 */
function hasChanged(before: BigIntStats, after: Stats): boolean {
  return (
    after.size !== Number(before.size) || after.ino !== Number(before.ino) || after.dev !== Number(before.dev) ||
    !isSameTime(before.mtimeNs, after.mtimeMs) || !isSameTime(before.ctimeNs, after.ctimeMs)
  );
}

function isSameTime(ns: bigint, ms: number): boolean {
  return Math.abs(Number(ns) / 1e6 - ms) < 0.001;
}
