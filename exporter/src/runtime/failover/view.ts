import type {
  BalancerFacts,
  FailoverPolicy,
  FailoverView,
  NodeFacts,
  NodeFence,
  NodeHealth,
  NodeProbe,
} from '../../contract/failover.ts';
import type { Observed } from '../../contract/observed.ts';
import { summarizeProbes } from '../../core/failover.ts';
import { vantagesOf } from '../../core/vantages.ts';
import type { FailoverCluster } from '../../engines/failover/port.ts';
import type { KeptFailover } from './kept.ts';

export interface Position {
  readonly bytes: number;
  readonly at: string;
  /** Null after the first reading: two make a rate. */
  readonly bytesPerSecond: number | null;
  /** Of that reading; absent where an earlier version wrote it down. */
  readonly timeline?: number | null;
}

/** What one process remembers of the probes of a service. */
export interface Sight {
  /** Of each node those of the window, oldest first. */
  readonly probes: ReadonlyMap<string, readonly NodeProbe[]>;
  readonly position: Position | null;
  /** The node whose position it is. */
  readonly positionOf: string | null;
  readonly synchronousStandbys: readonly string[];
}

export const noSight: Sight = { probes: new Map(), position: null, positionOf: null, synchronousStandbys: [] };

/** Probes of a node in a window of any length: with an interval of a tenth of a second a window of an hour is bounded, too. */
const mostProbes = 1000;

/** Pure: the sight after a round of probes. */
export function see(
  before: Sight,
  round: ReadonlyMap<string, NodeProbe>,
  primary: string | null,
  windowSeconds: number,
): Sight {
  const probes = new Map<string, readonly NodeProbe[]>();
  for (const [node, probe] of round) {
    // ISO times sort as text: parsing each kept probe would be half of the work of a look.
    const since = new Date(Date.parse(probe.at) - windowSeconds * 1000).toISOString();
    const kept = (before.probes.get(node) ?? []).filter(({ at }) => at >= since);
    probes.set(node, [...kept, probe].slice(-mostProbes));
  }
  const seen = primary === null ? undefined : round.get(primary);
  if (seen?.writable !== true)
    return { ...before, probes, position: wasSetBack(before.position, round) ? null : before.position };
  // What it failed while it was out or a standby is no share of failures of the primary that it is now.
  if (primary !== null && before.positionOf !== null && before.positionOf !== primary) probes.set(primary, [seen]);
  return {
    probes,
    // Of another primary: a rate across the change would be far too low.
    position: nextPosition(before.positionOf === primary ? before.position : null, seen),
    positionOf: primary,
    synchronousStandbys: seen.synchronousStandbys ?? before.synchronousStandbys,
  };
}

/** With a clock that was set back, how long ago it was seen cannot be told any more. */
function wasSetBack(position: Position | null, round: ReadonlyMap<string, NodeProbe>): boolean {
  return position !== null && [...round.values()].some(({ at }) => at < position.at);
}

/** Of the newest second in the smoothed rate: a segment that is switched early must not look like sixteen MiB a second. */
const rateWeight = 0.2;

/** The rate is smoothed: one quiet second must not make the loss of the next look like nothing. */
function nextPosition(before: Position | null, probe: NodeProbe): Position | null {
  if (probe.receivedBytes === null) return before;
  const fresh = { bytes: probe.receivedBytes, at: probe.at, bytesPerSecond: null, timeline: probe.timeline };
  if (before === null || before.bytes > probe.receivedBytes) return fresh;
  const seconds = (Date.parse(probe.at) - Date.parse(before.at)) / 1000;
  if (seconds <= 0) return { ...fresh, bytesPerSecond: before.bytesPerSecond };
  const rate = (probe.receivedBytes - before.bytes) / seconds;
  const known = before.bytesPerSecond;
  return { ...fresh, bytesPerSecond: known === null ? rate : known * (1 - rateWeight) + rate * rateWeight };
}

