import { z } from 'zod';
import { fail, ok, type Outcome } from '../../../contract/errors.ts';

/** Names of WAL segments, their order, and what stands in an archive. */

/** A place in the WAL: `number` counts segments from 0, across the boundaries of log files. */
export interface SegmentName {
  readonly timeline: number;
  readonly number: number;
}

export interface ArchivedSegment extends SegmentName {
  /** When it came into the repository, Unix milliseconds. */
  readonly archivedAtMs: number;
}

/** Where a timeline left its parent. */
export interface Fork {
  readonly parent: number;
  readonly lsn: bigint;
}

/** What one archive folder of a repository holds (`15-1`: version and number of the cluster). */
export interface Archive {
  readonly segmentBytes: number;
  /** In no order; each name once. */
  readonly segments: readonly ArchivedSegment[];
  /** Names that stand there twice with different content, or empty: pgBackRest refuses to give them out. */
  readonly unusable: readonly SegmentName[];
  /** All ancestors of a timeline, oldest first, by its number. */
  readonly histories: ReadonlyMap<number, readonly Fork[]>;
  /** When a timeline began, Unix milliseconds: its history file was archived. */
  readonly begunAtMs: ReadonlyMap<number, number>;
}

export const defaultSegmentBytes = 16 * 2 ** 20;
const logBytes = 2 ** 32;

/** `000000010000000A000000FF` as PostgreSQL writes it; null for any other text (history, backup labels, partial segments). */
export function parseSegment(name: string, segmentBytes: number): SegmentName | null {
  if (!/^[0-9A-F]{24}$/.test(name)) return null;
  const part = (from: number): number => Number.parseInt(name.slice(from, from + 8), 16);
  const [timeline, log, low] = [part(0), part(8), part(16)];
  const perLog = logBytes / segmentBytes;
  return timeline === 0 || low >= perLog ? null : { timeline, number: log * perLog + low };
}

export function segmentName({ timeline, number }: SegmentName, segmentBytes: number): string {
  const perLog = logBytes / segmentBytes;
  return [timeline, Math.floor(number / perLog), number % perLog]
    .map((part) => part.toString(16).toUpperCase().padStart(8, '0'))
    .join('');
}

/** `0/2000028` as a position in bytes; null for any other text. */
export function parseLsn(text: string): bigint | null {
  const match = /^([0-9A-Fa-f]{1,8})\/([0-9A-Fa-f]{1,8})$/.exec(text);
  return match === null ? null : (BigInt(`0x${match[1]}`) << 32n) + BigInt(`0x${match[2]}`);
}

export function segmentOfLsn(lsn: bigint, segmentBytes: number): number {
  return Number(lsn / BigInt(segmentBytes));
}

/**
 * Nothing in the catalogue tells how large the cluster's segments are, but each backup names a position and the segment that holds
 * it: the size at which all of them agree. 16 MiB where several would, as a cluster has by default; null where none does.
 */
export function segmentBytesOf(pairs: readonly { readonly segment: string; readonly lsn: string }[]): number | null {
  const sizes = Array.from({ length: 11 }, (_, i) => 2 ** (20 + i));
  const agreeing = sizes.filter((bytes) =>
    pairs.every(({ segment, lsn }) => {
      const [named, at] = [parseSegment(segment, bytes), parseLsn(lsn)];
      return named !== null && at !== null && named.number === segmentOfLsn(at, bytes);
    }),
  );
  return agreeing.includes(defaultSegmentBytes) ? defaultSegmentBytes : (agreeing[0] ?? null);
}

export interface ArchiveListing {
  /** Names without their checksum and compression, with what the store says of the file. */
  readonly files: readonly {
    readonly path: string;
    readonly name: string;
    readonly bytes: number;
    readonly atMs: number;
  }[];
}

/** One name and what is said of it. */
const listed = /"((?:[^"\\]|\\.)*)":\{((?:[^{}"]|"(?:[^"\\]|\\.)*")*)\}/y;
const plainFile = /^"type":"file","size":(\d+),"time":(\d+)$/;
const Entry = z.object({ type: z.string(), size: z.number().optional(), time: z.number().optional() });

