import type { IsoTime } from './observed.ts';

/** Quality of restored (or generated) data against its source (D3). All scores are 0 to 1. */

export const columnKinds = ['numeric', 'categorical', 'text', 'time', 'boolean', 'other'] as const;
export type ColumnKind = (typeof columnKinds)[number];

/** One statistical test of a column. `effect` decides, not p: at a million rows every p is 0. */
export interface ColumnTest {
  readonly test: 'kolmogorov_smirnov' | 'chi_square';
  readonly statistic: number;
  readonly pValue: number;
  /** KS: D itself; chi-square: Cramér's V. */
  readonly effect: number;
  readonly matches: boolean;
}

export interface ColumnReport {
  readonly name: string;
  readonly kind: ColumnKind;
  readonly score: number;
  readonly missingRatio: number;
  readonly missingRatioSource: number;
  readonly distinct: number;
  readonly meanDifference: number | null;
  readonly standardDeviationDifference: number | null;
  readonly outOfRange: number;
  readonly test: ColumnTest | null;
  readonly findings: readonly string[];
}

export interface TableReport {
  readonly name: string;
  readonly score: number;
  /** Of the whole tables, as counted; null where only an estimate is known. */
  readonly rows: number | null;
  readonly rowsSource: number | null;
  readonly sampled: number;
  readonly sampledSource: number;
  /** Half width of the 95 % interval of a ratio at this sample size. */
  readonly sampleError: number;
  readonly duplicates: number;
  readonly schemaDrift: readonly string[];
  /** Mean absolute difference of the correlation matrices; null below two numeric columns. */
  readonly correlationDifference: number | null;
  /** Of 0 to 1: exact matches and rows that can be told apart in sensitive columns; null: nothing is marked sensitive. */
  readonly privacyRisk: number | null;
  /** Largest effect of a column. */
  readonly divergence: number;
  readonly columns: readonly ColumnReport[];
  readonly findings: readonly string[];
}

export interface QualityReport {
  readonly id: string;
  readonly service: string;
  readonly at: IsoTime;
  /** The drill that made the restored side; null: two databases were compared. */
  readonly drillId: string | null;
  /** What the restored data was compared with: `source` (the live database) or `profile` (the last report's). */
  readonly against: 'source' | 'profile';
  readonly score: number;
  readonly parts: Readonly<
    Record<'completeness' | 'uniqueness' | 'validity' | 'distribution' | 'correlation' | 'volume', number>
  >;
  readonly privacyRisk: number | null;
  readonly divergence: number;
  readonly tables: readonly TableReport[];
  /** What it was judged by: quality.min_score, max_privacy_risk and max_divergence of the service. */
  readonly limits: { readonly minScore: number; readonly maxPrivacyRisk: number; readonly maxDivergence: number };
  /** Names of the alerts that these figures call for. */
  readonly alerts: readonly string[];
  /** Of the comparison as a whole. */
  readonly findings: readonly string[];
  readonly seconds: number;
  readonly seed: number;
}

/** A report without its columns: what every service carries along. */
export interface QualitySummary extends Omit<QualityReport, 'tables'> {
  readonly tables: readonly Pick<TableReport, 'name' | 'score' | 'divergence' | 'privacyRisk'>[];
}
