import type {
  ScalingMetricPolicy,
  ScalingPolicy,
  ScalingReading,
  ScalingStep,
  ScalingVote,
} from '../contract/scaling.ts';
import { besideBound, inDigits } from './scaling-words.ts';
import { spanInWords } from './words.ts';

/** What each metric says for itself. Numbers of instances are those that share its load: the ready and warm. */

type Direction = 'up' | 'down' | 'stay';

/** A vote, and what the decision has to know beside it. */
export interface Ballot {
  readonly metric: ScalingMetricPolicy;
  readonly vote: ScalingVote;
  /** The newest reading says so, and not yet enough of those before it. */
  readonly pending: 'up' | 'down' | null;
  /** Fewest instances that do not bring it up to where it votes for more; 0: it bounds nothing. */
  floor(): number;
  /** It led to an action so lately that it asks for nothing. */
  readonly isResting: boolean;
}

/** Rounding must not cost an instance: 0.3 / 0.1 is more than 3 in binary. */
const slack = 1e-9;

/** Value that is aimed at; without one of its own midway between the thresholds. */
export function targetOf({ target, up, down, strategy }: ScalingMetricPolicy): number | null {
  if (strategy === 'step_scaling') return null;
  return target ?? (up !== null && down !== null ? (up + down) / 2 : up);
}

/** Whether more instances bring it down in proportion. */
export function isProportional(metric: ScalingMetricPolicy): boolean {
  const target = targetOf(metric);
  return metric.scales !== 'none' && !metric.inverse && target !== null && target > 0;
}

/** Work of the whole service in units of the metric. */
export function workOf({ scales }: ScalingMetricPolicy, value: number, instances: number): number {
  return scales === 'total' ? value : value * instances;
}

/** Instances that carry the work at the target. */
export function instancesFor(work: number, target: number): number {
  const exact = work / target;
  return Math.max(0, Math.ceil(exact - slack * Math.max(1, exact)));
}

/** Fewest instances with which each carries less than `up`. */
function instancesBelow(work: number, up: number): number {
  if (work <= 0) return 0;
  const exact = work / up;
  return Math.floor(exact + slack * Math.max(1, exact)) + 1;
}

/** What is compared with the thresholds: the part of one instance. */
function shareOf(metric: ScalingMetricPolicy, value: number, instances: number): number {
  return isProportional(metric) && metric.scales === 'total' ? value / Math.max(1, instances) : value;
}

function stepOf({ steps }: ScalingMetricPolicy, value: number): ScalingStep | null {
  return steps.find(({ from, to }) => (from === null || value >= from) && (to === null || value < to)) ?? null;
}

function directionOf(metric: ScalingMetricPolicy, value: number, instances: number): Direction {
  if (metric.strategy === 'step_scaling') {
    const change = stepOf(metric, value)?.change ?? 0;
    return change > 0 ? 'up' : change < 0 ? 'down' : 'stay';
  }
  const { up, down, inverse } = metric;
  // Nobody is there to do it, however little it is.
  if (instances === 0 && metric.scales === 'total' && isProportional(metric)) return value > 0 ? 'up' : 'stay';
  const share = shareOf(metric, value, instances);
  if (up !== null && (inverse ? share <= up : share >= up)) return 'up';
  if (down !== null && (inverse ? share >= down : share <= down)) return 'down';
  return 'stay';
}

/** Whether it has a vote where instances are removed. */
export function mayVoteDown(metric: ScalingMetricPolicy): boolean {
  return metric.strategy === 'step_scaling' ? metric.steps.some(({ change }) => change < 0) : metric.down !== null;
}

function wantsUp(metric: ScalingMetricPolicy, value: number, instances: number): number {
  if (metric.strategy === 'step_scaling') return instances + (stepOf(metric, value)?.change ?? 0);
  const target = targetOf(metric);
  if (target === null || !isProportional(metric)) return instances + 1;
  return Math.max(instances + 1, instancesFor(workOf(metric, value, instances), target));
}

function floorOf(metric: ScalingMetricPolicy, peak: number, instances: number): number {
  if (!isProportional(metric) || metric.up === null || metric.up <= 0) return 0;
  return instancesBelow(workOf(metric, peak, instances), metric.up);
}

/** By the highest load of the rest that scaling in keeps anyway: the fewest that would have been enough all the time. */
function wantsDown(metric: ScalingMetricPolicy, values: readonly number[], peak: number, instances: number): number {
  if (metric.strategy === 'step_scaling') {
    const changes = values.map((value) => stepOf(metric, value)?.change ?? 0);
    return Math.max(0, instances + Math.max(...changes));
  }
  const target = targetOf(metric);
  if (target === null || !isProportional(metric)) return Math.max(0, instances - 1);
  return Math.min(instances, instancesFor(workOf(metric, peak, instances), target));
}

/** A reading as it counts now: too old, from the future or not a number is none. */
function checked(reading: ScalingReading | undefined, name: string, policy: ScalingPolicy, now: Date): ScalingReading {
  if (reading === undefined)
    return { at: now.toISOString(), known: false, why: 'missing', detail: `no reading of ${name}` };
  if (!reading.known) return reading;
  const { at, value } = reading;
  if (!Number.isFinite(value)) return { at, known: false, why: 'not_a_number', detail: `its value is ${value}` };
  const age = (+now - Date.parse(at)) / 1000;
  if (Number.isNaN(age)) return { at, known: false, why: 'stale', detail: 'its time cannot be read' };
  if (age > policy.staleSeconds)
    return {
      at,
      known: false,
      why: 'stale',
      detail: `it is ${spanInWords(age)} old, ${spanInWords(policy.staleSeconds)} are allowed`,
    };
  if (-age > policy.staleSeconds)
    return { at, known: false, why: 'stale', detail: `its clock is ${spanInWords(-age)} ahead` };
  return reading;
}

