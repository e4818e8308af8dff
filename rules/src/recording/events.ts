import { onService, serviceKey, sumBy } from '../expr.ts';
import type { RecordDefinition } from './record.ts';
import { hour } from './sla.ts';

// Counters are read an hour at a time: 30 days of raw samples would be read again at every evaluation. The hours are seen only by the
// range functions below; until there is one, the last hour itself is taken. increase() extrapolates to the edges of its window, so a
// count may stand a little beside a whole number.

type Range = (range: string) => string;
const backups: Range = (range) =>
  sumBy(serviceKey, 'genesis_backup_total', { matchers: { result: 'success' }, range, over: 'increase' });
const recoveries: Range = (range) =>
  sumBy(serviceKey, 'genesis_recovery_duration_seconds_count', {
    matchers: { result: 'success' },
    range,
    over: 'increase',
  });
const recoverySeconds: Range = (range) =>
  sumBy(serviceKey, 'genesis_recovery_duration_seconds_sum', {
    matchers: { result: 'success' },
    range,
    over: 'increase',
  });
const drills: Range = (range) => sumBy(serviceKey, 'genesis_dr_test_total', { range, over: 'increase' });
const failovers: Range = (range) => sumBy(serviceKey, 'genesis_failover_total', { range, over: 'increase' });

const hourly = (expr: Range): RecordDefinition => ({
  group: 'genesis_hourly',
  labels: serviceKey,
  rules: (config) => [{ expr: expr(hour(config)) }],
});
const sumOfHours = (record: string, range: string, expr: Range): RecordDefinition => ({
  group: 'genesis_windows',
  labels: serviceKey,
  rules: () => [{ expr: `sum_over_time(${record}[${range}])\nor ${onService} ${expr('1h')}` }],
});

export const eventRecords = {
  'service:genesis_backups:hourly': hourly(backups),
  'service:genesis_recoveries:hourly': hourly(recoveries),
  'service:genesis_recovery_seconds:hourly': hourly(recoverySeconds),
  'service:genesis_dr_tests:hourly': hourly(drills),
  'service:genesis_failovers:hourly': hourly(failovers),
  'service:genesis_backups:increase1d': sumOfHours('service:genesis_backups:hourly', '1d', backups),
  'service:genesis_dr_tests:increase30d': sumOfHours('service:genesis_dr_tests:hourly', '30d', drills),
  'service:genesis_failovers:increase1w': sumOfHours('service:genesis_failovers:hourly', '1w', failovers),
  // Recoveries are rare: a mean over an hour is mostly 0/0. Without one in 30 days nothing is recorded.
  'service:genesis_recovery_duration_seconds:mean30d': {
    group: 'genesis_windows',
    labels: serviceKey,
    rules: () => [
      {
        expr: [
          'sum_over_time(service:genesis_recovery_seconds:hourly[30d])',
          `/ ${onService} (sum_over_time(service:genesis_recoveries:hourly[30d]) > 0)`,
          `or ${onService} ${recoverySeconds('1h')} / (${recoveries('1h')} > 0)`,
        ].join('\n'),
      },
    ],
  },
} as const satisfies Record<string, RecordDefinition>;
