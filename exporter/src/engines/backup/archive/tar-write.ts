import { OpError } from '../../../contract/errors.ts';
import { toText, type FileEntry } from './entries.ts';

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

/**
 * Header blocks of one entry: ustar (POSIX.1-1988), preceded by a pax extended header (POSIX.1-2001) for what ustar cannot hold:
 * nanoseconds, long paths and link texts, sizes from 8 GiB, large ids, long owner names. Names are written as their bytes.
 */
export function tarHeader(entry: FileEntry): Buffer {
  if (entry.kind === 'x') throw new OpError('internal', 'a deletion has no tar entry');
  const name = entry.kind === 'd' ? `${entry.path}/` : entry.path;
  const split = splitName(name);
  const link = entry.target ?? '';
  const seconds = floorSeconds(entry.mtimeNs);
  const records: string[] = [];
  if (split === null) records.push(record('path', name));
  if (link.length > 100) records.push(record('linkpath', link));
  if (!/0{9}$/.test(entry.mtimeNs) || seconds < 0 || seconds > maxOctal12) records.push(record('mtime', paxTime(entry.mtimeNs)));
  const size = entry.kind === 'f' ? entry.size : 0;
  if (size > maxOctal12) records.push(record('size', String(size)));
  if (entry.uid > maxOctal8) records.push(record('uid', String(entry.uid)));
  if (entry.gid > maxOctal8) records.push(record('gid', String(entry.gid)));
  const user = Buffer.from(entry.user, 'utf8').toString('latin1');
  const group = Buffer.from(entry.group, 'utf8').toString('latin1');
  if (user.length > 31) records.push(record('uname', user));
  if (group.length > 31) records.push(record('gname', group));
  const header = ustar({
    name: split?.name ?? name.slice(-100), prefix: split?.prefix ?? '', mode: entry.mode, uid: entry.uid, gid: entry.gid, size,
    mtime: Math.min(Math.max(seconds, 0), maxOctal12), flag: typeFlags[entry.kind], link: link.slice(0, 100),
    user: user.slice(0, 31), group: group.slice(0, 31),
  });
  return records.length === 0 ? header : Buffer.concat([...paxBlocks(records.join('')), header]);
}

function paxBlocks(text: string): Buffer[] {
  const size = text.length;
  const content = Buffer.alloc(size + tarPadding(size));
  content.write(text, 0, 'latin1');
  const header = ustar({ name: 'pax-header', prefix: '', mode: 0o600, uid: 0, gid: 0, size, mtime: 0, flag: 'x', link: '', user: '', group: '' });
  return [header, content];
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
  return Number((BigInt(ns) - (((BigInt(ns) % 1_000_000_000n) + 1_000_000_000n) % 1_000_000_000n)) / 1_000_000_000n);
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

function ustar(fields: Ustar): Buffer {
  const block = Buffer.alloc(tarBlockBytes);
  const octal = (value: number, max: number, width: number): string => `${Math.min(value, max).toString(8).padStart(width, '0')}\0`;
  block.write(fields.name, 0, 100, 'latin1');
  block.write(octal(fields.mode, maxOctal8, 7), 100, 'latin1');
  block.write(octal(fields.uid, maxOctal8, 7), 108, 'latin1');
  block.write(octal(fields.gid, maxOctal8, 7), 116, 'latin1');
  block.write(octal(fields.size, maxOctal12, 11), 124, 'latin1');
  block.write(octal(fields.mtime, maxOctal12, 11), 136, 'latin1');
  // The checksum is computed with its own field full of blanks.
  block.write('        ', 148, 'latin1');
  block.write(fields.flag, 156, 'latin1');
  block.write(fields.link, 157, 100, 'latin1');
  block.write('ustar\x0000', 257, 'latin1');
  block.write(fields.user, 265, 31, 'latin1');
  block.write(fields.group, 297, 31, 'latin1');
  block.write('0000000\x000000000\0', 329, 'latin1');
  block.write(fields.prefix, 345, 155, 'latin1');
  let sum = 0;
  for (const byte of block) sum += byte;
  block.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148, 'latin1');
  return block;
}

/** For warnings: a path that cannot be stored because it is too long. */
export function tooLong(entry: { readonly path: string; readonly target: string | null }): string | null {
  if (entry.path.length > maxPathBytes) return `the path has ${entry.path.length} bytes, at most ${maxPathBytes} can be stored`;
  if ((entry.target ?? '').length > maxPathBytes) return `the link ${toText(entry.path).slice(0, 100)} is longer than ${maxPathBytes} bytes`;
  return null;
}
