import type {
  FailoverDecision,
  FailoverPolicy,
  FailoverView,
  NodeFacts,
  PredictedLoss,
  StandingAnswer,
} from '../contract/failover.ts';
import { chooseCandidate, keepsLog } from './failover-candidate.ts';
import { doubtsAbout, isLost, reachInWords } from './failover-health.ts';
import { findMembership, standingMembership } from './failover-members.ts';
import { judgeWriters, writersOf } from './failover-writers.ts';
import { spanInWords } from './words.ts';

export { chooseCandidate, predictLoss, whyNotPromote } from './failover-candidate.ts';
export { balancerVantage, isLost, summarizeProbes } from './failover-health.ts';

/** Who is promoted, when, and above all when not. Pure: everything that is done about it is done elsewhere. */

/** What would be right to do, before mode, pause, lease and limits have their say. */
interface Finding {
  readonly action: FailoverDecision['action'];
  readonly node: string | null;
  readonly candidate?: string;
  readonly reasons: readonly string[];
  readonly loss?: PredictedLoss | null;
  /** False: a hold that needs nobody yet. */
  readonly page?: boolean;
}

/** A product that holds the lock needs its lease and a round or two to elect: nobody is called before that. */
const managedGraceSeconds = 60;

const hold = (node: string | null, ...reasons: readonly string[]): Finding => ({ action: 'hold', node, reasons });
const none = (...reasons: readonly string[]): Finding => ({ action: 'none', node: null, reasons });

function secondWriter(view: FailoverView, policy: FailoverPolicy, now: Date): Finding | null {
  const writers = writersOf(view, now);
  if (writers.length > 1) {
    const { wrong, reasons } = judgeWriters(view, policy, writers);
    if (wrong === null) return hold(view.primary, ...reasons);
    if (!policy.fenceSecondWriter) return hold(wrong.name, ...reasons, `${wrong.name} is to be fenced by a person`);
    return { action: 'fence', node: wrong.name, reasons };
  }
  const [writer] = writers;
  const primary = view.nodes.find(({ name }) => name === view.primary);
  if (writer === undefined || primary === undefined || writer === primary) return null;
  // The role has moved without us. What the old primary does is unknown unless it says so, and promoting anybody would be one more.
  if (primary.fence?.proof || (primary.probe?.reach === 'answered' && primary.probe.writable === false))
    return none(`${writer.name} takes writes in place of ${primary.name}`);
  return hold(
    primary.name,
    `${writer.name} takes writes, and whether ${primary.name}, the primary as last known, still does cannot be seen`,
  );
}

function judgeAnswering(primary: NodeFacts, view: FailoverView, policy: FailoverPolicy): Finding {
  const { probe, health } = primary;
  if (probe === null) return none(`${primary.name} was not looked at yet`);
  if (probe.reach === 'answered' && probe.role === 'standby')
    return hold(primary.name, `no node takes writes: ${primary.name}, the primary as last known, is a standby now`);
  if (probe.reach === 'answered' && probe.writable === false)
    return hold(
      primary.name,
      `${primary.name} answers and takes no writes${probe.problem ? `: ${probe.problem}` : ''}`,
    );
  // A generic service need not say it.
  if (probe.reach === 'answered' && probe.writable === null && !policy.managed && keepsLog(view))
    return hold(
      primary.name,
      `${primary.name} answers and does not say whether it takes writes${probe.problem ? `: ${probe.problem}` : ''}`,
    );
  if (health.failuresInRow > 0)
    return none(`${health.failuresInRow} of ${policy.failuresInRow} probes of ${primary.name} failed`);
  return none(`${primary.name} answers`);
}

/** A promotion or a fence that ended without proof: while its node may be a writer, no other may become one. */
function unproven(view: FailoverView): readonly string[] {
  return view.nodes.flatMap(({ name, fence, probe }) => {
    if (name === view.primary || fence === null || fence.proof !== null) return [];
    if (probe?.reach === 'answered' && probe.role === 'standby' && probe.writable === false) return [];
    return [`${name} may take writes: it was to be changed at ${fence.since} without proof of the outcome`];
  });
}

