import { toOpError, type Outcome } from '../../contract/errors.ts';
import type { ForecastFacts } from '../../contract/forecast.ts';
import type { Fleet, ScalingReading } from '../../contract/scaling.ts';
import { readingsKept } from '../../core/scaling-votes.ts';
import type { Clock } from '../../ports/index.ts';
import type { computeInThread } from './compute-thread.ts';
import type { Evaluation } from './facts.ts';
import { demandMetric } from './load.ts';
import { readMetric, type MetricSources } from './readings.ts';
import type { WatchedScaling } from './watch.ts';

/** What is known of one service between two evaluations. */
export interface Watched {
  readonly readings: Map<string, ScalingReading[]>;
  evaluation: Evaluation | null;
  forecast: ForecastFacts | null;
  forecastMs: number;
  lastBusyAt: Date | null;
  warnings: readonly string[];
  warnedMs: number;
  problem: string | null;
  /** When what is kept was last written. */
  writtenMs: number;
}

export type ForecastInput =
  | {
      readonly ok: true;
      readonly points: readonly { readonly at: string; readonly value: number | null }[];
      readonly stepSeconds: number;
    }
  | { readonly ok: false; readonly why: string };

export interface LookDeps {
  readonly clock: Clock;
  /** History of the demand for a forecast, oldest first. */
  load(service: string, watched: WatchedScaling, seconds: number, signal: AbortSignal): Promise<ForecastInput>;
  readonly compute: typeof computeInThread;
}

/** A forecast of hours ahead is not another one after a minute; one that could not be made is tried again sooner. */
const forecastEveryMs = 15 * 60_000;
const forecastAgainMs = 60_000;
const warningsEveryMs = 5 * 60_000;
/** A product that hangs must not put off the next evaluation; one that is slow gets so long at least. */
const leastPatienceMs = 5000;

export function unwatched(): Watched {
  return {
    readings: new Map(),
    evaluation: null,
    forecast: null,
    forecastMs: Number.NEGATIVE_INFINITY,
    lastBusyAt: null,
    warnings: [],
    warnedMs: Number.NEGATIVE_INFINITY,
    problem: null,
    writtenMs: Number.NEGATIVE_INFINITY,
  };
}

/** The instances, looked at within one interval. A product that throws or hangs is one that could not be looked at. */
export async function seeFleet({ engine, policy }: WatchedScaling, signal: AbortSignal): Promise<Outcome<Fleet>> {
  const patience = AbortSignal.timeout(Math.max(leastPatienceMs, policy.intervalSeconds * 1000));
  try {
    return await engine.fleet(AbortSignal.any([signal, patience]));
  } catch (thrown) {
    return { ok: false, error: toOpError(thrown) };
  }
}

/** Reads every metric once; true: all are known. */
export async function readAll(
  { clock }: LookDeps,
  watched: Watched,
  { policy, sources }: WatchedScaling,
  fleet: Fleet,
  signal: AbortSignal,
): Promise<boolean> {
  const balancer: MetricSources['balancer'] = async (aborted) => {
    const seen = await sources.balancer(aborted);
    if (seen?.ok === true && seen.value.sessions + seen.value.queued > 0) watched.lastBusyAt = clock.now();
    return seen;
  };
  const all = { ...sources, balancer, lastBusyAt: () => watched.lastBusyAt };
  const read = await Promise.all(
    policy.metrics.map(
      async (metric) => [metric.name, await readMetric(metric, policy, all, fleet, clock.now(), signal)] as const,
    ),
  );
  for (const name of watched.readings.keys()) if (!read.some(([one]) => one === name)) watched.readings.delete(name);
  for (const [name, reading] of read) {
    const before = watched.readings.get(name) ?? [];
    watched.readings.set(name, [...before, reading].slice(-readingsKept(policy)));
  }
  return read.every(([, reading]) => reading.known);
}

export function newest({ readings }: Watched): Readonly<Record<string, ScalingReading | null>> {
  return Object.fromEntries([...readings].map(([name, list]) => [name, list.at(-1) ?? null]));
}

export async function refreshForecast(
  deps: LookDeps,
  service: string,
  watched: Watched,
  found: WatchedScaling,
  signal: AbortSignal,
): Promise<void> {
  const { predictive } = found.policy;
  const metric = demandMetric(found.policy);
  if (predictive.mode === 'off' || metric === null) {
    watched.forecast = predictive.mode === 'off' ? null : { known: false, metric: null, why: 'no metric of the policy grows with the demand' }; // prettier-ignore
    watched.forecastMs = Number.NEGATIVE_INFINITY;
    return;
  }
  const now = deps.clock.now();
  const everyMs = watched.forecast?.known === true ? forecastEveryMs : forecastAgainMs;
  if (Math.abs(+now - watched.forecastMs) < everyMs) return;
  watched.forecastMs = +now;
  const history = await deps.load(service, found, predictive.historySeconds, signal);
  if (!history.ok) {
    watched.forecast = { known: false, metric: metric.name, why: history.why };
    return;
  }
  const options = {
    metric: metric.name,
    stepSeconds: history.stepSeconds,
    horizonSeconds: predictive.horizonSeconds,
    timezone: found.file.timezone,
    quantile: predictive.quantile,
    now,
  };
  const made = await deps.compute({ kind: 'forecast', given: [history.points, options] }, signal);
  watched.forecast = made.ok ? made.value : { known: false, metric: metric.name, why: made.error.message };
}

export function refreshWarnings(
  { clock }: LookDeps,
  watched: Watched,
  { engine }: WatchedScaling,
  signal: AbortSignal,
): void {
  const nowMs = +clock.now();
  if (Math.abs(nowMs - watched.warnedMs) < warningsEveryMs) return;
  watched.warnedMs = nowMs;
  void engine.warnings(signal).then(
    (warnings) => void (watched.warnings = warnings),
    () => undefined,
  );
}
