import type { CatalogueEntry } from '../contract/backup.ts';
import { OpError, toOpError, type Outcome } from '../contract/errors.ts';
import { unknown, type Observed } from '../contract/observed.ts';
import type { ServiceConfig } from '../config/schema.ts';
import type { DrillRecord } from '../contract/operation.ts';
import type { DatabaseFacts, PitrFacts, ReplicationFacts } from '../contract/postgres.ts';
import type { QualitySummary } from '../contract/quality.ts';
import type {
  CollectorName,
  CollectorSnapshot,
  CopyFacts,
  RepositoryFacts,
  SystemFacts,
} from '../contract/snapshot.ts';
import {
  readCopies,
  readDrills,
  readEntries,
  readLastAttempts,
  readPitr,
  readQuality,
  readRepository,
  type LastAttempts,
} from './collect-service.ts';
import type { HandlerDeps } from './handler.ts';
import type { FailoverWatch } from './failover/watch.ts';
import type { ScalingWatch } from './scaling/watch.ts';
import type { HealthWatch } from './health.ts';
import type { ReplicationWatch } from './replication/watch.ts';
import { observedFrom } from './observe.ts';

/** The last reading of everything, kept until the next one; each says when it was made and whether it is known. */
export interface Readings {
  readonly entries: Map<string, Observed<readonly CatalogueEntry[]>>;
  readonly lastAttempts: Map<string, LastAttempts>;
  readonly repository: Map<string, Observed<RepositoryFacts>>;
  readonly copies: Map<string, ReadonlyMap<string, Observed<CopyFacts>>>;
  readonly drills: Map<string, Observed<readonly DrillRecord[]>>;
  readonly pitr: Map<string, Observed<PitrFacts>>;
  readonly replication: Map<string, Observed<ReplicationFacts>>;
  readonly database: Map<string, Observed<DatabaseFacts>>;
  readonly quality: Map<string, Observed<QualitySummary | null>>;
  system: Observed<SystemFacts>;
}

export interface CollectorDeps extends HandlerDeps {
  readSystem(): Promise<Outcome<SystemFacts>>;
  readonly replication: Pick<ReplicationWatch, 'observe' | 'heartbeatFailure'>;
  readonly health: Pick<HealthWatch, 'problem'>;
  readonly failover: Pick<FailoverWatch, 'problem'>;
  readonly scaling: Pick<ScalingWatch, 'problem'>;
}

export interface Collectors {
  readonly readings: Readings;
  /** Runs what is due; one that still runs is not started again. Resolves with whether anything was read. */
  runDue(nowMs: number): Promise<boolean>;
  /** All, now: at start, and for commands that run without a server. */
  runAll(): Promise<void>;
  /** What an operation may have changed: all but the readings of the machine. */
  runChanged(): Promise<void>;
  snapshot(): readonly CollectorSnapshot[];
}

interface Collector {
  readonly name: CollectorName;
  intervalSeconds(): number;
  /** Resolves with the first failure, or null when every reading succeeded. */
  collect(): Promise<OpError | null>;
  running: boolean;
  /** Another reading follows the one under way. */
  again: boolean;
  lastStartMs: number;
  success: boolean | null;
  durationSeconds: number | null;
  lastSuccessAt: string | null;
}

type Target = Pick<CollectorDeps, 'clock' | 'config'>;

/** Keeps the reading, known or not, and passes on what failed. */
function keep<T>(deps: Target, map: Map<string, Observed<T>>, name: string, outcome: Outcome<T>): OpError | null {
  map.set(name, observedFrom(deps.clock.now().toISOString(), outcome));
  return outcome.ok ? null : outcome.error;
}

/** Reads every configured service; readings of services that are gone go with them. */
async function eachService(
  deps: Target,
  map: Map<string, unknown>,
  read: (name: string) => Promise<OpError | null>,
  concerns: (service: ServiceConfig) => boolean = () => true,
  atOnce = false,
): Promise<OpError | null> {
  const names = deps
    .config()
    .services.filter(concerns)
    .map((s) => s.name);
  for (const name of map.keys()) if (!names.includes(name)) map.delete(name);
  let first: OpError | null = null;
  const readOne = async (name: string): Promise<void> => {
    const error = await read(name).catch((thrown: unknown) => toOpError(thrown));
    first ??= error;
  };
  if (atOnce) await Promise.all(names.map(readOne));
  else for (const name of names) await readOne(name);
  return first;
}

function collectorsOf(
  deps: CollectorDeps,
  readings: Readings,
): readonly Pick<Collector, 'name' | 'intervalSeconds' | 'collect'>[] {
  const intervalSeconds = (): number => deps.config().collectors.dr_interval;
  return [
    {
      name: 'catalogue',
      intervalSeconds,
      collect: () =>
        eachService(deps, readings.entries, async (name) => {
          const attempts = await readLastAttempts(deps, name);
          if (attempts.ok) readings.lastAttempts.set(name, attempts.value);
          return (
            keep(deps, readings.entries, name, await readEntries(deps, name)) ?? (attempts.ok ? null : attempts.error)
          );
        }),
    },
    {
      name: 'repository',
      intervalSeconds,
      collect: () =>
        eachService(deps, readings.repository, async (name) =>
          keep(deps, readings.repository, name, await readRepository(deps, name)),
        ),
    },
    {
      name: 'copies',
      intervalSeconds,
      collect: () =>
        eachService(deps, readings.copies, async (name) => {
          const found = new Map<string, Observed<CopyFacts>>();
          const errors = (await readCopies(deps, name)).map(([copy, outcome]) => keep(deps, found, copy, outcome));
          readings.copies.set(name, found);
          return errors.find((e) => e !== null) ?? null;
        }),
    },
    {
      name: 'drills',
      intervalSeconds,
      collect: () =>
        eachService(deps, readings.drills, async (name) =>
          keep(deps, readings.drills, name, await readDrills(deps, name)),
        ),
    },
    ...watchersOf(deps, readings, intervalSeconds),
    {
      name: 'system',
      intervalSeconds: () => deps.config().collectors.system_interval,
      collect: async () => {
        const read = await deps.readSystem();
        readings.system = observedFrom(deps.clock.now().toISOString(), read);
        return read.ok ? null : read.error;
      },
    },
  ];
}

