import { createHash } from 'node:crypto';
import type { ServiceConfig } from '../config/schema.ts';
import type { HealthCheckConfig } from '../config/schema-health.ts';
import type { ProbeResult } from '../contract/health.ts';
import type { CheckMemory, HealthThresholds, KeptState, WatchedCheck } from '../core/health.ts';
import type { ProbeLimits } from '../engines/health/port.ts';
import type { Clock, Random } from '../ports/index.ts';
import type { KeptService } from './health-kept.ts';
import { intervalMsOf, limitsOf } from './health-targets.ts';

/** Calls into dead disks hold threads that all files of this program need, of which there are four: so many of them at a time. */
const disksAtOnce = 2;
const firstWithinMs = 2000;

/** A configured check and what is known of it. */
export interface Watched {
  readonly service: string;
  readonly check: HealthCheckConfig;
  readonly config: ServiceConfig;
  readonly identity: string;
  readonly intervalMs: number;
  readonly limits: ProbeLimits;
  readonly thresholds: HealthThresholds;
  readonly sinceMs: number;
  memory: CheckMemory | null;
  kept: KeptState | null;
  startedMs: number | null;
  nextMs: number;
  running: boolean;
  /** When the probe began that has not come back although its time is over. */
  hangingSince: string | null;
}

export function watchedOf(
  { clock, random }: { readonly clock: Clock; readonly random: Random },
  service: ServiceConfig,
  check: HealthCheckConfig,
): Watched {
  const identity = identityOf(service, check);
  const intervalMs = intervalMsOf(service, check);
  const nowMs = +clock.now();
  return {
    service: service.name,
    check,
    config: service,
    identity,
    intervalMs,
    limits: limitsOf(service, check),
    thresholds: service.health,
    sinceMs: nowMs,
    memory: null,
    kept: null,
    startedMs: null,
    nextMs: nowMs + Math.min(intervalMs, firstWithinMs) * share(random),
    running: false,
    hangingSince: null,
  };
}

/** The state of before the restart, unless another check had the name then. */
export function takeUp(one: Watched, kept: KeptService[string] | undefined): void {
  if (kept?.identity === one.identity) one.kept = { state: kept.state, since: kept.since };
}

/** 0 to 1. */
export function share(random: Random): number {
  return (random.bytes(1)[0] ?? 0) / 255;
}

/** Everything that decides what a state of the check means; secrets are references in it. */
function identityOf({ health: { checks: _, ...health }, postgres }: ServiceConfig, check: HealthCheckConfig): string {
  const server = check.kind === 'postgres' ? postgres : null;
  return createHash('sha256')
    .update(JSON.stringify([health, check, server]))
    .digest('hex')
    .slice(0, 16);
}

export function asFacts(one: Watched): WatchedCheck {
  const { name, kind, critical } = one.check;
  return { name, kind, critical, memory: one.memory, staleAfterMs: staleAfterMs(one) };
}

/** Three intervals, and the time that a probe may take. */
export function staleAfterMs(one: Watched): number {
  return 3 * one.intervalMs + one.limits.timeoutMs;
}

/** As many disks are asked as may be, and some of them may still answer. */
export function mustWait(checks: readonly Watched[]): boolean {
  const disks = checks.filter(isDisk);
  const busy = disks.filter((one) => one.running || one.hangingSince !== null);
  return busy.length >= disksAtOnce && busy.some((one) => one.hangingSince === null);
}

export function isDisk({ check }: Watched): boolean {
  return check.kind === 'disk';
}

/** A probe that hangs is not started a second time. */
export function hangs(checks: readonly Watched[], one: Watched): ProbeResult | null {
  if (one.hangingSince !== null)
    return {
      state: 'unhealthy',
      responseSeconds: null,
      detail: `no answer: the probe of ${one.hangingSince} still waits`,
    };
  const disks = checks.filter((other) => isDisk(other) && other.hangingSince !== null).length;
  return isDisk(one) && disks >= disksAtOnce
    ? { state: 'error', responseSeconds: null, detail: `not looked at: ${disks} other disks do not answer` }
    : null;
}
