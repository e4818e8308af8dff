import type { ForecastFacts, ForecastPoint } from '../contract/forecast.ts';
import { backtest } from './forecast-backtest.ts';
import { calibrate, errorOf, within, type Bounds } from './forecast-error.ts';
import { countKnown, endOf, seriesOf, type HistoryPoint, type Series } from './forecast-series.ts';

/** What the load will be: level, trend, day and week, from the history alone. Pure but for the time it takes, which it tells. */

export interface ForecastOptions {
  readonly metric: string;
  /** Of the history and of the forecast; 1 s to 6 h. */
  readonly stepSeconds: number;
  /** At most two weeks. */
  readonly horizonSeconds: number;
  /** Upper quantile, over 0.5 and below 1; the interval lies between 1 - quantile and quantile. */
  readonly quantile: number;
  readonly now: Date;
  /** By whose clocks people make the load (IANA); it matters where clocks change. Default UTC. */
  readonly timezone?: string;
}

/** No more points than a picture has columns; a longer forecast has longer steps. */
const mostPoints = 5000;
/** From fewer neither an error nor an interval can be told: one that says nothing looks like one that is sure. */
const leastJudged = 20;
/** Nobody adds instances for later. */
const furthestSeconds = 14 * 86_400;

/**
 * The history may lack values, have them twice, out of order or as NaN; what is in the future of `now` does not count. At least 24 h and
 * 100 values are needed, two weeks are best.
 */
export function makeForecast(history: readonly HistoryPoint[], options: ForecastOptions): ForecastFacts {
  const { metric, quantile, now } = options;
  const began = performance.now();
  const made = seriesOf(history, options);
  if (!made.known) return { known: false, metric, why: made.why };
  const series: Series = { ...made.series, scale: made.series.scale || 1 };
  const times = timesOf(options);
  const horizonMs = times.at(-1)! - endOf(series.bins) + series.seen.stepMs;
  const tried = backtest(series, horizonMs, times.at(-1)!);
  const judged = tried.trials.reduce((sum, { actual }) => sum + countKnown(actual), 0);
  if (judged < leastJudged) return { known: false, metric, why: whyNotJudged(judged) };
  const bounds: Bounds = { quantile, horizonMs, offsetAt: series.offsetAt, ...limitsOf(series) };
  const { band, ...quality } = calibrate(tried.trials, bounds);
  const means = tried.ahead(times);
  const points = Array.from(times, (ms, i): ForecastPoint => {
    const mean = within(means[i]!, bounds);
    const { lower, upper } = band(mean, ms, ms - endOf(series.bins));
    const at = new Date(ms).toISOString();
    return { at, mean: mean * series.scale, lower: lower * series.scale, upper: upper * series.scale };
  });
  const { seen } = series;
  return {
    ...{ known: true, metric, madeAt: now.toISOString(), model: tried.model, level: 2 * quantile - 1, points },
    error: errorOf(tried, quality, series.scale),
    trainedFrom: new Date(seen.startMs).toISOString(),
    trainedTo: new Date(endOf(seen) - seen.stepMs).toISOString(),
    samples: series.samples,
    trainingSeconds: (performance.now() - began) / 1000,
  };
}

function whyNotJudged(values: number): string {
  return `the newer half of the history has too many gaps to tell how good a forecast is: ${values} values, ${leastJudged} are needed`;
}

/** Each step after now, up to the horizon. */
function timesOf({ stepSeconds, horizonSeconds, now }: ForecastOptions): Float64Array {
  const count = Math.max(1, Math.ceil(Math.min(horizonSeconds, furthestSeconds) / stepSeconds));
  const stepMs = stepSeconds * 1000 * Math.ceil(count / mostPoints);
  const firstMs = (Math.floor(+now / (stepSeconds * 1000)) + 1) * stepSeconds * 1000;
  const length = Math.ceil((count * stepSeconds * 1000) / stepMs);
  return Float64Array.from({ length }, (_, i) => firstMs + i * stepMs);
}

/** A load may leave what it has been by its own range, not more: lines go on for ever, loads do not. Where it never was negative, it cannot be. */
function limitsOf({ clean, scale, isNonNegative }: Series): { lowest: number; highest: number } {
  let [least, most] = [Infinity, -Infinity];
  for (const v of clean.values) {
    if (Number.isNaN(v)) continue;
    least = Math.min(least, v / scale);
    most = Math.max(most, v / scale);
  }
  const range = most - least;
  return { lowest: isNonNegative ? Math.max(0, least - range) : least - range, highest: most + range };
}
