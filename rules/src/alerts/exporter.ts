import { exporterUp, maxBy } from '../expr.ts';
import { durationOrNever, type Alert } from './alert.ts';

const collectorKey = ['cluster', 'collector'] as const;

export const exporterAlerts: readonly Alert[] = [
  {
    name: 'GenesisDRExporterDown',
    severity: 'critical',
    component: 'exporter',
    forSeconds: 120,
    addsCluster: true,
    // absent() carries only the labels of its equality matchers, hence the constant cluster label.
    expr: (config) => `sum by (job) (${exporterUp(config)}) == 0\nor absent(${exporterUp(config)})`,
    summary: 'Genesis DR exporter is down',
    description:
      'No exporter of job {{ $labels.job }} answers Prometheus. Backups may still run, but nothing about them is known, and every other Genesis DR alert is blind until it answers again.',
  },
  {
    name: 'GenesisDRCollectorStalled',
    severity: 'critical',
    component: 'exporter',
    forSeconds: 60,
    expr: () => {
      const interval = maxBy(collectorKey, 'genesis_collector_interval_seconds');
      const lastSuccess = maxBy(collectorKey, 'genesis_collector_last_success_timestamp_seconds');
      const uptime = maxBy(['cluster'], 'genesis_uptime_seconds');
      const key = `on (${collectorKey.join(', ')})`;
      // "Never" counts only once the exporter has had three intervals for it: the first reading may take its time.
      return [
        `time() - ${lastSuccess} > ${key} 3 * ${interval}`,
        `or ${key} (3 * ${interval} < on (cluster) group_left () ${uptime} unless ${key} ${lastSuccess}) * +Inf`,
      ].join('\n');
    },
    summary: 'Genesis DR collector {{ $labels.collector }} has stalled',
    description: durationOrNever(
      'Collector {{ $labels.collector }} of cluster {{ $labels.cluster }} has never succeeded: what it reads is unknown.',
      'Collector {{ $labels.collector }} of cluster {{ $labels.cluster }} last succeeded {{ $value | humanizeDuration }} ago, more than three of its intervals: what it reads is out of date.',
    ),
  },
];

/** Stands last: it says that rules, Prometheus and Alertmanager work, by never falling silent. */
export const watchdogAlerts: readonly Alert[] = [
  {
    name: 'GenesisDRWatchdog',
    severity: 'none',
    component: 'exporter',
    forSeconds: 0,
    addsCluster: true,
    expr: () => 'vector(1)',
    summary: 'Genesis DR alerting works',
    description:
      "Always fires. A dead man's switch outside the cluster should call for help when it no longer arrives.",
  },
];
