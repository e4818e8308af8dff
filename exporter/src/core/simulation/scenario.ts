import type { FailoverPolicy } from '../../contract/failover.ts';
import type { Random } from './random.ts';

/** One installation: how many nodes, how they replicate, who writes, and what the policy allows. */
export interface Scenario {
  readonly nodes: number;
  /** `one`: a named standby confirms. `any`: any one of the others does. */
  readonly synchronous: 'none' | 'one' | 'any';
  readonly bytesPerSecond: number;
  readonly delayMs: number;
  /** Clients beside each node write to it whenever it takes writes, past the load balancer. */
  readonly directClients: boolean;
  /** Null: there is none. */
  readonly balancer: 'speaks' | 'connects' | null;
  /** The way of the fence does not use the network between the nodes. */
  readonly outOfBandFence: boolean;
  readonly intervalSeconds: number;
  readonly timeoutSeconds: number;
  readonly commandTimeoutSeconds: number;
  readonly policy: FailoverPolicy;
}

export const detectionSeconds = ({ policy, intervalSeconds, timeoutSeconds }: Scenario): number =>
  policy.failuresInRow * intervalSeconds + timeoutSeconds;

export function createScenario(random: Random): Scenario {
  const nodes = random.pick([2, 3, 3, 3, 5]);
  const intervalSeconds = random.pick([1, 2, 5, 5, 10, 10, 10]);
  const bytesPerSecond = random.pick([0, 2_000, 50_000, 400_000]);
  return {
    nodes,
    synchronous: random.pick(['none', 'none', 'one', 'any'] as const),
    bytesPerSecond,
    delayMs: random.pick([0, 20, 200]),
    directClients: random.chance(0.7),
    balancer: random.pick(['speaks', 'connects', null] as const),
    outOfBandFence: random.chance(0.4),
    intervalSeconds,
    timeoutSeconds: Math.min(2, intervalSeconds),
    commandTimeoutSeconds: 20,
    policy: {
      strategy: 'active_passive',
      mode: 'auto',
      failuresInRow: random.pick([2, 3, 3, 5]),
      errorRatio: 0.3,
      responseSeconds: 2,
      successesInRow: random.pick([1, 2, 3]),
      windowSeconds: 60,
      cooldownSeconds: random.pick([30, 120, 300]),
      maxPerHour: random.pick([1, 2, 3]),
      maxLossBytes: random.pick([64 * 1024, 2 ** 20, 64 * 2 ** 20]),
      maxLossSeconds: random.pick([5, 30, 60, 120]),
      preferredRegions: random.chance(0.3) ? ['north'] : [],
      allowedRegions: random.chance(0.2) ? ['north', 'south'] : null,
      fenceSecondWriter: random.chance(0.5),
      minServing: 1,
      managed: false,
    },
  };
}

export const regionOf = (index: number): string => ['north', 'south', 'east'][index % 3] ?? 'north';
