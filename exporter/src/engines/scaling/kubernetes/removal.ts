import type { Pod } from './objects.ts';
import { isEnding } from './pods.ts';

/** Which pods the ReplicaSet controller ends first: those with the lowest cost among the ready ones. Pure. */

export const costAnnotation = 'controller.kubernetes.io/pod-deletion-cost';
/** The lowest that there is, so that it comes before any that the application sets itself. */
const lowest = -(2 ** 31);
/** Costs up to here are ours. */
const oursUpTo = lowest + 1_000_000;

export interface CostChange {
  readonly pod: string;
  /** Null: taken away. */
  readonly cost: string | null;
}

/**
 * At most `count` of the named get the lowest costs in their order; whoever kept one from an attempt that was given up loses it.
 * The controller ends pods that are not ready before any ready one, whatever their costs.
 */
export function costChanges(pods: readonly Pod[], remove: readonly string[], count: number): readonly CostChange[] {
  const alive = pods.filter((pod) => !isEnding(pod));
  const names = new Set(alive.map(({ metadata }) => metadata.name));
  const chosen = remove.filter((name) => names.has(name)).slice(0, Math.max(0, count));
  return alive.flatMap(({ metadata: { name, annotations } }) => {
    const has = annotations?.[costAnnotation] ?? null;
    const place = chosen.indexOf(name);
    const wanted = place >= 0 ? String(lowest + place) : isOurs(has) ? null : has;
    return wanted === has ? [] : [{ pod: name, cost: wanted }];
  });
}

function isOurs(cost: string | null): boolean {
  return cost !== null && /^-\d+$/.test(cost) && Number(cost) <= oursUpTo;
}
