import type {
  FailoverDecision,
  FailoverPolicy,
  FailoverView,
  NodeFacts,
  StandingAnswer,
} from '../contract/failover.ts';
import { doubtsAbout, isLost } from './failover-health.ts';

/** active_active and multi_master: all serve; a failed one is taken out while enough remain, and comes back when it is well. Pure. */

type Finding = Pick<FailoverDecision, 'action' | 'node' | 'reasons'>;

function isServing(node: NodeFacts, policy: FailoverPolicy): boolean {
  return node.fence === null && node.probe?.reach === 'answered' && !isLost(node, policy).lost;
}

const atWork = (count: number): string => `${count} ${count === 1 ? 'node serves' : 'nodes serve'}`;

/** The first thing to do about the membership; null: nothing. */
export function findMembership(view: FailoverView, policy: FailoverPolicy, now: Date): Finding | null {
  const serving = view.nodes.filter((node) => isServing(node, policy)).length;
  const lost = view.nodes.filter((node) => node.fence === null && isLost(node, policy).lost);
  // One that is well comes back first: it may be what allows the next one to be taken out.
  const back = view.nodes.find(
    (node) =>
      node.fence !== null &&
      // A person took it out: a person lets it in again.
      !node.fence.manual &&
      node.probe?.reach === 'answered' &&
      node.health.successesInRow >= policy.successesInRow &&
      !isLost(node, policy).lost,
  );
  if (back !== undefined)
    return {
      action: 'readmit',
      node: back.name,
      reasons: [`${back.name} answered ${back.health.successesInRow} probes in a row`],
    };
  const findings = lost.map((node): Finding => {
    const why = `${node.name} is lost: ${isLost(node, policy).why ?? ''}`;
    const doubts = doubtsAbout(node, view, now);
    if (doubts.length > 0) return { action: 'hold', node: node.name, reasons: [why, ...doubts] };
    if (serving < policy.minServing)
      return {
        action: 'hold',
        node: node.name,
        reasons: [why, `without it ${atWork(serving)}, ${policy.minServing} have to`],
      };
    return { action: 'drop', node: node.name, reasons: [why, `${atWork(serving)} without it`] };
  });
  return findings.find(({ action }) => action === 'drop') ?? findings[0] ?? null;
}

/** Whether the service would go on if the worst-placed node that serves failed now. */
export function standingMembership(view: FailoverView, policy: FailoverPolicy): StandingAnswer {
  const serving = view.nodes.filter((node) => isServing(node, policy));
  const unknown = view.nodes.filter(({ probe }) => probe === null).length;
  const left = Math.max(0, serving.length - 1);
  const enough = left >= policy.minServing;
  return {
    wouldSucceed: !enough && unknown > 0 ? null : enough,
    candidate: null,
    loss: null,
    reasons: [`${atWork(serving.length)}; without one of them ${left} would, ${policy.minServing} have to`],
    rejected: view.nodes
      .filter((node) => !serving.includes(node))
      .map((node) => ({
        node: node.name,
        reason:
          node.fence === null
            ? (isLost(node, policy).why ?? 'it does not answer')
            : `it was taken out at ${node.fence.since}`,
      })),
  };
}
