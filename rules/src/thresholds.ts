import { OpError } from '@genesis-dr/exporter/contract';
import type { Config } from '@genesis-dr/exporter/config';

/**
 * Limits that no metric carries, with their shipped values. What a service promises (`objectives`) is not here: the exporter publishes
 * it, and the rules read it. `rules.thresholds` in genesis.yaml overrides any of these by name.
 */
export const thresholds = {
  /** Share of all processors in use: HighCPUUsage. */
  cpu_usage: 0.8,
  /** Share of memory in use: ResourceExhaustion warns. */
  memory_usage: 0.85,
  /** Share of memory in use: HighMemoryUsage pages. */
  memory_usage_critical: 0.9,
  /** Free share of a file system: DiskSpaceLow. */
  disk_free: 0.1,
  /** Seconds that 95 % of an application's requests stay below: PerformanceDegradation. */
  response_time_p95: 1,
  /** Share of requests answered with 5xx: HighErrorRate. */
  error_rate: 0.05,
  /** Share of passed health checks: ServiceUnavailable below it. */
  health_check_success: 0.5,
  /** Quality of restored data, 0 to 1: LowDataQualityScore. Unset: quality.min_score of each service. */
  data_quality_score: 0.8,
  /** Privacy risk, 0 to 1: HighPrivacyRisk. Unset: quality.max_privacy_risk of each service. */
  privacy_risk_score: 0.3,
  /** Divergence from the source, 0 to 1: StatisticalDivergence. Unset: quality.max_divergence of each service. */
  statistical_divergence: 0.2,
  /** Share of readiness_sla below which LowDRReadiness fires (0.7 at 0.8), so that a score at the edge does not flap. */
  readiness_of_sla: 0.875,
  /** Share of replication_sla at which GenesisReplicationLagWarning warns. */
  replication_lag_of_sla: 0.5,
  /** A full backup smaller than this times the median of the last ten: GenesisBackupSizeAnomaly. */
  backup_size_lowest: 0.5,
  /** A full backup larger than this times the median of the last ten: GenesisBackupSizeAnomaly. */
  backup_size_highest: 3,
  /** Free share of the repository's file system: GenesisBackupRepositoryFilling, when it also shrinks. */
  repository_free: 0.25,
  /** Free share of the repository's file system: GenesisBackupRepositoryFull. */
  repository_free_critical: 0.05,
  /** WAL segments that wait to be archived: GenesisWALArchiveFailing. */
  wal_ready_segments: 10,
  /** Share of the WAL that may be kept for a slot and is left before it is lost: GenesisReplicationSlotAtRisk. */
  slot_room: 0.2,
  /** Failovers an hour: GenesisFailoverFlapping. Not 3, since increase() extrapolates and may stay just below a whole number. */
  failovers_per_hour: 2.5,
  /** Changes of the desired number of instances in 30 minutes: GenesisAutoscalerThrashing. */
  scaling_changes: 6,
  /** Failed scaling actions in 15 minutes without one that succeeded: GenesisAutoscalerActionFailing. */
  scaling_failures: 2,
  /** Mean error of a forecast as a share: GenesisForecastErrorHigh. */
  forecast_error: 0.3,
  /** Refused requests of one kind in ten minutes: GenesisUnauthorizedActionAttempts. */
  refused_requests: 3,
  /** Share of 30 days that must have been measured before GenesisSLABudgetExhausted judges: about a day. */
  sla_coverage: 0.03,
} as const satisfies Record<string, number>;

export type ThresholdName = keyof typeof thresholds;

/** The limit as PromQL writes it: the configured one, else the shipped one. */
export function threshold(name: ThresholdName, config: Config): string {
  return String(config.rules.thresholds[name] ?? thresholds[name]);
}

/** Throws OpError `config_invalid` for a name that is no threshold: its author believes it works. */
export function refuseUnknownThresholds(config: Config): void {
  const unknown = Object.keys(config.rules.thresholds).filter((name) => !Object.hasOwn(thresholds, name));
  if (unknown.length === 0) return;
  throw new OpError(
    'config_invalid',
    `rules.thresholds names no threshold with ${unknown.join(', ')}; there are ${Object.keys(thresholds).join(', ')}`,
  );
}
