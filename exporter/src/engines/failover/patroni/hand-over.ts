import { fail, ok, type Outcome } from '../../../contract/errors.ts';
import type { FailoverCluster, FailoverContext, FailoverNode, Promotion } from '../port.ts';
import { leaderOf, memberOf, type PatroniView } from './answers.ts';
import { judgeMove, type MoveAnswer } from './moves.ts';
import { probeCandidate } from './probe.ts';
import type { RestAnswer } from './rest.ts';
import { readView, type PatroniDeps } from './view.ts';

export interface HandOver {
  readonly planned: boolean;
  /** Null: there is none that answers. */
  readonly from: FailoverNode | null;
  readonly candidate: FailoverNode;
}

const lookEveryMs = 250;
/** Each of these looks has Patroni read its store. */
const settleEveryMs = 1000;

/**
 * Patroni moves the primary. What counts is what is seen afterwards: the candidate holds the leader key and its PostgreSQL takes writes;
 * then the answer is no longer waited for. Called again after a crash it finds that out first and asks for nothing twice.
 */
export async function handOver(
  deps: PatroniDeps,
  cluster: FailoverCluster,
  request: HandOver,
  { signal, note }: FailoverContext,
): Promise<Outcome<Promotion>> {
  // Whoever is asked begins at once; the others at the next turn of their loop. A switchover begins with the leader.
  const first = request.planned ? (request.from ?? request.candidate) : request.candidate;
  const seen = await readView(deps, cluster, first, signal);
  if (!seen.ok) return seen;
  const planned = planMove(seen.value.view, request);
  if (!planned.ok) return planned;
  const { candidate, body } = planned.value;
  const watch: Watch = { deps, cluster, request, candidate, signal };
  if (body === null) {
    note(`${candidate} holds the leader key already`);
    return settle(watch, `${candidate} was the leader already`);
  }
  const action = request.planned ? 'switchover' : 'failover';
  note(`asking Patroni of ${seen.value.by.name} for a ${action} to ${candidate}`);
  return moveAndWatch(watch, seen.value.by, action, body, note);
}

interface Move {
  /** Patroni's name of the candidate. */
  readonly candidate: string;
  /** Null: nothing is left to ask for. */
  readonly body: { readonly leader?: string; readonly candidate: string } | null;
}

/** What has to be asked for, from what the cluster looks like now. Pure. */
export function planMove(view: PatroniView, { planned, from, candidate }: HandOver): Outcome<Move> {
  const target = memberOf(candidate, view);
  if (target === null) return fail('failover_failed', `Patroni has no member ${candidate.name}: ${namesOf(view)}`);
  if (from?.name === candidate.name) return fail('failover_failed', `${from.name} cannot take over from itself`);
  const leader = leaderOf(view);
  if (leader?.name === target.name) return ok({ candidate: target.name, body: null });
  const old = from === null ? null : memberOf(from, view);
  if (planned && leader === null)
    return fail('failover_failed', 'nobody holds the leader key: a switchover needs a leader, a failover does not');
  // Somebody else has moved it meanwhile: what was decided was decided about another cluster.
  if (leader !== null && from !== null && leader.name !== (old?.name ?? from.name))
    return fail('failover_failed', `${leader.name} leads now, not ${from.name}: nothing was asked for`);
  const named = leader === null ? {} : { leader: leader.name };
  return ok({ candidate: target.name, body: { ...named, candidate: target.name } });
}

function namesOf(view: PatroniView): string {
  return `it has ${view.members.map(({ name }) => name).join(', ') || 'none'}`;
}

interface Watch {
  readonly deps: PatroniDeps;
  readonly cluster: FailoverCluster;
  readonly request: HandOver;
  readonly candidate: string;
  readonly signal: AbortSignal;
}

