import { createHash } from 'node:crypto';
import { mkdirSync } from 'node:fs';
import path from 'node:path';
import { fail, ok, type Outcome } from '../../contract/errors.ts';
import { policyOfSection, readScalingPolicy } from '../../config/scaling-policy.ts';
import type { ScalingConfig, ScalingPolicyFile } from '../../config/schema-scaling.ts';
import { isTakeover } from '../../core/conflicts.ts';
import { withProtected } from '../../core/scaling-protected.ts';
import type { ScalingEngine } from '../../engines/scaling/port.ts';
import { createScalingEngine, type ScalingEngineOptions } from '../../engines/scaling/registry.ts';
import { backendLoad } from '../../engines/traffic/haproxy/load.ts';
import type { AppCore, AppDeps, AppState } from '../app-core.ts';
import type { RequestOptions } from '../app.ts';
import type { Breakers } from '../breakers.ts';
import type { ScaleHandlerDeps } from '../handlers/scale.ts';
import type { Lease } from '../lease.ts';
import type { Fleet } from '../../contract/scaling.ts';
import type { Operations } from '../operations/operations.ts';
import { createPrometheusClient, type PrometheusClient } from '../prometheus.ts';
import { fetchAs } from '../outbound.ts';
import { systemSpawner } from '../spawner.ts';
import { createScalingMemory, type ScalingMemory } from './kept.ts';
import { createLoadHistory, readLoad, type LoadHistory } from './load.ts';
import type { MetricSources } from './readings.ts';
import { scalingPolicyOf } from './settings.ts';
import { scalingBreaker } from './breaker.ts';
import { computeInThread } from './compute-thread.ts';
import { createScalingWatch, type ScalingWatch, type WatchedScaling } from './watch.ts';

/** All that scaling needs, in one place. */
export interface ScalingParts {
  /** What the handler of the operation needs. */
  readonly scaling: Pick<ScaleHandlerDeps, 'watch' | 'memory' | 'lease' | 'protect'> & { readonly watch: ScalingWatch };
  readonly scalingMemory: ScalingMemory;
  readonly scalingHistory: LoadHistory;
  readonly prometheus: PrometheusClient;
}

export interface ScalingLater {
  operations(): Operations;
  core(): Pick<AppCore, 'health' | 'failover'>;
  changed(): void;
}

/** Whoever asks in the name of the program itself. */
const system = { name: 'scaling', role: 'system', via: 'schedule' } as const;

export function createScaling(
  deps: AppDeps,
  state: AppState,
  shared: { readonly breakers: Breakers; readonly lease: Lease },
  later: ScalingLater,
): ScalingParts {
  const memory = createScalingMemory(deps.store.facts);
  const history = createLoadHistory(deps.store.facts);
  const settings = () => state.loaded.config.prometheus;
  const fetch = fetchAs(settings, deps.fetch, (ref) => state.loaded.resolveSecret(ref));
  const prometheus = createPrometheusClient(settings, fetch);
  const resolve = createResolver(deps, state, memory, prometheus, later, (service) =>
    shared.breakers.reset(service, scalingBreaker),
  );
  const protect = (service: string, fleet: Fleet): Fleet => {
    const working = later
      .operations()
      .running()
      .find((one) => one.service === service && one.kind === 'backup');
    return withProtected(
      fleet,
      later.core().failover.facts(service),
      working === undefined ? null : `${working.id} runs`,
    );
  };
  const watch = createScalingWatch({
    clock: deps.clock,
    log: deps.log,
    memory,
    history,
    lease: shared.lease,
    services: () => state.loaded.config.services.filter((one) => one.scaling !== null).map(({ name }) => name),
    resolve,
    protect,
    running: (service) =>
      later
        .operations()
        .running()
        .find((one) => one.service === service && (one.kind === 'scale' || isTakeover(one.kind)))?.id ?? null,
    breakers: shared.breakers,
    compute: computeInThread,
    load: async (service, watched, seconds, signal) => {
      const to = deps.clock.now();
      const span = { from: new Date(+to - seconds * 1000), to, stepSeconds: stepOf(watched) };
      const load = await readLoad(
        service,
        watched.policy,
        { history, prometheus, query: watched.sources.query },
        span,
        signal,
      );
      return load.problem === null
        ? { ok: true, points: load.points, stepSeconds: span.stepSeconds }
        : { ok: false, why: load.problem };
    },
    act: (request, reason) => later.operations().request(request, systemOptions(request.service, reason)),
    changed: () => later.changed(),
  });
  const scaling = { watch, memory, lease: shared.lease, protect };
  return { scaling, scalingMemory: memory, scalingHistory: history, prometheus };
}

