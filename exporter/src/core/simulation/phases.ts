import type { Phase } from '../transitions.ts';
import { clearFence, clockOf, look, nodeNamed, setFence, type Journal } from './controller.ts';
import type { Simulation } from './simulation.ts';
import { bothWays, canReach, controllerOf, fits, balancerOf, rejoin, writes, type SimNode } from './world.ts';

/** Null: the phase is done. Else what went wrong. */
type Settle = (problem: string | null) => void;
type Effect = (sim: Simulation, journal: Journal, from: SimNode, to: SimNode | null, settle: Settle) => void;

const reaches = ({ world }: Simulation, node: SimNode): boolean => bothWays(world, controllerOf(world), node.index);

/** A command is on its way for a while, does its work if it gets through, and is answered if the way back is open. */
function call(sim: Simulation, lastsMs: number, effect: () => void, answered: () => void): void {
  const half = Math.max(1, Math.floor(lastsMs / 2));
  sim.after(half, effect);
  sim.after(2 * half, answered);
}

const check: Effect = (sim, journal, from, to, settle) => {
  sim.after(10, () => {
    look(sim);
    const { view } = sim.controller;
    const seen = (node: SimNode | null) => view?.nodes.find(({ name }) => name === node?.name)?.probe ?? null;
    const third = view?.nodes.find(
      ({ name, probe }) => name !== from.name && name !== to?.name && probe?.writable === true,
    );
    const moves = journal.transition.kind === 'failover' || journal.transition.kind === 'switchover';
    if (moves && third !== undefined) return settle(`${third.name} takes writes`);
    if (journal.transition.kind === 'switchover' && !journal.begun.includes('demote') && seen(from)?.writable !== true)
      return settle('the primary does not take writes');
    settle(null);
  });
};

/** Through the load balancer's own interface. A planned move waits for its mend; an unplanned one goes on without it. */
function throughBalancer(change: (sim: Simulation, from: SimNode, to: SimNode | null) => void, must: boolean): Effect {
  return (sim, _journal, from, to, settle) => {
    const { world } = sim;
    let isDone = false;
    call(
      sim,
      20,
      () => {
        if (world.balancerDown || !canReach(world, controllerOf(world), balancerOf(world))) return;
        change(sim, from, to);
        isDone = true;
      },
      () => settle(!isDone && must ? 'the load balancer does not answer' : null),
    );
  };
}

/** What its host does when it is told to stop the node for good; false: nothing. */
function stopForGood(sim: Simulation, node: SimNode): void {
  node.process = 'down';
  node.disabled = true;
  node.restartAt = null;
  node.promotionPending = false;
  sim.note(`${node.name} is stopped`);
}

const fence: Effect = (sim, journal, from, _to, settle) => {
  const { world, random } = sim;
  setFence(sim, from.name, null);
  const gets = (): boolean => world.scenario.outOfBandFence || canReach(world, controllerOf(world), from.index);
  const answers = (): boolean => world.scenario.outOfBandFence || reaches(sim, from);
  const lastsMs = sim.fencing === 'slow' ? random.int(5_000, 20_000) : random.int(50, 3_000);
  call(
    sim,
    lastsMs,
    () => {
      // One that lies exits with 0 all the same.
      if (gets() && sim.fencing !== 'fails' && sim.fencing !== 'lies') stopForGood(sim, from);
    },
    () => {
      const proven = answers() && from.process === 'down' && from.disabled;
      if (!proven) return settle(journal.forced ? null : 'not proven to be down');
      setFence(sim, from.name, {
        method: 'command',
        detail: 'down',
        at: clockOf(sim).toISOString(),
        seconds: lastsMs / 1000,
      });
      settle(null);
    },
  );
};

const demote: Effect = (sim, journal, from, _to, settle) => {
  const { world, random } = sim;
  setFence(sim, from.name, null);
  call(
    sim,
    random.int(100, 3_000),
    () => {
      if (!reaches(sim, from) || from.process === 'down') return;
      if (from.process === 'frozen') return;
      // A stop in order sends the rest to every standby that is connected.
      for (const other of world.nodes) {
        const isFed = other.upstream === from.index && other.process === 'up' && !other.stalled;
        if (isFed && bothWays(world, other.index, from.index) && fits(other, from)) {
          other.position = from.position;
          other.history = from.history;
        }
      }
      stopForGood(sim, from);
    },
    () => {
      if (!reaches(sim, from) || from.process !== 'down') return settle('it was not seen to stop');
      from.disabled = true;
      from.restartAt = null;
      journal.lastBytes = from.position;
      settle(null);
    },
  );
};

