import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { loadConfig, type LoadedConfig } from '../config/index.ts';
import { fail, ok, type OpError, type Outcome } from '../contract/errors.ts';
import { createCounters, type Counters } from '../metrics/counters.ts';
import { createSampleReader } from '../metrics/live-samples.ts';
import { createProcessRegistry } from '../metrics/process.ts';
import { createMetricsPage, type MetricsPage } from '../metrics/render.ts';
import { createApp, type RunningApp } from '../runtime/create-app.ts';
import { systemClock, systemRandom } from '../runtime/clock.ts';
import { createSystemReader } from '../runtime/collect-system.ts';
import { createSystemSource } from '../runtime/system-source.ts';
import { systemExec } from '../runtime/exec.ts';
import { lockHome, prepareHome, type Home, type HomeLock } from '../runtime/home.ts';
import type { SwitchableLog } from '../runtime/log.ts';
import { ensureFirstTokens } from '../runtime/tokens.ts';
import type { Store } from '../store/port.ts';
import { openStore } from '../store/sqlite/open.ts';

export type Environment = Readonly<Record<string, string | undefined>>;

export interface Composed {
  readonly running: RunningApp;
  readonly store: Store;
  readonly counters: Counters;
  readonly page: MetricsPage;
  readonly loaded: LoadedConfig;
  /** Resolves when no counter is waiting for its past: a page before that would show it as set back to 0. */
  seeded(): Promise<void>;
  /** Stops what runs, closes the state, frees the home. */
  close(graceMs: number): Promise<void>;
}

export interface ComposeOptions {
  readonly home: Home;
  readonly configPath: string;
  readonly version: string;
  readonly env: Environment;
  readonly log: SwitchableLog;
  /** Keep counters for /metrics; commands that run without a server need none: what they do is counted from the state later. */
  readonly metered: boolean;
}

/** A home without a configuration file runs on the defaults: nothing is protected and readiness says so. */
export function loadFor(
  options: { readonly home: Home; readonly configPath: string; readonly env: Environment },
  lastDurations: Readonly<Record<string, number>> = {},
): Outcome<LoadedConfig> {
  const { configPath, env, home } = options;
  if (existsSync(configPath)) return loadConfig(configPath, env, { home: home.path, lastDurations });
  return fail(
    'config_unreadable',
    `there is no configuration at ${configPath}: run \`genesis init\` or \`genesis serve\``,
  );
}

/** Home, lock, state, tokens, app: the order in which each may fail without having touched what comes after it. */
export async function composeApp(options: ComposeOptions): Promise<Outcome<Composed>> {
  const prepared = prepareHome(options.home);
  if (!prepared.ok) return prepared;
  const lock = lockHome(options.home);
  if (!lock.ok) return lock;
  const loaded = loadFor(options);
  if (!loaded.ok) return released(lock.value, loaded);
  const store = await openStore({ path: options.home.stateFile, clock: systemClock, log: options.log });
  if (!store.ok) return released(lock.value, store);
  await ensureFirstTokens(store.value, options.home, systemClock, systemRandom);
  return ok(assemble(options, lock.value, loaded.value, store.value));
}

function released(lock: HomeLock, failure: { readonly ok: false; readonly error: OpError }): Outcome<never> {
  lock.release();
  return failure;
}

function assemble(options: ComposeOptions, lock: HomeLock, loaded: LoadedConfig, store: Store): Composed {
  const { cluster } = loaded.config;
  const counters = createCounters({ cluster });
  const processRegistry = createProcessRegistry();
  const page = createMetricsPage({ cluster, counters, processRegistry });
  const running = createApp({
    clock: systemClock,
    random: systemRandom,
    exec: systemExec,
    log: options.log,
    home: options.home,
    version: options.version,
    store,
    loaded,
    load: (lastDurations) => loadFor(options, lastDurations),
    readText: () => readFileSync(options.configPath, 'utf8'),
    fetch: (url, init) => fetch(url, init),
    ...(options.metered ? { readSamples: createSampleReader({ cluster, counters, processRegistry }) } : {}),
    readSystem: createSystemReader(systemClock, createSystemSource(systemExec)),
    meter: {
      record: (event) => counters.record(event),
      countRequest: (labels, seconds) => counters.countRequest(labels, seconds),
      countAuthFailure: (kind) => counters.countAuthFailure(kind),
      countError: (code, component) => counters.countError(code, component),
      countAuditWriteFailure: () => counters.countAuditWriteFailure(),
    },
  });
  const following = options.metered ? followSnapshots(running, counters, page, store, options.log) : notFollowing;
  return {
    running,
    store,
    counters,
    page,
    loaded,
    seeded: following.seeded,
    close: async (graceMs) => {
      await running.stop(graceMs);
      following.stop();
      await store.close();
      lock.release();
    },
  };
}

interface Following {
  seeded(): Promise<void>;
  stop(): void;
}
const notFollowing: Following = { seeded: () => Promise.resolve(), stop: () => undefined };

/** Counters follow the configured services; a service that appears is seeded with its past, so that no counter restarts at zero. */
function followSnapshots(
  running: RunningApp,
  counters: Counters,
  page: MetricsPage,
  store: Store,
  log: SwitchableLog,
): Following {
  let seeding: Promise<void> = Promise.resolve();
  const stop = running.app.subscribe((event) => {
    const snapshot = running.app.snapshot();
    if (event.type !== 'snapshot' || snapshot === null) return;
    const only = counters.initialise(snapshot.services);
    page.observe(snapshot);
    if (only.length === 0) return;
    // Events recorded live from now on must not be counted twice.
    seeding = seeding
      .then(() => counters.seed(store.events.all(), { only, before: snapshot.at }))
      .catch((thrown: unknown) => log.error('counters could not be seeded', { error: String(thrown) }));
  });
  return { seeded: () => seeding, stop };
}

export function configPathOf(home: Home): string {
  return join(home.path, 'genesis.yaml');
}
