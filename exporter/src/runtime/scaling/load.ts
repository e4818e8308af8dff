import type { ScalingLoad, ScalingLoadPoint } from '../../contract/scaling-facts.ts';
import type { ScalingMetricPolicy, ScalingPolicy } from '../../contract/scaling.ts';
import type { PromSeries } from '../../core/prometheus-answer.ts';
import type { FactStore } from '../../store/port.ts';
import type { PrometheusClient } from '../prometheus.ts';

/**
 * What the service asked for over time, and how many instances it had: kept here for each evaluation, and read from Prometheus where a
 * metric comes from there and goes back further.
 */
export interface LoadHistory {
  add(service: string, point: ScalingLoadPoint): Promise<void>;
  /** Oldest first. */
  between(service: string, from: Date, to: Date): Promise<readonly ScalingLoadPoint[]>;
}

const dayMs = 86_400_000;
const keptDays = 31;
/** A day is written again at most this often: a crash loses so many points, and the disk is spared. */
const writeEvery = 5;

type Row = readonly [atMs: number, value: number | null, ready: number | null, desired: number | null];

const dayOf = (at: number): string => new Date(at).toISOString().slice(0, 10);
const nameOf = (service: string, day: string): string => `scaling-load:${service}:${day}`;

export function createLoadHistory(facts: FactStore): LoadHistory {
  const open = new Map<string, { day: string; rows: Row[]; unwritten: number }>();
  const read = async (service: string, day: string): Promise<Row[]> => {
    const text = await facts.get(nameOf(service, day));
    return text === null ? [] : (JSON.parse(text) as Row[]);
  };
  return {
    async add(service, point) {
      const atMs = Date.parse(point.at);
      const day = dayOf(atMs);
      let now = open.get(service);
      if (now?.day !== day) {
        if (now !== undefined) await facts.set(nameOf(service, now.day), JSON.stringify(now.rows));
        now = { day, rows: await read(service, day), unwritten: 0 };
        open.set(service, now);
        await forget(facts, service, atMs);
      }
      now.rows.push([atMs, point.value, point.ready, point.desired]);
      now.unwritten += 1;
      if (now.unwritten < writeEvery) return;
      now.unwritten = 0;
      await facts.set(nameOf(service, day), JSON.stringify(now.rows));
    },
    async between(service, from, to) {
      const points: ScalingLoadPoint[] = [];
      for (let day = dayOf(+from); day <= dayOf(+to); day = dayOf(Date.parse(`${day}T00:00:00Z`) + dayMs)) {
        const now = open.get(service);
        const rows = now?.day === day ? now.rows : await read(service, day);
        for (const [atMs, value, ready, desired] of rows)
          if (atMs >= +from && atMs <= +to) points.push({ at: new Date(atMs).toISOString(), value, ready, desired });
      }
      return points;
    },
  };
}

async function forget(facts: FactStore, service: string, nowMs: number): Promise<void> {
  const oldest = dayOf(nowMs - keptDays * dayMs);
  for (const { name } of await facts.list(`scaling-load:${service}:`))
    if ((name.split(':').at(-1) ?? '') < oldest) await facts.remove(name);
}

/** What the whole service asks for, in the unit of the metric: a mean over the instances is multiplied by their number. */
export function demandOf({ scales }: ScalingMetricPolicy, value: number | null, ready: number | null): number | null {
  if (value === null || scales !== 'mean') return value;
  return ready === null ? null : value * ready;
}

/** The metric that tells the demand: the one that is forecast, or the first that grows with it. */
export function demandMetric({ metrics, predictive }: ScalingPolicy): ScalingMetricPolicy | null {
  const tells = ({ scales, target }: ScalingMetricPolicy): boolean => scales !== 'none' && target !== null;
  return metrics.find((one) => one.name === predictive.metric && tells(one)) ?? metrics.find(tells) ?? null;
}

export interface LoadSources {
  readonly history: LoadHistory;
  readonly prometheus: PrometheusClient;
  query(metric: string): string | null;
}

