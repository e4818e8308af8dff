import type { CopyFacts, ServiceSnapshot } from '../snapshot.ts';
import {
  combinations,
  eventCounter,
  eventSeconds,
  results,
  serviceGauge,
  type MetricUnit,
  type SampleValue,
} from './family.ts';
import { flag } from './reading.ts';

/** One sample a copy or replica, absent when its reading is unknown or old. */
function level(help: string, unit: MetricUnit, value: (facts: CopyFacts) => SampleValue) {
  return serviceGauge({
    help,
    unit,
    labels: ['replica'],
    read: ({ copies }, emit) => {
      for (const { name, facts } of copies) if (facts !== null) emit(value(facts), name);
    },
  });
}

// What a disconnected copy holds cannot be read: the catalogue may still say that it is behind, but never that it is not.
const unlessUnseen = (facts: CopyFacts, value: number): number | null => (facts.connected || value > 0 ? value : null);
const perCopyAndResult = (service: ServiceSnapshot) =>
  combinations({ replica: service.copies.map((c) => c.name), result: results });

export const replicationMetrics = {
  genesis_replication_lag_seconds: level(
    'How far a copy or replica is behind: age of the oldest backup that it does not hold.',
    'seconds',
    (f) => unlessUnseen(f, f.lagSeconds),
  ),
  genesis_replication_queue_size: level('Backups still to be brought into the copy.', 'count', (f) =>
    unlessUnseen(f, f.queue),
  ),
  genesis_replication_connected: level('Whether the copy or replica can be reached.', 'boolean', (f) =>
    flag(f.connected),
  ),
  genesis_replication_synced: level('Whether the copy can be reached and lacks nothing.', 'boolean', (f) =>
    flag(f.connected && f.queue === 0),
  ),
  genesis_replication_same_disk: level(
    'Whether the copy stands on the same disk as the repository, where one fault takes both.',
    'boolean',
    (f) => (f.connected ? flag(f.sameDisk) : null),
  ),
  genesis_replication_free_bytes: level('Free space where the copy stands.', 'bytes', (f) =>
    f.connected ? f.freeBytes : null,
  ),
  genesis_replication_newest_backup_timestamp_seconds: serviceGauge({
    help: 'End of the newest backup that the copy holds; absent when it never held one.',
    unit: 'timestamp',
    labels: ['replica'],
    read: ({ facts }, emit) => {
      for (const [name, copy] of facts.copies) emit(copy.newestBackupEndedAt, name);
    },
  }),
  genesis_replication_copies_total: eventCounter({
    help: 'Backups brought into a copy and verified there.',
    event: 'copy',
    labels: ['replica', 'result'],
    initial: perCopyAndResult,
  }),
  genesis_replication_copy_seconds_total: eventSeconds({
    help: 'Time that bringing backups into a copy took.',
    event: 'copy',
    labels: ['replica', 'result'],
    initial: perCopyAndResult,
  }),
} as const;