/**
 * `repo-ls --output=json --recurse`. Errors: `format_unknown`. Read entry by entry: a year of WAL has half a million of them, and one
 * object of so many names takes ten times as long.
 */
export function parseListing(text: string): Outcome<ArchiveListing> {
  const unknown = fail('format_unknown', 'the answer of `pgbackrest repo-ls` has another shape than known');
  const all = text.trim();
  if (all === '{}') return ok({ files: [] });
  if (!all.startsWith('{') || !all.endsWith('}')) return unknown;
  const files: ArchiveListing['files'][number][] = [];
  for (let at = 1; at < all.length; at = listed.lastIndex + 1) {
    listed.lastIndex = at;
    const [, name, said] = listed.exec(all) ?? [];
    if (name === undefined || said === undefined) return unknown;
    const isLast = listed.lastIndex === all.length - 1;
    if (!isLast && all[listed.lastIndex] !== ',') return unknown;
    const entry = entryOf(said);
    if (entry === null) return unknown;
    if (entry.type === 'file') files.push(fileOf(name, entry.size ?? 0, entry.time ?? 0));
  }
  return ok({ files });
}

function entryOf(said: string): z.infer<typeof Entry> | null {
  const plain = plainFile.exec(said);
  if (plain !== null) return { type: 'file', size: Number(plain[1]), time: Number(plain[2]) };
  try {
    return Entry.safeParse(JSON.parse(`{${said}}`)).data ?? null;
  } catch (thrown) {
    if (!(thrown instanceof SyntaxError)) throw thrown;
    return null;
  }
}

function fileOf(name: string, bytes: number, seconds: number): ArchiveListing['files'][number] {
  const path = name.includes('\\') ? (JSON.parse(`"${name}"`) as string) : name;
  const own = path.slice(path.lastIndexOf('/') + 1).replace(/\.(?:gz|lz4|zst|bz2)$/, '');
  return { path, name: own.replace(/-[0-9a-f]{40}$/, ''), bytes, atMs: seconds * 1000 };
}

/** The history files of a listing, by timeline; their content has to be read to know where a timeline began. */
export function historyFiles({
  files,
}: ArchiveListing): { timeline: number; path: string; bytes: number; atMs: number }[] {
  return files.flatMap(({ name, path, bytes, atMs }) => {
    const match = /^([0-9A-F]{8})\.history$/.exec(name);
    return match === null ? [] : [{ timeline: Number.parseInt(match[1] ?? '0', 16), path, bytes, atMs }];
  });
}

/** Lines of `<parent>\t<lsn>\t<reason>`, oldest first. Null where a line is something else. */
export function parseHistory(text: string): Fork[] | null {
  const lines = text.split('\n').filter((line) => line.trim() !== '' && !line.trimStart().startsWith('#'));
  const forks = lines.map((line) => {
    const [parent = '', lsn = ''] = line.trim().split(/\s+/);
    const at = parseLsn(lsn);
    return /^\d+$/.test(parent) && at !== null ? { parent: Number(parent), lsn: at } : null;
  });
  return forks.every((fork) => fork !== null) ? forks : null;
}

/** Segments of a listing; a partial one (`.partial`) is no segment: recovery never asks for it. */
export function archiveOf(
  listing: ArchiveListing,
  segmentBytes: number,
  histories: ReadonlyMap<number, readonly Fork[]>,
): Archive {
  const byName = new Map<string, ArchivedSegment>();
  const unusable = new Map<string, SegmentName>();
  for (const { name, bytes, atMs } of listing.files) {
    const segment = parseSegment(name, segmentBytes);
    if (segment === null) continue;
    if (bytes === 0 || byName.has(name)) unusable.set(name, segment);
    byName.set(name, { ...segment, archivedAtMs: atMs });
  }
  for (const name of unusable.keys()) byName.delete(name);
  return {
    segmentBytes,
    segments: [...byName.values()],
    unusable: [...unusable.values()],
    histories,
    begunAtMs: new Map(historyFiles(listing).map(({ timeline, atMs }) => [timeline, atMs])),
  };
}
