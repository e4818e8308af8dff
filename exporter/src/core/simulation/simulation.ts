import { createController, tick, type Controller, type Journal } from './controller.ts';
import { checkNow, checkPromotion, createWatchdog, isUnknowable, type Watchdog } from './invariants.ts';
import { breakThings, healAll, type Fault } from './faults.ts';
import { createRandom, type Random } from './random.ts';
import { createScenario, detectionSeconds, type Scenario } from './scenario.ts';
import type { Brain } from './sight.ts';
import {
  advance,
  becomePrimary,
  controllerOf,
  bothWays,
  createWorld,
  newest,
  rejoin,
  writes,
  type SimNode,
  type World,
} from './world.ts';

/**
 * A deterministic run: a world, the controller with the product's own decisions, and episodes of faults with quiet time between them.
 * Quiet time, in which nothing can change, is passed in one step; every episode is run probe by probe.
 */

export interface Stats {
  hours: number;
  watchedHours: number;
  episodes: number;
  faults: number;
  looks: number;
  operations: number;
  failovers: number;
  switchovers: number;
  holds: number;
  crashes: number;
  recoveries: number;
  promotions: number;
  forced: number;
  lostBytes: number;
  repairs: number;
}

export const noStats = (): Stats => ({
  hours: 0,
  watchedHours: 0,
  episodes: 0,
  faults: 0,
  looks: 0,
  operations: 0,
  failovers: 0,
  switchovers: 0,
  holds: 0,
  crashes: 0,
  recoveries: 0,
  promotions: 0,
  forced: 0,
  lostBytes: 0,
  repairs: 0,
});

interface Event {
  readonly t: number;
  readonly order: number;
  readonly run: () => void;
}

export interface Simulation {
  readonly world: World;
  readonly random: Random;
  readonly brain: Brain;
  readonly controller: Controller;
  readonly watchdog: Watchdog;
  readonly stats: Stats;
  readonly log: string[];
  fencing: 'works' | 'fails' | 'lies' | 'slow';
  /** A person went past a proof, or made a second writer: loss from then on is theirs until the repair. */
  tainted: boolean;
  /** The writer that the product, or the repair, made last. */
  rightful: string;
  /** Faults that wait for a phase of an operation, and how many phases began or ended in this episode. */
  waiting: readonly Fault[];
  phases: number;
  after(ms: number, run: () => void): void;
  note(text: string): void;
  restartTicks(): void;
  promote(node: SimNode, journal: Journal | null): void;
  /** Starts the old primary as what it was. False: it cannot be reached. */
  startAgain(node: SimNode): boolean;
  admit(node: SimNode): void;
}

/** The seed, what was broken, and the last events. */
export class SimulationError extends Error {
  readonly seed: number;

  constructor(seed: number, problem: string, log: readonly string[]) {
    super(`seed ${seed}: ${problem}\n${log.slice(-80).join('\n')}`);
    this.name = 'SimulationError';
    this.seed = seed;
  }
}

class Queue {
  #events: Event[] = [];
  #order = 0;

