import type { ScalingLimit } from '../contract/scaling.ts';
import { removable } from './scaling-fleet.ts';
import { actsOnForecast } from './scaling-predicted.ts';
import { plannedBySchedule, restOf, secondsSince, type Finding, type Situation } from './scaling-situation.ts';
import { instancesInWords, listed } from './scaling-words.ts';

/** Whether there are to be fewer instances. Everything that is not known speaks against it. */

interface Wish extends Finding {
  readonly why: string;
}

const held = (current: number, limit: ScalingLimit | null, ...reasons: readonly string[]): Finding => ({
  to: current,
  limits: limit === null ? [] : [limit],
  reasons,
});

/** What is not known, in words. */
export function notKnown({ tally, count }: Situation): readonly string[] {
  const instances = count.unknown.length === 0 ? [] : [`${listed(count.unknown)} could not be looked at`];
  return [...tally.unknown.map(({ vote }) => vote.reason), ...instances];
}

/** Raises what is wished for to what bounds, metrics and forecast still need. */
function kept(to: number, why: string, situation: Situation): Wish {
  const { ballots, bounds, count, policy, predicted, view } = situation;
  const limits: ScalingLimit[] = [];
  const reasons: string[] = [];
  const floors = ballots.map((ballot) => ({ name: ballot.metric.name, floor: ballot.floor() }));
  const above = floors.filter(({ floor }) => floor > to);
  const floor = Math.max(to, ...above.map((one) => one.floor));
  let least = floor;
  if (above.length > 0) {
    limits.push('hysteresis');
    const names = listed(above.map(({ name }) => name));
    reasons.push(`with fewer than ${floor} ${names} would come to where more are wanted`);
  }
  if (predicted !== null && predicted > least && actsOnForecast(view.forecast, policy)) {
    least = predicted;
    reasons.push(`the forecast needs ${predicted} soon`);
  }
  if (least < bounds.min) {
    least = bounds.min;
    limits.push('min');
    reasons.push(`fewer than ${instancesInWords(bounds.min)} are not allowed${bounds.whose}`);
  }
  return { to: Math.min(count.current, least), limits, reasons, why };
}

/** Pauses and steps between what is wished for and what is done. */
function paced(wish: Wish, situation: Situation): Finding {
  const { view, policy, now, count } = situation;
  if (wish.to >= count.current) return { ...wish, reasons: [wish.why, ...wish.reasons] };
  const acted = [view.lastUpAt, view.lastDownAt].flatMap((at) => secondsSince(at, now) ?? []);
  const rest = restOf(acted.length === 0 ? null : Math.min(...acted), policy.cooldownDownSeconds, true);
  if (rest !== null)
    return held(count.current, 'cooldown', `${wish.why}: ${wish.to} would do, and the last action was ${rest}`);
  const to = Math.max(wish.to, count.current - policy.maxStepDown);
  if (to === wish.to) return wish;
  const reason = `${wish.to} would do, at most ${policy.maxStepDown} are removed at once`;
  return { to, limits: [...wish.limits, 'max_step'], reasons: [...wish.reasons, reason] };
}

function withoutMajority({ tally, ballots, count }: Situation): Finding {
  const pending = ballots.filter((ballot) => ballot.pending === 'down');
  const resting = ballots.filter(({ vote, isResting }) => isResting && vote.direction === 'stay');
  const limits: ScalingLimit[] = [];
  if (pending.length > 0) limits.push('evaluation_periods');
  if (resting.length > 0) limits.push('cooldown');
  const reasons = [...pending, ...resting].map(({ vote }) => vote.reason);
  if (tally.downs.length > 0) {
    const needed = Math.floor(tally.voters / 2) + 1;
    const against = tally.ups.map(({ metric }) => metric.name);
    reasons.push(
      against.length > 0
        ? `${listed(tally.downs.map(({ metric }) => metric.name))} would have fewer, ${listed(against)} would not`
        : `${tally.downs.length} of ${tally.voters} metrics would have fewer, it takes ${needed}`,
    );
  }
  return { to: count.current, limits, reasons };
}

function byVotes(situation: Situation): Finding {
  const { tally, count } = situation;
  if (!tally.isForFewer) return withoutMajority(situation);
  const why = tally.downs.map(({ vote }) => vote.reason).join('; ');
  const to = Math.max(...tally.downs.map(({ vote }) => vote.wants ?? count.current));
  if (to >= count.current) return held(count.current, 'hysteresis', `${why}, and ${count.current} are needed for it`);
  const finding = paced(kept(to, why, situation), situation);
  if (finding.to >= count.current) return finding;
  return { ...finding, reasons: [`${why}: ${count.current} -> ${finding.to} instances`, ...finding.reasons] };
}

function bySchedule(situation: Situation): Finding | null {
  const { count, tally } = situation;
  const plan = plannedBySchedule(situation);
  if (plan === null || plan.to >= count.current || tally.ups.length > 0) return null;
  const wish = kept(plan.to, plan.reason, situation);
  if (wish.to >= count.current) return { ...wish, reasons: [plan.reason, ...wish.reasons] };
  return { ...wish, reasons: [`${plan.reason}: ${count.current} -> ${wish.to} instances`, ...wish.reasons] };
}

function shielded(finding: Finding, { view, count }: Situation): Finding {
  if (finding.to >= count.current) return finding;
  const needed = count.current + count.unready - finding.to;
  const missing = needed - removable(view.fleet).length;
  if (missing <= 0) return finding;
  const why = view.fleet.instances
    .filter(({ protectedBy }) => protectedBy !== null)
    .map(({ name, protectedBy }) => `${name} must not be removed: ${protectedBy}`);
  const to = Math.min(count.current, finding.to + missing);
  const instead = to < count.current ? [`${count.current} -> ${to} instances in place of ${finding.to}`] : [];
  return {
    to,
    limits: [...finding.limits, 'protected'],
    reasons: [...instead, ...finding.reasons.slice(0, 1), ...why],
  };
}

/** Instances are removed only where everything is known; a wish that is held says by what. */
export function findFewer(situation: Situation): Finding {
  const { count, bounds } = situation;
  const { current } = count;
  const unknown = notKnown(situation);
  const isTooMany = current > bounds.max;
  const tooMany = `${current} are more than ${bounds.max}, the most allowed${bounds.whose}`;
  if (unknown.length > 0) {
    const reasons = isTooMany ? [`${tooMany}, and none is removed while not everything is known`] : [];
    return held(current, 'missing_metrics', ...unknown, ...reasons);
  }
  const scheduled = bySchedule(situation);
  const voted = scheduled !== null && scheduled.to < current ? scheduled : byVotes(situation);
  // Those that do not share the load yet forbid to trust the votes, not to keep the bound.
  if (isTooMany && (voted.to >= bounds.max || count.cold.length > 0))
    return shielded(
      { to: bounds.max, limits: [], reasons: [`${tooMany}: ${current} -> ${bounds.max} instances`] },
      situation,
    );
  if (voted.to < current && count.cold.length > 0) {
    const young = `${listed(count.cold)} ${count.cold.length === 1 ? 'does' : 'do'} not share the load yet`;
    return held(current, 'warm_up', `fewer would do, and ${young}`);
  }
  return shielded(voted, situation);
}