/** Failovers without a person within the last hour; those that the clock puts into the future count, too. */
function limits(
  view: FailoverView,
  policy: FailoverPolicy,
  now: Date,
): { flapping: string | null; wait: string | null } {
  const automatic = view.recent.filter((r) => r.automatic && +now - Date.parse(r.at) < 3600_000);
  const newest = automatic[0];
  const age = newest === undefined ? Infinity : (+now - Date.parse(newest.at)) / 1000;
  const ago = age < 0 ? 'in the future: the clock was set back' : `${spanInWords(age)} ago`;
  return {
    flapping:
      automatic.length >= policy.maxPerHour
        ? `flapping: ${automatic.length} automatic failovers within an hour, ${policy.maxPerHour} are allowed`
        : null,
    wait:
      age < policy.cooldownSeconds
        ? `the last automatic failover ended ${ago}, ${spanInWords(policy.cooldownSeconds)} have to pass`
        : null,
  };
}

function judgeManaged(primary: NodeFacts, why: string, now: Date): Finding {
  const last = primary.health.lastAnsweredAt;
  const age = last === null ? Infinity : (+now - Date.parse(last)) / 1000;
  const reasons = [why, 'the product holds the lock and elects: nothing is promoted from here'];
  return { ...hold(primary.name, ...reasons), page: age > managedGraceSeconds };
}

function whyUnfenceable({ unfenceable, primary }: FailoverView): string | null {
  if (primary === null || unfenceable?.includes(primary) !== true) return null;
  return `nothing that is configured could prove that ${primary} is down: only a person can go on`;
}

function judgeLost(primary: NodeFacts, why: string, view: FailoverView, policy: FailoverPolicy, now: Date): Finding {
  if (policy.managed) return judgeManaged(primary, why, now);
  const doubts = doubtsAbout(primary, view, now);
  if (doubts.length > 0) return hold(primary.name, why, ...doubts, 'only the way to it may be broken');
  const others = view.nodes.filter((node) => node !== primary);
  if (others.length > 0 && others.every(({ probe }) => probe?.reach !== 'answered'))
    return hold(primary.name, why, 'no other node answers either: the fault may be on this side');
  const open = unproven(view);
  if (open.length > 0) return hold(primary.name, why, ...open);
  // To cut it off first and to find out then would only end what it may still serve.
  const unfenceable = whyUnfenceable(view);
  if (unfenceable !== null) return hold(primary.name, why, unfenceable);
  if (view.breakerOpen) return hold(primary.name, why, 'the circuit breaker of the service is open');
  const { candidate, loss, rejected } = chooseCandidate(view, policy, now);
  if (candidate === null)
    return hold(primary.name, why, 'no candidate', ...rejected.map(({ node, reason }) => `${node}: ${reason}`));
  const { flapping } = limits(view, policy, now);
  if (flapping !== null) return hold(primary.name, why, flapping);
  return { action: 'failover', node: primary.name, candidate: candidate.name, reasons: [why], loss };
}

function find(view: FailoverView, policy: FailoverPolicy, now: Date): Finding {
  if (policy.strategy !== 'active_passive')
    return findMembership(view, policy, now) ?? none('every node that is in serves');
  if (view.nodes.every(({ probe }) => probe === null)) return none('no node was looked at yet');
  const second = secondWriter(view, policy, now);
  if (second !== null) return second;
  const primary = view.nodes.find(({ name }) => name === view.primary);
  if (primary === undefined) return hold(null, 'no primary is known and no node takes writes');
  const { lost, why } = isLost(primary, policy);
  return lost
    ? judgeLost(primary, `${primary.name} is lost: ${why ?? reachInWords(primary.probe)}`, view, policy, now)
    : judgeAnswering(primary, view, policy);
}

/** What keeps a right thing from being done without a person; `page`: somebody has to know that it is not done. */
function restraints(
  finding: Finding,
  view: FailoverView,
  policy: FailoverPolicy,
  now: Date,
): readonly [string, boolean][] {
  const list: [string, boolean][] = [];
  if (policy.mode === 'manual') list.push(['mode manual: a person has to start it', true]);
  if (view.pausedUntil !== null && Date.parse(view.pausedUntil) > +now)
    list.push([`automation is paused until ${view.pausedUntil}`, true]);
  if (finding.action === 'failover') {
    const { wait } = limits(view, policy, now);
    if (wait !== null) list.push([wait, true]);
  }
  if (policy.mode === 'observe') list.push(['mode observe: it is only written down', false]);
  return list;
}

