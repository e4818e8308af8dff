import { OpError, toOpError, type Outcome } from '../../contract/errors.ts';
import type {
  Fleet,
  ForecastFacts,
  ScalingDecision,
  ScalingFacts,
  ScalingPolicy,
  ScalingReading,
  ScalingSummary,
  ScalingTrigger,
  ScalingView,
} from '../../contract/scaling.ts';
import type { ScalingConfig, ScalingPolicyFile } from '../../config/schema-scaling.ts';
import { makeForecast } from '../../core/forecast.ts';
import { scheduleAt } from '../../core/scaling-schedule.ts';
import { readingsKept } from '../../core/scaling-votes.ts';
import { causesOf, decideScaling, triggerOf } from '../../core/scaling.ts';
import type { ScalingEngine } from '../../engines/scaling/port.ts';
import type { Clock, Log } from '../../ports/index.ts';
import type { OperationRequest } from '../app.ts';
import type { Lease } from '../lease.ts';
import { costAfter, factsOf, summaryOf, type Evaluation } from './facts.ts';
import { withDecision, type ScalingMemory } from './kept.ts';
import { demandMetric, demandOf, type LoadHistory } from './load.ts';
import { readMetric, type MetricSources } from './readings.ts';

export type ScaleAsk = Extract<OperationRequest, { kind: 'scale' }>;

/** A service as the file, or whoever put another policy in its place, says it. */
export interface WatchedScaling {
  readonly config: ScalingConfig;
  /** What holds, as the keys of the file. */
  readonly file: ScalingPolicyFile;
  readonly policy: ScalingPolicy;
  readonly engine: ScalingEngine;
  readonly sources: Omit<MetricSources, 'lastBusyAt'>;
}

export interface ScalingWatchDeps {
  readonly clock: Clock;
  readonly log: Log;
  readonly memory: ScalingMemory;
  readonly history: LoadHistory;
  readonly lease: Pick<Lease, 'holder'>;
  services(): readonly string[];
  resolve(service: string): Promise<Outcome<WatchedScaling>>;
  /** Marks what must not be removed now. */
  protect(service: string, fleet: Fleet): Fleet;
  /** Id of the scaling, takeover or restore that runs on it. */
  running(service: string): string | null;
  breakerOpen(service: string): boolean;
  /** History of the demand for a forecast, oldest first. */
  load(service: string, watched: WatchedScaling, seconds: number, signal: AbortSignal): Promise<ForecastInput>;
  act(request: ScaleAsk, reason: string): Promise<Outcome<unknown>>;
  changed(): void;
}

export type ForecastInput =
  | {
      readonly ok: true;
      readonly points: readonly { readonly at: string; readonly value: number | null }[];
      readonly stepSeconds: number;
    }
  | { readonly ok: false; readonly why: string };

export interface ScalingWatch {
  facts(service: string): ScalingFacts | null;
  summary(service: string): ScalingSummary | null;
  /** Why a service cannot be watched; null: all can. */
  problem(): OpError | null;
  resolve(service: string): Promise<Outcome<WatchedScaling>>;
  /** What another policy would decide now; null: the instances are not known. Changes nothing. */
  preview(service: string, policy: ScalingPolicy): ScalingDecision | null;
  /** Evaluates each service in its own rhythm, until the signal aborts. */
  run(signal: AbortSignal): Promise<void>;
}

/** What is known of one service between two evaluations. */
interface Watched {
  readonly readings: Map<string, ScalingReading[]>;
  evaluation: Evaluation | null;
  forecast: ForecastFacts | null;
  forecastMs: number;
  lastBusyAt: Date | null;
  warnings: readonly string[];
  warnedMs: number;
  problem: string | null;
}

/** A forecast of hours ahead is not another one after a minute. */
const forecastEveryMs = 15 * 60_000;
const warningsEveryMs = 5 * 60_000;
/** Longest time until a configuration that changed takes effect. */
const patienceMs = 5000;

