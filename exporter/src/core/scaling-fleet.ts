import type { Fleet, Instance, ScalingPolicy } from '../contract/scaling.ts';
import { clockJumpMs } from './scaling-times.ts';

/** Who counts. */
export interface FleetCount {
  /** Ready or starting: what decisions start from. */
  readonly current: number;
  readonly ready: number;
  /** Ready and old enough to share the load. */
  readonly warm: number;
  /** Starting, or ready and not yet warm; those that should have been ready long ago are not waited for. */
  readonly cold: readonly string[];
  readonly unready: number;
  /** Could not be looked at. */
  readonly unknown: readonly string[];
}

/** Start of each in milliseconds: a replay looks at the same instance thousands of times. */
const starts = new WeakMap<Instance, number | null>();

function ageSeconds(instance: Instance, now: Date): number | null {
  let start = starts.get(instance);
  if (start === undefined) {
    start = instance.startedAt === null ? null : Date.parse(instance.startedAt);
    starts.set(instance, start);
  }
  // A start in the future was written before the clock was set back: how long ago it was, nobody knows.
  return start === null || start > +now + clockJumpMs ? null : (+now - start) / 1000;
}

function isCold(instance: Instance, policy: ScalingPolicy, now: Date): boolean {
  const age = ageSeconds(instance, now);
  if (instance.state === 'ready') return age !== null && age < policy.warmUpSeconds;
  return instance.state === 'starting' && (age === null || age < Math.max(policy.readySeconds, policy.warmUpSeconds));
}

export function countFleet(fleet: Fleet, policy: ScalingPolicy, now: Date): FleetCount {
  let [ready, warm, starting, unready] = [0, 0, 0, 0];
  const cold: string[] = [];
  const unknown: string[] = [];
  for (const instance of fleet.instances) {
    const isYoung = isCold(instance, policy, now);
    if (isYoung) cold.push(instance.name);
    if (instance.state === 'ready') {
      ready += 1;
      if (!isYoung) warm += 1;
    } else if (instance.state === 'starting') starting += 1;
    else if (instance.state === 'unready') unready += 1;
    else if (instance.state === 'unknown') unknown.push(instance.name);
  }
  return { current: ready + starting, ready, warm, cold, unready, unknown };
}

/** What serves least goes first; an instance that nobody could look at may serve, and one that drains goes already. */
const order: Readonly<Record<Instance['state'], number | null>> = {
  unready: 0,
  starting: 1,
  ready: 2,
  draining: null,
  unknown: null,
};

function byLeastLoss(a: Instance, b: Instance): number {
  const byState = (order[a.state] ?? 0) - (order[b.state] ?? 0);
  if (byState !== 0) return byState;
  // A load that is not known may be the highest.
  if ((a.load === null) !== (b.load === null)) return a.load === null ? 1 : -1;
  if (a.load !== null && b.load !== null && a.load !== b.load) return a.load - b.load;
  const [started, other] = [a.startedAt ?? '', b.startedAt ?? ''];
  if (started !== other) return started > other ? -1 : 1;
  return a.name < b.name ? 1 : -1;
}

/** Who may be removed, in the order in which they are. */
export function removable(fleet: Fleet): readonly Instance[] {
  return fleet.instances
    .filter(({ state, protectedBy }) => order[state] !== null && protectedBy === null)
    .sort(byLeastLoss);
}

/**
 * Names of those to end: the unready first, then those that start, then the least loaded, the newest where no load is known. Fewer than
 * `count` where the rest is protected, drains already or could not be looked at.
 */
export function chooseRemoved(fleet: Fleet, count: number): readonly string[] {
  return removable(fleet)
    .slice(0, Math.max(0, count))
    .map(({ name }) => name);
}
