import type { FailoverDecision, FailoverView, NodeFence } from '../../contract/failover.ts';
import type { NodeSight, Phase, Seen, Transition } from '../transitions.ts';
import { chooseCandidate } from '../failover.ts';
import type { Simulation } from './simulation.ts';
import { atPhase } from './faults.ts';
import { balancerFacts, probe, type Kept } from './sight.ts';
import { runPhase } from './phases.ts';
import { bothWays, controllerOf, nodeAt, type SimNode } from './world.ts';

/** The exporter: probes, decides with the product's own functions, keeps a journal, dies and comes back. */

export interface Journal {
  readonly id: string;
  readonly transition: Transition;
  readonly from: string;
  readonly to: string | null;
  readonly automatic: boolean;
  readonly forced: boolean;
  readonly decidedAt: number;
  readonly predictedBytes: number | null;
  readonly begun: Phase[];
  /** Replaced when it goes on after a crash. */
  done: Phase[];
  lastBytes: number | null;
  /** A promotion has left for the candidate. */
  sent: boolean;
}

export interface Controller {
  alive: boolean;
  /** Counts its lives: what one life began is not continued by the next without a look. */
  life: number;
  clockOffsetMs: number;
  kept: Kept;
  journal: Journal | null;
  /** The journal's operation is being made by this life. */
  running: boolean;
  view: FailoverView | null;
  decision: FailoverDecision | null;
  /** When it last looked. */
  lookedAt: number;
  said: string;
}

export function createController(): Controller {
  return {
    alive: true,
    life: 0,
    clockOffsetMs: 0,
    kept: { primary: 'a', fences: [], history: [] },
    journal: null,
    running: false,
    view: null,
    decision: null,
    lookedAt: 0,
    said: '',
  };
}

const epochMs = Date.UTC(2026, 0, 1);
export const clockOf = ({ world, controller }: Simulation): Date =>
  new Date(epochMs + world.t + controller.clockOffsetMs);

export function nodeNamed({ world }: Simulation, name: string | null): SimNode | null {
  return world.nodes.find((node) => node.name === name) ?? null;
}

export function setFence(sim: Simulation, node: string, proof: NodeFence['proof']): void {
  const { controller } = sim;
  const fences = controller.kept.fences.filter((fence) => fence.node !== node);
  const fence = {
    node,
    since: clockOf(sim).toISOString(),
    operationId: controller.journal?.id ?? '',
    proof,
    manual: false,
  };
  controller.kept = { ...controller.kept, fences: [...fences, fence] };
}

export function clearFence({ controller }: Simulation, node: string): void {
  controller.kept = { ...controller.kept, fences: controller.kept.fences.filter((fence) => fence.node !== node) };
}

/** One round of probes and one decision. */
export function look(sim: Simulation): FailoverDecision {
  const { world, controller, brain } = sim;
  const now = clockOf(sim);
  const at = now.toISOString();
  const round = new Map(world.nodes.map((node) => [node.name, probe(world, node, at)]));
  const running = controller.running ? (controller.journal?.transition.kind ?? null) : null;
  const input = { round, kept: controller.kept, balancer: balancerFacts(world, at), running, now };
  const { primary, view } = brain.look(input);
  if (!controller.running) controller.kept = { ...controller.kept, primary };
  controller.view = view;
  controller.decision = brain.decide(view, now);
  controller.lookedAt = world.t;
  sim.stats.looks += 1;
  return controller.decision;
}

function say(sim: Simulation, decision: FailoverDecision): void {
  const said = `${decision.action} ${decision.node} ${decision.candidate} ${decision.act} ${decision.page}`;
  if (said === sim.controller.said) return;
  sim.controller.said = said;
  sim.note(`decides ${decision.action}${decision.act ? '' : ' (not done)'}: ${decision.reasons.join('; ')}`);
  if (decision.action === 'hold') sim.stats.holds += 1;
}

export function tick(sim: Simulation): void {
  const { controller } = sim;
  if (!controller.alive) return;
  const decision = look(sim);
  say(sim, decision);
  if (controller.journal !== null && !controller.running) return recover(sim, controller.journal);
  if (!decision.act || controller.running || decision.node === null) return;
  if (decision.action === 'failover' && decision.candidate !== null)
    return begin(sim, 'failover', decision.node, decision.candidate, { automatic: true, forced: false });
  if (decision.action === 'fence') begin(sim, 'fence', decision.node, null, { automatic: true, forced: false });
}

export function begin(
  sim: Simulation,
  kind: Transition['kind'],
  from: string,
  to: string | null,
  how: { readonly automatic: boolean; readonly forced: boolean },
): void {
  const { controller, world } = sim;
  controller.journal = {
    id: `op${sim.stats.operations}`,
    transition: { kind, managed: false, balancer: world.scenario.balancer !== null },
    from,
    to,
    ...how,
    decidedAt: world.t,
    predictedBytes: controller.decision?.loss?.bytes ?? null,
    begun: [],
    done: [],
    lastBytes: null,
    sent: false,
  };
  sim.stats.operations += 1;
  controller.running = true;
  sim.note(`begins ${kind} ${from} -> ${to ?? ''}${how.forced ? ' (forced)' : ''}`);
  step(sim, controller.journal);
}

