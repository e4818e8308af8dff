import {
  aggregate,
  gap,
  lastMaxBy,
  maxBy,
  minBy,
  onService,
  serviceKey,
  slaThreshold,
  whileExporterUp,
} from '../expr.ts';
import { recorded } from '../recording/index.ts';
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

const age = recorded('service:genesis_backup_age_seconds:min');
const lastSuccess = recorded('service:genesis_backup_last_success_timestamp_seconds:max');
const verifiedAge = recorded('service:genesis_backup_verified_age_seconds:min');
const free = recorded('service:genesis_backup_repository_free:ratio');
/**
 * Free share in four days, which are 16 times the six hours that the slope is taken over. Two readings, not a regression over all of
 * them: that would read a million samples at each evaluation. Without a reading of six hours ago nothing is foretold.
 */
const predictedFree = `${free} + 16 * (${free} - ${free} offset 6h)`;
const typeKey = [...serviceKey, 'backup_type'] as const;

export const backupAlerts: readonly Alert[] = [
  {
    name: 'GenesisBackupMissing',
    severity: 'critical',
    component: 'backup',
    forSeconds: 900,
    keepFiringForSeconds: keepFiringSeconds,
    expr: (config) =>
      aboutService(
        whileExporterUp(`${recorded('service:genesis_expected:info')} unless ${onService} ${lastSuccess}`, config),
      ),
    summary: '{{ $labels.service }} has never been backed up',
    description:
      'Service {{ $labels.service }} of cluster {{ $labels.cluster }} is configured, but its repository holds no usable backup: nothing could be restored.',
  },
  {
    name: 'GenesisBackupVerificationFailed',
    severity: 'critical',
    component: 'backup',
    forSeconds: 0,
    keepFiringForSeconds: keepFiringSeconds,
    expr: () => aboutService(`${maxBy(serviceKey, 'genesis_backup_verification_failed')} == 1`),
    summary: 'The newest backup of {{ $labels.service }} is damaged',
    description: `The newest backup of ${ofService} was read back and found damaged, and nothing newer passed: a restore would fail or fall back to an older state.`,
  },
  {
    name: 'BackupTooOld',
    severity: 'warning',
    component: 'backup',
    forSeconds: 300,
    expr: () => aboutService(`${age} > ${onService} ${lastMaxBy(serviceKey, 'genesis_backup_age_threshold_seconds')}`),
    summary: `Newest backup of {{ $labels.service }} is ${asDuration} old`,
    description: `The newest usable backup of ${ofService} is ${asDuration} old, more than twice its backup_sla. What changed since then would be lost.`,
  },
  {
    name: 'GenesisBackupSLAViolation',
    severity: 'warning',
    component: 'backup',
    forSeconds: 300,
    expr: () => aboutService(`${age} > ${onService} ${slaThreshold('backup_sla')}`),
    summary: 'Backup of {{ $labels.service }} is past its SLA',
    description: `The newest usable backup of ${ofService} is ${asDuration} old and so past its backup_sla; at twice the SLA BackupTooOld follows.`,
  },
  {
    name: 'GenesisBackupFailed',
    severity: 'warning',
    component: 'backup',
    forSeconds: 0,
    // A state, not an event: it holds until a backup of the type succeeds, through restarts of the exporter too.
    expr: () =>
      aboutService(
        `${aggregate('max', typeKey, 'genesis_backup_last_status', { range: gap, over: 'last_over_time' })} == 0`,
      ),
    summary: 'The last {{ $labels.backup_type }} backup of {{ $labels.service }} failed',
    description: `The last {{ $labels.backup_type }} backup of ${ofService} failed. Older backups are untouched; this ends with the next one of the type that succeeds.`,
  },
  {
    name: 'GenesisBackupUnverified',
    severity: 'warning',
    component: 'backup',
    forSeconds: 3600,
    expr: () =>
      aboutService(
        [
          `${verifiedAge} > ${onService} ${lastMaxBy(serviceKey, 'genesis_backup_verify_threshold_seconds')}`,
          `or ${onService} (${lastSuccess} unless ${onService} ${verifiedAge}) * +Inf`,
        ].join('\n'),
      ),
    summary: durationOrNever(
      'No backup of {{ $labels.service }} was ever verified',
      `Backups of {{ $labels.service }} were last verified ${asDuration} ago`,
    ),
    description: durationOrNever(
      `${ofService} has backups, but none was ever read back: that they can be restored is a hope.`,
      `No backup of ${ofService} was read back and found whole for ${asDuration}: that the newer ones can be restored is a hope.`,
    ),
  },
  {
    name: 'GenesisBackupSizeAnomaly',
    severity: 'warning',
    component: 'backup',
    forSeconds: 600,
    // Only fulls: an incremental holds what changed, and that may differ hundredfold from hour to hour.
    expr: (config) => {
      const full = { matchers: { backup_type: 'full' } };
      const ratio = `${maxBy(serviceKey, 'genesis_backup_size_bytes', full)} / ${maxBy(serviceKey, 'genesis_backup_baseline_size_bytes', full)}`;
      return aboutService(
        `(${ratio} < ${threshold('backup_size_lowest', config)} or ${ratio} > ${threshold('backup_size_highest', config)})`,
      );
    },
    summary: 'The last full backup of {{ $labels.service }} has an unusual size',
    description: `The last full backup of ${ofService} is ${asPercentage} of the median of the last ten. Much smaller: data may be missing. Much larger: look at what came, and at the space that is left.`,
  },
  {
    name: 'GenesisBackupRepositoryFull',
    severity: 'critical',
    component: 'backup',
    forSeconds: 300,
    keepFiringForSeconds: keepFiringSeconds,
    expr: (config) => aboutService(`${free} < ${threshold('repository_free_critical', config)}`),
    summary: 'The backup repository of {{ $labels.service }} is full',
    description: `Only ${asPercentage} of the file system with the repository of ${ofService} is free: the next backups will fail.`,
  },
  {
    name: 'GenesisBackupRepositoryFilling',
    severity: 'warning',
    component: 'backup',
    forSeconds: 1800,
    expr: (config) =>
      aboutService(
        [`${free} < ${threshold('repository_free', config)}`, `and ${onService} ${predictedFree} < 0`].join('\n'),
      ),
    summary: 'The backup repository of {{ $labels.service }} fills up within four days',
    description: `${asPercentage} of the file system with the repository of ${ofService} is free, and at the pace of the last six hours it is full within four days.`,
  },
  {
    name: 'GenesisBackupKeyUnconfirmed',
    severity: 'warning',
    component: 'security',
    forSeconds: 3600,
    expr: () => aboutService(`${minBy(serviceKey, 'genesis_backup_key_confirmed')} == 0`),
    summary: 'The encryption key of {{ $labels.service }} may exist only once',
    description: `Backups of ${ofService} are encrypted, and nobody has confirmed that the key is also kept elsewhere. If this machine is lost, so is every backup.`,
  },
];
