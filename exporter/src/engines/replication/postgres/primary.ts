import { ok, type Outcome } from '../../../contract/errors.ts';
import type { ArchiverFacts } from '../../../contract/postgres.ts';
import type { PgSession } from '../../postgres/client.ts';
import type { HeartbeatReading, PrimaryReading, SenderReading, SlotReading } from './readings.ts';
import { heartbeatTable, isMissing } from './sessions.ts';

// The position is taken before the views are read: what a standby had replayed by then, it has replayed.
const serverSql = `
  SELECT clock_timestamp() AS "now",
         pg_is_in_recovery() AS "inRecovery",
         CASE WHEN pg_is_in_recovery() THEN pg_last_wal_receive_lsn() ELSE pg_current_wal_lsn() END::text AS "currentLsn",
         CASE WHEN pg_is_in_recovery() THEN (SELECT received_tli FROM pg_stat_wal_receiver)
              ELSE ('x' || substr(pg_walfile_name(pg_current_wal_lsn()), 1, 8))::bit(32)::int END AS "timeline",
         pg_size_bytes(current_setting('wal_segment_size'))::float8 AS "walSegmentBytes",
         pg_has_role('pg_monitor', 'USAGE') AS "mayMonitor",
         current_setting('archive_mode') AS "archiveMode"`;

// Not by greatest(): it leaves out what is null, and would make 0 of an unknown position.
const behind = (column: string): string =>
  `CASE WHEN ${column} IS NOT NULL THEN greatest(pg_wal_lsn_diff($1::pg_lsn, ${column}), 0) END::float8`;

const sendersSql = `
  SELECT pid::int AS "pid", application_name AS "name", state AS "state", sync_state AS "syncState",
         extract(epoch FROM write_lag)::float8 AS "writeLagSeconds",
         extract(epoch FROM flush_lag)::float8 AS "flushLagSeconds",
         extract(epoch FROM replay_lag)::float8 AS "replayLagSeconds",
         ${behind('sent_lsn')} AS "unsentBytes",
         ${behind('flush_lsn')} AS "unflushedBytes",
         ${behind('replay_lsn')} AS "unreplayedBytes",
         reply_time AS "replyAt"
    FROM pg_stat_replication ORDER BY backend_start, pid`;

const slotsSql = `
  SELECT slot_name AS "name", active AS "active", active_pid::int AS "activePid", temporary AS "temporary",
         wal_status AS "walStatus", safe_wal_size::float8 AS "safeWalSizeBytes",
         ${behind('restart_lsn')} AS "retainedBytes"
    FROM pg_replication_slots ORDER BY slot_name`;

const archiverSql = `
  SELECT last_archived_time AS "lastArchivedAt", last_archived_wal AS "lastArchivedWal",
         last_failed_time AS "lastFailedAt", last_failed_wal AS "lastFailedWal",
         failed_count::float8 AS "failedCount"
    FROM pg_stat_archiver`;

const readySql = `SELECT count(*)::float8 AS "ready" FROM pg_ls_archive_statusdir() WHERE name LIKE '%.ready'`;

interface ServerRow {
  readonly now: string;
  readonly inRecovery: boolean;
  readonly currentLsn: string | null;
  readonly timeline: number | null;
  readonly walSegmentBytes: number | null;
  readonly mayMonitor: boolean;
  readonly archiveMode: string;
}

/** Everything that the server which is configured as the primary knows. One statement that fails fails the reading. */
export async function readPrimary(
  session: PgSession,
  heartbeatSchema: string | null,
): Promise<Outcome<PrimaryReading>> {
  const servers = await session.query<ServerRow>(serverSql);
  if (!servers.ok) return servers;
  const server = servers.value[0] as ServerRow; // a SELECT without FROM has one row
  const senders = await session.query<SenderReading>(sendersSql, [server.currentLsn]);
  if (!senders.ok) return senders;
  const slots = await session.query<SlotReading>(slotsSql, [server.currentLsn]);
  if (!slots.ok) return slots;
  const archiver = server.archiveMode === 'off' ? ok(null) : await readArchiver(session);
  if (!archiver.ok) return archiver;
  const heartbeat = await readHeartbeat(session, heartbeatSchema);
  if (!heartbeat.ok) return heartbeat;
  return ok({
    now: server.now,
    inRecovery: server.inRecovery,
    currentLsn: server.currentLsn,
    timeline: server.timeline,
    walSegmentBytes: server.walSegmentBytes,
    mayMonitor: server.mayMonitor,
    senders: senders.value,
    slots: slots.value,
    archiver: archiver.value,
    heartbeat: heartbeat.value,
  });
}

async function readArchiver(session: PgSession): Promise<Outcome<ArchiverFacts | null>> {
  const rows = await session.query<Omit<ArchiverFacts, 'readySegments'>>(archiverSql);
  if (!rows.ok) return rows;
  const row = rows.value[0];
  if (row === undefined) return ok(null);
  // Needs pg_monitor: without it the backlog is unknown, the rest is not.
  const ready = await session.query<{ readonly ready: number }>(readySql);
  return ok({ ...row, readySegments: ready.ok ? (ready.value[0]?.ready ?? null) : null });
}

/** The row that the server shows. A role that may not read it is a fact about the row, not about the server. */
export async function readHeartbeat(session: PgSession, schema: string | null): Promise<Outcome<HeartbeatReading>> {
  if (schema === null) return ok({ at: null, problem: null });
  const rows = await session.query<{ readonly at: string }>(
    `SELECT at AS "at" FROM ${heartbeatTable(schema)} WHERE id = 1`,
  );
  if (rows.ok) return ok({ at: rows.value[0]?.at ?? null, problem: null });
  if (rows.error.code !== 'postgres_failed') return rows;
  return ok({ at: null, problem: isMissing(rows) ? null : `the heartbeat cannot be read: ${rows.error.message}` });
}
