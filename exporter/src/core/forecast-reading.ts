import type { ForecastFacts } from '../contract/forecast.ts';

/** What a forecast comes to. Apart from its making, so that whoever only reads one does not load the numerics. */

/** Upper quantile of demand at that time; null: nothing is forecast for it. */
export function neededBy(forecast: ForecastFacts, at: Date): number | null {
  if (!forecast.known || forecast.points.length === 0) return null;
  const { points } = forecast;
  const right = points.findIndex((point) => Date.parse(point.at) >= +at);
  if (right < 0) return null;
  const after = points[right]!;
  const before = points[right - 1];
  // Before the first point it is the first step from now, unless it is the past.
  if (before === undefined) return +at >= Date.parse(forecast.madeAt) ? after.upper : null;
  const share = (+at - Date.parse(before.at)) / (Date.parse(after.at) - Date.parse(before.at));
  return before.upper + share * (after.upper - before.upper);
}

const adviceUp = 1.2;
const adviceDown = 0.5;

/** `threshold`: the demand that the instances of now carry. The greatest forecast over it by a fifth: up; under half of it: down. */
export function adviceOf(forecast: ForecastFacts, threshold: number): 'up' | 'down' | 'stay' {
  if (!forecast.known || forecast.points.length === 0) return 'stay';
  const most = forecast.points.reduce((high, { mean }) => Math.max(high, mean), -Infinity);
  if (most > adviceUp * threshold) return 'up';
  return most < adviceDown * threshold ? 'down' : 'stay';
}
