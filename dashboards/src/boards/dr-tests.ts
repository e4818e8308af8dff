import type { Board, Row } from '../board.ts';
import { serviceLinks } from '../links.ts';
import { allSteps, countdownSteps, limitSteps, noneSteps, panel, passedOrFailed, target, value } from '../panel.ts';
import {
  increaseBy,
  largest,
  linesShown,
  maxBy,
  minBy,
  objective,
  scoped,
  serviceKey,
  shareOf,
  since,
  smallest,
} from '../query.ts';

const lastRun = since(serviceKey, 'genesis_dr_test_last_run_timestamp_seconds');
// A drill that failed proves nothing: the objective counts those that passed.
const lastPassed = since(serviceKey, 'genesis_dr_test_last_success_timestamp_seconds');
const byType = ['cluster', 'service', 'test_type'] as const;
const figure = { width: 6 } as const;
const links = serviceLinks('line');

const now: Row = {
  title: 'Now',
  panels: [
    panel.gauge(
      'Success rate',
      'percentunit',
      'Share of the last hundred drills that passed, of the service where it is lowest. It comes from the journal of Genesis, so it counts drills that ended before Prometheus first looked.',
      value(`min(${minBy(byType, 'genesis_dr_test_success_ratio')})`, 'passed'),
      { min: 0, max: 1, steps: allSteps, noValue: 'no drill known', height: 8 },
    ),
    panel.stat(
      'Time since last test',
      's',
      'Time since a drill of the service that waits longest.',
      value(`max(${lastRun})`, 'since'),
      { ...figure, noValue: 'no drill known' },
    ),
    panel.stat(
      'Drills in 30 days',
      'none',
      'Drills that ended in the last 30 days, as far as Prometheus saw it: what ended before its first look is not counted.',
      value(`sum(${increaseBy(serviceKey, 'genesis_dr_test_total', '30d')})`, 'drills'),
      { ...figure, decimals: 0 },
    ),
    panel.stat(
      'Last drill failed',
      'none',
      'Services whose last drill failed; stays until one passes.',
      value(`sum(1 - ${minBy(byType, 'genesis_dr_test_last_status')})`, 'services'),
      { ...figure, steps: noneSteps, noValue: 'no drill known' },
    ),
    panel.stat(
      'Never tested',
      'none',
      'Configured services of which no drill ever ran.',
      value(
        `count(${service()}) - (count(${service()} and on (cluster, service) ${scoped('genesis_dr_test_last_run_timestamp_seconds')}) or on () vector(0))`,
        'services',
      ),
      { ...figure, steps: noneSteps },
    ),
    panel.stat(
      'Next drill countdown',
      's',
      'Time until the next scheduled drill of any chosen service; below zero it is overdue.',
      value(`min(${scoped('genesis_dr_test_next_in_seconds')})`, 'next'),
      { ...figure, steps: countdownSteps, noValue: 'no schedule known' },
    ),
    panel.stat(
      'Longest wait of its SLA',
      'percentunit',
      'Largest share of its test_frequency_sla that a service has waited for a drill that passes: 100 % is the limit.',
      value(`max(${shareOf(lastPassed, objective('test_frequency_sla'))})`, 'of the objective'),
      { ...figure, steps: limitSteps, noValue: 'no passed drill known' },
    ),
  ],
};

function service(): string {
  return `group by (cluster, service) (${scoped('genesis_service_info')})`;
}

