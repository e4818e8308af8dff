import { fail, ok, type Outcome } from '../../../contract/errors.ts';
import type { FailoverNode, Promotion } from '../port.ts';
import type { PgSession } from '../../postgres/client.ts';
import { letWriteAgain } from './local.ts';
import { lookForServers } from './sight.ts';
import { startServer } from './start.ts';
import { cancelledBefore, oneRow, onNode, timeoutMsOf, until, type Work } from './work.ts';

/** A standby becomes the primary. pg_promote(wait => true) looks only every 100 ms: it is asked not to wait, and looked at more often. */

const everyMs = 3;

const stateSql = `
  SELECT s.standby AS "standby", current_setting('transaction_read_only') = 'off' AS "readWrite",
         CASE WHEN NOT s.standby
              THEN ('x' || substr(pg_walfile_name(pg_current_wal_insert_lsn()), 1, 8))::bit(32)::int
              ELSE (SELECT received_tli FROM pg_stat_wal_receiver) END AS "timeline",
         (SELECT timeline_id FROM pg_control_checkpoint()) AS "checkpointTimeline"
    FROM (SELECT pg_is_in_recovery() AS standby OFFSET 0) s`;

interface State {
  readonly standby: boolean;
  readonly readWrite: boolean;
  /** Of a standby: what it receives; null: nothing. */
  readonly timeline: number | null;
  readonly checkpointTimeline: number;
}

/**
 * Resolves when the node takes writes, on a timeline that is newer than the one it followed. A node whose server is down and whose folder
 * stands here is started first: so a switchover goes back to its old primary.
 */
export async function promote(work: Work, node: FailoverNode): Promise<Outcome<Promotion>> {
  const cancelled = cancelledBefore<Promotion>(work, `promoting ${node.name}`);
  if (cancelled !== null) return cancelled;
  let promoted = await onNode(work, node, (session) => promoteBy(work, node, session));
  if (!promoted.ok && promoted.error.code === 'postgres_unreachable') {
    const started = await startIfDown(work, node);
    if (!started.ok) return started;
    if (started.value) promoted = await onNode(work, node, (session) => promoteBy(work, node, session));
  }
  if (promoted.ok && node.data !== null && (await letWriteAgain(node.data)))
    work.context.note(`${node.name}: the mark of an earlier fence was taken off its folder`);
  return promoted;
}

/** False: it runs, or stands elsewhere. */
async function startIfDown(work: Work, node: FailoverNode): Promise<Outcome<boolean>> {
  if (node.data === null) return ok(false);
  const sight = await lookForServers(node.data);
  if (sight === null || sight.processes.length > 0 || sight.hidden.length > 0) return ok(false);
  work.context.note(`${node.name} is down: it is started as a standby first`);
  const started = await startServer(work, node, node.data);
  return started.ok ? ok(true) : started;
}

async function promoteBy(work: Work, node: FailoverNode, session: PgSession): Promise<Outcome<Promotion>> {
  const before = await oneRow<State>(session, stateSql);
  if (!before.ok) return before;
  if (!before.value.standby)
    return before.value.readWrite
      ? ok({ timeline: before.value.timeline, detail: `${node.name} takes writes already` })
      : fail('failover_failed', `${node.name} is a primary that refuses writes: see default_transaction_read_only`);
  const followed = Math.max(before.value.timeline ?? 0, before.value.checkpointTimeline);
  const begun = +work.deps.clock.now();
  const asked = await session.query('SELECT pg_promote(false)');
  if (!asked.ok) return fail('failover_failed', `${node.name} was not promoted: ${asked.error.message}`);
  // A transaction that began before the end of recovery stays read-only: each look is one of its own.
  const state = await until<State>(
    work,
    { what: `promoting ${node.name}`, timeoutMs: timeoutMsOf(work), everyMs },
    async (say) => {
      const now = await oneRow<State>(session, stateSql);
      if (!now.ok) return now;
      say(now.value.standby ? 'it is still in recovery' : 'it still refuses writes');
      return ok(!now.value.standby && now.value.readWrite ? now.value : null);
    },
  );
  if (!state.ok) return state;
  const { timeline } = state.value;
  const tookMs = +work.deps.clock.now() - begun;
  if (timeline === null || timeline <= followed)
    return fail(
      'failover_failed',
      `${node.name} takes writes on timeline ${timeline}, and followed ${followed} before`,
    );
  return ok({ timeline, detail: `${node.name} takes writes after ${tookMs} ms on timeline ${timeline}` });
}
