import type { Row } from '../board.ts';
import { serviceLinks } from '../links.ts';
import { panel, passedOrFailed, upOrDown, value } from '../panel.ts';
import { increaseBy, maxBy, minBy, rateBy, scoped, serviceKey } from '../query.ts';

const window = '$__rate_interval';

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
      'Whether each service is in the state healthy.',
      value(minBy(serviceKey, 'genesis_health_state', { state: 'healthy' }), '{{service}}'),
      {
        words: { '1': { text: 'healthy', color: 'green' }, '0': { text: 'not healthy', color: 'red' } },
        noValue: 'no health checks seen',
        height: 6,
      },
    ),
  ],
};
