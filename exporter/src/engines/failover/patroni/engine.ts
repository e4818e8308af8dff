import { fail, type Outcome } from '../../../contract/errors.ts';
import type { Clock, Exec, HttpFetch, Log } from '../../../ports/index.ts';
import type { FailoverCluster, FailoverEngine } from '../port.ts';
import { fenceNode, provenDown } from './fence.ts';
import { handOver } from './hand-over.ts';
import { readHistory } from './history.ts';
import { setPaused } from './pause.ts';
import { probeNode } from './probe.ts';
import { follow, rejoin } from './rejoin.ts';
import { createAsk } from './rest.ts';
import { createUpstreams } from './upstreams.ts';
import type { PatroniDeps } from './view.ts';
import { readWarnings, type RiskMemory } from './warnings.ts';

export interface PatroniEngineDeps {
  readonly exec: Exec;
  readonly clock: Clock;
  /** Knows the authority of the addresses where they have one of their own. */
  readonly fetch: HttpFetch;
  readonly log: Log;
}

/**
 * A cluster that Patroni runs. Patroni holds the lock, elects and promotes; Genesis asks it to move the primary and looks at both sides of
 * every node, because the REST API of a frozen Patroni is silent while its PostgreSQL goes on. pg_promote is never called here.
 */
export function createPatroniFailover(engineDeps: PatroniEngineDeps): FailoverEngine {
  const { clock, fetch } = engineDeps;
  const memory: RiskMemory = { pauses: new Map(), guarding: new Map() };
  // Addresses of members hold for the cluster, whatever login it is asked with.
  const upstreams = createUpstreams(createAsk(fetch, null), () => +clock.now());
  const depsFor = (cluster: FailoverCluster): PatroniDeps & PatroniEngineDeps => ({
    ...engineDeps,
    upstreams,
    ask: createAsk(fetch, cluster.patroni),
  });
  return {
    name: 'patroni',
    strategies: ['active_passive'],
    managed: true,
    probe: (cluster, node, signal) => probeNode(depsFor(cluster), cluster, node, signal),
    provenDown: (cluster, node, context) => provenDown({ deps: depsFor(cluster), cluster, node, context }),
    fence: (cluster, node, context) => fenceNode({ deps: depsFor(cluster), cluster, node, context }),
    demote: async () => byItself('demotes the primary'),
    promote: async () => byItself('promotes'),
    follow: (cluster, node, primary, context) => follow({ deps: depsFor(cluster), cluster, node, primary, context }),
    rejoin: (cluster, node, primary, options, context) =>
      rejoin({ deps: depsFor(cluster), cluster, node, primary, context }, options.allowClone),
    handOver: (cluster, request, context) => handOver(depsFor(cluster), cluster, request, context),
    setPaused: (cluster, paused, context) => setPaused(depsFor(cluster), cluster, paused, context),
    warnings: (cluster, signal, bound = null) =>
      readWarnings({ ask: createAsk(fetch, cluster.patroni), now: () => clock.now(), memory, bound }, cluster, signal),
    promotions: (cluster, signal) => readHistory(fetch, cluster, signal),
  };
}

function byItself(what: string): Outcome<never> {
  return fail('not_supported', `Patroni ${what} by itself and holds the lock: ask it for a switchover or failover`);
}
