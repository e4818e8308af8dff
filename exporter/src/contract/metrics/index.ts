import { backupMetrics } from './backup.ts';
import { databaseMetrics } from './database.ts';
import { failoverMetrics } from './failover.ts';
import { scalingMetrics } from './scaling.ts';
import type { Family } from './family.ts';
import { healthMetrics } from './health.ts';
import { httpMetrics } from './http.ts';
import { liveMetrics } from './live.ts';
import { pitrMetrics } from './pitr.ts';
import { plannedMetrics } from './planned.ts';
import { processMetrics } from './process.ts';
import { qualityMetrics } from './quality.ts';
import { readinessMetrics } from './readiness.ts';
import { recoveryMetrics } from './recovery.ts';
import { replicationMetrics } from './replication.ts';
import { selfMetrics } from './self.ts';
import { serviceMetrics } from './service.ts';
import { slaMetrics } from './sla.ts';
import { systemMetrics } from './system.ts';
import { testMetrics } from './tests.ts';

/** By domain, in the order of the page and of the reference. */
export const metricDomains = {
  service: serviceMetrics,
  backup: backupMetrics,
  replication: replicationMetrics,
  database: databaseMetrics,
  pitr: pitrMetrics,
  recovery: recoveryMetrics,
  failover: failoverMetrics,
  scaling: scalingMetrics,
  health: healthMetrics,
  readiness: readinessMetrics,
  tests: testMetrics,
  quality: qualityMetrics,
  sla: slaMetrics,
  system: systemMetrics,
  http: httpMetrics,
  self: selfMetrics,
  live: liveMetrics,
  process: processMetrics,
  planned: plannedMetrics,
} as const satisfies Record<string, Readonly<Record<string, Family>>>;

/** Every metric family that Genesis publishes: name → type, help, labels, unit and how it is read. */
export const metricCatalogue = {
  ...serviceMetrics,
  ...backupMetrics,
  ...replicationMetrics,
  ...databaseMetrics,
  ...pitrMetrics,
  ...recoveryMetrics,
  ...failoverMetrics,
  ...scalingMetrics,
  ...healthMetrics,
  ...readinessMetrics,
  ...testMetrics,
  ...qualityMetrics,
  ...slaMetrics,
  ...systemMetrics,
  ...httpMetrics,
  ...selfMetrics,
  ...liveMetrics,
  ...processMetrics,
  ...plannedMetrics,
} as const satisfies Readonly<Record<string, Family>>;

type Catalogue = typeof metricCatalogue;
export type MetricName = keyof Catalogue;
type HistogramName = { [N in MetricName]: Catalogue[N] extends { readonly type: 'histogram' } ? N : never }[MetricName];

/** What a query can select: a histogram is seen only through its three series. */
export type SeriesName = Exclude<MetricName, HistogramName> | `${HistogramName}_${'bucket' | 'sum' | 'count'}`;

/** Label names of a family or of one of a histogram's series (`le` on buckets). */
export type LabelOf<N extends MetricName | SeriesName> = N extends MetricName
  ? Catalogue[N]['labels'][number]
  : N extends `${infer H extends HistogramName}_bucket`
    ? Catalogue[H]['labels'][number] | 'le'
    : N extends `${infer H extends HistogramName}_${'sum' | 'count'}`
      ? Catalogue[H]['labels'][number]
      : never;

/** Equal to a text, or another PromQL operator with its text. */
export type Matcher = string | readonly ['=' | '!=' | '=~' | '!~', string];

/**
 * A PromQL selector whose metric and label names the compiler checks against the catalogue, so that renaming either breaks the
 * build of every rule and panel: `metric('genesis_backup_total', { result: 'success' })` → `genesis_backup_total{result="success"}`.
 */
export function metric<N extends SeriesName>(name: N, matchers: { readonly [L in LabelOf<N>]?: Matcher } = {}): string {
  const parts = Object.entries<Matcher | undefined>(matchers as Record<string, Matcher | undefined>).flatMap(
    ([label, matcher]) => {
      if (matcher === undefined) return [];
      const [operator, text] = typeof matcher === 'string' ? (['=', matcher] as const) : matcher;
      return [`${label}${operator}"${escapeLabelValue(text)}"`];
    },
  );
  return parts.length === 0 ? name : `${name}{${parts.join(',')}}`;
}

/** Escapes a label value for the text format and for PromQL strings alike: backslash, quote, line feed. */
export function escapeLabelValue(text: string): string {
  return /[\\"\n]/.test(text) ? text.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n') : text;
}

export * from './family.ts';
export * from './reading.ts';
export { authFailureKinds, type AuthFailureKind } from './http.ts';
