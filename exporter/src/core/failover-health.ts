import type { FailoverPolicy, FailoverView, NodeFacts, NodeHealth, NodeProbe } from '../contract/failover.ts';

/** What probes say about a node, and whether others see it otherwise. Pure. */

/** Age up to which a sign of life counts where nobody knows when the probes began to fail. */
const freshSeconds = 5;

function run(probes: readonly NodeProbe[], answered: boolean): number {
  let length = 0;
  while (length < probes.length && (probes[probes.length - 1 - length]?.reach === 'answered') === answered) length += 1;
  return length;
}

function refusedSince(probes: readonly NodeProbe[]): string | null {
  const before = probes.findLastIndex(({ reach }) => reach !== 'refused');
  return probes[before + 1]?.at ?? null;
}

/**
 * The probes of one node, oldest first. Runs and the last answer are taken over all of them, because a window may be shorter than the
 * probes it takes to lose a node; ratio and mean over those within the window. A probe from the future is of a clock that was set back:
 * it counts for the runs, which need no clock, and not for the window unless it is near.
 */
export function summarizeProbes(probes: readonly NodeProbe[], policy: FailoverPolicy, now: Date): NodeHealth {
  // Moments are all written alike, so that they compare as text: this runs for every probe of a window at every look.
  const [low, high] = [-policy.windowSeconds, policy.windowSeconds].map((s) => new Date(+now + s * 1000).toISOString());
  const within = probes.filter(({ at }) => at >= (low ?? '') && at <= (high ?? ''));
  const answered = within.filter(({ reach }) => reach === 'answered');
  return {
    failuresInRow: run(probes, false),
    successesInRow: run(probes, true),
    errorRatio: within.length === 0 ? null : (within.length - answered.length) / within.length,
    responseSeconds: answered.length === 0 ? null : answered.reduce((sum, p) => sum + p.seconds, 0) / answered.length,
    probes: within.length,
    lastAnsweredAt: probes.findLast(({ reach }) => reach === 'answered')?.at ?? null,
    refusedSince: refusedSince(probes),
  };
}

/**
 * Whether a node counts as lost, and by which threshold. A share or a mean of a handful of probes says nothing, so these two wait for
 * twice the probes that it takes to lose a node in a row; and none of them speaks against a node that is answering well again.
 */
export function isLost(node: NodeFacts, policy: FailoverPolicy): { lost: boolean; why: string | null } {
  const { failuresInRow, successesInRow, errorRatio, responseSeconds, probes } = node.health;
  if (failuresInRow >= policy.failuresInRow)
    return { lost: true, why: `${failuresInRow} probes in a row failed, the last one ${reachInWords(node.probe)}` };
  if (probes < 2 * policy.failuresInRow) return { lost: false, why: null };
  const failed = Math.round((errorRatio ?? 0) * probes);
  const share = errorRatio !== null && errorRatio >= policy.errorRatio && failed >= policy.failuresInRow;
  if (share && successesInRow < policy.successesInRow)
    return { lost: true, why: `${failed} of ${probes} probes within ${policy.windowSeconds} s failed` };
  if (responseSeconds !== null && responseSeconds >= policy.responseSeconds)
    return { lost: true, why: `it took ${responseSeconds.toFixed(1)} s to answer, on average` };
  return { lost: false, why: null };
}

export function reachInWords(probe: NodeProbe | null): string {
  if (probe === null) return 'was never made';
  const words = {
    answered: 'was answered',
    refused: 'was refused',
    silent: 'was not answered',
    failed: 'failed',
  } as const;
  return probe.problem === null ? words[probe.reach] : `${words[probe.reach]}: ${probe.problem}`;
}

/** When the present run of failed probes began, milliseconds; null: nothing answered before it, or nothing fails. */
export function failingSinceMs({ health, probe }: NodeFacts): number | null {
  if (probe === null || health.lastAnsweredAt === null || health.failuresInRow === 0) return null;
  const answeredMs = Date.parse(health.lastAnsweredAt);
  return answeredMs + Math.max(0, Date.parse(probe.at) - answeredMs) / health.failuresInRow;
}

/**
 * Who sees a sign of life of a primary that we do not reach: then only our way to it may be broken, and nobody may act on it alone. A
 * sign counts when it is later than our first failed probe: earlier ones are what everybody saw before it was lost.
 */
export function doubtsAbout(primary: NodeFacts, view: FailoverView, now: Date): readonly string[] {
  const reach = primary.probe?.reach;
  // It said itself that it does not work: nobody needs to confirm that.
  if (reach === 'failed') return [];
  const sinceMs = failingSinceMs(primary) ?? +now - freshSeconds * 1000;
  const streams = view.nodes.flatMap((node) => {
    const { probe } = node;
    const silent = probe?.upstreamSilentSeconds ?? null;
    if (probe === null || probe.reach !== 'answered' || probe.upstream !== primary.name) return [];
    // A negative silence comes from a clock that was set back on the node: it says nothing.
    if (silent === null || silent < 0 || Date.parse(probe.at) - silent * 1000 <= sinceMs) return [];
    return [`${node.name} still receives from it, ${silent.toFixed(1)} s ago`];
  });
  const seen = view.vantages.filter(
    ({ from, about, alive, at }) =>
      about === primary.name &&
      alive === true &&
      Date.parse(at) > sinceMs &&
      Date.parse(at) <= +now &&
      // A balancer needs several checks to mark a server down: where nobody listens any more, its view is only late.
      !(from === balancerVantage && reach === 'refused') &&
      !view.nodes.some(({ name }) => name === from),
  );
  return [...streams, ...seen.map(({ from, detail }) => `${from} sees it alive: ${detail}`)];
}

/** `Vantage.from` of the load balancer. */
export const balancerVantage = 'balancer';