function inWords({ action, node, candidate }: Finding): string {
  const words = {
    failover: `fail over from ${node} to ${candidate}`,
    fence: `fence ${node}`,
    drop: `take ${node} out`,
  };
  return action in words ? words[action as keyof typeof words] : `let ${node} in again`;
}

/**
 * What is to be done now, and whether it may be. Null is unknown and keeps anything from being done: a node that does not answer is
 * not down, and a loss that cannot be predicted is not none. A writer too many is fenced even while the breaker is open.
 */
export function decideFailover(view: FailoverView, policy: FailoverPolicy, now: Date): FailoverDecision {
  const base = { node: null, candidate: null, act: false, page: false, loss: null } as const;
  if (view.running !== null) return { ...base, action: 'none', reasons: [`${view.running} runs`] };
  const finding = find(view, policy, now);
  const { action, node, reasons } = finding;
  if (action === 'none') return { ...base, action, node, reasons };
  // Whoever holds the lease sees the same and calls: one page is enough.
  if (action === 'hold') return { ...base, action, node, reasons, page: view.leader && (finding.page ?? true) };
  const held = restraints(finding, view, policy, now);
  const act = view.leader && held.length === 0;
  const because = act ? [] : [`would ${inWords(finding)} now, because`];
  return {
    action,
    node,
    candidate: finding.candidate ?? null,
    act,
    page: view.leader && (action === 'fence' || held.some(([, page]) => page)),
    reasons: [
      ...because,
      ...reasons,
      ...held.map(([reason]) => reason),
      ...(view.leader ? [] : ['another exporter holds the lease']),
    ],
    loss: finding.loss ?? null,
  };
}

function standingPassive(view: FailoverView, policy: FailoverPolicy, now: Date): StandingAnswer {
  const { candidate, loss, rejected } = chooseCandidate(view, policy, now);
  const writers = writersOf(view, now);
  const against = [
    ...(writers.length > 1 ? [`${writers.length} nodes take writes`] : []),
    ...unproven(view),
    ...(view.running === null ? [] : [`${view.running} runs`]),
    ...(view.breakerOpen ? ['the circuit breaker of the service is open'] : []),
  ];
  const unseen = view.nodes.filter(({ probe }) => probe === null).map(({ name }) => `${name} was not looked at yet`);
  const unknown = [
    ...(view.primary === null ? ['no primary is known'] : []),
    ...(candidate === null ? unseen : unsureOfProduct(candidate, policy)),
  ];
  return {
    wouldSucceed: against.length > 0 ? false : unknown.length > 0 ? null : candidate !== null,
    candidate: candidate?.name ?? null,
    loss,
    reasons: [
      candidate === null ? 'no candidate' : `${candidate.name} could take over`,
      ...against,
      ...unknown,
      ...byHandOnly(view, policy, now),
    ],
    rejected,
  };
}

/** Its server may be well while the product that would have to promote it cannot: does not answer, or has lost its store. */
function unsureOfProduct({ name, probe }: NodeFacts, policy: FailoverPolicy): readonly string[] {
  const problem = policy.managed ? (probe?.problem ?? null) : null;
  return problem === null ? [] : [`whether the product can move it to ${name} is not known: ${problem}`];
}

/** What keeps the automation, and not a person. */
function byHandOnly(view: FailoverView, policy: FailoverPolicy, now: Date): readonly string[] {
  const { flapping, wait } = limits(view, policy, now);
  const reasons = [
    policy.managed ? 'the product holds the lock and elects by itself' : null,
    policy.mode === 'auto' ? null : `mode ${policy.mode}`,
    view.pausedUntil !== null && Date.parse(view.pausedUntil) > +now
      ? `automation is paused until ${view.pausedUntil}`
      : null,
    whyUnfenceable(view),
    flapping,
    wait,
  ];
  return reasons.flatMap((reason) => (reason === null ? [] : [`only by hand: ${reason}`]));
}

/**
 * Would a failover succeed if the primary were lost at this moment? False as soon as one thing surely stands against it, null where
 * that is not known. The old primary still has to be proven down when it is done; what only keeps the automation is named, too.
 */
export function standingAnswer(view: FailoverView, policy: FailoverPolicy, now: Date): StandingAnswer {
  return policy.strategy === 'active_passive' ? standingPassive(view, policy, now) : standingMembership(view, policy);
}
