import { toOpError, type Outcome } from '../../contract/errors.ts';
import type {
  BalancerFacts,
  FailoverFacts,
  FailoverPolicy,
  FailoverView,
  NodeFence,
  NodeProbe,
} from '../../contract/failover.ts';
import { known, unknown, type Observed } from '../../contract/observed.ts';
import { decideFailover, standingAnswer } from '../../core/failover.ts';
import type { WriterCount } from '../../engines/failover/writable.ts';
import type { KeptFailover } from './kept.ts';
import { primaryAfter, see, viewOf, type Sight } from './view.ts';
import type { FailoverWatchDeps, Look, WatchedCluster } from './watch.ts';

/** What the watch of one service remembers between two looks. */
export interface Watched {
  sight: Sight;
  facts: FailoverFacts | null;
  count: WriterCount | null;
  /** What the last decision said, to write it down once. */
  said: string;
  warnings: readonly string[];
  promotions: FailoverFacts['promotions'];
  warnedAtMs: number;
  problem: string | null;
  /** Automatic requests in a row for the same trouble, and when the next may be made. */
  attempts: number;
  nextAttemptMs: number;
}

/** Settings and versions of a product change rarely. */
const warningsMs = 60_000;
/** A product may keep every one since it was set up. */
const mostPromotions = 20;

/** One probe of everything and what follows from it. Only the looks of the watch move the window of probes on. */
export async function look(
  deps: FailoverWatchDeps,
  service: string,
  watched: Watched,
  signal: AbortSignal,
  asker: { readonly operationId: string } | 'the watch',
): Promise<Outcome<Look>> {
  const found = await deps.cluster(service);
  if (!found.ok) return found;
  const { cluster, engine, policy, config } = found.value;
  const [probes, balancer] = await Promise.all([
    Promise.all(cluster.nodes.map(async (node) => [node.name, await engine.probe(cluster, node, signal)] as const)),
    balancerOf(deps, service, found.value, watched.count, signal),
  ]);
  const round = new Map<string, NodeProbe>(probes);
  const kept = await adoptPrimary(deps, service, policy.strategy, round);
  const seen = see(watched.sight, round, kept.primary, policy.windowSeconds);
  const sight = withoutOutage(seen, watched.facts?.nodes ?? [], kept.fences);
  if (asker === 'the watch') watched.sight = sight;
  const holder = deps.running(service);
  const view = viewOf(
    {
      cluster,
      policy,
      intervalSeconds: config.interval,
      sight,
      kept,
      balancer,
      running: asker !== 'the watch' && asker.operationId === holder ? null : holder,
      leader: (await deps.lease.holder()) !== null,
      breakerOpen: deps.breakers.isOpen(service),
      unfenceable: cluster.nodes.filter((node) => engine.fenceable?.(node) === false).map(({ name }) => name),
    },
    deps.clock.now(),
  );
  refreshWarnings(deps, watched, found.value, signal);
  const now = deps.clock.now();
  watched.facts = {
    engine: config.engine,
    strategy: policy.strategy,
    mode: policy.mode,
    nodes: view.nodes,
    primary: view.primary,
    ...countedOf(watched.count, view),
    balancer,
    vantages: view.vantages,
    standing: standingAnswer(view, policy, now),
    decision: { ...decideFailover(view, policy, now), at: now.toISOString() },
    pause: view.pausedUntil === null ? null : kept.pause,
    scheduled: kept.scheduled,
    breakers: deps.breakers.of(service),
    history: kept.history,
    promotions: watched.promotions,
    warnings: watched.warnings,
  };
  return { ok: true, value: { watched: found.value, view, facts: watched.facts } };
}

/** Pure: what a node failed while it was out is no share of its failures now that it is in again. */
export function withoutOutage(sight: Sight, before: FailoverFacts['nodes'], fences: readonly NodeFence[]): Sight {
  const back = before.filter(({ name, fence }) => fence !== null && !fences.some(({ node }) => node === name));
  if (back.length === 0) return sight;
  const probes = new Map(sight.probes);
  for (const { name } of back) probes.set(name, (sight.probes.get(name) ?? []).slice(-1));
  return { ...sight, probes };
}

