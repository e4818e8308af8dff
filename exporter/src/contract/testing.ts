/** Builders of snapshots for tests and benchmarks: a healthy service at a fixed moment, to be changed where a test needs it. */
import type { EngineAbilities } from './engine.ts';
import { known } from './observed.ts';
import type { CollectorSnapshot, ServiceSnapshot, Snapshot } from './snapshot.ts';
import { collectorNames } from './snapshot.ts';

export const testNow = new Date('2026-11-22T12:00:00.000Z');

/** ISO time this many seconds before `testNow`. */
export function ago(seconds: number): string {
  return new Date(+testNow - seconds * 1000).toISOString();
}

export const archiveAbilities: EngineAbilities = {
  types: ['full', 'incremental', 'snapshot'],
  components: true,
  files: true,
  pitr: false,
  inPlace: true,
  intoDatabase: false,
  copies: 'copied',
  extras: true,
  listingIsTruth: false,
};

export const newestBackup = {
  id: 'backup_20261122_113000_0a1b2c3d',
  startedAt: ago(1810),
  endedAt: ago(1800),
  storedBytes: 1_000_000,
  bytes: 4_000_000,
  durationSeconds: 10,
} as const;

export function serviceWith(change: Partial<ServiceSnapshot> = {}): ServiceSnapshot {
  const name = change.name ?? 'files';
  return {
    name,
    component: 'data',
    tier: 'standard',
    region: 'local',
    team: 'default',
    engine: 'archive',
    abilities: archiveAbilities,
    objectives: {
      backup_sla: 14_400,
      replication_sla: 300,
      readiness_sla: 0.8,
      test_frequency_sla: 2_592_000,
      rpo_sla: 3600,
      rto_sla: 14_400,
    },
    slaObjectives: {
      backup_sla: 0.99,
      replication_sla: 0.99,
      readiness_sla: 0.95,
      test_frequency_sla: 0.99,
      rpo_sla: 0.99,
      rto_sla: 0.99,
    },
    backupAgeThresholdSeconds: 28_800,
    verifyThresholdSeconds: 172_800,
    schedules: [
      { type: 'full', intervalSeconds: 86_400, nextAt: ago(-50_400) },
      { type: 'incremental', intervalSeconds: 1800, nextAt: ago(-600) },
      { type: 'drill', intervalSeconds: 604_800, nextAt: ago(-86_400) },
    ],
    pause: null,
    maintenance: null,
    encrypted: false,
    keyConfirmed: null,
    backups: known(ago(2), {
      byType: [
        {
          type: 'full',
          lastSuccess: {
            ...newestBackup,
            id: 'backup_20261122_020000_ffffffff',
            startedAt: ago(36_000),
            endedAt: ago(35_990),
          },
          lastAttempt: { endedAt: ago(35_990), success: true },
          baselineBytes: 900_000,
        },
        {
          type: 'incremental',
          lastSuccess: newestBackup,
          lastAttempt: { endedAt: ago(1800), success: true },
          baselineBytes: null,
        },
        { type: 'differential', lastSuccess: null, lastAttempt: null, baselineBytes: null },
        { type: 'snapshot', lastSuccess: null, lastAttempt: null, baselineBytes: null },
      ],
      newest: newestBackup,
      newestVerifiedAt: ago(1795),
      oldestStartedAt: ago(864_000),
      count: 40,
      storedBytes: 50_000_000,
      newestVerifyFailed: false,
    }),
    repository: known(ago(2), { freeBytes: 60_000_000_000, totalBytes: 100_000_000_000 }),
    copies: [
      {
        name: 'second',
        path: '/mnt/second',
        facts: known(ago(2), {
          connected: true,
          lagSeconds: 0,
          queue: 0,
          newestBackupEndedAt: ago(1800),
          freeBytes: 70_000_000_000,
          sameDisk: false,
        }),
      },
    ],
    drills: known(ago(2), {
      lastRunAt: ago(7200),
      lastPassed: true,
      lastPassedAt: ago(7200),
      lastRtoSeconds: 42,
      lastRpoSeconds: 1700,
      successRatio: 1,
    }),
    rpoSeconds: known(ago(2), 1808),
    rtoSeconds: known(ago(2), 42),
    readiness: {
      service: name,
      at: ago(2),
      score: 0.9,
      components: [
        { component: 'backup', score: 1 },
        { component: 'replication', score: 0.5 },
      ],
      checks: [
        {
          id: 'backup_recent',
          component: 'backup',
          weight: 4,
          result: 'passed',
          evidence: 'newest backup is 30 min, limit 4 h',
          mend: null,
        },
        {
          id: 'copy_offsite',
          component: 'replication',
          weight: 3,
          result: 'unknown',
          evidence: 'the offsite copy could not be read',
          mend: 'mount it',
        },
      ],
    },
    runningOperation: null,
    pitr: null,
    replication: null,
    database: null,
    health: null,
    quality: null,
    failover: null,
    scaling: null,
    ...change,
  };
}

export function snapshotWith(change: Partial<Snapshot> = {}): Snapshot {
  const collectors: CollectorSnapshot[] = collectorNames.map((name) => ({
    name,
    intervalSeconds: 10,
    success: true,
    durationSeconds: 0.02,
    lastSuccessAt: ago(2),
  }));
  return {
    at: ago(1),
    cluster: 'test',
    version: '0.1.0',
    startedAt: ago(3600),
    services: [serviceWith()],
    collectors,
    system: known(ago(2), {
      cpuRatio: 0.25,
      load1: 0.5,
      cpus: 2,
      memoryTotalBytes: 8_000_000_000,
      memoryAvailableBytes: 6_000_000_000,
      swapTotalBytes: 0,
      swapUsedBytes: 0,
      filesystems: [
        { mount: '/', sizeBytes: 100, availableBytes: 40 },
        { mount: '/data', sizeBytes: 200, availableBytes: 20 },
      ],
      networks: [
        {
          device: 'eth0',
          receiveBytes: 10,
          transmitBytes: 20,
          receivePackets: 1,
          transmitPackets: 2,
          receiveErrors: 0,
          transmitErrors: 0,
          up: true,
        },
      ],
      diskIo: { readBytes: 512, writtenBytes: 1024, reads: 1, writes: 2 },
    }),
    config: { lastReloadSuccessful: true, lastReloadAt: ago(3600), hash: 'abc' },
    audit: { count: 12, writable: true },
    activeOperations: { backup: 1 },
    eventStreams: 2,
    ...change,
  };
}

/** Every metric of the source documents (requirement M1) under its exact name, with its exact type. */
export const documentedMetrics: Readonly<Record<string, string>> = {
  genesis_backup_total: 'counter',
  genesis_backup_size_bytes: 'gauge',
  genesis_backup_duration_seconds: 'histogram',
  genesis_backup_age_hours: 'gauge',
  genesis_replication_lag_seconds: 'gauge',
  genesis_replication_queue_size: 'gauge',
  genesis_recovery_total: 'counter',
  genesis_recovery_duration_seconds: 'histogram',
  genesis_rpo_minutes: 'gauge',
  genesis_rto_minutes: 'gauge',
  genesis_failover_total: 'counter',
  genesis_failover_duration_seconds: 'histogram',
  genesis_health_check_failures: 'counter',
  genesis_dr_readiness_score: 'gauge',
  genesis_dr_component_score: 'gauge',
  genesis_dr_test_total: 'counter',
  genesis_dr_test_success_rate: 'gauge',
  genesis_dr_test_last_run_timestamp: 'gauge',
};
