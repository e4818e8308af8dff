import type { ForecastFacts } from '../contract/forecast.ts';
import type { ScalingBacktest, ScalingBacktestRun } from '../contract/scaling-facts.ts';
import type { ScalingMetricPolicy, ScalingPolicy } from '../contract/scaling.ts';
import type { IsoTime } from '../contract/observed.ts';
import { hpaDefaults } from './scaling-hpa.ts';
import { hpaPilot, policyPilot, replay, type Course } from './scaling-replay.ts';
import { instancesFor, isProportional, targetOf } from './scaling-votes.ts';

export { hpaDesired } from './scaling-hpa.ts';

/** What a policy would have done on real history, beside the policy in force and the HorizontalPodAutoscaler. */

/** The forecast as it was known then; must not look at what came later. */
export type ForecastAt = (at: Date) => ForecastFacts | null;

export interface BacktestOptions {
  /** Its demand is the history. */
  readonly metric: string;
  readonly stepSeconds: number;
  readonly from: IsoTime;
  readonly to: IsoTime;
  readonly forecast?: ForecastAt;
  /** Target of the HorizontalPodAutoscaler; without it that of the policy in force. */
  readonly hpaTarget?: number;
  /** What one instance carries, for all runs alike; without it the target of the policy in force. */
  readonly carries?: number;
}

export interface HistoryPoint {
  readonly at: IsoTime;
  /** Of the whole service: the sum over its instances; null: missing. */
  readonly value: number | null;
}

const metricOf = ({ metrics }: ScalingPolicy, name: string): ScalingMetricPolicy | null =>
  metrics.find((metric) => metric.name === name) ?? null;

/** Why it cannot be tried on history; null: it can. What a response time would have been with other instances nobody knows. */
export function whyNotReplayed(policy: ScalingPolicy, name: string): string | null {
  const metric = metricOf(policy, name);
  if (metric === null) return `the policy has no metric ${name}`;
  return isProportional(metric)
    ? null
    : `${name} does not fall in proportion to the instances: what it would have been is not known`;
}

function courseOf(history: readonly HistoryPoint[], options: BacktestOptions): Float64Array {
  const { from, to, stepSeconds } = options;
  const [fromMs, toMs] = [Date.parse(from), Date.parse(to)];
  const points = Math.max(0, Math.floor((toMs - fromMs) / 1000 / stepSeconds));
  const demand = new Float64Array(points).fill(NaN);
  for (const { at, value } of history) {
    const index = Math.floor((Date.parse(at) - fromMs) / 1000 / stepSeconds);
    if (index < 0 || index >= points || value === null || !Number.isFinite(value)) continue;
    demand[index] = Math.max(0, value);
  }
  return demand;
}

function begin(demand: Float64Array, carries: number, { min, max }: ScalingPolicy): number {
  const first = demand.find((value) => !Number.isNaN(value));
  return Math.min(max, Math.max(min, first === undefined ? min : instancesFor(first, carries)));
}

/**
 * Replays the demand through the same decision that acts: the policy in force, the proposed one, and the HorizontalPodAutoscaler with the
 * bounds of the one in force. All begin with what the first point needs; an instance is ready `predictive.launchSeconds` of the policy in
 * force after it was added. Where points are missing every one of them holds, and neither under- nor over-provisioned time is counted.
 * Only the one metric votes. Metrics that `whyNotReplayed` names have no runs.
 */
export function backtest(
  history: readonly HistoryPoint[],
  policies: { readonly current: ScalingPolicy; readonly proposed: ScalingPolicy | null },
  options: BacktestOptions,
): ScalingBacktest {
  const demand = courseOf(history, options);
  const { current } = policies;
  const metric = metricOf(current, options.metric);
  const missing = demand.reduce((count, value) => count + (Number.isNaN(value) ? 1 : 0), 0);
  const { from, to, stepSeconds } = options;
  const base = { from, to, stepSeconds, points: demand.length, missing };
  if (metric === null || whyNotReplayed(current, options.metric) !== null || demand.length === 0)
    return { ...base, runs: [] };
  const target = targetOf(metric) ?? 1;
  const carries = options.carries ?? target;
  const course: Course = {
    demand,
    fromMs: Date.parse(from),
    stepSeconds,
    carries,
    launchSeconds: current.predictive.launchSeconds,
    begins: begin(demand, carries, current),
  };
  const run = (name: string, policy: ScalingPolicy): readonly ScalingBacktestRun[] => {
    const own = metricOf(policy, options.metric);
    if (own === null || whyNotReplayed(policy, options.metric) !== null) return [];
    return [
      replay(name, policyPilot(policy, own, options.forecast ?? null), course, policy.cost?.instanceHour ?? null),
    ];
  };
  const hpa = { ...hpaDefaults, target: options.hpaTarget ?? target, min: current.min, max: current.max };
  return {
    ...base,
    runs: [
      ...run('current', current),
      ...(policies.proposed === null ? [] : run('proposed', policies.proposed)),
      replay('hpa', hpaPilot(metric, hpa), course, current.cost?.instanceHour ?? null),
    ],
  };
}
