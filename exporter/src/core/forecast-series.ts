import type { IsoTime } from '../contract/observed.ts';

/** A history as a forecast needs it: equal steps, short gaps closed, single outliers out of what models learn from. Pure. */

export const dayMs = 86_400_000;
const hourMs = 3_600_000;
/** Beyond this no sum of a history is finite. */
const largest = 1e300;
/** What is older says more about another service than about this one. */
const longestMs = 60 * dayMs;
const leastPoints = 100;
const leastMs = dayMs;
/** Of the least history, in case the rest of it is gaps. */
const leastKnownMs = 0.75 * leastMs;

export interface HistoryPoint {
  readonly at: IsoTime;
  /** Null: not known. */
  readonly value: number | null;
}

/** Equal steps of time; NaN: not known. */
export interface Steps {
  readonly startMs: number;
  readonly stepMs: number;
  readonly values: Float64Array;
}

export interface Series {
  /** As it was seen, at the step of the history. */
  readonly seen: Steps;
  /** The same without single outliers, which nobody can forecast: what a forecast is measured against. */
  readonly judged: Steps;
  /** The same with short gaps closed and single outliers replaced. */
  readonly clean: Steps;
  /** Means of `clean` over steps that divide the day, the last of which ends with the history: what models are fitted to. */
  readonly bins: Steps;
  /** Milliseconds to add to UTC for the clocks on the wall, by which people make load. */
  readonly offsetAt: (ms: number) => number;
  readonly isNonNegative: boolean;
  /** Greatest absolute value; 0: all are zero. */
  readonly scale: number;
  readonly samples: number;
}

export type SeriesOutcome =
  { readonly known: true; readonly series: Series } | { readonly known: false; readonly why: string };

export interface SeriesOptions {
  readonly stepSeconds: number;
  readonly now: Date;
  /** IANA name; UTC where it is left out. */
  readonly timezone?: string;
}

export function endOf(steps: Steps): number {
  return steps.startMs + steps.values.length * steps.stepMs;
}

export function timeOf(steps: Steps, index: number): number {
  return steps.startMs + index * steps.stepMs;
}

export function seriesOf(history: readonly HistoryPoint[], options: SeriesOptions): SeriesOutcome {
  const stepMs = options.stepSeconds * 1000;
  if (!(stepMs >= 1000 && stepMs <= dayMs / 4))
    return { known: false, why: `a step of ${options.stepSeconds} s cannot be forecast: it must be 1 s to 6 h` };
  const seen = gridOf(history, stepMs, +options.now);
  if (seen === null) return { known: false, why: 'the history has no values' };
  const samples = countKnown(seen.values);
  if (samples < leastPoints)
    return { known: false, why: `the history has ${samples} values: ${leastPoints} are needed` };
  const spanMs = seen.values.length * stepMs;
  if (spanMs < leastMs)
    return { known: false, why: `the history spans ${(spanMs / hourMs).toFixed(1)} h: 24 h are needed` };
  const lateMs = +options.now - endOf(seen);
  if (lateMs > Math.max(hourMs, 3 * stepMs))
    return { known: false, why: `the history ends at ${new Date(endOf(seen) - stepMs).toISOString()}: too long ago` };
  const calm = withoutOutliers(seen.values);
  const clean = { ...seen, values: withoutGaps(calm, Math.max(2, (hourMs / 2 / stepMs) | 0)) };
  const knownMs = countKnown(clean.values) * stepMs;
  if (knownMs < leastKnownMs)
    return { known: false, why: `only ${(knownMs / hourMs).toFixed(1)} h of the history have values` };
  return {
    known: true,
    series: {
      seen,
      judged: { ...seen, values: seen.values.map((v, i) => (v === calm[i] ? v : NaN)) },
      clean,
      bins: binsOf(clean, binMsFor(stepMs)),
      offsetAt: offsetsOf(options.timezone ?? 'UTC'),
      // Of what is left: one value that a fault has written, -1 or 1e18, says nothing of what the load can be.
      isNonNegative: clean.values.every((v) => Number.isNaN(v) || v >= 0),
      scale: clean.values.reduce((most, v) => (Number.isNaN(v) ? most : Math.max(most, Math.abs(v))), 0),
      samples,
    },
  };
}

/** Mean of the values of each step, in whatever order they came; null: none is a number. */
function gridOf(history: readonly HistoryPoint[], stepMs: number, nowMs: number): Steps | null {
  const times = Float64Array.from(history, ({ at }) => Date.parse(at));
  const usable = (i: number): boolean => {
    const value = history[i]!.value;
    // NaN compares false: what is no time or no number goes out here.
    return times[i]! <= nowMs && value !== null && Math.abs(value) <= largest;
  };
  let [first, last] = [Infinity, -Infinity];
  for (let i = 0; i < times.length; i += 1) {
    if (!usable(i)) continue;
    first = Math.min(first, times[i]!);
    last = Math.max(last, times[i]!);
  }
  if (last < first) return null;
  const startMs = Math.floor(Math.max(first, last - longestMs) / stepMs) * stepMs;
  const values = new Float64Array(Math.floor((last - startMs) / stepMs) + 1);
  const counts = new Uint32Array(values.length);
  for (let i = 0; i < times.length; i += 1) {
    if (!usable(i) || times[i]! < startMs) continue;
    const index = Math.floor((times[i]! - startMs) / stepMs);
    // A running mean: a sum could leave the range of numbers.
    counts[index]! += 1;
    values[index]! += (history[i]!.value! - values[index]!) / counts[index]!;
  }
  return { startMs, stepMs, values: values.map((v, i) => (counts[i] === 0 ? NaN : v)) };
}