/** Finer than a minute tells a forecast nothing. */
export function stepOf({ policy }: Pick<WatchedScaling, 'policy'>): number {
  return Math.max(60, Math.round(policy.intervalSeconds));
}

function systemOptions(service: string, reason: string): RequestOptions {
  return { actor: system, remote: null, reason, confirm: service, planEtag: null, idempotencyKey: null };
}

/** The section as it was read: an override that was made for another one no longer holds. */
export function sectionHash(section: ScalingConfig): string {
  return createHash('sha256').update(JSON.stringify(section)).digest('hex').slice(0, 16);
}

/** The policy that holds: of the file, or what a person put in its place since. */
export function policyInForce(section: ScalingConfig, memory: ScalingMemory, service: string): ScalingPolicyFile {
  const { override } = memory.of(service);
  if (override === null || override.fileHash !== sectionHash(section)) return policyOfSection(section);
  const read = readScalingPolicy(override.text);
  return read.ok ? read.policy : policyOfSection(section);
}

interface Made {
  readonly section: ScalingConfig;
  readonly engine: ScalingEngine;
}

/** An engine lives as long as its section stays the same: it keeps connections and timers. */
function createResolver(
  deps: AppDeps,
  state: AppState,
  memory: ScalingMemory,
  prometheus: PrometheusClient,
  later: ScalingLater,
  changed: (service: string) => Promise<void>,
): (service: string) => Promise<Outcome<WatchedScaling>> {
  const made = new Map<string, Made>();
  return async (name) => {
    const config = state.loaded.config.services.find((one) => one.name === name);
    if (config === undefined) return fail('service_unknown', `no service is called ${name}`);
    const section = config.scaling;
    if (section === null) return fail('not_configured', `${name} has no section scaling in genesis.yaml`);
    const before = made.get(name);
    const engine = before?.section === section ? ok(before.engine) : engineOf(deps, state, name, section);
    if (!engine.ok) return engine;
    if (before?.section !== section) {
      await before?.engine.close();
      // It failed with other settings: these have not been tried.
      if (before !== undefined && sectionHash(before.section) !== sectionHash(section)) await changed(name);
      made.set(name, { section, engine: engine.value });
    }
    const file = policyInForce(section, memory, name);
    return ok({
      config: section,
      file,
      policy: scalingPolicyOf(file),
      engine: engine.value,
      sources: sourcesOf(state, name, section, file, prometheus, engine.value, later),
    });
  };
}

function engineOf(deps: AppDeps, state: AppState, service: string, section: ScalingConfig): Outcome<ScalingEngine> {
  const secret = section.webhook === null ? null : state.loaded.resolveSecret(section.webhook.secret);
  if (secret !== null && !secret.ok) return secret;
  const options: ScalingEngineOptions = {
    ...section,
    webhook: section.webhook === null || secret === null ? null : { url: section.webhook.url, secret: secret.value },
  };
  const home = path.join(deps.home.path, 'scaling', service);
  mkdirSync(home, { recursive: true, mode: 0o700 });
  const { exec, clock, fetch, log } = deps;
  const engine = createScalingEngine(section.engine, options, {
    exec,
    spawner: systemSpawner,
    clock,
    fetch,
    log,
    service,
    home,
  });
  return engine === null
    ? fail('not_configured', `${service} has no section ${section.engine} below scaling`)
    : ok(engine);
}

function sourcesOf(
  state: AppState,
  service: string,
  section: ScalingConfig,
  file: ScalingPolicyFile,
  prometheus: PrometheusClient,
  engine: ScalingEngine,
  later: ScalingLater,
): Omit<MetricSources, 'lastBusyAt'> {
  const membership = section.engine === 'haproxy' ? section.haproxy : section.balancer;
  return {
    prometheus,
    query: (metric) => file.metrics.find(({ name }) => name === metric)?.query ?? null,
    system: () => state.snapshot?.system ?? null,
    health: () => later.core().health.facts(service),
    balancer: (signal) => (membership === null ? Promise.resolve(null) : backendLoad(membership, signal)),
    loadIsWork: section.engine !== 'kubernetes' && section.engine !== 'docker',
    product: (kind, signal) => engine.readMetric?.(kind, signal) ?? Promise.resolve(null),
  };
}
