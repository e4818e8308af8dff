import type { IsoTime, Observed } from './observed.ts';

/** Who serves a service, who could take over, and what is decided about it. Positions in the log are bytes; times are seconds. */

export const failoverEngineNames = ['postgres', 'patroni', 'service'] as const;
export type FailoverEngineName = (typeof failoverEngineNames)[number];

/** active_passive: one writer, a standby is promoted. active_active, multi_master: all serve, a failed one is taken out. */
export const failoverStrategies = ['active_passive', 'active_active', 'multi_master'] as const;
export type FailoverStrategy = (typeof failoverStrategies)[number];

/** `auto` acts, `manual` pages and waits for a person, `observe` only writes down what it would do. */
export const failoverModes = ['auto', 'manual', 'observe'] as const;
export type FailoverMode = (typeof failoverModes)[number];

export type NodeRole = 'primary' | 'standby';

/**
 * How a node took one probe. `refused`: its host says that nobody listens. `silent`: nothing came back in time: down, frozen or cut off,
 * nobody can tell which. `failed`: it answered with an error.
 */
export const reaches = ['answered', 'refused', 'silent', 'failed'] as const;
export type Reach = (typeof reaches)[number];

/** One probe of one node. Null is unknown, never no and never 0. */
export interface NodeProbe {
  readonly at: IsoTime;
  readonly reach: Reach;
  /** How long the answer, or its absence, took. */
  readonly seconds: number;
  readonly role: NodeRole | null;
  /** It would take a write now. */
  readonly writable: boolean | null;
  readonly timeline: number | null;
  /** Primary: written. Standby: received and flushed. */
  readonly receivedBytes: number | null;
  /** Standby: replayed. */
  readonly replayedBytes: number | null;
  /** Name of the node it streams from. */
  readonly upstream: string | null;
  /** Standby: since the last message of its upstream; null: it has none. */
  readonly upstreamSilentSeconds: number | null;
  /** Primary: names of the standbys whose confirmation a commit waits for; null on standbys and where unknown. */
  readonly synchronousStandbys: readonly string[] | null;
  /** Identity of the data; nodes that differ are not of one cluster. */
  readonly systemId: string | null;
  /** What is wrong or cannot be seen, in words. */
  readonly problem: string | null;
}

/** The probes of a node over the window of its policy. */
export interface NodeHealth {
  readonly failuresInRow: number;
  readonly successesInRow: number;
  /** Failed over all, of the window; null before the first probe. */
  readonly errorRatio: number | null;
  /** Mean of the answered ones; null: none answered. */
  readonly responseSeconds: number | null;
  readonly probes: number;
  readonly lastAnsweredAt: IsoTime | null;
  /** First of the unbroken run of refused probes at the end; null or absent: the newest was not refused. */
  readonly refusedSince?: IsoTime | null;
}

export const fenceMethods = ['process', 'command', 'webhook', 'product', 'observed'] as const;

/**
 * Why a node cannot acknowledge a write to anybody. `process`: its processes on this machine are gone. `command`, `webhook`: the configured
 * one said so and its confirmation was looked at. `product`: the product's own lock. `observed`: it answers and refuses writes for good.
 */
export interface FenceProof {
  readonly method: (typeof fenceMethods)[number];
  readonly detail: string;
  readonly at: IsoTime;
  readonly seconds: number;
}

/** A node that was taken out; it stays out until it is verified by a rejoin. */
export interface NodeFence {
  readonly node: string;
  readonly since: IsoTime;
  readonly operationId: string;
  /** Null: asked for and not proven. */
  readonly proof: FenceProof | null;
  /** A person asked for it: it is not let in again by itself. */
  readonly manual: boolean;
}

/** Another place's view of a node: a standby that still receives from it, the load balancer, another exporter. */
export interface Vantage {
  readonly from: string;
  readonly about: string;
  /** Null: it does not say. */
  readonly alive: boolean | null;
  readonly at: IsoTime;
  readonly detail: string;
}

