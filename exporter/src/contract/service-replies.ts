import { z } from 'zod';
import { FailoverFactsReply } from './failover-replies.ts';
import { ScalingSummaryReply } from './scaling-replies.ts';
import { backupTypes } from './backup.ts';
import {
  AbilitiesReply,
  DatabaseReply,
  HealthReply,
  PitrReply,
  QualitySummaryReply,
  ReplicationReply,
} from './database-replies.ts';
import { readinessComponents } from './readiness.ts';
import { observed, time } from './reply-parts.ts';
import { slaNames } from './snapshot.ts';

/** How the API shows a service and its parts. */

export const ReadinessReply = z
  .object({
    service: z.string(),
    at: time,
    score: z.number().describe('0-1: earned weight over total weight; unknown earns nothing.'),
    components: z.array(z.object({ component: z.enum(readinessComponents), score: z.number() })),
    checks: z.array(
      z.object({
        id: z.string(),
        component: z.enum(readinessComponents),
        weight: z.number(),
        result: z.enum(['passed', 'failed', 'unknown']),
        evidence: z.string(),
        mend: z.string().nullable(),
      }),
    ),
  })
  .meta({ id: 'Readiness' });

export const PauseReply = z
  .object({ service: z.string(), by: z.string(), reason: z.string(), since: time, until: time })
  .meta({ id: 'Pause' });

export const MaintenanceReply = z
  .object({ service: z.string(), by: z.string(), reason: z.string(), since: time, until: time })
  .meta({ id: 'MaintenanceWindow', description: 'Alerts of the service are muted until then.' });

export const NewestBackup = z
  .object({
    id: z.string(),
    endedAt: time,
    startedAt: time,
    storedBytes: z.number(),
    bytes: z.number(),
    durationSeconds: z.number(),
  })
  .meta({ id: 'NewestBackup' });

const BackupFactsReply = z.object({
  byType: z.array(
    z.object({
      type: z.enum(backupTypes),
      lastSuccess: NewestBackup.nullable(),
      lastAttempt: z.object({ endedAt: time, success: z.boolean() }).nullable(),
      baselineBytes: z.number().nullable(),
    }),
  ),
  newest: NewestBackup.nullable(),
  newestVerifiedAt: time.nullable(),
  oldestStartedAt: time.nullable(),
  count: z.number(),
  storedBytes: z.number(),
  newestVerifyFailed: z.boolean(),
});

const CopyReply = z.object({
  name: z.string(),
  path: z.string(),
  facts: observed(
    z.object({
      connected: z.boolean(),
      problem: z.string().optional().describe('Why it is not connected.'),
      lagSeconds: z.number(),
      queue: z.number(),
      newestBackupEndedAt: time.nullable(),
      freeBytes: z.number().nullable().describe('null: the store does not tell.'),
      sameDisk: z.boolean(),
    }),
  ),
});

const DrillFactsReply = z.object({
  lastRunAt: time.nullable(),
  lastPassed: z.boolean().nullable(),
  lastPassedAt: time.nullable(),
  lastRtoSeconds: z.number().nullable(),
  lastRpoSeconds: z.number().nullable(),
  successRatio: z.number().nullable(),
});

/** In the order in which somebody on call wants to hear of them. */
export const verdictAnswers = ['no', 'unknown', 'unproven', 'gaps', 'yes'] as const;

export const VerdictReply = z
  .object({
    answer: z.enum(verdictAnswers),
    headline: z.string(),
    reason: z.string().nullable().describe('Why it is not simply yes; null for yes.'),
  })
  .meta({ id: 'Verdict', description: 'Could this service be recovered right now?' });
export type VerdictReply = z.infer<typeof VerdictReply>;

/** A service with all that is known of it; the wire form of contract/snapshot's ServiceSnapshot, and the verdict on it. */
export const ServiceReply = z
  .object({
    name: z.string(),
    component: z.string(),
    tier: z.string(),
    region: z.string(),
    team: z.string(),
    engine: z.string(),
    abilities: AbilitiesReply,
    objectives: z.record(z.enum(slaNames), z.number()),
    slaObjectives: z.record(z.enum(slaNames), z.number()),
    backupAgeThresholdSeconds: z.number(),
    verifyThresholdSeconds: z.number(),
    schedules: z.array(
      z.object({ type: z.enum([...backupTypes, 'drill']), intervalSeconds: z.number(), nextAt: time.nullable() }),
    ),
    pause: PauseReply.nullable(),
    maintenance: MaintenanceReply.nullable(),
    encrypted: z.boolean(),
    keyConfirmed: z.boolean().nullable(),
    backups: observed(BackupFactsReply),
    repository: observed(z.object({ freeBytes: z.number().nullable(), totalBytes: z.number().nullable() })),
    copies: z.array(CopyReply),
    drills: observed(DrillFactsReply),
    rpoSeconds: observed(z.number().nullable()),
    rtoSeconds: observed(z.number().nullable()),
    readiness: ReadinessReply,
    verdict: VerdictReply.describe('As of the moment of the answer.'),
    runningOperation: z.object({ id: z.string(), kind: z.string(), startedAt: time }).nullable(),
    pitr: observed(PitrReply).nullable().describe('null: the engine brings back the moments of its backups only.'),
    replication: observed(ReplicationReply).nullable().describe('null: no PostgreSQL server is configured.'),
    database: observed(DatabaseReply).nullable(),
    health: HealthReply.nullable().describe('null: no checks are configured.'),
    quality: observed(QualitySummaryReply.nullable())
      .nullable()
      .describe('The newest report, value null: none yet. null: quality is not looked at.'),
    failover: FailoverFactsReply.nullable().describe('null: nobody takes over, or no node was asked yet.'),
    scaling: ScalingSummaryReply.nullable().describe('null: Genesis does not scale it, or has not looked yet.'),
  })
  .meta({ id: 'Service' });

export const healthStates = ['healthy', 'degraded', 'unhealthy', 'unknown'] as const;
export type HealthState = (typeof healthStates)[number];

export const StatusReply = z
  .object({
    overall_health: z.enum(healthStates).describe('The worst component; unknown is not healthy.'),
    components: z.record(
      z.string(),
      z.object({ health: z.enum(healthStates), reasons: z.array(z.string()).describe('Why it is not healthy.') }),
    ),
    at: time.nullable().describe('When the facts were read; null before the first observation has ended.'),
    version: z.string(),
    cluster: z.string(),
  })
  .meta({ id: 'Status' });
export type StatusReply = z.infer<typeof StatusReply>;
