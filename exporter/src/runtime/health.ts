import type { Config } from '../config/schema.ts';
import { OpError, toOpError } from '../contract/errors.ts';
import type { HealthFacts, ProbeResult } from '../contract/health.ts';
import { healthFacts, isDue, isFailure, jittered, nextCheck } from '../core/health.ts';
import type { CheckTarget, ProbeDeps, ProbeLimits, StartedProbe } from '../engines/health/port.ts';
import { startProbe } from '../engines/health/run.ts';
import type { Log, Random } from '../ports/index.ts';
import type { FactStore, MeasuredEvent } from '../store/port.ts';
import { createKeptStates, type KeptStates } from './health-kept.ts';
import { checkTarget, type TargetDeps } from './health-targets.ts';
import {
  asFacts,
  hangs,
  isDisk,
  mustWait,
  share,
  staleAfterMs,
  takeUp,
  watchedOf,
  type Watched,
} from './health-watched.ts';

export interface HealthDeps extends ProbeDeps, TargetDeps {
  readonly random: Random;
  readonly log: Log;
  readonly facts: FactStore;
  config(): Config;
  /** Counts for /metrics, in memory only: thousands of probes a day and check are not worth a row each. */
  count(event: MeasuredEvent): void;
  /** Checks entered another state; at most twice a second. */
  changed(): void;
  /** Absent: the real probes. */
  startProbe?(target: CheckTarget, limits: ProbeLimits, deps: ProbeDeps, signal: AbortSignal): StartedProbe;
}

export interface HealthWatch {
  /** Reads the states of before the restart. */
  load(): Promise<void>;
  /** Probes what is due until the signal aborts; then waits for what was started. */
  run(signal: AbortSignal): Promise<void>;
  /** Null: the service has no checks, or is not configured. */
  facts(service: string): HealthFacts | null;
  /** For the collector `health`: null while every check is probed in time. */
  problem(): OpError | null;
}

/** Probes under way at the same time; they wait for others nearly all of their time. */
export const probesAtOnce = 16;
/** A new configuration is seen after at most so long. */
const turnMs = 1000;
const shortestTurnMs = 100;
const toldEveryMs = 500;
/** How often it is noted that a state still lasts. */
const keepAgainMs = 15 * 60_000;

interface Watch {
  readonly deps: HealthDeps;
  readonly keptStates: KeptStates;
  /** The configuration that the checks were made from. */
  config: Config | null;
  checks: readonly Watched[];
  ofService: ReadonlyMap<string, readonly Watched[]>;
  readonly underWay: Set<Promise<void>>;
  readonly savedMs: Map<string, number>;
  /** Something changed that was not told yet. */
  untold: boolean;
  toldMs: number;
}

export function createHealthWatch(deps: HealthDeps): HealthWatch {
  const watch: Watch = {
    deps,
    keptStates: createKeptStates(deps),
    config: null,
    checks: [],
    ofService: new Map(),
    underWay: new Set(),
    savedMs: new Map(),
    untold: false,
    toldMs: -Infinity,
  };
  return {
    load: async () => {
      const kept = await watch.keptStates.load(deps.config().services.map((service) => service.name));
      follow(watch);
      for (const one of watch.checks) takeUp(one, kept.get(one.service)?.[one.check.name]);
    },
    run: (signal) => run(watch, signal),
    facts: (service) => {
      follow(watch);
      const checks = watch.ofService.get(service);
      return checks === undefined ? null : healthFacts(checks.map(asFacts), deps.clock.now());
    },
    problem: () => {
      follow(watch);
      return problemOf(watch);
    },
  };
}

function problemOf({ checks, deps }: Watch): OpError | null {
  const nowMs = +deps.clock.now();
  const late = checks.find((one) => {
    const lastMs = one.memory === null ? one.sinceMs : Date.parse(one.memory.last.at);
    return nowMs - lastMs > staleAfterMs(one);
  });
  if (late === undefined) return null;
  return new OpError('exec_timeout', `the check ${late.check.name} of ${late.service} was not made in time`, {
    retryable: true,
  });
}

/** Makes the watched checks those of the configuration; what is known of one that did not change stays. */
function follow(watch: Watch): void {
  const config = watch.deps.config();
  if (config === watch.config) return;
  watch.config = config;
  const before = new Map(watch.checks.map((one) => [`${one.service}/${one.check.name}`, one]));
  watch.checks = config.services.flatMap((service) =>
    service.health.checks.map((check) => {
      const made = watchedOf(watch.deps, service, check);
      const old = before.get(`${made.service}/${check.name}`);
      // The old one itself: a probe that is under way writes into it.
      return old !== undefined && old.identity === made.identity ? old : made;
    }),
  );
  watch.ofService = Map.groupBy(watch.checks, (one) => one.service);
}

