import { fail, ok, type Outcome } from '../../../contract/errors.ts';
import type { NodeProbe } from '../../../contract/failover.ts';
import type { PgSession } from '../../postgres/client.ts';
import type { FailoverNode } from '../port.ts';
import { conninfoOf, formatConninfo, parseConninfo, sqlLiteral } from './conninfo.ts';
import { divergedBytes, historyName, parseHistory, type Fork, type Line } from './history.ts';
import { probeNode } from './probe.ts';
import { dropUnusedSlots, ensureSlot } from './slots.ts';
import { isSameServer } from './standing.ts';
import { cancelledBefore, copyTimeoutMs, oneRow, onNode, timeoutMsOf, until, type Work } from './work.ts';

/** A running standby is pointed at another primary and seen to stream from it. */

/** A text with a password must not stand in the server's log, its statistics or its list of sessions. */
const untold = [
  `SET log_statement = 'none'`,
  `SET log_min_duration_statement = -1`,
  `SET log_min_error_statement = 'panic'`,
  `SET log_duration = off`,
  `SET track_activities = off`,
];
/** Only there when it is loaded; where it is not, the name means nothing. */
const untoldStatistics = `SET pg_stat_statements.track_utility = off`;

/** Errors: `failover_failed` (it is a primary, has gone another way, or does not stream within the time), `cancelled`, of sessions. */
export async function follow(work: Work, node: FailoverNode, primary: FailoverNode): Promise<Outcome<string>> {
  const cancelled = cancelledBefore<string>(work, `repointing ${node.name}`);
  if (cancelled !== null) return cancelled;
  const [itself, above] = await Promise.all(
    [node, primary].map((each) => probeNode(work.deps, work.cluster, each, work.context.signal)),
  );
  if (itself === undefined || above === undefined) throw new TypeError('two probes were asked for');
  if (itself.role !== 'standby')
    return fail('failover_failed', `${node.name} is no standby that answers: ${itself.problem ?? 'it is a primary'}`);
  if (above.role !== 'primary' || above.timeline === null)
    return fail('failover_failed', `${primary.name} is no primary that answers: ${above.problem ?? 'it is a standby'}`);
  if (itself.systemId !== above.systemId)
    return fail(
      'failover_failed',
      `${node.name} and ${primary.name} are not of one cluster: their system identifiers differ`,
    );
  const apart = await gap(work, node, itself, primary, above);
  if (apart !== null) return fail('failover_failed', apart);
  if (isBelow(itself, primary, above)) {
    await dropOldSlots(work, node, primary);
    return ok(`${node.name} streams from ${primary.name} already`);
  }
  const begun = +work.deps.clock.now();
  const slot = await ensureSlot(work, node, primary);
  const pointed = await onNode(work, node, (session) => pointAt(work, session, node, primary, slot));
  if (!pointed.ok) return pointed;
  const streams = await untilStreaming(work, node, primary, above);
  if (!streams.ok) return streams;
  const tookMs = +work.deps.clock.now() - begun;
  await dropOldSlots(work, node, primary);
  return ok(`${node.name} streams from ${primary.name} after ${tookMs} ms${slot === null ? ', without a slot' : ''}`);
}

function isBelow(probe: NodeProbe, primary: FailoverNode, above: NodeProbe): boolean {
  const isAlike = probe.upstream === primary.name && probe.timeline === above.timeline && probe.problem === null;
  // A moment lies between the two probes: what was written in it is not behind.
  return isAlike && (probe.receivedBytes ?? 0) + nearBytes >= (above.receivedBytes ?? Infinity);
}

const nearBytes = 2 ** 20;

/** Slots of the node everywhere but where it streams from now, and the one that the primary had on it: nobody comes for them. */
async function dropOldSlots(work: Work, node: FailoverNode, primary: FailoverNode): Promise<void> {
  await dropUnusedSlots(work, node, [primary]);
  for (const place of work.cluster.nodes) {
    if (place.name === primary.name || place.name === node.name || place.server === null) continue;
    const { reach } = await probeNode(work.deps, work.cluster, place, work.context.signal);
    if (reach === 'answered') await dropUnusedSlots(work, place, [node]);
  }
}

async function pointAt(
  work: Work,
  session: PgSession,
  node: FailoverNode,
  primary: FailoverNode,
  slot: string | null,
): Promise<Outcome<void>> {
  if (primary.server === null) return fail('failover_failed', `${primary.name} has no host`);
  const before = await oneRow<{ conninfo: string }>(
    session,
    `SELECT current_setting('primary_conninfo') AS "conninfo"`,
  );
  if (!before.ok)
    return fail('failover_failed', `${node.name} does not show its primary_conninfo: ${before.error.message}`);
  const conninfo = conninfoOf(work.cluster, node, primary.server, parseConninfo(before.value.conninfo));
  if (conninfo.has('password')) {
    for (const statement of untold) {
      const silenced = await session.query(statement);
      if (!silenced.ok)
        return fail('failover_failed', `${node.name}: the password would stand in its log: ${silenced.error.message}`);
    }
    await session.query(untoldStatistics);
  }
  const settings = { primary_conninfo: formatConninfo(conninfo), primary_slot_name: slot ?? '' };
  for (const [name, value] of Object.entries(settings)) {
    const set = await session.query(`ALTER SYSTEM SET ${name} = ${sqlLiteral(value)}`);
    // The server's words may quote the statement.
    if (!set.ok)
      return fail('failover_failed', `${node.name}: ${name} cannot be set: ${sqlstateOf(set.error.details)}`);
  }
  const reloaded = await session.query('SELECT pg_reload_conf()');
  return reloaded.ok ? ok(undefined) : reloaded;
}

