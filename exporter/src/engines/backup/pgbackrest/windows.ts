import type { PitrFacts, RecoveryWindow, WalGap } from '../../../contract/postgres.ts';
import type { Archive, ArchivedSegment, Fork, SegmentName } from './segments.ts';
import { segmentName, segmentOfLsn } from './segments.ts';

/**
 * What can be brought back, from the names of all segments: a backup is worth something as far as the WAL after it goes without a
 * gap. pgBackRest's own list says only the first and the last segment, and a restore across a gap ends at it without a word.
 */

/** A backup as the scan needs it. */
export interface BackupPoint {
  readonly id: string;
  readonly label: string;
  readonly startMs: number;
  /** From then on it is consistent. */
  readonly stopMs: number;
  /** First and last segment that it needs to be consistent. */
  readonly first: SegmentName;
  readonly last: SegmentName;
  readonly stopLsn: bigint | null;
}

/** A timeline with all that came before it: which timeline's file holds which segment. */
export interface Lineage {
  readonly timeline: number;
  /** Ancestors, oldest first, then itself: from which segment on its files count. */
  readonly parts: readonly { readonly timeline: number; readonly from: number; readonly before: number }[];
}

/** A stretch of one lineage without a gap. */
export interface Run {
  readonly lineage: Lineage;
  readonly from: number;
  readonly to: number;
  readonly lastArchivedAtMs: number;
  /** Of the segment before the last; what was committed until then is followed by more WAL. Null: there is but one. */
  readonly beforeLastAtMs: number | null;
  /** Backups that are consistent within it, oldest first; at least one. */
  readonly backups: readonly BackupPoint[];
}

export interface Scan {
  /** By lineage (highest timeline first), then oldest first. */
  readonly runs: readonly Run[];
  readonly gaps: readonly WalGap[];
  /** The highest that the archive knows of, also where no backup leads to it; 0: none. */
  readonly newestTimeline: number;
  /** Ids of backups that lack WAL which they need to be consistent, with the names of it. */
  readonly broken: readonly { readonly id: string; readonly missing: string }[];
}

export function lineageOf(
  timeline: number,
  histories: ReadonlyMap<number, readonly Fork[]>,
  segmentBytes: number,
): Lineage {
  const forks = histories.get(timeline) ?? [];
  const parts: { timeline: number; from: number; before: number }[] = [];
  let from = 0;
  for (const { parent, lsn } of forks) {
    const before = segmentOfLsn(lsn, segmentBytes);
    parts.push({ timeline: parent, from, before });
    from = before;
  }
  parts.push({ timeline, from, before: Number.POSITIVE_INFINITY });
  return { timeline, parts };
}

/** The segment of that number as a recovery along the lineage asks for it. */
export function segmentAt(lineage: Lineage, number: number): SegmentName {
  const part = lineage.parts.find(({ from, before }) => number >= from && number < before);
  return { timeline: part?.timeline ?? lineage.timeline, number };
}

export function isOn(lineage: Lineage, { timeline, number }: SegmentName): boolean {
  return lineage.parts.some((part) => part.timeline === timeline && number >= part.from && number < part.before);
}

export interface ScanInput {
  readonly repository: string;
  readonly archive: Archive;
  readonly backups: readonly BackupPoint[];
  /** What the server says it archived last, asked before the listing was read; null: nobody knows. */
  readonly expected: SegmentName | null;
}

export function scanArchive(input: ScanInput): Scan {
  const { archive, backups } = input;
  const timelines = new Set([
    ...archive.segments.map(({ timeline }) => timeline),
    ...archive.histories.keys(),
    ...backups.map(({ last }) => last.timeline),
  ]);
  const lineages = [...timelines]
    .sort((a, b) => b - a)
    .map((timeline) => lineageOf(timeline, archive.histories, archive.segmentBytes));
  const runs: Run[] = [];
  const gaps = new Map<string, WalGap>();
  for (const lineage of lineages) {
    const seen = scanLineage(input, lineage);
    // A parent whose files end where its child begins tells nothing that the child's own stretch does not.
    runs.push(...seen.runs.filter((run) => !runs.some((wider) => contains(wider, run))));
    for (const gap of seen.gaps) if (!gaps.has(gap.firstSegment)) gaps.set(gap.firstSegment, gap);
  }
  return {
    runs,
    gaps: [...gaps.values()],
    newestTimeline: Math.max(0, ...timelines),
    broken: brokenOf(input, lineages),
  };
}

/** A parent that ends where its child was forked off has nothing of its own. */
function contains(wider: Run, run: Run): boolean {
  return wider.from <= run.from && wider.to >= run.to && isOn(wider.lineage, segmentAt(run.lineage, run.to));
}

