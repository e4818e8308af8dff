import type { ForecastFacts } from './forecast.ts';
import type { IsoTime } from './observed.ts';

/** How many instances serve, how many should, and why. Times are seconds, money is in the currency of the policy. */

export const scalingEngineNames = ['process', 'haproxy', 'kubernetes', 'docker', 'command'] as const;
export type ScalingEngineName = (typeof scalingEngineNames)[number];

/** `auto` acts, `manual` proposes and waits for a person, `observe` only writes down what it would do. */
export const scalingModes = ['auto', 'manual', 'observe'] as const;
export type ScalingMode = (typeof scalingModes)[number];

/** How a metric is turned into a number of instances. */
export const scalingStrategies = ['target_tracking', 'step_scaling'] as const;
export type ScalingStrategy = (typeof scalingStrategies)[number];

export const scalingMetricKinds = [
  'cpu',
  'memory',
  'response_time',
  'error_rate',
  'queue_length',
  'idle_time',
  'query',
] as const;
export type ScalingMetricKind = (typeof scalingMetricKinds)[number];

/**
 * `starting`: not ready yet. `ready`: takes work. `unready`: was told to run and fails its check. `draining`: takes no new work and ends.
 * `unknown`: nobody could look.
 */
export const instanceStates = ['starting', 'ready', 'unready', 'draining', 'unknown'] as const;
export type InstanceState = (typeof instanceStates)[number];

export interface Instance {
  /** Unique in the service, stable while it lives. */
  readonly name: string;
  readonly state: InstanceState;
  readonly startedAt: IsoTime | null;
  /** `host:port`, where it has one. */
  readonly address: string | null;
  /** Of the metric by which the least loaded is chosen; null: not known. */
  readonly load: number | null;
  /** Why it must not be removed now: the synchronous standby, the only candidate, a backup runs on it. */
  readonly protectedBy: string | null;
  readonly detail: string | null;
  /** Whether the load balancer in front leads to it; absent: there is none, or it does not say. */
  readonly reachable?: boolean;
}

/** What an engine found. */
export interface Fleet {
  readonly instances: readonly Instance[];
  /** What the product was told to run; null: it keeps no such number. */
  readonly wanted: number | null;
  /** Another controller that sets the number, e.g. `HorizontalPodAutoscaler web`; then its bounds are what is scaled. */
  readonly ownedBy: string | null;
}

/** One reading of one metric, taken for one evaluation. */
export type ScalingReading =
  | { readonly at: IsoTime; readonly known: true; readonly value: number }
  | {
      readonly at: IsoTime;
      readonly known: false;
      /** `missing`: no sample. `stale`: the newest is too old. `not_a_number`. `unreachable`: the source failed. */
      readonly why: 'missing' | 'stale' | 'not_a_number' | 'unreachable';
      readonly detail: string;
    };

export interface ScalingStep {
  /** Bounds of the metric's value: from (inclusive) to (exclusive); null: no bound. */
  readonly from: number | null;
  readonly to: number | null;
  /** Instances to add; negative: to remove. */
  readonly change: number;
}

export const scalingSources = ['prometheus', 'own', 'kubernetes'] as const;
export type ScalingSource = (typeof scalingSources)[number];

export interface ScalingMetricPolicy {
  readonly name: string;
  readonly kind: ScalingMetricKind;
  readonly source: ScalingSource;
  readonly strategy: ScalingStrategy;
  /** Target tracking: the value that is aimed at; null: step scaling. */
  readonly target: number | null;
  /** From this on it votes up; null: never. */
  readonly up: number | null;
  /** Up to this it votes down; between the two it votes for neither (hysteresis); null: it never votes down, and does not count there. */
  readonly down: number | null;
  /** idle_time: the other way round, long idleness votes down. */
  readonly inverse: boolean;
  /**
   * How the value answers to more instances. `mean`: a mean over instances (cpu), the work of all is value x ready instances. `total`: of
   * the whole service (a queue, requests a second), `target` is what one instance carries. `none`: need not fall in proportion (response
   * time, error rate): one step at a time.
   */
  readonly scales: 'mean' | 'total' | 'none';
  /** Step scaling only. */
  readonly steps: readonly ScalingStep[];
  /** Least time between two actions on account of this metric; null: only the cooldowns of the policy. */
  readonly cooldownSeconds: number | null;
}

/** A bound or a number for a time of the week. Cron in the time zone of the policy; it holds from each occurrence until the next of any. */
export interface ScalingSchedule {
  readonly name: string;
  readonly cron: string;
  readonly timezone: string;
  readonly min: number | null;
  readonly max: number | null;
  /** Set once at the occurrence. */
  readonly desired: number | null;
}

