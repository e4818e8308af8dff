import type { CatalogueEntry } from '../contract/backup.ts';
import { OpError, toOpError, type Outcome } from '../contract/errors.ts';
import { unknown, type Observed } from '../contract/observed.ts';
import type { DrillRecord } from '../contract/operation.ts';
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
  readRepository,
  type LastAttempts,
} from './collect-service.ts';
import type { HandlerDeps } from './handler.ts';
import { observedFrom } from './observe.ts';

/** The last reading of everything, kept until the next one; each says when it was made and whether it is known. */
export interface Readings {
  readonly entries: Map<string, Observed<readonly CatalogueEntry[]>>;
  readonly lastAttempts: Map<string, LastAttempts>;
  readonly repository: Map<string, Observed<RepositoryFacts>>;
  readonly copies: Map<string, ReadonlyMap<string, Observed<CopyFacts>>>;
  readonly drills: Map<string, Observed<readonly DrillRecord[]>>;
  system: Observed<SystemFacts>;
}

export interface CollectorDeps extends HandlerDeps {
  readSystem(): Promise<Outcome<SystemFacts>>;
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
): Promise<OpError | null> {
  const names = deps.config().services.map((s) => s.name);
  for (const name of map.keys()) if (!names.includes(name)) map.delete(name);
  let first: OpError | null = null;
  for (const name of names) {
    const error = await read(name).catch((thrown: unknown) => toOpError(thrown));
    first ??= error;
  }
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

export function createCollectors(deps: CollectorDeps): Collectors {
  const readings: Readings = {
    entries: new Map(),
    lastAttempts: new Map(),
    repository: new Map(),
    copies: new Map(),
    drills: new Map(),
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
      await Promise.all(all.filter((c) => c.name !== 'system').map((c) => run(deps, c, true)));
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
