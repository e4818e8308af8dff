import { OpError, toOpError, type Outcome } from '../../contract/errors.ts';
import type { ScalingFacts, ScalingSummary, ScalingTrigger } from '../../contract/scaling-facts.ts';
import type { Fleet, ScalingDecision, ScalingPolicy, ScalingView } from '../../contract/scaling.ts';
import type { ScalingConfig, ScalingPolicyFile } from '../../config/schema-scaling.ts';
import { scheduleAt } from '../../core/scaling-schedule.ts';
import { clockJumpMs, movedBy, notAfter } from '../../core/scaling-times.ts';
import { causesOf, decideScaling, triggerOf } from '../../core/scaling.ts';
import type { ScalingEngine } from '../../engines/scaling/port.ts';
import type { Log } from '../../ports/index.ts';
import type { OperationRequest } from '../app.ts';
import type { Breakers } from '../breakers.ts';
import { watchEachService } from '../each-service.ts';
import type { Lease } from '../lease.ts';
import { scalingBreaker } from './breaker.ts';
import { costAfter, factsOf, summaryOf } from './facts.ts';
import { repeats, withDecision, type KeptScaling, type ScalingMemory } from './kept.ts';
import { demandMetric, demandOf, type LoadHistory } from './load.ts';
import { newest, readAll, refreshForecast, refreshWarnings, seeFleet, unwatched, type LookDeps, type Watched } from './look.ts'; // prettier-ignore
import type { MetricSources } from './readings.ts';

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

export interface ScalingWatchDeps extends LookDeps {
  readonly log: Log;
  readonly memory: ScalingMemory;
  readonly history: LoadHistory;
  readonly lease: Pick<Lease, 'holder'>;
  readonly breakers: Pick<Breakers, 'of' | 'load'>;
  services(): readonly string[];
  resolve(service: string): Promise<Outcome<WatchedScaling>>;
  /** Marks what must not be removed now. */
  protect(service: string, fleet: Fleet): Fleet;
  /** Id of the scaling, takeover or restore that runs on it. */
  running(service: string): string | null;
  act(request: ScaleAsk, reason: string): Promise<Outcome<unknown>>;
  changed(): void;
}

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

/** Longest time until a configuration that changed takes effect. */
const patienceMs = 5000;
/** What only goes on as it was is written this often: a crash loses the cost of so long. */
const writeEveryMs = 10 * 60_000;

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
    const known = { forecast, warnings, problem, history: deps.memory.history(service) };
    return factsOf(evaluation, deps.memory.of(service), known, deps.clock.now());
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
    run: (signal) =>
      watchEachService(
        {
          ...{ clock: deps.clock, log: deps.log, subject: 'scaling', services: deps.services },
          begin: async (service) => {
            await deps.memory.load([service]);
            await deps.breakers.load([service]);
          },
          watch: (service, ended) => watchOne(deps, service, of(service), ended),
          forget: (service) => all.delete(service),
        },
        signal,
      ),
  };
}

async function watchOne(deps: ScalingWatchDeps, service: string, watched: Watched, signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    const beganMs = performance.now();
    const interval = await evaluate(deps, service, watched, signal).catch((thrown: unknown) =>
      goBlind(deps, service, watched, toOpError(thrown)),
    );
    if (signal.aborted) return;
    // In short steps: a file that is read again may ask for another rhythm. By what was slept, because the clock may be set meanwhile.
    let leftMs = interval * 1000 - (performance.now() - beganMs);
    while (!signal.aborted && leftMs > 0) {
      const stepMs = Math.min(patienceMs, leftMs);
      await sleepAndTellJump(deps, service, stepMs, signal);
      leftMs -= stepMs;
    }
  }
}

/** A cooldown must neither pass nor begin anew because somebody set the clock. */
async function sleepAndTellJump(
  deps: ScalingWatchDeps,
  service: string,
  ms: number,
  signal: AbortSignal,
): Promise<void> {
  const beforeMs = +deps.clock.now();
  await deps.clock.sleep(ms, signal);
  const jumpMs = +deps.clock.now() - beforeMs - ms;
  if (signal.aborted || Math.abs(jumpMs) < clockJumpMs) return;
  deps.log.warn('the clock was set, or nobody ran for a while', { service, seconds: Math.round(jumpMs / 1000) });
  await deps.memory.change(service, (kept) => movedBy(kept, jumpMs));
}

/** One look, one decision, one request at most; resolves to the seconds until the next. */
async function evaluate(
  deps: ScalingWatchDeps,
  service: string,
  watched: Watched,
  signal: AbortSignal,
): Promise<number> {
  const found = await deps.resolve(service);
  if (!found.ok) return goBlind(deps, service, watched, found.error);
  const { policy } = found.value;
  const seen = await seeFleet(found.value, signal);
  if (signal.aborted) return policy.intervalSeconds;
  if (!seen.ok) return goBlind(deps, service, watched, seen.error, found.value);
  note(deps, service, watched, null);
  const fleet = deps.protect(service, seen.value);
  const complete = await readAll(deps, watched, found.value, fleet, signal);
  await refreshForecast(deps, service, watched, found.value, signal);
  refreshWarnings(deps, watched, found.value, signal);
  if (signal.aborted) return policy.intervalSeconds;
  const now = deps.clock.now();
  const leader = (await deps.lease.holder()) !== null;
  const view = viewOf(deps, service, watched, policy, fleet, { complete, leader });
  const decision = decideScaling(view, policy, now);
  await keep(deps, service, watched, policy, view, decision, now);
  const engine = found.value.config.engine;
  watched.evaluation = { at: now.toISOString(), engine, policy, fleet, view, readings: newest(watched), decision };
  await rememberLoad(deps, service, policy, watched, fleet, now);
  deps.changed();
  await act(deps, service, policy, view, decision);
  return policy.intervalSeconds;
}

