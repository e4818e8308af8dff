import { OpError } from '../../../contract/errors.ts';
import { fromText, toText, type FileEntry } from './entries.ts';

/** Every header and every content is a whole number of these. */
export const tarBlockBytes = 512;
/** Two zero blocks end an archive. */
export const tarEnd: Buffer = Buffer.alloc(2 * tarBlockBytes);
/** Longest path or link text (bytes) that is stored; Linux itself passes no more than 4096 in one call. */
export const maxPathBytes = 8192;

const maxOctal12 = 0o77777777777;
const maxOctal8 = 0o7777777;
const typeFlags = { f: '0', d: '5', l: '2', h: '1' } as const;

/** Zero bytes after a content of that size. */
export function tarPadding(size: number): number {
  return (tarBlockBytes - (size % tarBlockBytes)) % tarBlockBytes;
}

/** Header blocks of one entry, as `writeTarHeader` writes them. */
export function tarHeader(entry: FileEntry): Buffer {
  const blocks = Buffer.allocUnsafe(maxHeaderBytes(entry));
  return blocks.subarray(0, writeTarHeader(entry, blocks, 0));
}

function maxHeaderBytes(entry: FileEntry): number {
  return (
    5 * tarBlockBytes + entry.path.length + (entry.target ?? '').length + 4 * (entry.user.length + entry.group.length)
  );
}

/**
 * Writes the header blocks of one entry at `at` and returns where they end: ustar (POSIX.1-1988), preceded by a pax extended header
 * (POSIX.1-2001) for what ustar cannot hold: nanoseconds, long paths and link texts, sizes from 8 GiB, large ids, long owner names.
 * Names are written as their bytes. It runs for every file of a backup: nothing is allocated that need not be.
 */
export function writeTarHeader(entry: FileEntry, blocks: Buffer, at: number): number {
  if (entry.kind === 'x') throw new OpError('internal', 'a deletion has no tar entry');
  const name = entry.kind === 'd' ? `${entry.path}/` : entry.path;
  const split = splitName(name);
  const seconds = floorSeconds(entry.mtimeNs);
  const user = fromText(entry.user);
  const group = fromText(entry.group);
  const size = entry.kind === 'f' ? entry.size : 0;
  const pax = paxRecords(entry, { name: split === null ? name : null, seconds, size, user, group });
  const start = pax === '' ? at : writePax(pax, blocks, at);
  const fields: Ustar = {
    name: split?.name ?? name.slice(-100),
    prefix: split?.prefix ?? '',
    mode: entry.mode,
    uid: entry.uid,
    gid: entry.gid,
    size,
    mtime: Math.min(Math.max(seconds, 0), maxOctal12),
    flag: typeFlags[entry.kind],
    link: entry.target ?? '',
    user,
    group,
  };
  return writeUstar(fields, blocks, start);
}

interface PaxFacts {
  /** Null when it fits into ustar. */
  readonly name: string | null;
  readonly seconds: number;
  readonly size: number;
  readonly user: string;
  readonly group: string;
}

function paxRecords(entry: FileEntry, { name, seconds, size, user, group }: PaxFacts): string {
  let text = '';
  if (name !== null) text += record('path', name);
  if (entry.target !== null && entry.target.length > 100) text += record('linkpath', entry.target);
  if (!entry.mtimeNs.endsWith('000000000') || seconds < 0 || seconds > maxOctal12)
    text += record('mtime', paxTime(entry.mtimeNs));
  if (size > maxOctal12) text += record('size', String(size));
  if (entry.uid > maxOctal8) text += record('uid', String(entry.uid));
  if (entry.gid > maxOctal8) text += record('gid', String(entry.gid));
  if (user.length > 31) text += record('uname', user);
  if (group.length > 31) text += record('gname', group);
  return text;
}

function writePax(text: string, blocks: Buffer, at: number): number {
  const size = text.length;
  const fields: Ustar = {
    name: 'pax-header',
    prefix: '',
    mode: 0o600,
    uid: 0,
    gid: 0,
    size,
    mtime: 0,
    flag: 'x',
    link: '',
    user: '',
    group: '',
  };
  const content = writeUstar(fields, blocks, at);
  const end = content + size + tarPadding(size);
  blocks.write(text, content, size, 'latin1');
  blocks.fill(0, content + size, end);
  return end;
}

