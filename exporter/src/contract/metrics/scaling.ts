import type { ScalingSummary } from '../scaling-facts.ts';
import { combinations, eventCounter, results, serviceGauge, type MetricUnit, type SampleValue } from './family.ts';
import { flag } from './reading.ts';

// Services that are not scaled have none of these: a 0 would say that they are watched.

const ofService = (help: string, unit: MetricUnit, value: (facts: ScalingSummary) => SampleValue) =>
  serviceGauge({ help, unit, read: ({ scaling }, emit) => emit(scaling === null ? null : value(scaling)) });

const inState = ({ fleet }: ScalingSummary, state: string): number | null =>
  fleet === null ? null : fleet.instances.filter((one) => one.state === state).length;

export const scalingMetrics = {
  genesis_scaling_replicas: ofService('Instances that are ready; absent while nobody could look.', 'count', (facts) =>
    inState(facts, 'ready'),
  ),
  genesis_scaling_replicas_desired: ofService('Instances that the scaler wants.', 'count', ({ desired }) => desired),
  genesis_scaling_replicas_min: ofService('Fewest instances that the policy allows.', 'count', ({ min }) => min),
  genesis_scaling_replicas_max: ofService('Most instances that the policy allows.', 'count', ({ max }) => max),
  genesis_scaling_predicted_replicas: ofService(
    'Instances that the prediction calls for after the time that one takes to start.',
    'count',
    ({ decision }) => decision?.predicted ?? null,
  ),
  genesis_scaling_metric_value: serviceGauge({
    help: 'What the scaler reads of this metric; absent while it is missing, stale or no number.',
    unit: 'mixed',
    labels: ['metric'],
    read: ({ scaling }, emit) => {
      for (const [name, reading] of Object.entries(scaling?.readings ?? {}))
        emit(reading?.known === true ? reading.value : null, name);
    },
  }),
  genesis_scaling_metric_target: serviceGauge({
    help: 'Target of this metric in the scaling policy.',
    unit: 'mixed',
    labels: ['metric'],
    read: ({ scaling }, emit) => {
      for (const { name, target } of scaling?.metrics ?? []) emit(target, name);
    },
  }),
  genesis_scaling_metric_missing: serviceGauge({
    help: 'Whether this metric is missing, stale or no number: nothing is removed then.',
    unit: 'boolean',
    labels: ['metric'],
    read: ({ scaling }, emit) => {
      for (const [name, reading] of Object.entries(scaling?.readings ?? {}))
        emit(reading === null ? null : flag(!reading.known), name);
    },
  }),
  genesis_scaling_frozen: ofService(
    'Whether the number is frozen, because metrics are missing or instances could not be looked at.',
    'boolean',
    ({ frozenSince }) => flag(frozenSince !== null),
  ),
  genesis_scaling_automatic: ofService(
    'Whether Genesis scales by itself: mode auto and not paused.',
    'boolean',
    ({ mode, pause }) => flag(mode === 'auto' && pause === null),
  ),
  genesis_scaling_forecast_error_ratio: serviceGauge({
    help: 'Error of the forecast on data that it had not seen: mean absolute percentage error.',
    unit: 'ratio',
    labels: ['metric'],
    read: ({ scaling }, emit) => {
      const forecast = scaling?.forecast ?? null;
      if (forecast !== null) emit(forecast.error.mape, forecast.metric);
    },
  }),
  genesis_scaling_forecast_pinball: serviceGauge({
    help: 'Mean pinball loss of the forecast’s upper bound, in the unit of the metric.',
    unit: 'mixed',
    labels: ['metric'],
    read: ({ scaling }, emit) => {
      const forecast = scaling?.forecast ?? null;
      if (forecast !== null) emit(forecast.error.pinball, forecast.metric);
    },
  }),
  genesis_scaling_forecast_coverage_ratio: serviceGauge({
    help: 'Share of values that fell inside the interval of the forecast.',
    unit: 'ratio',
    labels: ['metric'],
    read: ({ scaling }, emit) => {
      const forecast = scaling?.forecast ?? null;
      if (forecast !== null) emit(forecast.error.coverage, forecast.metric);
    },
  }),
  genesis_scaling_cost_per_hour: serviceGauge({
    help: 'What the instances that are wanted cost an hour, in the currency of the label.',
    unit: 'mixed',
    labels: ['currency'],
    read: ({ scaling }, emit) => {
      const cost = scaling?.cost ?? null;
      if (cost !== null) emit(cost.perHour, cost.currency);
    },
  }),
  genesis_scaling_last_action_instances: serviceGauge({
    help: 'Instances before and after (when) the scaling action that ended last, and what led to it (trigger); absent where they are not known.',
    unit: 'count',
    labels: ['action', 'trigger', 'when'],
    read: ({ scaling }, emit) => {
      const last = scaling?.last ?? null;
      if (last === null) return;
      emit(last.before, last.action, last.trigger, 'before');
      emit(last.after, last.action, last.trigger, 'after');
    },
  }),
  genesis_scaling_actions_total: eventCounter({
    help: 'Scaling actions (action: scale_up or scale_down) that ended.',
    event: 'scaling',
    labels: ['action', 'result'],
    initial: ({ scaling }) =>
      scaling === null ? [] : combinations({ action: ['scale_up', 'scale_down'], result: results }),
  }),
} as const;
