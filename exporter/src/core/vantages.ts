import type { BalancerFacts, NodeProbe, Vantage } from '../contract/failover.ts';
import type { IsoTime } from '../contract/observed.ts';

/** What others see of a node: one place that cannot reach it has lost it for itself only. */

/** A standby that heard from the primary so recently vouches for it; PostgreSQL says something at least at every heartbeat. */
const vouchesSeconds = 10;

/** `primary` null: there is none, as where all serve; the load balancer still sees each node. */
export function vantagesOf(
  primary: string | null,
  probes: ReadonlyMap<string, NodeProbe>,
  balancer: { readonly at: IsoTime; readonly value: BalancerFacts } | null,
  intervalSeconds: number,
): readonly Vantage[] {
  const found: Vantage[] = [];
  for (const [node, probe] of probes) {
    if (primary === null || node === primary || probe.role !== 'standby') continue;
    found.push(fromStandby(node, primary, probe, Math.min(vouchesSeconds, intervalSeconds * 3)));
  }
  for (const server of balancer?.value.servers ?? [])
    found.push({
      from: 'balancer',
      about: server.node,
      // Out by somebody's will, or looked at by a mere connection, it says nothing about the node being well.
      alive: server.state === 'down' ? false : server.state === 'up' && server.check === 'speaks' ? true : null,
      at: balancer?.at ?? '',
      detail: `the load balancer has it ${server.state}`,
    });
  return found;
}

function fromStandby(node: string, primary: string, probe: NodeProbe, withinSeconds: number): Vantage {
  const base = { from: node, about: primary, at: probe.at };
  if (probe.upstream !== primary)
    return {
      ...base,
      alive: false,
      detail: `${node} does not receive from it${probe.upstream === null ? '' : `, but from ${probe.upstream}`}`,
    };
  const silent = probe.upstreamSilentSeconds;
  if (silent === null)
    return { ...base, alive: null, detail: `${node} is connected to it; when it last spoke is not known` };
  const heard = `${node} heard from it ${silent.toFixed(1)} s ago`;
  return { ...base, alive: silent <= withinSeconds ? true : null, detail: heard };
}
