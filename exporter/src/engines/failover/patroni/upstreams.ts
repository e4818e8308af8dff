import type { FailoverCluster } from '../port.ts';
import { nodeOf, parseCluster } from './answers.ts';
import type { AskPatroni } from './rest.ts';

/** Names of the nodes behind the addresses that standbys receive from. */
export interface Upstreams {
  /** The address itself where nobody of the cluster is known to have it: it is received from, whoever that is. */
  nameOf(
    cluster: FailoverCluster,
    sender: { readonly host: string; readonly port: number },
    timeoutMs: number,
    signal: AbortSignal,
  ): Promise<string>;
}

/** An address that nobody has now is looked up again only after this. */
const againMs = 60_000;

/** Patroni has standbys connect to the address that the member published, which need not be the one that is configured here. */
export function createUpstreams(ask: AskPatroni, nowMs: () => number): Upstreams {
  const known = new Map<string, { readonly name: string | null; readonly at: number }>();
  return {
    async nameOf(cluster, { host, port }, timeoutMs, signal) {
      const configured = cluster.nodes.find(({ server }) => server?.host === host && server.port === port);
      if (configured !== undefined) return configured.name;
      const address = `${host}:${port}`;
      const key = `${cluster.service} ${address}`;
      const before = known.get(key);
      if (before !== undefined && (before.name !== null || nowMs() - before.at < againMs))
        return before.name ?? address;
      const name = await lookUp(ask, cluster, { host, port }, { timeoutMs, signal });
      known.set(key, { name, at: nowMs() });
      return name ?? address;
    },
  };
}

async function lookUp(
  ask: AskPatroni,
  cluster: FailoverCluster,
  sender: { readonly host: string; readonly port: number },
  call: { readonly timeoutMs: number; readonly signal: AbortSignal },
): Promise<string | null> {
  const answers = await Promise.all(cluster.nodes.map((node) => ask(node, '/cluster', call)));
  for (const answer of answers) {
    const view = answer.ok ? parseCluster(answer.value.json) : null;
    const member = view?.members.find(({ host, port }) => host === sender.host && port === sender.port);
    if (view === null || member === undefined) continue;
    return nodeOf(member.name, cluster.nodes, view)?.name ?? member.name;
  }
  return null;
}
