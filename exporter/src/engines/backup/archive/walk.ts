import {
  closeSync,
  constants,
  existsSync,
  fstatSync,
  lstatSync,
  openSync,
  readdirSync,
  readlinkSync,
  type BigIntStats,
} from 'node:fs';
import picomatch from 'picomatch';
import type { BackupWarning } from '../../../contract/backup.ts';
import { OpError } from '../../../contract/errors.ts';
import { toFsPath, toText } from './entries.ts';
import { errnoOf, messageOf } from './errno.ts';

/** One thing of the source tree, in the order of a file list. */
export interface WalkItem {
  /** `<root>/<path in root>`; binary string. */
  readonly path: string;
  /** What node:fs opens it by; only valid until the next item is asked for. */
  readonly access: string | Buffer;
  readonly kind: 'f' | 'd' | 'l';
  readonly stat: BigIntStats;
  /** Text of a symbolic link; binary string. */
  readonly target: string | null;
}

export interface WalkReport {
  warn(kind: BackupWarning['kind'], path: string, message: string): void;
  /** A socket, FIFO or device, by kind. */
  skip(kind: string): void;
}

export interface WalkRoot {
  /** First segment of the paths; binary string. */
  readonly name: string;
  /** Absolute, links resolved; binary string. */
  readonly path: string;
}

export interface WalkOptions {
  readonly root: WalkRoot;
  readonly excludes: readonly string[];
  /** `<dev>:<ino>` of folders that are never walked: the repository inside its own source. */
  readonly never: ReadonlySet<string>;
  readonly report: WalkReport;
}

type IsExcluded = (relative: string, absolute: string, isFolder: boolean) => boolean;

/**
 * Excludes of the configuration, compiled once: picomatch patterns against the path inside the root; with a trailing `/` they mean a
 * folder and all below; a pattern that begins with `/` is not a pattern but one absolute path (with all below).
 */
export function compileExcludes(excludes: readonly string[]): IsExcluded {
  const options = { dot: true, nonegate: true };
  const folders = excludes
    .filter((e) => !e.startsWith('/') && e.endsWith('/'))
    .map((e) => picomatch(e.slice(0, -1), options));
  const others = excludes.filter((e) => !e.startsWith('/') && !e.endsWith('/')).map((e) => picomatch(e, options));
  const absolutes = new Set(
    excludes.filter((e) => e.startsWith('/')).map((e) => (e === '/' ? e : e.replace(/\/+$/, ''))),
  );
  if (excludes.length === 0) return () => false;
  return (relative, absolute, isFolder) =>
    absolutes.has(absolute) || others.some((m) => m(relative)) || (isFolder && folders.some((m) => m(relative)));
}

/** Device that was asked for last, and its text: nearly always the same, and big integers are slow to print. */
let device = { dev: -1n, text: '' };

export function inodeOf(stat: BigIntStats): string {
  if (stat.dev !== device.dev) device = { dev: stat.dev, text: `${stat.dev}:` };
  return `${device.text}${stat.ino}`;
}

/** Below an open folder: not even a folder that is swapped for a symbolic link while we walk can lead out of the tree. */
const descriptors = existsSync('/proc/self/fd') ? '/proc/self/fd/' : null;
const openFolderFlags = constants.O_RDONLY | constants.O_DIRECTORY | constants.O_NOFOLLOW;

/**
 * Walks one root depth first, names in byte order, each folder before what it holds. What cannot be read is reported and left out.
 * Throws OpError `source_missing` when the root itself cannot be read. Folders stay open while the walk is below them.
 */
export function* walkTree(options: WalkOptions): Generator<WalkItem, void, undefined> {
  const { root } = options;
  const access = toFsPath(root.path);
  const stat = statRoot(root.path, access);
  const kind = kindOf(stat);
  if (kind !== 'f' && kind !== 'd')
    throw new OpError('source_missing', `${toText(root.path)} is neither a file nor a folder (${kind})`);
  const item: WalkItem = { path: root.name, access, kind, stat, target: null };
  if (kind === 'f') yield item;
  else yield* walkFolders(item, { ...options, isExcluded: compileExcludes(options.excludes), open: [] });
}

function statRoot(path: string, access: string | Buffer): BigIntStats {
  try {
    return lstatSync(access, { bigint: true });
  } catch (cause) {
    throw new OpError('source_missing', `cannot read ${toText(path)}: ${messageOf(cause)}`, { cause });
  }
}

interface OpenFolder {
  readonly fd: number;
  /** Path in the tree and path inside the root (empty for the root itself), each with a slash at its end; binary strings. */
  readonly prefix: string;
  readonly relative: string;
  /** What node:fs reaches its names by, once they are put behind it. */
  readonly base: string;
  readonly names: readonly string[];
  at: number;
}

interface Walk extends WalkOptions {
  readonly isExcluded: IsExcluded;
  /** The folders on the way to the item at hand. */
  readonly open: OpenFolder[];
}

