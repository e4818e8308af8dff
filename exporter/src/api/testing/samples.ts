import type { CatalogueEntry } from '../../contract/backup.ts';
import { OpError } from '../../contract/errors.ts';
import { archiveAbilities } from '../../contract/testing.ts';
import { known, unknown } from '../../contract/observed.ts';
import type { DrillRecord, Operation, Plan } from '../../contract/operation.ts';
import type { ServiceSnapshot, Snapshot } from '../../contract/snapshot.ts';

/** The moment at which the fake clock starts. */
export const t0 = '2026-11-22T02:00:00.000Z';
const backupId = 'backup_20261122_013000_0a1b2c3d';

export function anOperation(): Operation {
  return {
    id: 'op_1',
    kind: 'backup',
    service: 'files',
    params: { type: 'full' },
    actor: { name: 'operator', role: 'operator', via: 'token' },
    reason: null,
    idempotencyKey: null,
    state: 'running',
    createdAt: '2026-11-22T01:59:30.000Z',
    startedAt: '2026-11-22T01:59:30.000Z',
    endedAt: null,
    steps: [{ name: 'copy', state: 'running', startedAt: '2026-11-22T01:59:30.000Z', endedAt: null, detail: null }],
    progress: {
      phase: 'copying',
      entriesDone: 4210,
      bytesDone: 734_003_200,
      bytesTotal: 1_992_294_400,
      bytesPerSecond: 52_428_800,
      secondsLeft: 24,
    },
    result: null,
    error: null,
  };
}

export function aPlan(): Plan {
  return {
    kind: 'backup',
    service: 'files',
    steps: ['copy', 'verify'],
    blockers: [],
    warnings: [],
    destructive: false,
    stops: [],
    expected: { known: false, why: 'nothing like it has succeeded here before' },
    bytes: null,
    atStake: [],
    wayBack: 'delete the new backup',
    confirm: null,
    reasonRequired: false,
    role: 'operator',
    facts: {},
    etag: 'e1',
  };
}

export function aBackup(): CatalogueEntry {
  return {
    id: backupId,
    service: 'files',
    engine: 'archive',
    type: 'full',
    parent: null,
    status: 'completed_with_warnings',
    startedAt: '2026-11-22T01:30:00.000Z',
    endedAt: '2026-11-22T01:31:00.000Z',
    components: [],
    entries: 3,
    bytes: 100,
    addedBytes: 100,
    storedBytes: 50,
    checksum: 'ab',
    encrypted: false,
    keyFingerprint: null,
    warnings: [{ kind: 'changed', path: 'payroll/2026.ods', message: 'changed while it was read' }],
    warningCount: 1,
    keep: false,
    note: null,
    verifiedAt: null,
    verifyResult: null,
    drilledAt: null,
    copies: [],
  };
}

export function aDrill(): DrillRecord {
  return {
    id: 'drill_1',
    service: 'files',
    testType: 'restore',
    backupId,
    operationId: 'op_2',
    startedAt: t0,
    endedAt: t0,
    passed: false,
    rtoSeconds: 3,
    rpoSeconds: 60,
    entriesCompared: 3,
    bytesCompared: 100,
    differences: ['payroll/2026.ods differs'],
    check: { exitCode: 1, output: 'payroll/2026.ods' },
    source: 'repository',
    failure: null,
    levels: [],
    phases: [],
    recoveryTarget: null,
    restoredTo: null,
    qualityId: null,
  };
}