async function run(watch: Watch, signal: AbortSignal): Promise<void> {
  const { clock } = watch.deps;
  let turn = new AbortController();
  signal.addEventListener('abort', () => turn.abort(), { once: true });
  while (!signal.aborted) {
    follow(watch);
    tellChanges(watch);
    const waiting = startDue(watch, signal);
    turn = new AbortController();
    const slept = clock.sleep(waiting ? turnMs : sleepMs(watch), turn.signal);
    await (waiting ? Promise.race([slept, ...watch.underWay]) : slept);
    turn.abort();
  }
  await Promise.all(watch.underWay);
  await watch.keptStates.written();
}

/** Many checks change together when a machine goes down, or at the start: that is one change for whoever listens. */
function tellChanges(watch: Watch): void {
  const nowMs = +watch.deps.clock.now();
  if (!watch.untold || Math.abs(nowMs - watch.toldMs) < toldEveryMs) return;
  watch.untold = false;
  watch.toldMs = nowMs;
  watch.deps.changed();
}

/** Until the next check is due, but never longer than a turn. */
function sleepMs({ checks, deps }: Watch): number {
  const nowMs = +deps.clock.now();
  const next = checks.reduce((least, one) => (one.running ? least : Math.min(least, one.nextMs)), nowMs + turnMs);
  return Math.max(shortestTurnMs, next - nowMs);
}

/** Starts what is due, longest due first, while there is room. Resolves with whether some had to wait for room. */
function startDue(watch: Watch, signal: AbortSignal): boolean {
  const nowMs = +watch.deps.clock.now();
  const due = watch.checks.filter((one) => !one.running && isDue(one, nowMs)).sort((a, b) => a.nextMs - b.nextMs);
  let waiting = false;
  for (const one of due) {
    if (watch.underWay.size >= probesAtOnce) return true;
    if (isDisk(one) && one.hangingSince === null && mustWait(watch.checks)) {
      waiting = true;
      continue;
    }
    one.startedMs = nowMs;
    one.nextMs = nowMs + jittered(one.intervalMs, share(watch.deps.random));
    one.running = true;
    const probing = probe(watch, one, signal)
      .then((result) => {
        if (!signal.aborted) record(watch, one, result);
      })
      .catch((thrown: unknown) =>
        watch.deps.log.error('a health check could not be recorded', { error: toOpError(thrown).message }),
      )
      .finally(() => {
        one.running = false;
        watch.underWay.delete(probing);
      });
    watch.underWay.add(probing);
  }
  return waiting;
}

async function probe(watch: Watch, one: Watched, signal: AbortSignal): Promise<ProbeResult> {
  const { deps } = watch;
  const hanging = hangs(watch.checks, one);
  if (hanging !== null) return hanging;
  const target = checkTarget(one.config, one.check, deps);
  if (!target.ok) return { state: 'error', responseSeconds: null, detail: target.error.message };
  const startedAt = deps.clock.now().toISOString();
  const started = (deps.startProbe ?? startProbe)(target.value, one.limits, deps, signal);
  let back = false;
  const settled = started.settled.then(() => {
    back = true;
    one.hangingSince = null;
  });
  const result = await started.result;
  // What gives way to the signal comes back within this turn of the loop.
  await Promise.race([settled, new Promise((resolve) => setImmediate(resolve))]);
  if (!back) one.hangingSince = startedAt;
  return result;
}

function record(watch: Watch, one: Watched, result: ProbeResult): void {
  // A check that was taken out of the configuration meanwhile.
  if (!watch.checks.includes(one)) return;
  const { deps } = watch;
  const at = deps.clock.now().toISOString();
  const before = one.memory?.state ?? one.kept?.state ?? null;
  one.memory = nextCheck(one.memory ?? one.kept, { ...result, at }, one.thresholds);
  one.kept = null;
  countProbe(deps, one, result, at);
  if (one.memory.state !== before) {
    tell(deps.log, one, before, result);
    save(watch, one.service);
  } else if (Math.abs(Date.parse(at) - (watch.savedMs.get(one.service) ?? 0)) >= keepAgainMs) save(watch, one.service);
  watch.untold ||= one.memory.state !== before;
}

function countProbe(deps: HealthDeps, one: Watched, { state, responseSeconds }: ProbeResult, at: string): void {
  const failed = isFailure(state);
  const event = { service: one.service, at, durationSeconds: responseSeconds };
  deps.count({ ...event, kind: 'health_check', labels: { result: failed ? 'failure' : 'success' } });
  if (failed) deps.count({ ...event, kind: 'health_check_failure', labels: {} });
}

function tell(log: Log, one: Watched, before: string | null, { detail }: ProbeResult): void {
  const state = one.memory?.state;
  const data = { service: one.service, check: one.check.name, before, state, detail };
  if (state === 'healthy') log.info('a health check is healthy', data);
  else log.warn('a health check is not healthy', data);
}

function save(watch: Watch, service: string): void {
  watch.savedMs.set(service, +watch.deps.clock.now());
  const checks = watch.ofService.get(service) ?? [];
  watch.keptStates.save(
    service,
    Object.fromEntries(
      checks.flatMap(({ check, identity, memory, kept }) => {
        // One that was not probed yet keeps what was kept of it.
        const state = memory ?? kept;
        return state === null ? [] : [[check.name, { state: state.state, since: state.since, identity }]];
      }),
    ),
  );
}
