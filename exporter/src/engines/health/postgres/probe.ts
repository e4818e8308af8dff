import type { OpError } from '../../../contract/errors.ts';
import { withSession } from '../../postgres/client.ts';
import type { PostgresCheck, Probe, Seen } from '../port.ts';

/** One row; times and positions as the server has them now. */
export interface StandingRow {
  readonly version: string;
  readonly standby: boolean;
  /** Whether it has replayed all that it has received; null on a primary, and where nothing was received yet. */
  readonly replayed_all: boolean | null;
  /** Whether WAL streams in; null on a primary, or where the role may not see it. */
  readonly receiving: boolean | null;
  /** Seconds since the newest transaction that it replayed was committed; null: none was. */
  readonly replay_age: number | null;
}

// pg_is_in_recovery() goes first in each CASE: the functions of the other role raise errors.
const standing = `
  SELECT current_setting('server_version') AS version,
         pg_is_in_recovery() AS standby,
         CASE WHEN pg_is_in_recovery()
              THEN pg_last_wal_replay_lsn() >= pg_last_wal_receive_lsn() END AS replayed_all,
         CASE WHEN pg_is_in_recovery()
              THEN EXISTS (SELECT 1 FROM pg_stat_wal_receiver) END AS receiving,
         CASE WHEN pg_is_in_recovery()
              THEN extract(epoch FROM now() - pg_last_xact_replay_timestamp())::float8 END AS replay_age`;

/** Connects and asks what the server is; of a standby also how far behind it is. */
export const probePostgres: Probe<'postgres'> = async (target, { signal, timeoutMs }) => {
  const options = {
    statementTimeoutMs: timeoutMs,
    connectTimeoutMs: timeoutMs,
    signal,
    applicationName: 'genesis health',
  };
  const asked = await withSession(target.server, options, (session) => session.query<StandingRow>(standing));
  if (!asked.ok) return describeFailure(asked.error, target.server.password);
  const [row] = asked.value;
  return row === undefined
    ? { state: 'unhealthy', answered: true, detail: 'the server answered without a row' }
    : judgeStanding(row, target);
};

export function judgeStanding(
  row: StandingRow,
  { lagDegradedSeconds }: Pick<PostgresCheck, 'lagDegradedSeconds'>,
): Seen {
  const server = `PostgreSQL ${row.version.split(' ')[0] ?? ''}`;
  const say = (state: Seen['state'], what: string): Seen => ({ state, answered: true, detail: `${server}, ${what}` });
  if (!row.standby) return say('healthy', 'primary');
  if (row.receiving !== true && row.replayed_all !== false) {
    // Nothing comes in: how far the primary went on meanwhile cannot be known here.
    const age = row.replay_age === null ? '' : `, newest transaction ${Math.round(row.replay_age)} s old`;
    return say('degraded', `standby that receives nothing${age}`);
  }
  // An idle primary is no lag: all that came in is replayed.
  if (row.replayed_all === true) return say('healthy', 'standby, all received is replayed');
  // No transaction replayed yet is not known to be none behind.
  if (row.replay_age === null) return say('degraded', 'standby, its lag is not known');
  const behind = `standby, ${row.replay_age.toFixed(1)} s behind`;
  return row.replay_age >= lagDegradedSeconds
    ? say('degraded', `${behind}, allowed are ${lagDegradedSeconds} s`)
    : say('healthy', behind);
}

/** SQLSTATE classes and codes that are about the login, not about the server. */
const refused = /^(28|3D|42501)/;
/** What the driver itself (pg 8.23.1) says when the server wants a password and there is none. */
const passwordMissing = /^[^ ]*: SASL: .*client password must be/;

export function describeFailure(error: OpError, password: string | null): Seen {
  const sqlstate = error.details?.['sqlstate'];
  const answered = typeof sqlstate === 'string';
  if (passwordMissing.test(error.message))
    return { state: 'error', answered: true, detail: 'the server wants a password, and none is configured' };
  const said = password === null || password === '' ? error.message : error.message.replaceAll(password, '***');
  return { state: answered && refused.test(sqlstate) ? 'error' : 'unhealthy', answered, detail: said };
}
