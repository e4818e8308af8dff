import { metric } from '@genesis-dr/exporter/contract';
import { exporterUp, maxBy, minBy, onService, serviceKey, sumBy, whileExporterUp } from '../expr.ts';
import { recorded } from '../recording/index.ts';
import { aboutService, durationOrNever, keepFiringSeconds, ofService, type Alert } from './alert.ts';

const collectorKey = ['cluster', 'collector'] as const;

/** About Genesis itself. Maintenance windows belong to services and mute none of these. */
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
  {
    name: 'GenesisAuditWriteFailing',
    severity: 'critical',
    component: 'security',
    forSeconds: 120,
    keepFiringForSeconds: keepFiringSeconds,
    expr: () =>
      [
        `${sumBy(['cluster'], 'genesis_audit_write_failures_total', { range: '5m', over: 'increase' })} > 0`,
        `or on (cluster) ${minBy(['cluster'], 'genesis_audit_writable')} == 0`,
      ].join('\n'),
    summary: 'Genesis DR cannot write its audit log (cluster {{ $labels.cluster }})',
    description:
      'Rows of the audit log of cluster {{ $labels.cluster }} could not be written. Until they can, actions are refused, restores too.',
  },
  {
    name: 'GenesisDRServiceMissing',
    severity: 'critical',
    component: 'exporter',
    forSeconds: 600,
    expr: (config) =>
      aboutService(
        whileExporterUp(
          `${recorded('service:genesis_expected:info')} unless ${onService} group by (${serviceKey.join(', ')}) (${metric('genesis_service_info')})`,
          config,
        ),
      ),
    summary: 'The exporter does not know {{ $labels.service }}',
    description: `The rules expect ${ofService}, but the running exporter publishes nothing about it: it runs with another configuration than the rules were generated from, and the service is not protected.`,
  },
  {
    name: 'GenesisDRExporterReplicaDown',
    severity: 'warning',
    component: 'exporter',
    forSeconds: 300,
    addsCluster: true,
    expr: (config) => `min by (job, instance) (${exporterUp(config)}) == 0`,
    summary: 'Genesis DR exporter {{ $labels.instance }} does not answer',
    description:
      'The exporter {{ $labels.instance }} of job {{ $labels.job }} does not answer Prometheus. If it is the only one, GenesisDRExporterDown follows or is there.',
  },
  {
    name: 'GenesisDRConfigReloadFailed',
    severity: 'warning',
    component: 'exporter',
    forSeconds: 300,
    // The largest value of five minutes, so that one lost scrape cannot hide a failure.
    expr: () => `min by (cluster) (max_over_time(${metric('genesis_config_last_reload_successful')}[5m])) == 0`,
    summary: 'Genesis DR runs with an old configuration (cluster {{ $labels.cluster }})',
    description:
      'The configuration file of cluster {{ $labels.cluster }} was faulty when it was last read: the old configuration goes on, and what was changed is not in force.',
  },
  {
    name: 'GenesisDRLabelCollision',
    severity: 'warning',
    component: 'exporter',
    forSeconds: 600,
    addsCluster: true,
    // exported_service is no label of ours: Prometheus makes it when the target has a label `service` and honor_labels is not set.
    expr: () => `count(${metric('genesis_service_info')}{exported_service!=""}) > 0`,
    summary: 'Prometheus renames the labels of Genesis DR',
    description:
      'Prometheus stores `service` of {{ $value }} series as `exported_service`, so that no rule about services matches. The scrape job needs `honor_labels: true`.',
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