export function createScalingWatch(deps: ScalingWatchDeps): ScalingWatch {
  const all = new Map<string, Watched>();
  const of = (service: string): Watched => {
    const found = all.get(service) ?? unwatched();
    all.set(service, found);
    return found;
  };
  const facts = (service: string): ScalingFacts | null => {
    const evaluation = all.get(service)?.evaluation ?? null;
    if (evaluation === null) return null;
    const { forecast, warnings, problem } = of(service);
    return factsOf(evaluation, deps.memory.of(service), { forecast, warnings, problem }, deps.clock.now());
  };
  return {
    facts,
    summary(service) {
      const evaluation = all.get(service)?.evaluation ?? null;
      const found = facts(service);
      return evaluation === null || found === null ? null : summaryOf(found, evaluation);
    },
    problem() {
      const found = [...all].find(([, { problem }]) => problem !== null);
      return found === undefined ? null : new OpError('scaling_failed', `${found[0]}: ${found[1].problem ?? ''}`);
    },
    resolve: (service) => deps.resolve(service),
    preview(service, policy) {
      const evaluation = all.get(service)?.evaluation ?? null;
      const seen = evaluation?.view ?? null;
      if (seen === null) return null;
      const view = { ...seen, schedule: scheduleAt(policy.schedules, deps.clock.now()) };
      return decideScaling(view, policy, deps.clock.now());
    },
    run: (signal) => watchAll(deps, all, of, signal),
  };
}

function unwatched(): Watched {
  return {
    readings: new Map(),
    evaluation: null,
    forecast: null,
    forecastMs: Number.NEGATIVE_INFINITY,
    lastBusyAt: null,
    warnings: [],
    warnedMs: Number.NEGATIVE_INFINITY,
    problem: null,
  };
}

async function watchAll(
  deps: ScalingWatchDeps,
  all: Map<string, Watched>,
  of: (service: string) => Watched,
  signal: AbortSignal,
): Promise<void> {
  const loops = new Map<string, AbortController>();
  while (!signal.aborted) {
    const wanted = new Set(deps.services());
    for (const [service, loop] of loops)
      if (!wanted.has(service)) {
        loop.abort();
        loops.delete(service);
        all.delete(service);
      }
    for (const service of wanted)
      if (!loops.has(service)) {
        const loop = new AbortController();
        loops.set(service, loop);
        void watchOne(deps, service, of(service), AbortSignal.any([signal, loop.signal]));
      }
    await deps.clock.sleep(1000, signal);
  }
  for (const loop of loops.values()) loop.abort();
}

async function watchOne(deps: ScalingWatchDeps, service: string, watched: Watched, signal: AbortSignal): Promise<void> {
  await deps.memory.load([service]);
  while (!signal.aborted) {
    const startMs = +deps.clock.now();
    const interval = await evaluate(deps, service, watched, signal).catch((thrown: unknown) => {
      note(deps, service, watched, toOpError(thrown).message);
      return null;
    });
    if (signal.aborted) return;
    const dueMs = startMs + (interval ?? patienceMs / 1000) * 1000;
    // In short steps: a file that is read again may ask for another rhythm.
    while (!signal.aborted && +deps.clock.now() < dueMs)
      await deps.clock.sleep(Math.min(patienceMs, dueMs - +deps.clock.now()), signal);
  }
}