/** Prometheus refuses more points in one answer. */
const mostPoints = 11_000;

export async function readLoad(
  service: string,
  policy: ScalingPolicy,
  sources: LoadSources,
  span: { readonly from: Date; readonly to: Date; readonly stepSeconds: number },
  signal: AbortSignal,
): Promise<ScalingLoad> {
  const metric = demandMetric(policy);
  if (metric === null)
    return { metric: null, source: 'own', problem: 'no metric of the policy grows with the demand', points: [] };
  const query = metric.source === 'prometheus' ? sources.query(metric.name) : null;
  if (query === null) return ownLoad(service, metric.name, sources, span);
  const read = await fromPrometheus(service, metric, query, sources.prometheus, span, signal);
  if (typeof read !== 'string') return { metric: metric.name, source: 'prometheus', problem: null, points: read };
  const own = await ownLoad(service, metric.name, sources, span);
  return own.points.length > 0 ? own : { metric: metric.name, source: 'prometheus', problem: read, points: [] };
}

async function ownLoad(
  service: string,
  metric: string,
  { history }: LoadSources,
  { from, to }: { readonly from: Date; readonly to: Date },
): Promise<ScalingLoad> {
  const points = await history.between(service, from, to);
  const problem = points.length === 0 ? 'nothing was kept of that time' : null;
  return { metric, source: 'own', problem, points };
}

/** The points, or why there are none. */
async function fromPrometheus(
  service: string,
  metric: ScalingMetricPolicy,
  query: string,
  prometheus: PrometheusClient,
  span: { readonly from: Date; readonly to: Date; readonly stepSeconds: number },
  signal: AbortSignal,
): Promise<readonly ScalingLoadPoint[] | string> {
  const values = new Map<number, number>();
  const ready = new Map<number, number>();
  const desired = new Map<number, number>();
  const name = JSON.stringify(service);
  const asked: readonly (readonly [string, Map<number, number>, boolean])[] = [
    [query, values, true],
    [`max(genesis_scaling_replicas{service=${name}})`, ready, metric.scales === 'mean'],
    [`max(genesis_scaling_replicas_desired{service=${name}})`, desired, false],
  ];
  for (const [expr, into, needed] of asked) {
    const problem = await readInto(into, expr, prometheus, span, signal);
    if (problem !== null && needed) return problem;
  }
  if (values.size === 0) return 'Prometheus has no samples of that time';
  const points: ScalingLoadPoint[] = [];
  for (
    let at = Math.ceil(+span.from / 1000 / span.stepSeconds) * span.stepSeconds;
    at * 1000 <= +span.to;
    at += span.stepSeconds
  ) {
    const there = ready.get(at) ?? null;
    points.push({
      at: new Date(at * 1000).toISOString(),
      value: demandOf(metric, values.get(at) ?? null, there),
      ready: there,
      desired: desired.get(at) ?? null,
    });
  }
  return points;
}

async function readInto(
  into: Map<number, number>,
  expr: string,
  prometheus: PrometheusClient,
  { from, to, stepSeconds }: { readonly from: Date; readonly to: Date; readonly stepSeconds: number },
  signal: AbortSignal,
): Promise<string | null> {
  const end = Math.floor(+to / 1000);
  for (
    let start = Math.ceil(+from / 1000 / stepSeconds) * stepSeconds;
    start <= end;
    start += mostPoints * stepSeconds
  ) {
    const last = Math.min(end, start + (mostPoints - 1) * stepSeconds);
    const answer = await prometheus.range(expr, { start, end: last, stepSeconds }, signal);
    if (!answer.known) return answer.message;
    if (answer.value.length > 1) return `the query answers with ${answer.value.length} series`;
    for (const { samples } of answer.value satisfies readonly PromSeries[])
      for (const { at, value } of samples) if (Number.isFinite(value)) into.set(Math.round(at), value);
  }
  return null;
}
