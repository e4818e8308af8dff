import type { FailoverFacts } from '../failover.ts';
import type { ScalingSummary } from '../scaling-facts.ts';
import type { HealthFacts } from '../health.ts';
import type { IsoTime, Observed } from '../observed.ts';
import type { DatabaseFacts, PitrFacts, ReplicationFacts } from '../postgres.ts';
import type { QualitySummary } from '../quality.ts';
import type { Readiness } from '../readiness.ts';
import type {
  BackupFacts,
  CollectorName,
  CopyFacts,
  DrillFacts,
  RepositoryFacts,
  ServiceSnapshot,
  Snapshot,
  SystemFacts,
} from '../snapshot.ts';

/** A level is not shown any more when its reading is older than this many intervals of its collector. */
export const staleAfterIntervals = 3;

/** What was last read of facts with a time. They stay true when a later read fails. */
export interface LastKnown {
  readonly backups: BackupFacts | null;
  readonly drills: DrillFacts | null;
  readonly copies: ReadonlyMap<string, CopyFacts>;
}
export type LastKnownOfServices = ReadonlyMap<string, LastKnown>;

/**
 * One service as the catalogue reads it. `facts` survive failed reads; the other fields are levels: null when they are
 * unknown, or their reading is older than three intervals of its collector.
 */
export interface ServiceReading {
  readonly service: ServiceSnapshot;
  readonly facts: LastKnown;
  /** Unix milliseconds of the scrape. */
  readonly now: number;
  readonly backups: BackupFacts | null;
  readonly repository: RepositoryFacts | null;
  readonly drills: DrillFacts | null;
  readonly copies: readonly { readonly name: string; readonly facts: CopyFacts | null }[];
  /** Seconds, grown since the reading. */
  readonly rpoSeconds: number | null;
  readonly rtoSeconds: number | null;
  readonly readiness: Readiness | null;
  /** Both the backups and the repository were read (true), one could not be read (false), no recent try (null). */
  readonly up: boolean | null;
  readonly pitr: PitrFacts | null;
  readonly replication: ReplicationFacts | null;
  readonly database: DatabaseFacts | null;
  /** Checks carry their own times. */
  readonly health: HealthFacts | null;
  /** The newest report stays true until the next one. */
  readonly quality: QualitySummary | null;
  /** As of its last look, while that is recent. */
  readonly failover: FailoverFacts | null;
  /** As of its last evaluation, while that is recent. */
  readonly scaling: ScalingSummary | null;
}

export interface SnapshotReading {
  readonly snapshot: Snapshot;
  readonly now: number;
  readonly system: SystemFacts | null;
}

/** Keeps what is known over what a failed read hides; services and copies that are gone are forgotten. Pure. */
export function rememberFacts(previous: LastKnownOfServices, snapshot: Snapshot): LastKnownOfServices {
  const next = new Map<string, LastKnown>();
  for (const service of snapshot.services) {
    const before = previous.get(service.name);
    const copies = new Map<string, CopyFacts>();
    for (const copy of service.copies) {
      const facts = copy.facts.known ? copy.facts.value : before?.copies.get(copy.name);
      if (facts !== undefined) copies.set(copy.name, facts);
    }
    next.set(service.name, {
      backups: service.backups.known ? service.backups.value : (before?.backups ?? null),
      drills: service.drills.known ? service.drills.value : (before?.drills ?? null),
      copies,
    });
  }
  return next;
}

const nothing: LastKnown = { backups: null, drills: null, copies: new Map() };

/** Longest age of a level, milliseconds, by the collector that reads it; a collector the snapshot does not list has no levels. */
export type LevelLimits = Readonly<Record<CollectorName, number>>;

export function levelLimits(snapshot: Snapshot): LevelLimits {
  const limits: Record<CollectorName, number> = {
    catalogue: 0,
    repository: 0,
    copies: 0,
    drills: 0,
    wal: 0,
    replication: 0,
    health: 0,
    quality: 0,
    failover: 0,
    scaling: 0,
    system: 0,
    process: 0,
  };
  for (const collector of snapshot.collectors)
    limits[collector.name] = collector.intervalSeconds * staleAfterIntervals * 1000;
  return limits;
}

export function readService(
  service: ServiceSnapshot,
  known: LastKnownOfServices,
  limits: LevelLimits,
  now: number,
): ServiceReading {
  // Most readings of a tick carry the same moment: it is parsed once.
  let parsedAt = '';
  let parsedMs = Number.NaN;
  const recent = (at: IsoTime, collector: CollectorName): boolean => {
    if (at !== parsedAt) parsedMs = Date.parse((parsedAt = at));
    return now - parsedMs <= limits[collector];
  };
  const level = <T>(seen: Observed<T>, collector: CollectorName): T | null =>
    seen.known && recent(seen.at, collector) ? seen.value : null;
  const rpo = level(service.rpoSeconds, 'catalogue');
  return {
    service,
    facts: known.get(service.name) ?? nothing,
    now,
    backups: level(service.backups, 'catalogue'),
    repository: level(service.repository, 'repository'),
    drills: level(service.drills, 'drills'),
    copies: service.copies.map((copy) => ({ name: copy.name, facts: level(copy.facts, 'copies') })),
    rpoSeconds: rpo === null ? null : rpo + Math.max(0, now - Date.parse(service.rpoSeconds.at)) / 1000,
    rtoSeconds: level(service.rtoSeconds, 'drills'),
    readiness: recent(service.readiness.at, 'catalogue') ? service.readiness : null,
    up: protectionUp(service, recent),
    pitr: service.pitr === null ? null : level(service.pitr, 'wal'),
    replication: service.replication === null ? null : level(service.replication, 'replication'),
    database: service.database === null ? null : level(service.database, 'replication'),
    health: service.health,
    quality: service.quality?.known === true ? service.quality.value : null,
    failover: service.failover !== null && recent(service.failover.decision.at, 'failover') ? service.failover : null,
    scaling: scalingNow(service, now),
  };
}

/** Each service is looked at in its own rhythm. */
function scalingNow({ scaling }: ServiceSnapshot, now: number): ScalingSummary | null {
  if (scaling === null) return null;
  return now - Date.parse(scaling.at) <= scaling.intervalSeconds * staleAfterIntervals * 1000 ? scaling : null;
}

function protectionUp(
  service: ServiceSnapshot,
  recent: (at: IsoTime, collector: CollectorName) => boolean,
): boolean | null {
  if (!recent(service.backups.at, 'catalogue') || !recent(service.repository.at, 'repository')) return null;
  return service.backups.known && service.repository.known;
}

export function readSnapshot(snapshot: Snapshot, limits: LevelLimits, now: number): SnapshotReading {
  const { system } = snapshot;
  const recent = system.known && now - Date.parse(system.at) <= limits.system;
  return { snapshot, now, system: recent ? system.value : null };
}

/** ISO time to Unix seconds. */
export function unixSeconds(at: IsoTime): number {
  return Date.parse(at) / 1000;
}

/** Seconds from `at` to `now` (Unix milliseconds), never below zero: a clock that was set back must not make things young. */
export function secondsSince(at: IsoTime | null | undefined, now: number): number | null {
  return at === null || at === undefined ? null : Math.max(0, (now - Date.parse(at)) / 1000);
}

export function flag(value: boolean | null | undefined): number | null {
  return value === null || value === undefined ? null : value ? 1 : 0;
}