/** Values of the newest readings in a row, newest first, at most `evaluationPeriods`; one that is unknown or long past ends the row. */
function rowOf(readings: readonly ScalingReading[], policy: ScalingPolicy, now: Date): readonly number[] {
  const values: number[] = [];
  for (let back = 0; back < policy.evaluationPeriods; back += 1) {
    const reading = readings[readings.length - 1 - back];
    if (reading === undefined || !reading.known || !Number.isFinite(reading.value)) break;
    // The newest was looked at already.
    if (back > 0 && +now - Date.parse(reading.at) > (back * 2 * policy.intervalSeconds + policy.staleSeconds) * 1000)
      break;
    values.push(reading.value);
  }
  return values;
}

/** Newest readings of each metric that a decision looks at. */
export function readingsKept({ evaluationPeriods, cooldownDownSeconds, intervalSeconds }: ScalingPolicy): number {
  return Math.max(evaluationPeriods, Math.ceil(cooldownDownSeconds / intervalSeconds));
}

/**
 * The highest value of the cooldown before a scale-in, and of the row. All of them were read with the instances of now: after any action
 * as long a rest is kept.
 */
function peakOf(readings: readonly ScalingReading[], row: readonly number[], policy: ScalingPolicy, now: Date): number {
  let peak = Math.max(...row);
  for (let index = readings.length - 1 - row.length; index >= 0; index -= 1) {
    const reading = readings[index];
    if (reading === undefined || +now - Date.parse(reading.at) >= policy.cooldownDownSeconds * 1000) break;
    if (reading.known && reading.value > peak && Number.isFinite(reading.value)) peak = reading.value;
  }
  return peak;
}

function evaluations(count: number): string {
  return count === 1 ? '1 evaluation' : `${count} evaluations`;
}

function comparedInWords(metric: ScalingMetricPolicy, value: number, instances: number, direction: Direction): string {
  if (metric.strategy === 'step_scaling') {
    const change = stepOf(metric, value)?.change ?? 0;
    if (change === 0) return `${metric.name} ${inDigits(value)} is in no step that changes the number`;
    return `${metric.name} ${inDigits(value)} is in the step of ${change > 0 ? '+' : ''}${change}`;
  }
  const { name, up, down, inverse } = metric;
  const share = shareOf(metric, value, instances);
  const bound = direction === 'up' ? up : direction === 'down' ? down : null;
  const split = share !== value && instances > 1 ? `${inDigits(value)}, for each of ${instances} instances ` : '';
  if (bound !== null) {
    const isHigh = (direction === 'up') !== inverse;
    const word = share === bound ? 'at' : isHigh ? 'above' : 'below';
    return `${name} ${split}${besideBound(share, bound)} is ${word} ${inDigits(bound)}`;
  }
  if (direction === 'up') return `${name} ${inDigits(value)} waits and no instance is there`;
  const [low, high] = inverse ? [up, down] : [down, up];
  const shown = `${name} ${split}${inDigits(share)}`;
  if (low === null && high === null) return `${shown} has no threshold`;
  if (low === null) return `${shown} is below ${inDigits(high ?? 0)}`;
  return high === null
    ? `${shown} is above ${inDigits(low)}`
    : `${shown} is between ${inDigits(low)} and ${inDigits(high)}`;
}

function unknownBallot(metric: ScalingMetricPolicy, reading: ScalingReading & { known: false }): Ballot {
  const reason = `${metric.name} is not known (${reading.why.replaceAll('_', ' ')}): ${reading.detail}`;
  const vote: ScalingVote = { metric: metric.name, reading, direction: 'unknown', wants: null, reason };
  return { metric, vote, pending: null, floor: () => 0, isResting: false };
}

/** `instances`: those that share the load. */
export function ballotOf(
  metric: ScalingMetricPolicy,
  readings: readonly ScalingReading[],
  instances: number,
  policy: ScalingPolicy,
  now: Date,
): Ballot {
  const reading = checked(readings.at(-1), metric.name, policy, now);
  if (!reading.known) return unknownBallot(metric, reading);
  const values = rowOf(readings, policy, now);
  const newest = directionOf(metric, reading.value, instances);
  const against = values.findIndex((value) => directionOf(metric, value, instances) !== newest);
  const agreed = against === -1 ? values.length : against;
  const isPending = newest !== 'stay' && agreed < policy.evaluationPeriods;
  const direction = isPending ? 'stay' : newest;
  const compared = comparedInWords(metric, reading.value, instances, newest);
  const inARow = isPending ? `${agreed} of ${evaluations(policy.evaluationPeriods)}` : evaluations(agreed);
  const peak = (): number => peakOf(readings, values, policy, now);
  const wants = {
    up: () => wantsUp(metric, reading.value, instances),
    down: () => wantsDown(metric, values, peak(), instances),
    stay: () => instances,
  };
  return {
    metric,
    vote: {
      metric: metric.name,
      reading,
      direction,
      wants: wants[direction](),
      reason: newest === 'stay' ? compared : `${compared} in ${inARow}`,
    },
    pending: isPending ? newest : null,
    floor: () => floorOf(metric, peak(), instances),
    isResting: false,
  };
}

/**
 * What one metric wants, by its newest readings (newest last) and the instances that are ready and warm. `total`: its value is divided
 * by them and those that start, and up, down and target are of one instance.
 */
export function voteOf(
  metric: ScalingMetricPolicy,
  readings: readonly ScalingReading[],
  readyInstances: number,
  policy: ScalingPolicy,
  now: Date,
): ScalingVote {
  return ballotOf(metric, readings, readyInstances, policy, now).vote;
}