/** Before the first count, and where it cannot be made, what the probes say. */
function countedOf(count: WriterCount | null, { nodes }: FailoverView): Pick<FailoverFacts, 'writable' | 'uncounted'> {
  if (count !== null) return { writable: count.writers, uncounted: count.unknown.map(({ node }) => node) };
  const named = (writable: boolean | null): string[] =>
    nodes.filter(({ probe }) => (probe?.writable ?? null) === writable).map(({ name }) => name);
  return { writable: named(true), uncounted: named(null) };
}

/** Where the watch has not looked often enough yet (right after a start, or without a server), it is looked as often as a node must answer. */
export async function lookFor(
  deps: FailoverWatchDeps,
  service: string,
  watched: Watched,
  signal: AbortSignal,
  operationId: string,
): Promise<Outcome<Look>> {
  for (;;) {
    const found = await deps.cluster(service);
    if (!found.ok) return found;
    const looks = Math.max(0, ...[...watched.sight.probes.values()].map(({ length }) => length));
    if (looks + 1 >= found.value.policy.successesInRow) return look(deps, service, watched, signal, { operationId });
    await look(deps, service, watched, signal, 'the watch');
    await deps.clock.sleep(lookAgainMs, signal);
  }
}

const lookAgainMs = 200;

async function adoptPrimary(
  deps: FailoverWatchDeps,
  service: string,
  strategy: FailoverPolicy['strategy'],
  round: ReadonlyMap<string, NodeProbe>,
): Promise<KeptFailover> {
  const kept = deps.memory.of(service);
  // Where all serve, whoever happens to write alone is no primary.
  if (strategy !== 'active_passive') return { ...kept, primary: null };
  // While an operation moves it, that operation says who it is.
  if (deps.running(service) !== null) return kept;
  const primary = primaryAfter(kept.primary, round, kept.fences);
  if (primary === kept.primary) return kept;
  deps.log.warn('another node is the primary', { service, before: kept.primary, now: primary });
  return deps.memory.change(service, (now) => ({ ...now, primary }));
}

async function balancerOf(
  deps: FailoverWatchDeps,
  service: string,
  { balancer, config, serverNames }: WatchedCluster,
  count: WriterCount | null,
  signal: AbortSignal,
): Promise<Observed<BalancerFacts> | null> {
  if (balancer === null && config.balancer === null) return null;
  const at = deps.clock.now().toISOString();
  const through = { writer: count?.through?.node ?? null, problem: count?.through?.problem ?? null };
  if (balancer === null) return known(at, { kind: 'address', servers: [], ...through });
  // A load balancer that does not answer is not asked each second; to cut off and to admit never wait for this.
  const servers = await deps.breakers.guarded(service, 'haproxy', () => balancer.servers(signal));
  if (!servers.ok) return unknown(at, servers.error);
  const facts = [...serverNames].map(([node, name]) => {
    const server = servers.value.find((candidate) => candidate.name === name);
    const check = server?.check === 'speaks' || server?.check === 'connects' ? server.check : null;
    return { node, state: server?.state ?? ('unknown' as const), sessions: server?.sessions ?? null, check };
  });
  return known(at, { kind: 'haproxy', servers: facts, ...through });
}

function refreshWarnings(
  deps: FailoverWatchDeps,
  watched: Watched,
  { engine, cluster, policy }: WatchedCluster,
  signal: AbortSignal,
): void {
  const nowMs = +deps.clock.now();
  if (Math.abs(nowMs - watched.warnedAtMs) < warningsMs) return;
  watched.warnedAtMs = nowMs;
  // Not waited for: a decision must not be late because a setting is read slowly.
  const failed = (thrown: unknown): void =>
    deps.log.warn('warnings could not be read', { error: toOpError(thrown).message });
  engine.warnings(cluster, signal, policy).then((warnings) => (watched.warnings = warnings), failed);
  void engine.promotions?.(cluster, signal).then((told) => {
    watched.promotions = told.ok ? told.value.slice(0, mostPromotions) : null;
  }, failed);
}
