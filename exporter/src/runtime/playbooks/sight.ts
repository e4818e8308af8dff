import { stat } from 'node:fs/promises';
import type { Outcome } from '../../contract/errors.ts';
import type { FailoverFacts } from '../../contract/failover.ts';
import type { ProbeResult } from '../../contract/health.ts';
import type { Playbook, PlaybookActionName, PlaybookIssue } from '../../contract/playbooks.ts';
import { hookActions, type HookAction } from '../../contract/playbooks.ts';
import type { SystemFacts } from '../../contract/snapshot.ts';
import type { HealthCheckConfig } from '../../config/schema-health.ts';
import type { ServiceConfig } from '../../config/schema.ts';
import { isLost } from '../../core/failover.ts';
import { isFailure } from '../../core/health.ts';
import type { PlaybookSight, Sign } from '../../core/playbooks.ts';
import type { ProbeDeps } from '../../engines/health/port.ts';
import { startProbe } from '../../engines/health/run.ts';
import { policyOf } from '../failover/settings.ts';
import { checkTarget, limitsOf, type TargetDeps } from '../health-targets.ts';

export interface SightDeps extends ProbeDeps, TargetDeps {
  readSystem(): Promise<Outcome<SystemFacts>>;
  failover(service: string): FailoverFacts | null;
}

/** Between two probes of one look. */
const betweenMs = 500;

/** Checks that tell whether the issue lasts. */
export function checksOf(service: ServiceConfig, issue: PlaybookIssue): readonly HealthCheckConfig[] {
  return service.health.checks.filter(({ kind, critical }) => {
    switch (issue) {
      case 'service_down':
        // A disk that hangs must not be asked twice, and no restart mends one.
        return critical && kind !== 'disk';
      case 'database_connection_failed':
        return kind === 'postgres';
      case 'high_error_rate':
        return kind === 'http';
      case 'memory_pressure':
        return kind === 'process';
    }
  });
}

export async function probeCheck(
  deps: SightDeps,
  service: ServiceConfig,
  check: HealthCheckConfig,
  signal: AbortSignal,
): Promise<ProbeResult> {
  const target = checkTarget(service, check, deps);
  if (!target.ok) return { state: 'error', responseSeconds: null, detail: target.error.message };
  return startProbe(target.value, limitsOf(service, check), deps, signal).result;
}

async function probeOnce(
  deps: SightDeps,
  service: ServiceConfig,
  issue: PlaybookIssue,
  signal: AbortSignal,
): Promise<Sign> {
  const checks = checksOf(service, issue);
  if (checks.length === 0) return { holds: null, why: 'no health check tells' };
  const seen = await Promise.all(
    checks.map(async (check) => ({ check, result: await probeCheck(deps, service, check, signal) })),
  );
  const isBad = ({ result: { state } }: (typeof seen)[number]): boolean =>
    isFailure(state) || (issue === 'memory_pressure' && state !== 'healthy');
  const bad = seen.filter(isBad);
  const words = (bad.length === 0 ? seen : bad).map(
    ({ check, result }) => `${check.name} is ${result.state}: ${result.detail}`,
  );
  const isKnown = bad.length === 0 || bad.some(({ result }) => result.state !== 'error');
  return { holds: isKnown ? bad.length === 0 : null, why: words.join('; ') };
}

/** Good only when every probe of a few in a row is: one good answer of a service that fails now and then proves nothing. */
export async function lookWell(
  deps: SightDeps,
  service: ServiceConfig,
  issue: PlaybookIssue,
  signal: AbortSignal,
): Promise<Sign> {
  const { successes } = service.health;
  const rounds = issue === 'high_error_rate' ? Math.max(5, successes) : successes;
  let sign: Sign = { holds: null, why: 'not looked at' };
  for (let round = 0; round < rounds && !signal.aborted; round += 1) {
    if (round > 0) await deps.clock.sleep(betweenMs, signal);
    sign = await probeOnce(deps, service, issue, signal);
    if (sign.holds !== true) return sign;
  }
  return signal.aborted ? { holds: null, why: 'it was cancelled' } : sign;
}

/** Looks until it is well, at most as long as `playbooks.verify` says. */
export async function verifyWell(
  deps: SightDeps,
  service: ServiceConfig,
  issue: PlaybookIssue,
  signal: AbortSignal,
): Promise<Sign> {
  const untilMs = deps.nowMs() + service.playbooks.verify * 1000;
  for (;;) {
    const sign = await lookWell(deps, service, issue, signal);
    if (sign.holds === true || signal.aborted || deps.nowMs() >= untilMs) return sign;
    await deps.clock.sleep(betweenMs, signal);
  }
}

