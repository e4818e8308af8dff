import type { NodeProbe } from '../../../contract/failover.ts';
import type { Clock, HttpFetch } from '../../../ports/index.ts';
import type { FailoverCluster, FailoverNode } from '../port.ts';
import { askHealth, unstated, type HealthAnswer } from './health.ts';

/** One GET of the node's health address. Never throws. */
export async function probeService(
  deps: { readonly fetch: HttpFetch; readonly clock: Clock },
  cluster: FailoverCluster,
  node: FailoverNode,
  signal: AbortSignal,
): Promise<NodeProbe> {
  const begun = performance.now();
  const answer = await ask(deps.fetch, cluster, node, signal);
  const { statement } = answer;
  return {
    at: deps.clock.now().toISOString(),
    reach: answer.reach,
    seconds: (performance.now() - begun) / 1000,
    role: statement.role,
    writable: statement.writable,
    timeline: statement.timeline,
    receivedBytes: statement.received_bytes,
    replayedBytes: statement.replayed_bytes,
    upstream: statement.upstream,
    upstreamSilentSeconds: statement.upstream_silent_seconds,
    synchronousStandbys: null,
    systemId: statement.system_id,
    problem: answer.problem,
  };
}

async function ask(
  fetch: HttpFetch,
  cluster: FailoverCluster,
  node: FailoverNode,
  signal: AbortSignal,
): Promise<HealthAnswer> {
  if (node.url === null)
    return { reach: 'silent', statement: unstated, problem: 'it has no url: nobody can ask how it is' };
  const answer = await askHealth(fetch, node.url, { timeoutMs: cluster.probeTimeoutSeconds * 1000, signal });
  const { node: name } = answer.statement;
  if (name === null || name === node.name) return answer;
  return { reach: 'answered', statement: unstated, problem: `its address reaches ${name}, another node` };
}
