import { replicaStates, type ReplicaFacts, type ReplicationFacts, type SlotFacts } from '../postgres.ts';
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

type OfReplica = (replica: ReplicaFacts, facts: ReplicationFacts) => SampleValue;

/** One sample a copy and one a standby of a database, absent where its reading is unknown or old. */
function level(
  help: string,
  unit: MetricUnit,
  ofCopy: ((facts: CopyFacts) => SampleValue) | null,
  ofReplica: OfReplica | null,
) {
  return serviceGauge({
    help,
    unit,
    labels: ['replica'],
    read: ({ copies, replication }, emit) => {
      if (ofCopy !== null) for (const { name, facts } of copies) if (facts !== null) emit(ofCopy(facts), name);
      if (ofReplica === null || replication === null) return;
      for (const replica of replication.replicas) emit(ofReplica(replica, replication), replica.name);
    },
  });
}

/** One sample a standby. */
const ofReplicas = (help: string, unit: MetricUnit, value: OfReplica) => level(help, unit, null, value);
/** One sample a standby that has a replication slot. */
const ofSlots = (help: string, unit: MetricUnit, value: (slot: SlotFacts) => SampleValue) =>
  ofReplicas(help, unit, ({ slot }) => (slot === null ? null : value(slot)));
/** One sample a service. */
const ofService = (help: string, unit: MetricUnit, value: (facts: ReplicationFacts) => SampleValue) =>
  serviceGauge({ help, unit, read: ({ replication }, emit) => emit(replication === null ? null : value(replication)) });

// What a disconnected copy holds cannot be read: the catalogue may still say that it is behind, but never that it is not.
const unlessUnseen = (facts: CopyFacts, value: number): number | null => (facts.connected || value > 0 ? value : null);
const perCopyAndResult = (service: ServiceSnapshot) =>
  combinations({ replica: service.copies.map((c) => c.name), result: results });

/** Whether a standby is further behind than `lag_degraded`; null: nobody knows. */
function isDegraded({ lagSeconds }: ReplicaFacts, facts: ReplicationFacts): boolean | null {
  return lagSeconds === null ? null : lagSeconds >= facts.lagDegradedSeconds;
}

function isSynced(replica: ReplicaFacts, facts: ReplicationFacts): boolean | null {
  if (!replica.connected) return false;
  const degraded = isDegraded(replica, facts);
  return degraded === null ? null : replica.state === 'streaming' && !degraded;
}

/** Whole segments: less than one cannot be told from what is on its way. */
function segmentsToSend({ queueBytes }: ReplicaFacts, { walSegmentBytes }: ReplicationFacts): number | null {
  return queueBytes === null || walSegmentBytes === null ? null : Math.floor(queueBytes / walSegmentBytes);
}

const slotStates = ['reserved', 'extended', 'unreserved', 'lost'] as const;

export const replicationMetrics = {
  genesis_replication_lag_seconds: level(
    'How far a copy or replica is behind: age of the oldest backup that it does not hold; of a standby, of what it has replayed.',
    'seconds',
    (f) => unlessUnseen(f, f.lagSeconds),
    (replica) => replica.lagSeconds,
  ),
  genesis_replication_queue_size: level(
    'Backups still to be brought into the copy; WAL segments still to be sent to the standby.',
    'count',
    (f) => unlessUnseen(f, f.queue),
    segmentsToSend,
  ),
  genesis_replication_connected: level(
    'Whether the copy or replica can be reached; whether the primary streams to the standby.',
    'boolean',
    (f) => flag(f.connected),
    (replica) => flag(replica.connected),
  ),
  genesis_replication_synced: level(
    'Whether the copy can be reached and lacks nothing; whether the standby streams and is less than lag_degraded behind.',
    'boolean',
    (f) => flag(f.connected && f.queue === 0),
    (replica, facts) => flag(isSynced(replica, facts)),
  ),
  genesis_replication_same_disk: level(
    'Whether the copy stands on the same disk as the repository, where one fault takes both.',
    'boolean',
    (f) => (f.connected ? flag(f.sameDisk) : null),
    null,
  ),
  genesis_replication_free_bytes: level(
    'Free space where the copy stands.',
    'bytes',
    (f) => (f.connected ? f.freeBytes : null),
    null,
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

  genesis_replication_state: serviceGauge({
    help: 'Whether the standby is in this state: streaming, catchup, startup, backup, stopping, paused or disconnected.',
    unit: 'boolean',
    labels: ['replica', 'state'],
    read: ({ replication }, emit) => {
      for (const { name, state } of replication?.replicas ?? [])
        for (const each of replicaStates) emit(flag(each === state), name, each);
    },
  }),
  genesis_replication_degraded: ofReplicas(
    'Whether the standby is lag_degraded behind or further; absent where its lag is not known.',
    'boolean',
    (replica, facts) => flag(isDegraded(replica, facts)),
  ),
  genesis_replication_synchronous: ofReplicas('Whether commits wait for the standby.', 'boolean', ({ syncState }) =>
    syncState === null ? null : flag(syncState === 'sync' || syncState === 'quorum'),
  ),
  genesis_replication_lag_bytes: ofReplicas(
    'WAL that was written on the primary and is not replayed on the standby.',
    'bytes',
    (replica) => replica.lagBytes,
  ),
  genesis_replication_queue_bytes: ofReplicas(
    'WAL that still has to be sent to the standby.',
    'bytes',
    (replica) => replica.queueBytes,
  ),
  genesis_replication_write_lag_seconds: ofReplicas(
    'Time until the standby had written recent WAL, as the primary measures it; absent while idle.',
    'seconds',
    (replica) => replica.writeLagSeconds,
  ),
  genesis_replication_flush_lag_seconds: ofReplicas(
    'Time until the standby had recent WAL on disk, as the primary measures it; absent while idle.',
    'seconds',
    (replica) => replica.flushLagSeconds,
  ),
  genesis_replication_replay_lag_seconds: ofReplicas(
    'Time until the standby had replayed recent WAL, as the primary measures it; absent while idle.',
    'seconds',
    (replica) => replica.replayLagSeconds,
  ),
  genesis_replication_slot_active: ofSlots('Whether somebody uses the slot of the standby.', 'boolean', (slot) =>
    flag(slot.active),
  ),
  genesis_replication_slot_state: serviceGauge({
    help: 'Whether the slot of the standby is in this state: reserved, extended, unreserved (about to be lost) or lost.',
    unit: 'boolean',
    labels: ['replica', 'state'],
    read: ({ replication }, emit) => {
      for (const { name, slot } of replication?.replicas ?? [])
        if (slot !== null && slot.walStatus !== null)
          for (const each of slotStates) emit(flag(each === slot.walStatus), name, each);
    },
  }),
  genesis_replication_slot_retained_bytes: ofSlots(
    'WAL that the primary keeps for the slot of the standby.',
    'bytes',
    (slot) => slot.retainedBytes,
  ),
  genesis_replication_slot_safe_bytes: ofSlots(
    'WAL that may still be written before the slot is lost; absent where nothing bounds it.',
    'bytes',
    (slot) => slot.safeWalSizeBytes,
  ),
  genesis_replication_heartbeat_timestamp_seconds: ofService(
    'The newest heartbeat row on the primary; absent where none is there.',
    'timestamp',
    (facts) => facts.heartbeatAt,
  ),
  genesis_replication_heartbeat_interval_seconds: ofService(
    'Time between two heartbeats; absent where none are written.',
    'seconds',
    (facts) => facts.heartbeatIntervalSeconds,
  ),
} as const;
