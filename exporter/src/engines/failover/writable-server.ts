import { ok, type Outcome } from '../../contract/errors.ts';
import { withSession } from '../postgres/client.ts';
import type { PostgresServer } from '../postgres-target.ts';

/** Whether a PostgreSQL server takes writes, and which one it is, by one statement over a connection of its own. */

export interface ServerAnswer {
  /** Null: nobody can tell. */
  readonly writes: boolean | null;
  readonly why: string | null;
  /** Cluster, port and start of the postmaster: no two running servers share them. Null: it did not answer. */
  readonly identity: string | null;
}

export interface ServerRow {
  readonly standby: boolean;
  readonly read_only: string;
  /** Where the setting comes from: the whole server, or the login that asks. */
  readonly source: string;
  readonly system_id: string;
  readonly port: string;
  /** Seconds since 1970 with microseconds. */
  readonly started: string;
}

const question = `
  SELECT pg_catalog.pg_is_in_recovery() AS standby, s.setting AS read_only, s.source,
         (SELECT c.system_identifier::text FROM pg_catalog.pg_control_system() AS c) AS system_id,
         pg_catalog.current_setting('port') AS port,
         pg_catalog.date_part('epoch', pg_catalog.pg_postmaster_start_time())::numeric(20, 6)::text AS started
    FROM pg_catalog.pg_settings AS s WHERE s.name = 'default_transaction_read_only'`;

/** Never throws. */
export async function askServer(
  server: PostgresServer,
  options: { readonly timeoutMs: number; readonly signal: AbortSignal },
): Promise<ServerAnswer> {
  const { timeoutMs, signal } = options;
  // One end for all of it: a server that freezes between connection and answer must not hold the others up.
  const late = AbortSignal.timeout(timeoutMs * 2);
  const limits = {
    statementTimeoutMs: timeoutMs,
    connectTimeoutMs: timeoutMs,
    signal: AbortSignal.any([signal, late]),
  };
  const rows = await withSession(server, { ...limits, applicationName: 'genesis-writers' }, async (session) => {
    const asked = await session.query<ServerRow>(question);
    return asked.ok ? ok(asked.value[0] ?? null) : asked;
  });
  return judgeServer(rows, late.aborted && !signal.aborted ? `no answer within ${(timeoutMs * 2) / 1000} s` : null);
}

/** Pure. `late`: why it was given up, where that was the reason. */
export function judgeServer(rows: Outcome<ServerRow | null>, late: string | null = null): ServerAnswer {
  if (!rows.ok) return { writes: null, why: late ?? rows.error.message, identity: null };
  const row = rows.value;
  if (row === null) return { writes: null, why: 'its answer is empty', identity: null };
  const identity = `${row.system_id} ${row.port} ${row.started}`;
  if (row.standby) return { writes: false, why: null, identity };
  // Of the login that asks, it says nothing about the others.
  const ofAll = !['database', 'user', 'database user', 'client', 'session'].includes(row.source);
  if (row.read_only === 'on' && ofAll)
    return {
      writes: null,
      why: 'it is no standby, and only default_transaction_read_only, which any client may lift, keeps it from writing',
      identity,
    };
  return { writes: true, why: null, identity };
}
