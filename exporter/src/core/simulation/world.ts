import type { Scenario } from './scenario.ts';

/**
 * What is true, whoever can see it: processes, the log of each node, the network, and what clients were told. Time is in milliseconds
 * from the start; positions are bytes. Between two events nothing changes its course, so that any stretch of time is one step.
 */

export interface Segment {
  /** Two promotions that choose the same timeline number are still two branches. */
  readonly branch: number;
  readonly timeline: number;
  readonly from: number;
}

export interface SimNode {
  readonly index: number;
  readonly name: string;
  /** `lingering`: the postmaster is gone and its backends go on for a moment. */
  process: 'up' | 'frozen' | 'lingering' | 'down';
  role: 'primary' | 'standby';
  /** Stopped for good: nothing starts it but a rejoin or a person. */
  disabled: boolean;
  /** A supervisor starts it again at this time; null: nobody does. */
  restartAt: number | null;
  /** It was told to become the primary while it was frozen. */
  promotionPending: boolean;
  history: readonly Segment[];
  position: number;
  upstream: number | null;
  lastHeard: number;
  /** Its replication stands still although it is connected. */
  stalled: boolean;
  delayMs: number;
  clockOffsetMs: number;
  /** It answers every probe with an error. */
  erring: boolean;
  /** Seconds that its answers take. */
  slowSeconds: number;
  /** It can write nothing: its disk is full. */
  full: boolean;
}

/** What clients were told is safe: per branch the highest position, and what of it a promotion has given up already. */
interface Acknowledged {
  to: number;
  writtenOff: number;
}

export interface World {
  readonly scenario: Scenario;
  t: number;
  readonly nodes: SimNode[];
  /** blocked[from][to] > 0: nothing gets through in this direction. Nodes, then the controller, then the load balancer. */
  readonly blocked: number[][];
  readonly acknowledged: Map<number, Acknowledged>;
  nextBranch: number;
  /** Servers that the load balancer sends clients to. */
  admitted: Set<number>;
  balancerDown: boolean;
}

export const controllerOf = ({ nodes }: World): number => nodes.length;
export const balancerOf = ({ nodes }: World): number => nodes.length + 1;

export function createWorld(scenario: Scenario): World {
  const size = scenario.nodes;
  const first: Segment = { branch: 1, timeline: 1, from: 0 };
  return {
    scenario,
    t: 0,
    nodes: Array.from({ length: size }, (_, index) => ({
      index,
      name: 'abcdefg'[index] ?? `n${index}`,
      process: 'up' as const,
      role: index === 0 ? ('primary' as const) : ('standby' as const),
      disabled: false,
      restartAt: null,
      promotionPending: false,
      history: [first],
      position: 0,
      upstream: index === 0 ? null : 0,
      lastHeard: 0,
      stalled: false,
      delayMs: scenario.delayMs,
      clockOffsetMs: 0,
      erring: false,
      slowSeconds: 0.01,
      full: false,
    })),
    blocked: Array.from({ length: size + 2 }, () => new Array<number>(size + 2).fill(0)),
    acknowledged: new Map([[1, { to: 0, writtenOff: 0 }]]),
    nextBranch: 2,
    admitted: new Set([0]),
    balancerDown: false,
  };
}

export const nodeAt = (world: World, index: number): SimNode => {
  const found = world.nodes[index];
  if (found === undefined) throw new Error(`no node ${index}`);
  return found;
};

export const canReach = ({ blocked }: World, from: number, to: number): boolean => (blocked[from]?.[to] ?? 1) === 0;
export const bothWays = (world: World, a: number, b: number): boolean => canReach(world, a, b) && canReach(world, b, a);

export const newest = ({ history }: SimNode): Segment => {
  const last = history[history.length - 1];
  if (last === undefined) throw new Error('a node without a log');
  return last;
};

/** Up to where `node` has the branch; null: not at all. */
export function holds(node: SimNode, branch: number): number | null {
  const at = node.history.findIndex((segment) => segment.branch === branch);
  if (at === -1) return null;
  return node.history[at + 1]?.from ?? node.position;
}

export const runs = ({ process }: SimNode): boolean => process === 'up' || process === 'lingering';

/** It takes and acknowledges writes of whoever reaches it at this moment. */
export const writes = (node: SimNode): boolean => runs(node) && node.role === 'primary' && !node.full;

/** Direct clients stand beside every node; those of the load balancer need it. */
function hasClients(world: World, node: SimNode): boolean {
  if (world.scenario.directClients) return true;
  return world.admitted.has(node.index) && bothWays(world, balancerOf(world), node.index);
}

/** The log of the upstream contains all of its own. */
export function fits(standby: SimNode, upstream: SimNode): boolean {
  const has = holds(upstream, newest(standby).branch);
  return has !== null && standby.position <= has;
}