function sqlstateOf(details: Readonly<Record<string, unknown>> | undefined): string {
  const state = String(details?.['sqlstate'] ?? 'no answer');
  return state === '42501' ? 'the role lacks the right to ALTER SYSTEM SET it' : `SQLSTATE ${state}`;
}

// The receiver names a timeline as soon as it asks for it: only what has arrived counts.
const receiverSql = `
  SELECT w.status AS "status", w.sender_host AS "host", w.sender_port AS "port", w.received_tli AS "timeline",
         (w.flushed_lsn - '0/0')::float8 AS "bytes"
    FROM (SELECT 1) one LEFT JOIN pg_stat_wal_receiver w ON true`;

interface Receiver {
  readonly status: string | null;
  readonly host: string | null;
  readonly port: number | null;
  readonly timeline: number | null;
  readonly bytes: number | null;
}

/** Without progress for so long it is given up. Milliseconds. */
const stalledMs = 20_000;

/**
 * Resolves when the node's own receiver streams from the primary and has all that the primary had written when `above` was read. However
 * much that is: it is waited for as long as something comes.
 */
export function untilStreaming(
  work: Work,
  node: FailoverNode,
  primary: FailoverNode,
  above: Pick<NodeProbe, 'timeline' | 'receivedBytes'>,
): Promise<Outcome<void>> {
  const { server } = primary;
  if (server === null) return Promise.resolve(fail('failover_failed', `${primary.name} has no host`));
  const { clock } = work.deps;
  const limitMs = Math.min(stalledMs, timeoutMsOf(work));
  const limits = { what: `${node.name} below ${primary.name}`, timeoutMs: copyTimeoutMs, everyMs: 10 };
  return onNode(work, node, (session) => {
    let reached = -1;
    let movedAt = +clock.now();
    return until<void>(work, limits, async () => {
      const row = await oneRow<Receiver>(session, receiverSql);
      if (!row.ok) return row;
      const { status, host, port, timeline, bytes } = row.value;
      const isThere = host !== null && port !== null && isSameServer(server, host, port);
      const arrived = bytes ?? -1;
      if (isThere && status === 'streaming' && timeline === above.timeline && arrived >= (above.receivedBytes ?? 0))
        return ok(undefined);
      const now = +clock.now();
      if (arrived > reached) [reached, movedAt] = [arrived, now];
      if (now - movedAt < limitMs) return ok(null);
      const seen =
        status === null
          ? 'it receives nothing'
          : `its receiver is ${status} from ${host}:${port} on timeline ${timeline}`;
      return fail('failover_failed', `${limits.what}: nothing came for ${limitMs / 1000} s: ${seen}`);
    });
  });
}

/** History of the primary's timeline; null: the first, or the role may not read it. */
export async function historyOf(work: Work, primary: FailoverNode, timeline: number): Promise<readonly Fork[] | null> {
  if (timeline === 1) return [];
  const row = await onNode(work, primary, (session) =>
    oneRow<{ text: string | null }>(session, `SELECT pg_read_file($1, 0, 1000000, true) AS "text"`, [
      `pg_wal/${historyName(timeline)}`,
    ]),
  );
  if (!row.ok) {
    work.context.note(`the history of ${primary.name} cannot be read: ${row.error.message}`);
    return null;
  }
  return row.value.text === null ? null : parseHistory(row.value.text);
}

/** Why the node cannot follow the primary as it is; null: nothing is known against it. */
async function gap(
  work: Work,
  node: FailoverNode,
  itself: NodeProbe,
  primary: FailoverNode,
  above: NodeProbe,
): Promise<string | null> {
  if (itself.timeline === null || above.timeline === null || itself.receivedBytes === null) return null;
  const history = await historyOf(work, primary, above.timeline);
  if (history === null) return null;
  const line: Line = { timeline: itself.timeline, reachedBytes: itself.receivedBytes, history: null };
  const diverged = divergedBytes(line, { timeline: above.timeline, reachedBytes: above.receivedBytes ?? 0, history });
  if (diverged === 0) return null;
  return diverged === null
    ? `${node.name} is on timeline ${itself.timeline}, which ${primary.name} does not come from: it has to rejoin`
    : `${node.name} has ${diverged} bytes that ${primary.name} does not have: it has to rejoin`;
}
