import type {
  Decision,
  Forecast,
  Instance,
  KnownForecast,
  LoadPoint,
  ScalingLoad,
  ScalingMetric,
  ScalingRecord,
  Vote,
} from '../../src/lib/scaling-api.ts';

/** What the examples of scaling are made of: a service whose load has a day in it. */

export const second = 1_000;
export const minute = 60 * second;
const now = Math.floor(Date.now() / minute) * minute;
export const ago = (ms: number): string => new Date(now - ms).toISOString();

export function instanceWith(name: string, change: Partial<Instance> = {}): Instance {
  const number = Number(/(\d+)$/.exec(name)?.[1] ?? 1);
  return {
    name,
    state: 'ready',
    startedAt: ago(30 * 60 * minute),
    address: `127.0.0.1:${9100 + number}`,
    load: 8,
    protectedBy: null,
    detail: null,
    ...change,
  };
}

function metricWith(name: string, change: Partial<ScalingMetric>): ScalingMetric {
  return {
    name,
    kind: 'query',
    source: 'prometheus',
    strategy: 'target_tracking',
    target: null,
    up: null,
    down: null,
    inverse: false,
    scales: 'none',
    steps: [],
    cooldownSeconds: null,
    ...change,
  };
}

export const metrics: ScalingMetric[] = [
  metricWith('requests', { target: 100, up: 120, down: 75, scales: 'total' }),
  metricWith('cpu', { kind: 'cpu', target: 0.6, up: 0.7, down: 0.3, scales: 'mean' }),
  metricWith('response', { kind: 'response_time', up: 2, down: 1 }),
];

export function voteWith(
  metric: string,
  value: number | 'missing' | 'stale' | 'unreachable',
  direction: Vote['direction'],
  wants: number | null,
  reason: string,
): Vote {
  const at = ago(20 * second);
  const reading: Vote['reading'] =
    typeof value === 'number' ? { known: true, at, value } : { known: false, at, why: value, detail: reason };
  return { metric, reading, direction, wants, reason };
}

export function decisionWith(change: Partial<Decision>): Decision {
  return {
    at: ago(20 * second),
    action: 'hold',
    current: 4,
    desired: 4,
    proposed: 4,
    act: false,
    page: false,
    votes: [],
    predicted: null,
    limits: [],
    reasons: [],
    costPerHour: null,
    remove: [],
    ...change,
  };
}

/** Requests a second at a moment: a day with its night, and a hump at noon. */
function demandAt(ms: number): number {
  const hour = (ms / 3_600_000) % 24;
  const day = 320 - 210 * Math.cos(((hour - 3) / 24) * 2 * Math.PI);
  return day + 90 * Math.exp(-((hour - 12) ** 2) / 2) + 14 * Math.sin(ms / 700_000) + 9 * Math.sin(ms / 190_000);
}

export function calmForecast(): Forecast {
  const points: KnownForecast['points'] = Array.from({ length: 48 }, (_, index) => {
    const at = now + (index + 1) * 5 * minute;
    const mean = demandAt(at);
    const spread = 24 + index * 1.1;
    return { at: new Date(at).toISOString(), mean, lower: mean - spread, upper: mean + spread };
  });
  return {
    known: true,
    metric: 'requests',
    madeAt: ago(4 * minute),
    model: 'ridge',
    level: 0.8,
    points,
    error: { mape: 0.064, pinball: 8.21, coverage: 0.812, relativeToNaive: 0.71 },
    trainedFrom: ago(14 * 24 * 60 * minute),
    trainedTo: ago(4 * minute),
    samples: 20_160,
    trainingSeconds: 0.42,
  };
}

/** The last hours, with a hole of missing values where the service is frozen. */
export function loadOf(hours: number, service: string): ScalingLoad {
  const stepMs = Math.max(minute, Math.round((hours * 3600 * second) / 480 / minute) * minute);
  const count = Math.floor((hours * 3600 * second) / stepMs);
  const isFrozen = service === 'queue';
  const points = Array.from({ length: count + 1 }, (_, index): LoadPoint => {
    const ms = now - (count - index) * stepMs;
    const value = demandAt(ms);
    const desired = Math.max(2, Math.ceil(value / 100));
    const isHole = isFrozen ? now - ms < 0.3 * hours * 3600 * second : index > 60 && index < 75;
    return {
      at: new Date(ms).toISOString(),
      value: isHole ? null : value,
      ready: service === 'legacy' ? null : Math.max(2, Math.ceil(demandAt(ms - 6 * minute) / 100)),
      desired: service === 'legacy' ? null : desired,
    };
  });
  return {
    metric: 'requests',
    source: isFrozen ? 'own' : 'prometheus',
    problem: isFrozen ? 'http://prometheus:9090 refuses the connection' : null,
    points: service === 'legacy' ? [] : points,
  };
}

function recordWith(at: number, change: Partial<ScalingRecord>): ScalingRecord {
  return {
    operationId: `scale_20261122_${String(at / minute).padStart(6, '0')}_0a1b2c3d`,
    action: 'scale_up',
    trigger: 'metrics',
    before: 3,
    wanted: 5,
    after: 5,
    startedAt: ago(at),
    endedAt: ago(at - 14 * second),
    seconds: 14.2,
    succeeded: true,
    rolledBack: false,
    reason: 'requests want 5: 160 for each of 3 instances, 100 are aimed at',
    metrics: { requests: 480, cpu: 0.74, response: 0.9 },
    error: null,
    by: 'genesis',
    ...change,
  };
}

export function historyOf(): ScalingRecord[] {
  return [
    recordWith(80 * minute, {
      action: 'scale_down',
      before: 5,
      wanted: 4,
      after: 4,
      seconds: 31.9,
      reason: '2 of 3 metrics want fewer; worker-5 was the least loaded and was drained first',
      metrics: { requests: 310, cpu: 0.28, response: 0.2 },
    }),
    recordWith(200 * minute, {}),
    recordWith(330 * minute, {
      trigger: 'forecast',
      before: 2,
      wanted: 3,
      after: 3,
      reason: 'the forecast needs 3 in 5 minutes',
    }),
    recordWith(560 * minute, {
      trigger: 'manual',
      by: 'Ada Lovelace (ada)',
      before: 4,
      wanted: 6,
      after: 4,
      seconds: 121.4,
      succeeded: false,
      rolledBack: true,
      reason: 'the newsletter goes out at ten',
      error: 'worker-6 was not ready after 120 s and was ended again',
      metrics: {},
    }),
    recordWith(900 * minute, { trigger: 'schedule', before: 2, wanted: 4, after: 4, reason: 'schedule morning' }),
  ];
}
