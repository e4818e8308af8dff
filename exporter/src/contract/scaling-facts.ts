import type { AutomationPause } from './failover.ts';
import type { ForecastModel, ForecastError, ForecastFacts } from './forecast.ts';
import type { IsoTime } from './observed.ts';
import type {
  Fleet,
  ScalingDecision,
  ScalingEngineName,
  ScalingMetricPolicy,
  ScalingMode,
  ScalingReading,
} from './scaling.ts';

/** What was done about the number of instances, and what is told of it. Times are seconds, money is in the currency of the policy. */

/** What asked for an action. `repair`: fewer instances are there than were wanted before, because one ended by itself. */
export const scalingTriggers = ['metrics', 'forecast', 'schedule', 'manual', 'repair'] as const;
export type ScalingTrigger = (typeof scalingTriggers)[number];

/** A scaling action that ended. Kept. */
export interface ScalingRecord {
  readonly operationId: string;
  readonly action: 'scale_up' | 'scale_down';
  readonly trigger: ScalingTrigger;
  readonly before: number;
  /** What was wanted. */
  readonly wanted: number;
  /** What was seen afterwards; null: not known. */
  readonly after: number | null;
  readonly startedAt: IsoTime;
  readonly endedAt: IsoTime;
  readonly seconds: number;
  readonly succeeded: boolean;
  /** The new instances did not become ready and were ended again. */
  readonly rolledBack: boolean;
  readonly reason: string;
  readonly metrics: Readonly<Record<string, number>>;
  readonly error: string | null;
  readonly by: string;
}

export interface ScalingCost {
  readonly currency: string;
  readonly perHour: number;
  readonly ceilingPerHour: number | null;
  /** Since Genesis began to count, which is `since`. */
  readonly soFar: number;
  readonly since: IsoTime;
}

/** Who put another policy in the place of the file's. */
export interface ScalingOverride {
  readonly by: string;
  readonly at: IsoTime;
  readonly reason: string;
}

export interface ScalingFacts {
  readonly engine: ScalingEngineName;
  readonly mode: ScalingMode;
  readonly fleet: Fleet | null;
  /** Why the fleet is not known. */
  readonly problem: string | null;
  readonly min: number;
  readonly max: number;
  readonly desired: number | null;
  readonly metrics: readonly ScalingMetricPolicy[];
  readonly readings: Readonly<Record<string, ScalingReading | null>>;
  readonly decision: ScalingDecision | null;
  /** Since when it is frozen for want of metrics; null: it is not. */
  readonly frozenSince: IsoTime | null;
  readonly forecast: ForecastFacts | null;
  /** Of the forecast over its whole horizon, against what the ready instances carry; null: there is none. Nothing follows it by itself. */
  readonly advice: 'up' | 'down' | 'stay' | null;
  readonly pause: AutomationPause | null;
  /** Who put another policy in the place of the file's, and when; null: the file's holds. */
  readonly override: ScalingOverride | null;
  readonly cost: ScalingCost | null;
  readonly lastUpAt: IsoTime | null;
  readonly lastDownAt: IsoTime | null;
  /** Newest first, at most 50. */
  readonly history: readonly ScalingRecord[];
  /** Newest first, at most 100, with runs of the same `hold` as one (its last). */
  readonly decisions: readonly ScalingDecision[];
  /** Of the product: what its version, its settings or its state put at risk. */
  readonly warnings: readonly string[];
}

/** What pages of many services and the metrics show of it. */
export type ScalingSummary = Pick<
  ScalingFacts,
  | 'engine'
  | 'mode'
  | 'fleet'
  | 'problem'
  | 'min'
  | 'max'
  | 'desired'
  | 'metrics'
  | 'readings'
  | 'decision'
  | 'frozenSince'
  | 'pause'
  | 'cost'
> & {
  /** Of the look, and how long until the next. */
  readonly at: IsoTime;
  readonly intervalSeconds: number;
  /** Null: there is none. */
  readonly forecast: { readonly metric: string; readonly model: ForecastModel; readonly error: ForecastError } | null;
  /** The action that ended last; null: none is known. */
  readonly last: Pick<ScalingRecord, 'action' | 'trigger' | 'before' | 'after' | 'endedAt' | 'succeeded'> | null;
};

/** A time of the load chart: what the service as a whole asked for, and how many instances there were. Null: not known. */
export interface ScalingLoadPoint {
  readonly at: IsoTime;
  readonly value: number | null;
  readonly ready: number | null;
  readonly desired: number | null;
}

export interface ScalingLoad {
  /** Null: no metric of the policy tells the demand. */
  readonly metric: string | null;
  /** Where the values come from. */
  readonly source: 'prometheus' | 'own';
  /** Why there are no values; null: there are. */
  readonly problem: string | null;
  readonly points: readonly ScalingLoadPoint[];
}

/** What a policy would have done on real history. Times are seconds. */
export interface ScalingBacktest {
  readonly from: IsoTime;
  readonly to: IsoTime;
  readonly stepSeconds: number;
  readonly points: number;
  /** Points without a value: the policy held there. */
  readonly missing: number;
  readonly runs: readonly ScalingBacktestRun[];
}

export interface ScalingBacktestRun {
  /** `current`, `proposed`, `hpa`. */
  readonly policy: string;
  /** Demand beyond what ready instances carry at target. */
  readonly underProvisionedSeconds: number;
  /** More instances than the demand needs. */
  readonly overProvisionedSeconds: number;
  readonly overProvisionedInstanceHours: number;
  readonly instanceHours: number;
  readonly cost: number | null;
  readonly scaleUps: number;
  readonly scaleDowns: number;
  readonly maxInstances: number;
  /** Thinned to at most 1,000: time, demand in instances, ready instances. */
  readonly series: readonly {
    readonly at: IsoTime;
    readonly demand: number | null;
    readonly ready: number;
    readonly desired: number;
  }[];
}