/** Who is the primary after a round: the known one while nothing contradicts it, else the only writer. Null: nobody can tell. */
export function primaryAfter(
  known: string | null,
  round: ReadonlyMap<string, NodeProbe>,
  fences: readonly NodeFence[] = [],
): string | null {
  const writers = [...round].filter(([, probe]) => probe.writable === true).map(([node]) => node);
  const [only] = writers;
  const own = known === null ? undefined : round.get(known);
  if (known === null || own === undefined) return writers.length === 1 && only !== undefined ? only : null;
  // It says itself that it is a standby now, or is proven to be out, and one other writes: it has moved, e.g. by a promotion that took
  // effect after its operation had given up.
  const isOut = own.role === 'standby' || fences.some((fence) => fence.node === known && fence.proof !== null);
  if (isOut && writers.length === 1 && only !== undefined) return only;
  return known;
}

export interface ViewInput {
  readonly cluster: FailoverCluster;
  readonly policy: FailoverPolicy;
  readonly intervalSeconds: number;
  readonly sight: Sight;
  readonly kept: KeptFailover;
  readonly balancer: Observed<BalancerFacts> | null;
  readonly running: string | null;
  readonly leader: boolean;
  readonly breakerOpen: boolean;
  readonly unfenceable?: readonly string[];
}

function withRate(position: Position | null): FailoverView['primaryPosition'] {
  if (position === null || position.bytesPerSecond === null) return null;
  return { ...position, bytesPerSecond: position.bytesPerSecond };
}

function lagOf(position: Position | null, probe: NodeProbe | null): number | null {
  const received = probe?.receivedBytes ?? null;
  return position === null || received === null ? null : Math.max(0, position.bytes - received);
}

const unprobed: NodeHealth = {
  failuresInRow: 0,
  successesInRow: 0,
  errorRatio: null,
  responseSeconds: null,
  probes: 0,
  lastAnsweredAt: null,
};

/** After a restart in the middle of a move, what its begin has written down is all that is known of the old primary. */
function withMoving(sight: Sight, { moving }: KeptFailover): Sight {
  if (moving === null || sight.position !== null) return sight;
  return { ...sight, position: moving.position, synchronousStandbys: moving.synchronousStandbys };
}

/** Pure: all that a decision rests on. */
export function viewOf(input: ViewInput, now: Date): FailoverView {
  const { cluster, policy, kept } = input;
  const sight = withMoving(input.sight, kept);
  const newest = new Map<string, NodeProbe>();
  for (const [node, probes] of sight.probes) {
    const last = probes.at(-1);
    if (last !== undefined) newest.set(node, last);
  }
  const nodes = cluster.nodes.map((node): NodeFacts => {
    const probes = sight.probes.get(node.name) ?? [];
    const probe = newest.get(node.name) ?? null;
    const isPrimary = node.name === kept.primary;
    return {
      name: node.name,
      region: node.region,
      priority: node.priority,
      candidate: node.candidate,
      probe,
      health: probes.length === 0 ? unprobed : summarizeProbes(probes, policy, now),
      fence: kept.fences.find((fence) => fence.node === node.name) ?? null,
      lagBytes: isPrimary ? null : lagOf(sight.position, probe),
      busy: null,
    };
  });
  const balancer = input.balancer?.known === true ? input.balancer : null;
  return {
    service: cluster.service,
    nodes,
    primary: kept.primary,
    primaryPosition: withRate(sight.position),
    synchronousStandbys: sight.synchronousStandbys,
    vantages: vantagesOf(kept.primary, newest, balancer, input.intervalSeconds),
    recent: kept.history
      .filter(({ kind }) => kind === 'failover' || kind === 'switchover')
      .map(({ endedAt, succeeded, automatic }) => ({ at: endedAt, succeeded, automatic })),
    pausedUntil: kept.pause !== null && Date.parse(kept.pause.until) > +now ? kept.pause.until : null,
    running: input.running,
    leader: input.leader,
    breakerOpen: input.breakerOpen,
    unfenceable: input.unfenceable ?? [],
  };
}
