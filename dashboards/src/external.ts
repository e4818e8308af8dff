import { escapeLabelValue, metric, type MetricName } from '@genesis-dr/exporter/contract';
import type { BoardContext } from './board.ts';

/** Labels that Prometheus gives to whatever it scrapes. */
export const targetLabels = ['job', 'instance', 'cluster'] as const;

/** Series that others make: Prometheus itself and the node exporter, with the labels that panels use. */
export const externalLabels = {
  ALERTS: ['alertname', 'alertstate', 'severity', 'component', 'system', 'cluster', 'service', 'region', 'sla'],
  up: [],
  scrape_duration_seconds: [],
  scrape_samples_scraped: [],
  node_cpu_seconds_total: ['mode'],
  node_memory_MemAvailable_bytes: [],
  node_memory_MemTotal_bytes: [],
  node_filesystem_avail_bytes: ['mountpoint', 'fstype'],
  node_filesystem_size_bytes: ['mountpoint', 'fstype'],
  node_network_receive_bytes_total: ['device'],
  node_network_transmit_bytes_total: ['device'],
  node_disk_read_bytes_total: ['device'],
  node_disk_written_bytes_total: ['device'],
} as const satisfies Readonly<Record<string, readonly string[]>>;
export type ExternalName = keyof typeof externalLabels;

type ProcessName = Extract<MetricName, `process_${string}` | `nodejs_eventloop_${string}`>;

/** What is known of the exporter as a target: every scrape gives one sample. An empty cluster label is ours too. */
export function ofExporter(
  name: 'up' | 'scrape_duration_seconds' | 'scrape_samples_scraped',
  context: BoardContext,
): string {
  return `${name}${own(context)}`;
}

/** A metric of the exporter's own process: other programs publish the same names, so the job tells it apart. */
export function ofProcess(
  name: ProcessName | `nodejs_gc_duration_seconds_${'sum' | 'count'}`,
  context: BoardContext,
): string {
  return `${metric(name)}${own(context)}`;
}

function own(context: BoardContext): string {
  return `{job="${escapeLabelValue(context.job)}",cluster=~"$cluster|"}`;
}

/** A series of the node exporter, `matchers` as they stand in PromQL. */
export function node(name: Extract<ExternalName, `node_${string}`>, matchers = ''): string {
  return matchers === '' ? name : `${name}{${matchers}}`;
}
