import { countKnown, dayMs, timeOf, type Series, type Steps } from './forecast-series.ts';

/** Models on the bins of a series, in shares of its scale. Each tells what it would have said at every origin, and what it says now. Pure. */

/** The history up to `origins[i]` bins is known, the `ahead` bins after it are forecast. The last origin is the end of the history. */
export interface Problem {
  /** In shares of the scale; NaN: not known. */
  readonly bins: Steps;
  readonly origins: readonly number[];
  readonly ahead: number;
  /** Of each bin, also of those ahead of the end: the clock on the wall in the middle of it, in milliseconds. */
  readonly wall: Float64Array;
}

/** A row of values for each origin, as long as `lengthAt` says. */
export type Forecasts = readonly Float64Array[];

export function problemOf(series: Series, origins: readonly number[], ahead: number): Problem {
  const { bins, scale, offsetAt } = series;
  const wall = new Float64Array(bins.values.length + ahead);
  for (let i = 0; i < wall.length; i += 1) {
    const ms = timeOf(bins, i) + bins.stepMs / 2;
    wall[i] = ms + offsetAt(ms);
  }
  return { bins: { ...bins, values: bins.values.map((v) => v / scale) }, origins, ahead, wall };
}

/** So many bins are forecast at an origin: before the end no more than came. */
export function lengthAt({ bins, origins, ahead }: Problem, origin: number): number {
  return origin + 1 === origins.length ? ahead : Math.min(ahead, bins.values.length - origins[origin]!);
}

/** Mean absolute error over all origins but the end, of what is known; NaN: nothing is. */
export function meanError(problem: Problem, forecasts: Forecasts): number {
  const { bins, origins } = problem;
  let [sum, count] = [0, 0];
  for (let o = 0; o + 1 < origins.length; o += 1) {
    for (let h = 0; h < forecasts[o]!.length; h += 1) {
      const error = Math.abs(bins.values[origins[o]! + h]! - forecasts[o]![h]!);
      if (Number.isNaN(error)) continue;
      sum += error;
      count += 1;
    }
  }
  return sum / count;
}

/**
 * What was seen one season before by the clock on the wall, else more seasons before; where nothing was, the last value. `steps` need not
 * be the bins: the step of the history itself keeps what happens every day at one minute.
 */
export function naiveAt(
  steps: Steps,
  offsetAt: (ms: number) => number,
  seasonMs: number,
): (atMs: number, knownUntilMs: number) => number {
  const last = lastKnown(steps.values);
  return (atMs, knownUntilMs) => {
    const known = Math.min(steps.values.length, Math.floor((knownUntilMs - steps.startMs) / steps.stepMs));
    for (let lag = seasonMs; ; lag += seasonMs) {
      const beforeMs = atMs - lag + offsetAt(atMs) - offsetAt(atMs - lag);
      const index = Math.round((beforeMs - steps.startMs) / steps.stepMs);
      if (index < 0) return known > 0 ? last[known - 1]! : 0;
      if (index < known && !Number.isNaN(steps.values[index])) return steps.values[index]!;
    }
  };
}

/** Of each place the last value up to it; the first one where there is none before. */
function lastKnown(values: Float64Array): Float64Array {
  let last = values.find((v) => !Number.isNaN(v)) ?? 0;
  return values.map((v) => (last = Number.isNaN(v) ? last : v));
}

interface Smoothing {
  readonly level: number;
  readonly trend: number;
  readonly season: number;
}

/** Few and wide: finer ones fit the backtest better and the future not. */
const smoothings: readonly Smoothing[] = [0.02, 0.08, 0.25, 0.6].flatMap((level) =>
  [0.05, 0.2, 0.5].flatMap((season) => [0, 0.02].map((trend) => ({ level, trend, season }))),
);
/** Of an hour: a trend of the last minutes does not go on for days. */
const dampingAnHour = 0.8;

/** Additive Holt–Winters with a season of a day; the smoothing that did best at the origins. */
export function holtWinters(problem: Problem): Forecasts {
  let best: Forecasts = [];
  let least = Infinity;
  for (const smoothing of smoothings) {
    const forecasts = smooth(problem, smoothing);
    const error = meanError(problem, forecasts);
    if (best.length > 0 && !(error < least)) continue;
    best = forecasts;
    least = error;
  }
  return best;
}

/** One pass: what it knows at an origin is what it knew there. Where a bin is missing, nothing is learned. */
function smooth(problem: Problem, by: Smoothing): Forecasts {
  const { bins, origins, wall } = problem;
  const slots = Math.round(dayMs / bins.stepMs);
  const slotOf = (i: number): number => Math.floor((wall[i]! % dayMs) / bins.stepMs) % slots;
  const damping = dampingAnHour ** (bins.stepMs / 3_600_000);
  const season = new Float64Array(slots);
  const { from, ...first } = firstDay(bins.values, slots, slotOf, season);
  let [level, trend] = [first.level, 0];
  const forecasts: Float64Array[] = [];
  for (let i = 0; forecasts.length < origins.length; i += 1) {
    if (i === origins[forecasts.length]) {
      let [drift, grown] = [trend, 0];
      forecasts.push(
        Float64Array.from({ length: lengthAt(problem, forecasts.length) }, (_, h) => {
          drift *= damping;
          grown += drift;
          return level + grown + season[slotOf(i + h)]!;
        }),
      );
    }
    const value = bins.values[i];
    if (value === undefined || Number.isNaN(value) || i < from) continue;
    const slot = slotOf(i);
    const before = level;
    const expected = level + damping * trend;
    level = expected + by.level * (value - season[slot]! - expected);
    trend = damping * trend + by.trend * (level - before - damping * trend);
    season[slot]! += by.season * (value - level - season[slot]!);
  }
  return forecasts;
}

/** Level and season to begin with: the first day that has values. `from`: where learning begins. */
function firstDay(
  values: Float64Array,
  slots: number,
  slotOf: (i: number) => number,
  season: Float64Array,
): { level: number; from: number } {
  const first = values.findIndex((v) => !Number.isNaN(v));
  const day = values.subarray(first, first + slots);
  const level = day.reduce((sum, v) => sum + (Number.isNaN(v) ? 0 : v), 0) / countKnown(day);
  day.forEach((v, i) => (season[slotOf(first + i)] = Number.isNaN(v) ? 0 : v - level));
  return { level, from: first + slots };
}
