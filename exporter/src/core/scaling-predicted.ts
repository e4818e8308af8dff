import type { ForecastFacts, ScalingPolicy } from '../contract/scaling.ts';
import { neededBy } from './forecast.ts';
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

/** Why a forecast is not acted on, or null. `off` and `forecast_only` are said by the policy itself. */
export function distrust(forecast: ForecastFacts | null): string | null {
  if (forecast === null || !forecast.known || forecast.error.mape === null || forecast.error.mape <= mostError)
    return null;
  return `it was off by ${Math.round(forecast.error.mape * 100)} % on the average, ${mostError * 100} % are trusted`;
}

export function actsOnForecast(forecast: ForecastFacts | null, policy: ScalingPolicy): boolean {
  return policy.predictive.mode === 'scale_out' && distrust(forecast) === null;
}
