import type { FailoverPolicy, FailoverView, NodeFacts, NodeProbe, PredictedLoss } from '../contract/failover.ts';
import { isLost, reachInWords } from './failover-health.ts';
import { bytesInWords } from './words.ts';

/** Who takes over, why not the others, and what would be lost with it. Pure. */

export interface Choice {
  readonly candidate: NodeFacts | null;
  readonly loss: PredictedLoss | null;
  readonly rejected: readonly { readonly node: string; readonly reason: string }[];
}

const noLoss: PredictedLoss = { bytes: 0, seconds: 0, detail: 'none: commits waited for it' };
const notKnown = (detail: string): PredictedLoss => ({ bytes: null, seconds: null, detail });

/** A generic service has no log whose positions could be compared: what it would lose is known to nobody here. */
export function keepsLog({ nodes, primaryPosition }: FailoverView): boolean {
  const says = (p: NodeProbe): boolean => p.systemId !== null || p.timeline !== null || p.receivedBytes !== null;
  return primaryPosition !== null || nodes.some(({ probe }) => probe !== null && says(probe));
}

/**
 * Until when the primary may have gone on writing. Refused: at the most until the first refused probe. Fenced: until the proof.
 * Silent: until now, because a primary that only we cannot reach may serve others at this moment.
 */
function mayHaveWrittenUntilMs(primary: NodeFacts | undefined, now: Date): number {
  const provenMs = primary?.fence?.proof ? Date.parse(primary.fence.proof.at) : +now;
  const refusedAt = primary?.probe?.reach === 'refused' ? (primary.health.refusedSince ?? primary.probe.at) : null;
  const refusedMs = refusedAt === null ? +now : Date.parse(refusedAt);
  return Math.min(+now, provenMs, refusedMs);
}

/** What the candidate lacks of what the primary may have written by now. Null is unknown, never none. */
export function predictLoss(view: FailoverView, candidate: NodeFacts, now: Date): PredictedLoss {
  if (view.synchronousStandbys.includes(candidate.name)) return noLoss;
  if (!keepsLog(view)) return notKnown('the service keeps no log whose positions could be compared');
  const received = candidate.probe?.receivedBytes ?? null;
  const position = view.primaryPosition;
  if (position === null) return notKnown('it is not known how far the primary had written');
  if (received === null) return notKnown('it is not known how much it has received');
  const seenMs = Date.parse(position.at);
  const primary = view.nodes.find(({ name }) => name === view.primary);
  if (seenMs > +now) return notKnown('the clock was set back since the primary was last seen');
  const blindSeconds = Math.max(0, mayHaveWrittenUntilMs(primary, now) - seenMs) / 1000;
  const rate = Math.max(0, position.bytesPerSecond);
  const bytes = Math.max(0, Math.ceil(position.bytes + rate * blindSeconds - received));
  const seconds = bytes === 0 ? 0 : rate > 0 ? bytes / rate : null;
  const behind = Math.max(0, position.bytes - received);
  return {
    bytes,
    seconds,
    detail:
      `${bytesInWords(behind)} behind when the primary was last seen ${blindSeconds.toFixed(1)} s before it can have stopped, ` +
      `at ${bytesInWords(rate)}/s`,
  };
}

/** A bound of Infinity is a person's word: then an unknown loss is allowed, too. */
function lossBeyond(loss: PredictedLoss, policy: FailoverPolicy, hasLog: boolean): string | null {
  if (!hasLog || policy.maxLossBytes === Infinity) return null;
  if (loss.bytes === null) return `what would be lost is not known: ${loss.detail}`;
  if (loss.bytes > policy.maxLossBytes)
    return `${bytesInWords(loss.bytes)} would be lost, more than the allowed ${bytesInWords(policy.maxLossBytes)}`;
  if (loss.seconds === null) return `${bytesInWords(loss.bytes)} would be lost, written over an unknown time`;
  if (loss.seconds > policy.maxLossSeconds)
    return `writes of ${loss.seconds.toFixed(1)} s would be lost, more than the allowed ${policy.maxLossSeconds} s`;
  return null;
}

/** Identity and timeline that a candidate has to have, those of the primary as last seen; null: not known. */
interface Reference {
  readonly hasLog: boolean;
  readonly systemId: string | null;
  readonly timeline: number | null;
}

function referenceOf(view: FailoverView): Reference {
  const answered = view.nodes.flatMap(({ name, probe }) =>
    probe !== null && probe.reach === 'answered' ? [{ name, probe }] : [],
  );
  const own = answered.find(({ name }) => name === view.primary)?.probe.systemId ?? null;
  const ids = new Set(answered.flatMap(({ probe }) => probe.systemId ?? []));
  const timelines = answered.flatMap(({ probe }) => probe.timeline ?? []);
  return {
    hasLog: keepsLog(view),
    // Nodes of two clusters and no primary to compare with: nobody can tell which are ours.
    systemId: own ?? (ids.size === 1 ? ([...ids][0] ?? null) : null),
    // A primary that is gone does not say any more; what answers now may be left behind, or have gone another way.
    timeline: view.primaryPosition?.timeline ?? (timelines.length === 0 ? null : Math.max(...timelines)),
  };
}

function whyNotItsData(probe: NodeProbe, { hasLog, systemId, timeline }: Reference): string | null {
  if (!hasLog) return null;
  if (probe.systemId === null || systemId === null) return 'it is not known whether its data is of this cluster';
  if (probe.systemId !== systemId) return 'its data is of another cluster';
  if (probe.timeline === null || timeline === null) return 'its timeline is not known';
  if (probe.timeline < timeline) return `it is on timeline ${probe.timeline}, behind ${timeline}`;
  if (probe.timeline > timeline)
    return `it is on timeline ${probe.timeline}, and the primary was on ${timeline}: it went another way`;
  return null;
}

