import { fail, ok, OpError, toOpError, type Outcome } from '../../contract/errors.ts';
import type { FailoverRecord, FenceProof, NodeFence, NodeProbe, PredictedLoss } from '../../contract/failover.ts';
import { whyNotPromote } from '../../core/failover.ts';
import type { Phase, Transition } from '../../core/transitions.ts';
import type { FailoverCluster, FailoverContext, FailoverEngine, FailoverNode } from '../../engines/failover/port.ts';
import type { Clock, Log } from '../../ports/index.ts';
import type { Lease } from '../lease.ts';
import { withFence, withoutFence, type FailoverMemory } from './kept.ts';
import type { FailoverWatch, WatchedCluster } from './watch.ts';

/** One move of a primary, or of one node, while it goes on. Each phase looks at what is there first, so that it can be made again. */
export interface Takeover {
  readonly transition: Transition;
  readonly operationId: string;
  readonly watched: WatchedCluster;
  /** Who serves, or served; of a fence or a rejoin the node itself. Null: nobody knows. */
  readonly from: FailoverNode | null;
  /** Who takes over; of a rejoin whom the node follows. */
  readonly to: FailoverNode | null;
  readonly force: boolean;
  /** A person asked for it. */
  readonly manual: boolean;
  readonly allowClone: boolean;
  readonly loss: PredictedLoss | null;
  /** Position the old primary ended at, once it is known. */
  lastBytes: number | null;
  /** The load balancer has said that it sends nobody to `from`. */
  isCutOff: boolean;
  proof: FenceProof | null;
  /** What went wrong beside the move itself. */
  readonly warnings: string[];
}

export interface TakeoverDeps {
  readonly clock: Clock;
  readonly log: Log;
  readonly memory: FailoverMemory;
  readonly lease: Lease;
  readonly watch: Pick<FailoverWatch, 'look'>;
}

/** Why the candidate must not be promoted any more, by a fresh look; null: nothing speaks against it. */
async function whyNotAnyMore(
  deps: TakeoverDeps,
  { transition, force, watched, operationId }: Takeover,
  candidate: FailoverNode,
  signal: AbortSignal,
): Promise<string | null> {
  if (force) return null;
  const look = await deps.watch.look(watched.cluster.service, signal, operationId);
  if (!look.ok) return look.error.message;
  const wanted = { candidate: candidate.name, planned: transition.kind === 'switchover' };
  return whyNotPromote(look.value.view, watched.policy, wanted, deps.clock.now());
}

type Effect = (deps: TakeoverDeps, move: Takeover, context: FailoverContext) => Promise<Outcome<unknown>>;

/** What each phase is called in the journal; a restart finds them again by these words. */
export const phaseWords: Readonly<Record<Phase, string>> = {
  check: 'look at every node',
  drain: 'let no new client in',
  cut_off: 'cut the old primary off at the load balancer',
  fence: 'fence the old primary',
  demote: 'stop the old primary in order',
  catch_up: 'wait for the rest of the log',
  promote: 'promote the new primary',
  hand_over: 'let the product move the primary',
  repoint: 'point the other standbys at it',
  rejoin: 'bring the node back as a standby',
  admit: 'open the load balancer to it',
  verify: 'see that exactly one node takes writes',
};

const effects: Readonly<Record<Phase, Effect>> = {
  check,
  drain: async (deps, move, context) => balance(deps, move, context, 'drain'),
  cut_off: async (deps, move, context) => balance(deps, move, context, 'cutOff'),
  fence,
  demote,
  catch_up: catchUp,
  promote,
  hand_over: handOver,
  repoint,
  rejoin,
  admit,
  verify,
};

/** Errors: those of the engine; `failover_held` where another exporter holds the lease by now. */
export async function makePhase(
  deps: TakeoverDeps,
  move: Takeover,
  phase: Phase,
  context: FailoverContext,
): Promise<Outcome<unknown>> {
  // Read again right before each effect: another exporter may have taken over while the phase before went on.
  if ((await deps.lease.holder()) === null)
    return fail('failover_held', 'another exporter holds the lease now; nothing more is done here');
  return effects[phase](deps, move, context);
}

const need = (node: FailoverNode | null, what: string): FailoverNode => {
  if (node === null) throw new OpError('no_candidate', `no node is known as ${what}`);
  return node;
};

async function check(deps: TakeoverDeps, move: Takeover, context: FailoverContext): Promise<Outcome<unknown>> {
  const look = await deps.watch.look(move.watched.cluster.service, context.signal, move.operationId);
  if (!look.ok) return look;
  const seen = look.value.view.nodes.map(({ name, probe }) => `${name}: ${probeInWords(probe)}`);
  context.note(seen.join('; '));
  return ok(undefined);
}

