import { ask, crash } from './controller.ts';
import type { Simulation } from './simulation.ts';
import { balancerOf, becomePrimary, controllerOf, nodeAt, type SimNode } from './world.ts';

/** What breaks. Each fault is over after its time, or stays until the episode is healed. */

export const faultKinds = [
  'kill',
  'host_gone',
  'freeze',
  'isolate_node',
  'cut_controller',
  'cut_controller_one_way',
  'cut_replication',
  'cut_balancer',
  'split',
  'split_one_way',
  'controller_crash',
  'controller_clock',
  'node_clock',
  'stall',
  'delay',
  'erring',
  'slow',
  'full',
  'fence_fails',
  'fence_lies',
  'fence_slow',
  'balancer_down',
  'switchover',
  'force',
  'promoted_by_mistake',
  'old_primary_started',
] as const;

export interface Fault {
  readonly kind: (typeof faultKinds)[number];
  /** After the start of the episode. */
  readonly atMs: number;
  /** Instead: at the so-manyth beginning or end of a phase in the episode. Null: by time. */
  readonly atPhase: number | null;
  readonly lastsMs: number;
  /** Index of a node; -1: whoever is the primary then; -2: whoever is being promoted. */
  readonly node: number;
  /** A free number in [0, 1) for what the kind leaves open. */
  readonly dice: number;
}

const losses = ['kill', 'host_gone', 'freeze', 'isolate_node', 'erring', 'switchover'] as const;

function drawFaults(sim: Simulation): readonly Fault[] {
  const { random, world } = sim;
  const lasts = (): number => random.pick([800, 5_000, 15_000, 40_000, 120_000, 600_000]) + random.int(0, 3_000);
  const count = random.pick([1, 1, 2, 2, 3, 4]);
  const any = Array.from({ length: count }, () => ({
    kind: random.pick(faultKinds),
    atMs: random.int(0, random.pick([1_000, 20_000, 120_000])),
    atPhase: random.chance(0.5) ? random.int(1, 14) : null,
    lastsMs: lasts(),
    node: random.pick([-1, -1, -1, -2, random.int(0, world.nodes.length - 1)]),
    dice: random.next(),
  }));
  if (random.chance(0.4)) return any;
  // Something that makes the primary move, so that the others meet an operation.
  return [
    { kind: random.pick(losses), atMs: 0, atPhase: null, lastsMs: lasts(), node: -1, dice: random.next() },
    ...any,
  ];
}

/** Lets them happen; how long they last, milliseconds. */
export function breakThings(sim: Simulation, given: readonly Fault[] | null): number {
  const faults = given ?? drawFaults(sim);
  sim.stats.faults += faults.length;
  sim.phases = 0;
  sim.waiting = faults.filter(({ atPhase }) => atPhase !== null);
  for (const fault of faults) if (fault.atPhase === null) sim.after(fault.atMs, () => strike(sim, fault));
  // Longer ones are healed with the episode.
  return Math.min(300_000, Math.max(0, ...faults.map(({ atMs, lastsMs }) => atMs + lastsMs)));
}

/** A phase begins or ends: the moment that some faults wait for. */
export function atPhase(sim: Simulation): void {
  sim.phases += 1;
  const due = sim.waiting.filter((fault) => fault.atPhase === sim.phases);
  sim.waiting = sim.waiting.filter((fault) => fault.atPhase !== sim.phases);
  for (const fault of due) strike(sim, fault);
}

function cut(sim: Simulation, pairs: readonly (readonly [number, number])[], lastsMs: number): void {
  const { blocked } = sim.world;
  const change = (by: number): void => {
    for (const [from, to] of pairs) {
      const line = blocked[from];
      if (line !== undefined) line[to] = Math.max(0, (line[to] ?? 0) + by);
    }
  };
  change(1);
  sim.after(lastsMs, () => change(-1));
}

const both = (a: number, others: readonly number[]): readonly (readonly [number, number])[] =>
  others.flatMap((b) => [[a, b] as const, [b, a] as const]);

function kill(sim: Simulation, node: SimNode, dice: number): void {
  if (node.process === 'down') return;
  // The backends of a killed postmaster can still acknowledge a commit.
  node.process = 'lingering';
  sim.after(Math.floor(dice * 900) + 1, () => {
    if (node.process === 'lingering') node.process = 'down';
  });
  if (dice < 0.5) startLater(sim, node, Math.floor(dice * 120_000) + 1_000);
}

function startLater(sim: Simulation, node: SimNode, ms: number): void {
  const at = sim.world.t + ms;
  node.restartAt = at;
  sim.after(ms, () => {
    if (node.restartAt !== at || node.disabled || node.process !== 'down') return;
    node.restartAt = null;
    node.process = 'up';
    sim.note(`${node.name} is started by its supervisor as a ${node.role}`);
  });
}

function thaw(sim: Simulation, node: SimNode): void {
  if (node.process !== 'frozen') return;
  node.process = 'up';
  sim.note(`${node.name} thaws`);
  if (node.promotionPending) sim.promote(node, null);
}

function strike(sim: Simulation, fault: Fault): void {
  const { world } = sim;
  const primary = world.nodes.find(({ name }) => name === sim.rightful) ?? nodeAt(world, 0);
  const candidate = world.nodes.find(({ name }) => name === sim.controller.journal?.to) ?? primary;
  const node =
    fault.node === -1 ? primary : fault.node === -2 ? candidate : nodeAt(world, fault.node % world.nodes.length);
  sim.note(`fault ${fault.kind} ${node.name} for ${(fault.lastsMs / 1000).toFixed(1)} s`);
  strikeNode(sim, fault, node);
  strikeNetwork(sim, fault, node);
  strikeRest(sim, fault, node);
}

