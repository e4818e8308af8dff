import type { BalancerFacts, FailoverDecision, FailoverView, NodeFence, NodeProbe } from '../../contract/failover.ts';
import type { Observed } from '../../contract/observed.ts';
import type { Phase, Seen, Transition } from '../transitions.ts';
import {
  balancerOf,
  bothWays,
  controllerOf,
  newest,
  runs,
  streams,
  synchronousOf,
  writes,
  type SimNode,
  type World,
} from './world.ts';

/** What the controller can see of the world, and the product's own reading of it. */

/** Durable: written before it is relied upon. */
export interface Kept {
  readonly primary: string | null;
  readonly fences: readonly NodeFence[];
  readonly history: readonly { readonly endedAt: string; readonly succeeded: boolean; readonly automatic: boolean }[];
}

export interface LookInput {
  readonly round: ReadonlyMap<string, NodeProbe>;
  readonly kept: Kept;
  readonly balancer: Observed<BalancerFacts> | null;
  readonly running: string | null;
  readonly now: Date;
}

/** The product's own functions, handed in so that the same simulator runs with a broken copy of one of them. */
export interface Brain {
  /** Forgets what only a process remembers. */
  reset(): void;
  look(input: LookInput): { readonly primary: string | null; readonly view: FailoverView };
  decide(view: FailoverView, now: Date): FailoverDecision;
  /** Asked again after the fence. */
  whyNotPromote(view: FailoverView, move: { candidate: string; planned: boolean }, now: Date): string | null;
  next(t: Transition, done: readonly Phase[]): Phase | null;
  afterCrash(t: Transition, done: readonly Phase[], seen: Seen): 'continue' | 'roll_back' | 'finished';
  keptAfterCrash(t: Transition, done: readonly Phase[], seen: Seen): readonly Phase[];
  wayBack(t: Transition, seen: Seen): readonly Phase[];
}

/** wal_receiver_timeout: so long a standby believes in a connection that is dead. */
const receiverTimeoutMs = 60_000;

const silence = {
  role: null,
  writable: null,
  timeline: null,
  receivedBytes: null,
  replayedBytes: null,
  upstream: null,
  upstreamSilentSeconds: null,
  synchronousStandbys: null,
  systemId: null,
  problem: null,
} as const;

function received(world: World, node: SimNode): { upstream: string | null; upstreamSilentSeconds: number | null } {
  const streaming = streams(world, node);
  if (streaming !== null) return { upstream: streaming.name, upstreamSilentSeconds: 0 };
  const upstream = node.upstream === null ? undefined : world.nodes[node.upstream];
  const silentMs = world.t - node.lastHeard;
  // A process that is gone closes its connections; one that is frozen or cut off does not.
  const isOpen =
    upstream?.role === 'primary' && (upstream.process === 'frozen' || !bothWays(world, node.index, upstream.index));
  if (upstream === undefined || !isOpen || silentMs > receiverTimeoutMs)
    return { upstream: null, upstreamSilentSeconds: null };
  return { upstream: upstream.name, upstreamSilentSeconds: (silentMs + node.clockOffsetMs) / 1000 };
}

export function probe(world: World, node: SimNode, at: string): NodeProbe {
  const timeout = world.scenario.timeoutSeconds;
  if (!bothWays(world, controllerOf(world), node.index) || node.process === 'frozen' || node.slowSeconds > timeout)
    return { ...silence, at, reach: 'silent', seconds: timeout };
  if (node.process !== 'up') return { ...silence, at, reach: 'refused', seconds: 0.01 };
  if (node.erring) return { ...silence, at, reach: 'failed', seconds: 0.01 };
  const isPrimary = node.role === 'primary';
  const position = Math.floor(node.position);
  return {
    at,
    reach: 'answered',
    seconds: node.slowSeconds,
    role: node.role,
    writable: writes(node),
    timeline: newest(node).timeline,
    receivedBytes: position,
    replayedBytes: isPrimary ? null : position,
    ...(isPrimary ? { upstream: null, upstreamSilentSeconds: null } : received(world, node)),
    synchronousStandbys: isPrimary ? synchronousOf(world, node).map(({ name }) => name) : null,
    systemId: '7001',
    problem: null,
  };
}

/** Its own checks need a moment; here they are immediate, and a check that only connects is answered by the kernel of a frozen process. */
export function balancerFacts(world: World, at: string): Observed<BalancerFacts> | null {
  if (world.scenario.balancer === null) return null;
  if (world.balancerDown || !bothWays(world, controllerOf(world), balancerOf(world)))
    return { known: false, at, error: { code: 'balancer_failed', message: 'no answer' } } as Observed<BalancerFacts>;
  const { balancer } = world.scenario;
  const servers = world.nodes.map((node) => {
    const reached = bothWays(world, balancerOf(world), node.index);
    const answers =
      balancer === 'speaks' ? node.process === 'up' && !node.erring : runs(node) || node.process === 'frozen';
    const state = !world.admitted.has(node.index)
      ? ('maint' as const)
      : reached && answers
        ? ('up' as const)
        : ('down' as const);
    return { node: node.name, state, sessions: null, check: balancer };
  });
  return { known: true, at, value: { kind: 'haproxy', servers, writer: null, problem: null } };
}
