import { z } from 'zod';
import {
  aggregations,
  alertConditions,
  alertSeverities,
  alertStates,
  maxAlertMessageLength,
  maxDashboardMetrics,
  maxDurationMinutes,
} from './live-facts.ts';
import { liveRoutes } from './live-routes.ts';
import { time } from './reply-parts.ts';

export * from './live-facts.ts';

/*
 * Live data under the names and shapes of the documents that Genesis grew from (snake_case, minutes): windowed aggregates of what the
 * exporter recorded in memory, and alerts that are defined while it runs. Null: not known. Never 0 for what was not measured.
 */

const metricName = z.string().regex(/^[a-z][a-z0-9_]{0,99}$/, { error: 'is not the name of a metric' });
const tagName = z.string().regex(/^[a-z][a-z0-9_]{0,39}$/, { error: 'is not the name of a label' });
// Control characters would end up in logs and terminals.
const printable = /^[^\p{Cc}\p{Cf}]*$/u;
const tagValue = z.string().min(1).max(100).regex(printable, { error: 'must not hold control characters' });
const tags = z.record(tagName, tagValue).refine((given) => Object.keys(given).length <= 8, {
  error: 'must be 8 labels at most',
});

const window = {
  duration_minutes: z.coerce
    .number()
    .int()
    .min(1)
    .max(maxDurationMinutes)
    .default(60)
    .describe('How far back `value` and `time_series` reach, minutes.'),
  // Not an enum: an aggregation that does not exist answers 422 with a code of its own.
  aggregation: z
    .string()
    .max(40)
    .default('avg')
    .describe(`How the points of the window become \`value\`: one of ${aggregations.join(', ')}.`),
  resolution_seconds: z.coerce
    .number()
    .int()
    .min(1)
    .max(86_400)
    .default(60)
    .describe('Width of one point of `time_series`, seconds.'),
  tags: z
    .string()
    .max(1000)
    .optional()
    .describe('Only series with these labels: name=value, several separated by commas, e.g. service=shop.'),
};

export const DashboardQuery = z.strictObject({
  ...window,
  metrics: z
    .string()
    .max(5000)
    .optional()
    .describe(`Names separated by commas, ${maxDashboardMetrics} at most; absent: a short list of useful ones.`),
});
export type DashboardQuery = z.output<typeof DashboardQuery>;
export const DashboardMetricQuery = z.strictObject(window);
export type DashboardMetricQuery = z.output<typeof DashboardMetricQuery>;

const metric = metricName.describe(
  'Name of a gauge or counter of /metrics; a counter is watched as its rate a second.',
);
const condition = z.enum(alertConditions).describe('`==` means within 0.01.');
const threshold = z.number().describe('In the unit of the metric.');
const message = z
  .string()
  .trim()
  .max(maxAlertMessageLength)
  .regex(printable, { error: 'must not hold control characters' });

export const NewAlertBody = z.strictObject({
  metric,
  condition,
  threshold,
  severity: z.enum(alertSeverities).default('warning'),
  message: message.default(''),
  tags: tags.default({}).describe('Watch only series with these labels, e.g. {"service": "shop"}.'),
});
export type NewAlertBody = z.output<typeof NewAlertBody>;

/** A change of metric, condition, threshold or tags makes another alert of it: its state begins anew. */
export const ChangeAlertBody = z
  .strictObject({
    metric: metric.optional(),
    condition: condition.optional(),
    threshold: threshold.optional(),
    severity: z.enum(alertSeverities).optional(),
    message: message.optional(),
    tags: tags.optional(),
  })
  .refine((body) => Object.keys(body).length > 0, { error: 'must change something' });
export type ChangeAlertBody = z.output<typeof ChangeAlertBody>;

const known = z.number().nullable();
const labels = z.record(z.string(), z.string());

export const LivePoint = z
  .object({
    timestamp: time.describe('Start of the bucket.'),
    value: z.number().describe('Mean of the bucket.'),
    min: z.number(),
    max: z.number(),
    count: z.int(),
  })
  .meta({ id: 'LivePoint' });
export type LivePoint = z.infer<typeof LivePoint>;

const metricFields = {
  unit: z.string().describe('Of the values: the unit of the metric, with `_per_second` for a counter.'),
  kind: z.enum(['gauge', 'rate']).describe('A counter is shown as its rate a second.'),
  help: z.string(),
  current: known.describe('Mean of the last 5 minutes; null: no data.'),
  avg_1h: known.describe('Mean of the last hour; null: no data.'),
  max_1h: known.describe('Largest value of the last hour; null: no data.'),
  value: known.describe('The asked aggregation over the asked window; null: no data.'),
  last_at: time.nullable().describe('When it was last recorded.'),
  time_series: z.array(LivePoint).describe('Buckets without data are absent.'),
};

