import type { CatalogueEntry } from '../contract/backup.ts';
import type { DrillRecord, Operation } from '../contract/operation.ts';
import { decideDue, type JobName, type JobSchedule } from './schedule.ts';
import { newestUsable } from './backup-choice.ts';

/** All that the decision "what should run now" rests on, for one service. */
export interface WorkInput {
  readonly service: string;
  readonly hasComponents: boolean;
  readonly schedules: readonly JobSchedule[];
  readonly lastHandled: ReadonlyMap<JobName, Date>;
  readonly paused: boolean;
  /** Null while unknown: then nothing is started on a guess. */
  readonly entries: readonly CatalogueEntry[] | null;
  readonly drills: readonly DrillRecord[] | null;
  readonly running: readonly Operation[];
  /** Connected copies with backups still to come. */
  readonly copiesBehind: boolean;
  readonly lastBackupAttemptAt: Date | null;
  readonly lastDrillAttemptAt: Date | null;
  readonly lastCopyAttemptAt: Date | null;
}

export type ScheduledType = 'full' | 'differential' | 'incremental';

export type Work =
  | {
      readonly kind: 'backup';
      readonly type: ScheduledType;
      readonly reason: string;
      readonly handles: readonly JobName[];
    }
  | { readonly kind: 'drill'; readonly reason: string; readonly handles: readonly JobName[] }
  | { readonly kind: 'copy'; readonly reason: string; readonly handles: readonly JobName[] }
  /** Nothing to start, only to remember where the schedule stands (first start, or a clock that was set back). */
  | { readonly kind: 'baseline'; readonly reason: string; readonly handles: readonly JobName[] };

const retryMs = 5 * 60_000;
const copyRetryMs = 60_000;

function longAgo(at: Date | null, now: Date, waitMs: number): boolean {
  return at === null || Math.abs(+now - +at) >= waitMs;
}

function backupWork(input: WorkInput, due: ReadonlyMap<JobName, Date>, now: Date): Work | null {
  if (!input.hasComponents || input.entries === null) return null;
  if (input.running.some((o) => o.kind === 'backup')) return null;
  const scheduled = input.schedules.filter((s) => s.cron !== null && s.job !== 'drill').map((s) => s.job);
  if (input.entries.length === 0 && scheduled.length > 0 && longAgo(input.lastBackupAttemptAt, now, retryMs)) {
    return { kind: 'backup', type: 'full', reason: 'there is no backup yet', handles: coveredBy.full };
  }
  for (const type of ['full', 'differential', 'incremental'] as const) {
    const at = due.get(type);
    if (at !== undefined)
      return { kind: 'backup', type, reason: `scheduled for ${at.toISOString()}`, handles: coveredBy[type] };
  }
  return null;
}

/** A full holds all that an incremental due at the same time would: one run serves both. */
const coveredBy: Readonly<Record<ScheduledType, readonly JobName[]>> = {
  full: ['full', 'differential', 'incremental'],
  differential: ['differential', 'incremental'],
  incremental: ['incremental'],
};

function drillWork(input: WorkInput, due: ReadonlyMap<JobName, Date>, now: Date): Work | null {
  if (input.entries === null || input.drills === null || newestUsable(input.entries) === null) return null;
  if (input.running.some((o) => o.kind === 'drill')) return null;
  const scheduled = input.schedules.some((s) => s.job === 'drill' && s.cron !== null);
  if (scheduled && input.drills.length === 0 && longAgo(input.lastDrillAttemptAt, now, retryMs)) {
    return { kind: 'drill', reason: 'no restore was ever proven', handles: ['drill'] };
  }
  const at = due.get('drill');
  return at === undefined ? null : { kind: 'drill', reason: `scheduled for ${at.toISOString()}`, handles: ['drill'] };
}

/** What to start now, with the reason; pure. A paused service starts nothing and catches up once when it is resumed. */
export function decideWork(input: WorkInput, now: Date): readonly Work[] {
  if (input.paused) return [];
  const due = new Map<JobName, Date>();
  const baseline: JobName[] = [];
  for (const schedule of input.schedules) {
    const lastHandledAt = input.lastHandled.get(schedule.job) ?? null;
    const decision = decideDue(schedule, { lastHandledAt }, now);
    if (decision.due) due.set(schedule.job, decision.scheduledFor);
    else if (lastHandledAt === null || decision.clockWentBack) baseline.push(schedule.job);
  }
  const work: Work[] = [];
  if (baseline.length > 0)
    work.push({ kind: 'baseline', reason: 'first start, or the clock was set back', handles: baseline });
  const backup = backupWork(input, due, now);
  if (backup !== null) work.push(backup);
  const drill = drillWork(input, due, now);
  if (drill !== null) work.push(drill);
  if (
    input.copiesBehind &&
    !input.running.some((o) => o.kind === 'copy') &&
    longAgo(input.lastCopyAttemptAt, now, copyRetryMs)
  ) {
    work.push({ kind: 'copy', reason: 'a copy is behind', handles: [] });
  }
  return work;
}