async function moveAndWatch(
  watch: Watch,
  via: FailoverNode,
  action: 'switchover' | 'failover',
  body: object,
  note: (detail: string) => void,
): Promise<Outcome<Promotion>> {
  const timeoutMs = watch.cluster.timeoutSeconds * 1000;
  const { deps, signal } = watch;
  let answer: MoveAnswer | null = null;
  const asked = deps
    .ask(via, `/${action}`, { method: 'POST', body, timeoutMs, signal })
    .then((outcome) => (answer = answerOf(outcome, watch.candidate)));
  // Its own poll has a grain of a second and more; who looks for himself knows sooner.
  while (answer === null && !signal.aborted) {
    const now = await look(watch, false);
    if (now.done !== null) return ok(now.done);
    await Promise.race([asked, deps.clock.sleep(lookEveryMs, signal)]);
  }
  if (signal.aborted) return fail('cancelled', `the ${action} was cancelled; Patroni may still do it`);
  const said = await asked;
  note(`Patroni: ${said.words}`);
  return conclude(watch, action, said);
}

function answerOf(outcome: Outcome<RestAnswer>, candidate: string): MoveAnswer {
  // The request may have arrived though its answer did not.
  return outcome.ok ? judgeMove(outcome.value, candidate) : { kind: 'unknown', words: outcome.error.message };
}

function conclude(watch: Watch, action: string, said: MoveAnswer): Promise<Outcome<Promotion>> {
  const failed = (words: string): Promise<Outcome<Promotion>> =>
    Promise.resolve(fail('failover_failed', words, { details: { patroni: said.words } }));
  switch (said.kind) {
    case 'done':
    case 'unknown':
      return settle(watch, said.words);
    case 'elsewhere':
      return failed(`Patroni moved it to ${said.node}, not to ${watch.candidate}: ${said.words}`);
    case 'scheduled':
      return failed(`Patroni put the ${action} off instead of doing it: ${said.words}`);
    case 'forbidden':
      return failed(`Patroni refuses the login of Genesis (failover.patroni): ${said.words}`);
    case 'refused':
      return failed(`Patroni refuses the ${action} to ${watch.candidate}: ${said.words}`);
  }
}

/** Looks until the state is known: there, elsewhere, or not within the time. */
async function settle(watch: Watch, words: string): Promise<Outcome<Promotion>> {
  const { deps, cluster, candidate, signal } = watch;
  const until = +deps.clock.now() + cluster.timeoutSeconds * 1000;
  let last = 'nothing was seen';
  while (!signal.aborted && +deps.clock.now() < until) {
    const now = await look(watch, true);
    if (now.done !== null) return ok({ ...now.done, detail: `${words}; ${now.done.detail}` });
    if (now.elsewhere !== null)
      return fail('failover_failed', `${now.elsewhere} leads, not ${candidate}`, { details: { patroni: words } });
    last = now.seen;
    await deps.clock.sleep(settleEveryMs, signal);
  }
  if (signal.aborted) return fail('cancelled', 'the look at what Patroni did was cancelled; it may still do it');
  return fail(
    'failover_failed',
    `${candidate} does not take writes after ${cluster.timeoutSeconds} s: ${last}; Patroni said: ${words}`,
    { details: { patroni: words } },
  );
}

interface Look {
  readonly done: Promotion | null;
  /** A third node leads. */
  readonly elsewhere: string | null;
  readonly seen: string;
}

/** Patroni reads its store for each view: before its answer only a candidate that takes writes is worth one. */
async function look({ deps, cluster, request, candidate, signal }: Watch, thorough: boolean): Promise<Look> {
  const probe = await probeCandidate(deps, cluster, request.candidate, signal);
  const isReady = probe.role === 'primary' && probe.writable === true;
  const own = probe.problem ?? `${candidate} is a ${probe.role ?? 'node without a role'}`;
  if (!isReady && !thorough) return { done: null, elsewhere: null, seen: own };
  const view = await readView(deps, cluster, request.candidate, signal);
  const leader = view.ok ? (leaderOf(view.value.view)?.name ?? null) : null;
  const old = view.ok && request.from !== null ? (memberOf(request.from, view.value.view)?.name ?? null) : null;
  if (leader === candidate && isReady) {
    const detail = `${candidate} holds the leader key and takes writes`;
    return { done: { timeline: probe.timeline, detail }, elsewhere: null, seen: detail };
  }
  const third = leader !== null && leader !== candidate && old !== null && leader !== old;
  const state = view.ok ? `leader: ${leader ?? 'none'}` : view.error.message;
  return { done: null, elsewhere: third ? leader : null, seen: `${state}; ${own}` };
}
