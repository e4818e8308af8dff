import { z } from 'zod';
import { AutomationPauseReply } from './failover-replies.ts';
import { time } from './reply-parts.ts';
import { forecastModels } from './forecast.ts';
import { scalingTriggers } from './scaling-facts.ts';
import {
  instanceStates,
  scalingActions,
  scalingEngineNames,
  scalingLimits,
  scalingMetricKinds,
  scalingModes,
  scalingSources,
  scalingStrategies,
} from './scaling.ts';

/** The wire form of contract/scaling. */

const Instance = z.object({
  name: z.string(),
  state: z.enum(instanceStates),
  startedAt: time.nullable(),
  address: z.string().nullable(),
  load: z.number().nullable(),
  protectedBy: z.string().nullable().describe('Why it must not be removed now; null: it may.'),
  detail: z.string().nullable(),
  reachable: z.boolean().optional().describe('Whether the load balancer in front leads to it.'),
});

const Fleet = z.object({
  instances: z.array(Instance),
  wanted: z.number().nullable(),
  ownedBy: z.string().nullable().describe('Another controller that sets the number.'),
});

const Reading = z.discriminatedUnion('known', [
  z.object({ known: z.literal(true), at: time, value: z.number() }),
  z.object({
    known: z.literal(false),
    at: time,
    why: z.enum(['missing', 'stale', 'not_a_number', 'unreachable']),
    detail: z.string(),
  }),
]);

const Metric = z.object({
  name: z.string(),
  kind: z.enum(scalingMetricKinds),
  source: z.enum(scalingSources),
  strategy: z.enum(scalingStrategies),
  target: z.number().nullable(),
  up: z.number().nullable(),
  down: z.number().nullable(),
  inverse: z.boolean(),
  scales: z.enum(['mean', 'total', 'none']),
  steps: z.array(z.object({ from: z.number().nullable(), to: z.number().nullable(), change: z.number() })),
  cooldownSeconds: z.number().nullable(),
});

const Vote = z.object({
  metric: z.string(),
  reading: Reading,
  direction: z.enum(['up', 'down', 'stay', 'unknown']),
  wants: z.number().nullable(),
  reason: z.string(),
});

const Decision = z.object({
  at: time,
  action: z.enum(scalingActions),
  current: z.number(),
  desired: z.number(),
  proposed: z.number().nullable(),
  act: z.boolean(),
  page: z.boolean(),
  votes: z.array(Vote),
  predicted: z.number().nullable(),
  limits: z.array(z.enum(scalingLimits)),
  reasons: z.array(z.string()),
  costPerHour: z.number().nullable(),
  remove: z.array(z.string()),
});

const ForecastErrors = z.object({
  mape: z.number().nullable(),
  pinball: z.number(),
  coverage: z.number(),
  relativeToNaive: z.number(),
});

const Forecast = z.discriminatedUnion('known', [
  z.object({
    known: z.literal(true),
    metric: z.string(),
    madeAt: time,
    model: z.enum(forecastModels),
    level: z.number(),
    points: z.array(z.object({ at: time, mean: z.number(), lower: z.number(), upper: z.number() })),
    error: ForecastErrors,
    trainedFrom: time,
    trainedTo: time,
    samples: z.number(),
    trainingSeconds: z.number(),
  }),
  z.object({ known: z.literal(false), metric: z.string().nullable(), why: z.string() }),
]);

export const ScalingRecordReply = z
  .object({
    operationId: z.string(),
    action: z.enum(['scale_up', 'scale_down']),
    trigger: z.enum(scalingTriggers),
    before: z.number(),
    wanted: z.number(),
    after: z.number().nullable(),
    startedAt: time,
    endedAt: time,
    seconds: z.number(),
    succeeded: z.boolean(),
    rolledBack: z.boolean(),
    reason: z.string(),
    metrics: z.record(z.string(), z.number()),
    error: z.string().nullable(),
    by: z.string(),
  })
  .meta({ id: 'ScalingRecord' });

