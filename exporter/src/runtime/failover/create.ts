import { fail, ok, toOpError, type Outcome } from '../../contract/errors.ts';
import type { BreakerFacts } from '../../contract/failover.ts';
import type { FailoverConfig } from '../../config/schema-failover.ts';
import { isTakeover } from '../../core/conflicts.ts';
import type { FailoverEngine } from '../../engines/failover/port.ts';
import { createFailoverEngines } from '../../engines/failover/registry.ts';
import { countWriters } from '../../engines/failover/writable.ts';
import { createHaproxyBalancer } from '../../engines/traffic/haproxy/engine.ts';
import type { AppDeps, AppState } from '../app-core.ts';
import type { RequestOptions } from '../app.ts';
import { createApprovals, type Approvals } from '../approvals.ts';
import { createBreakers, type Breakers } from '../breakers.ts';
import type { AnyRequest, HandlerDeps } from '../handler.ts';
import { createHomeLease } from '../lease.ts';
import type { Operations } from '../operations/operations.ts';
import { fetchAs } from '../outbound.ts';
import type { TakeoverDeps } from './move.ts';
import type { FailoverMemory } from './kept.ts';
import { balancerNames, clusterOf, policyOf } from './settings.ts';
import { createFailoverWatch, type FailoverWatch, type WatchedCluster } from './watch.ts';

/** All that failover needs, in one place. */
export interface FailoverParts {
  readonly failover: FailoverWatch;
  readonly approvals: Approvals;
  readonly breakers: Breakers;
  readonly takeover: TakeoverDeps;
}

export interface FailoverLater {
  operations(): Operations;
  changed(): void;
}

/** Whoever asks in the name of the program itself. */
const system = { name: 'failover', role: 'system', via: 'schedule' } as const;

export function createFailover(
  deps: AppDeps,
  state: AppState,
  handlerDeps: HandlerDeps,
  memory: FailoverMemory,
  later: FailoverLater,
): FailoverParts {
  const lease = createHomeLease(deps.store.facts);
  const breakers = createBreakers({
    clock: deps.clock,
    log: deps.log,
    facts: deps.store.facts,
    settings: (service) => breakerSettings(state, service),
    changed: (service, breaker) => void countChange(state, handlerDeps, service, breaker),
  });
  const cluster = createResolver(deps, state, handlerDeps);
  const watch = createFailoverWatch({
    clock: deps.clock,
    log: deps.log,
    memory,
    lease,
    breakers,
    services: () => failoverServices(state),
    cluster,
    countWriters: (watched, signal) =>
      countWriters(
        watched.cluster,
        { balancer: watched.config.balancer, fetch: fetchOf(deps, state, watched.config) },
        signal,
      ),
    running: (service) =>
      later
        .operations()
        .running()
        .find((one) => one.service === service && isTakeover(one.kind))?.id ?? null,
    act: (request, reason) => later.operations().request(request, systemOptions(request, reason)),
    changed: () => later.changed(),
  });
  return {
    failover: watch,
    breakers,
    approvals: createApprovals(deps.clock, (id) => later.operations().subjectOf(id)),
    takeover: { clock: deps.clock, log: deps.log, memory, lease, watch },
  };
}

async function countChange(state: AppState, deps: HandlerDeps, service: string, breaker: BreakerFacts): Promise<void> {
  const region = state.loaded.config.services.find(({ name }) => name === service)?.region ?? 'local';
  await deps
    .measure({
      kind: 'breaker',
      service,
      at: deps.clock.now().toISOString(),
      labels: { region, state: breaker.state },
      durationSeconds: null,
    })
    .catch((thrown: unknown) =>
      deps.log.error('a change of a circuit breaker was not counted', { error: toOpError(thrown).message }),
    );
}

function systemOptions(request: AnyRequest, reason: string): RequestOptions {
  return {
    actor: system,
    remote: null,
    reason,
    confirm: 'service' in request ? request.service : null,
    planEtag: null,
    idempotencyKey: null,
  };
}

function failoverServices(state: AppState): readonly { readonly name: string; readonly config: FailoverConfig }[] {
  return state.loaded.config.services.flatMap(({ name, failover }) =>
    failover === null ? [] : [{ name, config: failover }],
  );
}

function breakerSettings(state: AppState, service: string) {
  const breaker = state.loaded.config.services.find(({ name }) => name === service)?.failover?.breaker;
  return {
    failures: breaker?.failures ?? 5,
    recoverySeconds: breaker?.recovery ?? 60,
    halfOpenCalls: breaker?.half_open_calls ?? 3,
  };
}

function fetchOf(deps: AppDeps, state: AppState, config: FailoverConfig): AppDeps['fetch'] {
  return fetchAs(
    () => ({ token: null, ca_file: config.ca_file }),
    deps.fetch,
    (ref) => state.loaded.resolveSecret(ref),
  );
}

/** Resolves a service anew while its configuration is the same object: engines keep connections. */
function createResolver(
  deps: AppDeps,
  state: AppState,
  handlerDeps: HandlerDeps,
): (service: string) => Promise<Outcome<WatchedCluster>> {
  const made = new Map<FailoverConfig, Pick<WatchedCluster, 'engine' | 'balancer' | 'serverNames' | 'policy'>>();
  return async (name) => {
    const service = await handlerDeps.service(name);
    if (!service.ok) return service;
    const { config } = service.value;
    if (config.failover === null) return fail('not_configured', `${name} has no section failover in genesis.yaml`);
    const cluster = clusterOf(config, config.failover, service.value.postgres, (ref) =>
      state.loaded.resolveSecret(ref),
    );
    if (!cluster.ok) return cluster;
    const parts = made.get(config.failover) ?? partsOf(deps, state, config.failover);
    if (!made.has(config.failover)) {
      // Those of configurations that were read before are no longer used.
      for (const old of made.keys())
        if (!failoverServices(state).some((current) => current.config === old)) made.delete(old);
      made.set(config.failover, parts);
    }
    return ok({ config: config.failover, cluster: cluster.value, ...parts });
  };
}

function partsOf(deps: AppDeps, state: AppState, config: FailoverConfig) {
  const engines = createFailoverEngines({
    exec: deps.exec,
    clock: deps.clock,
    log: deps.log,
    fetch: fetchOf(deps, state, config),
  });
  const engine: FailoverEngine = engines[config.engine];
  return {
    policy: policyOf(config),
    engine,
    balancer: config.haproxy === null ? null : createHaproxyBalancer(config.haproxy),
    serverNames: balancerNames(config),
  };
}
