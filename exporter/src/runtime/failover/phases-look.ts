import { fail, ok, type Outcome } from '../../contract/errors.ts';
import type { NodeProbe } from '../../contract/failover.ts';
import type { FailoverContext } from '../../engines/failover/port.ts';
import { pollMs, type Takeover, type TakeoverDeps } from './move.ts';

// The phases that only look: before a move, and at its end.

export async function check(deps: TakeoverDeps, move: Takeover, context: FailoverContext): Promise<Outcome<unknown>> {
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

/** Looks until it holds: a load balancer's own checks take their time. */
export async function verify(deps: TakeoverDeps, move: Takeover, context: FailoverContext): Promise<Outcome<unknown>> {
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
