import type { Aggregation } from '../contract/live.ts';

/** One measured number. `atMs`: Unix milliseconds. */
export interface Point {
  readonly atMs: number;
  readonly value: number;
}

/** Points of one bucket; `atMs` is its start. */
export interface Bucket {
  readonly atMs: number;
  readonly mean: number;
  readonly min: number;
  readonly max: number;
  readonly count: number;
}

/**
 * Quantile by linear interpolation between the two nearest ranks, as PromQL's quantile_over_time does it: always between the smallest and
 * the largest value, and defined for a single one. `sorted` is not empty; `q` from 0 to 1.
 */
export function quantile(sorted: readonly number[], q: number): number {
  const rank = q * (sorted.length - 1);
  const lower = sorted[Math.floor(rank)] ?? NaN;
  const upper = sorted[Math.ceil(rank)] ?? NaN;
  const share = rank - Math.floor(rank);
  // Not lower + share * (upper - lower): rounding could leave the range, and equal neighbours must stay what they are.
  return lower === upper ? lower : Math.min(upper, Math.max(lower, lower * (1 - share) + upper * share));
}

/** Adds up values one after the other, so that ten thousand series need not be held at once. */
export interface Tally {
  add(value: number): void;
  /** Null where nothing was added, also for `count`: nobody looked. Quantiles only of a tally that keeps its values. */
  result(how: Aggregation): number | null;
  /** Of at least one value. */
  range(): { readonly min: number; readonly max: number; readonly count: number };
}

/** Whether an aggregation needs every value at its end. */
export function needsValues(how: Aggregation): how is 'p50' | 'p95' | 'p99' {
  return how === 'p50' || how === 'p95' || how === 'p99';
}

export function createTally(keepsValues: boolean): Tally {
  const values: number[] = [];
  let [count, sum, min, max] = [0, 0, Infinity, -Infinity];
  return {
    add(value) {
      count += 1;
      sum += value;
      if (value < min) min = value;
      if (value > max) max = value;
      if (keepsValues) values.push(value);
    },
    result(how) {
      if (count === 0) return null;
      if (needsValues(how))
        return quantile(
          values.sort((a, b) => a - b),
          Number(how.slice(1)) / 100,
        );
      // Rounding must not lift a mean above its largest value: an alert compares it with a threshold.
      const mean = Math.min(max, Math.max(min, sum / count));
      // The sum of many may leave the range of numbers: then it is not known.
      const result = { sum, avg: Number.isFinite(sum) ? mean : NaN, min, max, count }[how];
      return Number.isFinite(result) ? result : null;
    },
    range: () => ({ min, max, count }),
  };
}

/** One number for many; null where there is none. */
export function aggregate(points: readonly Point[], how: Aggregation): number | null {
  const tally = createTally(needsValues(how));
  for (const point of points) tally.add(point.value);
  return tally.result(how);
}

/**
 * A counter's totals as rates a second: given one total after the other, the rate of the step that ends there. A total that fell was set
 * back to 0 in between, so what it shows now is what was counted since. Null for the first total, and for a step without length.
 */
export function createRate(): (atMs: number, total: number) => number | null {
  let before: Point | null = null;
  return (atMs, total) => {
    const last = before;
    if (last !== null && atMs <= last.atMs) return null;
    before = { atMs, value: total };
    if (last === null) return null;
    const increase = total >= last.value ? total - last.value : total;
    return (increase * 1000) / (atMs - last.atMs);
  };
}

/** `createRate` for many totals in time order; one point for each step, at its end. */
export function rates(totals: readonly Point[]): Point[] {
  const rate = createRate();
  return totals.flatMap(({ atMs, value }) => {
    const found = rate(atMs, value);
    return found === null ? [] : [{ atMs, value: found }];
  });
}

/** Points by buckets of equal width that begin at multiples of it. */
export interface Buckets {
  add(atMs: number, value: number): void;
  /** Oldest first; buckets without points are absent. */
  list(): Bucket[];
}

export function createBuckets(widthMs: number): Buckets {
  const byStart = new Map<number, Tally>();
  return {
    add(atMs, value) {
      const start = Math.floor(atMs / widthMs) * widthMs;
      let tally = byStart.get(start);
      if (tally === undefined) byStart.set(start, (tally = createTally(false)));
      tally.add(value);
    },
    list: () =>
      [...byStart]
        .sort(([a], [b]) => a - b)
        .flatMap(([atMs, tally]) => {
          const mean = tally.result('avg');
          // A mean that no number can hold is no point.
          return mean === null ? [] : [{ atMs, mean, ...tally.range() }];
        }),
  };
}

/** `createBuckets` for many points at once. */
export function buckets(points: readonly Point[], widthMs: number): Bucket[] {
  const found = createBuckets(widthMs);
  for (const { atMs, value } of points) found.add(atMs, value);
  return found.list();
}
