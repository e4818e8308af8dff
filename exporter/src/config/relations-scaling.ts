import type { Found } from './relations.ts';
import { checkScalingEngine } from './relations-scaling-engine.ts';
import { scalesOf, thresholdsOf, type ScalingMetricConfig, type ScalingPolicyFile } from './schema-scaling.ts';
import { checkCron, isTimezone } from './schedule.ts';
import type { ServiceConfig } from './schema.ts';

// What scaling needs before anybody relies on it.

type At = readonly (string | number)[];

export function* checkScaling(service: ServiceConfig, index: number): Generator<Found> {
  const { scaling } = service;
  if (scaling === null) return;
  const at: At = ['services', index, 'scaling'];
  yield* checkScalingEngine(scaling, at);
  yield* checkScalingPolicy(scaling, at);
}

/** Also of a policy that a person puts in the place of the file's. */
export function* checkScalingPolicy(policy: ScalingPolicyFile, at: At): Generator<Found> {
  if (policy.min > policy.max)
    yield {
      severity: 'fault',
      path: [...at, 'min'],
      value: policy.min,
      message: `is more than max (${policy.max})`,
      mend: 'lower it, or raise max',
    };
  const seen = new Set<string>();
  for (const [m, metric] of policy.metrics.entries()) {
    if (seen.has(metric.name))
      yield {
        severity: 'fault',
        path: [...at, 'metrics', m, 'name'],
        value: metric.name,
        message: 'is the name of another metric, too',
        mend: 'give each metric its own name',
      };
    seen.add(metric.name);
    yield* checkMetric(metric, [...at, 'metrics', m]);
  }
  yield* checkSchedules(policy, at);
  yield* checkForecast(policy, seen, at);
  if (policy.mode === 'auto' && policy.metrics.length === 0 && policy.schedules.length === 0)
    yield {
      severity: 'warning',
      path: [...at, 'metrics'],
      message: 'is empty: the number follows nothing, and only what ends by itself is started again',
      mend: 'name a metric or a schedule',
    };
  const { cost } = policy;
  if (cost !== null && cost.ceiling_per_hour !== null && cost.ceiling_per_hour < policy.min * cost.instance_hour)
    yield {
      severity: 'fault',
      path: [...at, 'cost', 'ceiling_per_hour'],
      value: cost.ceiling_per_hour,
      message: `is less than ${policy.min} instances cost an hour`,
      mend: 'raise it, or lower min',
    };
}

function* checkMetric(metric: ScalingMetricConfig, at: At): Generator<Found> {
  const fault = (key: string, message: string, mend: string): Found => ({
    severity: 'fault',
    path: [...at, key],
    message,
    mend,
  });
  if (metric.source === 'prometheus' && metric.query === null)
    yield fault('query', 'is missing: the metric is read from Prometheus', 'write PromQL that answers with one value');
  if (metric.kind === 'query' && metric.source !== 'prometheus')
    yield fault('source', 'must be prometheus for the kind query', 'use source: prometheus, or another kind');
  if (metric.source === 'kubernetes' && metric.kind !== 'cpu' && metric.kind !== 'memory')
    yield fault('source', 'has only cpu and memory', 'use source: prometheus for this kind');
  if (metric.strategy === 'step_scaling') yield* checkSteps(metric, at);
  else if (thresholdsOf(metric).up === null && thresholdsOf(metric).down === null)
    yield fault(
      'up',
      'is missing, and so is down: the metric would never vote',
      'say from where on it votes for more, or for fewer',
    );
  const { up, down } = thresholdsOf(metric);
  if (typeof up === 'number' && typeof down === 'number' && down >= up && metric.kind !== 'idle_time')
    yield fault('down', `must be below up (${up}): between them lies what is well`, 'lower it, or raise up');
  if (metric.target !== null && typeof up === 'number' && metric.target > up)
    yield fault('target', `must not be above up (${up})`, 'lower it, or raise up');
  if (metric.target !== null && typeof down === 'number' && metric.target < down)
    yield fault('target', `must not be below down (${down})`, 'raise it, or lower down');
}

