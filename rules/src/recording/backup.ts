import { maxBy, minBy, serviceKey, sumBy } from '../expr.ts';
import type { RecordDefinition } from './record.ts';

const lastSuccess = 'service:genesis_backup_last_success_timestamp_seconds:max';

export const backupRecords = {
  // The largest timestamp of ten minutes: a missed scrape or a restart of the exporter does not end an alert on the age, and a new
  // backup still counts at once.
  [lastSuccess]: {
    group: 'genesis_records',
    labels: serviceKey,
    rules: () => [{ expr: maxBy(serviceKey, 'genesis_backup_last_success_timestamp_seconds', { range: '10m' }) }],
  },
  'service:genesis_backup_age_seconds:min': {
    group: 'genesis_records',
    labels: serviceKey,
    rules: () => [{ expr: `time() - ${lastSuccess}` }],
  },
  'service:genesis_backup_verified_age_seconds:min': {
    group: 'genesis_records',
    labels: serviceKey,
    rules: () => [
      { expr: `time() - ${maxBy(serviceKey, 'genesis_backup_last_verified_timestamp_seconds', { range: '10m' })}` },
    ],
  },
  'service:genesis_backup_repository_free:ratio': {
    group: 'genesis_records',
    labels: serviceKey,
    rules: () => [
      {
        expr: `${minBy(serviceKey, 'genesis_backup_repository_free_bytes')} / ${minBy(serviceKey, 'genesis_backup_repository_size_bytes')}`,
      },
    ],
  },
  // The slowest replica: what an alert must see.
  'service:genesis_replication_lag_seconds:max': {
    group: 'genesis_records',
    labels: serviceKey,
    rules: () => [{ expr: maxBy(serviceKey, 'genesis_replication_lag_seconds') }],
  },
  // The best replica: what a failover could lose.
  'service:genesis_replication_lag_seconds:min': {
    group: 'genesis_records',
    labels: serviceKey,
    rules: () => [{ expr: minBy(serviceKey, 'genesis_replication_lag_seconds') }],
  },
  'service:genesis_replicas_connected:sum': {
    group: 'genesis_records',
    labels: serviceKey,
    rules: () => [
      {
        expr: `sum by (${serviceKey.join(', ')}) (${maxBy([...serviceKey, 'replica'], 'genesis_replication_connected')})`,
      },
    ],
  },
  // Backlog trend, entries a second: 30 minutes, since shorter slopes are noise.
  'service:genesis_replication_queue_size:deriv30m': {
    group: 'genesis_windows',
    labels: serviceKey,
    rules: () => [{ expr: sumBy(serviceKey, 'genesis_replication_queue_size', { range: '30m', over: 'deriv' }) }],
  },
} as const satisfies Record<string, RecordDefinition>;