export const ScalingFactsReply = z
  .object({
    engine: z.enum(scalingEngineNames),
    mode: z.enum(scalingModes),
    fleet: Fleet.nullable(),
    problem: z.string().nullable().describe('Why the instances are not known.'),
    min: z.number(),
    max: z.number(),
    desired: z.number().nullable(),
    metrics: z.array(Metric),
    readings: z.record(z.string(), Reading.nullable()),
    decision: Decision.nullable(),
    frozenSince: time.nullable(),
    forecast: Forecast.nullable(),
    advice: z
      .enum(['up', 'down', 'stay'])
      .nullable()
      .describe(
        'up: the highest forecast is more than 1.2 times what the ready instances carry; down: less than half of it.',
      ),
    pause: AutomationPauseReply.nullable(),
    override: z
      .object({ by: z.string(), at: time, reason: z.string() })
      .nullable()
      .describe('Who put another policy in the place of the file’s.'),
    cost: z
      .object({
        currency: z.string(),
        perHour: z.number(),
        ceilingPerHour: z.number().nullable(),
        soFar: z.number(),
        since: time,
      })
      .nullable(),
    lastUpAt: time.nullable(),
    lastDownAt: time.nullable(),
    history: z.array(ScalingRecordReply),
    decisions: z.array(Decision),
    warnings: z.array(z.string()),
  })
  .meta({ id: 'ScalingFacts' });

const { engine, mode, fleet, problem, min, max, desired, metrics, readings, decision, frozenSince, pause, cost } =
  ScalingFactsReply.shape;
export const ScalingSummaryReply = z
  .object({
    ...{ engine, mode, fleet, problem, min, max, desired, metrics, readings, decision, frozenSince, pause, cost },
    at: time,
    intervalSeconds: z.number(),
    forecast: z.object({ metric: z.string(), model: z.enum(forecastModels), error: ForecastErrors }).nullable(),
    last: ScalingRecordReply.pick({
      action: true,
      trigger: true,
      before: true,
      after: true,
      endedAt: true,
      succeeded: true,
    }).nullable(),
  })
  .meta({ id: 'ScalingSummary' });

export const ScalingReply = z.object({
  service: z.string(),
  scaling: ScalingFactsReply,
  policy: z.string().describe('The policy that holds, as YAML.'),
});

export const ScalingHistoryReply = z.object({ service: z.string(), items: z.array(ScalingRecordReply) });

export const ScalingLoadReply = z
  .object({
    metric: z.string().nullable(),
    source: z.enum(['prometheus', 'own']),
    problem: z.string().nullable(),
    points: z.array(
      z.object({
        at: time,
        value: z.number().nullable(),
        ready: z.number().nullable(),
        desired: z.number().nullable(),
      }),
    ),
  })
  .meta({ id: 'ScalingLoad' });

export const ScalingPreviewReply = z
  .object({
    valid: z.boolean(),
    faults: z.array(z.object({ path: z.string(), message: z.string(), mend: z.string() })),
    decision: Decision.nullable().describe(
      'What it would decide now; null: not valid, or the instances are not known.',
    ),
  })
  .meta({ id: 'ScalingPreview' });
export type ScalingPreview = z.infer<typeof ScalingPreviewReply>;

export const ScalingOverrideReply = z.object({
  service: z.string(),
  override: z.object({ by: z.string(), at: time, reason: z.string() }).nullable(),
});

export const ScalingBacktestReply = z
  .object({
    from: time,
    to: time,
    stepSeconds: z.number(),
    points: z.number(),
    missing: z.number(),
    runs: z.array(
      z.object({
        policy: z.string(),
        underProvisionedSeconds: z.number(),
        overProvisionedSeconds: z.number(),
        overProvisionedInstanceHours: z.number(),
        instanceHours: z.number(),
        cost: z.number().nullable(),
        scaleUps: z.number(),
        scaleDowns: z.number(),
        maxInstances: z.number(),
        series: z.array(z.object({ at: time, demand: z.number().nullable(), ready: z.number(), desired: z.number() })),
      }),
    ),
  })
  .meta({ id: 'ScalingBacktest' });