/** One look, one decision, one request at most; resolves to the seconds until the next. */
async function evaluate(
  deps: ScalingWatchDeps,
  service: string,
  watched: Watched,
  signal: AbortSignal,
): Promise<number> {
  const found = await deps.resolve(service);
  if (!found.ok) {
    note(deps, service, watched, found.error.message);
    return patienceMs / 1000;
  }
  const { policy, engine } = found.value;
  const seen = await engine.fleet(signal);
  if (signal.aborted) return policy.intervalSeconds;
  const now = deps.clock.now();
  const base = { at: now.toISOString(), engine: found.value.config.engine, policy };
  if (!seen.ok) {
    note(deps, service, watched, seen.error.message);
    // Nothing is decided on instances that nobody saw.
    watched.evaluation = { ...base, fleet: null, view: null, readings: newest(watched), decision: null };
    deps.changed();
    return policy.intervalSeconds;
  }
  note(deps, service, watched, null);
  const fleet = deps.protect(service, seen.value);
  const readings = await readAll(deps, watched, found.value, fleet, signal);
  await refreshForecast(deps, service, watched, found.value, signal);
  refreshWarnings(deps, watched, engine, signal);
  if (signal.aborted) return policy.intervalSeconds;
  const view = await viewOf(deps, service, watched, policy, fleet, readings);
  const decision = decideScaling(view, policy, now);
  await keep(deps, service, policy, view, decision, now);
  watched.evaluation = { ...base, fleet, view, readings: newest(watched), decision };
  await rememberLoad(deps, service, policy, watched, fleet, now);
  deps.changed();
  await act(deps, service, policy, view, decision);
  return policy.intervalSeconds;
}

async function readAll(
  deps: ScalingWatchDeps,
  watched: Watched,
  { policy, sources }: WatchedScaling,
  fleet: Fleet,
  signal: AbortSignal,
): Promise<boolean> {
  const balancer: MetricSources['balancer'] = async (aborted) => {
    const seen = await sources.balancer(aborted);
    if (seen?.ok === true && seen.value.sessions + seen.value.queued > 0) watched.lastBusyAt = deps.clock.now();
    return seen;
  };
  const all = { ...sources, balancer, lastBusyAt: () => watched.lastBusyAt };
  const read = await Promise.all(
    policy.metrics.map(
      async (metric) => [metric.name, await readMetric(metric, policy, all, fleet, deps.clock.now(), signal)] as const,
    ),
  );
  for (const name of watched.readings.keys()) if (!read.some(([one]) => one === name)) watched.readings.delete(name);
  for (const [name, reading] of read) {
    const before = watched.readings.get(name) ?? [];
    watched.readings.set(name, [...before, reading].slice(-readingsKept(policy)));
  }
  return read.every(([, reading]) => reading.known);
}

function newest({ readings }: Watched): Readonly<Record<string, ScalingReading | null>> {
  return Object.fromEntries([...readings].map(([name, list]) => [name, list.at(-1) ?? null]));
}

async function refreshForecast(
  deps: ScalingWatchDeps,
  service: string,
  watched: Watched,
  found: WatchedScaling,
  signal: AbortSignal,
): Promise<void> {
  const { predictive } = found.policy;
  const metric = demandMetric(found.policy);
  if (predictive.mode === 'off' || metric === null) {
    watched.forecast = predictive.mode === 'off' ? null : { known: false, metric: null, why: 'no metric of the policy grows with the demand' }; // prettier-ignore
    return;
  }
  const now = deps.clock.now();
  if (Math.abs(+now - watched.forecastMs) < forecastEveryMs) return;
  watched.forecastMs = +now;
  const history = await deps.load(service, found, predictive.historySeconds, signal);
  watched.forecast = history.ok
    ? makeForecast(history.points, {
        metric: metric.name,
        stepSeconds: history.stepSeconds,
        horizonSeconds: predictive.horizonSeconds,
        timezone: found.file.timezone,
        quantile: predictive.quantile,
        now,
      })
    : { known: false, metric: metric.name, why: history.why };
}

function refreshWarnings(deps: ScalingWatchDeps, watched: Watched, engine: ScalingEngine, signal: AbortSignal): void {
  const nowMs = +deps.clock.now();
  if (Math.abs(nowMs - watched.warnedMs) < warningsEveryMs) return;
  watched.warnedMs = nowMs;
  void engine.warnings(signal).then(
    (warnings) => void (watched.warnings = warnings),
    () => undefined,
  );
}

