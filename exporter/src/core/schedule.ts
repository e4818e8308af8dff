import { Cron } from 'croner';

export type JobName = 'full' | 'differential' | 'incremental' | 'drill';

export interface JobSchedule {
  readonly job: JobName;
  /** Five or six field cron expression; null is never. */
  readonly cron: string | null;
  readonly timezone: string;
}

/** The first run strictly after `from`; null when there is none. Croner reads the zone, so a run at 02:30 survives both clock changes. */
export function nextRun(schedule: JobSchedule, from: Date): Date | null {
  if (schedule.cron === null) return null;
  return new Cron(schedule.cron, { timezone: schedule.timezone, paused: true }).nextRun(from);
}

/** Longest gap between the next few runs, seconds: what monitoring may expect. Null when it never runs. */
export function intervalSeconds(schedule: JobSchedule, from: Date): number | null {
  if (schedule.cron === null) return null;
  const runs = new Cron(schedule.cron, { timezone: schedule.timezone, paused: true }).nextRuns(8, from);
  let longest: number | null = null;
  for (let i = 1; i < runs.length; i++) {
    const gap = (+(runs[i] ?? 0) - +(runs[i - 1] ?? 0)) / 1000;
    if (longest === null || gap > longest) longest = gap;
  }
  return longest;
}

export interface JobState {
  /** When this job was last handled (started or caught up); null when never. */
  readonly lastHandledAt: Date | null;
}

export type DueDecision =
  | { readonly due: false; readonly nextAt: Date | null; readonly clockWentBack: boolean }
  | { readonly due: true; readonly scheduledFor: Date };

/**
 * Whether a job is due. A run missed while nobody was there is caught up once, however many were missed.
 * A clock set back must not silence the schedule: a last run in the future counts as handled now.
 */
export function decideDue(schedule: JobSchedule, state: JobState, now: Date): DueDecision {
  const last = state.lastHandledAt;
  const clockWentBack = last !== null && +last > +now + 60_000;
  if (last === null || clockWentBack) return { due: false, nextAt: nextRun(schedule, now), clockWentBack };
  const next = nextRun(schedule, last);
  if (next === null || +next > +now) return { due: false, nextAt: next, clockWentBack: false };
  return { due: true, scheduledFor: next };
}
