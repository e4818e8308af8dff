import { maxBy, serviceKey } from '../expr.ts';
import type { RecordDefinition } from './record.ts';

const lastSuccess = 'service:genesis_backup_last_success_timestamp_seconds:max';

export const backupRecords = {
  // The largest timestamp of ten minutes: a missed scrape or a restart of the exporter does not end an alert on the age, and a new
  // backup still counts at once.
  [lastSuccess]: {
    labels: serviceKey,
    rules: () => [{ expr: maxBy(serviceKey, 'genesis_backup_last_success_timestamp_seconds', { range: '10m' }) }],
  },
  'service:genesis_backup_age_seconds:min': {
    labels: serviceKey,
    rules: () => [{ expr: `time() - ${lastSuccess}` }],
  },
  'service:genesis_replication_lag_seconds:max': {
    labels: serviceKey,
    rules: () => [{ expr: maxBy(serviceKey, 'genesis_replication_lag_seconds') }],
  },
} as const satisfies Record<string, RecordDefinition>;