export function probeInWords(probe: NodeProbe | null): string {
  if (probe === null) return 'not asked yet';
  if (probe.reach === 'refused') return 'refuses connections';
  if (probe.reach === 'silent') return 'does not answer';
  if (probe.reach === 'failed') return `answers with an error${probe.problem === null ? '' : ` (${probe.problem})`}`;
  const writes = probe.writable === null ? '' : probe.writable ? ', takes writes' : ', takes no writes';
  return `${probe.role ?? 'role not known'}${writes}`;
}

/** A broken load balancer must not keep a service down whose old primary is proven not to write; a planned move can wait for its mend. */
async function balance(
  _deps: TakeoverDeps,
  move: Takeover,
  context: FailoverContext,
  how: 'drain' | 'cutOff',
): Promise<Outcome<unknown>> {
  const { balancer, serverNames } = move.watched;
  if (balancer === null || move.from === null) return ok(undefined);
  const done = await balancer[how](serverNames.get(move.from.name) ?? move.from.name, context.signal);
  if (done.ok) {
    const ended = done.value?.ended;
    if (ended !== undefined) context.note(`${ended} session(s) ended`);
    move.isCutOff = how === 'cutOff';
    return ok(undefined);
  }
  if (move.transition.kind === 'switchover') return done;
  move.warnings.push(`load balancer: ${done.error.message}`);
  context.note(`not done: ${done.error.message}`);
  return ok(undefined);
}

async function fence(deps: TakeoverDeps, move: Takeover, context: FailoverContext): Promise<Outcome<unknown>> {
  const { engine, cluster } = move.watched;
  const node = need(move.from, 'the one to fence');
  const remember = (proof: FenceProof | null) =>
    deps.memory.change(cluster.service, (kept) => withFence(kept, fenceOf(deps, move, node, proof)));
  // Out of the pool before anything is done to it: a crash from here on must not find it eligible.
  await remember(null);
  const member = isMember(move);
  if (member && !move.manual) return takeOut(deps, move, node, context);
  const proven = await fencedOrDown(engine, cluster, node, move, context);
  if (proven.ok) {
    move.proof = proven.value;
    context.note(`${proven.value.method}: ${proven.value.detail} (${proven.value.seconds.toFixed(2)} s)`);
    await remember(proven.value);
    return ok(undefined);
  }
  if (proven.error.code !== 'fencing_unproven' || !(move.force || member)) return proven;
  move.warnings.push(`not proven to be down: ${proven.error.message}`);
  if (member) return takeOut(deps, move, node, context);
  context.note(`not proven (${proven.error.message}); a person said to go on`);
  return ok(undefined);
}

/** All serve: a node is a member, and no role moves. */
const isMember = ({ watched }: Takeover): boolean => watched.policy.strategy !== 'active_passive';

/** A member is out when it says so itself, or when the load balancer sends nobody to it: it need not be stopped for that. */
async function takeOut(
  deps: TakeoverDeps,
  move: Takeover,
  node: FailoverNode,
  context: FailoverContext,
): Promise<Outcome<unknown>> {
  const { engine, cluster } = move.watched;
  const told = await engine.demote(cluster, node, context);
  if (told.ok) return told;
  if (move.isCutOff) {
    context.note(`cut off at the load balancer only: ${told.error.message}`);
    return ok(undefined);
  }
  // It goes on serving: what is not out must not be taken for it, or nobody would try again.
  await deps.memory.change(cluster.service, (kept) => withoutFence(kept, node.name));
  return told;
}

function fenceOf(deps: TakeoverDeps, move: Takeover, node: FailoverNode, proof: FenceProof | null): NodeFence {
  const since = deps.clock.now().toISOString();
  const manual = move.manual && move.transition.kind === 'fence';
  return { node: node.name, since, operationId: move.operationId, proof, manual };
}

/** That nothing runs now does not keep anybody from starting it in a second: it is fenced all the same where that can be done. */
async function fencedOrDown(
  engine: FailoverEngine,
  cluster: FailoverCluster,
  node: FailoverNode,
  move: Takeover,
  context: FailoverContext,
): Promise<Outcome<FenceProof>> {
  const fenced = await engine.fence(cluster, node, context);
  if (fenced.ok) return fenced;
  const down = await engine.provenDown(cluster, node, context);
  if (down === null) return fenced;
  move.warnings.push(`${node.name} is down, and nothing keeps it from being started again: ${fenced.error.message}`);
  return ok(down);
}

