import { z } from 'zod';
import { mapAnswer, type Answer } from './answer.ts';
import { below, type HttpReader } from './http-read.ts';

// Only the fields that are used: Prometheus 2.42 to 3 have them all. Source: https://prometheus.io/docs/prometheus/latest/querying/api/

const Target = z.object({
  labels: z.record(z.string(), z.string()),
  scrapeUrl: z.string(),
  health: z.enum(['up', 'down', 'unknown']),
  lastError: z.string(),
  lastScrape: z.string(),
  scrapeInterval: z.string(),
});
export type Target = z.output<typeof Target>;

const labelMap = z.record(z.string(), z.string()).optional();
const LoadedRule = z.object({
  type: z.enum(['alerting', 'recording']),
  name: z.string(),
  query: z.string(),
  labels: labelMap,
  annotations: labelMap,
  /** Seconds; absent for recording rules. */
  duration: z.number().optional(),
  keepFiringFor: z.number().optional(),
  health: z.enum(['ok', 'err', 'unknown']),
  lastError: z.string().optional(),
  lastEvaluation: z.string().optional(),
});
export type LoadedRule = z.output<typeof LoadedRule>;

const LoadedGroup = z.object({
  name: z.string(),
  file: z.string(),
  /** Seconds. */
  interval: z.number(),
  evaluationTime: z.number(),
  lastEvaluation: z.string(),
  rules: z.array(LoadedRule),
});
export type LoadedGroup = z.output<typeof LoadedGroup>;

const point = z.tuple([z.number(), z.string()]);
const Sample = z.object({ metric: z.record(z.string(), z.string()), value: point });

const PrometheusRuntime = z.object({
  /** As it says it, e.g. `15d` or `40d or 10GiB`. */
  storageRetention: z.string(),
  /** False: the last configuration that it read was bad, and the old one is in force. */
  reloadConfigSuccess: z.boolean(),
  startTime: z.string(),
  /** When the configuration in force, with its rules, was read. */
  lastConfigTime: z.string(),
});
export type PrometheusRuntime = z.output<typeof PrometheusRuntime>;

/** Prometheus wraps every answer in `{status, data}`. */
function data<T>(schema: z.ZodType<T>) {
  return z.object({ status: z.literal('success'), data: schema });
}

export interface PromSample {
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

export interface PrometheusReader {
  version(): Promise<Answer<string>>;
  targets(): Promise<Answer<readonly Target[]>>;
  groups(): Promise<Answer<readonly LoadedGroup[]>>;
  /** Addresses of the Alertmanagers that it sends to; each ends with `/api/v2/alerts`. */
  alertmanagers(): Promise<Answer<readonly string[]>>;
  runtime(): Promise<Answer<PrometheusRuntime>>;
  /** Series in its memory, of all jobs. */
  headSeries(): Promise<Answer<number>>;
  /** Its clock, Unix seconds. */
  time(): Promise<Answer<number>>;
  query(expr: string): Promise<Answer<readonly PromSample[]>>;
  /** The expression in the one form that Prometheus writes it in; unknown when it does not parse or cannot be asked. */
  format(expr: string): Promise<Answer<string>>;
}

/** The HTTP API of one Prometheus. `timeoutMs`: of each question. */
export function createPrometheusReader(http: HttpReader, url: string, timeoutMs: number): PrometheusReader {
  const ask = <T>(path: string, schema: z.ZodType<T>, maxBytes?: number): Promise<Answer<T>> =>
    http
      .json(below(url, `/api/v1/${path}`), data(schema), { timeoutMs, ...(maxBytes === undefined ? {} : { maxBytes }) })
      .then((answer) => mapAnswer(answer, (body) => body.data));
  return {
    version: async () => mapAnswer(await ask('status/buildinfo', z.object({ version: z.string() })), (b) => b.version),
    targets: async () =>
      mapAnswer(
        await ask('targets?state=active', z.object({ activeTargets: z.array(Target) })),
        (t) => t.activeTargets,
      ),
    // A thousand services with firing alerts answer with tens of megabytes.
    groups: async () =>
      mapAnswer(await ask('rules', z.object({ groups: z.array(LoadedGroup) }), 128 * 1024 * 1024), (r) => r.groups),
    alertmanagers: async () =>
      mapAnswer(
        await ask('alertmanagers', z.object({ activeAlertmanagers: z.array(z.object({ url: z.string() })) })),
        (a) => a.activeAlertmanagers.map((one) => one.url),
      ),
    runtime: () => ask('status/runtimeinfo', PrometheusRuntime),
    headSeries: async () =>
      mapAnswer(
        await ask('status/tsdb', z.object({ headStats: z.object({ numSeries: z.number() }) })),
        (t) => t.headStats.numSeries,
      ),
    time: async () =>
      mapAnswer(await ask('query?query=time()', z.object({ result: point })), (scalar) => Number(scalar.result[1])),
    query: async (expr) =>
      mapAnswer(await ask(`query?query=${encodeURIComponent(expr)}`, z.object({ result: z.array(Sample) })), (vector) =>
        vector.result.map(({ metric, value }) => ({ labels: metric, value: Number(value[1]) })),
      ),
    format: (expr) => ask(`format_query?query=${encodeURIComponent(expr)}`, z.string()),
  };
}