function whyNotWell(node: NodeFacts, policy: FailoverPolicy): string | null {
  const { probe, health } = node;
  if (probe === null || probe.reach !== 'answered') return `its last probe ${reachInWords(probe)}`;
  if (health.successesInRow < policy.successesInRow)
    return `it answered ${health.successesInRow} probes in a row, ${policy.successesInRow} are needed`;
  const { lost, why } = isLost(node, policy);
  return lost ? why : null;
}

function whyNot(node: NodeFacts, view: FailoverView, policy: FailoverPolicy, reference: Reference): readonly string[] {
  const { probe } = node;
  const unwell = whyNotWell(node, policy);
  const sync = view.synchronousStandbys;
  const reasons: (string | null)[] = [
    node.fence === null ? null : `it was taken out at ${node.fence.since} and is not back`,
    node.candidate ? null : 'it is never to be promoted',
    policy.allowedRegions === null || policy.allowedRegions.includes(node.region)
      ? null
      : `its region ${node.region} is not one that the data may be served from`,
    node.busy === null ? null : `it is busy: ${node.busy}`,
    unwell,
    sync.length === 0 || sync.includes(node.name) ? null : 'it is not synchronous: it may lack confirmed commits',
  ];
  if (probe !== null && probe.reach === 'answered') {
    if (reference.hasLog && probe.role === null) reasons.push('its role is not known');
    if (probe.role === 'primary' || probe.writable === true) reasons.push('it is no standby');
    reasons.push(whyNotItsData(probe, reference));
  }
  return reasons.filter((reason) => reason !== null);
}

/**
 * Where several standbys confirm commits, each of them may be the only one that has the last: the one that is ahead of all others has
 * every commit, and only when all of them answer can that be seen.
 */
function whyNotAhead(node: NodeFacts, view: FailoverView): string | null {
  const others = view.synchronousStandbys.filter((name) => name !== node.name);
  for (const name of others) {
    const probe = view.nodes.find((n) => n.name === name)?.probe ?? null;
    const theirs = probe?.reach === 'answered' ? probe.receivedBytes : null;
    if (theirs === null) return `${name} may have confirmed commits that it lacks, and does not say`;
    if (theirs > (node.probe?.receivedBytes ?? 0)) return `${name} has received more than it`;
  }
  return null;
}

function rank(node: NodeFacts, policy: FailoverPolicy): readonly number[] {
  const region = policy.preferredRegions.indexOf(node.region);
  // A product that says nothing of a node may not be able to promote it; another one it may.
  const unsure = policy.managed && (node.probe?.problem ?? null) !== null ? 1 : 0;
  const place = region === -1 ? policy.preferredRegions.length : region;
  return [unsure, place, -(node.probe?.receivedBytes ?? 0), node.priority];
}

function byRank(policy: FailoverPolicy): (a: NodeFacts, b: NodeFacts) => number {
  return (a, b) => {
    const [ofA, ofB] = [rank(a, policy), rank(b, policy)];
    const at = ofA.findIndex((value, index) => value !== ofB[index]);
    return at === -1 ? (a.name < b.name ? -1 : 1) : (ofA[at] ?? 0) - (ofB[at] ?? 0);
  };
}

/** The best node to promote in place of the primary: preferred region, most received, priority, name; of a managed one first of all nothing wrong. `wanted`: only this one. */
export function chooseCandidate(
  view: FailoverView,
  policy: FailoverPolicy,
  now: Date,
  wanted: string | null = null,
): Choice {
  const reference = referenceOf(view);
  const judged = view.nodes
    .filter(({ name }) => name !== view.primary && (wanted === null || name === wanted))
    .map((node) => {
      const loss = predictLoss(view, node, now);
      const reasons = [...whyNot(node, view, policy, reference)];
      // Positions of a node that cannot be promoted anyway would only repeat that.
      const data = reasons.length > 0 ? null : (whyNotAhead(node, view) ?? lossBeyond(loss, policy, reference.hasLog));
      return { node, loss, reasons: data === null ? reasons : [data] };
    });
  const fit = judged.filter(({ reasons }) => reasons.length === 0).sort((a, b) => byRank(policy)(a.node, b.node));
  return {
    candidate: fit[0]?.node ?? null,
    loss: fit[0]?.loss ?? null,
    rejected: judged
      .filter(({ reasons }) => reasons.length > 0)
      .map(({ node, reasons }) => ({ node: node.name, reason: reasons.join('; ') })),
  };
}

/**
 * Right before a promotion, with every node looked at again: does what spoke for the candidate still hold? Somebody else may have become
 * a writer meanwhile. And until the fence of an unplanned move the primary went on: with several synchronous standbys another one may
 * have confirmed commits that this one lacks. Null: it may be promoted.
 */
export function whyNotPromote(
  view: FailoverView,
  policy: FailoverPolicy,
  move: { readonly candidate: string; readonly planned: boolean },
  now: Date,
): string | null {
  const { candidate, planned } = move;
  const writer = view.nodes.find(
    ({ name, probe }) => name !== candidate && probe?.reach === 'answered' && probe.writable,
  );
  if (writer !== undefined) return `${writer.name} takes writes`;
  // A planned move has waited for all that the old primary had.
  if (planned) return null;
  const { rejected } = chooseCandidate(view, policy, now, candidate);
  return rejected.find(({ node }) => node === candidate)?.reason ?? null;
}
