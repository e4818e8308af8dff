import type { FailoverCluster } from '../../engines/failover/port.ts';
import { noSight, primaryAfter, see, viewOf } from '../../runtime/failover/view.ts';
import { decideFailover, whyNotPromote } from '../failover.ts';
import { afterCrash, keptAfterCrash, nextPhase, wayBack } from '../transitions.ts';
import { regionOf, type Scenario } from './scenario.ts';
import type { Brain } from './sight.ts';

/** The product: what it remembers of probes, its view of the cluster, its decision and its table of phases. */
export function productBrain(scenario: Scenario): Brain {
  const cluster = {
    service: 'orders',
    nodes: Array.from({ length: scenario.nodes }, (_, index) => ({
      name: 'abcdefg'[index] ?? '',
      region: regionOf(index),
      priority: 100,
      candidate: index !== 4,
    })),
  } as unknown as FailoverCluster;
  let sight = noSight;
  return {
    reset: () => {
      sight = noSight;
    },
    look({ round, kept, balancer, running, now }) {
      const primary = running === null ? primaryAfter(kept.primary, round, kept.fences) : kept.primary;
      sight = see(sight, round, primary, scenario.policy.windowSeconds);
      const history = kept.history.map((record) => ({ kind: 'failover' as const, ...record }));
      const view = viewOf(
        {
          cluster,
          policy: scenario.policy,
          intervalSeconds: scenario.intervalSeconds,
          sight,
          kept: { ...kept, primary, pause: null, scheduled: null, moving: null, history: history as never },
          balancer,
          running,
          leader: true,
          breakerOpen: false,
        },
        now,
      );
      return { primary, view };
    },
    decide: (view, now) => decideFailover(view, scenario.policy, now),
    whyNotPromote: (view, move, now) => whyNotPromote(view, scenario.policy, move, now),
    next: nextPhase,
    afterCrash,
    keptAfterCrash,
    wayBack,
  };
}
