import { z } from 'zod';
import {
  scalingEngineNames,
  scalingMetricKinds,
  scalingModes,
  scalingSources,
  scalingStrategies,
  type ScalingMetricKind,
} from '../contract/scaling.ts';
import { CommandOptions } from '../engines/scaling/command/options.ts';
import { DockerOptions } from '../engines/scaling/docker/options.ts';
import { HaproxyMembershipOptions, HaproxyOptions } from '../engines/scaling/haproxy/options.ts';
import { KubernetesOptions } from '../engines/scaling/kubernetes/options.ts';
import { ProcessOptions } from '../engines/scaling/process/options.ts';
import { SecretRef } from './secret-ref.ts';
import { duration, notation } from './units.ts';

// How many instances of a service run (S1 to S5).

const name = z.string().regex(/^[a-z0-9]([a-z0-9_-]{0,61}[a-z0-9])?$/, {
  error: 'must be 1-63 of a-z, 0-9, - and _, beginning and ending with a letter or digit',
});
const count = z.int().min(0).max(10_000);

/** From seed 003; an idle worker is counted in seconds. */
const usualThresholds: Readonly<
  Record<ScalingMetricKind, { readonly up: number | null; readonly down: number | null }>
> = {
  cpu: { up: 0.7, down: 0.3 },
  memory: { up: 0.8, down: 0.4 },
  response_time: { up: 2, down: 1 },
  error_rate: { up: 0.05, down: null },
  queue_length: { up: 100, down: 10 },
  idle_time: { up: null, down: 600 },
  query: { up: null, down: null },
};

const Step = z.strictObject({
  from: z.number().nullable().default(null).describe('Values from here on; null: from the lowest.'),
  to: z.number().nullable().default(null).describe('Values below this; null: up to the highest.'),
  change: z.int().min(-1000).max(1000).describe('Instances to add; negative: to remove.'),
});

const Metric = z.strictObject({
  name: name.describe('Name of the metric: the label `metric` of its series.'),
  kind: z
    .enum(scalingMetricKinds)
    .describe('What it is. cpu, memory and error_rate are shares from 0 to 1, times are seconds; query: anything.'),
  source: z
    .enum(scalingSources)
    .default('prometheus')
    .describe(
      'prometheus: `query` against prometheus.url. own: what Genesis sees itself (processor: share of one that each worker of the engine process uses, of the containers with docker, else of this machine; memory: of the containers with docker, else of this machine; response time, errors and queue from the load balancer or the health checks). kubernetes: the cluster’s own metrics (cpu, memory).',
    ),
  query: z
    .string()
    .min(1)
    .max(2000)
    .nullable()
    .default(null)
    .describe('PromQL with one value as its answer; source prometheus.'),
  strategy: z
    .enum(scalingStrategies)
    .default('target_tracking')
    .describe('target_tracking: as many instances as bring the value to its target. step_scaling: as the steps say.'),
  target: z
    .number()
    .positive()
    .nullable()
    .default(null)
    .describe(
      'Value that is aimed at; null: midway between `down` and `up`. Where only it is given, up is 1.04 and down 0.9 of it, which follows closely.',
    ),
  up: z
    .number()
    .nullable()
    .optional()
    .describe(
      'From this on it votes for more. Default: cpu 0.7, memory 0.8, response_time 2, error_rate 0.05, queue_length 100; null: never.',
    ),
  down: z
    .number()
    .nullable()
    .optional()
    .describe(
      'Up to this it votes for fewer. Default: cpu 0.3, memory 0.4, response_time 1, queue_length 10, idle_time 600 (from this on); null: never.',
    ),
  scales: z
    .enum(['mean', 'total', 'none'])
    .optional()
    .describe(
      'mean: a mean over instances. total: of the whole service; `up`, `down` and `target` are what one instance carries. none: moves one instance at a time. Default: mean for cpu and memory, total for queue_length, else none.',
    ),
  steps: z.array(Step).default([]).describe('Of step_scaling; the bounds must not overlap.'),
  cooldown: duration()
    .nullable()
    .default(null)
    .describe('Least time between two actions on account of this metric; null: none of its own.'),
  enabled: z.boolean().default(true).describe('false: read and shown, and without a vote.'),
});
export type ScalingMetricConfig = z.output<typeof Metric>;

/** What holds where a metric names its target alone, one of the two, or none of them. */
export function thresholdsOf({ kind, target, up, down }: ScalingMetricConfig): {
  readonly up: number | null;
  readonly down: number | null;
} {
  const isClose = target !== null && up === undefined && down === undefined;
  if (isClose) return { up: 1.04 * target, down: 0.9 * target };
  const usual = usualThresholds[kind];
  return { up: up === undefined ? usual.up : up, down: down === undefined ? usual.down : down };
}

/** How the value answers to more instances, where a metric does not say so itself. */
export function scalesOf({ kind, scales }: ScalingMetricConfig): 'mean' | 'total' | 'none' {
  if (scales !== undefined) return scales;
  if (kind === 'cpu' || kind === 'memory') return 'mean';
  return kind === 'queue_length' ? 'total' : 'none';
}

const Schedule = z.strictObject({
  name: name.describe('Name of the schedule, shown with each decision it bounds.'),
  cron: z
    .string()
    .min(1)
    .meta(notation('cron'))
    .describe('When it begins; it holds until the next of any schedule begins.'),
  min: count.nullable().default(null).describe('Fewest instances from then on; null: that of the policy.'),
  max: count.nullable().default(null).describe('Most instances from then on; null: that of the policy.'),
  desired: count.nullable().default(null).describe('Number that is set once when it begins; null: none.'),
});

