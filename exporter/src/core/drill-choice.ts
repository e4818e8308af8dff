import type { CatalogueEntry } from '../contract/backup.ts';
import type { PitrFacts, RecoveryTarget } from '../contract/postgres.ts';
import { newestUsable, isChainUsable } from './backup-choice.ts';

export interface DrillWish {
  /** A backup that was asked for; null: by choice. */
  readonly wanted: string | null;
  /** A target that was asked for; null: by choice. */
  readonly recovery: RecoveryTarget | null;
  /** Null: the engine has no point-in-time recovery, or its windows are not known. */
  readonly windows: PitrFacts | null;
  /** Share of drills that take an older backup or a random moment, 0 to 1. */
  readonly variety: number;
  /** Two numbers in [0, 1) from outside, so that the choice is a function of its input. */
  readonly dice: readonly [number, number];
}

export interface DrillChoice {
  readonly entry: CatalogueEntry | null;
  readonly recovery: RecoveryTarget;
}

const latest: RecoveryTarget = { type: 'latest' };

function usable(entries: readonly CatalogueEntry[]): readonly CatalogueEntry[] {
  const byId = new Map(entries.map((e) => [e.id, e]));
  return entries.filter((e) => isChainUsable(e, byId)).sort((a, b) => (a.startedAt < b.startedAt ? 1 : -1));
}

/** Products date in whole seconds, and a server refuses a target inside the second in which its backup ended. */
const marginMs = 1000;

/** The newest backup that is consistent at that moment. */
export function backupBefore(entries: readonly CatalogueEntry[], at: string): CatalogueEntry | null {
  return usable(entries).find((e) => Date.parse(e.endedAt) + marginMs <= Date.parse(at)) ?? null;
}

/**
 * What a drill restores: what was asked for, else the newest state, and by turns an older backup or a random second of the recovery
 * window, because a drill that always takes the newest proves nothing of the others. Pure.
 */
export function chooseDrillTarget(entries: readonly CatalogueEntry[], wish: DrillWish): DrillChoice {
  const recovery = wish.recovery ?? latest;
  if (wish.wanted !== null) return { entry: usable(entries).find((e) => e.id === wish.wanted) ?? null, recovery };
  if (recovery.type === 'time') return { entry: backupBefore(entries, recovery.at), recovery };
  const newest = newestUsable(entries);
  const [turn, place] = wish.dice;
  if (wish.recovery !== null || turn >= wish.variety) return { entry: newest, recovery };
  return randomMoment(entries, wish.windows, place) ?? olderBackup(entries, newest, place);
}

function randomMoment(entries: readonly CatalogueEntry[], pitr: PitrFacts | null, place: number): DrillChoice | null {
  const windows = (pitr?.windows ?? []).filter((w) => w.repository === 'repository');
  const window = windows[Math.floor(place * windows.length)];
  if (window === undefined) return null;
  const [fromMs, toMs] = [Date.parse(window.from), Date.parse(window.to)];
  // Whole seconds well inside: the very end of a window may hold no commit that a replay could stop at.
  const at = new Date(
    Math.ceil((fromMs + marginMs + ((place * 997) % 1) * Math.max(0, toMs - fromMs - 60_000)) / 1000) * 1000,
  );
  const entry = backupBefore(entries, at.toISOString());
  return entry === null || +at >= toMs ? null : { entry, recovery: { type: 'time', at: at.toISOString() } };
}

function olderBackup(entries: readonly CatalogueEntry[], newest: CatalogueEntry | null, place: number): DrillChoice {
  const all = usable(entries);
  return { entry: all[Math.floor(place * all.length)] ?? newest, recovery: { type: 'immediate' } };
}

/** `latest`, `time 2026-11-22T02:00:00.000Z`, `lsn 0/3000148` … */
export function targetInWords(target: RecoveryTarget): string {
  switch (target.type) {
    case 'latest':
    case 'immediate':
      return target.type;
    case 'time':
      return `time ${target.at}`;
    case 'lsn':
      return `lsn ${target.lsn}`;
    case 'xid':
      return `xid ${target.xid}`;
    case 'name':
      return `name ${target.name}`;
  }
}
