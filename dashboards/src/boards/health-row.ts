import type { Row } from '../board.ts';
import { serviceLinks } from '../links.ts';
import { panel, passedOrFailed, upOrDown, value, type Words } from '../panel.ts';
import { increaseBy, maxBy, minBy, rateBy, scoped, serviceKey, since } from '../query.ts';

const window = '$__rate_interval';

const checkKey = [...serviceKey, 'check', 'kind'] as const;

/** One number a service: the states are apart, and exactly one of them is 1. */
const stateNumber = [
  maxBy(serviceKey, 'genesis_health_state', { state: 'degraded' }),
  `2 * ${maxBy(serviceKey, 'genesis_health_state', { state: 'error' })}`,
  `3 * ${maxBy(serviceKey, 'genesis_health_state', { state: 'unhealthy' })}`,
].join(` + on (${serviceKey.join(', ')}) `);
const stateWords: Words = {
  '0': { text: 'healthy', color: 'green' },
  '1': { text: 'degraded', color: 'yellow' },
  '2': { text: 'cannot be checked', color: 'orange' },
  '3': { text: 'unhealthy', color: 'red' },
};

function until(name: 'genesis_service_paused_until_timestamp_seconds' | 'genesis_maintenance_until_timestamp_seconds') {
  return `${maxBy(serviceKey, name)} - time()`;
}

/** Health checks of the fleet: a row of the overview. */
export const health: Row = {
  title: 'Health checks',
  panels: [
    panel.table(
      'Service status',
      'Whether the protection of each service works now, and whether its last backup and drill succeeded.',
      serviceKey,
      [
        { title: 'Protection', expr: minBy(serviceKey, 'genesis_service_up'), unit: 'none', words: upOrDown },
        {
          title: 'Last backup',
          expr: minBy(serviceKey, 'genesis_backup_last_status'),
          unit: 'none',
          words: passedOrFailed,
          noValue: 'never',
        },
        {
          title: 'Last drill',
          expr: minBy(serviceKey, 'genesis_dr_test_last_status'),
          unit: 'none',
          words: passedOrFailed,
          noValue: 'never',
        },
        { title: 'Paused', expr: maxBy(serviceKey, 'genesis_service_paused'), unit: 'bool_yes_no' },
        { title: 'Resumes in', expr: until('genesis_service_paused_until_timestamp_seconds'), unit: 's', noValue: '–' },
        { title: 'Maintenance', expr: maxBy(serviceKey, 'genesis_maintenance_active'), unit: 'bool_yes_no' },
        { title: 'Ends in', expr: until('genesis_maintenance_until_timestamp_seconds'), unit: 's', noValue: '–' },
      ],
      { width: 16, keyLinks: { service: serviceLinks('row') }, noValue: 'unknown' },
    ),
    panel.table(
      'Uptime',
      'Share of the chosen time in which backups and repository of the service could be read; time of which nothing is known is left out.',
      serviceKey,
      [
        {
          title: 'Uptime',
          expr: `min by (cluster, service) (avg_over_time(${scoped('genesis_service_up')}[$__range]))`,
          unit: 'percentunit',
        },
      ],
      { width: 8, keyLinks: { service: serviceLinks('row') }, noValue: 'unknown' },
    ),
    panel.bars(
      'Failed health checks',
      'none',
      'Health checks that failed, by service.',
      value(increaseBy(serviceKey, 'genesis_health_check_failures_total', window), '{{service}}'),
      { bad: true, min: 0, links: serviceLinks('line'), noValue: 'no health checks seen' },
    ),
    panel.timeseries(
      'Health check success rate',
      'percentunit',
      'Share of the health checks that passed; nothing where none ran.',
      value(
        `${rateBy(serviceKey, 'genesis_health_checks_total', window, { result: 'success' })} / (${rateBy(serviceKey, 'genesis_health_checks_total', window)} > 0)`,
        '{{service}}',
      ),
      { min: 0, max: 1, links: serviceLinks('line'), noValue: 'no health checks seen' },
    ),
    panel.stateTimeline(
      'State of services',
      'none',
      'State of each service by its health checks; nothing while it is not known.',
      value(stateNumber, '{{service}}'),
      { words: stateWords, noValue: 'no health checks seen', height: 6 },
    ),
    panel.table(
      'Health checks',
      'What each health check says now, after its thresholds.',
      [...serviceKey, 'check', 'kind'],
      [
        {
          title: 'Result',
          expr: minBy(checkKey, 'genesis_health_check_up'),
          unit: 'none',
          words: upOrDown,
          noValue: 'unknown',
        },
        {
          title: 'Response time',
          expr: maxBy(checkKey, 'genesis_health_check_duration_seconds'),
          unit: 's',
          noValue: 'no answer',
        },
        { title: 'Last run', expr: since(checkKey, 'genesis_health_check_last_run_timestamp_seconds'), unit: 's' },
      ],
      { keyLinks: { service: serviceLinks('row') }, noValue: 'no health checks seen' },
    ),
  ],
};
