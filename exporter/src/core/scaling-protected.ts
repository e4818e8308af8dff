import type { FailoverFacts } from '../contract/failover.ts';
import type { Fleet } from '../contract/scaling.ts';

/**
 * Marks the instances that are nodes of the failover and must not be removed: whoever serves, whoever the commits wait for, and the only
 * one that could take over. While somebody works on the service (a backup, say), every node of it stays: nobody knows which one is read.
 */
export function withProtected(fleet: Fleet, failover: FailoverFacts | null, working: string | null): Fleet {
  if (failover === null) return fleet;
  const { nodes, primary, standing, strategy } = failover;
  const synchronous = nodes.flatMap(({ probe }) => probe?.synchronousStandbys ?? []);
  const rejected = new Set(standing.rejected.map(({ node }) => node));
  const candidates = nodes.filter(({ name, candidate }) => candidate && name !== primary && !rejected.has(name));
  const reasonOf = (name: string): string | null => {
    const node = nodes.find((one) => one.name === name);
    if (node === undefined) return null;
    if (strategy === 'active_passive') {
      if (name === primary) return 'it is the primary';
      if (node.probe?.writable === true) return 'it takes writes';
      if (synchronous.includes(name)) return 'commits wait for its confirmation';
      // Before the first answer nobody knows who the primary is.
      if (primary === null) return 'who the primary is, is not known';
      if (candidates.length === 1 && candidates[0]?.name === name) return 'nobody else could take over';
    }
    if (node.busy !== null) return node.busy;
    return working;
  };
  return {
    ...fleet,
    instances: fleet.instances.map((one) => ({ ...one, protectedBy: one.protectedBy ?? reasonOf(one.name) })),
  };
}
