import type { RecoveryTarget } from '../../../contract/postgres.ts';
import type { RecoveryFacts } from '../port.ts';
import { parseLsn, segmentName, segmentOfLsn } from './segments.ts';
import { beginOfRun, endOfRun, segmentAt, type BackupPoint, type Run, type Scan } from './windows.ts';

/** Which backup and which WAL bring back what is wanted, decided before anything is touched. */

export interface Reach {
  readonly facts: RecoveryFacts;
  /** Null where it cannot be reached. */
  readonly backup: BackupPoint | null;
  /**
   * The target lies behind the last segment but one: whether a commit after it was archived, which PostgreSQL wants to see before it
   * takes a time as reached, is only known from that segment.
   */
  readonly isAtTheEdge: boolean;
  /** Names of the newest segments there are on the way, newest first, at most 8. */
  readonly lastSegments: readonly string[];
  /** How many segments are replayed at most. */
  readonly segments: number;
}

export interface ReachInput {
  readonly target: RecoveryTarget;
  /** The backup that was asked for: taken where it can serve, else the newest that can. */
  readonly wanted: BackupPoint;
  readonly scan: Scan;
  readonly segmentBytes: number;
  /** When timelines began, Unix milliseconds. */
  readonly begunAtMs: ReadonlyMap<number, number>;
  readonly nowMs: number;
}

/** What the lineage and the backups of a run say to a target: the words why not, or the backups that serve and where replay ends. */
type Verdict =
  | { readonly why: string }
  | { readonly backups: readonly BackupPoint[]; readonly lastSegment: number | null; readonly atMs: number | null };

export function reach(input: ReachInput): Reach {
  const { target, wanted, scan } = input;
  const broken = scan.broken.find(({ id }) => id === wanted.id);
  const whys: string[] = [];
  for (const run of candidates(input)) {
    const verdict = judge(input, run);
    if ('why' in verdict) {
      whys.push(verdict.why);
      continue;
    }
    const backup = verdict.backups.find(({ id }) => id === wanted.id) ?? verdict.backups.at(-1);
    if (backup !== undefined) return reached(input, run, backup, verdict);
  }
  const brokenWords = broken === undefined ? null : `${wanted.label} itself lacks ${broken.missing}`;
  const why = [brokenWords, whys[0] ?? 'no backup and the WAL after it reach it']
    .filter((text) => text !== null)
    .join('; ');
  return {
    backup: null,
    isAtTheEdge: false,
    lastSegments: [],
    segments: 0,
    facts: {
      target,
      reachable: false,
      problem: `${inWords(target)} cannot be reached: ${why}`,
      walFrom: null,
      walTo: null,
      timeline: null,
      dataAsOf: null,
      lost: 'nothing was touched',
    },
  };
}

/** Runs in the order in which they are tried: of a moment the newest timeline that had begun by then, of a position the run of the backup. */
function candidates({ target, wanted, scan, begunAtMs }: ReachInput): readonly Run[] {
  const withWanted = scan.runs.filter((run) => run.backups.some(({ id }) => id === wanted.id));
  const others = scan.runs.filter((run) => !withWanted.includes(run));
  if (target.type === 'immediate') return withWanted;
  if (target.type !== 'time') return [...withWanted, ...others];
  const atMs = Date.parse(target.at);
  const begun = (run: Run): number => begunAtMs.get(run.lineage.timeline) ?? 0;
  const hadBegun = (run: Run): boolean => begun(run) <= atMs;
  const all = [...withWanted, ...others];
  return [...all.filter(hadBegun), ...all.filter((run) => !hadBegun(run))].sort(
    (a, b) => Number(hadBegun(b)) - Number(hadBegun(a)) || b.lineage.timeline - a.lineage.timeline,
  );
}

function judge({ target, wanted, scan, segmentBytes }: ReachInput, run: Run): Verdict {
  switch (target.type) {
    case 'immediate':
      return { backups: [wanted], lastSegment: wanted.last.number, atMs: wanted.stopMs };
    case 'latest':
      return judgeLatest(run, scan, wanted);
    case 'time':
      return judgeTime(run, Date.parse(target.at));
    case 'lsn':
      return judgeLsn(run, target.lsn, segmentBytes);
    case 'xid':
    case 'name':
      return { backups: run.backups, lastSegment: null, atMs: null };
  }
}

