import { assessReadiness } from '../core/readiness.ts';
import { newestUsable } from '../core/backup-choice.ts';
import { intervalSeconds, type JobSchedule } from '../core/schedule.ts';
import { backupTypes, type CatalogueEntry } from '../contract/backup.ts';
import { OpError, type Outcome } from '../contract/errors.ts';
import { known, unknown, type Observed } from '../contract/observed.ts';
import type { EngineAbilities } from '../contract/engine.ts';
import type { FailoverFacts } from '../contract/failover.ts';
import type { HealthFacts } from '../contract/health.ts';
import type { ScalingSummary } from '../contract/scaling-facts.ts';
import type { DrillRecord, Operation } from '../contract/operation.ts';
import type { DatabaseFacts, PitrFacts, ReplicationFacts } from '../contract/postgres.ts';
import type { QualitySummary } from '../contract/quality.ts';
import type {
  BackupFacts,
  BackupTypeFacts,
  CopyFacts,
  CopySnapshot,
  DrillFacts,
  NewestBackup,
  Pause,
  RepositoryFacts,
  ScheduleFacts,
  ServiceSnapshot,
  MaintenanceWindow,
  SlaObjectives,
} from '../contract/snapshot.ts';
import type { ServiceConfig } from '../config/schema.ts';

/** Raw readings of one service, each with the moment and the failure it came with. */
export interface ServiceReadings {
  readonly entries: Observed<readonly CatalogueEntry[]>;
  readonly lastAttempts: ReadonlyMap<string, { readonly endedAt: string; readonly success: boolean }>;
  readonly repository: Observed<RepositoryFacts>;
  readonly copies: ReadonlyMap<string, Observed<CopyFacts>>;
  readonly drills: Observed<readonly DrillRecord[]>;
  readonly nextRuns: ReadonlyMap<string, Date | null>;
  readonly pause: Pause | null;
  readonly maintenance: MaintenanceWindow | null;
  readonly keyConfirmed: boolean | null;
  readonly running: Operation | null;
  readonly abilities: EngineAbilities;
  readonly pitr: Observed<PitrFacts> | null;
  readonly replication: Observed<ReplicationFacts> | null;
  readonly database: Observed<DatabaseFacts> | null;
  readonly health: HealthFacts | null;
  readonly quality: Observed<QualitySummary | null> | null;
  readonly failover: FailoverFacts | null;
  readonly scaling: ScalingSummary | null;
}

export interface FleetFacts {
  readonly auditWritable: boolean;
  readonly configOk: boolean;
  readonly slaObjectives: SlaObjectives;
}

export function observedFrom<T>(at: string, outcome: Outcome<T>): Observed<T> {
  return outcome.ok ? known(at, outcome.value) : unknown(at, outcome.error);
}

export function mapObserved<A, B>(observed: Observed<A>, f: (value: A) => B): Observed<B> {
  return observed.known ? known(observed.at, f(observed.value)) : observed;
}

function seconds(from: string, to: string): number {
  return (Date.parse(to) - Date.parse(from)) / 1000;
}

function toNewest(entry: CatalogueEntry): NewestBackup {
  return {
    id: entry.id,
    endedAt: entry.endedAt,
    startedAt: entry.startedAt,
    storedBytes: entry.storedBytes,
    bytes: entry.bytes,
    durationSeconds: seconds(entry.startedAt, entry.endedAt),
  };
}

function median(values: readonly number[]): number | null {
  if (values.length < 3) return null;
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? null;
}

/** Entries newest first. */
export function backupFacts(
  entries: readonly CatalogueEntry[],
  lastAttempts: ServiceReadings['lastAttempts'],
): BackupFacts {
  const byType = backupTypes.map((type): BackupTypeFacts => {
    const ofType = entries.filter((e) => e.type === type);
    const newest = ofType[0];
    return {
      type,
      lastSuccess: newest === undefined ? null : toNewest(newest),
      lastAttempt: lastAttempts.get(type) ?? (newest === undefined ? null : { endedAt: newest.endedAt, success: true }),
      baselineBytes: median(ofType.slice(0, 10).map((e) => e.storedBytes)),
    };
  });
  const usable = newestUsable(entries);
  const verified = entries
    .filter((e) => e.verifyResult === 'passed' && e.verifiedAt !== null)
    .map((e) => e.verifiedAt ?? '');
  return {
    byType,
    newest: usable === null ? null : toNewest(usable),
    newestVerifiedAt: verified.length === 0 ? null : verified.reduce((a, b) => (a > b ? a : b)),
    oldestStartedAt: entries.at(-1)?.startedAt ?? null,
    count: entries.length,
    storedBytes: entries.reduce((sum, e) => sum + e.storedBytes, 0),
    newestVerifyFailed: entries[0]?.verifyResult === 'failed',
  };
}

