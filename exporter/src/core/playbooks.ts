import type { HealthFacts } from '../contract/health.ts';
import type {
  Playbook,
  PlaybookAction,
  PlaybookActionName,
  PlaybookCondition,
  PlaybookIssue,
  PlaybookOutcome,
  PlaybookRecord,
} from '../contract/playbooks.ts';

/** What a service gets that is not well: one ordered list an issue. */
const once = (action: PlaybookActionName, when: PlaybookCondition | null = null): PlaybookAction => ({
  action,
  attempts: 1,
  when,
});

export const playbooks: Readonly<Record<PlaybookIssue, Playbook>> = {
  service_down: {
    issue: 'service_down',
    actions: [
      { action: 'restart_service', attempts: 3, when: null },
      once('clear_cache', 'if_memory_high'),
      once('notify_ops', 'if_restart_fails'),
    ],
  },
  database_connection_failed: {
    issue: 'database_connection_failed',
    actions: [
      once('restart_connection_pool'),
      once('check_database_health'),
      once('failover_to_replica', 'if_master_down'),
    ],
  },
  high_error_rate: {
    issue: 'high_error_rate',
    actions: [
      once('enable_circuit_breaker'),
      once('increase_logging'),
      once('rollback_deployment', 'if_recent_deploy'),
    ],
  },
  memory_pressure: {
    issue: 'memory_pressure',
    actions: [once('trigger_gc'), once('clear_caches'), once('restart_workers', 'if_leak_detected')],
  },
};

/** It may move who serves. */
export function mayFailOver({ actions }: Playbook): boolean {
  return actions.some(({ action }) => action === 'failover_to_replica');
}

/** A thing looked at: whether it is so (null: not known) and what says so. */
export interface Sign {
  readonly holds: boolean | null;
  readonly why: string;
}

/** What is seen before each step. */
export interface PlaybookSight {
  /** The checks of the issue are good now. */
  readonly well: Sign;
  readonly memoryHigh: Sign;
  readonly masterDown: Sign;
  readonly recentDeploy: Sign;
  /** Why an action cannot be done here; null: it can. */
  missing(action: PlaybookActionName): string | null;
}

export type PlaybookStep =
  | {
      readonly do: 'run';
      readonly action: PlaybookActionName;
      /** From 1. */
      readonly attempt: number;
      readonly of: number;
      /** To be waited before it. */
      readonly waitSeconds: number;
    }
  /** Recorded as such; then the next step is asked for. */
  | {
      readonly do: 'pass';
      readonly action: PlaybookActionName;
      readonly result: 'skipped' | 'not_configured';
      readonly why: string;
    }
  | { readonly do: 'stop'; readonly outcome: PlaybookOutcome };

/**
 * What comes next, from what was done (oldest first) and what is seen now. The first success that the checks prove is the end; so is a
 * service that is well again, whatever the reason. A condition that is not known does not hold.
 */
export function nextPlaybookStep(
  playbook: Playbook,
  sight: PlaybookSight,
  done: readonly PlaybookRecord[],
  settings: { readonly backoffSeconds: number },
  now: Date,
): PlaybookStep {
  if (done.some(({ result }) => result === 'healed')) return { do: 'stop', outcome: 'healed' };
  const tried = done.filter(({ attempt }) => attempt > 0);
  if (sight.well.holds === true) return { do: 'stop', outcome: tried.length === 0 ? 'not_needed' : 'well_by_itself' };
  for (const one of playbook.actions) {
    const records = done.filter(({ action }) => action === one.action);
    if (records.some(({ attempt }) => attempt === 0) || records.length >= one.attempts) continue;
    const missing = sight.missing(one.action);
    if (missing !== null) return { do: 'pass', action: one.action, result: 'not_configured', why: missing };
    const condition = conditionOf(one.when, sight, done);
    if (condition.holds !== true)
      return { do: 'pass', action: one.action, result: 'skipped', why: notHolding(one.when, condition) };
    const waitSeconds = waitOf(records, settings.backoffSeconds, now);
    return { do: 'run', action: one.action, attempt: records.length + 1, of: one.attempts, waitSeconds };
  }
  return { do: 'stop', outcome: 'exhausted' };
}

/** Twice as long before each further try of an action, counted from the end of the last one. */
function waitOf(records: readonly PlaybookRecord[], backoffSeconds: number, now: Date): number {
  const last = records.at(-1);
  if (last === undefined) return 0;
  const wait = backoffSeconds * 2 ** (records.length - 1);
  const since = (+now - Date.parse(last.endedAt)) / 1000;
  // A clock that was set back must not hold a recovery up.
  return Math.min(wait, Math.max(0, wait - since));
}

function notHolding(when: PlaybookCondition | null, { holds, why }: Sign): string {
  return holds === null
    ? `whether ${when ?? 'it'} holds is not known: ${why}`
    : `${when ?? 'it'} does not hold: ${why}`;
}

