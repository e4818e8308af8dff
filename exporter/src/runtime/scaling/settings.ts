import type { ScalingMetricPolicy, ScalingPolicy } from '../../contract/scaling.ts';
import {
  scalesOf,
  thresholdsOf,
  type ScalingMetricConfig,
  type ScalingPolicyFile,
} from '../../config/schema-scaling.ts';

/** What the file says about scaling, as decisions are given it. */

export function metricPolicyOf(metric: ScalingMetricConfig): ScalingMetricPolicy {
  const { up, down } = thresholdsOf(metric);
  return {
    name: metric.name,
    kind: metric.kind,
    source: metric.source,
    strategy: metric.strategy,
    target: metric.target ?? (up === null || down === null ? null : (up + down) / 2),
    up,
    down,
    inverse: metric.kind === 'idle_time',
    scales: scalesOf(metric),
    steps: metric.steps,
    cooldownSeconds: metric.cooldown,
  };
}

export function scalingPolicyOf(file: ScalingPolicyFile): ScalingPolicy {
  const metrics = file.metrics.filter(({ enabled }) => enabled).map(metricPolicyOf);
  return {
    mode: file.mode,
    min: file.min,
    max: file.max,
    desired: Math.min(Math.max(file.desired, file.min), file.max),
    metrics,
    intervalSeconds: file.interval,
    evaluationPeriods: file.evaluation_periods,
    cooldownUpSeconds: file.cooldown.up,
    cooldownDownSeconds: file.cooldown.down,
    maxStepUp: file.max_step.up,
    maxStepDown: file.max_step.down,
    warmUpSeconds: file.warm_up,
    staleSeconds: file.stale_after,
    freezeAfter: file.freeze_after,
    readySeconds: file.ready_within,
    drainSeconds: file.drain,
    schedules: file.schedules.map((schedule) => ({ ...schedule, timezone: file.timezone })),
    predictive: {
      mode: file.predictive.mode,
      metric:
        file.predictive.metric ??
        metrics.find(({ target, scales }) => target !== null && scales !== 'none')?.name ??
        null,
      historySeconds: file.predictive.history,
      horizonSeconds: file.predictive.horizon,
      launchSeconds: file.predictive.launch,
      quantile: file.predictive.quantile,
    },
    cost:
      file.cost === null
        ? null
        : {
            instanceHour: file.cost.instance_hour,
            currency: file.cost.currency,
            ceilingPerHour: file.cost.ceiling_per_hour,
          },
  };
}