  add(t: number, run: () => void): void {
    const event = { t, order: (this.#order += 1), run };
    let at = this.#events.length;
    while (at > 0 && (this.#events[at - 1]?.t ?? 0) <= t) at -= 1;
    this.#events.splice(at, 0, event);
  }

  peek(): number {
    return this.#events.at(-1)?.t ?? Infinity;
  }

  take(): Event | undefined {
    return this.#events.pop();
  }

  clear(): void {
    this.#events = [];
  }
}

export interface Options {
  readonly seed: number;
  /** In the order of the nodes' names; null: drawn from the seed. */
  readonly scenario: Scenario | null;
  /** Null: drawn from the seed for each episode. */
  readonly faults: readonly Fault[] | null;
  readonly hours: number;
}

/** Runs so many simulated hours. Throws SimulationError at the first broken invariant. */
export function simulate(createBrain: (scenario: Scenario) => Brain, options: Options, stats: Stats): void {
  const random = createRandom(options.seed);
  const scenario = options.scenario ?? createScenario(random);
  const queue = new Queue();
  const sim = createSimulation(random, scenario, createBrain(scenario), queue, stats);
  const fail = (problem: string): never => {
    const said = JSON.stringify({ ...scenario, policy: { ...scenario.policy } });
    throw new SimulationError(options.seed, problem, [said, ...sim.log]);
  };
  sim.watchdog.fail = fail;
  const endMs = options.hours * 3600_000;
  sim.restartTicks();
  while (sim.world.t < endMs) {
    episode(sim, queue, options.faults);
    if (options.faults !== null) break;
    quiet(sim, queue, Math.min(endMs, sim.world.t + random.int(600_000, 5_400_000)));
  }
  stats.hours += Math.max(sim.world.t, options.faults === null ? endMs : 0) / 3600_000;
}

function createSimulation(random: Random, scenario: Scenario, brain: Brain, queue: Queue, stats: Stats): Simulation {
  const world = createWorld(scenario);
  const sim: Simulation = {
    world,
    random,
    brain,
    controller: createController(),
    watchdog: createWatchdog(),
    stats,
    log: [],
    fencing: 'works',
    tainted: false,
    rightful: 'a',
    waiting: [],
    phases: 0,
    after: (ms, run) => queue.add(world.t + ms, run),
    note(text) {
      sim.log.push(`${(world.t / 1000).toFixed(2)} s: ${text}`);
      if (sim.log.length > 400) sim.log.splice(0, 200);
    },
    restartTicks() {
      const { life } = sim.controller;
      const again = (): void => {
        if (sim.controller.life !== life || !sim.controller.alive) return;
        tick(sim);
        sim.after(scenario.intervalSeconds * 1000, again);
      };
      sim.after(0, again);
    },
    promote(node, journal) {
      checkPromotion(sim, node, journal);
      becomePrimary(world, node);
      sim.rightful = node.name;
      stats.promotions += 1;
      if (journal?.forced === true) stats.forced += 1;
      sim.note(`${node.name} is a primary on timeline ${newest(node).timeline}`);
    },
    startAgain(node) {
      if (!bothWays(world, controllerOf(world), node.index)) return false;
      const other = world.nodes.find(
        (one) => one !== node && (writes(one) || one.promotionPending) && !isUnknowable(sim, one),
      );
      if (other !== undefined) sim.watchdog.fail(`${node.name} is started again beside ${other.name}`);
      node.process = 'up';
      node.disabled = false;
      sim.note(`${node.name} is started again`);
      return true;
    },
    admit(node) {
      if (!world.balancerDown) world.admitted = new Set([node.index]);
    },
  };
  return sim;
}

function passUntil(sim: Simulation, queue: Queue, untilMs: number, isOver: () => boolean): void {
  const { world } = sim;
  while (queue.peek() <= untilMs) {
    const event = queue.take();
    if (event === undefined) break;
    advance(world, event.t);
    event.run();
    checkNow(sim);
    if (isOver()) return;
  }
  advance(world, Math.max(world.t, untilMs));
}

/** Faults, all of them over or not; time enough for the controller to act; then the repair that a person would make. */
function episode(sim: Simulation, queue: Queue, given: readonly Fault[] | null): void {
  const { world, stats } = sim;
  const startMs = world.t;
  const detectionMs = detectionSeconds(world.scenario) * 1000;
  const never = (): boolean => false;
  passUntil(sim, queue, world.t + Math.max(20_000, 4 * detectionMs), never);
  const faultsMs = breakThings(sim, given);
  passUntil(sim, queue, world.t + faultsMs, never);
  let wrongAt = world.t;
  passUntil(sim, queue, world.t + 10 * detectionMs + 90_000, () => {
    if (!isCalm(sim)) wrongAt = world.t;
    // Nothing is left to be done about what is still broken.
    return world.t - wrongAt > 2 * detectionMs;
  });
  healAll(sim);
  passUntil(sim, queue, world.t + 2 * detectionMs, never);
  const settled = (): boolean => sim.controller.alive && sim.controller.journal === null;
  for (let tries = 0; !settled() && tries < 20; tries += 1)
    passUntil(sim, queue, world.t + detectionMs + 30_000, settled);
  if (!settled()) sim.watchdog.fail('an operation never ended');
  repair(sim);
  stats.episodes += 1;
  stats.watchedHours += (world.t - startMs) / 3600_000;
}

/** One writer, and the controller is content with it. */
function isCalm({ world, controller, waiting }: Simulation): boolean {
  if (!controller.alive || controller.journal !== null || controller.decision?.action !== 'none') return false;
  const writers = world.nodes.filter(writes);
  return writers.length === 1 && writers[0]?.name === controller.kept.primary && waiting.length === 0;
}

/** All is well and nothing is planned: one step, and the controller looks at it anew. */
function quiet(sim: Simulation, queue: Queue, untilMs: number): void {
  queue.clear();
  if (untilMs > sim.world.t) advance(sim.world, untilMs);
  for (const node of sim.world.nodes) node.lastHeard = sim.world.t;
  sim.restartTicks();
}

/** A person makes one primary of what is there and lets all others follow it. */
function repair(sim: Simulation): void {
  const { world, controller } = sim;
  const writers = world.nodes.filter(writes);
  const isWell =
    writers.length === 1 &&
    world.nodes.every((node) => node === writers[0] || (node.process === 'up' && node.role === 'standby'));
  const rightful = world.nodes.find(({ name }) => name === sim.rightful);
  const best = [...world.nodes].sort((a, b) => b.history.length - a.history.length || b.position - a.position)[0];
  const primary = (writers.length === 1 ? writers[0] : (writers.find((node) => node === rightful) ?? rightful)) ?? best;
  if (primary === undefined) return;
  if (!isWell) sim.stats.repairs += 1;
  primary.process = 'up';
  primary.disabled = false;
  primary.restartAt = null;
  primary.role = 'primary';
  primary.upstream = null;
  for (const node of world.nodes) if (node !== primary) rejoin(world, node, primary);
  for (const [, known] of world.acknowledged) known.writtenOff = Math.max(known.writtenOff, known.to);
  const current = newest(primary).branch;
  for (const branch of world.acknowledged.keys()) if (branch !== current) world.acknowledged.delete(branch);
  const told = world.acknowledged.get(current);
  if (told !== undefined) told.writtenOff = 0;
  // Older branches are behind everybody now.
  for (const node of world.nodes) node.history = node.history.filter(({ branch }) => branch === current);
  for (const node of world.nodes)
    if (node.history.length === 0) Object.assign(node, { history: primary.history, position: primary.position });
  for (const node of world.nodes) node.lastHeard = world.t;
  world.admitted = new Set([primary.index]);
  sim.rightful = primary.name;
  sim.tainted = false;
  sim.fencing = 'works';
  controller.kept = { ...controller.kept, primary: primary.name, fences: [] };
  sim.watchdog.reset(world.t);
  sim.note(`repaired: ${primary.name} is the primary`);
}