/**
 * Nothing is decided on instances that nobody saw. It is an evaluation without its readings like any other: after a few in a row the
 * number counts as frozen, and somebody is told. `found`: as it is configured; null: not known, so that what was in force still is.
 */
async function goBlind(
  deps: ScalingWatchDeps,
  service: string,
  watched: Watched,
  error: OpError,
  found: WatchedScaling | null = null,
): Promise<number> {
  note(deps, service, watched, error.message);
  const policy = found?.policy ?? watched.evaluation?.policy ?? null;
  const engine = found?.config.engine ?? watched.evaluation?.engine ?? null;
  if (policy === null || engine === null) return patienceMs / 1000;
  const at = deps.clock.now().toISOString();
  const { frozenSince } = deps.memory.of(service);
  const missingInRow = deps.memory.of(service).missingInRow + 1;
  const isFrozen = frozenSince !== null || missingInRow >= policy.freezeAfter;
  const next = (kept: KeptScaling): KeptScaling => ({
    ...kept,
    missingInRow,
    frozenSince: isFrozen ? (kept.frozenSince ?? at) : null,
  });
  await (isFrozen && frozenSince === null ? deps.memory.change(service, next) : deps.memory.hold(service, next));
  watched.evaluation = { at, engine, policy, fleet: null, view: null, readings: newest(watched), decision: null };
  deps.changed();
  return policy.intervalSeconds;
}

function viewOf(
  deps: ScalingWatchDeps,
  service: string,
  watched: Watched,
  policy: ScalingPolicy,
  fleet: Fleet,
  { complete, leader }: { readonly complete: boolean; readonly leader: boolean },
): ScalingView {
  const now = deps.clock.now();
  const kept = notAfter(deps.memory.of(service), now);
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
    leader,
    ...breakerOf(deps, service, now),
  };
}

/** After its time an open one lets a try through, which closes it when it ends well. */
function breakerOf(
  { breakers }: ScalingWatchDeps,
  service: string,
  now: Date,
): Pick<ScalingView, 'breakerOpen' | 'breakerUntil'> {
  const found = breakers.of(service).find(({ name }) => name === scalingBreaker);
  const until = found?.state === 'open' ? found.nextAttemptAt : null;
  const isOpen = found?.state === 'open' && (until === null || Date.parse(until) > +now);
  return { breakerOpen: isOpen, breakerUntil: isOpen ? until : null };
}

async function keep(
  deps: ScalingWatchDeps,
  service: string,
  watched: Watched,
  policy: ScalingPolicy,
  view: ScalingView,
  decision: ScalingDecision,
  now: Date,
): Promise<void> {
  const before = deps.memory.of(service);
  const isFrozen = decision.limits.includes('frozen');
  const next = (kept: KeptScaling): KeptScaling => ({
    ...withDecision(notAfter(kept, now), decision),
    missingInRow: view.missingInRow,
    frozenSince: isFrozen ? (kept.frozenSince ?? now.toISOString()) : null,
    cost: costAfter(kept.cost, policy, view.fleet, now),
  });
  const isNews =
    notAfter(before, now) !== before || !repeats(before, decision) || isFrozen !== (before.frozenSince !== null);
  if (!isNews && Math.abs(+now - watched.writtenMs) < writeEveryMs) return void (await deps.memory.hold(service, next));
  watched.writtenMs = +now;
  await deps.memory.change(service, next);
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

/** Also what a crash left half drained, or a load balancer forgot, is put right: by the same number once more. */
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
    return ask(decision.desired, triggerOf(decision, view.desired));
  const { instances, ownedBy, wanted } = view.fleet;
  const mayAct =
    policy.mode === 'auto' &&
    view.pausedUntil === null &&
    view.running === null &&
    view.leader &&
    !view.breakerOpen &&
    ownedBy === null &&
    // A product that keeps the number itself replaces and drains on its own account: a rolling update, say.
    wanted === null;
  const isLeftOver = instances.some(
    ({ state, reachable }) => state === 'draining' || (state === 'ready' && reachable === false),
  );
  return mayAct && isLeftOver ? ask(decision.current, 'repair') : null;
}

function note(deps: ScalingWatchDeps, service: string, watched: Watched, problem: string | null): void {
  if (problem === watched.problem) return;
  watched.problem = problem;
  if (problem !== null) deps.log.warn('the instances of a service cannot be looked at', { service, error: problem });
}