export function countKnown(values: Float64Array): number {
  let known = 0;
  for (const v of values) if (!Number.isNaN(v)) known += 1;
  return known;
}

/**
 * Values that stand apart from both neighbours, far more than values of this series do, become as their neighbours. Where many do, that is
 * how the load is, and nothing is changed.
 */
export function withoutOutliers(values: Float64Array): Float64Array {
  const apart = new Float64Array(values.length);
  for (let i = 1; i + 1 < values.length; i += 1) {
    const [left, right] = [values[i]! - values[i - 1]!, values[i]! - values[i + 1]!];
    // Of one sign: above both or below both. NaN is neither.
    if (left * right > 0) apart[i] = Math.min(Math.abs(left), Math.abs(right));
  }
  // The ends have one neighbour. A jump at the newest value is believed when the value after it says the same.
  const steps = Float64Array.from({ length: values.length - 1 }, (_, i) => Math.abs(values[i + 1]! - values[i]!));
  const usualStep = high(steps.filter((step) => !Number.isNaN(step)));
  const usual = high(apart);
  const isOut = apart.map((a) => Number(a > 12 * usual));
  isOut[0] = Number(steps[0]! > 12 * usualStep);
  isOut[values.length - 1] = Number(steps.at(-1)! > 12 * usualStep);
  const out = isOut.reduce((n, one) => n + one, 0);
  if (out === 0 || out > 0.005 * values.length) return values;
  return values.map((v, i) => {
    if (isOut[i] === 0) return v;
    const [left = values[i + 1]!, right = left] = [values[i - 1], values[i + 1]];
    return (left + right) / 2;
  });
}

/** The 99th percentile. */
function high(values: Float64Array): number {
  return values.toSorted()[Math.floor(0.99 * (values.length - 1))] ?? 0;
}

/** Straight lines over at most `longest` missing steps; longer gaps stay. */
export function withoutGaps(values: Float64Array, longest: number): Float64Array {
  const filled = values.slice();
  let before = -1;
  for (let i = 0; i < filled.length; i += 1) {
    if (Number.isNaN(filled[i])) continue;
    const missing = i - before - 1;
    if (before >= 0 && missing > 0 && missing <= longest) {
      for (let j = 1; j <= missing; j += 1) {
        const share = j / (missing + 1);
        filled[before + j] = filled[before]! * (1 - share) + filled[i]! * share;
      }
    }
    before = i;
  }
  return filled;
}

/** Ten minutes are short against any launch and keep two weeks at 2,016 rows; longer where the history's step is. Divides the day. */
function binMsFor(stepMs: number): number {
  const minutes = [10, 15, 20, 30, 60, 90, 120, 180, 240, 360];
  return (minutes.find((m) => m * 60_000 >= stepMs) ?? 360) * 60_000;
}

function binsOf(steps: Steps, stepMs: number): Steps {
  const end = endOf(steps);
  const count = Math.floor((end - steps.startMs) / stepMs);
  const startMs = end - count * stepMs;
  const means = new Float64Array(count);
  const counts = new Uint32Array(count);
  for (let i = 0; i < steps.values.length; i += 1) {
    const index = Math.floor((timeOf(steps, i) - startMs) / stepMs);
    if (index < 0 || Number.isNaN(steps.values[i])) continue;
    counts[index]! += 1;
    means[index]! += (steps.values[i]! - means[index]!) / counts[index]!;
  }
  const half = Math.max(1, Math.floor(stepMs / steps.stepMs / 2));
  return { startMs, stepMs, values: means.map((mean, i) => (counts[i]! < half ? NaN : mean)) };
}

/** Offset of the zone's clocks. Zones change theirs on the hour or its half, so one look at each half hour is enough. */
function offsetsOf(timezone: string): (ms: number) => number {
  if (timezone === 'UTC') return () => 0;
  const format = new Intl.DateTimeFormat('en-US', {
    timeZone: timezone,
    hourCycle: 'h23',
    ...{ year: 'numeric', month: 'numeric', day: 'numeric', hour: 'numeric', minute: 'numeric', second: 'numeric' },
  });
  const known = new Map<number, number>();
  return (ms) => {
    const half = Math.floor(ms / (hourMs / 2)) * (hourMs / 2);
    let offset = known.get(half);
    if (offset === undefined) {
      const part = Object.fromEntries(format.formatToParts(half).map(({ type, value }) => [type, Number(value)]));
      const { year = 0, month = 1, day = 1, hour = 0, minute = 0, second = 0 } = part;
      offset = Date.UTC(year, month - 1, day, hour, minute, second) - half;
      known.set(half, offset);
    }
    return offset;
  };
}
