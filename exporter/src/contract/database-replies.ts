import { z } from 'zod';
import { backupTypes } from './backup.ts';
import { checkKinds, checkStates } from './health.ts';
import { recoveryTargetTypes, replicaStates, syncStates } from './postgres.ts';
import { columnKinds } from './quality.ts';
import { time } from './reply-parts.ts';

/** How the API shows what is known of a database: recovery windows, standbys, statistics, health, quality. */

/** What a request names to replay up to. */
export const RecoveryTargetBody = z
  .discriminatedUnion('type', [
    z.strictObject({ type: z.literal('latest') }),
    z.strictObject({ type: z.literal('immediate') }),
    z.strictObject({
      type: z.literal('time'),
      at: z.iso.datetime({ offset: true, error: 'must be a time with its zone, like 2026-11-22T02:00:00Z' }),
    }),
    z.strictObject({
      type: z.literal('lsn'),
      lsn: z.string().regex(/^[0-9A-Fa-f]{1,8}\/[0-9A-Fa-f]{1,8}$/, { error: 'must be like 0/3000148' }),
    }),
    z.strictObject({ type: z.literal('xid'), xid: z.string().regex(/^\d{1,20}$/, { error: 'must be a number' }) }),
    z.strictObject({ type: z.literal('name'), name: z.string().min(1).max(63) }),
  ])
  .describe('How far a database is replayed; latest where absent. Only engines with point-in-time recovery.');

const WalGapReply = z.object({
  repository: z.string(),
  timeline: z.number(),
  firstSegment: z.string(),
  lastSegment: z.string(),
  segments: z.number(),
  from: time.nullable().describe('When the segment before was archived.'),
  to: time.nullable().describe('When the segment after was archived.'),
});

const RecoveryWindowReply = z.object({ from: time, to: time, timeline: z.number(), repository: z.string() });

export const PitrReply = z
  .object({
    windows: z.array(RecoveryWindowReply).describe('Oldest first; every moment in them can be brought back.'),
    gaps: z.array(WalGapReply),
    newestRestorableAt: time.nullable(),
    oldestRestorableAt: time.nullable(),
    segments: z.number(),
    blockIncremental: z.enum(['on', 'off', 'unsupported']),
    version: z.string(),
  })
  .meta({ id: 'PointInTimeRecovery' });

const SlotReply = z.object({
  name: z.string(),
  active: z.boolean(),
  walStatus: z.enum(['reserved', 'extended', 'unreserved', 'lost']).nullable(),
  safeWalSizeBytes: z.number().nullable(),
  retainedBytes: z.number().nullable(),
});

export const ReplicationReply = z
  .object({
    isPrimary: z.boolean(),
    timeline: z.number().nullable(),
    currentLsn: z.string().nullable(),
    walSegmentBytes: z.number().nullable(),
    lagDegradedSeconds: z.number().describe('A standby that is so far behind, or further, is degraded.'),
    replicas: z.array(
      z.object({
        name: z.string(),
        connected: z.boolean(),
        state: z.enum(replicaStates),
        syncState: z.enum(syncStates).nullable(),
        writeLagSeconds: z.number().nullable(),
        flushLagSeconds: z.number().nullable(),
        replayLagSeconds: z.number().nullable(),
        heartbeatLagSeconds: z.number().nullable(),
        lagSeconds: z.number().nullable().describe('null: not known, never 0.'),
        lagBytes: z.number().nullable(),
        queueBytes: z.number().nullable(),
        slot: SlotReply.nullable(),
        problem: z.string().nullable(),
      }),
    ),
    archiver: z
      .object({
        readySegments: z.number().nullable(),
        lastArchivedAt: time.nullable(),
        lastArchivedWal: z.string().nullable(),
        lastFailedAt: time.nullable(),
        lastFailedWal: z.string().nullable(),
        failedCount: z.number(),
      })
      .nullable(),
    heartbeatIntervalSeconds: z.number().nullable(),
    heartbeatAt: time.nullable(),
    heartbeatProblem: z.string().nullable(),
    problem: z.string().nullable().describe('What is wrong with the primary, or cannot be seen of it.'),
  })
  .meta({ id: 'Replication' });

