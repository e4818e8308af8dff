import { firing, firingCount } from '../alerts-query.ts';
import type { Board, Row } from '../board.ts';
import { serviceLinks, toBoard, toPlugin } from '../links.ts';
import { grey, limitSteps, noneSteps, panel, readinessSteps, target, value } from '../panel.ts';
import {
  largest,
  linesShown,
  maxBy,
  minBy,
  objective,
  recordedInScope,
  scoped,
  serviceKey,
  shareOf,
  since,
  smallest,
} from '../query.ts';
import { recorded } from '../records.ts';
import { health } from './health-row.ts';

const score = minBy(serviceKey, 'genesis_dr_readiness_score');
const backupAge = since(serviceKey, 'genesis_backup_last_success_timestamp_seconds');
const rpo = maxBy(serviceKey, 'genesis_rpo_seconds');
const rto = maxBy(serviceKey, 'genesis_rto_seconds');
const lag = maxBy(serviceKey, 'genesis_replication_lag_seconds');
const lastDrill = since(serviceKey, 'genesis_dr_test_last_run_timestamp_seconds');
// A drill that failed proves nothing: the objective counts those that passed.
const lastPassed = since(serviceKey, 'genesis_dr_test_last_success_timestamp_seconds');

// Only while the exporter tells of the service: of what it does not say anything about, nothing is known.
const expected = recordedInScope('service:genesis_expected:info');

// 1 while an operation runs on the service, else 0.
const busy = `${maxBy(serviceKey, 'genesis_service_operation_running')} or on (cluster, service) 0 * group by (cluster, service) (${scoped('genesis_service_info')})`;

const summary: Row = {
  title: 'Could we recover right now?',
  panels: [
    panel.gauge(
      'DR Readiness',
      'percentunit',
      'Readiness of the least ready service: earned over total weight of its checks, where unknown earns nothing. Green above 80 %, yellow above 60 %, red below.',
      value(`min(${scoped('genesis_dr_readiness_score')})`, 'least ready'),
      { min: 0, max: 1, steps: readinessSteps, noValue: 'unknown', width: 8, height: 9 },
    ),
    panel.stat(
      'Services',
      'none',
      'Configured services in the chosen scope.',
      value(`count(group by (cluster, service) (${scoped('genesis_service_info')}))`, 'services'),
      { width: 4, height: 3 },
    ),
    panel.stat(
      'Not ready enough',
      'none',
      'Services whose readiness is below their readiness_sla.',
      value(`sum(${score} < bool on (cluster, service) ${objective('readiness_sla')})`, 'services'),
      { width: 4, height: 3, steps: noneSteps },
    ),
    panel.stat(
      'Never backed up',
      'none',
      'Configured services whose repository never held a usable backup: nothing could be restored.',
      value(
        `count(${expected}) - (count(${expected} and on (cluster, service) ${scoped('genesis_backup_last_success_timestamp_seconds')}) or on () vector(0))`,
        'services',
      ),
      { width: 4, height: 3, steps: noneSteps },
    ),
    panel.stat(
      'Critical alerts',
      'none',
      'Critical alerts that fire now. Without the always firing Watchdog nothing is known, and nothing is shown.',
      value(firingCount({ severity: 'critical' }), 'alerts'),
      { width: 4, height: 3, steps: noneSteps, noValue: 'rules are not evaluated' },
    ),
    panel.stat(
      'Warnings',
      'none',
      'Warnings that fire now. Without the always firing Watchdog nothing is known, and nothing is shown.',
      value(firingCount({ severity: 'warning' }), 'alerts'),
      { width: 4, height: 3, noValue: 'rules are not evaluated' },
    ),
    panel.stat(
      'In maintenance',
      'none',
      'Services with an open maintenance window: their alerts are muted.',
      value(`sum(${maxBy(serviceKey, 'genesis_maintenance_active')})`, 'services'),
      { width: 4, height: 3 },
    ),
    panel.stat(
      'Oldest last backup',
      's',
      'Age of the newest usable backup of the service that is worst off.',
      value(`max(${backupAge})`, 'age'),
      { width: 4, height: 3, noValue: 'no backup known' },
    ),
    panel.stat('Largest RPO', 's', 'Most data that would be lost now, as time.', value(`max(${rpo})`, 'RPO'), {
      width: 4,
      height: 3,
    }),
    panel.stat(
      'Longest RTO',
      's',
      'Longest recovery time that the last passed drills measured.',
      value(`max(${rto})`, 'RTO'),
      {
        width: 4,
        height: 3,
        noValue: 'no drill known',
      },
    ),
    panel.stat('Largest copy lag', 's', 'Copy or replica that is furthest behind.', value(`max(${lag})`, 'lag'), {
      width: 4,
      height: 3,
      noValue: 'no copy seen',
    }),
    panel.stat(
      'Longest undrilled',
      's',
      'Longest time since a service was last drilled.',
      value(`max(${lastDrill})`, 'age'),
      {
        width: 4,
        height: 3,
        noValue: 'no drill known',
      },
    ),
    panel.stat(
      'Running operations',
      'none',
      'Operations that run or wait now.',
      value(`sum(${maxBy(['cluster', 'action'], 'genesis_operations_active')})`, 'operations'),
      { width: 4, height: 3 },
    ),
  ],
};

