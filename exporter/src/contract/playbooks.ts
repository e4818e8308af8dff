import type { IsoTime } from './observed.ts';
import type { OperationState } from './operation.ts';

/** Recovery playbooks (F5): what is tried for a service that is not well, in which order, and how each step is proven. */

export const playbookIssues = [
  'service_down',
  'database_connection_failed',
  'high_error_rate',
  'memory_pressure',
] as const;
export type PlaybookIssue = (typeof playbookIssues)[number];

/** Actions that only the operator's own commands can do: they run where a hook is configured, and nowhere else. */
export const hookActions = [
  'restart_service',
  'clear_cache',
  'restart_connection_pool',
  'rollback_deployment',
  'trigger_gc',
  'clear_caches',
  'restart_workers',
] as const;
export type HookAction = (typeof hookActions)[number];

/** Actions that Genesis does itself. */
export const ownActions = [
  'check_database_health',
  'failover_to_replica',
  'enable_circuit_breaker',
  'increase_logging',
  'notify_ops',
] as const;
export type OwnAction = (typeof ownActions)[number];

export const playbookActionNames = [...hookActions, ...ownActions] as const;
export type PlaybookActionName = (typeof playbookActionNames)[number];

export const playbookConditions = [
  'if_memory_high',
  'if_restart_fails',
  'if_master_down',
  'if_recent_deploy',
  'if_leak_detected',
] as const;
export type PlaybookCondition = (typeof playbookConditions)[number];

/** off: nothing starts by itself. observe: the log says what would. auto: it starts by itself. */
export const playbookModes = ['off', 'observe', 'auto'] as const;
export type PlaybookMode = (typeof playbookModes)[number];

export interface PlaybookAction {
  readonly action: PlaybookActionName;
  /** Most tries in one run. */
  readonly attempts: number;
  /** Null: always, when its turn comes. */
  readonly when: PlaybookCondition | null;
}

export interface Playbook {
  readonly issue: PlaybookIssue;
  readonly actions: readonly PlaybookAction[];
}

/**
 * What became of one try. `healed`: it ran, and the health checks were good after it. `no_effect`: it ran without an error, and they were
 * not. `failed`: it did not run to a good end. `skipped`: its condition did not hold, or was not known. `not_configured`: there is
 * nothing that could do it; never as good as done.
 */
export const playbookResults = ['healed', 'no_effect', 'failed', 'skipped', 'not_configured'] as const;
export type PlaybookResult = (typeof playbookResults)[number];

export interface PlaybookRecord {
  readonly action: PlaybookActionName;
  /** From 1; 0: it was passed over. */
  readonly attempt: number;
  readonly result: PlaybookResult;
  /** What was done and seen, or why not, in words. */
  readonly detail: string;
  readonly endedAt: IsoTime;
}

/** How a run ended: `not_needed`: the checks were good before anything was done; `well_by_itself`: no action was proven to be the cause. */
export const playbookOutcomes = ['healed', 'well_by_itself', 'not_needed', 'exhausted'] as const;
export type PlaybookOutcome = (typeof playbookOutcomes)[number];

export interface PlaybookRun {
  readonly operationId: string;
  readonly state: OperationState;
  /** Name of who asked; `playbooks` is Genesis itself. */
  readonly by: string;
  readonly reason: string | null;
  readonly startedAt: IsoTime;
  readonly endedAt: IsoTime | null;
  /** Null: it has not ended, or was cancelled or interrupted. */
  readonly outcome: PlaybookOutcome | null;
  readonly records: readonly PlaybookRecord[];
}

export interface PlaybookFacts extends Omit<Playbook, 'actions'> {
  readonly actions: readonly (PlaybookAction & {
    readonly configured: boolean;
    /** What does it, or what is missing. */
    readonly how: string;
  })[];
  /** It may fail over: then it needs the role admin, a confirmation and a reason. */
  readonly destructive: boolean;
  /** Newest first, at most 10. */
  readonly lastRuns: readonly PlaybookRun[];
}

export interface ServicePlaybooks {
  readonly service: string;
  readonly mode: PlaybookMode;
  readonly maxPerHour: number;
  /** Runs that began within the last hour, of all issues. */
  readonly runsLastHour: number;
  /** Why no run would begin now; null: it would. */
  readonly held: string | null;
  /** What is wrong now that a playbook is for, from the health checks. */
  readonly issues: readonly { readonly issue: PlaybookIssue; readonly why: string }[];
  readonly playbooks: readonly PlaybookFacts[];
}
