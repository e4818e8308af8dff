import type { Journal } from './controller.ts';
import { detectionSeconds } from './scenario.ts';
import type { Simulation } from './simulation.ts';
import { bothWays, controllerOf, lostTo, streams, writes, type SimNode } from './world.ts';

/** What must hold after every event, whatever happens. */
export interface Watchdog {
  fail(problem: string): void;
  reset(t: number): void;
  /** Since when most nodes work and are seen, and the controller lives; null: not now. */
  healthySince: number | null;
  /** Since when two writers can be seen; null: not now. */
  twoSince: number | null;
  /** When the newest page was. */
  pagedAt: number;
  /** Promotions without a person. */
  automatic: number[];
  /** When the controller's clock was moved last: its hours are no hours then. */
  clockMovedAt: number;
}

export function createWatchdog(): Watchdog {
  const watchdog: Watchdog = {
    fail: (problem) => {
      throw new Error(problem);
    },
    reset() {
      watchdog.healthySince = null;
      watchdog.twoSince = null;
    },
    healthySince: null,
    twoSince: null,
    pagedAt: -Infinity,
    automatic: [],
    clockMovedAt: -Infinity,
  };
  return watchdog;
}

/** It acknowledges writes, or will again without anybody's doing. */
function mayWrite(node: SimNode): boolean {
  if (node.promotionPending && node.process !== 'down') return true;
  if (node.role !== 'primary') return false;
  return node.process !== 'down' || (!node.disabled && node.restartAt !== null);
}

/** A node that a person started or promoted where it cannot be seen is beyond what anybody here can know. */
export const isUnknowable = (sim: Simulation, node: SimNode): boolean => sim.tainted && !isSeen(sim, node);

/** (a) No promotion beside a writer; (b) no loss beyond the bound; (d) no more failovers an hour than allowed. */
export function checkPromotion(sim: Simulation, node: SimNode, journal: Journal | null): void {
  const { world, watchdog } = sim;
  const { policy, synchronous, bytesPerSecond } = world.scenario;
  const lost = lostTo(world, node);
  sim.stats.lostBytes += lost;
  // What a person forced, or made beside us, is theirs; a signal that waited in a frozen process has no journal any more.
  if (journal === null ? sim.tainted : journal.forced) return;
  const other = world.nodes.find(
    (one) => one !== node && mayWrite(one) && !(one.name !== journal?.from && isUnknowable(sim, one)),
  );
  if (other !== undefined)
    return watchdog.fail(`(a) ${node.name} is promoted while ${other.name} can still take writes (${other.process})`);
  if (journal === null || sim.tainted) return;
  if (synchronous !== 'none' && lost >= 1) return watchdog.fail(`(b) ${lost} B confirmed by a standby are lost`);
  // What was written between the decision and the proof of the fence comes on top of what was decided about.
  const sinceDecision = ((world.t - journal.decidedAt) / 1000 + 1) * bytesPerSecond;
  if (journal.transition.kind === 'switchover' && lost >= 1) return watchdog.fail(`(b) a planned move loses ${lost} B`);
  if (lost > policy.maxLossBytes + sinceDecision) return watchdog.fail(`(b) ${lost} B are lost`);
  if (lost > (policy.maxLossSeconds * bytesPerSecond || 0) + sinceDecision)
    return watchdog.fail(`(b) writes of ${(lost / bytesPerSecond).toFixed(1)} s are lost`);
  if (journal.predictedBytes !== null && lost > journal.predictedBytes + sinceDecision)
    return watchdog.fail(`(b) ${lost} B are lost, ${journal.predictedBytes} were predicted`);
  if (!journal.automatic) return;
  watchdog.automatic = [...watchdog.automatic.filter((at) => world.t - at < 3600_000), world.t];
  if (watchdog.automatic.length > policy.maxPerHour && world.t - watchdog.clockMovedAt > 3600_000)
    watchdog.fail(`(d) ${watchdog.automatic.length} automatic failovers within an hour`);
}

function isSeen(sim: Simulation, node: SimNode): boolean {
  return bothWays(sim.world, controllerOf(sim.world), node.index);
}