export const DatabaseReply = z
  .object({
    version: z.string(),
    connectionsUsed: z.number(),
    connectionsMax: z.number(),
    locksWaiting: z.number(),
    longestTransactionSeconds: z.number().nullable(),
    databases: z.array(z.object({ name: z.string(), bytes: z.number(), commits: z.number(), rollbacks: z.number() })),
    tables: z.array(z.object({ name: z.string(), bytes: z.number(), rows: z.number().nullable() })),
    queries: z
      .array(
        z.object({
          id: z.string(),
          text: z.string(),
          calls: z.number(),
          totalSeconds: z.number(),
          meanSeconds: z.number(),
        }),
      )
      .nullable()
      .describe('null: pg_stat_statements is not there. Texts are shown to operators and admins only.'),
  })
  .meta({ id: 'Database' });

const checkState = z.enum(checkStates);
export const HealthReply = z
  .object({
    state: z.enum([...checkStates, 'unknown']),
    checks: z.array(
      z.object({
        name: z.string(),
        kind: z.enum(checkKinds),
        critical: z.boolean(),
        state: checkState.nullable(),
        since: time.nullable(),
        last: z
          .object({ at: time, state: checkState, responseSeconds: z.number().nullable(), detail: z.string() })
          .nullable(),
        consecutiveFailures: z.number(),
        consecutiveSuccesses: z.number(),
      }),
    ),
  })
  .meta({ id: 'Health' });

const ColumnTestReply = z.object({
  test: z.enum(['kolmogorov_smirnov', 'chi_square']),
  statistic: z.number(),
  pValue: z.number(),
  effect: z.number(),
  matches: z.boolean(),
});

const TableQualityReply = z.object({
  name: z.string(),
  score: z.number(),
  rows: z.number().nullable(),
  rowsSource: z.number().nullable(),
  sampled: z.number(),
  sampledSource: z.number(),
  sampleError: z.number(),
  duplicates: z.number(),
  schemaDrift: z.array(z.string()),
  correlationDifference: z.number().nullable(),
  privacyRisk: z.number().nullable(),
  divergence: z.number(),
  columns: z.array(
    z.object({
      name: z.string(),
      kind: z.enum(columnKinds),
      score: z.number(),
      missingRatio: z.number(),
      missingRatioSource: z.number(),
      distinct: z.number(),
      meanDifference: z.number().nullable(),
      standardDeviationDifference: z.number().nullable(),
      outOfRange: z.number(),
      test: ColumnTestReply.nullable(),
      findings: z.array(z.string()),
    }),
  ),
  findings: z.array(z.string()),
});

export const QualityReply = z
  .object({
    id: z.string(),
    service: z.string(),
    at: time,
    drillId: z.string().nullable(),
    against: z.enum(['source', 'profile']),
    score: z.number(),
    parts: z.object({
      completeness: z.number(),
      uniqueness: z.number(),
      validity: z.number(),
      distribution: z.number(),
      correlation: z.number(),
      volume: z.number(),
    }),
    privacyRisk: z.number().nullable(),
    divergence: z.number(),
    tables: z.array(TableQualityReply),
    limits: z.object({ minScore: z.number(), maxPrivacyRisk: z.number(), maxDivergence: z.number() }),
    alerts: z.array(z.string()),
    findings: z.array(z.string()),
    seconds: z.number(),
    seed: z.number(),
  })
  .meta({ id: 'QualityReport' });

/** A report without its columns; GET services/{name}/quality has them. */
export const QualitySummaryReply = QualityReply.omit({ tables: true })
  .extend({
    tables: z.array(
      z.object({ name: z.string(), score: z.number(), divergence: z.number(), privacyRisk: z.number().nullable() }),
    ),
  })
  .meta({ id: 'QualitySummary' });

export const AbilitiesReply = z
  .object({
    types: z.array(z.enum(backupTypes)),
    components: z.boolean(),
    files: z.boolean(),
    pitr: z.boolean(),
    inPlace: z.boolean(),
    intoDatabase: z.boolean(),
    copies: z.enum(['copied', 'made']),
    extras: z.boolean(),
    listingIsTruth: z.boolean(),
  })
  .meta({ id: 'EngineAbilities', description: 'What can be asked of the backup engine of the service.' });

/** The shape of `recovery` in the facts of a restore's plan. */
export const RecoveryFactsReply = z.object({
  target: z.object({ type: z.enum(recoveryTargetTypes) }).loose(),
  reachable: z.boolean(),
  problem: z.string().nullable(),
  walFrom: z.string().nullable(),
  walTo: z.string().nullable(),
  timeline: z.number().nullable(),
  dataAsOf: time.nullable(),
  lost: z.string(),
});
export type RecoveryFactsReply = z.infer<typeof RecoveryFactsReply>;