function* checkSteps(metric: ScalingMetricConfig, at: At): Generator<Found> {
  if (metric.steps.length === 0)
    yield {
      severity: 'fault',
      path: [...at, 'steps'],
      message: 'is empty: step_scaling has nothing to go by',
      mend: 'write steps, e.g. {from: 0.8, change: 2}',
    };
  const sorted = [...metric.steps.entries()].sort(([, a], [, b]) => (a.from ?? -Infinity) - (b.from ?? -Infinity));
  for (const [n, [index, step]] of sorted.entries()) {
    if ((step.from ?? -Infinity) >= (step.to ?? Infinity))
      yield {
        severity: 'fault',
        path: [...at, 'steps', index],
        message: 'ends before it begins',
        mend: 'write from below to',
      };
    const next = sorted[n + 1]?.[1];
    if (next !== undefined && (next.from ?? -Infinity) < (step.to ?? Infinity))
      yield {
        severity: 'fault',
        path: [...at, 'steps', index, 'to'],
        message: 'overlaps the next step',
        mend: 'end it where the next begins',
      };
  }
}

function* checkSchedules(policy: ScalingPolicyFile, at: At): Generator<Found> {
  if (!isTimezone(policy.timezone))
    yield {
      severity: 'fault',
      path: [...at, 'timezone'],
      value: policy.timezone,
      message: 'is no time zone that this machine knows',
      mend: 'use an IANA name, e.g. Europe/Berlin',
    };
  for (const [s, schedule] of policy.schedules.entries()) {
    const verdict = checkCron(schedule.cron);
    if (!verdict.valid)
      yield {
        severity: 'fault',
        path: [...at, 'schedules', s, 'cron'],
        value: schedule.cron,
        message: verdict.reason,
        mend: 'write five fields in quotes, e.g. "0 8 * * 1-5"',
      };
    const [min, max] = [schedule.min ?? policy.min, schedule.max ?? policy.max];
    if (min > max)
      yield {
        severity: 'fault',
        path: [...at, 'schedules', s, 'min'],
        value: min,
        message: `is more than the most that holds then (${max})`,
        mend: 'lower it, or raise max',
      };
    if (schedule.desired !== null && (schedule.desired < min || schedule.desired > max))
      yield {
        severity: 'fault',
        path: [...at, 'schedules', s, 'desired'],
        value: schedule.desired,
        message: `is outside what holds then (${min} to ${max})`,
        mend: 'put it between them',
      };
  }
}

function* checkForecast(
  { predictive, metrics }: ScalingPolicyFile,
  names: ReadonlySet<string>,
  at: At,
): Generator<Found> {
  if (predictive.mode === 'off') return;
  if (predictive.metric !== null && !names.has(predictive.metric))
    yield {
      severity: 'fault',
      path: [...at, 'predictive', 'metric'],
      value: predictive.metric,
      message: 'is no metric of this policy',
      mend: 'name one of metrics',
    };
  if (metrics.length === 0)
    yield {
      severity: 'fault',
      path: [...at, 'predictive', 'mode'],
      value: predictive.mode,
      message: 'has no metric to forecast',
      mend: 'name a metric, or turn it off',
    };
  yield* checkForecastMetric(metrics.find(({ name }) => name === predictive.metric) ?? null, metrics, at);
  if (predictive.history < leastHistorySeconds)
    yield {
      severity: 'fault',
      path: [...at, 'predictive', 'history'],
      value: predictive.history,
      message: 'is less than a day: no forecast would ever be made',
      mend: 'write 24h at least, best 14d',
    };
  if (predictive.launch >= predictive.horizon)
    yield {
      severity: 'fault',
      path: [...at, 'predictive', 'launch'],
      value: predictive.launch,
      message: 'is not within the horizon: nobody would look so far ahead',
      mend: 'lower it, or raise horizon',
    };
}

const leastHistorySeconds = 86_400;

/** `named`: the one that is to be forecast; null: none is named. */
function* checkForecastMetric(
  named: ScalingMetricConfig | null,
  metrics: readonly ScalingMetricConfig[],
  at: At,
): Generator<Found> {
  if (named !== null && !growsWithDemand(named))
    yield {
      severity: 'fault',
      path: [...at, 'predictive', 'metric'],
      value: named.name,
      message:
        'tells no demand: it is switched off, has no target, or its value does not grow with the number (scales: none)',
      mend: 'name a metric with a target and scales: mean or total',
    };
  if (named === null && metrics.length > 0 && !metrics.some(growsWithDemand))
    yield {
      severity: 'fault',
      path: [...at, 'predictive', 'mode'],
      message: 'has no metric that tells the demand: none has a target and scales: mean or total',
      mend: 'add one, or turn it off',
    };
}

function growsWithDemand(metric: ScalingMetricConfig): boolean {
  const { up, down } = thresholdsOf(metric);
  const hasTarget = metric.target !== null || (up !== null && down !== null);
  return metric.enabled && hasTarget && scalesOf(metric) !== 'none';
}
