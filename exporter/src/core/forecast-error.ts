import type { ForecastError } from '../contract/forecast.ts';
import type { Backtest, Trial } from './forecast-backtest.ts';
import { dayMs } from './forecast-series.ts';

/** Intervals from what the backtest was off by, and how good they and the forecast are. Pure; in shares of the scale. */

const hourMs = 3_600_000;
/** Of the horizon: where stretches with quantiles of their own end. */
const stretchEnds = [1 / 12, 1 / 4, 1 / 2, 1];
/** Parts of the backtest, each judged by quantiles from the others. */
const folds = 5;
/** So many values of one origin and stretch count as told apart; more say the same again. */
const tellingValues = 4;
/** Of the mean load: what is narrower is no interval, and being right there is no merit. */
const narrow = 1e-3;

/** How the width follows the load: the same all day, with the height of the forecast, with the hour of the day. */
const widthKinds = ['even', 'level', 'hour'] as const;
type WidthKind = (typeof widthKinds)[number];

export interface Interval {
  readonly lower: number;
  readonly upper: number;
}

export interface Bounds {
  readonly quantile: number;
  readonly horizonMs: number;
  readonly offsetAt: (ms: number) => number;
  /** What no forecast may leave, e.g. 0 where the load never was below it. */
  readonly lowest: number;
  readonly highest: number;
}

/** The interval around a forecast for a time so far ahead. */
export type Band = (mean: number, atMs: number, aheadMs: number) => Interval;

export function within(value: number, { lowest, highest }: Bounds): number {
  return Math.min(highest, Math.max(lowest, value));
}

interface Judged {
  readonly band: Band;
  readonly coverage: number;
  readonly pinball: number;
}

/** The kind of width with the least loss at both ends, judged on parts that its quantiles were not taken from. */
export function calibrate(trials: readonly Trial[], bounds: Bounds): Judged {
  const judged = widthKinds.map((kind) => ({ ...judge(kind, trials, bounds), band: bandOf(kind, trials, bounds) }));
  return judged.reduce((best, next) => (next.loss < 0.99 * best.loss ? next : best));
}

function judge(kind: WidthKind, trials: readonly Trial[], bounds: Bounds) {
  let [inside, counted, upperLoss, lowerLoss, values] = [0, 0, 0, 0, 0];
  const width = narrow * meanSize(trials);
  for (let fold = 0; fold < folds; fold += 1) {
    // Neighbours stay together: they share what they were off by.
    const foldOf = (i: number): number => Math.floor((i * folds) / trials.length);
    const band = bandOf(
      kind,
      trials.filter((_, i) => foldOf(i) !== fold),
      bounds,
    );
    eachKnown(
      trials.filter((_, i) => foldOf(i) === fold),
      (actual, mean, atMs, aheadMs) => {
        const { lower, upper } = band(within(mean, bounds), atMs, aheadMs);
        const isInside = actual >= lower && actual <= upper;
        values += 1;
        upperLoss += pinballLoss(actual - upper, bounds.quantile);
        lowerLoss += pinballLoss(actual - lower, 1 - bounds.quantile);
        if (isInside && upper - lower <= width) return;
        counted += 1;
        inside += Number(isInside);
      },
    );
  }
  return {
    loss: (upperLoss + lowerLoss) / values,
    pinball: values === 0 ? 0 : upperLoss / values,
    coverage: counted === 0 ? 1 : inside / counted,
  };
}

/** Loss of a quantile: what is above it costs q, what is below it 1 - q. */
export function pinballLoss(above: number, quantile: number): number {
  return above >= 0 ? quantile * above : (quantile - 1) * above;
}

type EachKnown = (actual: number, mean: number, atMs: number, aheadMs: number) => void;

function eachKnown(trials: readonly Trial[], tell: EachKnown): void {
  for (const { atMs, times, forecast, actual } of trials) {
    for (let i = 0; i < times.length; i += 1) {
      if (!Number.isNaN(actual[i])) tell(actual[i]!, forecast[i]!, times[i]!, times[i]! - atMs);
    }
  }
}

function meanSize(trials: readonly Trial[]): number {
  let [sum, count] = [0, 0];
  eachKnown(trials, (actual) => {
    sum += Math.abs(actual);
    count += 1;
  });
  return count === 0 ? 0 : sum / count;
}

