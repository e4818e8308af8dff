import { fail, ok, type Outcome } from '../../../contract/errors.ts';
import type { NodeProbe } from '../../../contract/failover.ts';
import type { FailoverNode } from '../port.ts';
import { isRunning, leaderOf, memberOf, type PatroniStatus } from './answers.ts';
import { runCommand, type Fencing } from './fence.ts';
import { askStatus, probeNode } from './probe.ts';
import { wordsOf, type RestAnswer } from './rest.ts';
import { readView } from './view.ts';

const lookEveryMs = 500;

interface Rejoin extends Fencing {
  readonly primary: FailoverNode;
}

/**
 * `led`: it is the leader. `working`: Patroni does something with it, which is waited for. `broken`: it is known not to follow.
 * `unclear`: something that would have to be known is not; nothing is replaced on such a word.
 */
interface Standing {
  readonly kind: 'streams' | 'led' | 'working' | 'broken' | 'unclear';
  readonly words: string;
}

/** So often another action of Patroni, a rewind say, is waited for instead of being broken off. */
const patience = 20;

/**
 * Patroni takes a returned node back by itself, by pg_rewind where it is allowed to. Where that does not end in streaming, the node is
 * cloned anew by Patroni: only a replica, never the leader.
 */
export async function rejoin(work: Rejoin, allowClone: boolean): Promise<Outcome<string>> {
  const { cluster, node, context } = work;
  const started = await startIfGone(work);
  if (!started.ok) return started;
  for (let n = 0; n < patience; n += 1) {
    const now = await waitFor(work, cluster.timeoutSeconds / 2);
    if (now.kind === 'streams') return ok(now.words);
    if (context.signal.aborted) return fail('cancelled', `${node.name} was not taken back: cancelled`);
    if (now.kind === 'led') return fail('failover_failed', `${node.name} is the leader: it is not cloned`);
    if (now.kind !== 'broken') return fail('failover_failed', `${node.name} was not taken back: ${now.words}`);
    if (!allowClone)
      return fail('failover_failed', `${node.name} would have to be cloned, which is not allowed: ${now.words}`);
    const asked = await reinitialize(work, now.words);
    if (!asked.ok) return asked;
    if (asked.value === 'started') return cloned(work);
  }
  return fail('failover_failed', `${node.name} is not cloned: Patroni does not end what it does with it`);
}

async function cloned(work: Rejoin): Promise<Outcome<string>> {
  const { cluster, node, context } = work;
  const last = await waitFor(work, cluster.timeoutSeconds);
  if (last.kind === 'streams') return ok(`cloned anew; ${last.words}`);
  if (context.signal.aborted) return fail('cancelled', `${node.name}: the look at the clone was cancelled`);
  return fail('failover_failed', `${node.name} does not stream after it was cloned: ${last.words}`);
}

async function startIfGone(work: Rejoin): Promise<Outcome<void>> {
  const { deps, cluster, node, context } = work;
  const { start } = node.commands;
  if (start === null) return ok(undefined);
  const timeoutMs = cluster.probeTimeoutSeconds * 1000;
  const there = await deps.ask(node, '/patroni', { timeoutMs, signal: context.signal });
  if (there.ok) return ok(undefined);
  context.note(`Patroni of ${node.name} does not answer: it is started`);
  const ran = await runCommand(work, start);
  if (!ran.ok) return ran;
  const { exitCode } = ran.value;
  return exitCode === 0 ? ok(undefined) : fail('exec_failed', `${start[0] ?? ''} ended with ${exitCode}`);
}

/** Ends early where nothing will change; what Patroni works on has no end of time, because a clone takes as long as it takes. */
async function waitFor(work: Rejoin, seconds: number): Promise<Standing> {
  const { deps, context } = work;
  let until = +deps.clock.now() + seconds * 1000;
  for (;;) {
    const now = await standingOf(work);
    if (now.kind === 'streams' || now.kind === 'led' || context.signal.aborted) return now;
    if (now.kind === 'working') until = +deps.clock.now() + seconds * 1000;
    if (+deps.clock.now() >= until) return now;
    await deps.clock.sleep(lookEveryMs, context.signal);
  }
}