export interface ScalingPolicy {
  readonly mode: ScalingMode;
  readonly min: number;
  readonly max: number;
  /** What a new service begins with. */
  readonly desired: number;
  readonly metrics: readonly ScalingMetricPolicy[];
  /** Seconds between two evaluations. */
  readonly intervalSeconds: number;
  /** So many evaluations in a row have to agree. */
  readonly evaluationPeriods: number;
  readonly cooldownUpSeconds: number;
  readonly cooldownDownSeconds: number;
  readonly maxStepUp: number;
  readonly maxStepDown: number;
  /** An instance younger than this is not yet counted as sharing the load, and holds further scale-out on its account. */
  readonly warmUpSeconds: number;
  /** Readings older than this are stale. */
  readonly staleSeconds: number;
  /** Evaluations without all readings after which it is frozen and told. */
  readonly freezeAfter: number;
  /** An instance that is not ready after this is rolled back. */
  readonly readySeconds: number;
  readonly drainSeconds: number;
  readonly schedules: readonly ScalingSchedule[];
  readonly predictive: ScalingPredictivePolicy;
  readonly cost: ScalingCostPolicy | null;
}

export interface ScalingPredictivePolicy {
  /** `off`; `forecast_only`: published and never acted on; `scale_out`: also scales out ahead of need, never in. */
  readonly mode: 'off' | 'forecast_only' | 'scale_out';
  /** Name of the metric in `metrics` whose demand is forecast. */
  readonly metric: string | null;
  readonly historySeconds: number;
  readonly horizonSeconds: number;
  /** How long an instance takes until it serves: so far ahead it is started. */
  readonly launchSeconds: number;
  /** Upper quantile of the forecast that is provided for, e.g. 0.9. */
  readonly quantile: number;
}

export interface ScalingCostPolicy {
  /** Price of one instance for an hour. */
  readonly instanceHour: number;
  readonly currency: string;
  /** Most that may be spent an hour; null: no ceiling. It bounds scale-out, never below `min`. */
  readonly ceilingPerHour: number | null;
}

/** What one metric says in one evaluation. */
export interface ScalingVote {
  readonly metric: string;
  readonly reading: ScalingReading;
  readonly direction: 'up' | 'down' | 'stay' | 'unknown';
  /** Instances it would have; null: unknown. */
  readonly wants: number | null;
  readonly reason: string;
}

/** What kept the number from being what the metrics want. */
export const scalingLimits = [
  'min', 'max', 'max_step', 'cooldown', 'warm_up', 'evaluation_periods', 'hysteresis', 'cost_ceiling', 'protected', 'missing_metrics', 'frozen',
  'paused', 'mode', 'not_leader', 'running', 'breaker', 'owned',
] as const; // prettier-ignore
export type ScalingLimit = (typeof scalingLimits)[number];

export const scalingActions = ['scale_up', 'scale_down', 'hold', 'freeze'] as const;
export type ScalingAction = (typeof scalingActions)[number];

/** One evaluation, also a `hold`: its reason, its inputs, what it leads to. Kept. */
export interface ScalingDecision {
  readonly at: IsoTime;
  readonly action: ScalingAction;
  /** Instances that counted when it was made. */
  readonly current: number;
  /** Instances wanted from now on. */
  readonly desired: number;
  /** What the votes alone would have, before bounds, cooldowns and steps; null: unknown. */
  readonly proposed: number | null;
  /** False: the mode, a pause, the lease or a running operation keeps it from being done; `limits` says which. */
  readonly act: boolean;
  /** A person has to look. */
  readonly page: boolean;
  readonly votes: readonly ScalingVote[];
  /** From the forecast; null: none. */
  readonly predicted: number | null;
  readonly limits: readonly ScalingLimit[];
  /** In words, the most important first. */
  readonly reasons: readonly string[];
  /** Of `desired`, an hour; null: no price is configured. */
  readonly costPerHour: number | null;
  /** Instances to end, the least loaded first; empty unless it scales in and the engine lets one choose. */
  readonly remove: readonly string[];
}

/** All that a decision about one service rests on. */
export interface ScalingView {
  readonly service: string;
  readonly fleet: Fleet;
  /** The number last set by a decision, a schedule or a person; null: none yet. */
  readonly desired: number | null;
  /** Newest last, at least as many as `evaluationPeriods` where there were so many, by name of the metric. */
  readonly readings: Readonly<Record<string, readonly ScalingReading[]>>;
  readonly forecast: ForecastFacts | null;
  readonly lastUpAt: IsoTime | null;
  readonly lastDownAt: IsoTime | null;
  /** Last action on account of each metric. */
  readonly lastByMetric: Readonly<Record<string, IsoTime>>;
  /** Evaluations in a row up to now that lacked readings. */
  readonly missingInRow: number;
  /** Schedule that holds now, already resolved from cron; null: none. */
  readonly schedule: {
    readonly name: string;
    readonly min: number | null;
    readonly max: number | null;
    readonly desired: number | null;
    readonly since: IsoTime;
  } | null;
  readonly pausedUntil: IsoTime | null;
  /** Null: free. Else what runs on the service. */
  readonly running: string | null;
  readonly leader: boolean;
  readonly breakerOpen: boolean;
  /** When an open one lets a try through; null: it is not open. */
  readonly breakerUntil: IsoTime | null;
}
