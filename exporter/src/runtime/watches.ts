import { hostname } from 'node:os';
import { ok } from '../contract/errors.ts';
import { createReplicationEngines } from '../engines/replication/registry.ts';
import type { AppDeps, AppState } from './app-core.ts';
import type { HandlerDeps } from './handler.ts';
import { createHealthWatch, type HealthWatch } from './health.ts';
import { createReplicationWatch, type ReplicationWatch, type WatchedServer } from './replication/watch.ts';
import type { ResolvedService } from './services.ts';

/** What goes on by itself beside the tick: health probes and heartbeats of databases. */
export interface Watches {
  readonly health: HealthWatch;
  readonly replication: ReplicationWatch;
}

export function createWatches(
  deps: AppDeps,
  state: AppState,
  handlerDeps: HandlerDeps,
  changed: () => Promise<void>,
): Watches {
  return {
    health: createHealthWatch({
      clock: deps.clock,
      random: deps.random,
      log: deps.log,
      facts: deps.store.facts,
      config: () => state.loaded.config,
      fetch: deps.fetch,
      resolveSecret: (ref) => state.loaded.resolveSecret(ref),
      nowMs: () => performance.now(),
      count: (event) => deps.meter.record(event),
      changed: () => void changed(),
    }),
    replication: createReplicationWatch({
      clock: deps.clock,
      log: deps.log,
      engine: createReplicationEngines(deps).postgres,
      by: hostname(),
      services: () => state.loaded.config.services.filter(({ postgres }) => postgres !== null).map(({ name }) => name),
      server: async (name) => {
        const service = await handlerDeps.service(name);
        return service.ok ? ok(watchedServer(service.value)) : service;
      },
    }),
  };
}

function watchedServer({ config, postgres: target }: ResolvedService): WatchedServer | null {
  const { postgres } = config;
  if (postgres === null || target === null) return null;
  const { heartbeat, lag_degraded: lagDegradedSeconds, statistics } = postgres;
  return {
    target,
    settings: {
      heartbeat: heartbeat.enabled ? { schema: heartbeat.schema, intervalSeconds: heartbeat.interval } : null,
      lagDegradedSeconds,
    },
    statistics,
  };
}
