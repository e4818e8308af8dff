import { ok, toOpError, type OpError, type Outcome } from '../../contract/errors.ts';
import type { IsoTime } from '../../contract/observed.ts';
import type { DatabaseFacts, ReplicationFacts } from '../../contract/postgres.ts';
import type {
  DatabaseMemory,
  ReplicationEngine,
  ReplicationMemory,
  ReplicationSettings,
} from '../../engines/replication/port.ts';
import type { PostgresTarget } from '../../engines/postgres-target.ts';
import type { Clock, Log } from '../../ports/index.ts';

/** The database server of one service, resolved. */
export interface WatchedServer {
  readonly target: PostgresTarget;
  readonly settings: ReplicationSettings;
  /** Whether connections, locks, sizes and queries are read too. */
  readonly statistics: boolean;
}

export interface ReplicationWatchDeps {
  readonly clock: Clock;
  readonly log: Log;
  readonly engine: ReplicationEngine;
  /** Who writes the heartbeat, e.g. the host's name. */
  readonly by: string;
  /** Names of the configured services. */
  services(): readonly string[];
  /** Value null: the service has no server. */
  server(service: string): Promise<Outcome<WatchedServer | null>>;
}

/** What one reading of a service gave. Null: there is nothing to read. */
export interface ReplicationReading {
  readonly replication: Outcome<ReplicationFacts> | null;
  readonly database: Outcome<DatabaseFacts> | null;
}

export interface ReplicationWatch {
  observe(service: string, signal: AbortSignal): Promise<ReplicationReading>;
  /** Writes heartbeats until the signal aborts; resolves then. A server that hangs holds up its own only. */
  run(signal: AbortSignal): Promise<void>;
  /** Writes the heartbeats that are due now, and resolves when they have ended. One that still runs is not begun again. */
  beatDue(signal: AbortSignal): Promise<void>;
  /** The failure of the last heartbeat of the service; null: it did not fail. */
  heartbeatFailure(service: string): OpError | null;
}

const tickMs = 1000;
/** Another interval in a new configuration is seen after at most so long. */
const longestQuietMs = 5000;

interface Watched {
  replicas: ReplicationMemory;
  database: DatabaseMemory | null;
  beating: boolean;
  lastBeatMs: number;
  /** So long after a heartbeat none can be due: the service is not resolved anew every second. */
  quietMs: number;
  failure: OpError | null;
}

/** Keeps, per service, what one reading leaves for the next, and writes heartbeats in time. Nothing it does throws. */
export function createReplicationWatch(deps: ReplicationWatchDeps): ReplicationWatch {
  const all = new Map<string, Watched>();
  const of = (service: string): Watched => {
    const found = all.get(service);
    if (found !== undefined) return found;
    const fresh = {
      replicas: new Map(),
      database: null,
      beating: false,
      lastBeatMs: -Infinity,
      quietMs: 0,
      failure: null,
    };
    all.set(service, fresh);
    return fresh;
  };
  const beatDue = async (signal: AbortSignal): Promise<void> => {
    const services = deps.services();
    for (const service of all.keys()) if (!services.includes(service)) all.delete(service);
    await Promise.all(services.map((service) => beat(deps, service, of(service), signal)));
  };
  return {
    async observe(service, signal) {
      const server = await guarded(() => deps.server(service));
      if (!server.ok) return { replication: server, database: server };
      if (server.value === null) return { replication: null, database: null };
      return read(deps, of(service), server.value, signal);
    },
    async run(signal) {
      while (!signal.aborted) {
        void beatDue(signal);
        await deps.clock.sleep(tickMs, signal);
      }
    },
    beatDue,
    heartbeatFailure: (service) => all.get(service)?.failure ?? null,
  };
}

async function read(
  deps: ReplicationWatchDeps,
  watched: Watched,
  server: WatchedServer,
  signal: AbortSignal,
): Promise<ReplicationReading> {
  const { target, settings } = server;
  const [replication, database] = await Promise.all([
    guarded(() => deps.engine.observe(target, settings, watched.replicas, signal)),
    server.statistics ? guarded(() => deps.engine.statistics(target, watched.database, signal)) : null,
  ]);
  if (replication.ok) watched.replicas = replication.value.memory;
  if (database?.ok === true) watched.database = database.value.memory;
  return {
    replication: replication.ok ? ok(withHeartbeat(replication.value.facts, watched.failure)) : replication,
    database: database?.ok === true ? ok(database.value.facts) : database,
  };
}

/** Why the row does not move is known to its writer, not to its reader. */
function withHeartbeat(facts: ReplicationFacts, failure: OpError | null): ReplicationFacts {
  return failure === null
    ? facts
    : { ...facts, heartbeatProblem: `the heartbeat cannot be written: ${failure.message}` };
}

async function beat(deps: ReplicationWatchDeps, service: string, watched: Watched, signal: AbortSignal): Promise<void> {
  const quietForMs = +deps.clock.now() - watched.lastBeatMs;
  if (watched.beating || (quietForMs >= 0 && quietForMs < watched.quietMs)) return;
  watched.beating = true;
  try {
    const server = await guarded(() => deps.server(service));
    const wanted = server.ok ? (server.value?.settings.heartbeat ?? null) : null;
    if (!server.ok) return; // the reading tells what is wrong with it
    watched.quietMs = 0;
    if (server.value === null || wanted === null) {
      watched.failure = null;
      return;
    }
    const now = +deps.clock.now();
    const sinceMs = now - watched.lastBeatMs;
    // Half a tick early is nearer than half a tick late. A clock that was set back must not silence it until that moment comes again.
    const dueMs = wanted.intervalSeconds * 1000 - tickMs / 2;
    watched.quietMs = Math.min(dueMs, longestQuietMs);
    if (sinceMs >= 0 && sinceMs < dueMs) return;
    watched.lastBeatMs = now;
    const { target } = server.value;
    note(deps.log, service, watched, await guarded(() => deps.engine.beat(target, wanted, deps.by, signal)));
  } finally {
    watched.beating = false;
  }
}

/** Says once that it fails and once that it goes again. */
function note(log: Log, service: string, watched: Watched, written: Outcome<IsoTime>): void {
  if (!written.ok && written.error.code === 'cancelled') return;
  if (!written.ok && watched.failure === null)
    log.warn('a heartbeat could not be written', { service, code: written.error.code, error: written.error.message });
  if (written.ok && watched.failure !== null) log.info('the heartbeat is written again', { service });
  watched.failure = written.ok ? null : written.error;
}

async function guarded<T>(work: () => Promise<Outcome<T>>): Promise<Outcome<T>> {
  try {
    return await work();
  } catch (thrown) {
    return { ok: false, error: toOpError(thrown) };
  }
}
