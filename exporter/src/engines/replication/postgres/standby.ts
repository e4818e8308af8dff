import { ok, type Outcome } from '../../../contract/errors.ts';
import type { PgSession } from '../../postgres/client.ts';
import { readHeartbeat } from './primary.ts';
import type { StandbyReading } from './readings.ts';

// The row of the receiver is there for everyone to see, its columns only for pg_monitor.
const standbySql = `
  SELECT pg_is_in_recovery() AS "inRecovery",
         EXISTS (SELECT FROM pg_stat_wal_receiver) AS "receiving",
         pg_last_wal_receive_lsn()::text AS "receivedLsn",
         pg_last_wal_replay_lsn()::text AS "replayedLsn",
         CASE WHEN pg_is_in_recovery() THEN pg_is_wal_replay_paused() ELSE false END AS "replayPaused",
         nullif(current_setting('primary_slot_name'), '') AS "slotName"`;

type Row = Omit<StandbyReading, 'heartbeat'>;

/** What a standby knows of itself. */
export async function readStandby(
  session: PgSession,
  heartbeatSchema: string | null,
): Promise<Outcome<StandbyReading>> {
  const rows = await session.query<Row>(standbySql);
  if (!rows.ok) return rows;
  const heartbeat = await readHeartbeat(session, heartbeatSchema);
  return heartbeat.ok ? ok({ ...(rows.value[0] as Row), heartbeat: heartbeat.value }) : heartbeat;
}