/** Drills newest first. */
export function drillFacts(drills: readonly DrillRecord[]): DrillFacts {
  const last = drills[0];
  const passed = drills.filter((d) => d.passed);
  return {
    lastRunAt: last?.endedAt ?? null,
    lastPassed: last?.passed ?? null,
    lastPassedAt: passed[0]?.endedAt ?? null,
    lastRtoSeconds: passed[0]?.rtoSeconds ?? null,
    lastRpoSeconds: passed[0]?.rpoSeconds ?? null,
    successRatio: drills.length === 0 ? null : passed.length / drills.length,
  };
}

/**
 * What could be lost now: everything since the newest restorable backup began, or since the end of the archived WAL where any moment
 * can be brought back. A newest backup in the future means a clock set back: unknown.
 */
export function currentRpo(
  entries: Observed<readonly CatalogueEntry[]>,
  pitr: Observed<PitrFacts> | null,
  now: Date,
): Observed<number | null> {
  if (!entries.known) return entries;
  if (pitr !== null && !pitr.known) return pitr;
  const newest = newestUsable(entries.value);
  const since = pitr === null ? newest?.startedAt : pitr.value.newestRestorableAt;
  const seenAt = pitr?.at ?? entries.at;
  if (since === undefined || since === null) return known(seenAt, null);
  const age = (+now - Date.parse(since)) / 1000;
  if (age < -60) {
    const what = pitr === null ? 'the newest backup began' : 'the newest archived WAL is from';
    return unknown(seenAt, new OpError('internal', `the clock was set back: ${what} at ${since}`));
  }
  return known(seenAt, Math.max(0, age));
}

export function jobSchedules(service: ServiceConfig): readonly JobSchedule[] {
  const { full, differential, incremental, timezone } = service.backup.schedules;
  return [
    { job: 'full', cron: full, timezone },
    { job: 'differential', cron: differential, timezone },
    { job: 'incremental', cron: incremental, timezone },
    { job: 'drill', cron: service.drills.schedule, timezone: service.drills.timezone },
  ];
}

function scheduleFacts(service: ServiceConfig, readings: ServiceReadings, now: Date): readonly ScheduleFacts[] {
  return jobSchedules(service).flatMap((schedule): ScheduleFacts[] => {
    const interval = intervalSeconds(schedule, now);
    if (interval === null) return [];
    return [
      {
        type: schedule.job,
        intervalSeconds: interval,
        nextAt: readings.pause === null ? (readings.nextRuns.get(schedule.job)?.toISOString() ?? null) : null,
      },
    ];
  });
}

export function buildServiceSnapshot(
  service: ServiceConfig,
  readings: ServiceReadings,
  fleet: FleetFacts,
  now: Date,
): ServiceSnapshot {
  const rtos = mapObserved(readings.drills, (drills) => drillFacts(drills).lastRtoSeconds);
  const copies: CopySnapshot[] = service.copies.map((copy) => ({
    name: copy.name,
    path: copy.path,
    facts:
      readings.copies.get(copy.name) ??
      unknown(now.toISOString(), new OpError('copy_disconnected', `${copy.name} was not looked at yet`)),
  }));
  const schedules = scheduleFacts(service, readings, now);
  const bare: Omit<ServiceSnapshot, 'readiness'> = {
    name: service.name,
    component: service.component,
    tier: service.tier,
    region: service.region,
    team: service.team,
    engine: service.backup.engine,
    abilities: readings.abilities,
    objectives: service.objectives,
    slaObjectives: fleet.slaObjectives,
    backupAgeThresholdSeconds: 2 * service.objectives.backup_sla,
    verifyThresholdSeconds:
      2 * (schedules.find((s) => s.type === 'drill')?.intervalSeconds ?? service.objectives.test_frequency_sla),
    schedules,
    pause: readings.pause,
    maintenance: readings.maintenance,
    encrypted: service.backup.encryption !== null,
    keyConfirmed: readings.keyConfirmed,
    backups: mapObserved(readings.entries, (entries) => backupFacts(entries, readings.lastAttempts)),
    repository: readings.repository,
    copies,
    drills: mapObserved(readings.drills, drillFacts),
    rpoSeconds: currentRpo(readings.entries, readings.pitr, now),
    rtoSeconds: rtos,
    runningOperation:
      readings.running === null
        ? null
        : {
            id: readings.running.id,
            kind: readings.running.kind,
            startedAt: readings.running.startedAt ?? readings.running.createdAt,
          },
    pitr: readings.pitr,
    replication: readings.replication,
    database: readings.database,
    health: readings.health,
    quality: readings.quality,
    failover: readings.failover,
    scaling: readings.scaling,
  };
  const readiness = assessReadiness(
    {
      service: bare,
      auditWritable: fleet.auditWritable,
      configOk: fleet.configOk,
      hasComponents: service.postgres !== null || Object.keys(service.backup.components).length > 0,
      copiesConfigured: service.copies.map((c) => ({ name: c.name, offsite: c.offsite })),
    },
    now,
  );
  return { ...bare, readiness };
}