function strikeNode(sim: Simulation, { kind, lastsMs, dice }: Fault, node: SimNode): void {
  const later = (undo: () => void): void => sim.after(lastsMs, undo);
  switch (kind) {
    case 'kill':
      return kill(sim, node, dice);
    case 'host_gone':
      node.process = 'down';
      if (!node.disabled) startLater(sim, node, lastsMs);
      return cut(sim, both(node.index, othersOf(sim, node.index)), lastsMs);
    case 'freeze':
      if (node.process !== 'up') return;
      node.process = 'frozen';
      return later(() => thaw(sim, node));
    case 'stall':
      node.stalled = true;
      return later(() => (node.stalled = false));
    case 'delay': {
      const before = node.delayMs;
      node.delayMs = Math.floor(dice * 20_000);
      return later(() => (node.delayMs = before));
    }
    case 'erring':
      node.erring = true;
      return later(() => (node.erring = false));
    case 'slow':
      node.slowSeconds = 0.5 + dice * 4;
      return later(() => (node.slowSeconds = 0.01));
    case 'full':
      node.full = true;
      return later(() => (node.full = false));
    case 'node_clock':
      node.clockOffsetMs += Math.floor((dice - 0.5) * 200_000);
      return later(() => (node.clockOffsetMs = 0));
    default:
      return;
  }
}

const othersOf = ({ world }: Simulation, index: number): readonly number[] =>
  Array.from({ length: world.nodes.length + 2 }, (_, other) => other).filter((other) => other !== index);

function strikeNetwork(sim: Simulation, { kind, lastsMs, dice }: Fault, node: SimNode): void {
  const { world } = sim;
  const controller = controllerOf(world);
  const nodes = world.nodes.map(({ index }) => index);
  const sides = (): readonly (readonly [number, number])[] => {
    const all = [...nodes, controller, balancerOf(world)];
    const side = new Set(all.filter((_, index) => Math.floor(dice * 2 ** (index + 1)) % 2 === 1));
    return all.flatMap((a) => all.flatMap((b) => (side.has(a) && !side.has(b) ? [[a, b] as const] : [])));
  };
  switch (kind) {
    case 'isolate_node':
      return cut(sim, both(node.index, othersOf(sim, node.index)), lastsMs);
    case 'cut_controller':
      return cut(sim, both(controller, dice < 0.3 ? nodes : [node.index]), lastsMs);
    case 'cut_controller_one_way':
      return cut(sim, [dice < 0.5 ? [controller, node.index] : [node.index, controller]], lastsMs);
    case 'cut_replication':
      return cut(
        sim,
        both(
          node.index,
          nodes.filter((other) => other !== node.index),
        ),
        lastsMs,
      );
    case 'cut_balancer':
      return cut(sim, both(balancerOf(world), dice < 0.5 ? nodes : [node.index]), lastsMs);
    case 'split':
      return cut(
        sim,
        sides().flatMap(([a, b]) => both(a, [b])),
        lastsMs,
      );
    case 'split_one_way':
      return cut(sim, sides(), lastsMs);
    default:
      return;
  }
}

function strikeRest(sim: Simulation, { kind, lastsMs, dice }: Fault, node: SimNode): void {
  const { world, controller } = sim;
  const later = (undo: () => void): void => sim.after(lastsMs, undo);
  switch (kind) {
    case 'controller_crash':
      return crash(sim, lastsMs);
    case 'controller_clock':
      controller.clockOffsetMs += Math.floor((dice - 0.5) * 7_200_000);
      sim.watchdog.clockMovedAt = world.t;
      return;
    case 'fence_fails':
    case 'fence_lies':
    case 'fence_slow':
      sim.fencing = kind === 'fence_fails' ? 'fails' : kind === 'fence_lies' ? 'lies' : 'slow';
      return later(() => (sim.fencing = 'works'));
    case 'balancer_down':
      world.balancerDown = true;
      return later(() => (world.balancerDown = false));
    case 'switchover':
      return ask(sim, 'switchover');
    case 'force':
      return ask(sim, 'failover');
    case 'promoted_by_mistake':
      if (node.role !== 'standby' || node.process !== 'up') return;
      sim.tainted = true;
      return becomePrimary(world, node);
    case 'old_primary_started':
      for (const old of world.nodes) {
        if (old.role !== 'primary' || old.process !== 'down' || old.name === sim.rightful) continue;
        sim.tainted = true;
        old.process = 'up';
        old.disabled = false;
        sim.note(`a person starts ${old.name} as the primary that it was`);
      }
      return;
    default:
      return;
  }
}

/** Everything that is broken works again; nodes that were stopped for good stay so. */
export function healAll(sim: Simulation): void {
  const { world } = sim;
  sim.waiting = [];
  for (const line of world.blocked) line.fill(0);
  world.balancerDown = false;
  sim.fencing = 'works';
  for (const node of world.nodes) {
    thaw(sim, node);
    node.stalled = false;
    node.delayMs = world.scenario.delayMs;
    node.erring = false;
    node.slowSeconds = 0.01;
    node.full = false;
    node.clockOffsetMs = 0;
  }
  sim.note('all is healed');
}
