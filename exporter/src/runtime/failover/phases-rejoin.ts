import { ok, type Outcome } from '../../contract/errors.ts';
import type { FailoverContext } from '../../engines/failover/port.ts';
import { withoutFence } from './kept.ts';
import { isMember, need, type Takeover, type TakeoverDeps } from './move.ts';

// The phases that bring a node back and let clients in.

export async function rejoin(deps: TakeoverDeps, move: Takeover, context: FailoverContext): Promise<Outcome<unknown>> {
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
export async function admit(deps: TakeoverDeps, move: Takeover, context: FailoverContext): Promise<Outcome<unknown>> {
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
