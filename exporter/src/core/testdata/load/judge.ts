import type { ForecastModel } from '../../../contract/forecast.ts';
import { pinballLoss } from '../../forecast-error.ts';
import { makeForecast } from '../../forecast.ts';
import type { HistoryPoint } from '../../forecast-series.ts';
import type { Load } from './testing.ts';

/** Forecasts of a load at many times of its history, against what came then: nothing here was seen by the model, its choice or its interval. */

export interface Judged {
  readonly name: string;
  readonly stepSeconds: number;
  /** Forecasts that were made; with none the history had just ended. */
  readonly forecasts: number;
  readonly models: Readonly<Partial<Record<ForecastModel, number>>>;
  /** Mean absolute errors, in the unit of the load. */
  readonly error: number;
  readonly dayNaive: number;
  readonly weekNaive: number;
  /** Of the values that are not certain, see below; null: all are. */
  readonly coverage: number | null;
  /** Share of all values up to the upper quantile. */
  readonly below: number;
  /** Pinball loss at the upper quantile over that of the best constant margin on the day's naive, known only afterwards. */
  readonly pinball: number;
  /** Longest training, in seconds of the clock. */
  readonly seconds: number;
}

export interface Judging {
  readonly forecasts: number;
  readonly horizonSeconds: number;
  readonly trainedDays: number;
  readonly quantile: number;
}

export const usual: Judging = { forecasts: 40, horizonSeconds: 4 * 3600, trainedDays: 14, quantile: 0.9 };

export function judge(load: Load, judging: Judging): Judged {
  const { history, stepSeconds, timezone } = load;
  const perDay = 86_400 / stepSeconds;
  const first = Math.max(14, judging.trainedDays) * perDay;
  const last = history.length - judging.horizonSeconds / stepSeconds;
  const size = history.reduce((sum, { value }) => sum + Math.abs(value ?? 0), 0) / history.length;
  const models: Partial<Record<ForecastModel, number>> = {};
  const came: { actual: number; mean: number; lower: number; upper: number; day: number; week: number }[] = [];
  let [made, seconds] = [0, 0];
  for (let k = 0; k < judging.forecasts; k += 1) {
    const end = first + Math.floor(((k + 0.37) * (last - first)) / judging.forecasts);
    const known = history.slice(end - judging.trainedDays * perDay, end);
    const forecast = makeForecast(known, {
      ...{ metric: load.name, stepSeconds, timezone, quantile: judging.quantile },
      ...{ horizonSeconds: judging.horizonSeconds, now: new Date(Date.parse(known.at(-1)!.at)) },
    });
    if (!forecast.known) continue;
    made += 1;
    seconds = Math.max(seconds, forecast.trainingSeconds);
    models[forecast.model] = (models[forecast.model] ?? 0) + 1;
    forecast.points.forEach(({ at, mean, lower, upper }, h) => {
      const point = history[end + h]!;
      if (point.at !== at) throw new Error(`the forecast is for ${at}, the load for ${point.at}`);
      if (point.value === null) return;
      const [day, week] = [naive(known, h, perDay), naive(known, h, 7 * perDay)];
      came.push({ actual: point.value, mean, lower, upper, day, week });
    });
  }
  const meanOf = (of: (one: (typeof came)[number]) => number): number =>
    came.reduce((sum, one) => sum + of(one), 0) / came.length;
  const isInside = (c: (typeof came)[number]): boolean => c.actual >= c.lower && c.actual <= c.upper;
  // Where nothing can happen, as in an empty night, any interval holds all: that is no merit, and being out of it is.
  const open = came.filter((c) => !(isInside(c) && c.upper - c.lower <= 1e-3 * size));
  const offs = came.map((c) => c.actual - c.day).sort((a, b) => a - b);
  const margin = offs[Math.floor(judging.quantile * offs.length)]!;
  const loss = (of: (c: (typeof came)[number]) => number): number =>
    meanOf((c) => pinballLoss(c.actual - of(c), judging.quantile));
  return {
    ...{ name: load.name, stepSeconds, forecasts: made, models, seconds },
    error: meanOf((c) => Math.abs(c.actual - c.mean)),
    dayNaive: meanOf((c) => Math.abs(c.actual - c.day)),
    weekNaive: meanOf((c) => Math.abs(c.actual - c.week)),
    coverage: open.length === 0 ? null : open.filter(isInside).length / open.length,
    below: meanOf((c) => Number(c.actual <= c.upper)),
    pinball: loss((c) => c.upper) / loss((c) => c.day + margin),
  };
}

/** What was seen one season before, else more seasons, else last. */
function naive(known: readonly HistoryPoint[], ahead: number, season: number): number {
  for (let i = known.length + ahead - season; i >= 0; i -= season) {
    const value = known[i]?.value ?? null;
    if (value !== null) return value;
  }
  return known.findLast(({ value }) => value !== null)?.value ?? 0;
}

/** Error over that of the better naive forecast, which one is known only afterwards; 1 where neither errs and nor does it. */
export function ratioOf({ error, dayNaive, weekNaive }: Judged): number {
  const naiveError = Math.min(dayNaive, weekNaive);
  return naiveError === 0 && error < 1e-9 ? 1 : error / naiveError;
}