/** What goes on in databases and services by itself. */
function watchersOf(
  deps: CollectorDeps,
  readings: Readings,
  intervalSeconds: () => number,
): readonly Pick<Collector, 'name' | 'intervalSeconds' | 'collect'>[] {
  return [
    {
      name: 'wal',
      intervalSeconds: () => deps.config().collectors.wal_interval,
      collect: () =>
        eachService(
          deps,
          readings.pitr,
          async (name) => keep(deps, readings.pitr, name, await readPitr(deps, name)),
          (service) => deps.engine(service.backup.engine).abilities.pitr,
        ),
    },
    {
      name: 'replication',
      // A link that hangs shows only by comparing two readings, and has to show within 15 s.
      intervalSeconds: () => Math.min(5, intervalSeconds()),
      collect: () =>
        eachService(
          deps,
          readings.replication,
          async (name) => {
            const seen = await deps.replication.observe(name, new AbortController().signal);
            const failures = [
              seen.database === null ? null : keep(deps, readings.database, name, seen.database),
              seen.replication === null ? null : keep(deps, readings.replication, name, seen.replication),
            ];
            return failures.find((failure) => failure !== null) ?? deps.replication.heartbeatFailure(name);
          },
          (service) => service.postgres !== null,
          // A server that hangs must not make the others look old.
          true,
        ),
    },
    { name: 'health', intervalSeconds, collect: () => Promise.resolve(deps.health.problem()) },
    { name: 'failover', intervalSeconds, collect: () => Promise.resolve(deps.failover.problem()) },
    { name: 'scaling', intervalSeconds, collect: () => Promise.resolve(deps.scaling.problem()) },
    {
      name: 'quality',
      intervalSeconds,
      collect: () =>
        eachService(
          deps,
          readings.quality,
          async (name) => keep(deps, readings.quality, name, await readQuality(deps, name)),
          (service) => service.quality.enabled,
        ),
    },
  ];
}

/** `changed`: something happened that a reading under way may have missed, so it is followed by another. */
async function run(deps: CollectorDeps, collector: Collector, changed = false): Promise<void> {
  if (collector.running) {
    collector.again ||= changed;
    return;
  }
  do {
    collector.again = false;
    await runOnce(deps, collector);
  } while (collector.again);
}

async function runOnce(deps: CollectorDeps, collector: Collector): Promise<void> {
  collector.running = true;
  collector.lastStartMs = +deps.clock.now();
  const error = await collector.collect().catch((thrown: unknown) => toOpError(thrown));
  collector.running = false;
  // A clock set back in between must not give a negative duration.
  collector.durationSeconds = Math.max(0, (+deps.clock.now() - collector.lastStartMs) / 1000);
  if (error !== null && collector.success !== false) {
    deps.log.warn('a collector failed', { collector: collector.name, code: error.code, error: error.message });
  }
  collector.success = error === null;
  if (error === null) collector.lastSuccessAt = deps.clock.now().toISOString();
}

/** What an operation may have changed; the others read what goes on by itself. */
const changedByWork: ReadonlySet<CollectorName> = new Set([
  'catalogue',
  'repository',
  'copies',
  'drills',
  'wal',
  'quality',
]);

export function createCollectors(deps: CollectorDeps): Collectors {
  const readings: Readings = {
    entries: new Map(),
    lastAttempts: new Map(),
    repository: new Map(),
    copies: new Map(),
    drills: new Map(),
    pitr: new Map(),
    replication: new Map(),
    database: new Map(),
    quality: new Map(),
    system: unknown(deps.clock.now().toISOString(), new OpError('internal', 'not read yet')),
  };
  const all = collectorsOf(deps, readings).map((c): Collector => ({
    ...c,
    running: false,
    again: false,
    lastStartMs: -Infinity,
    success: null,
    durationSeconds: null,
    lastSuccessAt: null,
  }));
  return {
    readings,
    runDue: async (nowMs) => {
      const due = all.filter((c) => nowMs - c.lastStartMs >= c.intervalSeconds() * 1000 || nowMs < c.lastStartMs);
      await Promise.all(due.map((c) => run(deps, c)));
      return due.length > 0;
    },
    runAll: async () => {
      await Promise.all(all.map((c) => run(deps, c)));
    },
    runChanged: async () => {
      await Promise.all(all.filter((c) => changedByWork.has(c.name)).map((c) => run(deps, c, true)));
    },
    snapshot: () =>
      all.map((c) => ({
        name: c.name,
        intervalSeconds: c.intervalSeconds(),
        success: c.success,
        durationSeconds: c.durationSeconds,
        lastSuccessAt: c.lastSuccessAt,
      })),
  };
}
