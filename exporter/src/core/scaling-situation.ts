import type { ScalingLimit, ScalingPolicy, ScalingView } from '../contract/scaling.ts';
import { affordable } from './scaling-cost.ts';
import { countFleet, type FleetCount } from './scaling-fleet.ts';
import { predictedNeed } from './scaling-predicted.ts';
import { ballotOf, mayVoteDown, type Ballot } from './scaling-votes.ts';
import { spanInWords } from './words.ts';

/** All that scaling out and scaling in are judged by, worked out once. */
export interface Situation {
  readonly view: ScalingView;
  readonly policy: ScalingPolicy;
  readonly now: Date;
  readonly count: FleetCount;
  readonly bounds: Bounds;
  readonly ballots: readonly Ballot[];
  readonly tally: Tally;
  /** Instances that the forecast needs when one that is started now serves; null: no forecast. */
  readonly predicted: number | null;
}

export interface Bounds {
  readonly min: number;
  readonly max: number;
  /** Most that the cost ceiling pays for, never below `min`; null: no ceiling. */
  readonly paid: number | null;
  /** Whose bounds they are, e.g. ` by the schedule night`. */
  readonly whose: string;
}

/** The votes counted. */
export interface Tally {
  readonly ups: readonly Ballot[];
  readonly downs: readonly Ballot[];
  readonly unknown: readonly Ballot[];
  /** Those that may vote for fewer. */
  readonly voters: number;
  readonly isForFewer: boolean;
}

/** What one side of the decision comes to. */
export interface Finding {
  /** Instances; as many as there are: nothing is done. */
  readonly to: number;
  readonly limits: readonly ScalingLimit[];
  readonly reasons: readonly string[];
}

/** A clock that was set back by more than this must not hold what is needed. */
const clockSlackSeconds = 60;

/** Seconds since then; null: never. */
export function secondsSince(at: string | null | undefined, now: Date): number | null {
  return at === null || at === undefined ? null : (+now - Date.parse(at)) / 1000;
}

/** Why it has to rest, or null. `isStrict`: an action in the future counts, too. */
export function restOf(since: number | null, seconds: number, isStrict = false): string | null {
  if (since === null || since >= seconds || (!isStrict && since < -clockSlackSeconds)) return null;
  const ago = since < 0 ? 'in the future (the clock was set back)' : `${spanInWords(since)} ago`;
  return `${ago}, ${spanInWords(seconds)} have to pass`;
}

function boundsOf({ schedule }: ScalingView, policy: ScalingPolicy): Bounds {
  const max = schedule?.max ?? policy.max;
  const min = Math.min(schedule?.min ?? policy.min, max);
  const paid = affordable(policy);
  const isOfSchedule = schedule !== null && (schedule.min !== null || schedule.max !== null);
  return {
    min,
    max,
    paid: paid === null ? null : Math.max(min, paid),
    whose: isOfSchedule ? ` by the schedule ${schedule.name}` : '',
  };
}

/** A metric that acted lately asks for nothing; one that wants more still speaks against fewer. */
function rested(ballot: Ballot, view: ScalingView, now: Date, current: number): Ballot {
  const { metric, vote } = ballot;
  if (vote.direction === 'stay') return { ...ballot, vote: { ...vote, wants: current } };
  if (metric.cooldownSeconds === null || vote.direction === 'unknown') return ballot;
  const isDown = vote.direction === 'down';
  const rest = restOf(secondsSince(view.lastByMetric[metric.name], now), metric.cooldownSeconds, isDown);
  if (rest === null) return ballot;
  const reason = `${vote.reason}; it led to an action ${rest}`;
  const calmed = isDown
    ? { ...vote, direction: 'stay' as const, wants: current, reason }
    : { ...vote, wants: Math.min(vote.wants ?? current, current), reason };
  return { ...ballot, vote: calmed, isResting: true };
}

function tallyOf(ballots: readonly Ballot[]): Tally {
  const of = (direction: string): readonly Ballot[] => ballots.filter(({ vote }) => vote.direction === direction);
  const voters = ballots.filter(({ metric }) => mayVoteDown(metric)).length;
  const [ups, downs, unknown] = [of('up'), of('down'), of('unknown')];
  return { ups, downs, unknown, voters, isForFewer: ups.length === 0 && downs.length * 2 > voters };
}

export function situationOf(view: ScalingView, policy: ScalingPolicy, now: Date): Situation {
  const count = countFleet(view.fleet, policy, now);
  const ballots = policy.metrics.map((metric) => {
    // What waits for the whole service waits for those that start, too.
    const sharing = metric.scales === 'total' ? count.current : count.warm;
    const ballot = ballotOf(metric, view.readings[metric.name] ?? [], sharing, policy, now);
    return rested(ballot, view, now, count.current);
  });
  return {
    view,
    policy,
    now,
    count,
    bounds: boundsOf(view, policy),
    ballots,
    tally: tallyOf(ballots),
    predicted: predictedNeed(view.forecast, policy, now),
  };
}

/** The number of a schedule whose time has come, set once: as long as nothing was done since. */
export function plannedBySchedule({ view }: Situation): { readonly to: number; readonly reason: string } | null {
  const { schedule, lastUpAt, lastDownAt } = view;
  if (schedule === null || schedule.desired === null) return null;
  const since = Date.parse(schedule.since);
  if ([lastUpAt, lastDownAt].some((at) => at !== null && Date.parse(at) >= since)) return null;
  return { to: schedule.desired, reason: `the schedule ${schedule.name} sets ${schedule.desired}` };
}
