import type { BackupType } from './backup.ts';
import type { EngineAbilities } from './engine.ts';
import type { FailoverFacts } from './failover.ts';
import type { ScalingSummary } from './scaling-facts.ts';
import type { HealthFacts } from './health.ts';
import type { LiveFacts } from './live-facts.ts';
import type { IsoTime, Observed } from './observed.ts';
import type { DatabaseFacts, PitrFacts, ReplicationFacts } from './postgres.ts';
import type { QualitySummary } from './quality.ts';
import type { Readiness } from './readiness.ts';

/** The keys of `objectives` in genesis.yaml and the values of the label `sla`. Seconds, but readiness_sla is 0-1. */
export const slaNames = [
  'backup_sla',
  'replication_sla',
  'readiness_sla',
  'test_frequency_sla',
  'rpo_sla',
  'rto_sla',
] as const;
export type SlaName = (typeof slaNames)[number];
export type Objectives = Readonly<Record<SlaName, number>>;
/** Share of the time in which each objective must hold, 0 to 1: `sla.objectives` in genesis.yaml. */
export type SlaObjectives = Readonly<Record<SlaName, number>>;

export interface NewestBackup {
  readonly id: string;
  readonly endedAt: IsoTime;
  readonly startedAt: IsoTime;
  readonly storedBytes: number;
  readonly bytes: number;
  readonly durationSeconds: number;
}

/** Facts of one backup type; each null when it never happened. */
export interface BackupTypeFacts {
  readonly type: BackupType;
  readonly lastSuccess: NewestBackup | null;
  /** The last attempt, also a failed one. */
  readonly lastAttempt: { readonly endedAt: IsoTime; readonly success: boolean } | null;
  /** Median stored size of the last ten of this type, bytes; null below three. */
  readonly baselineBytes: number | null;
}

export interface BackupFacts {
  readonly byType: readonly BackupTypeFacts[];
  readonly newest: NewestBackup | null;
  readonly newestVerifiedAt: IsoTime | null;
  readonly oldestStartedAt: IsoTime | null;
  readonly count: number;
  readonly storedBytes: number;
  /** Newest backup's verification failed and nothing newer passed. */
  readonly newestVerifyFailed: boolean;
}

/** Null where the store does not tell: object stores have no size. */
export interface RepositoryFacts {
  readonly freeBytes: number | null;
  readonly totalBytes: number | null;
}

export interface ScheduleFacts {
  readonly type: BackupType | 'drill';
  readonly intervalSeconds: number;
  /** Null while paused. */
  readonly nextAt: IsoTime | null;
}

export interface CopyFacts {
  readonly connected: boolean;
  /** Why it is not connected. */
  readonly problem?: string;
  /** Age of the oldest backup that is not yet in the copy, seconds; 0 when none is missing. */
  readonly lagSeconds: number;
  /** Backups still to be copied. */
  readonly queue: number;
  readonly newestBackupEndedAt: IsoTime | null;
  /** Null where the store does not tell. */
  readonly freeBytes: number | null;
  readonly sameDisk: boolean;
}

export interface CopySnapshot {
  readonly name: string;
  readonly path: string;
  readonly facts: Observed<CopyFacts>;
}

export interface DrillFacts {
  readonly lastRunAt: IsoTime | null;
  readonly lastPassed: boolean | null;
  readonly lastPassedAt: IsoTime | null;
  readonly lastRtoSeconds: number | null;
  readonly lastRpoSeconds: number | null;
  /** Passed over run, of the last 100; null when none ran. */
  readonly successRatio: number | null;
}

export interface Pause {
  readonly service: string;
  readonly by: string;
  readonly reason: string;
  readonly since: IsoTime;
  readonly until: IsoTime;
}

/** Planned work on a service: its alerts are muted until then. Unlike a pause, its scheduled work goes on. */
export interface MaintenanceWindow {
  readonly service: string;
  readonly by: string;
  readonly reason: string;
  readonly since: IsoTime;
  readonly until: IsoTime;
}

