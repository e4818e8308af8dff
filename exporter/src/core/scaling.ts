import type { ScalingRecord } from '../contract/scaling-facts.ts';
import type { ScalingDecision, ScalingLimit, ScalingPolicy, ScalingView } from '../contract/scaling.ts';
import { costPerHour } from './scaling-cost.ts';
import { chooseRemoved } from './scaling-fleet.ts';
import { findFewer, notKnown } from './scaling-in.ts';
import { findMore, wishesForMore } from './scaling-out.ts';
import { situationOf, type Finding, type Situation } from './scaling-situation.ts';
import { listed } from './scaling-words.ts';

export { chooseRemoved } from './scaling-fleet.ts';
export { readingsKept, voteOf } from './scaling-votes.ts';

/** How many instances a service is to have, and why. Pure: everything that is done about it is done elsewhere. */

interface Restraint {
  readonly limit: ScalingLimit;
  readonly reason: string;
  /** Somebody has to know that it is not done. */
  readonly page: boolean;
}

/** What keeps a right thing from being done without a person. */
function restraints({ mode }: ScalingPolicy, view: ScalingView, now: Date): readonly Restraint[] {
  const list: Restraint[] = [];
  const add = (limit: ScalingLimit, reason: string, page = false): number => list.push({ limit, reason, page });
  if (view.running !== null) add('running', `${view.running} runs`);
  if (view.fleet.ownedBy !== null) add('owned', `${view.fleet.ownedBy} sets the number`);
  if (view.breakerOpen) {
    const until = view.breakerUntil === null ? '' : ` until ${view.breakerUntil}`;
    add('breaker', `scaling failed too often: its circuit breaker is open${until}; a person may try at once`, true);
  }
  if (view.pausedUntil !== null && Date.parse(view.pausedUntil) > +now)
    add('paused', `scaling is paused until ${view.pausedUntil}`);
  if (mode === 'manual') add('mode', 'mode manual: a person has to start it', true);
  if (mode === 'observe') add('mode', 'mode observe: it is only written down');
  if (!view.leader) add('not_leader', 'another exporter holds the lease');
  return list;
}

/** What the votes alone come to. */
function proposedBy(situation: Situation): number | null {
  const { tally, count } = situation;
  const more = wishesForMore(situation).map(({ to }) => to);
  if (more.length > 0) return Math.max(...more);
  if (tally.unknown.length > 0) return null;
  if (!tally.isForFewer) return count.current;
  return Math.min(count.current, Math.max(...tally.downs.map(({ vote }) => vote.wants ?? count.current)));
}

function unique<T>(values: readonly T[]): readonly T[] {
  return [...new Set(values)];
}

function calm({ ballots, count }: Situation): string {
  if (ballots.length === 0) return 'no metric is configured';
  return `${listed(ballots.map(({ vote }) => vote.reason))}: it stays at ${count.current}`;
}

/** Evaluations without all readings are told after a while, whatever else is done meanwhile. */
function frozenReason({ view, policy, tally }: Situation): string | null {
  if (tally.unknown.length === 0 || view.missingInRow < policy.freezeAfter) return null;
  const names = listed(tally.unknown.map(({ metric }) => metric.name));
  return `frozen: ${names} not known in ${view.missingInRow} evaluations in a row, nothing is removed until it is`;
}

function acting(action: 'scale_up' | 'scale_down', finding: Finding, situation: Situation): ScalingDecision {
  const { view, policy, now, count } = situation;
  const kept = restraints(policy, view, now);
  const frozen = frozenReason(situation);
  const unknown = action === 'scale_up' && situation.tally.unknown.length > 0 ? notKnown(situation) : [];
  return {
    ...baseOf(situation),
    action,
    desired: finding.to,
    act: kept.length === 0,
    page: view.leader && (frozen !== null || kept.some(({ page }) => page)),
    limits: unique([
      ...finding.limits,
      ...(unknown.length > 0 ? (['missing_metrics'] as const) : []),
      ...(frozen === null ? [] : (['frozen'] as const)),
      ...kept.map(({ limit }) => limit),
    ]),
    reasons: [
      ...finding.reasons,
      ...kept.map(({ reason }) => reason),
      ...unknown,
      ...(frozen === null ? [] : [frozen]),
    ],
    costPerHour: costPerHour(finding.to, policy),
    remove: action === 'scale_down' ? chooseRemoved(view.fleet, count.current + count.unready - finding.to) : [],
  };
}

function waiting(more: Finding, fewer: Finding, situation: Situation): ScalingDecision {
  const frozen = frozenReason(situation);
  const { view, policy, count } = situation;
  const reasons = unique([...more.reasons, ...fewer.reasons]);
  return {
    ...baseOf(situation),
    action: frozen === null ? 'hold' : 'freeze',
    desired: count.current,
    act: false,
    page: frozen !== null && view.leader,
    limits: unique([...more.limits, ...fewer.limits, ...(frozen === null ? [] : (['frozen'] as const))]),
    reasons: [...(frozen === null ? [] : [frozen]), ...(reasons.length > 0 ? reasons : [calm(situation)])],
    costPerHour: costPerHour(count.current, policy),
    remove: [],
  };
}

function baseOf(situation: Situation): Pick<ScalingDecision, 'at' | 'current' | 'proposed' | 'votes' | 'predicted'> {
  return {
    at: situation.now.toISOString(),
    current: situation.count.current,
    proposed: proposedBy(situation),
    votes: situation.ballots.map(({ vote }) => vote),
    predicted: situation.predicted,
  };
}

/**
 * The number of instances that is right now, whether it may be set, and why. Any metric that wants more wins, with the largest wish;
 * fewer takes a majority, every reading known, and goes no lower than any metric, the forecast and the bounds allow. What is not known
 * holds, then freezes and pages, and never removes.
 */
export function decideScaling(view: ScalingView, policy: ScalingPolicy, now: Date): ScalingDecision {
  const situation = situationOf(view, policy, now);
  const { current } = situation.count;
  const more = findMore(situation);
  if (more.to > current) return acting('scale_up', more, situation);
  const fewer = findFewer(situation);
  if (fewer.to < current) return acting('scale_down', fewer, situation);
  return waiting(more, fewer, situation);
}

/** Metrics on whose account it acts: those whose own cooldown begins with it. */
export function causesOf({ action, current, votes }: ScalingDecision): readonly string[] {
  if (action === 'scale_up')
    return votes.filter((v) => v.direction === 'up' && (v.wants ?? 0) > current).map(({ metric }) => metric);
  if (action === 'scale_down') return votes.filter((v) => v.direction === 'down').map(({ metric }) => metric);
  return [];
}

/**
 * What it acts on: metrics; the number of before, of which some ended by themselves; else the forecast; else a number that was written
 * down (bounds, a schedule, the start).
 */
export function triggerOf(
  decision: ScalingDecision,
  wantedBefore: number | null,
): Exclude<ScalingRecord['trigger'], 'manual'> {
  const { action, current, desired, predicted } = decision;
  if (causesOf(decision).length > 0) return 'metrics';
  if (action === 'scale_up' && wantedBefore !== null && desired <= wantedBefore) return 'repair';
  return action === 'scale_up' && predicted !== null && predicted > current ? 'forecast' : 'schedule';
}
