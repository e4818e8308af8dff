import { ok } from '../../contract/errors.ts';
import type { ScalingBacktest, ScalingFacts, ScalingRecord } from '../../contract/scaling-facts.ts';
import type { ScalingDecision } from '../../contract/scaling.ts';
import { instanceWith, metricWith } from '../../core/scaling-testing.ts';
import type { App } from '../../runtime/app.ts';

const at = '2026-11-22T03:00:00.000Z';

const decision: ScalingDecision = {
  at,
  action: 'hold',
  current: 2,
  desired: 2,
  proposed: 3,
  act: false,
  page: false,
  votes: [
    {
      metric: 'cpu',
      reading: { at, known: true, value: 0.83 },
      direction: 'up',
      wants: 3,
      reason: 'cpu 0.83 is above 0.7',
    },
  ],
  predicted: null,
  limits: ['cooldown'],
  reasons: ['instances were added 120 s ago, 300 s have to pass'],
  costPerHour: 0.2,
  remove: [],
};

const record: ScalingRecord = {
  operationId: 'op_0000000000000007',
  action: 'scale_up',
  trigger: 'metrics',
  before: 1,
  wanted: 2,
  after: 2,
  startedAt: at,
  endedAt: at,
  seconds: 3,
  succeeded: true,
  rolledBack: false,
  reason: 'cpu 0.9 is above 0.7',
  metrics: { cpu: 0.9 },
  error: null,
  by: 'scaling',
};

export function aScaling(): ScalingFacts {
  return {
    engine: 'process',
    mode: 'auto',
    fleet: {
      instances: [instanceWith('shop-1', { startedAt: at, address: '127.0.0.1:9001', load: 3 })],
      wanted: 2,
      ownedBy: null,
    },
    problem: null,
    min: 1,
    max: 4,
    desired: 2,
    metrics: [metricWith({ source: 'own' })],
    readings: { cpu: { at, known: true, value: 0.83 } },
    decision,
    frozenSince: null,
    forecast: { known: false, metric: 'cpu', why: 'only 3 h are known, 24 h are needed' },
    advice: null,
    pause: null,
    override: null,
    cost: { currency: 'USD', perHour: 0.2, ceilingPerHour: 1, soFar: 3.4, since: at },
    lastUpAt: at,
    lastDownAt: null,
    history: [record],
    decisions: [decision],
    warnings: [],
  };
}

const aBacktest: ScalingBacktest = {
  from: at,
  to: '2026-11-22T04:00:00.000Z',
  stepSeconds: 60,
  points: 60,
  missing: 0,
  runs: [
    {
      policy: 'current',
      underProvisionedSeconds: 60,
      overProvisionedSeconds: 600,
      overProvisionedInstanceHours: 0.2,
      instanceHours: 2.2,
      cost: 0.22,
      scaleUps: 1,
      scaleDowns: 0,
      maxInstances: 3,
      series: [{ at, demand: 1.7, ready: 2, desired: 2 }],
    },
  ],
};

const override = { by: 'ada', at, reason: 'a test' };

/** What the API asks of the program about scaling. */
export function aScalingApp() {
  return {
    scaling: () => ok({ scaling: aScaling(), policy: 'min: 1\nmax: 4\n' }),
    scalingHistory: () => ok([record]),
    scalingLoad: () =>
      Promise.resolve(
        ok({
          metric: 'cpu',
          source: 'own' as const,
          problem: null,
          points: [{ at, value: 1.7, ready: 2, desired: 2 }],
        }),
      ),
    pauseScaling: () => Promise.resolve(ok({ by: 'ada', reason: 'a test', since: at, until: at })),
    resumeScaling: () => Promise.resolve(ok({ resumed: true })),
    previewScalingPolicy: () => ok({ valid: true, faults: [], decision: null }),
    setScalingPolicy: () => Promise.resolve(ok(override)),
    resetScalingPolicy: () => Promise.resolve(ok(null)),
    backtestScaling: () => Promise.resolve(ok(aBacktest)),
  } satisfies Partial<App>;
}