function scanLineage(input: ScanInput, lineage: Lineage): { runs: Run[]; gaps: WalGap[] } {
  const { archive, expected } = input;
  const backups = input.backups
    .filter(({ first, last }) => isOn(lineage, first) && isOn(lineage, last))
    .sort((a, b) => a.last.number - b.last.number || a.stopMs - b.stopMs);
  const start = backups.reduce((least, { first }) => Math.min(least, first.number), Number.POSITIVE_INFINITY);
  if (!Number.isFinite(start)) return { runs: [], gaps: [] };
  const present = archive.segments
    .filter((segment) => segment.number >= start && isOn(lineage, segment))
    .sort((a, b) => a.number - b.number);
  const needed = Math.max(...backups.map(({ last }) => last.number));
  const end = expected !== null && expected.timeline === lineage.timeline ? Math.max(needed, expected.number) : needed;
  const stretches = stretchesOf(present);
  const gaps = gapsOf(stretches, start, end).map((hole) => gapOf(input, lineage, hole));
  const runs = stretches.flatMap((stretch) => {
    const [from, to] = [stretch[0], stretch.at(-1)];
    if (from === undefined || to === undefined) return [];
    const inside = backups.filter(({ first, last }) => first.number >= from.number && last.number <= to.number);
    if (inside.length === 0) return [];
    const beforeLastAtMs = stretch.at(-2)?.archivedAtMs ?? null;
    const run: Run = {
      lineage,
      from: from.number,
      to: to.number,
      lastArchivedAtMs: to.archivedAtMs,
      beforeLastAtMs,
      backups: inside,
    };
    return [run];
  });
  return { runs, gaps };
}

function stretchesOf(sorted: readonly ArchivedSegment[]): ArchivedSegment[][] {
  const stretches: ArchivedSegment[][] = [];
  for (const segment of sorted) {
    const current = stretches.at(-1);
    if (current !== undefined && current.at(-1)?.number === segment.number - 1) current.push(segment);
    else stretches.push([segment]);
  }
  return stretches;
}

interface Hole {
  readonly first: number;
  readonly last: number;
  readonly before: ArchivedSegment | null;
  readonly after: ArchivedSegment | null;
}

function gapsOf(stretches: readonly (readonly ArchivedSegment[])[], start: number, end: number): Hole[] {
  const holes: Hole[] = [];
  let [next, before]: [number, ArchivedSegment | null] = [start, null];
  for (const stretch of stretches) {
    const [first, last] = [stretch[0], stretch.at(-1)];
    if (first === undefined || last === undefined) continue;
    if (first.number > next) holes.push({ first: next, last: first.number - 1, before, after: first });
    [next, before] = [last.number + 1, last];
  }
  if (next <= end) holes.push({ first: next, last: end, before, after: null });
  return holes;
}

function gapOf({ repository, archive }: ScanInput, lineage: Lineage, hole: Hole): WalGap {
  const name = (number: number): string => segmentName(segmentAt(lineage, number), archive.segmentBytes);
  return {
    repository,
    timeline: segmentAt(lineage, hole.first).timeline,
    firstSegment: name(hole.first),
    lastSegment: name(hole.last),
    segments: hole.last - hole.first + 1,
    from: hole.before === null ? null : new Date(hole.before.archivedAtMs).toISOString(),
    to: hole.after === null ? null : new Date(hole.after.archivedAtMs).toISOString(),
  };
}

function brokenOf({ archive, backups }: ScanInput, lineages: readonly Lineage[]): { id: string; missing: string }[] {
  const present = new Map<number, Set<number>>();
  for (const { timeline, number } of archive.segments) {
    const numbers = present.get(timeline) ?? new Set<number>();
    present.set(timeline, numbers.add(number));
  }
  return backups.flatMap(({ id, first, last }) => {
    const lineage =
      lineages.find((l) => isOn(l, first) && isOn(l, last)) ??
      lineageOf(last.timeline, archive.histories, archive.segmentBytes);
    for (let number = first.number; number <= last.number; number++) {
      const needed = segmentAt(lineage, number);
      if (present.get(needed.timeline)?.has(number) !== true)
        return [{ id, missing: segmentName(needed, archive.segmentBytes) }];
    }
    return [];
  });
}

/** The moment from which a run can be brought back: its oldest backup is consistent then. */
export function beginOfRun(run: Run): number {
  return Math.min(...run.backups.map(({ stopMs }) => stopMs));
}

/** The newest moment of a run that has been seen in the archive. */
export function endOfRun(run: Run): number {
  return Math.max(run.lastArchivedAtMs, beginOfRun(run));
}

/** Facts of one repository; several archives (before and after an upgrade) add up. */
export function windowsOf(
  scans: readonly Scan[],
  about: {
    readonly repository: string;
    readonly segments: number;
    readonly version: string;
    readonly blockIncremental: PitrFacts['blockIncremental'];
  },
): PitrFacts {
  const windows: RecoveryWindow[] = scans
    .flatMap(({ runs }) => runs)
    .map((run) => ({
      from: new Date(beginOfRun(run)).toISOString(),
      to: new Date(endOfRun(run)).toISOString(),
      timeline: segmentAt(run.lineage, run.to).timeline,
      repository: about.repository,
    }))
    .sort((a, b) => (a.from < b.from ? -1 : a.from > b.from ? 1 : a.timeline - b.timeline));
  const newest = windows.reduce<string | null>((max, { to }) => (max === null || to > max ? to : max), null);
  return {
    windows,
    gaps: scans.flatMap(({ gaps }) => gaps).sort((a, b) => (a.firstSegment < b.firstSegment ? -1 : 1)),
    newestRestorableAt: newest,
    oldestRestorableAt: windows[0]?.from ?? null,
    segments: about.segments,
    version: about.version,
    blockIncremental: about.blockIncremental,
  };
}
