/*
 * Live data without the schemas: what a browser's client and the metrics need.
 */

/** How the points of a window become one number. */
export const aggregations = ['sum', 'avg', 'min', 'max', 'count', 'p50', 'p95', 'p99'] as const;
export type Aggregation = (typeof aggregations)[number];

export const alertConditions = ['>', '<', '>=', '<=', '=='] as const;
export type AlertCondition = (typeof alertConditions)[number];
export const alertSeverities = ['info', 'warning', 'critical'] as const;
export type AlertSeverity = (typeof alertSeverities)[number];

/**
 * `unknown`: there is no data now, so it neither fires nor resolves (`active` keeps what was last known). `inactive`: it has not fired
 * since it was defined. `resolved`: it fired, and is over.
 */
export const alertStates = ['unknown', 'inactive', 'active', 'resolved'] as const;
export type AlertState = (typeof alertStates)[number];

export const maxDurationMinutes = 24 * 60;
export const maxAlertMessageLength = 200;
/** Metrics that one dashboard can ask for. */
export const maxDashboardMetrics = 50;
/** Points of one time series in a reply. */
export const maxBuckets = 3000;

/** What the dashboard shows when no metrics are named. */
export const defaultDashboardMetrics = [
  'genesis_dr_readiness_score',
  'genesis_backup_age_seconds',
  'genesis_rpo_seconds',
  'genesis_rto_seconds',
  'genesis_replication_lag_seconds',
  'genesis_operations_active',
  'genesis_system_cpu_usage_ratio',
  'genesis_system_memory_available_bytes',
  'genesis_system_filesystem_lowest_available_ratio',
  'genesis_system_network_receive_bytes_total',
  'genesis_system_network_transmit_bytes_total',
  'process_resident_memory_bytes',
] as const;

/** What the metrics page says of live data; part of the snapshot. */
export interface LiveFacts {
  readonly series: number;
  readonly points: number;
  readonly bytes: number;
  /** Unix milliseconds; null before the first reading. */
  readonly lastSampleMs: number | null;
  readonly dropped: Readonly<Record<(typeof droppedReasons)[number], number>>;
  readonly clients: number;
  /** `active`: null while it is not known. */
  readonly alerts: readonly {
    readonly id: string;
    readonly metric: string;
    readonly severity: AlertSeverity;
    readonly active: boolean | null;
  }[];
}

/** Why a point was not kept: `series` there was no room for another series, `memory` it was pushed out before its time. */
export const droppedReasons = ['series', 'memory'] as const;
