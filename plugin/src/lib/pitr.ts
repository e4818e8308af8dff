import type { PitrFacts, RecoveryTarget, RecoveryWindow, WalGap } from '@genesis-dr/exporter/contract';
import type { RecoverablePoint, TimeRange } from './recoverable.ts';

/** Point-in-time recovery on the timeline: which moments can be reached to the second, and what a restore to one is asked for. */

/** What a moment means to a service that keeps its WAL. */
export type PitrMoment =
  /** Every second of this window can be brought back. */
  | { readonly kind: 'exact'; readonly window: RecoveryWindow }
  /** WAL is missing here: only kept states before it and windows after it remain. */
  | { readonly kind: 'gap'; readonly gap: WalGap }
  | { readonly kind: 'outside' };

/** The repository's own window before a copy's: a restore reads the repository unless it is told otherwise. */
export function pitrMoment(pitr: PitrFacts, ms: number): PitrMoment {
  const holding = pitr.windows.filter((window) => holds(window, ms));
  const window = holding.find(({ repository }) => repository === mainRepository) ?? holding[0];
  if (window !== undefined) return { kind: 'exact', window };
  const gap = pitr.gaps.find(
    ({ from, to }) => (from === null || Date.parse(from) <= ms) && (to === null || ms <= Date.parse(to)),
  );
  return gap === undefined ? { kind: 'outside' } : { kind: 'gap', gap };
}

export const mainRepository = 'repository';

function holds({ from, to }: RecoveryWindow, ms: number): boolean {
  return Date.parse(from) <= ms && ms <= Date.parse(to);
}

/** pgBackRest dates the end of a backup in whole seconds, and PostgreSQL refuses a target inside that second. */
const settlesMs = 1_000;

/** The newest backup that was consistent by then: where the replay of WAL begins. `points`: oldest first. */
export function baseOf<P extends RecoverablePoint>(points: readonly P[], ms: number): P | null {
  return points.filter(({ endedAt }) => Date.parse(endedAt) + settlesMs <= ms).at(-1) ?? null;
}

/** The moment inside a window that is nearest to the asked one; null without windows. */
export function nearestReachable(pitr: PitrFacts, ms: number): number | null {
  let best: number | null = null;
  for (const { from, to } of pitr.windows) {
    const inside = Math.min(Date.parse(to), Math.max(Date.parse(from), ms));
    if (best === null || Math.abs(inside - ms) < Math.abs(best - ms)) best = inside;
  }
  return best;
}

/** One stretch of the drawing, milliseconds; ends that nobody knows reach to the edge. */
export interface Stretch {
  readonly fromMs: number;
  readonly toMs: number;
}

export function gapStretches(gaps: readonly WalGap[], range: TimeRange): readonly Stretch[] {
  return gaps.map(({ from, to }) => ({
    fromMs: from === null ? range.fromMs : Date.parse(from),
    toMs: to === null ? range.toMs : Date.parse(to),
  }));
}

/** Windows of several repositories overlap: drawn as one, so that the colour means the same everywhere. */
export function windowStretches(windows: readonly RecoveryWindow[]): readonly Stretch[] {
  const given = windows
    .map(({ from, to }) => ({ fromMs: Date.parse(from), toMs: Date.parse(to) }))
    .sort((a, b) => a.fromMs - b.fromMs);
  const merged: Stretch[] = [];
  for (const next of given) {
    const last = merged.at(-1);
    if (last === undefined || next.fromMs > last.toMs) merged.push(next);
    else merged[merged.length - 1] = { fromMs: last.fromMs, toMs: Math.max(last.toMs, next.toMs) };
  }
  return merged;
}

/** How a person says how far to replay. */
export interface RecoveryDraft {
  readonly type: RecoveryTarget['type'];
  /** ISO; '' is no moment. */
  readonly at: string;
  /** LSN, transaction id or name of a restore point, as typed. */
  readonly text: string;
}

export function draftOfTarget(target: RecoveryTarget): RecoveryDraft {
  if (target.type === 'time') return { type: 'time', at: target.at, text: '' };
  const text = target.type === 'lsn' ? target.lsn : target.type === 'xid' ? target.xid : '';
  return { type: target.type, at: '', text: target.type === 'name' ? target.name : text };
}

/** Null: not complete, or not of the form that PostgreSQL takes. */
export function targetOf({ type, at, text }: RecoveryDraft): RecoveryTarget | null {
  const typed = text.trim();
  switch (type) {
    case 'time':
      return Number.isNaN(Date.parse(at)) ? null : { type, at: new Date(at).toISOString() };
    case 'lsn':
      return /^[0-9A-Fa-f]{1,8}\/[0-9A-Fa-f]{1,8}$/.test(typed) ? { type, lsn: typed.toUpperCase() } : null;
    case 'xid':
      return /^\d{1,20}$/.test(typed) ? { type, xid: typed } : null;
    case 'name':
      return typed.length >= 1 && typed.length <= 63 ? { type, name: typed } : null;
    default:
      return { type };
  }
}

/** What a plan says about the replay, read with suspicion because a plan's facts have no schema. */
export interface PlannedRecovery {
  readonly reachable: boolean | null;
  readonly problem: string | null;
  readonly walFrom: string | null;
  readonly walTo: string | null;
  readonly timeline: number | null;
  readonly dataAsOf: string | null;
  readonly lost: string | null;
}

export function plannedRecovery(facts: Readonly<Record<string, unknown>>): PlannedRecovery | null {
  const given = facts['recovery'];
  if (typeof given !== 'object' || given === null) return null;
  const values = given as Readonly<Record<string, unknown>>;
  const text = (name: string): string | null => (typeof values[name] === 'string' ? values[name] : null);
  return {
    reachable: typeof values['reachable'] === 'boolean' ? values['reachable'] : null,
    problem: text('problem'),
    walFrom: text('walFrom'),
    walTo: text('walTo'),
    timeline: typeof values['timeline'] === 'number' ? values['timeline'] : null,
    dataAsOf: text('dataAsOf'),
    lost: text('lost'),
  };
}
