import type { HealthFacts } from '../../contract/health.ts';
import type { ScalingMetricPolicy, ScalingPolicy, ScalingReading } from '../../contract/scaling.ts';
import type { Observed } from '../../contract/observed.ts';
import type { Outcome } from '../../contract/errors.ts';
import type { SystemFacts } from '../../contract/snapshot.ts';
import type { Fleet } from '../../contract/scaling.ts';
import type { PrometheusClient } from '../prometheus.ts';

/** Where metrics are read from. Each answers with a number or with why there is none; nothing is assumed. */
export interface MetricSources {
  readonly prometheus: PrometheusClient;
  /** PromQL of a metric; null: none is configured. */
  query(metric: string): string | null;
  system(): Observed<SystemFacts> | null;
  health(): HealthFacts | null;
  /** Open sessions and waiting requests at the load balancer; null: there is none. */
  balancer(signal: AbortSignal): Promise<Outcome<{ readonly sessions: number; readonly queued: number }> | null>;
  /** Whether the load of an instance is work that it has, and not a share of a processor. */
  readonly loadIsWork: boolean;
  /** Of the instances, as the engine's own product (Kubernetes, Docker) tells; null: it tells none. */
  product(kind: 'cpu' | 'memory', signal: AbortSignal): Promise<ScalingReading | null>;
  /** When the last session was seen; null: never since the start. */
  lastBusyAt(): Date | null;
}

type Unknown = Extract<ScalingReading, { known: false }>;

export async function readMetric(
  metric: ScalingMetricPolicy,
  policy: ScalingPolicy,
  sources: MetricSources,
  fleet: Fleet,
  now: Date,
  signal: AbortSignal,
): Promise<ScalingReading> {
  const at = now.toISOString();
  if (metric.source === 'prometheus') return fromPrometheus(metric, policy, sources, now, signal);
  if (metric.source === 'kubernetes') {
    const kind = metric.kind === 'memory' ? 'memory' : 'cpu';
    const seen = await sources.product(kind, signal);
    return seen ?? none(at, 'missing', 'the engine has no metrics of its own');
  }
  return ownReading(metric, policy, sources, fleet, now, signal);
}

async function fromPrometheus(
  metric: ScalingMetricPolicy,
  policy: ScalingPolicy,
  sources: MetricSources,
  now: Date,
  signal: AbortSignal,
): Promise<ScalingReading> {
  const at = now.toISOString();
  const query = sources.query(metric.name);
  if (query === null) return none(at, 'missing', 'it has no query');
  const answer = await sources.prometheus.instant(query, signal);
  if (!answer.known) return none(at, 'unreachable', answer.message);
  const [sample, second] = answer.value;
  if (sample === undefined) return none(at, 'missing', 'the query answers with no sample');
  if (second !== undefined) return none(at, 'not_a_number', `the query answers with ${answer.value.length} series`);
  // Evaluated at Prometheus' own time: a clock that is off shows here, and nobody can tell how old its values are.
  const apart = Math.abs(+now / 1000 - sample.at);
  if (apart > policy.staleSeconds)
    return none(at, 'stale', `the value is of ${Math.round(apart)} s away, as the clocks here and there go`);
  return number(at, sample.value);
}

async function ownReading(
  metric: ScalingMetricPolicy,
  policy: ScalingPolicy,
  sources: MetricSources,
  fleet: Fleet,
  now: Date,
  signal: AbortSignal,
): Promise<ScalingReading> {
  const at = now.toISOString();
  switch (metric.kind) {
    case 'cpu':
    case 'memory':
      return (await sources.product(metric.kind, signal)) ?? machine(metric.kind, sources.system(), policy, now);
    case 'response_time':
    case 'error_rate':
      return checked(metric.kind, sources.health(), policy, now);
    case 'queue_length': {
      const seen = await sources.balancer(signal);
      if (seen === null && !sources.loadIsWork) return none(at, 'missing', 'a queue is seen at a load balancer, and there is none'); // prettier-ignore
      if (seen === null) return loads(fleet, at);
      return seen.ok
        ? number(at, seen.value.queued + seen.value.sessions)
        : none(at, 'unreachable', seen.error.message);
    }
    case 'idle_time': {
      const seen = await sources.balancer(signal);
      if (seen === null) return none(at, 'missing', 'idleness is seen at a load balancer, and there is none');
      if (!seen.ok) return none(at, 'unreachable', seen.error.message);
      const since = sources.lastBusyAt();
      // Since the start nobody has come: how long that was before the start, nobody knows.
      return since === null ? none(at, 'missing', 'no session was seen yet') : number(at, (+now - +since) / 1000);
    }
    case 'query':
      return none(at, 'missing', 'a query is asked of Prometheus');
  }
}

/** What the instances say themselves, added up. One that does not say makes the sum unknown. */
function loads({ instances }: Fleet, at: string): ScalingReading {
  const ready = instances.filter(({ state }) => state === 'ready');
  const silent = ready.find(({ load }) => load === null);
  if (ready.length === 0) return none(at, 'missing', 'no instance is ready');
  if (silent !== undefined) return none(at, 'missing', `${silent.name} does not say how loaded it is`);
  return number(at, ready.reduce((sum, { load }) => sum + (load ?? 0), 0)); // prettier-ignore
}

function machine(
  kind: 'cpu' | 'memory',
  seen: Observed<SystemFacts> | null,
  { staleSeconds }: ScalingPolicy,
  now: Date,
): ScalingReading {
  const at = now.toISOString();
  if (seen === null) return none(at, 'missing', 'the machine was not looked at yet');
  if (!seen.known) return none(at, 'unreachable', seen.error.message);
  const age = (+now - Date.parse(seen.at)) / 1000;
  if (age > staleSeconds) return none(at, 'stale', `the newest value is ${Math.round(age)} s old`);
  const { cpuRatio, memoryTotalBytes, memoryAvailableBytes } = seen.value;
  return number(at, kind === 'cpu' ? cpuRatio : 1 - memoryAvailableBytes / memoryTotalBytes);
}

/** Over the http checks of the service: the slowest answer, or the share that fails now. */
function checked(
  kind: 'response_time' | 'error_rate',
  health: HealthFacts | null,
  { staleSeconds }: ScalingPolicy,
  now: Date,
): ScalingReading {
  const at = now.toISOString();
  const probed = (health?.checks ?? []).filter(({ kind: one, last }) => one === 'http' && last !== null);
  if (probed.length === 0) return none(at, 'missing', 'the service has no http check that was made yet');
  const fresh = probed.flatMap(({ last }) =>
    last !== null && (+now - Date.parse(last.at)) / 1000 <= staleSeconds ? [last] : [],
  );
  if (fresh.length === 0) return none(at, 'stale', `no http check was made for ${staleSeconds} s`);
  if (kind === 'error_rate')
    return number(at, fresh.filter(({ state }) => state === 'unhealthy' || state === 'error').length / fresh.length);
  const answered = fresh.flatMap(({ responseSeconds }) => (responseSeconds === null ? [] : [responseSeconds]));
  return answered.length === 0 ? none(at, 'missing', 'no http check got an answer') : number(at, Math.max(...answered));
}

function number(at: string, value: number): ScalingReading {
  return Number.isFinite(value) ? { at, known: true, value } : none(at, 'not_a_number', `the value is ${value}`);
}

function none(at: string, why: Unknown['why'], detail: string): Unknown {
  return { at, known: false, why, detail };
}
