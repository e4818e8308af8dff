import { maxBy, onService, serviceKey, slaThreshold } from '../expr.ts';
import { metric } from '@genesis-dr/exporter/contract';
import { recorded } from '../recording/index.ts';
import { threshold } from '../thresholds.ts';
import { aboutService, asDuration, keepFiringSeconds, ofService, type Alert } from './alert.ts';

const lag = recorded('service:genesis_replication_lag_seconds:max');
const nodeKey = [...serviceKey, 'node'] as const;

export const replicationAlerts: readonly Alert[] = [
  {
    name: 'GenesisReplicationBroken',
    severity: 'critical',
    component: 'replication',
    forSeconds: 120,
    keepFiringForSeconds: keepFiringSeconds,
    // Lag cannot tell: of a replica that cannot be reached there is none, or the last one for ever.
    expr: () => aboutService(`${maxBy([...serviceKey, 'replica'], 'genesis_replication_connected')} == 0`),
    summary: 'Replica {{ $labels.replica }} of {{ $labels.service }} cannot be reached',
    description: `Copy or replica {{ $labels.replica }} of ${ofService} cannot be reached: it falls behind, and nothing can be taken from it.`,
  },
  {
    name: 'HighReplicationLag',
    severity: 'critical',
    component: 'replication',
    forSeconds: 300,
    keepFiringForSeconds: keepFiringSeconds,
    expr: () => aboutService(`${lag} > ${onService} ${slaThreshold('replication_sla')}`),
    summary: `Copies of {{ $labels.service }} lag ${asDuration} behind`,
    description: `The slowest copy or replica of ${ofService} is ${asDuration} behind, beyond its replication_sla. If the primary is lost now, that copy lacks what came since.`,
  },
  {
    name: 'GenesisReplicationLagWarning',
    severity: 'warning',
    component: 'replication',
    forSeconds: 600,
    expr: (config) =>
      aboutService(
        `${lag} > ${onService} ${threshold('replication_lag_of_sla', config)} * ${slaThreshold('replication_sla')}`,
      ),
    summary: `Copies of {{ $labels.service }} begin to lag: ${asDuration}`,
    description: `The slowest copy or replica of ${ofService} is ${asDuration} behind, on its way to its replication_sla.`,
  },
  {
    name: 'GenesisWALArchiveFailing',
    severity: 'critical',
    component: 'replication',
    forSeconds: 300,
    keepFiringForSeconds: keepFiringSeconds,
    // The backlog and not the age of the last segment: an idle database archives nothing and is well.
    expr: (config) =>
      aboutService(
        [
          `${maxBy(nodeKey, 'genesis_wal_archive_ready_segments')} > ${threshold('wal_ready_segments', config)}`,
          `and on (${nodeKey.join(', ')}) max by (${nodeKey.join(', ')}) (delta(${metric('genesis_wal_archive_ready_segments')}[10m])) >= 0`,
          // A database that writes little takes hours for a backlog; that the last segment was refused is known at once.
          `or ${maxBy(nodeKey, 'genesis_wal_archive_ready_segments')} and on (${nodeKey.join(', ')}) ${maxBy(nodeKey, 'genesis_wal_archive_failing')} == 1`,
        ].join('\n'),
      ),
    summary: 'WAL of {{ $labels.service }} is not archived on {{ $labels.node }}',
    description: `{{ $value }} WAL segments of ${ofService} wait on node {{ $labels.node }}, and they do not become fewer or the last one was refused: the recovery point grows old, and the disk of the primary fills up.`,
  },
];
