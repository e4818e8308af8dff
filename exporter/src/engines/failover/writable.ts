import type { HttpFetch } from '../../ports/index.ts';
import type { FailoverCluster, FailoverNode } from './port.ts';
import { askHealth, type HealthAnswer } from './service/health.ts';
import { askServer, type ServerAnswer } from './writable-server.ts';

/**
 * Who takes writes, counted apart from the probes and the decisions that rest on them: over connections of its own, at every node and the
 * way that clients come. What cannot be seen is never counted as not writing.
 */

export interface WriterCount {
  /** Names of the nodes that take writes now. */
  readonly writers: readonly string[];
  /** Nodes of which nobody can tell, each with the reason. */
  readonly unknown: readonly { readonly node: string; readonly why: string }[];
  /** What a connection through the load balancer reached; `node` null: no writer, or not known which. Null: none is configured. */
  readonly through: { readonly node: string | null; readonly problem: string | null } | null;
}

export interface CountOptions {
  /** Where clients reach the writer. */
  readonly balancer: { readonly host: string; readonly port: number } | null;
  /** For nodes that speak no SQL. */
  readonly fetch: HttpFetch;
}

/** Never throws. Takes as long as the slowest node, at most about the cluster's time of one probe. */
export async function countWriters(
  cluster: FailoverCluster,
  options: CountOptions,
  signal: AbortSignal,
): Promise<WriterCount> {
  const [views, through] = await Promise.all([
    Promise.all(cluster.nodes.map((node) => viewOf(cluster, node, options, signal))),
    askThrough(cluster, options, signal),
  ]);
  return { ...countViews(views), through: through === null ? null : recognise(through, views) };
}

/** What one address said. `writes` null: nobody can tell. */
export interface WriterView {
  readonly node: string;
  readonly writes: boolean | null;
  readonly why: string | null;
  /** What tells one running server from all others; null: it does not say. */
  readonly identity: string | null;
}

/** Two addresses of one server, e.g. its own and that of the load balancer, are one writer. Pure. */
export function countViews(views: readonly WriterView[]): Pick<WriterCount, 'writers' | 'unknown'> {
  const writers: string[] = [];
  const unknown: { node: string; why: string }[] = [];
  const seen = new Map<string, string>();
  for (const { node, writes, why, identity } of views) {
    const same = identity === null ? undefined : seen.get(identity);
    if (identity !== null && same === undefined) seen.set(identity, node);
    if (same !== undefined) unknown.push({ node, why: `its address reaches ${same}, too: one server under two names` });
    else if (writes === null) unknown.push({ node, why: why ?? 'it does not say whether it takes writes' });
    else if (writes) writers.push(node);
  }
  return { writers, unknown };
}

/** Which of the nodes it was that answered through the load balancer. Pure. */
export function recognise(
  through: Omit<WriterView, 'node'> & { readonly node: string | null },
  views: readonly WriterView[],
): NonNullable<WriterCount['through']> {
  const known = through.node ?? nameOf(through.identity, views);
  if (through.writes === null) return { node: null, problem: through.why ?? 'what it reaches does not say what it is' };
  if (!through.writes) return { node: null, problem: `it leads to ${known ?? 'a server'} that takes no writes` };
  if (known === null)
    return { node: null, problem: 'it leads to a writer that is none of the nodes that can be asked themselves' };
  return { node: known, problem: null };
}

function nameOf(identity: string | null, views: readonly WriterView[]): string | null {
  return identity === null ? null : (views.find((view) => view.identity === identity)?.node ?? null);
}

async function viewOf(
  cluster: FailoverCluster,
  node: FailoverNode,
  options: CountOptions,
  signal: AbortSignal,
): Promise<WriterView> {
  const limits = { timeoutMs: cluster.probeTimeoutSeconds * 1000, signal };
  if (node.server !== null) return { node: node.name, ...ofServer(await askServer(node.server, limits)) };
  if (node.url === null)
    return { node: node.name, writes: null, why: 'it has neither a host nor a url', identity: null };
  const { node: name, ...view } = ofHealth(await askHealth(options.fetch, node.url, limits));
  if (name !== null && name !== node.name)
    return { node: node.name, writes: null, why: `its address reaches ${name}, another node`, identity: null };
  return { node: node.name, ...view };
}

/** Null: no load balancer is configured. The session is that of the first node: behind the load balancer any of them may answer. */
async function askThrough(
  cluster: FailoverCluster,
  { balancer, fetch }: CountOptions,
  signal: AbortSignal,
): Promise<(Omit<WriterView, 'node'> & { readonly node: string | null }) | null> {
  if (balancer === null) return null;
  const limits = { timeoutMs: cluster.probeTimeoutSeconds * 1000, signal };
  const server = cluster.nodes.find((node) => node.server !== null)?.server;
  if (server !== null && server !== undefined)
    return { node: null, ...ofServer(await askServer({ ...server, ...balancer }, limits)) };
  const url = cluster.nodes.find((node) => node.url !== null)?.url;
  if (url === null || url === undefined)
    return { node: null, writes: null, why: 'no node says how it is asked', identity: null };
  const { protocol, pathname, search } = new URL(url);
  const host = balancer.host.includes(':') ? `[${balancer.host}]` : balancer.host;
  return ofHealth(await askHealth(fetch, `${protocol}//${host}:${balancer.port}${pathname}${search}`, limits));
}

function ofServer(answer: ServerAnswer): Omit<WriterView, 'node'> {
  return { writes: answer.writes, why: answer.why, identity: answer.identity };
}

/** A generic service names itself in its answer, or its load balancer cannot be followed. */
function ofHealth(answer: HealthAnswer): Omit<WriterView, 'node'> & { readonly node: string | null } {
  const { node, writable } = answer.statement;
  const why = writable === null ? (answer.problem ?? 'its health does not say whether it takes writes') : null;
  return { node, writes: writable, why, identity: null };
}