export function aService(name = 'files'): ServiceSnapshot {
  const newest = {
    id: backupId,
    startedAt: '2026-11-22T01:30:00.000Z',
    endedAt: '2026-11-22T01:31:00.000Z',
    storedBytes: 734_003_200,
    bytes: 1_992_294_400,
    durationSeconds: 61,
  };
  return {
    name,
    component: 'data',
    tier: 'standard',
    region: 'local',
    team: 'default',
    engine: 'archive',
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
    verifyThresholdSeconds: 86_400,
    schedules: [
      { type: 'full', intervalSeconds: 86_400, nextAt: '2026-11-23T02:00:00.000Z' },
      { type: 'incremental', intervalSeconds: 1800, nextAt: '2026-11-22T02:30:00.000Z' },
    ],
    pause: null,
    maintenance: null,
    encrypted: false,
    keyConfirmed: null,
    backups: known(t0, {
      byType: [
        {
          type: 'full',
          lastSuccess: newest,
          lastAttempt: { endedAt: newest.endedAt, success: true },
          baselineBytes: null,
        },
      ],
      newest,
      newestVerifiedAt: '2026-11-22T01:32:00.000Z',
      oldestStartedAt: newest.startedAt,
      count: 12,
      storedBytes: 2_100_000_000,
      newestVerifyFailed: false,
    }),
    repository: known(t0, { freeBytes: 81_000_000_000, totalBytes: 200_000_000_000 }),
    copies: [
      {
        name: 'second',
        path: '/srv/copy',
        facts: known(t0, {
          connected: true,
          lagSeconds: 0,
          queue: 0,
          newestBackupEndedAt: newest.endedAt,
          freeBytes: 40_000_000_000,
          sameDisk: true,
        }),
      },
      {
        name: 'mount',
        path: '/mnt/offsite',
        facts: unknown(t0, new OpError('copy_disconnected', 'the folder /mnt/offsite is not mounted')),
      },
    ],
    drills: known(t0, {
      lastRunAt: '2026-11-22T01:40:00.000Z',
      lastPassed: true,
      lastPassedAt: '2026-11-22T01:40:00.000Z',
      lastRtoSeconds: 42,
      lastRpoSeconds: 600,
      successRatio: 1,
    }),
    rpoSeconds: known(t0, 1740),
    rtoSeconds: known(t0, 42),
    readiness: {
      service: name,
      at: t0,
      score: 0.72,
      components: [
        { component: 'backup', score: 1 },
        { component: 'replication', score: 0 },
      ],
      checks: [
        {
          id: 'backup_within_objective',
          component: 'backup',
          weight: 3,
          result: 'passed',
          evidence: 'newest backup is 29 min old, objective 4 h',
          mend: null,
        },
        {
          id: 'copy_offsite',
          component: 'replication',
          weight: 2,
          result: 'failed',
          evidence: 'no copy stands at another place',
          mend: 'add a copy with offsite: true',
        },
        {
          id: 'copies_in_time',
          component: 'replication',
          weight: 2,
          result: 'unknown',
          evidence: 'copy mount cannot be read',
          mend: 'mount /mnt/offsite',
        },
      ],
    },
    runningOperation: { id: 'op_1', kind: 'backup', startedAt: '2026-11-22T01:59:30.000Z' },
    abilities: archiveAbilities,
    pitr: null,
    replication: null,
    database: null,
    health: null,
    quality: null,
    failover: null,
    scaling: null,
  };
}

/** A service of which nothing could be read. */
export function anUnknownService(): ServiceSnapshot {
  const lost = unknown(t0, new OpError('repository_unreadable', 'the folder /srv/<b>repository</b> cannot be read'));
  return {
    ...aService('ledger'),
    backups: lost,
    repository: lost,
    copies: [],
    drills: lost,
    rpoSeconds: lost,
    rtoSeconds: lost,
    runningOperation: null,
  };
}

export function aSnapshot(services: readonly ServiceSnapshot[] = [aService()]): Snapshot {
  return {
    at: t0,
    cluster: 'default',
    version: '0.1.0',
    startedAt: t0,
    services,
    collectors: [{ name: 'catalogue', intervalSeconds: 10, success: true, durationSeconds: 0.01, lastSuccessAt: t0 }],
    system: unknown(t0, new OpError('io_failed', 'not read')),
    config: { lastReloadSuccessful: true, lastReloadAt: t0, hash: 'h' },
    audit: { count: 1, writable: true },
    activeOperations: {},
    eventStreams: 0,
  };
}