/** Empirical quantiles of what it was off by over its usual width, by how far ahead. */
function bandOf(kind: WidthKind, trials: readonly Trial[], bounds: Bounds): Band {
  const widthAt = widthOf(kind, trials, bounds);
  const stretches = stretchEnds.map(() => ({ offs: [] as number[], origins: new Set<number>() }));
  const stretchOf = (aheadMs: number): number => {
    const found = stretchEnds.findIndex((end) => aheadMs < end * bounds.horizonMs);
    return found < 0 ? stretchEnds.length - 1 : found;
  };
  for (const trial of trials) {
    eachKnown([trial], (actual, mean, atMs, aheadMs) => {
      const width = widthAt(mean, atMs);
      if (width === 0) return;
      const stretch = stretches[stretchOf(aheadMs)]!;
      stretch.offs.push((actual - mean) / width);
      stretch.origins.add(trial.atMs);
    });
  }
  const quantiles = stretches.map(({ offs, origins }, i) => {
    const sorted = Float64Array.from(offs).sort();
    const telling = Math.min(sorted.length, tellingValues * origins.size);
    const middle = (((stretchEnds[i - 1] ?? 0) + stretchEnds[i]!) / 2) * bounds.horizonMs;
    return {
      middle,
      lower: lowerOf(sorted, telling, bounds.quantile),
      upper: upperOf(sorted, telling, bounds.quantile),
    };
  });
  const known = quantiles.filter(({ upper }) => !Number.isNaN(upper));
  return (mean, atMs, aheadMs) => {
    const width = widthAt(mean, atMs);
    const { lower, upper } = known.length === 0 ? { lower: 0, upper: 0 } : betweenStretches(known, aheadMs);
    return {
      lower: within(Math.min(mean, mean + width * lower), bounds),
      upper: within(Math.max(mean, mean + width * upper), bounds),
    };
  };
}

/** Conformal: one more value than was seen could be the next one, so the quantile of few is taken further out. */
function upperOf(sorted: Float64Array, telling: number, quantile: number): number {
  const share = Math.min(1, (Math.ceil((telling + 1) * quantile) - 0.5) / telling);
  return sorted.length === 0 ? NaN : sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))]!;
}

function lowerOf(sorted: Float64Array, telling: number, quantile: number): number {
  return -upperOf(sorted.map((v) => -v).sort(), telling, quantile);
}

function betweenStretches(stretches: readonly (Interval & { readonly middle: number })[], aheadMs: number): Interval {
  const right = stretches.findIndex(({ middle }) => middle >= aheadMs);
  if (right <= 0) return stretches.at(right)!;
  const [a, b] = [stretches[right - 1]!, stretches[right]!];
  const share = (aheadMs - a.middle) / (b.middle - a.middle);
  return { lower: a.lower + share * (b.lower - a.lower), upper: a.upper + share * (b.upper - a.upper) };
}

function widthOf(
  kind: WidthKind,
  trials: readonly Trial[],
  { offsetAt }: Bounds,
): (mean: number, atMs: number) => number {
  if (kind === 'even') return () => 1;
  if (kind === 'level') {
    const least = 0.05 * meanSize(trials);
    return (mean) => Math.abs(mean) + least;
  }
  const sums = new Float64Array(24);
  const counts = new Float64Array(24);
  const hourOf = (ms: number): number => Math.floor(((ms + offsetAt(ms)) % dayMs) / hourMs);
  eachKnown(trials, (actual, mean, atMs) => {
    // An hour's neighbours count as well: an hour alone has few.
    for (const [by, weight] of [
      [23, 1],
      [0, 2],
      [1, 1],
    ] as const) {
      const hour = (hourOf(atMs) + by) % 24;
      sums[hour]! += weight * Math.abs(actual - mean);
      counts[hour]! += weight;
    }
  });
  const all =
    sums.reduce((a, b) => a + b, 0) /
    Math.max(
      1,
      counts.reduce((a, b) => a + b, 0),
    );
  const widths = sums.map((sum, hour) => (counts[hour] === 0 ? all : sum / counts[hour]!));
  return (_, atMs) => widths[hourOf(atMs)]!;
}

/** Errors in the unit of the metric; null: nothing could be judged. */
export function errorOf(
  { trials, error, naiveError }: Backtest,
  { coverage, pinball }: { readonly coverage: number; readonly pinball: number },
  scale: number,
): ForecastError {
  let [smallest, sum, count] = [Infinity, 0, 0];
  eachKnown(trials, (actual, mean) => {
    smallest = Math.min(smallest, Math.abs(actual));
    sum += Math.abs((actual - mean) / actual);
    count += 1;
  });
  const isNearZero = !(smallest > 0.01 * meanSize(trials));
  return {
    mape: isNearZero ? null : sum / count,
    pinball: pinball * scale,
    coverage,
    relativeToNaive: naiveError > 0 ? error / naiveError : 1,
  };
}
