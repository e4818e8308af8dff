import {
  metric,
  type LabelOf,
  type Matcher,
  type MetricName,
  type SeriesName,
  type SlaName,
} from '@genesis-dr/exporter/contract';
import type { Config } from '@genesis-dr/exporter/config';
import { external } from './external.ts';

export type Matchers<N extends SeriesName> = { readonly [L in LabelOf<N>]?: Matcher };
interface Selection<N extends SeriesName> {
  readonly matchers?: Matchers<N>;
  /** `range` and `over` make it `max by (…) (last_over_time(genesis_x[10m]))`; `over` is max_over_time when only `range` is given. */
  readonly range?: string;
  readonly over?: 'max_over_time' | 'last_over_time' | 'increase' | 'rate' | 'changes' | 'delta' | 'deriv';
}

/** What makes one service: aggregates keep exactly these, so an exporter restart or a second exporter is no new alert. */
export const serviceKey = ['cluster', 'service'] as const;
/** One objective of one service. */
export const slaKey = ['cluster', 'service', 'sla'] as const;

/** `on (cluster, service)`: how two expressions about services are matched. */
export const onService = `on (${serviceKey.join(', ')})`;
export const onSla = `on (${slaKey.join(', ')})`;

/**
 * How long a fact outlives its series: a missed scrape or a restart of the exporter must neither end an alert nor change its labels.
 * Prometheus marks the series of a target that does not answer as gone at once.
 */
export const gap = '10m';

type Operator = 'max' | 'min' | 'sum' | 'group' | 'count';

/**
 * `max by (cluster, service) (genesis_x{sla="rpo_sla"})`. A metric that is not in the catalogue, or a label that the metric
 * lacks, is a compile error.
 */
export function aggregate<N extends SeriesName>(
  operator: Operator,
  labels: readonly LabelOf<N>[],
  name: N,
  options: Selection<N> = {},
): string {
  const selector = metric(name, options.matchers);
  const vector =
    options.range === undefined ? selector : `${options.over ?? 'max_over_time'}(${selector}[${options.range}])`;
  return `${operator} by (${labels.join(', ')}) (${vector})`;
}

/** `aggregate` with the largest value. */
export function maxBy<N extends SeriesName>(labels: readonly LabelOf<N>[], name: N, options?: Selection<N>): string {
  return aggregate('max', labels, name, options);
}

/** `aggregate` with the smallest value. */
export function minBy<N extends SeriesName>(labels: readonly LabelOf<N>[], name: N, options?: Selection<N>): string {
  return aggregate('min', labels, name, options);
}

/** `aggregate` with the sum. */
export function sumBy<N extends SeriesName>(labels: readonly LabelOf<N>[], name: N, options?: Selection<N>): string {
  return aggregate('sum', labels, name, options);
}

/** The newest value of a state within `gap`, so that a missed scrape does not end what is alerted on it. */
export function lastMaxBy<N extends SeriesName & MetricName>(labels: readonly LabelOf<N>[], name: N): string {
  return aggregate('max', labels, name, { range: gap, over: 'last_over_time' });
}

/** Where the objectives of each service are recorded: many rules read them, and over ten minutes that is not cheap. */
export const slaThresholdRecord = 'service_sla:genesis_sla_threshold:max';

/** The objective of each service: one rule serves all of them, since the threshold is a metric. */
export function slaThreshold(sla: SlaName): string {
  return `${slaThresholdRecord}{sla=${JSON.stringify(sla)}}`;
}

/** Matches the configured cluster. Prometheus itself sets `cluster` only where the scrape configuration says so; an empty one is ours too. */
export function ownCluster(config: Config): Matcher {
  return ['=~', `${config.cluster.replace(/[\\^$.|?*+()[\]{}]/g, '\\$&')}|`];
}

/** The scrape targets of the configured exporter. */
export function exporterUp(config: Config): string {
  return external('up', { job: config.rules.job, cluster: ownCluster(config) });
}

/** Filters an expression about something missing: nothing can be said of it while no exporter answers. */
export function whileExporterUp(expr: string, config: Config): string {
  return `${expr}\nand on () (sum(${exporterUp(config)}) > 0)`;
}