/** Begins the next phase; the journal knows of it before anything is done. */
export function step(sim: Simulation, journal: Journal): void {
  atPhase(sim);
  if (!sim.controller.running) return;
  const phase = sim.brain.next(journal.transition, journal.done);
  if (phase === null) return end(sim, true, 'done');
  if (!journal.begun.includes(phase)) journal.begun.push(phase);
  const { life } = sim.controller;
  runPhase(sim, journal, phase, (problem) => {
    const { controller } = sim;
    // Another life, or nobody, has the journal now.
    if (!controller.alive || controller.life !== life || controller.journal !== journal) return;
    if (problem !== null) return giveUp(sim, journal, `${phase}: ${problem}`);
    atPhase(sim);
    // It died between the effect and the line in the journal.
    if (!controller.alive || controller.life !== life) return;
    journal.done.push(phase);
    step(sim, journal);
  });
}

export function crash(sim: Simulation, ms: number): void {
  const { controller } = sim;
  if (!controller.alive) return;
  sim.note(
    `the controller dies${controller.running ? ` in ${controller.journal?.begun.at(-1) ?? 'an operation'}` : ''}`,
  );
  sim.stats.crashes += 1;
  controller.alive = false;
  controller.life += 1;
  controller.running = false;
  sim.brain.reset();
  sim.after(ms, () => {
    controller.alive = true;
    controller.said = '';
    sim.note('the controller is back');
    sim.restartTicks();
  });
}

function sightOf(sim: Simulation, name: string | null): NodeSight {
  const node = nodeNamed(sim, name);
  const seen = sim.controller.view?.nodes.find((one) => one.name === name)?.probe ?? null;
  if (node === null) return 'unknown';
  if (seen?.reach === 'answered')
    return seen.writable === true ? 'writes' : seen.role === 'standby' ? 'follows' : 'unknown';
  const asked = sim.world.scenario.outOfBandFence || bothWays(sim.world, controllerOf(sim.world), node.index);
  return asked && node.process === 'down' && node.disabled ? 'down' : 'unknown';
}

function seenNow(sim: Simulation, journal: Journal): Seen {
  const third = sim.controller.view?.nodes.some(
    ({ name, probe: p }) =>
      name !== journal.from && name !== journal.to && p?.reach === 'answered' && p.writable === true,
  );
  return {
    from: sightOf(sim, journal.from),
    to: sightOf(sim, journal.to),
    thirdWrites: third === true,
    begun: journal.begun,
  };
}

function recover(sim: Simulation, journal: Journal): void {
  const { brain, controller } = sim;
  const seen = seenNow(sim, journal);
  const verdict = brain.afterCrash(journal.transition, journal.done, seen);
  sim.stats.recoveries += 1;
  sim.note(`after the crash: ${verdict} (from ${seen.from}, to ${seen.to}, begun ${journal.begun.join(' ')})`);
  controller.running = true;
  if (verdict === 'finished') return end(sim, true, 'had ended');
  if (verdict === 'roll_back') return giveUp(sim, journal, 'rolled back after a crash');
  journal.done = [...brain.keptAfterCrash(journal.transition, journal.done, seen)];
  step(sim, journal);
}

/** A phase failed, or a crash is rolled back: what can be undone is. */
function giveUp(sim: Simulation, journal: Journal, why: string): void {
  const { controller, brain } = sim;
  look(sim);
  const back = brain.wayBack(journal.transition, seenNow(sim, journal));
  const from = nodeNamed(sim, journal.from);
  for (const phase of back) {
    if (from === null) break;
    if (phase === 'drain' || phase === 'cut_off') sim.admit(from);
    if (phase === 'demote' && !sim.startAgain(from)) break;
    if (phase === 'demote') clearFence(sim, from.name);
  }
  if (journal.sent && journal.to !== null && !journal.done.includes('promote')) setFence(sim, journal.to, null);
  end(sim, false, why);
  controller.said = '';
}

function end(sim: Simulation, succeeded: boolean, why: string): void {
  const { controller } = sim;
  const { journal } = controller;
  if (journal === null) return;
  sim.note(`ends ${journal.transition.kind}: ${succeeded ? 'succeeded' : `failed, ${why}`}`);
  const { kind } = journal.transition;
  if (kind === 'failover' || kind === 'switchover') {
    const record = { endedAt: clockOf(sim).toISOString(), succeeded, automatic: journal.automatic };
    controller.kept = { ...controller.kept, history: [record, ...controller.kept.history].slice(0, 20) };
    if (succeeded) sim.stats[kind === 'failover' ? 'failovers' : 'switchovers'] += 1;
  }
  controller.journal = null;
  controller.running = false;
  // What was decided while it ran says nothing about now.
  controller.decision = null;
}

/** A person asks: planned, or forced past every proof. */
export function ask(sim: Simulation, kind: 'switchover' | 'failover'): void {
  const { controller } = sim;
  if (!controller.alive || controller.journal !== null || controller.view === null) return;
  const { policy } = sim.world.scenario;
  const forced = kind === 'failover';
  const bound = forced ? { ...policy, maxLossBytes: Infinity, maxLossSeconds: Infinity } : policy;
  const { candidate } = chooseCandidate(controller.view, bound, clockOf(sim));
  const primary = controller.view.nodes.find(({ name }) => name === controller.view?.primary);
  if (candidate === null || primary === undefined) return;
  if (!forced && primary.probe?.writable !== true) return;
  if (forced) sim.tainted = true;
  begin(sim, kind, primary.name, candidate.name, { automatic: false, forced });
}

export const nodeOf = (sim: Simulation, index: number): SimNode => nodeAt(sim.world, index);