export interface NodeFacts {
  readonly name: string;
  readonly region: string;
  /** Lower numbers are preferred. */
  readonly priority: number;
  /** False: never to be promoted. */
  readonly candidate: boolean;
  /** The newest; null before the first. */
  readonly probe: NodeProbe | null;
  readonly health: NodeHealth;
  readonly fence: NodeFence | null;
  /** Behind the primary's last known position. */
  readonly lagBytes: number | null;
  /** A backup or another operation runs on it. */
  readonly busy: string | null;
}

/** What would be lost, from what the primary was last seen to have written and what the candidate has received. */
export interface PredictedLoss {
  /** Null: not known. */
  readonly bytes: number | null;
  /** Writes of so many seconds; null: not known. */
  readonly seconds: number | null;
  readonly detail: string;
}

/** Would a failover succeed now? Standing, so that nobody has to find out at three in the morning. */
export interface StandingAnswer {
  /** Null: not known. */
  readonly wouldSucceed: boolean | null;
  readonly candidate: string | null;
  readonly loss: PredictedLoss | null;
  readonly reasons: readonly string[];
  readonly rejected: readonly { readonly node: string; readonly reason: string }[];
}

/**
 * What is decided now. `failover`: promote `candidate` in place of `node`. `fence`: take the writer `node` out, which is one too many.
 * `drop` and `readmit`: membership where all serve. `hold`: something is wrong and nothing may be done without a person.
 */
export const decisionActions = ['none', 'failover', 'fence', 'drop', 'readmit', 'hold'] as const;
export interface FailoverDecision {
  readonly action: (typeof decisionActions)[number];
  readonly node: string | null;
  readonly candidate: string | null;
  /** False: the mode, a pause, the lease or a limit keeps it from being done; the reasons say which. */
  readonly act: boolean;
  /** A person has to look. */
  readonly page: boolean;
  readonly reasons: readonly string[];
  readonly loss: PredictedLoss | null;
}

export const breakerStates = ['closed', 'open', 'half_open'] as const;
export type BreakerState = (typeof breakerStates)[number];

/** A circuit breaker as 003 keeps it. */
export interface BreakerFacts {
  /** `service` or the name of an engine adapter, e.g. `haproxy`. */
  readonly name: string;
  readonly state: BreakerState;
  readonly failureCount: number;
  readonly lastFailureAt: IsoTime | null;
  readonly nextAttemptAt: IsoTime | null;
  readonly halfOpenCalls: number;
}

/** A failover, switchover, fence or rejoin that ended. */
export interface FailoverRecord {
  readonly operationId: string;
  readonly kind: 'failover' | 'switchover' | 'fence' | 'rejoin';
  readonly automatic: boolean;
  readonly from: string | null;
  readonly to: string | null;
  readonly startedAt: IsoTime;
  readonly endedAt: IsoTime;
  readonly succeeded: boolean;
  readonly seconds: number;
  readonly phases: readonly { readonly name: string; readonly seconds: number }[];
  readonly loss: { readonly predictedBytes: number | null; readonly measuredBytes: number | null };
  readonly reason: string;
}

/** A promotion as the product that made it wrote it down, whoever asked for it: it does not tell a planned one from a failover. */
export interface ProductPromotion {
  /** The timeline that began with it. */
  readonly timeline: number;
  /** Where it branched off, bytes of the log. */
  readonly atBytes: number;
  readonly reason: string;
  /** Null: not written down, as when the product lost its store at that moment. */
  readonly at: IsoTime | null;
  readonly from: string | null;
  readonly to: string | null;
}

export interface AutomationPause {
  readonly by: string;
  readonly reason: string;
  readonly since: IsoTime;
  readonly until: IsoTime;
}

export interface ScheduledSwitchover {
  readonly id: string;
  readonly at: IsoTime;
  readonly candidate: string | null;
  readonly by: string;
  readonly reason: string;
}