async function standingOf({ deps, cluster, node, primary, context }: Rejoin): Promise<Standing> {
  const { signal } = context;
  const timeoutMs = cluster.probeTimeoutSeconds * 1000;
  const [seen, status, primaryStatus, own, its] = await Promise.all([
    readView(deps, cluster, primary, signal),
    askStatus(deps.ask, node, timeoutMs, signal),
    askStatus(deps.ask, primary, timeoutMs, signal),
    probeNode(deps, cluster, node, signal),
    probeNode(deps, cluster, primary, signal),
  ]);
  if (!seen.ok) return { kind: 'unclear', words: seen.error.message };
  const { view } = seen.value;
  const leader = leaderOf(view)?.name ?? 'nobody';
  const member = memberOf(node, view)?.name ?? node.name;
  if (leader === member) return { kind: 'led', words: `${node.name} holds the leader key` };
  if (leader !== memberOf(primary, view)?.name)
    return { kind: 'unclear', words: `${leader} leads, not ${primary.name}` };
  if (!status.ok) return { kind: 'unclear', words: status.error.message };
  if (!('state' in status.value)) return { kind: 'unclear', words: own.problem ?? wordsOf(status.value) };
  const { state } = status.value;
  if (state === 'creating replica') return { kind: 'working', words: 'Patroni clones it' };
  if (!isRunning(state)) return { kind: 'broken', words: `PostgreSQL of ${node.name} is ${state}` };
  return judgeFollowing({ name: node.name, own }, { name: primary.name, own: its }, isFed(primaryStatus, member));
}

interface Side {
  readonly name: string;
  readonly own: NodeProbe;
}

/** Whether a node follows, from the probes of both sides. `fed`: the primary lists it as a standby that streams. Pure. */
export function judgeFollowing({ name, own }: Side, primary: Side, fed: boolean): Standing {
  if (own.role !== 'standby') return { kind: 'unclear', words: own.problem ?? `${name} is no standby` };
  const its = primary.own;
  if (its.role !== 'primary') return { kind: 'unclear', words: its.problem ?? `${primary.name} is no primary` };
  if ([own.systemId, own.timeline, its.systemId, its.timeline].includes(null))
    return { kind: 'unclear', words: `identity or timeline of ${name} or ${primary.name} is not known` };
  const follows = `runs on timeline ${own.timeline} and streams from ${own.upstream ?? (fed ? primary.name : 'nobody')}`;
  if (own.systemId !== its.systemId) return { kind: 'broken', words: `${name} has the data of another cluster` };
  // A cascade streams from another standby: on the primary's timeline that is as good.
  if (own.timeline === its.timeline && (fed || own.upstream !== null))
    return { kind: 'streams', words: `${name} ${follows}` };
  return { kind: 'broken', words: `${name} ${follows}; ${primary.name} is on timeline ${its.timeline}` };
}

function isFed(primary: Outcome<PatroniStatus | RestAnswer>, member: string): boolean {
  const rows = primary.ok && 'state' in primary.value ? (primary.value.replication ?? []) : [];
  return rows.some((row) => row.application_name === member && row.state === 'streaming');
}

/** POST /reinitialize, which Patroni refuses for the leader by itself. `busy`: it does something else with the node. */
async function reinitialize(work: Rejoin, why: string): Promise<Outcome<'started' | 'busy'>> {
  const { deps, cluster, node, context } = work;
  const timeoutMs = Math.max(cluster.probeTimeoutSeconds, 10) * 1000;
  const call = { method: 'POST', body: { force: false }, timeoutMs, signal: context.signal } as const;
  context.note(`${why}; Patroni is asked to clone it anew`);
  const answer = await deps.ask(node, '/reinitialize', call);
  if (!answer.ok) return answer;
  const words = wordsOf(answer.value);
  if (answer.value.status === 200 || /^reinitialize already in progress/.test(words)) return ok('started');
  if (!/already in progress/.test(words))
    return fail('failover_failed', `Patroni of ${node.name} refuses to clone it: ${words}`);
  context.note(`Patroni: ${words}`);
  return ok('busy');
}

/** Patroni has every replica follow the leader by itself: this only looks until it does. */
export async function follow(work: Rejoin): Promise<Outcome<string>> {
  const last = await waitFor(work, work.cluster.timeoutSeconds);
  if (last.kind === 'streams') return ok(last.words);
  if (work.context.signal.aborted) return fail('cancelled', `${work.node.name} was no longer looked at: cancelled`);
  return fail('failover_failed', last.words);
}