export const ScalingPolicyFields = {
  mode: z
    .enum(scalingModes)
    .default('observe')
    .describe('auto acts; manual proposes and waits for a person; observe only says what it would do, and why.'),
  min: count.default(1).describe('Fewest instances.'),
  max: z.int().min(1).max(10_000).default(10).describe('Most instances.'),
  desired: count.default(2).describe('What a service begins with.'),
  interval: duration().default(60).describe('Time between two evaluations.'),
  evaluation_periods: z.int().min(1).max(60).default(3).describe('Evaluations in a row that have to agree.'),
  cooldown: z
    .strictObject({
      up: duration().default(300).describe('Least time after instances were added before more are.'),
      down: duration().default(600).describe('Least time after any action before instances are removed.'),
    })
    .prefault({})
    .describe('Rest between two actions.'),
  max_step: z
    .strictObject({
      up: z.int().min(1).default(4).describe('Most instances added at once.'),
      down: z.int().min(1).default(1).describe('Most instances removed at once.'),
    })
    .prefault({})
    .describe('How far one action goes.'),
  warm_up: duration().default(60).describe('So long a new instance does not count as sharing the load.'),
  stale_after: duration().default(300).describe('A value older than this is none.'),
  freeze_after: z
    .int()
    .min(1)
    .max(60)
    .default(3)
    .describe('Evaluations without all values after which it is frozen and told; it never scales in without them.'),
  ready_within: duration()
    .default(120)
    .describe('A new instance that is not ready after this is ended again, and told.'),
  drain: duration().default(30).describe('An instance that is to end gets so long to finish its work.'),
  timezone: z.string().default('UTC').describe('IANA time zone of the schedules.'),
  metrics: z
    .array(Metric)
    .default([])
    .describe('What the number follows: any vote for more wins, fewer needs a majority.'),
  schedules: z.array(Schedule).default([]).describe('Bounds and numbers for times that are known beforehand.'),
  predictive: z
    .strictObject({
      mode: z
        .enum(['off', 'forecast_only', 'scale_out'])
        .default('off')
        .describe(
          'forecast_only: forecast and publish its error. scale_out: also add instances ahead of need, never remove any.',
        ),
      metric: name.nullable().default(null).describe('Metric that is forecast; null: the first one with a target.'),
      history: duration()
        .default(14 * 86400)
        .describe('What it learns from; at least 24 h are needed.'),
      horizon: duration()
        .default(4 * 3600)
        .describe('How far it looks ahead.'),
      launch: duration().default(300).describe('How long an instance takes until it serves: so far ahead it is added.'),
      quantile: z.number().gt(0.5).lt(1).default(0.9).describe('Share of outcomes that is provided for.'),
    })
    .prefault({})
    .describe('What the load will be.'),
  cost: z
    .strictObject({
      instance_hour: z.number().min(0).describe('Price of one instance for an hour.'),
      currency: z.string().min(1).max(10).default('USD').describe('Currency, as it is shown.'),
      ceiling_per_hour: z
        .number()
        .positive()
        .nullable()
        .default(null)
        .describe('Most that may be spent an hour; null: no ceiling.'),
    })
    .nullable()
    .default(null)
    .describe('What instances cost; null: not known, and not shown.'),
};

/** The part that a person edits and that a backtest tries; what the instances are is not in it. */
export const ScalingPolicyFile = z.strictObject(ScalingPolicyFields);
export type ScalingPolicyFile = z.output<typeof ScalingPolicyFile>;

export const Scaling = z.strictObject({
  engine: z
    .enum(scalingEngineNames)
    .describe(
      'process: workers on this machine. haproxy: servers of a backend. kubernetes, docker: replicas there. command: your own programs or webhook.',
    ),
  process: ProcessOptions.nullable().default(null).describe('Of the engine process.'),
  haproxy: HaproxyOptions.nullable().default(null).describe('Of the engine haproxy.'),
  kubernetes: KubernetesOptions.nullable().default(null).describe('Of the engine kubernetes.'),
  docker: DockerOptions.nullable().default(null).describe('Of the engine docker.'),
  command: CommandOptions.extend({
    timeout: duration().default(120).describe('Each is ended after this, with all it started.'),
  })
    .nullable()
    .default(null)
    .describe('Of the engine command.'),
  webhook: z
    .strictObject({
      url: z
        .string()
        .regex(/^https?:\/\/[^@\s]+$/, { error: 'must be an http(s) address without user and password' })
        .describe(
          'Takes POST with {action: list|scale, service, desired, current, remove, operation}; answers {instances: [...]}.',
        ),
      secret: SecretRef.describe('Signs the body (HMAC-SHA-256, header X-Genesis-Signature): env:NAME or file:/path.'),
    })
    .nullable()
    .default(null)
    .describe('Engine command: called in place of programs that are not configured.'),
  balancer: HaproxyMembershipOptions.nullable()
    .default(null)
    .describe(
      'HAProxy in front of the instances of another engine: a ready one is added, one that ends is drained first. null: none.',
    ),
  ...ScalingPolicyFields,
});
export type ScalingConfig = z.output<typeof Scaling>;
