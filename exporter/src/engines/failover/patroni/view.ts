import { fail, ok, type Outcome } from '../../../contract/errors.ts';
import type { Clock } from '../../../ports/index.ts';
import type { FailoverCluster, FailoverNode } from '../port.ts';
import { parseCluster, type PatroniView } from './answers.ts';
import { wordsOf, type AskPatroni } from './rest.ts';
import type { Upstreams } from './upstreams.ts';

/** What the parts of this engine work with. */
export interface PatroniDeps {
  readonly ask: AskPatroni;
  readonly clock: Clock;
  readonly upstreams: Upstreams;
}

export interface SeenView {
  readonly view: PatroniView;
  /** The node whose Patroni told it. */
  readonly by: FailoverNode;
}

/**
 * GET /cluster, which reads the store anew, from the first node that has an answer; the preferred one is asked first, alone. Errors:
 * `failover_failed` (each node's reason), `cancelled`.
 */
export async function readView(
  deps: Pick<PatroniDeps, 'ask'>,
  cluster: FailoverCluster,
  preferred: FailoverNode | null,
  signal: AbortSignal,
): Promise<Outcome<SeenView>> {
  const timeoutMs = cluster.probeTimeoutSeconds * 1000;
  const reasons: string[] = [];
  const ask = async (node: FailoverNode): Promise<SeenView | null> => {
    const answer = await deps.ask(node, '/cluster', { timeoutMs, signal });
    const view = answer.ok ? parseCluster(answer.value.json) : null;
    if (view !== null && view.members.length > 0) return { view, by: node };
    reasons.push(answer.ok ? `${node.name}: ${wordsOf(answer.value)}` : answer.error.message);
    return null;
  };
  const others = cluster.nodes.filter((node) => node !== preferred && node.url !== null);
  const seen = (preferred === null ? null : await ask(preferred)) ?? (await firstOf(others, ask));
  if (signal.aborted) return fail('cancelled', `the cluster ${cluster.service} was not looked at: cancelled`);
  if (seen !== null) return ok(seen);
  return fail('failover_failed', `no Patroni tells the state of the cluster: ${reasons.join('; ')}`, {
    retryable: true,
  });
}

/** A node that is silent must not hold up what another one has told. */
function firstOf(
  nodes: readonly FailoverNode[],
  ask: (node: FailoverNode) => Promise<SeenView | null>,
): Promise<SeenView | null> {
  const told = nodes.map(async (node) => (await ask(node)) ?? Promise.reject(new Error(node.name)));
  return Promise.any(told).catch(() => null);
}
