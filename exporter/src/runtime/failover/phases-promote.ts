import { fail, ok, toOpError, type Outcome } from '../../contract/errors.ts';
import { whyNotPromote } from '../../core/failover.ts';
import type { FailoverContext, FailoverNode } from '../../engines/failover/port.ts';
import { withFence, withoutFence } from './kept.ts';
import { fenceOf, need, pollMs, type Takeover, type TakeoverDeps } from './move.ts';

// The phases that make the candidate the primary.

/** All that the old primary wrote is received, or the planned move is off: nothing may be lost in it. */
export async function catchUp(deps: TakeoverDeps, move: Takeover, context: FailoverContext): Promise<Outcome<unknown>> {
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

export async function promote(deps: TakeoverDeps, move: Takeover, context: FailoverContext): Promise<Outcome<unknown>> {
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

export async function handOver(
  deps: TakeoverDeps,
  move: Takeover,
  context: FailoverContext,
): Promise<Outcome<unknown>> {
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
export async function repoint(deps: TakeoverDeps, move: Takeover, context: FailoverContext): Promise<Outcome<unknown>> {
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