/** Where a name fits into ustar's 100 + 155 bytes; null when it does not. */
function splitName(name: string): { readonly name: string; readonly prefix: string } | null {
  if (name.length <= 100) return { name, prefix: '' };
  if (name.length > 256) return null;
  // The slash between prefix and name is not stored; a name must not be left empty.
  for (let at = name.indexOf('/', name.length - 101); at >= 0 && at < name.length - 1; at = name.indexOf('/', at + 1)) {
    if (at > 155) return null;
    if (at > 0) return { prefix: name.slice(0, at), name: name.slice(at + 1) };
  }
  return null;
}

/** `<length> <key>=<value>\n`, where the length counts itself. */
function record(key: string, value: string): string {
  const rest = ` ${key}=${value}\n`;
  let length = rest.length + 1;
  while (String(length).length + rest.length !== length) length = String(length).length + rest.length;
  return `${length}${rest}`;
}

function floorSeconds(ns: string): number {
  if (!ns.startsWith('-')) return Number(ns.slice(0, -9));
  const whole = Number(ns.slice(0, -9));
  return ns.endsWith('000000000') ? whole : Math.floor(Number(ns) / 1e9);
}

/** Nanoseconds to pax's decimal seconds, exact. */
function paxTime(ns: string): string {
  const digits = (ns.startsWith('-') ? ns.slice(1) : ns).padStart(10, '0');
  const fraction = digits.slice(-9).replace(/0+$/, '');
  return `${ns.startsWith('-') ? '-' : ''}${digits.slice(0, -9)}${fraction === '' ? '' : `.${fraction}`}`;
}

interface Ustar {
  readonly name: string;
  readonly prefix: string;
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  readonly size: number;
  readonly mtime: number;
  readonly flag: string;
  readonly link: string;
  readonly user: string;
  readonly group: string;
}

/** What is the same in every block: magic, version, device numbers, and the checksum's field full of blanks, as it counts itself. */
const template = Buffer.alloc(tarBlockBytes);
template.write('        ', 148, 'latin1');
template.write('ustar\x0000', 257, 'latin1');
template.write('0000000\x000000000\0', 329, 'latin1');
const templateSum = template.reduce((sum, byte) => sum + byte, 0);

/** The checksum is summed up while the fields are written; the template has zeros where they go. */
function writeUstar(fields: Ustar, blocks: Buffer, at: number): number {
  template.copy(blocks, at);
  let sum = templateSum;
  sum += putBytes(blocks, at, fields.name, 100);
  sum += putOctal(blocks, at + 100, 7, Math.min(fields.mode, maxOctal8));
  sum += putOctal(blocks, at + 108, 7, Math.min(fields.uid, maxOctal8));
  sum += putOctal(blocks, at + 116, 7, Math.min(fields.gid, maxOctal8));
  sum += putOctal(blocks, at + 124, 11, Math.min(fields.size, maxOctal12));
  sum += putOctal(blocks, at + 136, 11, fields.mtime);
  sum += putBytes(blocks, at + 156, fields.flag, 1);
  sum += putBytes(blocks, at + 157, fields.link, 100);
  sum += putBytes(blocks, at + 265, fields.user, 31);
  sum += putBytes(blocks, at + 297, fields.group, 31);
  sum += putBytes(blocks, at + 345, fields.prefix, 155);
  putOctal(blocks, at + 148, 6, sum);
  blocks[at + 154] = 0;
  return at + tarBlockBytes;
}

/** Writes at most `most` characters of a binary string; returns the sum of the bytes. */
function putBytes(blocks: Buffer, at: number, binary: string, most: number): number {
  const length = Math.min(binary.length, most);
  let sum = 0;
  for (let i = 0; i < length; i += 1) {
    const byte = binary.charCodeAt(i);
    blocks[at + i] = byte;
    sum += byte;
  }
  return sum;
}

/** `digits` octal digits; the byte that ends the field is zero already. Returns the sum of the bytes. */
function putOctal(blocks: Buffer, at: number, digits: number, value: number): number {
  let rest = value;
  let sum = 0;
  for (let i = at + digits - 1; i >= at; i -= 1) {
    const byte = 0x30 + (rest % 8);
    blocks[i] = byte;
    sum += byte;
    // Beyond 31 bits (sizes, times) shifting is not exact; below it is much faster.
    rest = rest < 2 ** 31 ? rest >>> 3 : Math.floor(rest / 8);
  }
  return sum;
}

/** For warnings: a path that cannot be stored because it is too long. */
export function tooLong(entry: { readonly path: string; readonly target: string | null }): string | null {
  if (entry.path.length > maxPathBytes)
    return `the path has ${entry.path.length} bytes, at most ${maxPathBytes} can be stored`;
  if ((entry.target ?? '').length > maxPathBytes)
    return `the link ${toText(entry.path).slice(0, 100)} is longer than ${maxPathBytes} bytes`;
  return null;
}