async function demote(deps: TakeoverDeps, move: Takeover, context: FailoverContext): Promise<Outcome<unknown>> {
  const { engine, cluster } = move.watched;
  const node = need(move.from, 'the primary');
  const done = await engine.demote(cluster, node, context);
  if (!done.ok) return done;
  move.lastBytes = done.value.lastBytes;
  const out = fenceOf(deps, move, node, null);
  await deps.memory.change(cluster.service, (kept) => ({
    ...withFence(kept, out),
    moving: kept.moving === null ? null : { ...kept.moving, lastBytes: done.value.lastBytes },
  }));
  return ok(undefined);
}

const pollMs = 20;

/** All that the old primary wrote is received, or the planned move is off: nothing may be lost in it. */
async function catchUp(deps: TakeoverDeps, move: Takeover, context: FailoverContext): Promise<Outcome<unknown>> {
  const { engine, cluster } = move.watched;
  const node = need(move.to, 'the candidate');
  if (move.lastBytes === null) return ok(undefined);
  const untilMs = performance.now() + cluster.timeoutSeconds * 1000;
  for (;;) {
    const { receivedBytes } = await engine.probe(cluster, node, context.signal);
    if (receivedBytes !== null && receivedBytes >= move.lastBytes) return ok(undefined);
    if (context.signal.aborted) return fail('cancelled', 'cancelled while waiting for the log');
    if (performance.now() > untilMs)
      return fail(
        'failover_failed',
        `${node.name} lacks ${receivedBytes === null ? 'an unknown part' : `${move.lastBytes - receivedBytes} B`} of the log after ${cluster.timeoutSeconds} s`,
      );
    await deps.clock.sleep(pollMs, context.signal);
  }
}

async function promote(deps: TakeoverDeps, move: Takeover, context: FailoverContext): Promise<Outcome<unknown>> {
  const { engine, cluster } = move.watched;
  const node = need(move.to, 'the candidate');
  const against = await whyNotAnyMore(deps, move, node, context.signal);
  if (against !== null) return fail('failover_held', against);
  const done = await engine.promote(cluster, node, context);
  if (!done.ok) {
    await doubtPromotion(deps, move, node);
    return done;
  }
  context.note(done.value.detail);
  await deps.memory.change(cluster.service, (kept) => ({ ...withoutFence(kept, node.name), primary: node.name }));
  return ok(undefined);
}

/** Begun and without a proof of its end: nobody else may be promoted until this one is seen as a standby, or proven to be down. */
async function doubtPromotion(deps: TakeoverDeps, move: Takeover, node: FailoverNode): Promise<void> {
  const doubted = fenceOf(deps, move, node, null);
  await deps.memory.change(move.watched.cluster.service, (kept) => withFence(kept, doubted));
}

async function handOver(deps: TakeoverDeps, move: Takeover, context: FailoverContext): Promise<Outcome<unknown>> {
  const { engine, cluster } = move.watched;
  const node = need(move.to, 'the candidate');
  const planned = move.transition.kind === 'switchover';
  const done = await engine.handOver(cluster, { planned, from: move.from, candidate: node }, context);
  if (!done.ok) return done;
  context.note(done.value.detail);
  await deps.memory.change(cluster.service, (kept) => ({ ...withoutFence(kept, node.name), primary: node.name }));
  return ok(undefined);
}

/** A standby that cannot be told is left out and said so: the new primary must not wait for it. */
async function repoint(deps: TakeoverDeps, move: Takeover, context: FailoverContext): Promise<Outcome<unknown>> {
  const { engine, cluster } = move.watched;
  const primary = need(move.to, 'the new primary');
  const { fences } = deps.memory.of(cluster.service);
  const others = cluster.nodes.filter(
    ({ name }) => name !== primary.name && name !== move.from?.name && !fences.some(({ node }) => node === name),
  );
  const told = await Promise.all(
    others.map(async (node) => {
      const quiet = { ...context, note: () => undefined };
      const done = await engine.follow(cluster, node, primary, quiet).catch((thrown: unknown) => ({
        ok: false as const,
        error: toOpError(thrown),
      }));
      if (!done.ok) move.warnings.push(`${node.name} does not follow: ${done.error.message}`);
      return `${node.name}: ${done.ok ? done.value : done.error.message}`;
    }),
  );
  if (told.length > 0) context.note(told.join('; '));
  return ok(undefined);
}

async function rejoin(deps: TakeoverDeps, move: Takeover, context: FailoverContext): Promise<Outcome<unknown>> {
  const { engine, cluster } = move.watched;
  const planned = move.transition.kind === 'switchover';
  const node = need(move.from, 'the node');
  const primary = need(move.to, 'the primary');
  const done = await engine.rejoin(cluster, node, primary, { allowClone: move.allowClone }, context);
  if (!done.ok) {
    if (!planned) return done;
    // The service is served by the new primary; the old one stays out until it is brought back.
    move.warnings.push(`${node.name} did not come back: ${done.error.message}`);
    context.note(`not done: ${done.error.message}`);
    return ok(undefined);
  }
  context.note(done.value);
  // A member is in when the load balancer has let it in: until then whoever starts anew has to find that it is out.
  if (!isMember(move) || move.watched.balancer === null)
    await deps.memory.change(cluster.service, (kept) => withoutFence(kept, node.name));
  return ok(undefined);
}