export function conditionOf(
  when: PlaybookCondition | null,
  sight: PlaybookSight,
  done: readonly PlaybookRecord[],
): Sign {
  switch (when) {
    case null:
      return { holds: true, why: 'always' };
    case 'if_memory_high':
      return sight.memoryHigh;
    case 'if_master_down':
      return sight.masterDown;
    case 'if_recent_deploy':
      return sight.recentDeploy;
    case 'if_restart_fails':
      return restartFails(done);
    case 'if_leak_detected':
      return leak(sight.memoryHigh, done);
  }
}

/** A restart that nothing could do did not help either. */
function restartFails(done: readonly PlaybookRecord[]): Sign {
  const records = done.filter(({ action }) => action === 'restart_service');
  const last = records.at(-1);
  if (last === undefined) return { holds: false, why: 'no restart was tried' };
  if (last.result === 'healed') return { holds: false, why: 'the restart brought it back' };
  const tries = records.filter(({ attempt }) => attempt > 0).length;
  return { holds: true, why: tries === 0 ? last.detail : `${tries} restart(s) did not bring it back` };
}

/** Memory that neither a collection of garbage nor emptied caches give back is leaked. */
function leak(memoryHigh: Sign, done: readonly PlaybookRecord[]): Sign {
  const freeing: readonly PlaybookActionName[] = ['trigger_gc', 'clear_caches'];
  const freed = done.filter(({ action, result }) => freeing.includes(action) && result === 'no_effect');
  if (memoryHigh.holds !== true) return memoryHigh;
  if (freed.length === 0) return { holds: null, why: 'nothing was done that would have freed memory' };
  return { holds: true, why: `still ${memoryHigh.why} after ${freed.map(({ action }) => action).join(' and ')}` };
}

/** One action as it would be met now. */
export interface Foreseen {
  /** Without figures: it stays the same while the conditions do. */
  readonly text: string;
  /** What the condition rests on; null: there is none that can be told now. */
  readonly why: string | null;
}

/** Every action: what runs, what is passed over, and what depends on the steps before it. */
export function foresee(playbook: Playbook, sight: PlaybookSight): readonly Foreseen[] {
  return playbook.actions.map((one) => {
    const { action, when } = one;
    const missing = sight.missing(action);
    if (missing !== null) return { text: `${action}: not configured, passed over`, why: missing };
    const times = one.attempts === 1 ? '' : `, up to ${one.attempts} times`;
    const runs = `${action}${times}, then the health checks`;
    if (when === 'if_restart_fails') return { text: `${runs}: only where a restart does not bring it back`, why: null };
    if (when === 'if_leak_detected')
      return { text: `${runs}: only where memory stays high after the steps before`, why: null };
    if (when === null) return { text: runs, why: null };
    const { holds, why } = conditionOf(when, sight, []);
    if (holds === true) return { text: `${runs}: ${when} holds now`, why };
    const words = holds === null ? `whether ${when} holds is not known` : `${when} does not hold now`;
    return { text: `${action}: skipped, ${words}`, why };
  });
}

/** Why no run may begin; null: it may. `runs`: when the runs of the service began. */
export function whyHeld(runs: readonly string[], limits: { readonly maxPerHour: number }, now: Date): string | null {
  const recent = runsLastHour(runs, now);
  return recent >= limits.maxPerHour
    ? `${recent} recoveries began within the last hour, and max_per_hour is ${limits.maxPerHour}`
    : null;
}

/** Those that a clock which was set back has put into the future count, too. */
export function runsLastHour(runs: readonly string[], now: Date): number {
  return runs.filter((at) => Math.abs(+now - Date.parse(at)) < 3_600_000).length;
}

/** What a service suffers from, worst first. `failedShare`: of the probes of its http checks within the window; null: too few. */
export function issuesOf(
  health: HealthFacts | null,
  failedShare: number | null,
  limits: { readonly errorRate: number },
): readonly { readonly issue: PlaybookIssue; readonly why: string }[] {
  const found: { issue: PlaybookIssue; why: string }[] = [];
  // `error`: the check could not be made, which says nothing about the service.
  for (const { name, kind, critical, state, last } of health?.checks ?? []) {
    const why = `the check ${name} is ${state ?? 'unknown'}: ${last?.detail ?? 'nothing was seen since the start'}`;
    if (kind === 'postgres' && state === 'unhealthy') found.push({ issue: 'database_connection_failed', why });
    // A full disk is not mended by a restart.
    else if (critical && kind !== 'disk' && state === 'unhealthy') found.push({ issue: 'service_down', why });
    else if (kind === 'process' && state === 'degraded') found.push({ issue: 'memory_pressure', why });
  }
  if (failedShare !== null && failedShare >= limits.errorRate)
    found.push({
      issue: 'high_error_rate',
      why: `${Math.round(failedShare * 100)} % of the probes of its http checks failed`,
    });
  const order: readonly PlaybookIssue[] = [
    'database_connection_failed',
    'service_down',
    'high_error_rate',
    'memory_pressure',
  ];
  return order.flatMap((issue) => found.find((one) => one.issue === issue) ?? []);
}
