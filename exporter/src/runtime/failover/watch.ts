import { OpError, toOpError, type Outcome } from '../../contract/errors.ts';
import type {
  BalancerFacts,
  FailoverFacts,
  FailoverPolicy,
  FailoverView,
  NodeFence,
  NodeProbe,
} from '../../contract/failover.ts';
import { known, unknown, type Observed } from '../../contract/observed.ts';
import type { FailoverConfig } from '../../config/schema-failover.ts';
import { decideFailover, standingAnswer } from '../../core/failover.ts';
import type { FailoverCluster, FailoverEngine } from '../../engines/failover/port.ts';
import type { WriterCount } from '../../engines/failover/writable.ts';
import type { Balancer } from '../../engines/traffic/port.ts';
import type { Clock, Log } from '../../ports/index.ts';
import type { Breakers } from '../breakers.ts';
import type { AnyRequest } from '../handler.ts';
import type { Lease } from '../lease.ts';
import type { FailoverMemory, KeptFailover } from './kept.ts';
import { tend } from './tend.ts';
import { noSight, primaryAfter, see, viewOf, type Sight } from './view.ts';

/** A service that can fail over, resolved. */
export interface WatchedCluster {
  readonly config: FailoverConfig;
  readonly cluster: FailoverCluster;
  readonly policy: FailoverPolicy;
  readonly engine: FailoverEngine;
  /** Null: no load balancer is configured. */
  readonly balancer: Balancer | null;
  /** Names of the nodes' servers in the load balancer. */
  readonly serverNames: ReadonlyMap<string, string>;
}

export interface FailoverWatchDeps {
  readonly clock: Clock;
  readonly log: Log;
  readonly memory: FailoverMemory;
  readonly lease: Lease;
  readonly breakers: Breakers;
  /** Services with a section `failover`. */
  services(): readonly { readonly name: string; readonly config: FailoverConfig }[];
  cluster(service: string): Promise<Outcome<WatchedCluster>>;
  countWriters(watched: WatchedCluster, signal: AbortSignal): Promise<WriterCount>;
  /** The takeover that runs on the service, or null. */
  running(service: string): string | null;
  /** Asks for the operation in the name of the system. */
  act(request: AnyRequest, reason: string): Promise<Outcome<unknown>>;
  changed(): void;
}

/** One look at a service: what was seen and what it rests on. */
export interface Look {
  readonly watched: WatchedCluster;
  readonly view: FailoverView;
  readonly facts: FailoverFacts;
}

export interface FailoverWatch {
  /** Null: the service has no section `failover`, or nothing was seen yet. */
  facts(service: string): FailoverFacts | null;
  /** Why a service cannot be watched; null: all can. */
  problem(): OpError | null;
  /**
   * Probes every node now, for that operation, which does not stand in its own way. The window of probes is not moved on by it: how often
   * somebody looks must not decide when a primary is lost. Errors: those of the configuration and its secrets.
   */
  look(service: string, signal: AbortSignal, operationId: string): Promise<Outcome<Look>>;
  /** Probes, decides and asks, each service in its own rhythm, until the signal aborts. */
  run(signal: AbortSignal): Promise<void>;
}