export async function takeSight(
  deps: SightDeps,
  service: ServiceConfig,
  playbook: Playbook,
  automatic: boolean,
  signal: AbortSignal,
): Promise<PlaybookSight> {
  const asks = (...names: readonly string[]): boolean =>
    playbook.actions.some(({ when }) => when !== null && names.includes(when));
  const notAsked: Sign = { holds: null, why: 'this playbook does not ask' };
  const [well, memoryHigh, recentDeploy] = await Promise.all([
    lookWell(deps, service, playbook.issue, signal),
    asks('if_memory_high', 'if_leak_detected') ? memorySign(deps, service, signal) : notAsked,
    asks('if_recent_deploy') ? deploySign(deps, service) : notAsked,
  ]);
  return {
    well,
    memoryHigh,
    recentDeploy,
    masterDown: masterSign(deps, service, automatic),
    missing: (action) => missingOf(service, action),
  };
}

function isHookAction(action: PlaybookActionName): action is HookAction {
  return (hookActions as readonly string[]).includes(action);
}

export function hookOf(service: ServiceConfig, action: PlaybookActionName) {
  return isHookAction(action) ? service.playbooks.hooks[action] : null;
}

/** Why the action cannot be done for the service; null: it can. */
export function missingOf(service: ServiceConfig, action: PlaybookActionName): string | null {
  if (isHookAction(action))
    return service.playbooks.hooks[action] === null ? `playbooks.hooks.${action} is not set` : null;
  if (action === 'check_database_health')
    return service.health.checks.some(({ kind }) => kind === 'postgres') ? null : 'there is no check of kind postgres';
  const needsFailover = action === 'failover_to_replica' || action === 'enable_circuit_breaker';
  return needsFailover && service.failover === null ? 'there is no section failover' : null;
}

/** The service's own bound where a check has one, else the machine's memory. */
async function memorySign(deps: SightDeps, service: ServiceConfig, signal: AbortSignal): Promise<Sign> {
  const bounded = service.health.checks.filter(({ process }) => process !== null && process.max_rss !== null);
  for (const check of bounded) {
    const { state, detail } = await probeCheck(deps, service, check, signal);
    if (state === 'degraded') return { holds: true, why: `${check.name}: ${detail}` };
    if (state === 'healthy') return { holds: false, why: `${check.name}: ${detail}` };
  }
  const system = await deps.readSystem();
  if (!system.ok) return { holds: null, why: system.error.message };
  const { memoryTotalBytes, memoryAvailableBytes } = system.value;
  const used = 1 - memoryAvailableBytes / memoryTotalBytes;
  const why = `${Math.round(used * 100)} % of the machine’s memory is in use`;
  return { holds: used >= service.playbooks.memory_high, why };
}

async function deploySign(deps: SightDeps, { playbooks }: ServiceConfig): Promise<Sign> {
  const { deploy_marker: marker, deploy_recent: recent } = playbooks;
  if (marker === null) return { holds: null, why: 'playbooks.deploy_marker is not set' };
  try {
    const { mtime } = await stat(marker);
    const seconds = (+deps.clock.now() - +mtime) / 1000;
    return { holds: seconds <= recent, why: `the newest deployment was ${Math.round(seconds)} s ago` };
  } catch (thrown) {
    const { code } = thrown as NodeJS.ErrnoException;
    if (code === 'ENOENT') return { holds: false, why: `${marker} is not there: nothing was deployed` };
    return { holds: null, why: `${marker} cannot be looked at: ${code ?? 'unknown'}` };
  }
}

/** Whether the primary counts as lost; the failover itself wants more than that, see its fence. */
function masterSign(deps: SightDeps, { name, failover }: ServiceConfig, automatic: boolean): Sign {
  if (failover === null) return { holds: null, why: 'there is no section failover' };
  const facts = deps.failover(name);
  if (facts === null) return { holds: null, why: 'its nodes were not asked yet' };
  const primary = facts.nodes.find((node) => node.name === facts.primary);
  if (primary === undefined) return { holds: null, why: 'who the primary is, is not known' };
  const { lost, why } = isLost(primary, policyOf(failover));
  if (!lost) return { holds: false, why: `${primary.name} does not count as lost` };
  // What a person keeps for themselves, a playbook must not do by itself.
  if (automatic && failover.mode !== 'auto')
    return { holds: false, why: `failover.mode is ${failover.mode}: a person decides` };
  if (automatic && facts.pause !== null)
    return { holds: false, why: `automatic failover is paused until ${facts.pause.until}` };
  return { holds: true, why: `${primary.name}: ${why ?? 'it is lost'}` };
}