const catchUp: Effect = (sim, journal, _from, to, settle) => {
  const untilMs = sim.world.t + sim.world.scenario.commandTimeoutSeconds * 1000;
  const again = (): void => {
    if (to !== null && reaches(sim, to) && to.process === 'up' && to.position >= (journal.lastBytes ?? Infinity))
      return settle(null);
    if (sim.world.t > untilMs) return settle('it lacks a part of the log');
    sim.after(500, again);
  };
  sim.after(20, again);
};

const promote: Effect = (sim, journal, _from, to, settle) => {
  if (to === null) return settle('no candidate');
  if (!journal.forced) {
    look(sim);
    const { view } = sim.controller;
    const held =
      view === null
        ? 'no view'
        : sim.brain.whyNotPromote(
            view,
            { candidate: to.name, planned: journal.transition.kind === 'switchover' },
            clockOf(sim),
          );
    if (held !== null) return settle(held);
  }
  journal.sent = true;
  call(
    sim,
    sim.random.int(30, 400),
    () => {
      if (!canReach(sim.world, controllerOf(sim.world), to.index) || to.process === 'down') return;
      if (to.role === 'primary') {
        // Somebody was faster; it is the one that was asked for.
        sim.rightful = to.name;
        return;
      }
      // The signal waits in a frozen process until it thaws.
      if (to.process === 'frozen') to.promotionPending = true;
      else sim.promote(to, journal);
    },
    () => {
      if (!reaches(sim, to) || !writes(to)) return settle('it was not seen to take writes');
      clearFence(sim, to.name);
      sim.controller.kept = { ...sim.controller.kept, primary: to.name };
      settle(null);
    },
  );
};

const repoint: Effect = (sim, _journal, from, to, settle) => {
  sim.after(sim.random.int(50, 2_000), () => {
    for (const node of sim.world.nodes) {
      if (to === null || node === to || node === from || node.role !== 'standby') continue;
      if (reaches(sim, node) && node.process === 'up') node.upstream = to.index;
    }
    settle(null);
  });
};

const rejoinPhase: Effect = (sim, _journal, from, to, settle) => {
  sim.after(sim.random.int(500, 10_000), () => {
    // One that cannot be brought back stays out; the service is served.
    if (to === null || !reaches(sim, from) || !bothWays(sim.world, from.index, to.index) || !writes(to))
      return settle(null);
    if (from.process === 'frozen' || from.role !== 'primary' || writes(from)) return settle(null);
    rejoin(sim.world, from, to);
    clearFence(sim, from.name);
    settle(null);
  });
};

const verify: Effect = (sim, journal, from, to, settle) => {
  const untilMs = sim.world.t + sim.world.scenario.commandTimeoutSeconds * 1000;
  const again = (): void => {
    look(sim);
    const writers =
      sim.controller.view?.nodes.filter(({ probe }) => probe?.writable === true).map(({ name }) => name) ?? [];
    const holds =
      journal.transition.kind === 'fence'
        ? !writers.includes(from.name)
        : writers.length === 1 && writers[0] === to?.name;
    if (holds) return settle(null);
    if (sim.world.t > untilMs) return settle(`${writers.join(', ') || 'nobody'} takes writes`);
    sim.after(1_000, again);
  };
  sim.after(10, again);
};

const effects: Readonly<Record<Phase, Effect>> = {
  check,
  drain: throughBalancer((sim, from) => void sim.world.admitted.delete(from.index), true),
  cut_off: throughBalancer((sim, from) => void sim.world.admitted.delete(from.index), false),
  fence,
  demote,
  catch_up: catchUp,
  promote,
  hand_over: (_sim, _journal, _from, _to, settle) => settle('there is no product'),
  repoint,
  admit: throughBalancer((sim, _from, to) => (sim.world.admitted = new Set(to === null ? [] : [to.index])), false),
  rejoin: rejoinPhase,
  verify,
};

export function runPhase(sim: Simulation, journal: Journal, phase: Phase, settle: Settle): void {
  const from = nodeNamed(sim, journal.from);
  if (from === null) return settle('no such node');
  effects[phase](sim, journal, from, nodeNamed(sim, journal.to), settle);
}
