import { maxBy, minBy, serviceKey } from '../expr.ts';
import type { RecordDefinition } from './record.ts';

export const recoveryRecords = {
  'service:genesis_rpo_seconds:max': {
    labels: serviceKey,
    rules: () => [{ expr: maxBy(serviceKey, 'genesis_rpo_seconds') }],
  },
  'service:genesis_dr_readiness_score:min': {
    labels: serviceKey,
    rules: () => [{ expr: minBy(serviceKey, 'genesis_dr_readiness_score') }],
  },
  'service:genesis_dr_test_last_run_timestamp_seconds:max': {
    labels: serviceKey,
    rules: () => [{ expr: maxBy(serviceKey, 'genesis_dr_test_last_run_timestamp_seconds', { range: '10m' }) }],
  },
} as const satisfies Record<string, RecordDefinition>;
