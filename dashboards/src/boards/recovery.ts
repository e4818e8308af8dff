import { firing } from '../alerts-query.ts';
import type { Board, Row } from '../board.ts';
import { serviceLinks } from '../links.ts';
import { countdownSteps, keptOrBroken, limitSteps, panel, target, value } from '../panel.ts';
import {
  increaseBy,
  largest,
  linesShown,
  maxBy,
  minBy,
  recordedInScope,
  serviceKey,
  shareOf,
  smallest,
} from '../query.ts';

const rpo = maxBy(serviceKey, 'genesis_rpo_seconds');
const rto = maxBy(serviceKey, 'genesis_rto_seconds');
const rpoTarget = maxBy(serviceKey, 'genesis_rpo_target_seconds');
const rtoTarget = maxBy(serviceKey, 'genesis_rto_target_seconds');
const links = serviceLinks('line');
const serviceSla = ['cluster', 'service', 'sla'] as const;

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
      { min: 0, max: 1.5, steps: limitSteps, noValue: 'never measured', width: 4 },
    ),
    panel.table(
      'Current against target',
      'What would be lost and how long recovery would take now, beside what was promised.',
      serviceKey,
      [
        { title: 'RPO', expr: rpo, unit: 's' },
        { title: 'RPO target', expr: rpoTarget, unit: 's' },
        { title: 'RPO of target', expr: shareOf(rpo, rpoTarget), unit: 'percentunit', steps: limitSteps },
        { title: 'RTO', expr: rto, unit: 's' },
        { title: 'RTO target', expr: rtoTarget, unit: 's' },
        { title: 'RTO of target', expr: shareOf(rto, rtoTarget), unit: 'percentunit', steps: limitSteps },
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
      { links, min: 0, noValue: 'never measured' },
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
        { title: 'Compliance', expr: recordedInScope('service_sla:genesis_sla_ok:avg30d'), unit: 'percentunit' },
        { title: 'Objective', expr: recordedInScope('service_sla:genesis_sla_objective:ratio'), unit: 'percentunit' },
        { title: 'Coverage', expr: recordedInScope('service_sla:genesis_sla_coverage:ratio30d'), unit: 'percentunit' },
        {
          title: 'Error budget left',
          expr: recordedInScope('service_sla:genesis_sla_error_budget_remaining:ratio30d'),
          unit: 'percentunit',
          steps: countdownSteps,
        },
      ],
      { keyLinks: { service: serviceLinks('row') }, noValue: 'not yet known' },
    ),
    panel.stateTimeline(
      'Objectives kept',
      'none',
      'Whether each objective of each service held, minute by minute. A gap means that nothing was known.',
      value(smallest(40, recordedInScope('service_sla:genesis_sla_ok:bool')), '{{service}} {{sla}}'),
      { words: keptOrBroken, links, height: 10 },
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
      { links, min: 0, max: 1 },
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
      { width: 12, height: 8, keyLinks: { service: serviceLinks('row') }, noValue: 'none' },
    ),
    panel.timeseries(
      'Violation alerts over time',
      'none',
      'Alerts about recovery objectives, by name, while they fired.',
      value(
        `count by (alertname) (${firing({ alertname: 'RPOViolation|GenesisRTOViolation|GenesisSLABudget.*|GenesisBackupSLAViolation|BackupTooOld|HighReplicationLag|LowDRReadiness|DRTestOverdue' })})`,
        '{{alertname}}',
      ),
      { min: 0, stacked: true, noValue: 'none' },
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
      'Mean time of the restores of the last 30 days; nothing where there was none.',
      value(
        `${increaseBy(serviceKey, 'genesis_recovery_duration_seconds_sum', '30d')} / on (cluster, service) (${increaseBy(serviceKey, 'genesis_recovery_duration_seconds_count', '30d')} > 0)`,
        '{{service}}',
      ),
      { links, min: 0, noValue: 'no restore' },
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

const byNode = ['cluster', 'service', 'node'] as const;
const failovers: Row = {
  title: 'Failover',
  panels: [
    panel.timeseries(
      'Failovers a week',
      'none',
      'Failovers and switchovers of the seven days before each moment, by result.',
      value(increaseBy(['cluster', 'service', 'result'], 'genesis_failover_total', '7d'), '{{service}} {{result}}'),
      { links, min: 0, noValue: 'none yet' },
    ),
    panel.durations(
      'Failover durations',
      's',
      'Distribution of the time from the decision to a primary that answers.',
      value(
        `sum by (le) (${increaseBy(['cluster', 'service', 'le'], 'genesis_failover_duration_seconds_bucket', '$__rate_interval')})`,
        '{{le}}',
      ),
      { noValue: 'none yet' },
    ),
    panel.stateTimeline(
      'Nodes',
      'none',
      'Whether each node answers its health checks.',
      value(minBy(byNode, 'genesis_node_up'), '{{service}} {{node}}'),
      {
        width: 12,
        words: { '1': { text: 'up', color: 'green' }, '0': { text: 'down', color: 'red' } },
        links,
        noValue: 'no nodes',
      },
    ),
    panel.stateTimeline(
      'Primary',
      'none',
      'Which node is the primary: two at a time are a split brain.',
      value(maxBy(byNode, 'genesis_node_role', { role: 'primary' }), '{{service}} {{node}}'),
      {
        width: 12,
        words: { '1': { text: 'primary', color: 'blue' }, '0': { text: 'not primary', color: 'text' } },
        links,
        noValue: 'no nodes',
      },
    ),
    panel.timeseries(
      'Failover candidates',
      'none',
      'Nodes that could take over now; none means that the next failure is an outage.',
      value(`sum by (cluster, service) (${maxBy(byNode, 'genesis_failover_candidate_healthy')})`, '{{service}}'),
      { links, min: 0, noValue: 'no nodes' },
    ),
    panel.stateTimeline(
      'Circuit breakers open',
      'none',
      'Whether the circuit breaker of the service is open: automatic failover is held.',
      value(maxBy(serviceKey, 'genesis_circuit_breaker_state', { state: 'open' }), '{{service}}'),
      {
        width: 12,
        words: { '1': { text: 'open', color: 'red' }, '0': { text: 'closed', color: 'green' } },
        links,
        noValue: 'no circuit breaker',
      },
    ),
    panel.bars(
      'Circuit breaker changes',
      'none',
      'Changes of circuit breakers, by the state that they changed into.',
      value(
        `sum by (state) (${increaseBy(['cluster', 'service', 'state'], 'genesis_circuit_breaker_transitions_total', '$__rate_interval')})`,
        '{{state}}',
      ),
      { min: 0, noValue: 'no circuit breaker' },
    ),
    panel.table(
      'Open incidents',
      'Incidents that are not closed.',
      ['cluster', 'service', 'severity'],
      [
        {
          title: 'Incidents',
          expr: maxBy(['cluster', 'service', 'severity'], 'genesis_incidents_open'),
          unit: 'none',
        },
      ],
      { width: 12, height: 8, keyLinks: { service: serviceLinks('row') }, noValue: 'no data' },
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
