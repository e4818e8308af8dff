import type {
  Fleet,
  Instance,
  ScalingDecision,
  ScalingMetricPolicy,
  ScalingPolicy,
  ScalingReading,
  ScalingView,
} from '../contract/scaling.ts';
import { decideScaling } from './scaling.ts';

/** Builders of tests. */
export const now = new Date('2026-03-02T12:00:00.000Z');
export const ago = (seconds: number): string => new Date(+now - seconds * 1000).toISOString();

export function metricWith(fields: Partial<ScalingMetricPolicy> = {}): ScalingMetricPolicy {
  return {
    name: 'cpu',
    kind: 'cpu',
    source: 'prometheus',
    strategy: 'target_tracking',
    target: 0.5,
    up: 0.7,
    down: 0.3,
    inverse: false,
    scales: 'mean',
    steps: [],
    cooldownSeconds: null,
    ...fields,
  };
}

/** The defaults of the configuration, with one metric. */
export function policyWith(fields: Partial<ScalingPolicy> = {}): ScalingPolicy {
  return {
    mode: 'auto',
    min: 1,
    max: 10,
    desired: 2,
    metrics: [metricWith()],
    intervalSeconds: 60,
    evaluationPeriods: 3,
    cooldownUpSeconds: 300,
    cooldownDownSeconds: 600,
    maxStepUp: 4,
    maxStepDown: 1,
    warmUpSeconds: 60,
    staleSeconds: 300,
    freezeAfter: 3,
    readySeconds: 120,
    drainSeconds: 30,
    schedules: [],
    predictive: {
      mode: 'off',
      metric: null,
      historySeconds: 14 * 86_400,
      horizonSeconds: 4 * 3600,
      launchSeconds: 300,
      quantile: 0.9,
    },
    cost: null,
    ...fields,
  };
}

export function instanceWith(name: string, fields: Partial<Instance> = {}): Instance {
  return {
    name,
    state: 'ready',
    startedAt: ago(86_400),
    address: null,
    load: null,
    protectedBy: null,
    detail: null,
    ...fields,
  };
}

export function fleetOf(count: number, fields: Partial<Fleet> = {}): Fleet {
  const instances = Array.from({ length: count }, (_, index) => instanceWith(`w${index + 1}`));
  return { instances, wanted: null, ownedBy: null, ...fields };
}

/** Newest last, a minute apart, the newest now. */
export function readingsOf(...values: readonly (number | null)[]): readonly ScalingReading[] {
  return values.map((value, index) => {
    const at = ago(60 * (values.length - 1 - index));
    return value === null
      ? { at, known: false, why: 'missing', detail: 'the query gave no sample' }
      : { at, known: true, value };
  });
}

export function viewWith(fields: Partial<ScalingView> = {}): ScalingView {
  return {
    service: 'shop',
    fleet: fleetOf(4),
    desired: 4,
    readings: {},
    forecast: null,
    lastUpAt: null,
    lastDownAt: null,
    lastByMetric: {},
    missingInRow: 0,
    schedule: null,
    pausedUntil: null,
    running: null,
    leader: true,
    breakerOpen: false,
    breakerUntil: null,
    ...fields,
  };
}

export const memory = metricWith({ name: 'memory', kind: 'memory', target: 0.6, up: 0.8, down: 0.4 });
export const latency = metricWith({
  name: 'latency',
  kind: 'response_time',
  target: null,
  up: 2,
  down: 1,
  scales: 'none',
});
export const queue = metricWith({
  name: 'queue',
  kind: 'queue_length',
  target: 55,
  up: 100,
  down: 10,
  scales: 'total',
});

export const high = readingsOf(0.8, 0.82, 0.83);
export const low = readingsOf(0.1, 0.2, 0.15);
export const between = readingsOf(0.5, 0.5, 0.5);

export const decide = (view: Partial<ScalingView>, policy: Partial<ScalingPolicy> = {}): ScalingDecision =>
  decideScaling(viewWith(view), policyWith(policy), now);

/** Action, number before, number after, limits. */
export const shortly = ({ action, current, desired, limits }: ScalingDecision) => [action, current, desired, ...limits];