const history: Row = {
  title: 'History',
  panels: [
    panel.bars(
      'Test history',
      'none',
      'Drills that ended, by result.',
      value(
        `sum by (result) (${increaseBy(['cluster', 'service', 'result'], 'genesis_dr_test_total', '$__rate_interval')})`,
        '{{result}}',
      ),
      { min: 0 },
    ),
    panel.stateTimeline(
      'Result of the last drill',
      'none',
      'Whether the last drill of each service passed; stays until the next one.',
      value(smallest(linesShown, minBy(byType, 'genesis_dr_test_last_status')), '{{service}} {{test_type}}'),
      { width: 12, words: passedOrFailed, links, noValue: 'no drill known' },
    ),
    panel.timeseries(
      'Success rate of each service',
      'percentunit',
      `Share of the last hundred drills of the service that passed: the ${linesShown} lowest.`,
      value(smallest(linesShown, minBy(byType, 'genesis_dr_test_success_ratio')), '{{service}} {{test_type}}'),
      { links, min: 0, max: 1, noValue: 'no drill known' },
    ),
    panel.timeseries(
      'Time since a drill passed',
      's',
      `The ${linesShown} longest of each moment, and the tightest test_frequency_sla.`,
      [
        value(largest(linesShown, lastPassed), '{{service}}'),
        target(`min(${objective('test_frequency_sla')})`, 'test_frequency_sla'),
      ],
      { links, min: 0, noValue: 'no drill known' },
    ),
    panel.timeseries(
      'Drills of the last 30 days',
      'none',
      'Drills that ended in the 30 days before each moment.',
      value(largest(linesShown, increaseBy(serviceKey, 'genesis_dr_test_total', '30d')), '{{service}}'),
      { links, min: 0, decimals: 0 },
    ),
    panel.timeseries(
      'Mean drill time',
      's',
      'Mean time that the drills of the last 30 days took, of those that Prometheus saw end.',
      value(
        `${increaseBy(serviceKey, 'genesis_dr_test_seconds_total', '30d')} / on (cluster, service) (${increaseBy(serviceKey, 'genesis_dr_test_total', '30d')} > 0)`,
        '{{service}}',
      ),
      { links, min: 0, noValue: 'none seen in thirty days' },
    ),
  ],
};

const measured: Row = {
  title: 'What drills measured',
  panels: [
    panel.timeseries(
      'Measured recovery time',
      's',
      `Recovery time of the last drill: the ${linesShown} longest, and the tightest RTO target.`,
      [
        value(largest(linesShown, maxBy(byType, 'genesis_dr_test_last_rto_seconds')), '{{service}} {{test_type}}'),
        target(`min(${maxBy(serviceKey, 'genesis_rto_target_seconds')})`, 'RTO'),
      ],
      { links, min: 0, noValue: 'no drill known' },
    ),
    panel.timeseries(
      'Measured recovery point',
      's',
      `Data that the last drill found lost, as time: the ${linesShown} most, and the tightest RPO target.`,
      [
        value(largest(linesShown, maxBy(byType, 'genesis_dr_test_last_rpo_seconds')), '{{service}} {{test_type}}'),
        target(`min(${maxBy(serviceKey, 'genesis_rpo_target_seconds')})`, 'RPO'),
      ],
      { links, min: 0, noValue: 'no drill known' },
    ),
    panel.table(
      'Drills of each service',
      'Last drill, what it measured, and when the next one is due.',
      serviceKey,
      [
        {
          title: 'Last result',
          expr: minBy(serviceKey, 'genesis_dr_test_last_status'),
          unit: 'none',
          words: passedOrFailed,
        },
        { title: 'Since last drill', expr: lastRun, unit: 's' },
        {
          title: 'Since last passed',
          expr: lastPassed,
          unit: 's',
        },
        {
          title: 'Of its SLA',
          noValue: '–',
          expr: shareOf(lastPassed, objective('test_frequency_sla')),
          unit: 'percentunit',
          steps: limitSteps,
        },
        { title: 'Recovery time', expr: maxBy(serviceKey, 'genesis_dr_test_last_rto_seconds'), unit: 's' },
        { title: 'Recovery point', expr: maxBy(serviceKey, 'genesis_dr_test_last_rpo_seconds'), unit: 's' },
        {
          title: 'Scheduled every',
          expr: minBy(serviceKey, 'genesis_dr_test_interval_seconds'),
          unit: 's',
          noValue: 'not scheduled',
        },
        {
          title: 'Next in',
          noValue: 'not scheduled',
          expr: minBy(serviceKey, 'genesis_dr_test_next_in_seconds'),
          unit: 's',
          steps: countdownSteps,
        },
      ],
      { keyLinks: { service: serviceLinks('row') }, noValue: 'never' },
    ),
  ],
};

export const drTests: Board = {
  uid: 'dr-tests',
  title: 'Test Results',
  description: 'Has every service been restored for practice lately, and did it work?',
  range: '30d',
  refresh: '5m',
  scope: ['cluster', 'region', 'service'],
  page: 'drills',
  rows: [now, history, measured],
};
