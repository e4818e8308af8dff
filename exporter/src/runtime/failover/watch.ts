import { ok, OpError, toOpError, type Outcome } from '../../contract/errors.ts';
import type { BalancerFacts, FailoverFacts, FailoverPolicy, FailoverView, NodeProbe } from '../../contract/failover.ts';
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
import { withoutFence, type FailoverMemory } from './kept.ts';
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
  /** Probes every node now; for that operation, which does not stand in its own way. Errors: those of the configuration and its secrets. */
  look(service: string, signal: AbortSignal, operationId?: string): Promise<Outcome<Look>>;
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

export function createFailoverWatch(deps: FailoverWatchDeps): FailoverWatch {
  const all = new Map<string, Watched>();
  const of = (service: string): Watched => {
    const found = all.get(service) ?? {
      sight: noSight,
      facts: null,
      count: null,
      said: '',
      warnings: [],
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
    look: (service, signal, operationId) => look(deps, service, of(service), signal, operationId),
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
  const seen = await look(deps, service, watched, signal);
  if (signal.aborted) return;
  if (!seen.ok) return note(deps, service, watched, seen.error.message);
  note(deps, service, watched, null);
  const { facts } = seen.value;
  sayDecision(deps, service, watched, facts);
  if (facts.decision.action === 'none') watched.attempts = 0;
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
  } else if (facts.decision.action === 'none') {
    await alignBalancer(deps, service, seen.value, signal);
    await startScheduled(deps, service, facts);
  }
  if (before !== facts.decision.action) deps.changed();
}

/**
 * A load balancer forgets at a reload who was cut off: a fenced node is cut off again. And a primary that a held failover had cut off
 * gets its clients back once it is seen to write: nobody took its place.
 */
async function alignBalancer(
  deps: FailoverWatchDeps,
  service: string,
  { watched, facts }: Look,
  signal: AbortSignal,
): Promise<void> {
  const { balancer, serverNames } = watched;
  if (facts.mode !== 'auto' || deps.running(service) !== null) return;
  if ((await deps.lease.holder()) === null) return;
  const servers = facts.balancer?.known === true ? facts.balancer.value.servers : [];
  for (const { name, fence, probe } of facts.nodes) {
    const state = servers.find(({ node }) => node === name)?.state;
    const server = serverNames.get(name) ?? name;
    if (
      balancer !== null &&
      fence?.proof &&
      name !== facts.primary &&
      (state === 'up' || state === 'down' || state === 'drain')
    ) {
      const done = await balancer.cutOff(server, signal);
      deps.log.warn('a fenced node was cut off again', { service, node: name, done: done.ok });
    }
    const isHeldBack = fence !== null && fence.proof === null && !fence.manual && name === facts.primary;
    if (!isHeldBack || probe?.writable !== true) continue;
    const done = balancer === null ? ok(undefined) : await balancer.admit(server, signal);
    if (done.ok) await deps.memory.change(service, (kept) => withoutFence(kept, name));
    deps.log.warn('the primary is back and clients are let in again', { service, node: name, done: done.ok });
  }
}

/** A takeover that failed is tried again soon, then later and later: the second attempt may help, the tenth only makes noise. */
function isTime(watched: Watched): boolean {
  const nowMs = performance.now();
  if (nowMs < watched.nextAttemptMs) return false;
  watched.nextAttemptMs = nowMs + Math.min(60_000, 2000 * 2 ** watched.attempts);
  watched.attempts += 1;
  return true;
}

/** Due and not begun. One that was missed for so long is no longer what somebody planned. */
const missedMs = 5 * 60_000;

async function startScheduled(deps: FailoverWatchDeps, service: string, { scheduled }: FailoverFacts): Promise<void> {
  if (scheduled === null) return;
  const lateMs = +deps.clock.now() - Date.parse(scheduled.at);
  if (lateMs < 0) return;
  await deps.memory.change(service, (kept) => ({ ...kept, scheduled: null }));
  if (lateMs > missedMs)
    return deps.log.error('a scheduled switchover was missed and is forgotten', { service, at: scheduled.at });
  const request = { kind: 'switchover' as const, service, candidate: scheduled.candidate };
  const asked = await deps.act(request, `scheduled by ${scheduled.by}: ${scheduled.reason}`);
  if (!asked.ok)
    deps.log.error('a scheduled switchover was refused', {
      service,
      code: asked.error.code,
      error: asked.error.message,
    });
}

function requestOf(service: string, { decision }: FailoverFacts): AnyRequest | null {
  const { action, node, candidate } = decision;
  if (action === 'failover') return { kind: 'failover', service, candidate, force: false, automatic: true };
  if ((action === 'fence' || action === 'drop') && node !== null) return { kind: 'fence', service, node };
  if (action === 'readmit' && node !== null) return { kind: 'rejoin', service, node, allowClone: null };
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
  operationId: string | null = null,
): Promise<Outcome<Look>> {
  const found = await deps.cluster(service);
  if (!found.ok) return found;
  const { cluster, engine, policy, config } = found.value;
  const [probes, balancer] = await Promise.all([
    Promise.all(cluster.nodes.map(async (node) => [node.name, await engine.probe(cluster, node, signal)] as const)),
    balancerOf(deps, found.value, watched.count, signal),
  ]);
  const round = new Map<string, NodeProbe>(probes);
  const kept = await adoptPrimary(deps, service, round);
  watched.sight = see(watched.sight, round, kept.primary, policy.windowSeconds);
  const holder = deps.running(service);
  const view = viewOf(
    {
      cluster,
      policy,
      intervalSeconds: config.interval,
      sight: watched.sight,
      kept,
      balancer,
      running: holder === operationId ? null : holder,
      leader: (await deps.lease.holder()) !== null,
      breakerOpen: deps.breakers.isOpen(service),
    },
    deps.clock.now(),
  );
  await refreshWarnings(deps, watched, found.value, signal);
  const now = deps.clock.now();
  watched.facts = {
    engine: config.engine,
    strategy: policy.strategy,
    mode: policy.mode,
    nodes: view.nodes,
    primary: view.primary,
    writable:
      watched.count?.writers ?? view.nodes.filter(({ probe }) => probe?.writable === true).map(({ name }) => name),
    balancer,
    vantages: view.vantages,
    standing: standingAnswer(view, policy, now),
    decision: { ...decideFailover(view, policy, now), at: now.toISOString() },
    pause: view.pausedUntil === null ? null : kept.pause,
    scheduled: kept.scheduled,
    breakers: deps.breakers.of(service),
    history: kept.history,
    warnings: watched.warnings,
  };
  return { ok: true, value: { watched: found.value, view, facts: watched.facts } };
}

async function adoptPrimary(deps: FailoverWatchDeps, service: string, round: ReadonlyMap<string, NodeProbe>) {
  const kept = deps.memory.of(service);
  // While an operation moves it, that operation says who it is.
  if (deps.running(service) !== null) return kept;
  const primary = primaryAfter(kept.primary, round);
  if (primary === kept.primary) return kept;
  deps.log.warn('another node is the primary', { service, before: kept.primary, now: primary });
  return deps.memory.change(service, (now) => ({ ...now, primary }));
}

async function balancerOf(
  deps: FailoverWatchDeps,
  { balancer, config, serverNames }: WatchedCluster,
  count: WriterCount | null,
  signal: AbortSignal,
): Promise<Observed<BalancerFacts> | null> {
  if (balancer === null && config.balancer === null) return null;
  const at = deps.clock.now().toISOString();
  const through = { writer: count?.through?.node ?? null, problem: count?.through?.problem ?? null };
  if (balancer === null) return known(at, { kind: 'address', servers: [], ...through });
  const servers = await balancer.servers(signal);
  if (!servers.ok) return unknown(at, servers.error);
  const facts = [...serverNames].map(([node, name]) => {
    const server = servers.value.find((candidate) => candidate.name === name);
    const check = server?.check === 'speaks' || server?.check === 'connects' ? server.check : null;
    return { node, state: server?.state ?? ('unknown' as const), sessions: server?.sessions ?? null, check };
  });
  return known(at, { kind: 'haproxy', servers: facts, ...through });
}

async function refreshWarnings(
  deps: FailoverWatchDeps,
  watched: Watched,
  { engine, cluster }: WatchedCluster,
  signal: AbortSignal,
): Promise<void> {
  const nowMs = +deps.clock.now();
  if (Math.abs(nowMs - watched.warnedAtMs) < warningsMs) return;
  watched.warnedAtMs = nowMs;
  // Not waited for: a decision must not be late because a setting is read slowly.
  void engine
    .warnings(cluster, signal)
    .then((warnings) => (watched.warnings = warnings))
    .catch((thrown: unknown) => deps.log.warn('warnings could not be read', { error: toOpError(thrown).message }));
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
    if (found.ok)
      watched.count = await deps.countWriters(found.value, signal).catch((thrown: unknown) => {
        deps.log.warn('writers could not be counted', { service, error: toOpError(thrown).message });
        return null;
      });
    await deps.clock.sleep(countSeconds * 1000, signal);
  }
}
