import { maxBy, serviceKey, slaThreshold, whileExporterUp } from '../expr.ts';
import { recorded } from '../recording/index.ts';
import { withServiceInfo, type Alert } from './alert.ts';

const age = recorded('service:genesis_backup_age_seconds:min');

export const backupAlerts: readonly Alert[] = [
  {
    name: 'GenesisBackupMissing',
    severity: 'critical',
    component: 'backup',
    forSeconds: 900,
    keepFiringForSeconds: 600,
    expr: (config) =>
      withServiceInfo(
        whileExporterUp(
          `${recorded('service:genesis_expected:info')} unless on (cluster, service) ${recorded('service:genesis_backup_last_success_timestamp_seconds:max')}`,
          config,
        ),
      ),
    summary: '{{ $labels.service }} has never been backed up',
    description:
      'Service {{ $labels.service }} of cluster {{ $labels.cluster }} is configured, but its repository holds no usable backup: nothing could be restored.',
  },
  {
    name: 'BackupTooOld',
    severity: 'warning',
    component: 'backup',
    forSeconds: 300,
    expr: () =>
      withServiceInfo(`${age} > on (cluster, service) ${maxBy(serviceKey, 'genesis_backup_age_threshold_seconds')}`),
    summary: 'Newest backup of {{ $labels.service }} is {{ $value | humanizeDuration }} old',
    description:
      'The newest usable backup of {{ $labels.service }} (cluster {{ $labels.cluster }}) is {{ $value | humanizeDuration }} old, more than twice its backup_sla. What changed since then would be lost.',
  },
  {
    name: 'GenesisBackupSLAViolation',
    severity: 'warning',
    component: 'backup',
    forSeconds: 300,
    expr: () => withServiceInfo(`${age} > on (cluster, service) ${slaThreshold('backup_sla')}`),
    summary: 'Backup of {{ $labels.service }} is past its SLA',
    description:
      'The newest usable backup of {{ $labels.service }} (cluster {{ $labels.cluster }}) is {{ $value | humanizeDuration }} old and so past its backup_sla; at twice the SLA BackupTooOld follows.',
  },
];
