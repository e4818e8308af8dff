import { slaThreshold } from '../expr.ts';
import { recorded } from '../recording/index.ts';
import { withServiceInfo, type Alert } from './alert.ts';

export const replicationAlerts: readonly Alert[] = [
  {
    name: 'HighReplicationLag',
    severity: 'critical',
    component: 'replication',
    forSeconds: 300,
    keepFiringForSeconds: 600,
    expr: () =>
      withServiceInfo(
        `${recorded('service:genesis_replication_lag_seconds:max')} > on (cluster, service) ${slaThreshold('replication_sla')}`,
      ),
    summary: 'Copies of {{ $labels.service }} lag {{ $value | humanizeDuration }} behind',
    description:
      'The slowest copy or replica of {{ $labels.service }} (cluster {{ $labels.cluster }}) is {{ $value | humanizeDuration }} behind, beyond its replication_sla. If the primary is lost now, that copy lacks what came since.',
  },
];
