import type { Outcome } from '../../../contract/errors.ts';
import type { NodeProbe, Reach } from '../../../contract/failover.ts';
import type { Clock } from '../../../ports/index.ts';
import type { FailoverCluster, FailoverNode } from '../port.ts';
import { isPrimaryRole, isRunning, parseStatus, type PatroniStatus } from './answers.ts';
import { wordsOf, type AskPatroni, type RestAnswer } from './rest.ts';
import { readSql, sqlReach, type SqlReading } from './sql.ts';
import type { Upstreams } from './upstreams.ts';

export interface ProbeDeps {
  readonly ask: AskPatroni;
  readonly clock: Clock;
  readonly upstreams: Upstreams;
}

/** Both sides of one node: what Patroni says and what its PostgreSQL says. */
export interface BothSides {
  /** Null: it was not asked. */
  readonly rest: Outcome<PatroniStatus | RestAnswer> | null;
  /** Null: no server is configured. */
  readonly sql: Outcome<SqlReading> | null;
}

export async function probeNode(
  deps: ProbeDeps,
  cluster: FailoverCluster,
  node: FailoverNode,
  signal: AbortSignal,
  askPatroni = true,
): Promise<NodeProbe> {
  const timeoutMs = cluster.probeTimeoutSeconds * 1000;
  const started = +deps.clock.now();
  const [rest, sql] = await Promise.all([
    askPatroni ? askStatus(deps.ask, node, timeoutMs, signal) : null,
    node.server === null ? null : readSql(node.server, timeoutMs, signal),
  ]);
  const now = deps.clock.now();
  const sender = sql?.ok === true ? sql.value.sender : null;
  const upstream = sender === null ? null : await deps.upstreams.nameOf(cluster, sender, timeoutMs, signal);
  return {
    at: now.toISOString(),
    seconds: Math.max(0, +now - started) / 1000,
    ...judgeSides({ rest, sql }, signal.aborted, now),
    upstream,
  };
}

/** A node that is being promoted: PostgreSQL alone is asked where it can be, because Patroni has other things to do. */
export function probeCandidate(
  deps: ProbeDeps,
  cluster: FailoverCluster,
  node: FailoverNode,
  signal: AbortSignal,
): Promise<NodeProbe> {
  return probeNode(deps, cluster, node, signal, node.server === null);
}

/** GET /patroni; an answer that is not Patroni's stays as it came. */
export async function askStatus(
  ask: AskPatroni,
  node: FailoverNode,
  timeoutMs: number,
  signal: AbortSignal,
): Promise<Outcome<PatroniStatus | RestAnswer>> {
  const answer = await ask(node, '/patroni', { timeoutMs, signal });
  if (!answer.ok) return answer;
  return { ok: true, value: parseStatus(answer.value.json) ?? answer.value };
}

type Judged = Omit<NodeProbe, 'at' | 'seconds' | 'upstream'>;

const nothing = {
  role: null,
  writable: null,
  timeline: null,
  receivedBytes: null,
  replayedBytes: null,
  upstreamSilentSeconds: null,
  synchronousStandbys: null,
  systemId: null,
} as const;

/** Pure. Where both speak, PostgreSQL's own word counts; where Patroni is silent while PostgreSQL takes writes, that is said. */
export function judgeSides({ rest, sql }: BothSides, cancelled: boolean, now: Date): Judged {
  if (cancelled) return { ...nothing, reach: 'silent', problem: 'the probe was cancelled' };
  const status = rest?.ok === true && 'state' in rest.value ? rest.value : null;
  const problems = [...restProblems(rest), ...(status === null ? [] : stateProblems(status, now))];
  if (sql === null) return status === null ? unseen(rest, problems) : fromStatus(status, problems);
  if (!sql.ok) {
    const seen = status === null ? [] : [`Patroni says: ${status.role ?? 'no role'}, ${status.state}`];
    return { ...nothing, reach: sqlReach(sql.error), problem: inWords([sql.error.message, ...seen, ...problems]) };
  }
  const { value } = sql;
  if (status === null && value.writable)
    problems.push('PostgreSQL takes writes all the same, and where Patroni is frozen or gone nobody stops it');
  if (status !== null && isPrimaryRole(status.role) === value.inRecovery && isRunning(status.state))
    problems.push(`Patroni says ${status.role}, PostgreSQL is ${value.inRecovery ? 'in recovery' : 'the primary'}`);
  return {
    reach: 'answered',
    role: value.inRecovery ? 'standby' : 'primary',
    writable: value.writable,
    timeline: value.timeline ?? status?.timeline ?? null,
    receivedBytes: value.receivedBytes,
    replayedBytes: value.replayedBytes,
    upstreamSilentSeconds: value.senderSilentSeconds,
    synchronousStandbys: value.synchronousStandbys,
    systemId: value.systemId,
    problem: inWords(problems),
  };
}

/** Patroni alone: it asks PostgreSQL for each answer, so what it says of a running one is fresh. */
function fromStatus(status: PatroniStatus, problems: readonly string[]): Judged {
  const primary = isPrimaryRole(status.role);
  const base = { systemId: status.database_system_identifier ?? null, problem: inWords(problems) };
  // The role of a server that does not run is only what it was.
  if (!isRunning(status.state)) return { ...nothing, ...base, reach: 'failed' };
  return {
    ...nothing,
    ...base,
    reach: 'answered',
    role: primary ? 'primary' : 'standby',
    writable: primary,
    timeline: status.timeline ?? null,
    receivedBytes: (primary ? status.xlog?.location : status.xlog?.received_location) ?? null,
    replayedBytes: primary ? null : (status.xlog?.replayed_location ?? null),
    synchronousStandbys: primary ? synchronousOf(status) : null,
  };
}

function synchronousOf({ replication }: PatroniStatus): readonly string[] {
  return (replication ?? []).flatMap(({ sync_state: state, application_name: name }) =>
    (state === 'sync' || state === 'quorum') && typeof name === 'string' ? [name] : [],
  );
}

function unseen(rest: BothSides['rest'], problems: readonly string[]): Judged {
  const reach =
    rest === null || rest.ok ? 'failed' : ((rest.error.details?.['reach'] as Reach | undefined) ?? 'silent');
  return { ...nothing, reach, problem: inWords(problems) };
}

function restProblems(rest: BothSides['rest']): string[] {
  if (rest === null) return [];
  if (!rest.ok) return [rest.error.message];
  return 'state' in rest.value ? [] : [`its REST API answers, but not as Patroni: ${wordsOf(rest.value)}`];
}

function stateProblems(status: PatroniStatus, now: Date): string[] {
  const seen = status.dcs_last_seen ?? 0;
  const store = seen === 0 ? 'never' : `${Math.max(0, Math.round(+now / 1000 - seen))} s ago`;
  return [
    ...(isRunning(status.state) ? [] : [`PostgreSQL is ${status.state}`]),
    ...(status.cluster_unlocked === true ? [`nobody holds the leader key; the store was last seen ${store}`] : []),
    ...(status.failsafe_mode_is_active === true ? ['failsafe mode is active: the store does not answer'] : []),
    ...(status.watchdog_failed === true ? ['its watchdog failed: it may not lead'] : []),
  ];
}

function inWords(problems: readonly string[]): string | null {
  return problems.length === 0 ? null : problems.join('; ');
}