function isHealthy(sim: Simulation, node: SimNode): boolean {
  return node.process === 'up' && !node.erring && !node.full && node.slowSeconds < 1 && isSeen(sim, node);
}

/** (c) With most nodes well there is a writer, or a page whose reason is true; (e) two writers page; (f) the rightful one is not fenced. */
export function checkNow(sim: Simulation): void {
  const { world, watchdog, controller } = sim;
  const { intervalSeconds, timeoutSeconds, commandTimeoutSeconds } = world.scenario;
  const isWell = controller.alive && world.nodes.filter((node) => isHealthy(sim, node)).length * 2 > world.nodes.length;
  if (!isWell) watchdog.healthySince = null;
  else watchdog.healthySince ??= world.t;
  const decision = controller.decision;
  if (decision?.page === true) watchdog.pagedAt = world.t;
  const journal = controller.journal;
  if (
    decision?.action === 'fence' &&
    decision.act &&
    decision.node === sim.rightful &&
    world.nodes.some(({ name }) => name === sim.rightful)
  )
    return watchdog.fail(`(f) the rightful primary ${decision.node} is fenced: ${decision.reasons.join('; ')}`);
  const writers = world.nodes.filter(writes);
  if (writers.filter((node) => isHealthy(sim, node)).length < 2 || journal !== null || !controller.alive)
    watchdog.twoSince = null;
  else watchdog.twoSince ??= world.t;
  const twoMs = watchdog.twoSince === null ? 0 : world.t - watchdog.twoSince;
  if (
    twoMs > (intervalSeconds + 2 * timeoutSeconds) * 1000 + 1 &&
    decision?.page !== true &&
    decision?.action !== 'fence'
  )
    return watchdog.fail(
      `(e) ${writers.map(({ name }) => name).join(' and ')} take writes for ${twoMs / 1000} s and nobody is called`,
    );
  if (writers.length > 0 || watchdog.healthySince === null) {
    if (writers.length > 0 && watchdog.healthySince !== null) watchdog.healthySince = world.t;
    return;
  }
  const longMs = (10 * detectionSeconds(world.scenario) + 3 * commandTimeoutSeconds) * 1000;
  if (world.t - watchdog.healthySince < longMs || controller.running || decision === null) return;
  // While probes begin to fail nothing is known yet: a page may pause for as long as it takes to lose a node.
  const pausedMs = world.t - watchdog.pagedAt;
  if (!decision.page && pausedMs > detectionSeconds(world.scenario) * 1000)
    return watchdog.fail(`(c) no writer, and nobody is called: ${decision.reasons.join('; ')}`);
  // A reason is of the moment at which it was said.
  const wrong = controller.lookedAt === world.t ? untrue(sim, decision.reasons) : null;
  if (wrong !== null) watchdog.fail(`(c) no writer, and the reason is not true: ${wrong}`);
}

/** A reason that does not hold in the world; null: none of those that can be looked up. */
function untrue(sim: Simulation, reasons: readonly string[]): string | null {
  const { world, controller } = sim;
  const node = (name: string | undefined): SimNode | undefined => world.nodes.find((one) => one.name === name);
  for (const reason of reasons) {
    const receives = /^(\w) still receives from it/.exec(reason);
    const standby = node(receives?.[1]);
    if (standby !== undefined && streams(world, standby) === null && world.t - standby.lastHeard > 30_000)
      return reason;
    const [, who, what] = /^(\w): (.*)$/.exec(reason) ?? [];
    const rejected = node(who);
    if (rejected !== undefined && what !== undefined) {
      const answers = isHealthy(sim, rejected);
      if (/last probe was (not answered|refused)/.test(what) && answers) return reason;
      if (/taken out/.test(what) && !controller.kept.fences.some((fence) => fence.node === who)) return reason;
      if (/it is no standby/.test(what) && rejected.role === 'standby') return reason;
      if (/timeline is not known|is not known whether its data/.test(what) && answers) return reason;
    }
    if (/no other node answers/.test(reason)) return reason;
    const flapping = /^flapping: (\d+)/.exec(reason);
    if (flapping !== null && Number(flapping[1]) > controller.kept.history.filter((h) => h.automatic).length)
      return reason;
  }
  return null;
}
