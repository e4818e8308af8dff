import type { NodeProbe } from '../../../contract/failover.ts';
import type { PostgresServer } from '../../postgres-target.ts';
import type { FailoverNode } from '../port.ts';

/** What a server says about itself in one statement, and what that means for a probe. Pure. */

export interface StandingRow {
  readonly standby: boolean;
  /** A transaction may write, by the settings of this session. */
  readonly readWrite: boolean;
  /** Of a primary: what it writes. Of a standby: what it receives; null: it receives nothing. */
  readonly timeline: number | null;
  /** Of the newest checkpoint or end of recovery in the control file: a standby may be further. */
  readonly controlTimeline: number;
  readonly receivedBytes: number | null;
  readonly replayedBytes: number | null;
  /** Null: no receiver, or hidden from the role. */
  readonly receiver: string | null;
  readonly senderHost: string | null;
  readonly senderPort: number | null;
  readonly silentSeconds: number | null;
  readonly systemId: string;
  /** The role sees the statistics of others. */
  readonly mayMonitor: boolean;
  readonly syncNames: string;
  readonly syncCommit: string;
  readonly senders: readonly { readonly name: string; readonly sync: string }[] | null;
}

// Whether it is a standby is asked once: a promotion in between must not make one half of the answer a primary's.
// What a standby has replayed it has, also where it has received nothing since its start.
export const standingSql = `
  SELECT s.standby AS "standby",
         current_setting('transaction_read_only') = 'off' AS "readWrite",
         CASE WHEN s.standby THEN w.received_tli
              ELSE ('x' || substr(pg_walfile_name(pg_current_wal_flush_lsn()), 1, 8))::bit(32)::int END AS "timeline",
         greatest(r.min_recovery_end_timeline, c.timeline_id) AS "controlTimeline",
         CASE WHEN s.standby
              THEN greatest(pg_last_wal_receive_lsn(), pg_last_wal_replay_lsn()) - '0/0'
              ELSE pg_current_wal_flush_lsn() - '0/0' END::float8 AS "receivedBytes",
         CASE WHEN s.standby THEN (pg_last_wal_replay_lsn() - '0/0')::float8 END AS "replayedBytes",
         w.status AS "receiver", w.sender_host AS "senderHost", w.sender_port AS "senderPort",
         CASE WHEN w.status = 'streaming'
              THEN extract(epoch FROM clock_timestamp() - w.last_msg_receipt_time)::float8 END AS "silentSeconds",
         i.system_identifier::text AS "systemId",
         pg_has_role('pg_read_all_stats', 'USAGE') AS "mayMonitor",
         current_setting('synchronous_standby_names') AS "syncNames",
         current_setting('synchronous_commit') AS "syncCommit",
         (SELECT json_agg(json_build_object('name', application_name, 'sync', sync_state) ORDER BY backend_start)
            FROM pg_stat_replication WHERE state = 'streaming') AS "senders"
    FROM (SELECT pg_is_in_recovery() AS standby OFFSET 0) s
   CROSS JOIN pg_control_checkpoint() c CROSS JOIN pg_control_recovery() r CROSS JOIN pg_control_system() i
    LEFT JOIN pg_stat_wal_receiver w ON true`;

/** A statement of its own: a role that may not list the folder would be refused the other one, too. */
export const newestSegmentSql = `
  SELECT ('x' || max(substr(name, 1, 8)))::bit(32)::int AS "timeline"
    FROM pg_ls_waldir() WHERE name ~ '^[0-9A-F]{24}$'`;

/** A standby that receives nothing: the newest timeline of which it has log. Its control file names that of its last restartpoint. */
export function needsSegments(row: StandingRow): boolean {
  return row.standby && row.timeline === null && row.mayMonitor;
}

type Standing = Pick<
  NodeProbe,
  | 'role'
  | 'writable'
  | 'timeline'
  | 'receivedBytes'
  | 'replayedBytes'
  | 'upstream'
  | 'upstreamSilentSeconds'
  | 'synchronousStandbys'
  | 'systemId'
  | 'problem'
>;

