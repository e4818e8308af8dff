import type { Config } from '@genesis-dr/exporter/config';

/**
 * Limits of alerts that panels draw, with their shipped values. `rules.thresholds` in genesis.yaml overrides both, so that a panel turns red
 * where its alert fires; a test compares the shipped values with those of the rules.
 */
export const shippedLimits = {
  cpu_usage: 0.8,
  memory_usage: 0.85,
  disk_free: 0.1,
  response_time_p95: 1,
  error_rate: 0.05,
  data_quality_score: 0.8,
  privacy_risk_score: 0.3,
  statistical_divergence: 0.2,
  repository_free: 0.25,
  repository_free_critical: 0.05,
  scaling_changes: 6,
} as const satisfies Readonly<Record<string, number>>;
export type LimitName = keyof typeof shippedLimits;
export type Limits = Readonly<Record<LimitName, number>>;

export function limitsOf(config: Config): Limits {
  const configured: Readonly<Record<string, number | undefined>> = config.rules.thresholds;
  return Object.fromEntries(
    Object.entries(shippedLimits).map(([name, shipped]) => [name, configured[name] ?? shipped]),
  ) as Limits;
}

/** 0.05 → `5 %`, for descriptions. */
export function percent(share: number): string {
  return `${Number((share * 100).toFixed(2))} %`;
}