export const LiveMetric = z.object(metricFields).meta({ id: 'LiveMetric' });
export type LiveMetric = z.infer<typeof LiveMetric>;

/** Why a metric has no value. */
export const missingReasons = ['not_recorded', 'no_data', 'metric_unknown'] as const;

export const LiveAlert = z
  .object({
    id: z.string(),
    metric: z.string(),
    condition: z.string().describe('Condition and threshold as one text, e.g. `> 0.9`.'),
    operator: z.enum(alertConditions),
    threshold: z.number(),
    tags: labels,
    severity: z.enum(alertSeverities),
    message: z.string(),
    state: z.enum(alertStates),
    active: z.boolean(),
    why: z.string().describe('Why it is in this state, in words.'),
    value: known.describe('Mean of the alert window that decided; null: no data.'),
    series: labels.nullable().describe('Labels of the series that decided.'),
    flapping: z.boolean().describe('It changed too often: held active until it is quiet.'),
    triggered_at: time.nullable(),
    resolved_at: time.nullable(),
    evaluated_at: time.nullable().describe('Null: not evaluated yet.'),
    created_at: time,
    created_by: z.string(),
  })
  .meta({ id: 'LiveAlert' });
export type LiveAlert = z.infer<typeof LiveAlert>;

export const Dashboard = z
  .object({
    at: time,
    metrics: z.record(z.string(), LiveMetric).describe('Metrics with data, by name.'),
    missing: z
      .array(z.object({ name: z.string(), reason: z.enum(missingReasons) }))
      .describe('Metrics that were asked for and have no data in the window.'),
    alerts: z.object({
      active: z.array(LiveAlert),
      total: z.int(),
      active_count: z.int(),
    }),
  })
  .meta({ id: 'Dashboard' });
export type Dashboard = z.infer<typeof Dashboard>;

export const DashboardMetric = z
  .object({
    at: time,
    metric_name: z.string(),
    aggregation: z.enum(aggregations),
    duration_minutes: z.int(),
    current_value: known.describe('The asked aggregation over the last 5 minutes; null: no data.'),
    ...metricFields,
    missing: z.enum(missingReasons).nullable().describe('Why there is no value; null where there is one.'),
    series: z
      .array(z.object({ labels, current: known, last: z.number(), last_at: time }))
      .describe(
        'The series that these numbers are of, 100 at most; `last` is the newest value, of a counter its total.',
      ),
    series_count: z.int(),
  })
  .meta({ id: 'DashboardMetric' });
export type DashboardMetric = z.infer<typeof DashboardMetric>;

/** Entries of the action table. */
export const liveActions = {
  dashboardMetrics: {
    ...liveRoutes.dashboardMetrics,
    summary: 'Live figures of the last minutes and the alerts defined at run time; /ws/dashboard pushes the same',
    query: DashboardQuery,
  },
  dashboardMetric: {
    ...liveRoutes.dashboardMetric,
    summary: 'One metric over a window: an aggregate, its time series, its series',
    query: DashboardMetricQuery,
  },
  listRuntimeAlerts: { ...liveRoutes.listRuntimeAlerts, summary: 'Alerts defined at run time, with their states' },
  createRuntimeAlert: {
    ...liveRoutes.createRuntimeAlert,
    summary: 'Define an alert: a metric, a condition, a threshold',
    body: NewAlertBody,
  },
  changeRuntimeAlert: {
    ...liveRoutes.changeRuntimeAlert,
    summary: 'Change an alert; another metric, condition, threshold or tags begins its state anew',
    body: ChangeAlertBody,
  },
  deleteRuntimeAlert: { ...liveRoutes.deleteRuntimeAlert, summary: 'Remove an alert' },
} as const;

/** What they answer. */
export const liveReplies = {
  dashboardMetrics: { status: 200, schema: Dashboard },
  dashboardMetric: { status: 200, schema: DashboardMetric },
  listRuntimeAlerts: { status: 200, schema: z.object({ alerts: z.array(LiveAlert) }) },
  createRuntimeAlert: { status: 201, schema: z.object({ alert_id: z.string(), status: z.literal('created') }) },
  changeRuntimeAlert: { status: 200, schema: LiveAlert },
  deleteRuntimeAlert: { status: 200, schema: z.object({ alert_id: z.string(), status: z.literal('deleted') }) },
} as const;