/** How the load balancer sees it and whom a client reaches through it. */
export interface BalancerFacts {
  readonly kind: 'haproxy' | 'address';
  /** Servers of the backend by the name of their node. */
  readonly servers: readonly {
    readonly node: string;
    readonly state: 'up' | 'down' | 'maint' | 'drain' | 'unknown';
    readonly sessions: number | null;
    /** What its check proves: the kernel accepts connections for a frozen process, too. Null: it has none, or none has ended. */
    readonly check: 'speaks' | 'connects' | null;
  }[];
  /** The writer that a connection through it reached; null: none, or not known. */
  readonly writer: string | null;
  readonly problem: string | null;
}

export interface FailoverFacts {
  readonly engine: FailoverEngineName;
  readonly strategy: FailoverStrategy;
  readonly mode: FailoverMode;
  readonly nodes: readonly NodeFacts[];
  /** Null: none, or not known. */
  readonly primary: string | null;
  /** Nodes that took a look as writable, from the independent count. */
  readonly writable: readonly string[];
  /** Nodes of which that count could not tell. */
  readonly uncounted: readonly string[];
  readonly balancer: Observed<BalancerFacts> | null;
  readonly vantages: readonly Vantage[];
  readonly standing: StandingAnswer;
  readonly decision: FailoverDecision & { readonly at: IsoTime };
  readonly pause: AutomationPause | null;
  readonly scheduled: ScheduledSwitchover | null;
  readonly breakers: readonly BreakerFacts[];
  /** Newest first, at most 20. */
  readonly history: readonly FailoverRecord[];
  /** What the product itself has written down, newest first, at most 20. Null: it keeps nothing, or nobody tells it. */
  readonly promotions: readonly ProductPromotion[] | null;
  /** Of the product: what its version, its settings or its state put at risk. */
  readonly warnings: readonly string[];
}

/** Thresholds and bounds of `failover` in genesis.yaml. */
export interface FailoverPolicy {
  readonly strategy: FailoverStrategy;
  readonly mode: FailoverMode;
  readonly failuresInRow: number;
  readonly errorRatio: number;
  readonly responseSeconds: number;
  /** Good probes in a row before a node counts as healthy again. */
  readonly successesInRow: number;
  readonly windowSeconds: number;
  /** Least time between two failovers. */
  readonly cooldownSeconds: number;
  readonly maxPerHour: number;
  readonly maxLossBytes: number;
  readonly maxLossSeconds: number;
  /** Tried first, in this order. */
  readonly preferredRegions: readonly string[];
  /** Residency: the only regions data may be served from; null: any. */
  readonly allowedRegions: readonly string[] | null;
  /** A second writer is fenced without asking. */
  readonly fenceSecondWriter: boolean;
  /** Fewest nodes that must go on serving where all serve. */
  readonly minServing: number;
  /** A product (Patroni) holds the lock and fences: Genesis asks it and never promotes by itself. */
  readonly managed: boolean;
}

/** All that a decision about one service rests on. */
export interface FailoverView {
  readonly service: string;
  readonly nodes: readonly NodeFacts[];
  /** Primary as last known, also when it no longer answers. */
  readonly primary: string | null;
  /** The newest position it was seen at. `timeline` null or absent: not known. */
  readonly primaryPosition: {
    readonly bytes: number;
    readonly at: IsoTime;
    readonly bytesPerSecond: number;
    readonly timeline?: number | null;
  } | null;
  /** Standbys whose confirmation its commits waited for when it last answered. */
  readonly synchronousStandbys: readonly string[];
  /** Nodes of which nothing that is configured could ever prove that they are down. Absent: none. */
  readonly unfenceable?: readonly string[];
  readonly vantages: readonly Vantage[];
  /** Ends of the failovers and switchovers that were made, newest first. */
  readonly recent: readonly { readonly at: IsoTime; readonly succeeded: boolean; readonly automatic: boolean }[];
  readonly pausedUntil: IsoTime | null;
  /** Null: free. Else what runs on the service. */
  readonly running: string | null;
  /** This exporter holds the lease. */
  readonly leader: boolean;
  readonly breakerOpen: boolean;
}
