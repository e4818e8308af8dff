import type { ScalingPolicy } from '../contract/scaling.ts';

/** Money, in the currency of the policy. */

/** Of so many instances, an hour; null: no price is configured. */
export function costPerHour(instances: number, { cost }: ScalingPolicy): number | null {
  return cost === null ? null : instances * cost.instanceHour;
}

/** Most instances that the ceiling pays for; null: nothing bounds them. */
export function affordable({ cost }: ScalingPolicy): number | null {
  if (cost === null || cost.ceilingPerHour === null || cost.instanceHour === 0) return null;
  // 0.3 / 0.1 is a little less than 3.
  return Math.floor(cost.ceilingPerHour / cost.instanceHour + 1e-9);
}
