import type { Outcome } from '../../contract/errors.ts';
import type { Fleet, ScalingReading } from '../../contract/scaling.ts';

export interface ScalingContext {
  readonly signal: AbortSignal;
  /** Id of the operation it belongs to, for whoever is called. */
  readonly operation: string;
  /** A line for the journal's step. */
  note(detail: string): void;
}

export interface ScaleRequest {
  /** Instances there should be when it ends. */
  readonly desired: number;
  /** Ended first, in this order; an engine that cannot choose (`choosesRemoved` false) does not look at it. */
  readonly remove: readonly string[];
  /** A new instance that is not ready after this counts as failed. */
  readonly readySeconds: number;
  /** An instance that is to end gets so long to finish its work. */
  readonly drainSeconds: number;
}

export interface ScaleResult {
  /** As looked at when it ended. */
  readonly fleet: Fleet;
  readonly added: readonly string[];
  readonly removed: readonly string[];
}

/**
 * Real instances of one service; made for it with its own options, secrets resolved. Every action looks at what is there first and does
 * what is missing, so that it can be called again after a crash; none trusts an answer or an exit code: what it promises was looked at.
 *
 * Errors: `scaling_failed` (what was tried and seen), `instance_not_ready` (details: {added}: names of what was started and did not become
 * ready; it is left as it is, the caller rolls back), `scaling_conflict` (somebody else changed the number meanwhile), `exec_failed`,
 * `exec_timeout`, `cancelled`.
 */
export interface ScalingEngine {
  readonly name: string;
  /** Whether the caller says which instances end. */
  readonly choosesRemoved: boolean;
  /** Looks, changes nothing. */
  fleet(signal: AbortSignal): Promise<Outcome<Fleet>>;
  /** Out: starts what is missing and waits until each is ready. In: drains, then ends, and waits until each is gone. */
  scale(request: ScaleRequest, context: ScalingContext): Promise<Outcome<ScaleResult>>;
  /** What would be done, asked of the product where it can say so (Kubernetes: dryRun=All); in words. */
  dryRun(request: ScaleRequest, signal: AbortSignal): Promise<Outcome<readonly string[]>>;
  /** What its version, settings or state put at risk, in words. */
  warnings(signal: AbortSignal): Promise<readonly string[]>;
  /** A metric that the product itself has, as a share of what its instances may take; absent: it has none. */
  readMetric?(kind: 'cpu' | 'memory', signal: AbortSignal): Promise<ScalingReading | null>;
  /** Ends what it keeps running only for itself (timers, watches), never the instances. */
  close(): Promise<void>;
}
