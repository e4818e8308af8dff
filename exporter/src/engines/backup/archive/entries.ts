import { isUtf8 } from 'node:buffer';
import { OpError } from '../../../contract/errors.ts';

/**
 * One line of a file list. Paths are binary strings: one character a byte (latin1), so that nothing is lost for names
 * that are not UTF-8 and string order is byte order. `toText` shows one to people, `toFsPath` gives it to node:fs.
 */
export interface FileEntry {
  /** `<root>/<path in root>`, or `<root>` itself; binary string. */
  readonly path: string;
  /** f file, d directory, l symbolic link, h further name of an earlier file, x no longer there (was in the parent). */
  readonly kind: 'f' | 'd' | 'l' | 'h' | 'x';
  /** Content bytes; 0 for all but f and h. */
  readonly size: number;
  /** Permission bits, 07777. */
  readonly mode: number;
  /** Nanoseconds since 1970, decimal; may be negative. */
  readonly mtimeNs: string;
  readonly ctimeNs: string;
  /** `<dev>:<ino>` on the machine that was backed up. */
  readonly inode: string;
  readonly uid: number;
  readonly gid: number;
  /** Empty when the machine knew no name. */
  readonly user: string;
  readonly group: string;
  /** SHA-256 (hex) of the content; f only, else null. */
  readonly hash: string | null;
  /** l: text of the link; h: path of the first name, which stands earlier in the list. Binary string; else null. */
  readonly target: string | null;
  /** f only: index into the manifest's chain of the backup whose archive holds the content; else -1. */
  readonly holder: number;
  /** f only: offset of the entry's first header block in that archive's raw tar stream; else -1. */
  readonly offset: number;
}

// eslint-disable-next-line no-control-regex -- the whole of ASCII is what is asked for
const ascii = /^[\x00-\x7f]*$/;

/** Binary string to text for people and JSON that need not be exact: bytes that are not UTF-8 become U+FFFD. */
export function toText(binary: string): string {
  return ascii.test(binary) ? binary : Buffer.from(binary, 'latin1').toString('utf8');
}

/** Text (of the configuration, of a request) to a binary string. */
export function fromText(text: string): string {
  return ascii.test(text) ? text : Buffer.from(text, 'utf8').toString('latin1');
}

/** What node:fs takes for exactly these bytes. */
export function toFsPath(binary: string): string | Buffer {
  return ascii.test(binary) ? binary : Buffer.from(binary, 'latin1');
}

/**
 * Order of a file list: by path segment, each in byte order, a directory before what it holds.
 * `/` therefore sorts before every other byte: `a`, `a/b`, `a.txt`.
 */
export function comparePaths(a: string, b: string): number {
  const shorter = Math.min(a.length, b.length);
  for (let i = 0; i < shorter; i += 1) {
    const x = a.charCodeAt(i);
    const y = b.charCodeAt(i);
    if (x !== y) return (x === 0x2f ? 0 : x) - (y === 0x2f ? 0 : y);
  }
  return a.length - b.length;
}

