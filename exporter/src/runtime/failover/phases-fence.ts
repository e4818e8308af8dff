import { ok, type Outcome } from '../../contract/errors.ts';
import type { FenceProof } from '../../contract/failover.ts';
import type { FailoverCluster, FailoverContext, FailoverEngine, FailoverNode } from '../../engines/failover/port.ts';
import { withFence, withoutFence } from './kept.ts';
import { fenceOf, isMember, need, type Takeover, type TakeoverDeps } from './move.ts';

// The phases that take the old primary, or a member, out.

/** A broken load balancer must not keep a service down whose old primary is proven not to write; a planned move can wait for its mend. */
export async function balance(
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

export async function fence(deps: TakeoverDeps, move: Takeover, context: FailoverContext): Promise<Outcome<unknown>> {
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

export async function demote(deps: TakeoverDeps, move: Takeover, context: FailoverContext): Promise<Outcome<unknown>> {
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