export function streams(world: World, standby: SimNode): SimNode | null {
  if (standby.role !== 'standby' || standby.process !== 'up' || standby.upstream === null) return null;
  const upstream = nodeAt(world, standby.upstream);
  if (!runs(upstream) || upstream === standby || upstream.role !== 'primary') return null;
  if (!bothWays(world, standby.index, upstream.index) || !fits(standby, upstream)) return null;
  return upstream;
}

/** Writes that wait for a standby that is away: as much as there are clients to wait. */
const pendingBytes = 16_384;

function write(world: World, node: SimNode, ms: number): void {
  if (!writes(node) || !hasClients(world, node)) return;
  const segment = newest(node);
  const before = node.position;
  const wanted = before + (world.scenario.bytesPerSecond * ms) / 1000;
  const names = world.scenario.synchronous;
  if (names === 'none') {
    node.position = wanted;
    tell(world, segment.branch, wanted);
    return;
  }
  const confirming = synchronousOf(world, node).filter((other) => streams(world, other) === node && !other.stalled);
  const acknowledgedTo = world.acknowledged.get(segment.branch)?.to ?? segment.from;
  node.position = confirming.length > 0 ? wanted : Math.max(before, Math.min(wanted, acknowledgedTo + pendingBytes));
}

/** The standbys whose confirmation a commit waits for: the one that comes next to the primary, or any one of all others. */
export function synchronousOf(world: World, primary: SimNode): readonly SimNode[] {
  const { synchronous } = world.scenario;
  if (synchronous === 'none') return [];
  const others = world.nodes.filter((node) => node !== primary);
  return synchronous === 'any' ? others : others.slice(0, 1);
}

function tell(world: World, branch: number, to: number): void {
  const known = world.acknowledged.get(branch);
  if (known === undefined) world.acknowledged.set(branch, { to, writtenOff: 0 });
  else if (to > known.to) known.to = to;
}

function replicate(world: World, standby: SimNode): void {
  const upstream = streams(world, standby);
  if (upstream === null) return;
  standby.lastHeard = world.t;
  if (standby.stalled) return;
  const sent = upstream.position - (world.scenario.bytesPerSecond * standby.delayMs) / 1000;
  if (sent <= standby.position && newest(standby).branch === newest(upstream).branch) return;
  standby.position = Math.max(standby.position, Math.min(sent, upstream.position));
  standby.history = upstream.history.filter(({ from }) => from <= standby.position);
}

/** A synchronous primary tells its clients what one of the named standbys has. */
function confirm(world: World, primary: SimNode): void {
  if (world.scenario.synchronous === 'none' || !writes(primary) || !hasClients(world, primary)) return;
  const { branch } = newest(primary);
  for (const standby of synchronousOf(world, primary)) {
    if (streams(world, standby) !== primary) continue;
    const has = holds(standby, branch);
    if (has !== null) tell(world, branch, Math.min(has, primary.position));
  }
}

/** Lets time pass until `t`. */
export function advance(world: World, t: number): void {
  const ms = t - world.t;
  world.t = t;
  if (ms <= 0) return;
  for (const node of world.nodes) if (node.role === 'primary') write(world, node, ms);
  for (const node of world.nodes) if (node.role === 'standby') replicate(world, node);
  for (const node of world.nodes) if (node.role === 'primary') confirm(world, node);
}

/** The node becomes a primary on a branch of its own. */
export function becomePrimary(world: World, node: SimNode): void {
  const branch = world.nextBranch;
  world.nextBranch += 1;
  node.history = [...node.history, { branch, timeline: newest(node).timeline + 1, from: node.position }];
  node.role = 'primary';
  node.upstream = null;
  node.promotionPending = false;
  world.acknowledged.set(branch, { to: node.position, writtenOff: 0 });
}

/** Bytes that clients were told are safe and that `node` does not have. They are counted once. */
export function lostTo(world: World, node: SimNode): number {
  let lost = 0;
  for (const [branch, known] of world.acknowledged) {
    const start = Math.max(holds(node, branch) ?? firstOf(world, branch), known.writtenOff);
    if (known.to > start) {
      lost += known.to - start;
      known.writtenOff = known.to;
    }
  }
  return lost;
}

function firstOf(world: World, branch: number): number {
  for (const { history } of world.nodes) {
    const segment = history.find((one) => one.branch === branch);
    if (segment !== undefined) return segment.from;
  }
  return Infinity;
}

/** It comes back as a standby: what it has beyond the log of `primary` is thrown away. */
export function rejoin(world: World, node: SimNode, primary: SimNode): void {
  const shared = node.history.filter(({ branch }) => primary.history.some((one) => one.branch === branch));
  const last = shared[shared.length - 1];
  const has = last === undefined ? 0 : Math.min(holds(node, last.branch) ?? 0, holds(primary, last.branch) ?? 0);
  node.history = shared.length > 0 ? shared : [newest(primary)];
  node.position = Math.max(0, has);
  node.role = 'standby';
  node.process = 'up';
  node.disabled = false;
  node.restartAt = null;
  node.promotionPending = false;
  node.upstream = primary.index;
  replicate(world, node);
}