/** ASCII that stands in JSON as it is. */
const plain = /^[ !#-[\]-~]*$/;

function jsonText(text: string): string {
  return plain.test(text) ? `"${text}"` : JSON.stringify(text);
}

/** JSON member of a name: plain where it is UTF-8, else base64 of its bytes under `<key>b`. */
function nameMember(key: string, binary: string): string {
  if (plain.test(binary)) return `"${key}":"${binary}"`;
  const bytes = Buffer.from(binary, 'latin1');
  return isUtf8(bytes)
    ? `"${key}":${JSON.stringify(bytes.toString('utf8'))}`
    : `"${key}b":"${bytes.toString('base64')}"`;
}

/** One line without its newline; binary-safe JSON as docs/reference/repository-format.md lists it. */
export function encodeEntry(entry: FileEntry): string {
  const path = nameMember('p', entry.path);
  if (entry.kind === 'x') return `{${path},"k":"x"}`;
  let line =
    `{${path},"k":"${entry.kind}","s":${entry.size},"m":${entry.mode},"t":"${entry.mtimeNs}","c":"${entry.ctimeNs}",` +
    `"i":"${entry.inode}","u":${entry.uid},"g":${entry.gid},"U":${jsonText(entry.user)},"G":${jsonText(entry.group)}`;
  if (entry.hash !== null) line += `,"h":"${entry.hash}"`;
  if (entry.target !== null) line += `,${nameMember('L', entry.target)}`;
  if (entry.holder >= 0) line += `,"b":${entry.holder},"o":${entry.offset}`;
  return `${line}}`;
}

type Raw = Readonly<Record<string, unknown>>;

/** The reverse. `where` names the list in errors. Throws OpError `backup_corrupt`, and `unsafe_archive` for paths that could leave a target and unknown kinds. */
export function decodeEntry(line: string, where: string): FileEntry {
  const raw = parseLine(line, where);
  const path = nameOf(raw, 'p', where);
  if (path === null) throw damaged(where, 'a line has no path');
  if (!isSafePath(path)) throw unsafe(where, `names the path ${JSON.stringify(toText(path))}`);
  const kind = raw['k'];
  if (kind === 'x') return deletion(path);
  if (kind !== 'f' && kind !== 'd' && kind !== 'l' && kind !== 'h')
    throw unsafe(where, `${toText(path)} is of an unknown kind`);
  const entry: FileEntry = {
    path,
    kind,
    size: whole(raw, 's', path, where),
    mode: whole(raw, 'm', path, where),
    mtimeNs: matched(raw, 't', /^-?\d{1,20}$/, path, where),
    ctimeNs: matched(raw, 'c', /^-?\d{1,20}$/, path, where),
    inode: matched(raw, 'i', /^\d{1,20}:\d{1,20}$/, path, where),
    uid: whole(raw, 'u', path, where),
    gid: whole(raw, 'g', path, where),
    user: matched(raw, 'U', /^[^\0]*$/, path, where),
    group: matched(raw, 'G', /^[^\0]*$/, path, where),
    hash: kind === 'f' ? matched(raw, 'h', /^[0-9a-f]{64}$/, path, where) : null,
    target: kind === 'l' || kind === 'h' ? nameOf(raw, 'L', where) : null,
    holder: kind === 'f' ? whole(raw, 'b', path, where) : -1,
    offset: kind === 'f' ? whole(raw, 'o', path, where) : -1,
  };
  if (entry.mode > 0o7777) throw damaged(where, `${toText(path)} has an impossible mode`);
  if ((kind === 'l' || kind === 'h') && (entry.target === null || entry.target === ''))
    throw damaged(where, `${toText(path)} has no target`);
  if (kind === 'h' && !isSafePath(entry.target ?? '')) throw unsafe(where, `${toText(path)} links out of the tree`);
  return entry;
}

/** `x` entry: the parent had this path, the backup has not. */
export function deletion(path: string): FileEntry {
  return {
    path,
    kind: 'x',
    size: 0,
    mode: 0,
    mtimeNs: '0',
    ctimeNs: '0',
    inode: '0:0',
    uid: 0,
    gid: 0,
    user: '',
    group: '',
    hash: null,
    target: null,
    holder: -1,
    offset: -1,
  };
}

/** A segment that is empty, `.` or `..`, or a NUL. */
const unsafeSegment = /(^|\/)\.{0,2}(\/|$)|\0/;

/** Relative, no empty, `.` or `..` segment, no NUL. */
export function isSafePath(path: string): boolean {
  return !unsafeSegment.test(path);
}

function parseLine(line: string, where: string): Raw {
  try {
    const value: unknown = JSON.parse(line);
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Raw;
  } catch (cause) {
    throw new OpError('backup_corrupt', `${where}: a line of the file list is not JSON`, { cause });
  }
  throw damaged(where, 'a line is not an entry');
}

function unsafe(where: string, what: string): OpError {
  return new OpError('unsafe_archive', `${where}: ${what}`);
}

function damaged(where: string, what: string): OpError {
  return new OpError('backup_corrupt', `${where}: the file list is damaged: ${what}`);
}

function nameOf(raw: Raw, key: string, where: string): string | null {
  const text = raw[key];
  if (typeof text === 'string') return fromText(text);
  const bytes = raw[`${key}b`];
  if (typeof bytes !== 'string') return null;
  if (!/^[A-Za-z0-9+/]*={0,2}$/.test(bytes)) throw damaged(where, 'a name is not base64');
  return Buffer.from(bytes, 'base64').toString('latin1');
}

function whole(raw: Raw, key: string, path: string, where: string): number {
  const value = raw[key];
  if (typeof value === 'number' && Number.isSafeInteger(value) && value >= 0) return value;
  throw damaged(where, `${toText(path)} has no valid "${key}"`);
}

function matched(raw: Raw, key: string, pattern: RegExp, path: string, where: string): string {
  const value = raw[key];
  if (typeof value === 'string' && pattern.test(value)) return value;
  throw damaged(where, `${toText(path)} has no valid "${key}"`);
}