/** With one writer only that one is let in; where all serve, the node that came back is. */
async function admit(deps: TakeoverDeps, move: Takeover, context: FailoverContext): Promise<Outcome<unknown>> {
  const { balancer, serverNames, cluster } = move.watched;
  if (balancer === null) return ok(undefined);
  const server = (name: string): string => serverNames.get(name) ?? name;
  if (move.transition.kind === 'rejoin') {
    if (move.from === null || !isMember(move)) return ok(undefined);
    const { name } = move.from;
    const done = await balancer.admit(server(name), context.signal);
    if (done.ok) await deps.memory.change(cluster.service, (kept) => withoutFence(kept, name));
    return done;
  }
  const node = move.to;
  if (node === null) return ok(undefined);
  const others = isMember(move) ? [] : cluster.nodes.filter(({ name }) => name !== node.name);
  const problems: string[] = [];
  // A standby that a check takes for well would get writers, too.
  for (const { name } of others) {
    const out = await balancer.cutOff(server(name), context.signal);
    if (!out.ok) problems.push(out.error.message);
  }
  const done = await balancer.admit(server(node.name), context.signal);
  if (!done.ok) problems.push(done.error.message);
  for (const problem of problems) move.warnings.push(`load balancer: ${problem}`);
  if (problems.length > 0) context.note(`not all done: ${problems.join('; ')}`);
  return ok(undefined);
}

/** Looks until it holds: a load balancer's own checks take their time. */
async function verify(deps: TakeoverDeps, move: Takeover, context: FailoverContext): Promise<Outcome<unknown>> {
  const { cluster, engine, policy } = move.watched;
  const untilMs = performance.now() + cluster.timeoutSeconds * 1000;
  for (;;) {
    const probes = await Promise.all(
      cluster.nodes.map(async (node) => [node.name, await engine.probe(cluster, node, context.signal)] as const),
    );
    const problem = verified(move, new Map(probes), policy.strategy === 'active_passive');
    if (problem === null) return ok(undefined);
    if (context.signal.aborted) return fail('cancelled', 'cancelled while looking');
    if (performance.now() > untilMs) return fail('failover_failed', problem);
    await deps.clock.sleep(pollMs, context.signal);
  }
}

/** What does not hold yet; null: all of it does. */
export function verified(move: Takeover, probes: ReadonlyMap<string, NodeProbe>, oneWriter: boolean): string | null {
  const writers = [...probes].filter(([, probe]) => probe.writable === true).map(([name]) => name);
  const { kind } = move.transition;
  const own = move.from === null ? undefined : probes.get(move.from.name);
  if (kind === 'rejoin') {
    const isBack = own?.reach === 'answered' && (!oneWriter || (own.role === 'standby' && own.writable === false));
    return isBack ? null : `${move.from?.name ?? 'the node'} ${probeInWords(own ?? null)}`;
  }
  // A member that was only cut off at the load balancer may go on taking writes of others; one whose fence is proven does not answer.
  if (!oneWriter) return null;
  if (kind === 'fence') return own?.writable === true ? `${move.from?.name ?? 'the node'} still takes writes` : null;
  if (writers.length === 1 && writers[0] === move.to?.name) return null;
  return writers.length === 0 ? 'no node takes writes' : `${writers.join(' and ')} take writes`;
}

/** A planned move waits for all of it; what an unplanned one lost is known only from the old primary's log. */
export function measuredLoss({ transition, lastBytes }: Takeover): number | null {
  return transition.kind === 'switchover' && lastBytes !== null ? 0 : null;
}

export interface PhaseTime {
  readonly name: string;
  readonly seconds: number;
}

export function recordOf(
  move: Takeover,
  automatic: boolean,
  times: readonly PhaseTime[],
  ends: { readonly startedAt: string; readonly endedAt: string; readonly succeeded: boolean; readonly reason: string },
): FailoverRecord {
  return {
    operationId: move.operationId,
    kind: move.transition.kind,
    automatic,
    from: move.from?.name ?? null,
    to: move.to?.name ?? null,
    ...ends,
    seconds: Math.max(0, (Date.parse(ends.endedAt) - Date.parse(ends.startedAt)) / 1000),
    phases: times,
    loss: {
      predictedBytes: move.loss?.bytes ?? null,
      measuredBytes: ends.succeeded ? measuredLoss(move) : null,
    },
  };
}
