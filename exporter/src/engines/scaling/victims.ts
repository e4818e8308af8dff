import type { Fleet } from '../../contract/scaling.ts';
import { chooseRemoved } from '../../core/scaling-fleet.ts';

/** Not on their way out already. */
export function staying({ instances }: Fleet): Fleet['instances'] {
  return instances.filter(({ state }) => state !== 'draining');
}

/**
 * Names of those that end so that `desired` are left: the named ones first in their order, then as the core chooses, the protected never.
 * Fewer than needed where too many are protected.
 */
export function victimsOf(fleet: Fleet, desired: number, remove: readonly string[]): readonly string[] {
  const there = staying(fleet);
  const count = Math.max(0, there.length - desired);
  const named = [...new Set(remove)].filter((name) =>
    there.some((one) => one.name === name && one.protectedBy === null),
  );
  const first = named.slice(0, count);
  const rest = there.filter(({ name }) => !first.includes(name));
  return [...first, ...chooseRemoved({ ...fleet, instances: rest }, count - first.length)];
}
