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

export function inodeOf(stat: BigIntStats): string {
  return `${stat.dev}:${stat.ino}`;
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
  const isExcluded = compileExcludes(options.excludes);
  const item: WalkItem = { path: root.name, access, kind, stat, target: null };
  if (kind === 'f') yield item;
  else yield* walkFolder(item, { ...options, isExcluded, relative: '', isRoot: true });
}

function statRoot(path: string, access: string | Buffer): BigIntStats {
  try {
    return lstatSync(access, { bigint: true });
  } catch (cause) {
    throw new OpError('source_missing', `cannot read ${toText(path)}: ${messageOf(cause)}`, { cause });
  }
}

interface FolderContext extends WalkOptions {
  readonly isExcluded: IsExcluded;
  /** Path of the folder inside the root with a slash at its end, empty for the root; binary string. */
  readonly relative: string;
  readonly isRoot: boolean;
}

function* walkFolder(folder: WalkItem, context: FolderContext): Generator<WalkItem, void, undefined> {
  const { report } = context;
  let fd: number;
  let names: string[];
  try {
    fd = openSync(folder.access, openFolderFlags);
  } catch (cause) {
    return yield* unreadableFolder(folder, context, cause);
  }
  try {
    const base = descriptors === null ? `${latin1(folder.access)}/` : `${descriptors}${fd}/`;
    if (inodeOf(fstatSync(fd, { bigint: true })) !== inodeOf(folder.stat)) {
      report.warn('changed', folder.path, 'the folder was replaced while it was being read');
      return;
    }
    try {
      names = readdirSync(toFsPath(base), { encoding: 'latin1' }).sort(byBytes);
    } catch (cause) {
      return yield* unreadableFolder(folder, context, cause);
    }
    yield folder;
    for (const name of names) yield* walkName(name, base, folder, context);
  } finally {
    closeSync(fd);
  }
}

/** The folder itself is known (its parent told); only what it holds is not. */
function* unreadableFolder(
  folder: WalkItem,
  context: FolderContext,
  cause: unknown,
): Generator<WalkItem, void, undefined> {
  if (context.isRoot)
    throw new OpError('source_missing', `cannot read ${toText(context.root.path)}: ${messageOf(cause)}`, { cause });
  if (errnoOf(cause) === 'ENOENT' || errnoOf(cause) === 'ELOOP' || errnoOf(cause) === 'ENOTDIR') {
    context.report.warn('vanished', folder.path, 'the folder vanished while it was being read');
    return;
  }
  context.report.warn('unreadable', folder.path, `what the folder holds is left out: ${messageOf(cause)}`);
  yield folder;
}

function* walkName(
  name: string,
  base: string,
  folder: WalkItem,
  context: FolderContext,
): Generator<WalkItem, void, undefined> {
  const { report } = context;
  const path = `${folder.path}/${name}`;
  const access = toFsPath(base + name);
  const relative = context.relative + name;
  let stat: BigIntStats;
  try {
    stat = lstatSync(access, { bigint: true });
  } catch (cause) {
    report.warn(errnoOf(cause) === 'ENOENT' ? 'vanished' : 'unreadable', path, messageOf(cause));
    return;
  }
  const kind = kindOf(stat);
  if (
    context.excludes.length > 0 &&
    context.isExcluded(toText(relative), toText(`${context.root.path}/${relative}`), kind === 'd')
  )
    return;
  if (kind === 'd') {
    if (context.never.has(inodeOf(stat))) return;
    yield* walkFolder(
      { path, access, kind, stat, target: null },
      { ...context, relative: `${relative}/`, isRoot: false },
    );
  } else if (kind === 'l') {
    const target = readTarget(path, access, report);
    if (target !== null) yield { path, access, kind, stat, target };
  } else if (kind === 'f') {
    yield { path, access, kind, stat, target: null };
  } else {
    report.skip(kind);
  }
}

function readTarget(path: string, access: string | Buffer, report: WalkReport): string | null {
  try {
    return readlinkSync(access, { encoding: 'latin1' });
  } catch (cause) {
    report.warn(errnoOf(cause) === 'EACCES' ? 'unreadable' : 'vanished', path, messageOf(cause));
    return null;
  }
}

function kindOf(stat: BigIntStats): 'f' | 'd' | 'l' | 'socket' | 'fifo' | 'character device' | 'block device' {
  if (stat.isFile()) return 'f';
  if (stat.isDirectory()) return 'd';
  if (stat.isSymbolicLink()) return 'l';
  if (stat.isSocket()) return 'socket';
  if (stat.isFIFO()) return 'fifo';
  return stat.isCharacterDevice() ? 'character device' : 'block device';
}

function latin1(access: string | Buffer): string {
  return typeof access === 'string' ? access : access.toString('latin1');
}

/** Binary strings compare as their bytes do. */
function byBytes(a: string, b: string): number {
  return a < b ? -1 : 1;
}