interface Watched {
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

/** Two writers are to be known within 15 s, so the independent count is not rarer than this. */
const countSeconds = 5;
/** Settings and versions of a product change rarely. */
const warningsMs = 60_000;
/** A product may keep every one since it was set up. */
const mostPromotions = 20;

export function createFailoverWatch(deps: FailoverWatchDeps): FailoverWatch {
  const all = new Map<string, Watched>();
  const of = (service: string): Watched => {
    const found = all.get(service) ?? {
      sight: noSight,
      facts: null,
      count: null,
      said: '',
      warnings: [],
      promotions: null,
      warnedAtMs: -Infinity,
      problem: null,
      attempts: 0,
      nextAttemptMs: -Infinity,
    };
    all.set(service, found);
    return found;
  };
  return {
    facts: (service) =>
      deps.services().some(({ name }) => name === service) ? (all.get(service)?.facts ?? null) : null,
    problem: () => {
      const found = [...all].find(([, { problem }]) => problem !== null);
      return found === undefined ? null : new OpError('failover_failed', `${found[0]}: ${found[1].problem ?? ''}`);
    },
    look: (service, signal, operationId) => lookFor(deps, service, of(service), signal, operationId),
    async run(signal) {
      const loops = new Map<string, AbortController>();
      while (!signal.aborted) {
        const wanted = new Set(deps.services().map(({ name }) => name));
        for (const [service, loop] of loops)
          if (!wanted.has(service)) {
            loop.abort();
            loops.delete(service);
            all.delete(service);
          }
        await deps.memory.load([...wanted]);
        await deps.breakers.load([...wanted]);
        for (const service of wanted) {
          if (loops.has(service)) continue;
          const own = new AbortController();
          loops.set(service, own);
          void watchService(deps, service, of(service), AbortSignal.any([signal, own.signal]));
        }
        await deps.clock.sleep(1000, signal);
      }
    },
  };
}

async function watchService(
  deps: FailoverWatchDeps,
  service: string,
  watched: Watched,
  signal: AbortSignal,
): Promise<void> {
  void countInTurn(deps, service, watched, signal);
  while (!signal.aborted) {
    const beganMs = performance.now();
    await turn(deps, service, watched, signal).catch((thrown: unknown) =>
      note(deps, service, watched, `the look failed: ${toOpError(thrown).message}`),
    );
    const interval = intervalOf(deps, service);
    await deps.clock.sleep(Math.max(20, interval * 1000 - (performance.now() - beganMs)), signal);
  }
}

function intervalOf(deps: FailoverWatchDeps, service: string): number {
  return deps.services().find(({ name }) => name === service)?.config.interval ?? 10;
}

/** One probe of everything, one decision, one request at most. */
async function turn(deps: FailoverWatchDeps, service: string, watched: Watched, signal: AbortSignal): Promise<void> {
  const before = watched.facts?.decision.action;
  const seen = await look(deps, service, watched, signal, 'the watch');
  if (signal.aborted) return;
  if (!seen.ok) return note(deps, service, watched, seen.error.message);
  note(deps, service, watched, null);
  const { facts } = seen.value;
  sayDecision(deps, service, watched, facts);
  // While an operation runs nothing is decided either: only a quiet look says that it has helped.
  if (facts.decision.action === 'none' && seen.value.view.running === null) watched.attempts = 0;
  if (facts.decision.act) {
    const request = requestOf(service, facts);
    if (request !== null && isTime(watched)) {
      const asked = await deps.act(request, facts.decision.reasons.join('; ').slice(0, 500));
      if (!asked.ok && asked.error.code !== 'operation_conflict')
        deps.log.error('an automatic action was refused', {
          service,
          kind: request.kind,
          code: asked.error.code,
          error: asked.error.message,
        });
    }
  } else {
    await tend(deps, service, seen.value, signal);
  }
  if (before !== facts.decision.action) deps.changed();
}

/** A takeover that failed is tried again soon, then later and later: the second attempt may help, the tenth only makes noise. */
function isTime(watched: Watched): boolean {
  const nowMs = performance.now();
  if (nowMs < watched.nextAttemptMs) return false;
  watched.nextAttemptMs = nowMs + Math.min(60_000, 2000 * 2 ** watched.attempts);
  watched.attempts += 1;
  return true;
}

function requestOf(service: string, { decision }: FailoverFacts): AnyRequest | null {
  const { action, node, candidate } = decision;
  if (action === 'failover') return { kind: 'failover', service, candidate, force: false, automatic: true };
  if ((action === 'fence' || action === 'drop') && node !== null)
    return { kind: 'fence', service, node, automatic: true };
  if (action === 'readmit' && node !== null)
    return { kind: 'rejoin', service, node, allowClone: null, automatic: true };
  return null;
}

/** Once for each new decision: `observe` is only worth something where it can be read later. */
function sayDecision(deps: FailoverWatchDeps, service: string, watched: Watched, { decision }: FailoverFacts): void {
  const said = `${decision.action} ${decision.node ?? ''} ${decision.candidate ?? ''} ${decision.act}`;
  if (said === watched.said) return;
  const first = watched.said === '';
  watched.said = said;
  if (first && decision.action === 'none') return;
  const { action, node, candidate, act, page, reasons } = decision;
  const data = { service, action, node, candidate, act, reasons };
  if (page) deps.log.error('failover decided', data);
  else deps.log.info('failover decided', data);
}

function note(deps: FailoverWatchDeps, service: string, watched: Watched, problem: string | null): void {
  if (problem !== null && watched.problem === null) deps.log.error('a service cannot be watched', { service, problem });
  watched.problem = problem;
}

async function look(
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
async function lookFor(
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

/** Independent of the probes: other connections, and through the load balancer as clients come. */
async function countInTurn(
  deps: FailoverWatchDeps,
  service: string,
  watched: Watched,
  signal: AbortSignal,
): Promise<void> {
  while (!signal.aborted) {
    const found = await deps.cluster(service);
    watched.count = found.ok ? await deps.countWriters(found.value, signal) : null;
    await deps.clock.sleep(countSeconds * 1000, signal);
  }
}
