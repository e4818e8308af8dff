import { ok, type OpError, type Outcome } from '../../../contract/errors.ts';
import type { Reach } from '../../../contract/failover.ts';
import { codeOf } from '../../health/words.ts';
import { withSession } from '../../postgres/client.ts';
import type { PostgresServer } from '../../postgres-target.ts';

/** What PostgreSQL itself says: the word that counts, because Patroni may be frozen while its server goes on. */
export interface SqlReading {
  readonly inRecovery: boolean;
  readonly writable: boolean;
  readonly timeline: number | null;
  /** Bytes. */
  readonly receivedBytes: number | null;
  readonly replayedBytes: number | null;
  readonly sender: { readonly host: string; readonly port: number } | null;
  readonly senderSilentSeconds: number | null;
  readonly synchronousStandbys: readonly string[] | null;
  readonly systemId: string;
}

interface Row extends Omit<SqlReading, 'sender' | 'synchronousStandbys'> {
  readonly senderHost: string | null;
  readonly senderPort: number | null;
  readonly synchronousNames: string;
  readonly synchronous: readonly string[];
}

const bytesOf = (lsn: string): string => `pg_wal_lsn_diff(${lsn}, '0/0')::float8`;

// The receiver's columns and the senders' names are empty without pg_monitor.
const readingSql = `
  SELECT r.recovery AS "inRecovery",
         current_setting('transaction_read_only') = 'off' AS "writable",
         CASE WHEN r.recovery THEN coalesce(w.received_tli, (SELECT timeline_id FROM pg_control_checkpoint()))
              ELSE ('x' || substr(pg_walfile_name(pg_current_wal_lsn()), 1, 8))::bit(32)::int END AS "timeline",
         CASE WHEN r.recovery THEN ${bytesOf('greatest(pg_last_wal_receive_lsn(), pg_last_wal_replay_lsn())')}
              ELSE ${bytesOf('pg_current_wal_lsn()')} END AS "receivedBytes",
         CASE WHEN r.recovery THEN ${bytesOf('pg_last_wal_replay_lsn()')} END AS "replayedBytes",
         w.sender_host AS "senderHost", w.sender_port AS "senderPort",
         extract(epoch FROM clock_timestamp() - w.last_msg_receipt_time)::float8 AS "senderSilentSeconds",
         current_setting('synchronous_standby_names') AS "synchronousNames",
         ARRAY(SELECT application_name FROM pg_stat_replication
                WHERE sync_state IN ('sync', 'quorum') ORDER BY 1) AS "synchronous",
         (SELECT system_identifier::text FROM pg_control_system()) AS "systemId"
    FROM (SELECT pg_is_in_recovery() AS recovery) r
    LEFT JOIN pg_stat_wal_receiver w ON w.status = 'streaming'`;

/** One look, given up after `timeoutMs` whatever the server does. Errors: those of a session. */
export async function readSql(
  server: PostgresServer,
  timeoutMs: number,
  signal: AbortSignal,
): Promise<Outcome<SqlReading>> {
  // A frozen server sends no timeout of its own: this one ends the session.
  const bounded = AbortSignal.any([signal, AbortSignal.timeout(timeoutMs)]);
  const options = { connectTimeoutMs: timeoutMs, statementTimeoutMs: timeoutMs, signal: bounded };
  const rows = await withSession(server, { ...options, applicationName: 'genesis failover' }, (session) =>
    session.query<Row>(readingSql),
  );
  if (!rows.ok) return rows;
  const { senderHost, senderPort, synchronous, synchronousNames, ...row } = rows.value[0] as Row;
  return ok({
    ...row,
    sender: senderHost === null || senderPort === null ? null : { host: senderHost, port: senderPort },
    synchronousStandbys: row.inRecovery ? null : waitedFor(synchronousNames, synchronous),
  });
}

/**
 * Commits wait for who is connected as such, and where nobody is, for those that are wanted. Of a quorum (ANY) all that are named: any of
 * them may be the one that confirmed. Null: `*` waits for anybody. Pure.
 */
export function waitedFor(names: string, connected: readonly string[]): readonly string[] | null {
  if (names.trim() === '') return [];
  const isQuorum = /^\s*any\s/i.test(names);
  if (connected.length > 0 && !isQuorum) return connected;
  const list = names.replace(/^\s*(?:(?:first|any)\s+)?\d+\s*\(/i, '').replace(/\)\s*$/, '');
  const wanted = list.split(',').map((name) => name.trim().replaceAll(/^"|"$/g, '').replaceAll('""', '"'));
  return wanted.includes('*') ? null : wanted;
}

/** How a server that gave no reading took the question. Pure. */
export function sqlReach(error: OpError): Reach {
  if (typeof error.details?.['sqlstate'] === 'string') return 'failed';
  const code = codeOf(error.cause);
  // Without the socket nobody listens behind it.
  if (code === 'ECONNREFUSED' || code === 'ENOENT') return 'refused';
  return code === 'ECONNRESET' || code === 'EPIPE' ? 'failed' : 'silent';
}
