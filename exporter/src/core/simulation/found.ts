import type { FailoverView } from '../../contract/failover.ts';
import type { Fault } from './faults.ts';
import { createRandom } from './random.ts';
import { createScenario, type Scenario } from './scenario.ts';
import type { Brain } from './sight.ts';

/** Schedules that broke an invariant once, each with the product as it was then. */
export interface Found {
  readonly name: string;
  readonly seed: number;
  readonly synchronous: Scenario['synchronous'];
  readonly faults: readonly Fault[];
  /** What the invariant says of the product as it was. */
  readonly problem: RegExp;
  asItWas(brain: Brain): Brain;
}

const fault = (kind: Fault['kind'], fields: Partial<Fault>): Fault => ({
  kind,
  atMs: 0,
  atPhase: null,
  lastsMs: 1000,
  node: 0,
  dice: 0.1,
  ...fields,
});

function rememberPosition(brain: Brain): Brain {
  let known: FailoverView['primaryPosition'] = null;
  return {
    ...brain,
    look(input) {
      const seen = brain.look(input);
      known = seen.view.primaryPosition ?? known;
      return { ...seen, view: { ...seen.view, primaryPosition: known } };
    },
  };
}

export const found: readonly Found[] = [
  {
    name: 'of two synchronous standbys the other one confirmed commits between the decision and the fence',
    seed: 1,
    synchronous: 'any',
    faults: [
      fault('erring', { lastsMs: 120_000, node: -1 }),
      fault('stall', { atPhase: 3, lastsMs: 60_000, node: -2 }),
    ],
    problem: /\(b\) .* B confirmed by a standby are lost/,
    asItWas: (brain) => ({ ...brain, whyNotPromote: () => null }),
  },
  {
    name: 'a primary was silent, still served others, and was killed then: the loss was taken to end with the silence',
    seed: 2,
    synchronous: 'none',
    faults: [
      fault('cut_replication', { lastsMs: 290_000 }),
      fault('cut_controller', { lastsMs: 40_000, dice: 0.9 }),
      fault('fence_fails', { lastsMs: 39_500 }),
      fault('kill', { atMs: 38_500, dice: 0.9 }),
    ],
    problem: /\(b\) .* B are lost, .* were predicted/,
    asItWas: (brain) => ({
      ...brain,
      look(input) {
        const seen = brain.look(input);
        const nodes = seen.view.nodes.map((node) =>
          node.probe?.reach === 'refused' && node.health.lastAnsweredAt !== null
            ? { ...node, health: { ...node.health, refusedSince: node.health.lastAnsweredAt } }
            : node,
        );
        return { ...seen, view: { ...seen.view, nodes } };
      },
    }),
  },
  {
    name: 'a controller whose clock was set back did not see a second writer',
    seed: 1,
    synchronous: 'none',
    faults: [
      fault('host_gone', { lastsMs: 15_000 }),
      fault('controller_clock', { atMs: 20_000 }),
      fault('old_primary_started', { atMs: 25_000 }),
    ],
    problem: /\(e\) . and . take writes/,
    asItWas: (brain) => ({
      ...brain,
      decide(view, now) {
        const endedAt = view.recent[0]?.at ?? '';
        const nodes = view.nodes.map((node) =>
          node.probe !== null && node.probe.at < endedAt && node.name !== view.primary
            ? { ...node, probe: { ...node.probe, writable: false } }
            : node,
        );
        return brain.decide({ ...view, nodes }, now);
      },
    }),
  },
  {
    name: 'a person promoted a third node while a planned move drained, and the move went on',
    seed: 1,
    synchronous: 'none',
    faults: [fault('switchover', {}), fault('promoted_by_mistake', { atPhase: 5, node: 2 })],
    problem: /\(a\) . is promoted while . can still take writes/,
    asItWas: (brain) => ({ ...brain, whyNotPromote: () => null }),
  },
  {
    name: 'the rate at which a new primary writes was measured across the outage, or smoothed up from nothing',
    seed: 1,
    synchronous: 'none',
    faults: [
      fault('isolate_node', { lastsMs: 290_000, node: -1 }),
      fault('isolate_node', { atMs: 60_000, lastsMs: 290_000, node: -1 }),
    ],
    problem: /\(b\) .* B are lost, .* were predicted/,
    asItWas: (brain) => ({
      ...brain,
      look(input) {
        const seen = brain.look(input);
        const position = seen.view.primaryPosition;
        const slow = position === null ? null : { ...position, bytesPerSecond: position.bytesPerSecond * 0.2 };
        return { ...seen, view: { ...seen.view, primaryPosition: slow } };
      },
    }),
  },
  {
    name: 'the clock was set back in an outage and had caught up: the time since the primary was seen came out too short',
    seed: 1,
    synchronous: 'none',
    faults: [
      fault('isolate_node', { lastsMs: 290_000 }),
      fault('fence_fails', { lastsMs: 25_000 }),
      fault('controller_clock', { atMs: 20_000, dice: 0.4917 }),
    ],
    problem: /\(b\) .* B are lost, .* were predicted/,
    asItWas: rememberPosition,
  },
];

/** Three nodes on a busy service, so that what goes wrong has a price. */
export function scenarioOf({ seed, synchronous }: Found): Scenario {
  const drawn = createScenario(createRandom(seed));
  return {
    ...drawn,
    nodes: 3,
    synchronous,
    delayMs: 20,
    bytesPerSecond: 400_000,
    directClients: true,
    balancer: null,
    outOfBandFence: true,
    intervalSeconds: 2,
    timeoutSeconds: 2,
    policy: {
      ...drawn.policy,
      failuresInRow: 3,
      successesInRow: 2,
      maxPerHour: 3,
      maxLossBytes: 64 * 2 ** 20,
      maxLossSeconds: 120,
      cooldownSeconds: 30,
      allowedRegions: null,
      preferredRegions: [],
      fenceSecondWriter: true,
    },
  };
}
