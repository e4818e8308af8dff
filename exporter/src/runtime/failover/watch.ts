import { OpError, toOpError, type Outcome } from '../../contract/errors.ts';
import type { FailoverFacts, FailoverPolicy, FailoverView } from '../../contract/failover.ts';
import type { FailoverConfig } from '../../config/schema-failover.ts';
import type { FailoverCluster, FailoverEngine } from '../../engines/failover/port.ts';
import type { WriterCount } from '../../engines/failover/writable.ts';
import type { Balancer } from '../../engines/traffic/port.ts';
import type { Clock, Log } from '../../ports/index.ts';
import type { Breakers } from '../breakers.ts';
import { watchEachService } from '../each-service.ts';
import type { AnyRequest } from '../handler.ts';
import type { Lease } from '../lease.ts';
import type { FailoverMemory } from './kept.ts';
import { look, lookFor, type Watched } from './look.ts';
import { tend } from './tend.ts';
import { noSight } from './view.ts';

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

/** Two writers are to be known within 15 s, so the independent count is not rarer than this. */
const countSeconds = 5;
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
    run: (signal) =>
      watchEachService(
        {
          ...{ clock: deps.clock, log: deps.log, subject: 'failover' },
          services: () => deps.services().map(({ name }) => name),
          begin: async (service) => {
            await deps.memory.load([service]);
            await deps.breakers.load([service]);
          },
          watch: (service, ended) => watchService(deps, service, of(service), ended),
          forget: (service) => all.delete(service),
        },
        signal,
      ),
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

/** Independent of the probes: other connections, and through the load balancer as clients come. */
async function countInTurn(
  deps: FailoverWatchDeps,
  service: string,
  watched: Watched,
  signal: AbortSignal,
): Promise<void> {
  while (!signal.aborted) {
    try {
      const found = await deps.cluster(service);
      watched.count = found.ok ? await deps.countWriters(found.value, signal) : null;
    } catch (thrown) {
      // Not counted is not one writer.
      watched.count = null;
      deps.log.error('the writers could not be counted', { service, error: toOpError(thrown).message });
    }
    await deps.clock.sleep(countSeconds * 1000, signal);
  }
}
