import { databaseChecks } from './readiness-database.ts';
import { failoverChecks } from './readiness-failover.ts';
import {
  ageSeconds,
  copiesCurrent,
  copyOffsite,
  drillRecent,
  failed,
  fullKept,
  judge,
  lastAttempts,
  repositorySpace,
  scheduleActive,
  seen,
  unknown,
  verified,
  within,
  type Check,
} from './readiness-answers.ts';

/** The one table of checks; docs/reference/readiness.md is printed from it. */
export const readinessChecks: readonly Check[] = [
  {
    id: 'components_configured',
    component: 'operations',
    weight: 3,
    question: 'Does the configuration name data to protect?',
    mend: 'name paths under backup.components of the service',
    answer: ({ hasComponents }) =>
      judge(
        hasComponents,
        hasComponents ? 'components are configured' : 'the service has no components: nothing is backed up',
      ),
  },
  {
    id: 'backup_recent',
    component: 'backup',
    weight: 4,
    question: 'Is the newest usable backup younger than backup_sla?',
    mend: 'run `genesis backup SERVICE` and look at the last failed operation',
    answer: ({ service }, now) =>
      seen(service.backups, ({ newest }) =>
        newest === null
          ? failed('there is no backup')
          : within('newest backup is', ageSeconds(newest.endedAt, now), service.objectives.backup_sla),
      ),
  },
  {
    id: 'backup_last_attempt',
    component: 'backup',
    weight: 2,
    question: 'Did the last attempt of every backup type succeed?',
    mend: 'see why with `genesis operations`',
    answer: lastAttempts,
  },
  {
    id: 'backup_verified',
    component: 'backup',
    weight: 4,
    question: 'Was a backup read back and found whole lately, and none newer found damaged?',
    mend: 'run `genesis verify BACKUP`; if it fails, take a new full backup and look at the disk',
    answer: verified,
  },
  {
    id: 'backup_full_kept',
    component: 'backup',
    weight: 2,
    question: 'Does the repository hold a full backup?',
    mend: 'run `genesis backup SERVICE --type full`',
    answer: fullKept,
  },
  {
    id: 'schedule_active',
    component: 'backup',
    weight: 2,
    question: 'Are backups scheduled and not paused?',
    mend: 'resume the service, or set backup.schedules',
    answer: scheduleActive,
  },
  {
    id: 'copy_configured',
    component: 'replication',
    weight: 2,
    question: 'Is there a copy beside the repository?',
    mend: 'add a folder on another disk or a mount under copies',
    answer: ({ copiesConfigured: c }) =>
      judge(
        c.length > 0,
        c.length > 0 ? `configured: ${c.map((copy) => copy.name).join(', ')}` : 'no copy is configured',
      ),
  },
  {
    id: 'copies_current',
    component: 'replication',
    weight: 3,
    question: 'Is every copy connected and within replication_sla?',
    mend: 'mount the folder of the copy and look at the failed copy operations',
    answer: copiesCurrent,
  },
  {
    id: 'copy_offsite',
    component: 'replication',
    weight: 3,
    question: 'Does a connected copy marked offsite stand on another disk?',
    mend: 'bring a copy to another place and mark it offsite: true',
    answer: copyOffsite,
  },
  {
    id: 'rpo_met',
    component: 'recovery',
    weight: 3,
    question: 'Is the newest restorable state younger than rpo_sla?',
    mend: 'back up more often than rpo_sla',
    answer: ({ service }, now) =>
      seen(service.rpoSeconds, (seconds) =>
        seconds === null
          ? failed('nothing can be restored')
          : within(
              'newest restorable state is',
              seconds + ageSeconds(service.rpoSeconds.at, now),
              service.objectives.rpo_sla,
            ),
      ),
  },
  {
    id: 'rto_met',
    component: 'recovery',
    weight: 3,
    question: 'Is the recovery time that the last passed drill measured within rto_sla?',
    mend: 'run `genesis drill SERVICE`; if it is too slow, use a faster disk or restore by component',
    answer: ({ service }) =>
      seen(service.rtoSeconds, (seconds) =>
        seconds === null
          ? unknown('never measured: no drill ever passed')
          : within('measured recovery took', seconds, service.objectives.rto_sla),
      ),
  },
  {
    id: 'repository_space',
    component: 'recovery',
    weight: 2,
    question: 'Has the repository more than 10 % free and room for two fulls?',
    mend: 'free space, shorten backup.retention or move the repository',
    answer: repositorySpace,
  },
  {
    id: 'drill_recent',
    component: 'testing',
    weight: 4,
    question: 'Did a restore drill pass within test_frequency_sla?',
    mend: 'run `genesis drill SERVICE`',
    answer: drillRecent,
  },
  {
    id: 'drill_last_passed',
    component: 'testing',
    weight: 3,
    question: 'Did the last drill pass?',
    mend: 'see the evidence of the drill, mend it and run `genesis drill SERVICE`',
    answer: ({ service }) =>
      seen(service.drills, ({ lastPassed, lastRunAt }) =>
        lastPassed === null
          ? failed('no drill ever ran')
          : judge(lastPassed, `the drill of ${lastRunAt ?? 'unknown time'} ${lastPassed ? 'passed' : 'failed'}`),
      ),
  },
  {
    id: 'key_confirmed',
    component: 'security',
    weight: 3,
    question: 'Was it confirmed that the encryption key is also kept elsewhere?',
    mend: 'store the key away from this machine, then run `genesis key confirm`',
    answer: ({ service }) => {
      if (!service.encrypted) return null;
      if (service.keyConfirmed === null) return unknown('the repository has not named its key yet');
      return judge(
        service.keyConfirmed,
        service.keyConfirmed ? 'the key was confirmed' : 'nobody confirmed that the key is kept elsewhere',
      );
    },
  },
  {
    id: 'audit_writable',
    component: 'security',
    weight: 2,
    question: 'Can the audit log be written?',
    mend: 'mend the disk of the state: actions, restores too, are refused until then',
    answer: ({ auditWritable }) =>
      judge(auditWritable, auditWritable ? 'the audit log can be written' : 'the audit log cannot be written'),
  },
  {
    id: 'config_ok',
    component: 'operations',
    weight: 1,
    question: 'Is the configuration file good as it stands?',
    mend: 'run `genesis config check FILE`',
    answer: ({ configOk }) =>
      judge(
        configOk,
        configOk ? 'the last reload succeeded' : 'the last reload failed: the old configuration is in use',
      ),
  },
  ...databaseChecks,
  ...failoverChecks,
];
