import {
  escapeLabelValue,
  metric,
  type LabelOf,
  type Matcher,
  type SeriesName,
  type SlaName,
} from '@genesis-dr/exporter/contract';
import type { Config } from '@genesis-dr/exporter/config';

type Matchers<N extends SeriesName> = { readonly [L in LabelOf<N>]?: Matcher };

/** What makes one service: aggregates keep exactly these, so an exporter restart or a second exporter is no new alert. */
export const serviceKey = ['cluster', 'service'] as const;

/** A PromQL string literal. */
export function quote(text: string): string {
  return `"${escapeLabelValue(text)}"`;
}

/**
 * `max by (cluster, service) (genesis_x{sla="rpo_sla"})`. A metric that is not in the catalogue, or a label that the metric
 * lacks, is a compile error. `range` makes it `max by (…) (max_over_time(genesis_x[10m]))`.
 */
export function maxBy<N extends SeriesName>(
  labels: readonly LabelOf<N>[],
  name: N,
  options: { readonly matchers?: Matchers<N>; readonly range?: string } = {},
): string {
  return aggregate('max', labels, name, options);
}

/** As `maxBy`, with the smallest value. */
export function minBy<N extends SeriesName>(
  labels: readonly LabelOf<N>[],
  name: N,
  options: { readonly matchers?: Matchers<N> } = {},
): string {
  return aggregate('min', labels, name, options);
}

function aggregate<N extends SeriesName>(
  operator: 'max' | 'min',
  labels: readonly LabelOf<N>[],
  name: N,
  options: { readonly matchers?: Matchers<N>; readonly range?: string },
): string {
  const selector = metric(name, options.matchers);
  const vector = options.range === undefined ? selector : `max_over_time(${selector}[${options.range}])`;
  return `${operator} by (${labels.join(', ')}) (${vector})`;
}

/** Alerts on the objective of each service: one rule for all of them, since the threshold is a metric. */
export function slaThreshold(sla: SlaName): string {
  return maxBy(serviceKey, 'genesis_sla_threshold', { matchers: { sla } });
}

/**
 * The scrape targets of the configured exporter. Prometheus itself sets `cluster` on `up` only where the scrape configuration
 * says so; an empty label is therefore ours too.
 */
export function exporterUp(config: Config): string {
  const cluster = `${config.cluster.replace(/[\\^$.|?*+()[\]{}]/g, '\\$&')}|`;
  return `up{job=${quote(config.rules.job)},cluster=~${quote(cluster)}}`;
}

/** Filters an expression about something missing: nothing can be said of it while no exporter answers. */
export function whileExporterUp(expr: string, config: Config): string {
  return `${expr}\nand on () (sum(${exporterUp(config)}) > 0)`;
}
