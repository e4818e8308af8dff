import { maxBy, minBy, serviceKey, sumBy } from '../expr.ts';
import type { RecordDefinition } from './record.ts';

export const recoveryRecords = {
  'service:genesis_rpo_seconds:max': {
    group: 'genesis_records',
    labels: serviceKey,
    rules: () => [{ expr: maxBy(serviceKey, 'genesis_rpo_seconds') }],
  },
  'service:genesis_rto_seconds:max': {
    group: 'genesis_records',
    labels: serviceKey,
    rules: () => [{ expr: maxBy(serviceKey, 'genesis_rto_seconds') }],
  },
  'service:genesis_dr_readiness_score:min': {
    group: 'genesis_records',
    labels: serviceKey,
    rules: () => [{ expr: minBy(serviceKey, 'genesis_dr_readiness_score') }],
  },
  'service:genesis_dr_test_last_run_timestamp_seconds:max': {
    group: 'genesis_records',
    labels: serviceKey,
    rules: () => [{ expr: maxBy(serviceKey, 'genesis_dr_test_last_run_timestamp_seconds', { range: '10m' }) }],
  },
  'service:genesis_dr_test_last_success_timestamp_seconds:max': {
    group: 'genesis_records',
    labels: serviceKey,
    rules: () => [{ expr: maxBy(serviceKey, 'genesis_dr_test_last_success_timestamp_seconds', { range: '10m' }) }],
  },
  // Distinct nodes: two exporters that see the same primary are not a split brain.
  'service:genesis_primaries:count': {
    group: 'genesis_records',
    labels: serviceKey,
    rules: () => [
      {
        expr: `count by (${serviceKey.join(', ')}) (${maxBy([...serviceKey, 'node'], 'genesis_node_role', { matchers: { role: 'primary' } })} == 1)`,
      },
    ],
  },
  'service:genesis_failover_candidates:sum': {
    group: 'genesis_records',
    labels: serviceKey,
    rules: () => [
      {
        expr: `sum by (${serviceKey.join(', ')}) (${maxBy([...serviceKey, 'node'], 'genesis_failover_candidate_healthy')})`,
      },
    ],
  },
  // rate() is a rate per second of both: only their quotient is a share. No check at all gives no sample, not 1.
  'service:genesis_health_check_success:ratio_rate5m': {
    group: 'genesis_records',
    labels: serviceKey,
    rules: () => [
      {
        expr: `1 - ${sumBy(serviceKey, 'genesis_health_check_failures_total', { range: '5m', over: 'rate' })} / (${sumBy(serviceKey, 'genesis_health_checks_total', { range: '5m', over: 'rate' })} > 0)`,
      },
    ],
  },
  'service:genesis_failovers:increase1h': {
    group: 'genesis_windows',
    labels: serviceKey,
    rules: () => [{ expr: sumBy(serviceKey, 'genesis_failover_total', { range: '1h', over: 'increase' }) }],
  },
} as const satisfies Record<string, RecordDefinition>;
