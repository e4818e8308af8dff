import { firing } from '../alerts-query.ts';
import type { Board, Row } from '../board.ts';
import { serviceLinks } from '../links.ts';
import { countdownSteps, keptOrBroken, limitSteps, panel, target, value } from '../panel.ts';
import { increaseBy, largest, linesShown, maxBy, recordedInScope, serviceKey, shareOf, smallest } from '../query.ts';
import type { RecordName } from '../records.ts';
import { failovers } from './failover-row.ts';

const rpo = maxBy(serviceKey, 'genesis_rpo_seconds');
const rto = maxBy(serviceKey, 'genesis_rto_seconds');
const rpoTarget = maxBy(serviceKey, 'genesis_rpo_target_seconds');
const rtoTarget = maxBy(serviceKey, 'genesis_rto_target_seconds');
const links = serviceLinks('line');
const serviceSla = ['cluster', 'service', 'sla'] as const;

/** One row of a table: recorded series keep their name, which would keep columns apart. */
function bySla(name: RecordName): string {
  return `max by (cluster, service, sla) (${recordedInScope(name)})`;
}

const now: Row = {
  title: 'RTO and RPO against their targets',
  panels: [
    panel.gauge(
      'RPO of target',
      'percentunit',
      'Largest share of its RPO target that a service has used up: 100 % is the limit.',
      value(`max(${shareOf(rpo, rpoTarget)})`, 'of target'),
      { min: 0, max: 1.5, steps: limitSteps, width: 4 },
    ),
    panel.gauge(
      'RTO of target',
      'percentunit',
      'Largest share of its RTO target that a service would need, as its last passed drill measured it: 100 % is the limit.',
      value(`max(${shareOf(rto, rtoTarget)})`, 'of target'),
      { min: 0, max: 1.5, steps: limitSteps, noValue: 'no drill known', width: 4 },
    ),
    panel.table(
      'Current against target',
      'What would be lost and how long recovery would take now, beside what was promised.',
      serviceKey,
      [
        { title: 'RPO', expr: rpo, unit: 's' },
        { title: 'RPO target', expr: rpoTarget, unit: 's' },
        { title: 'RPO of target', expr: shareOf(rpo, rpoTarget), unit: 'percentunit', steps: limitSteps },
        { title: 'RTO', expr: rto, unit: 's', noValue: 'never measured' },
        { title: 'RTO target', expr: rtoTarget, unit: 's' },
        {
          title: 'RTO of target',
          expr: shareOf(rto, rtoTarget),
          unit: 'percentunit',
          steps: limitSteps,
          noValue: 'never measured',
        },
      ],
      { width: 16, height: 7, keyLinks: { service: serviceLinks('row') }, noValue: 'unknown' },
    ),
    panel.timeseries(
      'RPO current and target',
      's',
      `Age of the newest state that can be restored: the ${linesShown} oldest of each moment, and the tightest target.`,
      [value(largest(linesShown, rpo), '{{service}}'), target(`min(${rpoTarget})`, 'RPO')],
      { links, min: 0 },
    ),
    panel.timeseries(
      'RTO current and target',
      's',
      `Recovery time as the last passed drill measured it: the ${linesShown} longest, and the tightest target.`,
      [value(largest(linesShown, rto), '{{service}}'), target(`min(${rtoTarget})`, 'RTO')],
      { links, min: 0, noValue: 'no drill known' },
    ),
  ],
};

