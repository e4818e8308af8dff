import type { CheckState, HealthCheckFacts, HealthFacts, ProbeResult } from '../contract/health.ts';
import type { IsoTime } from '../contract/observed.ts';

export interface HealthThresholds {
  /** Failed probes in a row after which a check is down. */
  readonly failures: number;
  /** Good probes in a row after which it is up again. */
  readonly successes: number;
}

export type SeenProbe = ProbeResult & { readonly at: IsoTime };

/** What is remembered of one check between two probes. */
export interface CheckMemory {
  readonly state: CheckState;
  readonly since: IsoTime;
  readonly last: SeenProbe;
  readonly consecutiveFailures: number;
  readonly consecutiveSuccesses: number;
  /** Probes in a row that saw the very state that the last one saw. */
  readonly run: number;
}

/** A state of before a restart: what the next probe is compared with. */
export type KeptState = Pick<CheckMemory, 'state' | 'since'>;

/** `unhealthy` and `error` count as failed: what cannot be checked is never taken for well. */
export function isFailure(state: CheckState): boolean {
  return state === 'unhealthy' || state === 'error';
}

/**
 * One more probe of a check. The first one decides by itself; from then on a check goes down after `failures` failed probes in a row
 * and comes up after `successes` good ones. Between healthy and degraded, and between unhealthy and error, it changes when so many
 * probes in a row saw exactly the other one: `successes` for the better, `failures` for the worse.
 */
export function nextCheck(
  before: CheckMemory | KeptState | null,
  probe: SeenProbe,
  thresholds: HealthThresholds,
): CheckMemory {
  const probed = before !== null && 'last' in before ? before : null;
  const failed = isFailure(probe.state);
  const counted = {
    last: probe,
    consecutiveFailures: failed ? (probed?.consecutiveFailures ?? 0) + 1 : 0,
    consecutiveSuccesses: failed ? 0 : (probed?.consecutiveSuccesses ?? 0) + 1,
    run: probed?.last.state === probe.state ? probed.run + 1 : 1,
  };
  if (before === null) return { ...counted, state: probe.state, since: probe.at };
  const enters = before.state !== probe.state && isReached(before.state, probe.state, counted, thresholds);
  return enters
    ? { ...counted, state: probe.state, since: probe.at }
    : { ...counted, state: before.state, since: before.since };
}

function isReached(
  from: CheckState,
  to: CheckState,
  counted: Pick<CheckMemory, 'consecutiveFailures' | 'consecutiveSuccesses' | 'run'>,
  { failures, successes }: HealthThresholds,
): boolean {
  const goesDown = isFailure(to);
  if (isFailure(from) !== goesDown)
    return goesDown ? counted.consecutiveFailures >= failures : counted.consecutiveSuccesses >= successes;
  return counted.run >= (to === 'healthy' ? successes : failures);
}

/**
 * The state of a service from its checks. The worst critical check decides; another one degrades at most, and degraded stays degraded.
 * A check without a state makes the service `unknown`, unless a critical one failed: no answer of another can mend that.
 */
export function serviceHealth(checks: readonly Pick<HealthCheckFacts, 'state' | 'critical'>[]): HealthFacts['state'] {
  const critical = checks.filter((check) => check.critical).map((check) => check.state);
  if (critical.includes('unhealthy')) return 'unhealthy';
  if (critical.includes('error')) return 'error';
  if (checks.length === 0 || checks.some((check) => check.state === null)) return 'unknown';
  return checks.every((check) => check.state === 'healthy') ? 'healthy' : 'degraded';
}

export interface WatchedCheck extends Pick<HealthCheckFacts, 'name' | 'kind' | 'critical'> {
  readonly memory: CheckMemory | null;
  /** Age at which the last probe says nothing about now any more, milliseconds. */
  readonly staleAfterMs: number;
}

/** What is known of a service at this moment. A check that was not probed for too long has no state. */
export function healthFacts(checks: readonly WatchedCheck[], now: Date): HealthFacts {
  const facts = checks.map(({ name, kind, critical, memory, staleAfterMs }): HealthCheckFacts => {
    const fresh = memory !== null && +now - Date.parse(memory.last.at) <= staleAfterMs ? memory : null;
    return {
      name,
      kind,
      critical,
      state: fresh?.state ?? null,
      since: fresh?.since ?? null,
      last: memory?.last ?? null,
      consecutiveFailures: memory?.consecutiveFailures ?? 0,
      consecutiveSuccesses: memory?.consecutiveSuccesses ?? 0,
    };
  });
  return { state: serviceHealth(facts), checks: facts };
}

export interface ProbeTiming {
  readonly intervalMs: number;
  /** When the last probe began; null: there was none in this process. */
  readonly startedMs: number | null;
  readonly nextMs: number;
}

/** Whether a probe is due. A clock set back must not put it off for longer than its interval. */
export function isDue({ intervalMs, startedMs, nextMs }: ProbeTiming, nowMs: number): boolean {
  return nowMs >= nextMs || nextMs - nowMs > 1.5 * intervalMs || (startedMs !== null && nowMs < startedMs);
}

/** The interval, up to a tenth longer or shorter, so that checks that began together do not stay together. `share`: 0 to 1. */
export function jittered(intervalMs: number, share: number): number {
  return intervalMs * (0.9 + 0.2 * share);
}
