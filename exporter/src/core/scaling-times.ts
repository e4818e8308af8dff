import type { IsoTime } from '../contract/observed.ts';

/** When a service was last scaled, by the clock of the machine. */
export interface ScaledTimes {
  readonly lastUpAt: IsoTime | null;
  readonly lastDownAt: IsoTime | null;
  readonly lastByMetric: Readonly<Record<string, IsoTime>>;
}

/** Clocks that are kept in step move by less. */
export const clockJumpMs = 60_000;

function mapped<T extends ScaledTimes>(kept: T, change: (ms: number) => number): T {
  const of = (at: IsoTime): IsoTime => new Date(change(Date.parse(at))).toISOString();
  return {
    ...kept,
    lastUpAt: kept.lastUpAt === null ? null : of(kept.lastUpAt),
    lastDownAt: kept.lastDownAt === null ? null : of(kept.lastDownAt),
    lastByMetric: Object.fromEntries(Object.entries(kept.lastByMetric).map(([name, at]) => [name, of(at)])),
  };
}

/** After the clock was set by so much: a cooldown has neither passed by it nor begun anew. */
export function movedBy<T extends ScaledTimes>(kept: T, ms: number): T {
  return mapped(kept, (at) => at + ms);
}

/** A clock that was set back while nobody ran: an action in the future counts as one of now, so that its cooldown ends. */
export function notAfter<T extends ScaledTimes>(kept: T, now: Date): T {
  const { lastUpAt, lastDownAt, lastByMetric } = kept;
  const isAhead = [lastUpAt, lastDownAt, ...Object.values(lastByMetric)].some(
    (at) => at !== null && Date.parse(at) > +now + clockJumpMs,
  );
  return isAhead ? mapped(kept, (at) => Math.min(at, +now)) : kept;
}
