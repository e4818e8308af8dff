import type { ForecastFacts } from '../contract/forecast.ts';
import type { ScalingPolicy } from '../contract/scaling.ts';
import { neededBy } from './forecast-reading.ts';
import { instancesFor, targetOf } from './scaling-votes.ts';

/** Instances that carry, at the target, what is forecast for the time at which an instance that is started now serves. */
export function predictedNeed(forecast: ForecastFacts | null, policy: ScalingPolicy, now: Date): number | null {
  if (forecast === null || !forecast.known || policy.predictive.mode === 'off') return null;
  const metric = policy.metrics.find(({ name }) => name === forecast.metric);
  const target = metric === undefined ? null : targetOf(metric);
  const upper = neededBy(forecast, new Date(+now + policy.predictive.launchSeconds * 1000));
  if (target === null || target <= 0 || upper === null || !Number.isFinite(upper)) return null;
  return instancesFor(upper, target);
}

/** A forecast that was further off than this on the average costs instances and meets no load. */
const mostError = 0.3;
/** Where a load is near nothing at times, a share of it says nothing: then it must not be worse than what was a day or a week ago. */
const mostOfNaive = 1.05;
/** So much less than it says may lie inside its interval. */
const missedCoverage = 0.15;

/** Why a forecast is not acted on, or null. `off` and `forecast_only` are said by the policy itself. */
export function distrust(forecast: ForecastFacts | null): string | null {
  if (forecast === null || !forecast.known) return null;
  const { mape, relativeToNaive, coverage } = forecast.error;
  const { level } = forecast;
  if (mape !== null && mape > mostError)
    return `it was off by ${Math.round(mape * 100)} % on the average, ${mostError * 100} % are trusted`;
  if (mape !== null) return null;
  if (!(relativeToNaive <= mostOfNaive))
    return `its errors were ${Math.round(relativeToNaive * 100)} % of those of the same time before, ${Math.round(mostOfNaive * 100)} % are trusted`;
  if (!(coverage >= level - missedCoverage))
    return `${Math.round(coverage * 100)} % of the values were inside its interval, ${Math.round((level - missedCoverage) * 100)} % are trusted`;
  return null;
}

export function actsOnForecast(forecast: ForecastFacts | null, policy: ScalingPolicy): boolean {
  return policy.predictive.mode === 'scale_out' && distrust(forecast) === null;
}
