import { ok } from '../../contract/errors.ts';
import type { FailoverPolicy, NodeProbe } from '../../contract/failover.ts';
import { policyWith, probeWith } from '../../core/failover-testing.ts';
import type { FailoverCluster, FailoverEngine, FailoverNode } from '../../engines/failover/port.ts';
import type { Balancer } from '../../engines/traffic/port.ts';
import type { FactStore } from '../../store/port.ts';
import { createFailoverMemory, type FailoverMemory } from './kept.ts';
import type { WatchedCluster } from './watch.ts';

/** A service of two nodes, `a` and `b`, whose engine and load balancer do as they are told, for unit tests. */

export function nodeOf(name: string): FailoverNode {
  const commands = {
    stop: null,
    start: null,
    confirmDown: null,
    promote: null,
    demote: null,
    drain: null,
    admit: null,
  };
  const place = { region: 'local', priority: 100, candidate: true };
  return { name, ...place, server: null, data: null, url: null, commands, webhook: null };
}

const unseen = {
  role: null,
  writable: null,
  timeline: null,
  receivedBytes: null,
  replayedBytes: null,
  systemId: null,
} as const;

/** Of an engine that tells nothing but that the node answered. */
export function probeOf(fields: Partial<NodeProbe> = {}): NodeProbe {
  return probeWith({ at: '2026-11-22T12:00:00.000Z', ...unseen, ...fields });
}

export const balancerOf = (fields: Partial<Balancer> = {}): Balancer => ({
  servers: async () => ok([]),
  cutOff: async () => ok({ ended: 0 }),
  drain: async () => ok(undefined),
  admit: async () => ok(undefined),
  ...fields,
});

export function watchedOf(fields: {
  readonly engine?: Partial<FailoverEngine>;
  readonly policy?: Partial<FailoverPolicy>;
  readonly balancer?: Balancer | null;
}): WatchedCluster {
  const cluster = { service: 'shop', nodes: [nodeOf('a'), nodeOf('b')], timeoutSeconds: 1 };
  return {
    config: { allow_clone: true, interval: 1, engine: 'service', balancer: null },
    cluster: cluster as unknown as FailoverCluster,
    policy: policyWith(fields.policy),
    engine: { managed: false, ...fields.engine } as FailoverEngine,
    balancer: fields.balancer ?? null,
    serverNames: new Map(),
  } as unknown as WatchedCluster;
}

/** Keeps what is written in memory only. */
export function memoryOf(): FailoverMemory {
  const kept = new Map<string, string>();
  return createFailoverMemory({
    get: async (name: string) => kept.get(name) ?? null,
    set: async (name: string, value: string) => void kept.set(name, value),
  } as unknown as FactStore);
}
