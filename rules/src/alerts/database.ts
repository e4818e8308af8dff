import { maxBy, minBy, onService, serviceKey, slaThreshold } from '../expr.ts';
import { threshold } from '../thresholds.ts';
import {
  aboutService,
  asDuration,
  asPercentage,
  durationOrNever,
  keepFiringSeconds,
  ofService,
  type Alert,
} from './alert.ts';

const replicaKey = [...serviceKey, 'replica'] as const;
const onReplica = `on (${replicaKey.join(', ')})`;
const nodeKey = [...serviceKey, 'node'] as const;
const onNode = `on (${nodeKey.join(', ')})`;
const repositoryKey = [...serviceKey, 'repository'] as const;
const heartbeat = maxBy(serviceKey, 'genesis_replication_heartbeat_timestamp_seconds');
const heartbeatInterval = maxBy(serviceKey, 'genesis_replication_heartbeat_interval_seconds');
const ready = maxBy(nodeKey, 'genesis_wal_archive_ready_segments');
const archived = maxBy(nodeKey, 'genesis_wal_archive_last_success_timestamp_seconds');
const slotRoom = minBy(replicaKey, 'genesis_replication_slot_safe_bytes');

/** Servers of PostgreSQL and their standbys; lag and lost links are among the alerts about replication. */
export const databaseAlerts: readonly Alert[] = [
  {
    name: 'GenesisDatabaseDown',
    severity: 'critical',
    component: 'database',
    forSeconds: 60,
    keepFiringForSeconds: keepFiringSeconds,
    expr: () => aboutService(`${maxBy(serviceKey, 'genesis_database_up')} == 0`),
    summary: 'The primary of {{ $labels.service }} does not take writes',
    description: `The server that is configured as the primary of ${ofService} does not answer, or it is a standby. Nothing is known of its replication meanwhile.`,
  },
  {
    name: 'GenesisReplicationSlotLost',
    severity: 'critical',
    component: 'database',
    forSeconds: 60,
    keepFiringForSeconds: keepFiringSeconds,
    expr: () =>
      aboutService(`${maxBy(replicaKey, 'genesis_replication_slot_state', { matchers: { state: 'lost' } })} == 1`),
    summary: 'The slot of standby {{ $labels.replica }} of {{ $labels.service }} is lost',
    description: `WAL that standby {{ $labels.replica }} of ${ofService} still needs was removed from the primary: it can never catch up by itself.`,
  },
  {
    name: 'GenesisReplicationSlotAtRisk',
    severity: 'warning',
    component: 'database',
    forSeconds: 60,
    // Below zero once it may go at the next checkpoint.
    expr: (config) =>
      aboutService(
        `clamp_min(${slotRoom} / ${onReplica} (${slotRoom} + ${onReplica} ${maxBy(replicaKey, 'genesis_replication_slot_retained_bytes')}), 0) < ${threshold('slot_room', config)}`,
      ),
    summary: 'The slot of standby {{ $labels.replica }} of {{ $labels.service }} is about to be lost',
    description: `${asPercentage} are left of the WAL that the primary of ${ofService} may keep for standby {{ $labels.replica }}. When nothing is left, the standby has to be made anew.`,
  },
  {
    name: 'GenesisReplicationDegraded',
    severity: 'warning',
    component: 'database',
    forSeconds: 60,
    expr: () =>
      aboutService(
        [
          maxBy(replicaKey, 'genesis_replication_lag_seconds'),
          `and ${onReplica} ${maxBy(replicaKey, 'genesis_replication_degraded')} == 1`,
        ].join('\n'),
      ),
    summary: `Standby {{ $labels.replica }} of {{ $labels.service }} is ${asDuration} behind`,
    description: `Standby {{ $labels.replica }} of ${ofService} shows data that is ${asDuration} old, beyond lag_degraded. A failover to it now would lose what came since.`,
  },
  {
    name: 'GenesisReplicationHeartbeatMissing',
    severity: 'warning',
    component: 'database',
    forSeconds: 60,
    expr: () =>
      aboutService(
        [
          `(time() - ${heartbeat} > ${onService} (3 * ${heartbeatInterval} + 30))`,
          `or ${onService} (${heartbeatInterval} unless ${onService} ${heartbeat}) * +Inf`,
        ].join('\n'),
      ),
    summary: durationOrNever(
      'No heartbeat is written for {{ $labels.service }}',
      `No heartbeat was written for {{ $labels.service }} for ${asDuration}`,
    ),
    description: durationOrNever(
      `The primary of ${ofService} has no heartbeat row: the lag of a standby cannot be told when its link is cut.`,
      `The heartbeat row on the primary of ${ofService} is ${asDuration} old: the lag of a standby cannot be told when its link is cut.`,
    ),
  },
  {
    name: 'GenesisWALArchiveStale',
    severity: 'warning',
    component: 'database',
    forSeconds: 300,
    // Only while a segment waits: an idle database archives nothing and is well.
    expr: () =>
      aboutService(
        [
          `(time() - ${archived} > ${onService} group_left () ${slaThreshold('rpo_sla')}`,
          `and ${onNode} ${ready} > 0)`,
          `or ${onNode} (${ready} > 0 unless ${onNode} ${archived}) * +Inf`,
        ].join('\n'),
      ),
    summary: durationOrNever(
      'No WAL of {{ $labels.service }} was ever archived on {{ $labels.node }}',
      `No WAL of {{ $labels.service }} was archived on {{ $labels.node }} for ${asDuration}`,
    ),
    description: durationOrNever(
      `WAL segments of ${ofService} wait on node {{ $labels.node }}, and none was ever archived: there is no point-in-time recovery.`,
      `WAL segments of ${ofService} wait on node {{ $labels.node }}, and none was archived for ${asDuration}, longer than its rpo_sla: what came since cannot be brought back.`,
    ),
  },
  {
    name: 'GenesisWALGap',
    severity: 'critical',
    component: 'database',
    // Several processes may push segments out of order: a gap of a moment is none.
    forSeconds: 120,
    keepFiringForSeconds: keepFiringSeconds,
    expr: () => aboutService(`${maxBy(repositoryKey, 'genesis_wal_gap_segments')} > 0`),
    summary: 'WAL of {{ $labels.service }} is missing in {{ $labels.repository }}',
    description: `{{ $value }} WAL segments of ${ofService} are missing in {{ $labels.repository }}: a restore to any moment behind them from a backup before them would end there, and say nothing.`,
  },
  {
    name: 'GenesisRecoveryWindowStale',
    severity: 'warning',
    component: 'database',
    forSeconds: 300,
    expr: () =>
      aboutService(
        `time() - ${maxBy(repositoryKey, 'genesis_recovery_window_end_timestamp_seconds')} > ${onService} group_left () ${slaThreshold('rpo_sla')}`,
      ),
    summary: `{{ $labels.repository }} of {{ $labels.service }} ends ${asDuration} ago`,
    description: `The newest moment of ${ofService} that {{ $labels.repository }} can bring back is ${asDuration} old, older than its rpo_sla.`,
  },
];