async function viewOf(
  deps: ScalingWatchDeps,
  service: string,
  watched: Watched,
  policy: ScalingPolicy,
  fleet: Fleet,
  complete: boolean,
): Promise<ScalingView> {
  const kept = deps.memory.of(service);
  const now = deps.clock.now();
  return {
    service,
    fleet,
    desired: kept.desired,
    readings: Object.fromEntries(watched.readings),
    forecast: watched.forecast,
    lastUpAt: kept.lastUpAt,
    lastDownAt: kept.lastDownAt,
    lastByMetric: kept.lastByMetric,
    missingInRow: complete ? 0 : kept.missingInRow + 1,
    schedule: scheduleAt(policy.schedules, now),
    pausedUntil: kept.pause !== null && Date.parse(kept.pause.until) > +now ? kept.pause.until : null,
    running: deps.running(service),
    leader: (await deps.lease.holder()) !== null,
    breakerOpen: deps.breakerOpen(service),
  };
}

async function keep(
  deps: ScalingWatchDeps,
  service: string,
  policy: ScalingPolicy,
  view: ScalingView,
  decision: ScalingDecision,
  now: Date,
): Promise<void> {
  await deps.memory.change(service, (kept) => ({
    ...withDecision(kept, decision),
    missingInRow: view.missingInRow,
    frozenSince: decision.action === 'freeze' ? (kept.frozenSince ?? now.toISOString()) : null,
    cost: costAfter(kept.cost, policy, view.fleet, now),
  }));
}

async function rememberLoad(
  deps: ScalingWatchDeps,
  service: string,
  policy: ScalingPolicy,
  watched: Watched,
  fleet: Fleet,
  now: Date,
): Promise<void> {
  const metric = demandMetric(policy);
  const reading = metric === null ? null : (watched.readings.get(metric.name)?.at(-1) ?? null);
  const ready = fleet.instances.filter(({ state }) => state === 'ready').length;
  const value = metric === null || reading?.known !== true ? null : demandOf(metric, reading.value, ready);
  await deps.history.add(service, { at: now.toISOString(), value, ready, desired: deps.memory.of(service).desired });
}

async function act(
  deps: ScalingWatchDeps,
  service: string,
  policy: ScalingPolicy,
  view: ScalingView,
  decision: ScalingDecision,
): Promise<void> {
  const request = requestOf(service, policy, view, decision);
  if (request === null) return;
  const reason = decision.reasons.join('; ').slice(0, 500);
  const asked = await deps.act(request, reason);
  if (!asked.ok && asked.error.code !== 'operation_conflict')
    deps.log.warn('scaling was decided and refused', { service, code: asked.error.code, error: asked.error.message });
}

/** Also whoever ended by itself, or was left half drained by a crash, is put right: the number that was wanted before still is. */
function requestOf(
  service: string,
  policy: ScalingPolicy,
  view: ScalingView,
  decision: ScalingDecision,
): ScaleAsk | null {
  const ask = (desired: number, trigger: Exclude<ScalingTrigger, 'manual'>): ScaleAsk => ({
    kind: 'scale',
    service,
    desired,
    trigger,
    remove: decision.remove,
    metrics: causesOf(decision),
  });
  if (decision.act && (decision.action === 'scale_up' || decision.action === 'scale_down'))
    return ask(decision.desired, triggerOf(decision));
  const mayAct = policy.mode === 'auto' && view.pausedUntil === null && view.running === null && view.leader && !view.breakerOpen; // prettier-ignore
  if (!mayAct || view.desired === null || view.fleet.ownedBy !== null) return null;
  const { instances } = view.fleet;
  const there = instances.filter(({ state }) => state === 'ready' || state === 'starting').length;
  // A reload of the load balancer forgets who was added while it ran: then they serve nobody.
  const isLost = instances.some(
    ({ state, reachable }) => state === 'draining' || (state === 'ready' && reachable === false),
  );
  if (there < view.desired && view.desired <= policy.max) return ask(view.desired, 'repair');
  return isLost ? ask(there, 'repair') : null;
}

function note(deps: ScalingWatchDeps, service: string, watched: Watched, problem: string | null): void {
  if (problem === watched.problem) return;
  watched.problem = problem;
  if (problem !== null) deps.log.warn('the instances of a service cannot be looked at', { service, error: problem });
}
