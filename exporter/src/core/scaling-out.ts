import type { ScalingLimit } from '../contract/scaling.ts';
import { actsOnForecast, distrust } from './scaling-predicted.ts';
import { plannedBySchedule, restOf, secondsSince, type Finding, type Situation } from './scaling-situation.ts';
import { instancesInWords, listed } from './scaling-words.ts';

/** Whether there are to be more instances. */

interface Wish {
  readonly to: number;
  readonly reason: string;
}

const moves = (reason: string, from: number, to: number): string => `${reason}: ${from} -> ${to} instances`;

function largest(wishes: readonly Wish[]): Wish | null {
  return wishes.reduce<Wish | null>((most, wish) => (most === null || wish.to > most.to ? wish : most), null);
}

/** Instances that were there and are not, where the product does not replace them itself. Unknown ones may well serve. */
function lost({ view, count, tally }: Situation): readonly Wish[] {
  const present = count.current + count.unknown.length;
  if (view.desired === null || view.fleet.wanted !== null || present >= view.desired || tally.isForFewer) return [];
  return [{ to: view.desired, reason: `${present} of ${instancesInWords(view.desired)} are there` }];
}

function predicted({ view, policy, predicted: need }: Situation): readonly Wish[] {
  if (need === null || !actsOnForecast(view.forecast, policy)) return [];
  const ahead = policy.predictive.launchSeconds;
  return [{ to: need, reason: `the forecast needs ${need} in ${ahead} s, as long as a new one takes until it serves` }];
}

/** What metrics and forecast would have. */
export function wishesForMore(situation: Situation): readonly Wish[] {
  const { tally, count } = situation;
  const metrics = tally.ups.map(({ vote }) => ({ to: vote.wants ?? 0, reason: vote.reason }));
  return [...metrics, ...predicted(situation)].filter(({ to }) => to > count.current);
}

/** Numbers that were settled before: neither cooldown nor step keeps them. */
function planned(situation: Situation): readonly Wish[] {
  const { view, policy, count, bounds } = situation;
  const wishes: Wish[] = [...lost(situation)];
  if (count.current + count.unknown.length < bounds.min)
    wishes.push({
      to: bounds.min,
      reason: `${count.current} is below ${bounds.min}, the fewest allowed${bounds.whose}`,
    });
  const scheduled = plannedBySchedule(situation);
  if (scheduled !== null) wishes.push(scheduled);
  const isNew = view.desired === null && view.lastUpAt === null && view.lastDownAt === null;
  if (isNew && scheduled === null && (view.schedule?.desired ?? null) === null)
    wishes.push({ to: policy.desired, reason: `the service begins with ${policy.desired}` });
  return wishes;
}

/** Bounds what is wished for by most and price. */
function bounded({ to }: Wish, { bounds, count }: Situation): Finding {
  const limits: ScalingLimit[] = [];
  const reasons: string[] = [];
  const most = Math.max(Math.min(bounds.max, bounds.paid ?? Infinity), 0);
  if (to > bounds.max) {
    limits.push('max');
    reasons.push(`${to} are wanted, ${bounds.max} are the most allowed${bounds.whose}`);
  }
  if (bounds.paid !== null && Math.min(to, bounds.max) > bounds.paid) {
    limits.push('cost_ceiling');
    reasons.push(`${to} are wanted, the cost ceiling pays for ${bounds.paid}`);
  }
  return { to: Math.max(count.current, Math.min(to, most)), limits, reasons };
}

/** Votes for more that come to nothing, and why. */
function heldVotes({ ballots, count, tally, view, policy, predicted: need }: Situation): Finding {
  const limits: ScalingLimit[] = [];
  const reasons: string[] = [];
  const doubt = distrust(view.forecast);
  if (policy.predictive.mode === 'scale_out' && doubt !== null && need !== null && need > count.current)
    reasons.push(`the forecast needs ${need} and is not acted on: ${doubt}`);
  for (const { vote, pending, isResting } of ballots) {
    if (pending === 'up') {
      limits.push('evaluation_periods');
      reasons.push(vote.reason);
    } else if (vote.direction === 'up' && isResting) {
      limits.push('cooldown');
      reasons.push(vote.reason);
    }
  }
  const waiting = tally.ups.filter(({ vote, isResting }) => !isResting && (vote.wants ?? 0) <= count.current);
  if (waiting.length > 0 && count.cold.length > 0) {
    limits.push('warm_up');
    const young = `${listed(count.cold)} ${count.cold.length === 1 ? 'does' : 'do'} not share the load yet`;
    for (const { vote } of waiting) reasons.push(`${vote.reason}, and ${young}: ${count.current} may be enough`);
  }
  return { to: count.current, limits, reasons };
}

function gated(situation: Situation): Finding {
  const { view, policy, now, count } = situation;
  const wish = largest(wishesForMore(situation));
  if (wish === null) return heldVotes(situation);
  const { to, limits, reasons } = bounded(wish, situation);
  if (to === count.current) return { to, limits, reasons: [wish.reason, ...reasons] };
  const rest = restOf(secondsSince(view.lastUpAt, now), policy.cooldownUpSeconds);
  if (rest !== null) {
    const why = `${wish.reason}: ${to} are wanted, and the last scale-out was ${rest}`;
    return { to: count.current, limits: [...limits, 'cooldown'], reasons: [why, ...reasons] };
  }
  const stepped = Math.min(to, count.current + policy.maxStepUp);
  const isStepped = stepped < to;
  return {
    to: stepped,
    limits: isStepped ? [...limits, 'max_step'] : limits,
    reasons: [
      moves(wish.reason, count.current, stepped),
      ...reasons,
      ...(isStepped ? [`${to} are wanted, at most ${policy.maxStepUp} are added at once`] : []),
    ],
  };
}

/** A product that keeps the number itself replaces what is not ready: it was told already. */
function told(finding: Finding, { view, count }: Situation): Finding {
  const { wanted } = view.fleet;
  if (wanted === null || finding.to <= count.current || finding.to > wanted) return finding;
  const missing = `${wanted} were asked for, ${wanted - count.current} of them not there yet`;
  return { to: count.current, limits: ['warm_up'], reasons: [`${finding.to} are wanted; ${missing}`] };
}

/** As many as the largest of all wishes; at least as many as there are. */
export function findMore(situation: Situation): Finding {
  const byMetrics = gated(situation);
  const plan = largest(planned(situation).filter(({ to }) => to > situation.count.current));
  if (plan === null) return told(byMetrics, situation);
  const { to, limits, reasons } = bounded(plan, situation);
  if (to <= byMetrics.to) return told(byMetrics, situation);
  const moved = moves(plan.reason, situation.count.current, to);
  return told({ to, limits, reasons: [moved, ...reasons] }, situation);
}
