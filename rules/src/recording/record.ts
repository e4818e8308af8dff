import type { Config } from '@genesis-dr/exporter/config';

/** Groups of recording rules by name, with the seconds between two evaluations at the shipped `rules.evaluation_interval` of 30 s. */
export const recordGroups = {
  /** State of each service; the alerts read it. */
  genesis_records: 30,
  /** Figures of the applications. */
  genesis_traffic: 30,
  /** One sample a minute: whether each objective held. */
  genesis_sli: 60,
  /** What the long windows are made of. A series this slow is seen only by range functions, never by a plain selector. */
  genesis_hourly: 3600,
  /** Days and months, from the hours. */
  genesis_windows: 120,
} as const;
export type RecordGroup = keyof typeof recordGroups;

/** One recorded series name (level:metric:operation) and how it is made. */
export interface RecordDefinition {
  readonly group: RecordGroup;
  /** Labels of the recorded series. */
  readonly labels: readonly string[];
  /** Mostly one rule; several where each adds its own constant labels. */
  rules(config: Config): readonly { readonly expr: string; readonly labels?: Readonly<Record<string, string>> }[];
}

/**
 * Seconds between two evaluations of what is shipped with `shipped` seconds. A shorter `rules.evaluation_interval` than 30 s (tests and
 * demonstrations) shortens all of them alike, hours too; a longer one only lengthens what would be evaluated more often than it.
 */
export function evaluationSeconds(shipped: number, config: Config): number {
  const base = config.rules.evaluation_interval;
  return base < 30 ? (shipped * base) / 30 : Math.max(shipped, base);
}