/** Replaying "all there is" across a gap would end there without a word: the run has to be the last of the newest timeline. */
function judgeLatest(run: Run, scan: Scan, wanted: BackupPoint): Verdict {
  const gap = scan.gaps.find(({ from }) => from !== null && Date.parse(from) >= run.lastArchivedAtMs);
  if (gap !== undefined)
    return {
      why: `after ${wanted.label} WAL is missing (${gap.firstSegment} to ${gap.lastSegment}), and everything behind it would be lost; choose a moment before ${gap.from ?? 'it'}`,
    };
  if (run.lineage.timeline !== scan.newestTimeline)
    return { why: `${wanted.label} leads to timeline ${run.lineage.timeline}, the newest is ${scan.newestTimeline}` };
  return { backups: run.backups, lastSegment: run.to, atMs: null };
}

function judgeTime(run: Run, atMs: number): Verdict {
  const [begin, end] = [beginOfRun(run), endOfRun(run)];
  const iso = (ms: number): string => new Date(ms).toISOString();
  if (atMs < begin) return { why: `the oldest backup that can serve is consistent at ${iso(begin)}` };
  if (atMs > end) return { why: `the WAL goes without a gap only until ${iso(end)}` };
  return { backups: run.backups.filter(({ stopMs }) => stopMs <= atMs), lastSegment: null, atMs };
}

function judgeLsn(run: Run, text: string, segmentBytes: number): Verdict {
  const lsn = parseLsn(text);
  if (lsn === null) return { why: `${text} is no position in the WAL` };
  const number = segmentOfLsn(lsn, segmentBytes);
  if (number > run.to)
    return { why: `the WAL ends with ${segmentName(segmentAt(run.lineage, run.to), segmentBytes)} without a gap` };
  const backups = run.backups.filter(({ stopLsn }) => stopLsn !== null && stopLsn <= lsn);
  if (backups.length === 0) return { why: 'no backup is consistent before it' };
  return { backups, lastSegment: number, atMs: null };
}

function reached(
  { target, segmentBytes, scan, nowMs }: ReachInput,
  run: Run,
  backup: BackupPoint,
  { lastSegment, atMs }: Exclude<Verdict, { why: string }>,
): Reach {
  const name = (number: number): string => segmentName(segmentAt(run.lineage, number), segmentBytes);
  const last = lastSegment ?? run.to;
  return {
    backup,
    lastSegments: Array.from({ length: Math.min(8, run.to - run.from + 1) }, (_, i) => name(run.to - i)),
    segments: last - backup.first.number + 1,
    isAtTheEdge: atMs !== null && target.type === 'time' && atMs > (run.beforeLastAtMs ?? backup.stopMs),
    facts: {
      target,
      reachable: true,
      problem: null,
      walFrom: segmentName(backup.first, segmentBytes),
      walTo: name(Math.max(last, backup.last.number)),
      timeline: target.type === 'immediate' ? backup.last.timeline : run.lineage.timeline,
      dataAsOf: target.type === 'time' ? target.at : target.type === 'immediate' ? iso(backup.stopMs) : null,
      lost: lostWords(target, run, backup, scan, nowMs),
    },
  };
}

function iso(ms: number): string {
  return new Date(ms).toISOString();
}

function lostWords(target: RecoveryTarget, run: Run, backup: BackupPoint, scan: Scan, nowMs: number): string {
  const until = iso(nowMs);
  const gaps = scan.gaps.length === 0 ? '' : `; ${scan.gaps.length} gap(s) in the WAL of this repository`;
  switch (target.type) {
    case 'latest':
      return `what was committed after the last archived WAL (${iso(run.lastArchivedAtMs)}) until now (${until})${gaps}`;
    case 'immediate':
      return `what was committed after ${iso(backup.stopMs)}, when ${backup.label} ended, until now (${until})${gaps}`;
    case 'time':
      return `what was committed after ${target.at} until now (${until})${gaps}`;
    case 'lsn':
      return `what was written behind ${target.lsn}${gaps}`;
    case 'xid':
      return `what was committed after transaction ${target.xid}; whether the WAL holds it only the replay tells${gaps}`;
    case 'name':
      return `what was committed after the restore point ${target.name}; whether the WAL holds it only the replay tells${gaps}`;
  }
}

export function inWords(target: RecoveryTarget): string {
  switch (target.type) {
    case 'latest':
      return 'the newest state';
    case 'immediate':
      return 'the end of the backup';
    case 'time':
      return `the moment ${target.at}`;
    case 'lsn':
      return `the position ${target.lsn}`;
    case 'xid':
      return `the transaction ${target.xid}`;
    case 'name':
      return `the restore point ${target.name}`;
  }
}