export function standingOf(
  row: StandingRow,
  nodes: readonly FailoverNode[],
  newestSegment: number | null = null,
): Standing {
  const problems: string[] = [];
  if (!row.mayMonitor) problems.push('the role lacks pg_monitor: who streams from whom is hidden');
  const upstream = row.standby ? upstreamOf(row, nodes, problems) : null;
  if (!row.standby && !row.readWrite)
    problems.push('it is a primary that refuses writes: default_transaction_read_only');
  const synchronousStandbys = row.standby || !row.mayMonitor ? null : awaited(row, problems);
  return {
    role: row.standby ? 'standby' : 'primary',
    writable: !row.standby && row.readWrite,
    timeline: row.timeline ?? (newestSegment === null ? null : Math.max(newestSegment, row.controlTimeline)),
    receivedBytes: row.receivedBytes,
    replayedBytes: row.standby ? row.replayedBytes : null,
    upstream,
    upstreamSilentSeconds: row.silentSeconds === null ? null : Math.max(0, row.silentSeconds),
    synchronousStandbys,
    systemId: row.systemId,
    problem: problems.length === 0 ? null : problems.join('; '),
  };
}

function upstreamOf(row: StandingRow, nodes: readonly FailoverNode[], problems: string[]): string | null {
  if (row.receiver === null) {
    if (row.mayMonitor) problems.push('it receives nothing: it streams from nobody');
    return null;
  }
  if (row.receiver !== 'streaming') problems.push(`its receiver is ${row.receiver}`);
  const { senderHost, senderPort } = row;
  if (senderHost === null || senderPort === null) return null;
  const found = nodes.find(({ server }) => server !== null && isSameServer(server, senderHost, senderPort));
  if (found === undefined)
    problems.push(`it streams from ${senderHost}:${senderPort}, which is no node of the service`);
  return found?.name ?? null;
}

const loopback = /^(\/|@|localhost$|127\.|::1$)/;

/** A socket and the loopback address of one port are one server, where both are of one machine. */
export function isSameServer(server: Pick<PostgresServer, 'host' | 'port'>, host: string, port: number): boolean {
  if (server.port !== port) return false;
  return server.host === host || (loopback.test(server.host) && loopback.test(host));
}

const waiting = new Set(['on', 'remote_apply', 'remote_write']);

/**
 * Standbys that may alone have a commit that was acknowledged. With ANY that is everyone who is listed: nobody knows whose word it was. With
 * fewer connected than are waited for, an earlier one may have left: again everyone. Null: `*` names nobody.
 */
function awaited(row: StandingRow, problems: string[]): readonly string[] | null {
  const rule = parseSyncNames(row.syncNames);
  if (rule === null) return [];
  if (!waiting.has(row.syncCommit)) {
    problems.push(`synchronous_commit is ${row.syncCommit}: commits do not wait for the synchronous standbys`);
    return [];
  }
  const confirming = (row.senders ?? []).filter(({ sync }) => sync === 'sync' || sync === 'quorum');
  if (confirming.length < rule.needed)
    problems.push(
      confirming.length === 0
        ? 'commits wait for a synchronous standby, and none is connected'
        : `commits wait for ${rule.needed} synchronous standbys, and ${confirming.length} are connected`,
    );
  if (rule.method === 'first' && confirming.length >= rule.needed) return confirming.map(({ name }) => name);
  return rule.names.includes('*') ? null : rule.names;
}

export interface SyncRule {
  readonly method: 'first' | 'any';
  readonly needed: number;
  readonly names: readonly string[];
}

/** `FIRST 2 (a, b)`, `ANY 1 ("a-1", b)`, `2 (a, b)`, `a, b`; null: empty. */
export function parseSyncNames(setting: string): SyncRule | null {
  const text = setting.trim();
  if (text === '') return null;
  const parts = /^(?:(first|any)\s+)?(\d+)\s*\((.*)\)$/is.exec(text);
  const list = parts?.[3] ?? text;
  const names = [...list.matchAll(/"((?:[^"]|"")*)"|([^\s,"]+)/g)].map(
    (match) => match[1]?.replaceAll('""', '"') ?? match[2] ?? '',
  );
  return {
    method: parts?.[1]?.toLowerCase() === 'any' ? 'any' : 'first',
    needed: parts === null ? 1 : Number(parts[2]),
    names,
  };
}