const compliance: Row = {
  title: 'Compliance',
  panels: [
    panel.table(
      'Historical compliance',
      'Share of the last 30 days in which each objective held, always beside its coverage: how much of the 30 days is known at all.',
      serviceSla,
      [
        {
          title: 'Compliance',
          expr: bySla('service_sla:genesis_sla_ok:avg30d'),
          unit: 'percentunit',
          decimals: 2,
        },
        {
          title: 'Objective',
          expr: bySla('service_sla:genesis_sla_objective:ratio'),
          unit: 'percentunit',
          decimals: 2,
        },
        {
          title: 'Coverage of 30 days',
          expr: bySla('service_sla:genesis_sla_coverage:ratio30d'),
          unit: 'percentunit',
          decimals: 2,
        },
        {
          title: 'Error budget left',
          expr: bySla('service_sla:genesis_sla_error_budget_remaining:ratio30d'),
          unit: 'percentunit',
          steps: countdownSteps,
        },
      ],
      { keyLinks: { service: serviceLinks('row') }, noValue: 'not yet known', height: 8 },
    ),
    panel.stateTimeline(
      'Objectives kept',
      'none',
      'Whether each objective of each service held, minute by minute. A gap means that nothing was known.',
      value(smallest(40, recordedInScope('service_sla:genesis_sla_ok:bool')), '{{service}} {{sla}}'),
      { words: keptOrBroken, links, height: 9, noValue: 'not yet known' },
    ),
    panel.timeseries(
      'Compliance over 30 days',
      'percentunit',
      `Share of the 30 days before each moment in which the objective held: the ${linesShown} lowest.`,
      value(smallest(linesShown, recordedInScope('service_sla:genesis_sla_ok:avg30d')), '{{service}} {{sla}}'),
      { links, max: 1, noValue: 'not yet known' },
    ),
    panel.timeseries(
      'Coverage of the 30 days',
      'percentunit',
      'How much of the 30 days is known: compliance says nothing about the rest.',
      value(smallest(linesShown, recordedInScope('service_sla:genesis_sla_coverage:ratio30d')), '{{service}} {{sla}}'),
      { links, min: 0, max: 1, noValue: 'not yet known' },
    ),
    panel.timeseries(
      'Error budget left',
      'percentunit',
      'What is left of the time in which an objective may be broken; below zero the promise of 30 days is broken.',
      value(
        smallest(linesShown, recordedInScope('service_sla:genesis_sla_error_budget_remaining:ratio30d')),
        '{{service}} {{sla}}',
      ),
      { links, max: 1, noValue: 'not yet known' },
    ),
    panel.timeseries(
      'Error ratio of the last hours',
      'percentunit',
      `Share of the last hour, and of the last six, in which the objective was broken: the ${linesShown} highest of each.`,
      [
        value(largest(linesShown, recordedInScope('service_sla:genesis_sla_error:ratio1h')), '{{service}} {{sla}} 1 h'),
        value(largest(linesShown, recordedInScope('service_sla:genesis_sla_error:ratio6h')), '{{service}} {{sla}} 6 h'),
      ],
      { links, min: 0, max: 1, noValue: 'not yet known' },
    ),
    panel.table(
      'Violation alerts',
      'Alerts about broken or endangered recovery objectives that fire now.',
      ['alertname', 'severity', 'cluster', 'service', 'sla'],
      [
        {
          title: 'Series',
          expr: `count by (alertname, severity, cluster, service, sla) (${firing({ alertname: 'RPOViolation|GenesisRTOViolation|GenesisSLABudget.*|GenesisBackupSLAViolation|BackupTooOld|HighReplicationLag|LowDRReadiness|DRTestOverdue' })})`,
          unit: 'none',
        },
      ],
      { width: 12, height: 9, keyLinks: { service: serviceLinks('row') }, noValue: 'none seen' },
    ),
    panel.timeseries(
      'Violation alerts over time',
      'none',
      'Alerts about recovery objectives, by name, while they fired.',
      value(
        `count by (alertname) (${firing({ alertname: 'RPOViolation|GenesisRTOViolation|GenesisSLABudget.*|GenesisBackupSLAViolation|BackupTooOld|HighReplicationLag|LowDRReadiness|DRTestOverdue' })})`,
        '{{alertname}}',
      ),
      { min: 0, stacked: true, bad: true, noValue: 'none seen' },
    ),
  ],
};

const restores: Row = {
  title: 'Restores',
  panels: [
    panel.bars(
      'Restores by result',
      'none',
      'Restores that ended; drills are not counted.',
      value(
        `sum by (result) (${increaseBy(['cluster', 'service', 'result'], 'genesis_recovery_total', '$__rate_interval')})`,
        '{{result}}',
      ),
      { min: 0 },
    ),
    panel.timeseries(
      'Average recovery time',
      's',
      'Mean time of the restores of the last 30 days that Prometheus saw end; nothing where there was none.',
      value(
        `${increaseBy(serviceKey, 'genesis_recovery_duration_seconds_sum', '30d')} / on (cluster, service) (${increaseBy(serviceKey, 'genesis_recovery_duration_seconds_count', '30d')} > 0)`,
        '{{service}}',
      ),
      { links, min: 0, noValue: 'none seen in thirty days' },
    ),
    panel.durations(
      'Restore durations',
      's',
      'Distribution of how long restores took; drills are not counted.',
      value(
        `sum by (le) (${increaseBy(['cluster', 'service', 'le'], 'genesis_recovery_duration_seconds_bucket', '$__rate_interval')})`,
        '{{le}}',
      ),
      { width: 24 },
    ),
  ],
};

export const recovery: Board = {
  uid: 'recovery',
  title: 'Recovery Metrics',
  description: 'How much would be lost, how long would recovery take, and were the promises kept?',
  range: '7d',
  refresh: '1m',
  scope: ['cluster', 'region', 'service'],
  page: 'recovery',
  rows: [now, compliance, restores, failovers],
};
