import type { ServiceSnapshot } from '../snapshot.ts';
import type { BackupTypeFacts } from '../snapshot.ts';
import {
  combinations,
  eventCounter,
  eventHistogram,
  eventSeconds,
  results,
  serviceGauge,
  type MetricUnit,
  type SampleValue,
} from './family.ts';
import { flag, secondsSince, type ServiceReading } from './reading.ts';

type TypeLabels = readonly ['engine', 'backup_type'];

/** One sample a backup type, from facts that survive a failed read. */
function byType(
  help: string,
  unit: MetricUnit,
  value: (facts: BackupTypeFacts, reading: ServiceReading) => SampleValue,
) {
  return serviceGauge<TypeLabels>({
    help,
    unit,
    labels: ['engine', 'backup_type'],
    read: (reading, emit) => {
      for (const facts of reading.facts.backups?.byType ?? [])
        emit(value(facts, reading), reading.service.engine, facts.type);
    },
  });
}
/** One sample a service. */
function ofService(help: string, unit: MetricUnit, value: (reading: ServiceReading) => SampleValue, twin?: string) {
  return serviceGauge<readonly ['engine']>({
    help,
    unit,
    labels: ['engine'],
    ...(twin === undefined ? {} : { twin }),
    read: (reading, emit) => emit(value(reading), reading.service.engine),
  });
}
/** One sample a scheduled backup type, from the configuration. */
function bySchedule(
  help: string,
  unit: MetricUnit,
  value: (schedule: ServiceSnapshot['schedules'][number], now: number) => SampleValue,
) {
  return serviceGauge<TypeLabels>({
    help,
    unit,
    labels: ['engine', 'backup_type'],
    read: ({ service, now }, emit) => {
      for (const s of service.schedules) if (s.type !== 'drill') emit(value(s, now), service.engine, s.type);
    },
  });
}

const perTypeAndResult = (service: ServiceSnapshot) =>
  combinations({ engine: [service.engine], backup_type: service.abilities.types, result: results });
const perResult = (service: ServiceSnapshot) => combinations({ engine: [service.engine], result: results });

/** Age of the newest usable backup of any type, seconds, at the moment of the scrape. */
const age = ({ backups, now }: ServiceReading): number | null => secondsSince(backups?.newest?.endedAt, now);

export const backupMetrics = {
  genesis_backup_total: eventCounter({
    help: 'Backups that ended, by type and result.',
    event: 'backup',
    labels: ['engine', 'backup_type', 'result'],
    initial: perTypeAndResult,
  }),
  genesis_backup_duration_seconds: eventHistogram({
    help: 'How long backups took.',
    event: 'backup',
    labels: ['engine', 'backup_type', 'result'],
    initial: perTypeAndResult,
  }),
  genesis_backup_verifications_total: eventCounter({
    help: 'Backups that were read back and compared hash by hash.',
    event: 'verify',
    labels: ['engine', 'result'],
    initial: perResult,
  }),
  genesis_backup_verification_seconds_total: eventSeconds({
    help: 'Time that reading backups back took.',
    event: 'verify',
    labels: ['engine', 'result'],
    initial: perResult,
  }),

  genesis_backup_size_bytes: byType(
    'What the last successful backup takes in the repository.',
    'bytes',
    (f) => f.lastSuccess?.storedBytes ?? null,
  ),
  genesis_backup_content_bytes: byType(
    'Content of the tree that the last successful backup protects, before compression.',
    'bytes',
    (f) => f.lastSuccess?.bytes ?? null,
  ),
  genesis_backup_baseline_size_bytes: byType(
    'Median size of the last ten backups of the type, to compare the newest with.',
    'bytes',
    (f) => f.baselineBytes,
  ),
  genesis_backup_last_duration_seconds: byType(
    'How long the last successful backup took.',
    'seconds',
    (f) => f.lastSuccess?.durationSeconds ?? null,
  ),
  genesis_backup_last_success_timestamp_seconds: byType(
    'End of the newest usable backup of the type; absent when there never was one.',
    'timestamp',
    (f) => f.lastSuccess?.endedAt ?? null,
  ),
  genesis_backup_last_attempt_timestamp_seconds: byType(
    'End of the last attempt, also a failed one.',
    'timestamp',
    (f) => f.lastAttempt?.endedAt ?? null,
  ),
  genesis_backup_last_status: byType(
    'Whether the last attempt succeeded; stays until the next attempt.',
    'boolean',
    (f) => flag(f.lastAttempt?.success),
  ),

  genesis_backup_age_hours: ofService(
    'Age of the newest usable backup of any type.',
    'hours',
    (r) => {
      const seconds = age(r);
      return seconds === null ? null : seconds / 3600;
    },
    'genesis_backup_age_seconds',
  ),
  genesis_backup_age_seconds: ofService('Age of the newest usable backup of any type.', 'seconds', age),
  genesis_backup_last_verified_timestamp_seconds: ofService(
    'When a backup was last read back and found whole; absent when never.',
    'timestamp',
    (r) => r.facts.backups?.newestVerifiedAt ?? null,
  ),
  genesis_backup_verification_failed: ofService(
    'Whether verification of the newest backup failed and nothing newer passed.',
    'boolean',
    (r) => flag(r.facts.backups?.newestVerifyFailed),
  ),
  genesis_backup_oldest_timestamp_seconds: ofService(
    'The oldest moment that can be restored.',
    'timestamp',
    (r) => r.facts.backups?.oldestStartedAt ?? null,
  ),
  genesis_backups: ofService('Usable backups in the catalogue.', 'count', (r) => r.backups?.count ?? null),
  genesis_backup_stored_bytes: ofService(
    'What all backups of the service take in the repository.',
    'bytes',
    (r) => r.backups?.storedBytes ?? null,
  ),
  genesis_backup_repository_free_bytes: ofService(
    'Free space where the repository stands.',
    'bytes',
    (r) => r.repository?.freeBytes ?? null,
  ),
  genesis_backup_repository_size_bytes: ofService(
    'Size of the file system where the repository stands.',
    'bytes',
    (r) => r.repository?.totalBytes ?? null,
  ),
  genesis_backup_key_confirmed: ofService(
    'Whether somebody confirmed that the encryption key is also kept elsewhere; absent when nothing is encrypted.',
    'boolean',
    (r) => flag(r.service.encrypted ? r.service.keyConfirmed : null),
  ),

  genesis_backup_schedule_interval_seconds: bySchedule(
    'Longest time between two scheduled backups of the type.',
    'seconds',
    (s) => s.intervalSeconds,
  ),
  genesis_backup_next_scheduled_timestamp_seconds: bySchedule(
    'When the next backup of the type is due; absent while paused.',
    'timestamp',
    (s) => s.nextAt,
  ),
  genesis_backup_next_in_seconds: bySchedule(
    'Time until the next backup of the type; below zero when it is overdue, absent while paused.',
    'seconds',
    (s, now) => (s.nextAt === null ? null : (Date.parse(s.nextAt) - now) / 1000),
  ),
  genesis_backup_age_threshold_seconds: ofService(
    'Age of the newest backup at which BackupTooOld fires.',
    'seconds',
    (r) => r.service.backupAgeThresholdSeconds,
  ),
  genesis_backup_verify_threshold_seconds: ofService(
    'Age of the last passed verification at which a backup counts as unverified.',
    'seconds',
    (r) => r.service.verifyThresholdSeconds,
  ),
} as const;