/** One loop and no recursion: a generator in a generator for every level would be resumed for every file. */
function* walkFolders(root: WalkItem, walk: Walk): Generator<WalkItem, void, undefined> {
  const { open } = walk;
  try {
    if (openFolder(root, '', walk)) yield root;
    for (let folder = open.at(-1); folder !== undefined; folder = open.at(-1)) {
      const name = folder.names[folder.at];
      folder.at += 1;
      if (name === undefined) {
        open.pop();
        closeSync(folder.fd);
        continue;
      }
      const item = lookAt(name, folder, walk);
      if (item === null) continue;
      if (item.kind !== 'd' || openFolder(item, `${folder.relative}${name}/`, walk)) yield item;
    }
  } finally {
    for (const { fd } of open) closeSync(fd);
  }
}

/** Puts a folder on top of the open ones. False when it is left out of the walk; true without opening it when only what it holds is. */
function openFolder(folder: WalkItem, relative: string, walk: Walk): boolean {
  let fd: number;
  try {
    fd = openSync(folder.access, openFolderFlags);
  } catch (cause) {
    return isKnownUnread(folder, walk, cause);
  }
  let names: string[] | null = null;
  try {
    const base = descriptors === null ? `${latin1(folder.access)}/` : `${descriptors}${fd}/`;
    const stat = fstatSync(fd, { bigint: true });
    if (stat.ino !== folder.stat.ino || stat.dev !== folder.stat.dev) {
      walk.report.warn('changed', folder.path, 'the folder was replaced while it was being read');
      return false;
    }
    try {
      // Binary strings: their order by code unit is that of the bytes.
      names = readdirSync(toFsPath(base), { encoding: 'latin1' }).sort();
    } catch (cause) {
      return isKnownUnread(folder, walk, cause);
    }
    walk.open.push({ fd, prefix: `${folder.path}/`, relative, base, names, at: 0 });
    return true;
  } finally {
    if (names === null) closeSync(fd);
  }
}

/** Whether the folder itself is known (its parent told) and only what it holds is not; reports which. */
function isKnownUnread(folder: WalkItem, walk: Walk, cause: unknown): boolean {
  if (walk.open.length === 0)
    throw new OpError('source_missing', `cannot read ${toText(walk.root.path)}: ${messageOf(cause)}`, { cause });
  const errno = errnoOf(cause);
  const isGone = errno === 'ENOENT' || errno === 'ELOOP' || errno === 'ENOTDIR';
  if (isGone) walk.report.warn('vanished', folder.path, 'the folder vanished while it was being read');
  else walk.report.warn('unreadable', folder.path, `what the folder holds is left out: ${messageOf(cause)}`);
  return !isGone;
}

/** Null when it is left out. */
function lookAt(name: string, folder: OpenFolder, walk: Walk): WalkItem | null {
  const { report } = walk;
  const path = folder.prefix + name;
  const access = toFsPath(folder.base + name);
  let stat: BigIntStats;
  try {
    stat = lstatSync(access, { bigint: true });
  } catch (cause) {
    report.warn(errnoOf(cause) === 'ENOENT' ? 'vanished' : 'unreadable', path, messageOf(cause));
    return null;
  }
  const kind = kindOf(stat);
  if (walk.excludes.length > 0) {
    const relative = folder.relative + name;
    if (walk.isExcluded(toText(relative), toText(`${walk.root.path}/${relative}`), kind === 'd')) return null;
  }
  if (kind === 'f') return { path, access, kind, stat, target: null };
  if (kind === 'd') return walk.never.has(inodeOf(stat)) ? null : { path, access, kind, stat, target: null };
  if (kind === 'l') {
    const target = readTarget(path, access, report);
    return target === null ? null : { path, access, kind, stat, target };
  }
  report.skip(kind);
  return null;
}

function readTarget(path: string, access: string | Buffer, report: WalkReport): string | null {
  try {
    return readlinkSync(access, { encoding: 'latin1' });
  } catch (cause) {
    report.warn(errnoOf(cause) === 'EACCES' ? 'unreadable' : 'vanished', path, messageOf(cause));
    return null;
  }
}

type Kind = 'f' | 'd' | 'l' | 'socket' | 'fifo' | 'character device' | 'block device';

const kinds: ReadonlyMap<number, Kind> = new Map([
  [constants.S_IFREG, 'f'],
  [constants.S_IFDIR, 'd'],
  [constants.S_IFLNK, 'l'],
  [constants.S_IFSOCK, 'socket'],
  [constants.S_IFIFO, 'fifo'],
  [constants.S_IFCHR, 'character device'],
]);

/** By the mode itself: each `stat.isFile()` makes two big integers. */
function kindOf(stat: BigIntStats): Kind {
  return kinds.get(Number(stat.mode) & constants.S_IFMT) ?? 'block device';
}

function latin1(access: string | Buffer): string {
  return typeof access === 'string' ? access : access.toString('latin1');
}
