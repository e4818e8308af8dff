import { ok, type Outcome } from '../../../contract/errors.ts';
import type { ReplicationFacts } from '../../../contract/postgres.ts';
import type { Clock } from '../../../ports/index.ts';
import { withSession } from '../../postgres/client.ts';
import type { PostgresTarget } from '../../postgres-target.ts';
import type { ReplicationEngine, ReplicationSettings } from '../port.ts';
import { readDatabase, statisticsSession } from './database.ts';
import { heartbeatSession, writeHeartbeat } from './heartbeat.ts';
import { judgeReplicas } from './judge.ts';
import { readPrimary } from './primary.ts';
import type { PrimaryReading, StandbyReading } from './readings.ts';
import { timeouts } from './sessions.ts';
import { readStandby } from './standby.ts';

/** Streaming replication of PostgreSQL 13 and later, read with a role that has pg_monitor. */
export function createPostgresReplication(deps: { readonly clock: Clock }): ReplicationEngine {
  return {
    name: 'postgres',
    async observe(target, settings, previous, signal) {
      const [primary, standbys] = await Promise.all([
        askPrimary(target, settings, signal),
        askStandbys(target, settings, signal),
      ]);
      if (!primary.ok) return primary;
      const { replicas, memory } = judgeReplicas(primary.value, standbys, settings, previous);
      return ok({ facts: factsOf(primary.value, replicas, settings), memory });
    },
    statistics: (target, previous, signal) =>
      withSession(
        target,
        { ...timeouts, signal, applicationName: 'genesis statistics', settings: statisticsSession },
        (session) => readDatabase(session, previous, +deps.clock.now()),
      ),
    beat: (target, heartbeat, by, signal) =>
      withSession(
        target,
        { ...timeouts, signal, applicationName: 'genesis heartbeat', settings: heartbeatSession },
        (session) => writeHeartbeat(session, heartbeat.schema, by),
      ),
  };
}

function askPrimary(
  target: PostgresTarget,
  settings: ReplicationSettings,
  signal: AbortSignal,
): Promise<Outcome<PrimaryReading>> {
  return withSession(target, { ...timeouts, signal, applicationName: 'genesis replication' }, (session) =>
    readPrimary(session, settings.heartbeat?.schema ?? null),
  );
}

async function askStandbys(
  target: PostgresTarget,
  settings: ReplicationSettings,
  signal: AbortSignal,
): Promise<ReadonlyMap<string, Outcome<StandbyReading>>> {
  const asked = target.standbys.map(async (standby) => {
    const options = { ...timeouts, signal, applicationName: 'genesis replication' };
    const reading = await withSession(standby, options, (session) =>
      readStandby(session, settings.heartbeat?.schema ?? null),
    );
    return [standby.name, reading] as const;
  });
  return new Map(await Promise.all(asked));
}

function factsOf(
  primary: PrimaryReading,
  replicas: ReplicationFacts['replicas'],
  settings: ReplicationSettings,
): ReplicationFacts {
  return {
    isPrimary: !primary.inRecovery,
    timeline: primary.timeline,
    currentLsn: primary.currentLsn,
    walSegmentBytes: primary.walSegmentBytes,
    lagDegradedSeconds: settings.lagDegradedSeconds,
    replicas,
    archiver: primary.archiver,
    heartbeatIntervalSeconds: settings.heartbeat?.intervalSeconds ?? null,
    heartbeatAt: primary.heartbeat.at,
    heartbeatProblem: primary.heartbeat.problem,
    problem: problemOf(primary),
  };
}

function problemOf(primary: PrimaryReading): string | null {
  if (primary.inRecovery) return 'the server that is configured as the primary is in recovery: it accepts no writes';
  return primary.mayMonitor ? null : 'the role lacks pg_monitor: GRANT pg_monitor to it, or most of this stays hidden';
}