const services: Row = {
  title: 'Services',
  panels: [
    panel.table(
      'Services against their objectives',
      'One row a service. RPO, RTO, backup age and lag are shares of what was promised: 100 % is the limit. Click a service for its boards and for what can be done.',
      serviceKey,
      [
        { title: 'Readiness', expr: score, unit: 'percentunit', steps: readinessSteps },
        {
          title: 'Backup age of SLA',
          expr: shareOf(backupAge, objective('backup_sla')),
          unit: 'percentunit',
          steps: limitSteps,
          links: [toBoard('Backups', 'backup-status', 'row'), toPlugin('Back up now', 'backups', 'row')],
        },
        {
          title: 'RPO of target',
          expr: shareOf(rpo, maxBy(serviceKey, 'genesis_rpo_target_seconds')),
          unit: 'percentunit',
          steps: limitSteps,
          links: [toBoard('Recovery', 'recovery', 'row')],
        },
        {
          title: 'RTO of target',
          noValue: 'never measured',
          expr: shareOf(rto, maxBy(serviceKey, 'genesis_rto_target_seconds')),
          unit: 'percentunit',
          steps: limitSteps,
          links: [toBoard('Recovery', 'recovery', 'row')],
        },
        {
          title: 'Lag of SLA',
          expr: shareOf(lag, objective('replication_sla')),
          unit: 'percentunit',
          steps: limitSteps,
          links: [toBoard('Replication', 'replication', 'row')],
        },
        {
          title: 'Drill age of SLA',
          noValue: 'never passed',
          expr: shareOf(lastPassed, objective('test_frequency_sla')),
          unit: 'percentunit',
          steps: limitSteps,
          links: [toBoard('Drills', 'dr-tests', 'row'), toPlugin('Drill now', 'drills', 'row')],
        },
      ],
      { keyLinks: { service: serviceLinks('row') }, noValue: 'unknown' },
    ),
    panel.table(
      'Readiness by component',
      'What the readiness of each service consists of. Click a component for its board.',
      serviceKey,
      (
        [
          ['backup', 'backup-status'],
          ['replication', 'replication'],
          ['recovery', 'recovery'],
          ['testing', 'dr-tests'],
          ['security', 'exporter'],
          ['operations', 'exporter'],
        ] as const
      ).map(([component, uid]) => ({
        title: component,
        expr: minBy(serviceKey, 'genesis_dr_component_score', { component }),
        unit: 'percentunit' as const,
        steps: readinessSteps,
        links: [toBoard(`Look at ${component}`, uid, 'row')],
      })),
      { keyLinks: { service: serviceLinks('row') }, noValue: 'unknown' },
    ),
  ],
};

const readiness: Row = {
  title: 'Readiness over time',
  panels: [
    panel.stateTimeline(
      'Readiness of each service',
      'percentunit',
      `The ${linesShown} least ready services of each moment: green above 80 %, yellow above 60 %, red below. A gap means that nothing was known.`,
      value(smallest(linesShown, score), '{{service}}'),
      { steps: readinessSteps, min: 0, max: 1, links: serviceLinks('line'), height: 6 },
    ),
    panel.heatmap(
      'Component readiness heatmap',
      'percentunit',
      'Worst score of each component over the chosen services: red 0, green 1.',
      value(minBy(['component'], 'genesis_dr_component_score'), '{{component}}'),
      { width: 12, min: 0, max: 1 },
    ),
    panel.timeseries(
      'Readiness score and its objective',
      'percentunit',
      `The ${linesShown} least ready services, and what was promised (the highest readiness_sla among them).`,
      [
        value(smallest(linesShown, score), '{{service}}'),
        target(`max(${objective('readiness_sla')})`, 'readiness_sla'),
      ],
      { min: 0, max: 1, links: serviceLinks('line') },
    ),
    panel.stateTimeline(
      'Operations on services',
      'none',
      'When an operation ran on a service, and which; idle is said only of services that the exporter tells of.',
      [
        value(largest(linesShown, busy), '{{service}}'),
        value(maxBy(['cluster', 'service', 'action'], 'genesis_service_operation_running'), '{{service}} {{action}}'),
      ],
      {
        width: 12,
        words: { '1': { text: 'running', color: 'blue' }, '0': { text: 'idle', color: grey } },
        links: serviceLinks('line'),
        noValue: 'nothing known',
      },
    ),
    panel.timeseries(
      'Readiness checks by state',
      'none',
      'Checks that passed, failed, or whose answer is unknown.',
      value(`sum by (state) (${maxBy(['cluster', 'service', 'state'], 'genesis_dr_readiness_checks')})`, '{{state}}'),
      { stacked: true, min: 0 },
    ),
  ],
};

const promises: Row = {
  title: 'Promises and alerts',
  panels: [
    panel.timeseries(
      'Services that keep their objectives',
      'percentunit',
      'Share of the services whose 30 day compliance reaches what was promised, by objective.',
      value(recorded('sla:genesis_services_compliant:ratio'), '{{sla}}'),
      { min: 0, max: 1, noValue: 'not yet known' },
    ),
    panel.table(
      'Firing alerts',
      'Alerts of Genesis that fire now, also those about no single service.',
      ['alertname', 'severity', 'cluster', 'service', 'region', 'component'],
      [
        {
          title: 'Series',
          expr: `count by (alertname, severity, cluster, service, region, component) (${firing({ severity: 'critical|warning' })})`,
          unit: 'none',
        },
      ],
      { width: 12, height: 9, keyLinks: { service: serviceLinks('row') }, noValue: 'none seen' },
    ),
  ],
};

export const overview: Board = {
  uid: 'dr-overview',
  title: 'DR Overview',
  description: 'Could every service be recovered right now, and which one needs somebody first?',
  range: '24h',
  refresh: '30s',
  scope: ['cluster', 'region', 'service'],
  page: 'overview',
  rows: [summary, services, readiness, health, promises],
};
