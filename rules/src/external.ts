import { escapeLabelValue, type Matcher } from '@genesis-dr/exporter/contract';

/** Metrics of Prometheus itself and of the node exporter that rules read, with the labels used here. The catalogue has only ours. */
export const externalMetrics = {
  up: ['cluster', 'job', 'instance'],
  ALERTS: [
    'alertname',
    'alertstate',
    'severity',
    'component',
    'system',
    'cluster',
    'service',
    'region',
    'tier',
    'team',
  ],
  node_cpu_seconds_total: ['cluster', 'instance', 'cpu', 'mode'],
  node_memory_MemAvailable_bytes: ['cluster', 'instance'],
  node_memory_MemTotal_bytes: ['cluster', 'instance'],
  node_filesystem_avail_bytes: ['cluster', 'instance', 'device', 'mountpoint', 'fstype'],
  node_filesystem_size_bytes: ['cluster', 'instance', 'device', 'mountpoint', 'fstype'],
  node_filesystem_readonly: ['cluster', 'instance', 'device', 'mountpoint', 'fstype'],
  node_network_up: ['cluster', 'instance', 'device'],
} as const satisfies Record<string, readonly string[]>;

export type ExternalName = keyof typeof externalMetrics;

/** A selector as `metric()` gives it, for a metric that is not ours; unknown names and labels are compile errors. */
export function external<N extends ExternalName>(
  name: N,
  matchers: { readonly [L in (typeof externalMetrics)[N][number]]?: Matcher } = {},
): string {
  const parts = Object.entries<Matcher | undefined>(matchers as Record<string, Matcher | undefined>).flatMap(
    ([label, matcher]) => {
      if (matcher === undefined) return [];
      const [operator, text] = typeof matcher === 'string' ? (['=', matcher] as const) : matcher;
      return [`${label}${operator}"${escapeLabelValue(text)}"`];
    },
  );
  return parts.length === 0 ? name : `${name}{${parts.join(',')}}`;
}