export interface ServiceSnapshot {
  readonly name: string;
  readonly component: string;
  readonly tier: string;
  readonly region: string;
  readonly team: string;
  readonly engine: string;
  readonly abilities: EngineAbilities;
  readonly objectives: Objectives;
  readonly slaObjectives: SlaObjectives;
  /** Every backup must not be older than this before BackupTooOld fires, seconds (2 x backup_sla). */
  readonly backupAgeThresholdSeconds: number;
  readonly verifyThresholdSeconds: number;
  readonly schedules: readonly ScheduleFacts[];
  readonly pause: Pause | null;
  readonly maintenance: MaintenanceWindow | null;
  readonly encrypted: boolean;
  /** The operator confirmed that the key is also kept elsewhere; null when nothing is encrypted. */
  readonly keyConfirmed: boolean | null;
  readonly backups: Observed<BackupFacts>;
  readonly repository: Observed<RepositoryFacts>;
  readonly copies: readonly CopySnapshot[];
  readonly drills: Observed<DrillFacts>;
  /** Recovery point objective as it stands now: age of the newest restorable state, seconds. Null: nothing restorable. */
  readonly rpoSeconds: Observed<number | null>;
  /** Estimate from the last passed drill; null when none ever passed. */
  readonly rtoSeconds: Observed<number | null>;
  readonly readiness: Readiness;
  readonly runningOperation: { readonly id: string; readonly kind: string; readonly startedAt: IsoTime } | null;
  /** Null: the engine brings back the moments of its backups only. */
  readonly pitr: Observed<PitrFacts> | null;
  /** Null: no PostgreSQL server is configured. */
  readonly replication: Observed<ReplicationFacts> | null;
  /** Null: no PostgreSQL server is configured, or its statistics are not wanted. */
  readonly database: Observed<DatabaseFacts> | null;
  /** Null: no health checks are configured. */
  readonly health: HealthFacts | null;
  /** The newest report; value null: there is none yet. Null: quality is not looked at. */
  readonly quality: Observed<QualitySummary | null> | null;
  /** Null: nobody takes over. */
  readonly failover: FailoverFacts | null;
  /** Null: Genesis does not scale it, or has not looked yet. */
  readonly scaling: ScalingSummary | null;
}

/** Interval classes of M15. */
export const collectorNames = [
  'catalogue',
  'repository',
  'copies',
  'drills',
  'wal',
  'replication',
  'health',
  'quality',
  'failover',
  'scaling',
  'system',
  'process',
] as const;
export type CollectorName = (typeof collectorNames)[number];

export interface CollectorSnapshot {
  readonly name: CollectorName;
  readonly intervalSeconds: number;
  readonly success: boolean | null;
  readonly durationSeconds: number | null;
  readonly lastSuccessAt: IsoTime | null;
}

/** Readings of the machine; counters are raw totals since boot. */
export interface SystemFacts {
  readonly cpuRatio: number;
  readonly load1: number;
  readonly cpus: number;
  readonly memoryTotalBytes: number;
  readonly memoryAvailableBytes: number;
  readonly swapTotalBytes: number;
  readonly swapUsedBytes: number;
  readonly filesystems: readonly {
    readonly mount: string;
    readonly sizeBytes: number;
    readonly availableBytes: number;
  }[];
  readonly networks: readonly {
    readonly device: string;
    readonly receiveBytes: number;
    readonly transmitBytes: number;
    readonly receivePackets: number | null;
    readonly transmitPackets: number | null;
    readonly receiveErrors: number;
    readonly transmitErrors: number;
    /** Null where the driver does not tell (tunnels). */
    readonly up: boolean | null;
  }[];
  /** Whole machine; null where the platform does not tell. */
  readonly diskIo: {
    readonly readBytes: number | null;
    readonly writtenBytes: number | null;
    readonly reads: number;
    readonly writes: number;
  } | null;
}

/** All that is known at one moment. Every gauge, page and decision is a function of it. */
export interface Snapshot {
  readonly at: IsoTime;
  readonly cluster: string;
  readonly version: string;
  readonly startedAt: IsoTime;
  readonly services: readonly ServiceSnapshot[];
  readonly collectors: readonly CollectorSnapshot[];
  readonly system: Observed<SystemFacts>;
  readonly config: { readonly lastReloadSuccessful: boolean; readonly lastReloadAt: IsoTime; readonly hash: string };
  readonly audit: { readonly count: number; readonly writable: boolean };
  readonly activeOperations: Readonly<Record<string, number>>;
  readonly eventStreams: number;
  /** Absent where nothing is recorded: a command that runs without a server. */
  readonly live?: LiveFacts;
}
