import type { LoadedConfig } from '../config/index.ts';
import { ok, toOpError, type OpError, type Outcome } from '../contract/errors.ts';
import { drillLevels, type DrillLevel } from '../contract/operation.ts';
import type { Snapshot, SystemFacts } from '../contract/snapshot.ts';
import type { BackupEngine } from '../engines/backup/port.ts';
import { backupEngineKind } from '../engines/backup/registry.ts';
import type { Clock, Exec, HttpFetch, Random } from '../ports/index.ts';
import type { NewAuditEntry, Store } from '../store/port.ts';
import type { AppEvent } from './app.ts';
import type { Approvals } from './approvals.ts';
import type { Collectors, Readings } from './collect.ts';
import type { FailoverMemory } from './failover/kept.ts';
import type { FailoverWatch } from './failover/watch.ts';
import type { HandlerDeps } from './handler.ts';
import type { HealthWatch } from './health.ts';
import type { Home } from './home.ts';
import { createKeyring } from './keys.ts';
import type { Live } from './live/live.ts';
import type { ReadSamples } from './live/samples.ts';
import type { SwitchableLog } from './log.ts';
import type { Maintenance } from './maintenance.ts';
import type { Meter } from './meter.ts';
import type { Operations } from './operations/operations.ts';
import { compareForDrill } from './quality.ts';
import type { PlaybookWatch } from './playbooks/watch.ts';
import type { ReplicationWatch } from './replication/watch.ts';
import type { PrometheusClient } from './prometheus.ts';
import type { LoadHistory } from './scaling/load.ts';
import type { ScalingMemory } from './scaling/kept.ts';
import type { ScalingWatch } from './scaling/watch.ts';
import type { Scheduler } from './scheduler.ts';
import { atPrimary, resolveService, type ResolvedService } from './services.ts';
import type { Waker } from './waker.ts';

export interface AppDeps {
  readonly clock: Clock;
  readonly random: Random;
  readonly exec: Exec;
  readonly log: SwitchableLog;
  readonly home: Home;
  readonly version: string;
  readonly store: Store;
  readonly loaded: LoadedConfig;
  /** Reads the file again; objectives are checked against how long the newest backups really took (seconds, by service). */
  load(lastDurations: Readonly<Record<string, number>>): Outcome<LoadedConfig>;
  /** The text of the file as it was loaded. */
  readText(): string;
  readSystem(): Promise<Outcome<SystemFacts>>;
  /** HTTP client for Prometheus. */
  readonly fetch: HttpFetch;
  readonly meter: Meter;
  /** Gauges and counters for live data; absent where nobody asks for them: a command that runs without a server. */
  readonly readSamples?: ReadSamples;
}

/** Mutable state of one process, in one place. */
export interface AppState {
  loaded: LoadedConfig;
  text: string;
  reload: { readonly ok: boolean; readonly at: string };
  snapshot: Snapshot | null;
  auditWritable: boolean;
}

/** What the parts of the running program share. */
export interface AppCore {
  readonly deps: AppDeps;
  readonly state: AppState;
  readonly startedAt: string;
  readonly operations: Operations;
  readonly scheduler: Scheduler;
  readonly maintenance: Maintenance;
  readonly collectors: Collectors;
  readonly live: Live;
  readonly health: HealthWatch;
  readonly replication: ReplicationWatch;
  readonly failover: FailoverWatch;
  readonly failoverMemory: FailoverMemory;
  readonly scaling: ScalingWatch;
  readonly scalingMemory: ScalingMemory;
  readonly scalingHistory: LoadHistory;
  readonly prometheus: PrometheusClient;
  readonly approvals: Approvals;
  readonly playbooks: PlaybookWatch;
  readonly handlerDeps: HandlerDeps;
  readonly listeners: Set<(event: AppEvent) => void>;
  readonly eventStreams: { count: number };
  readonly wake: Waker;
  /** Aborted at the stop: what waits for somebody outside must not hold the process. */
  readonly stopping: AbortController;
}

export function emit(core: Pick<AppCore, 'listeners'>, event: AppEvent): void {
  for (const listener of core.listeners) listener(event);
}

/** Throws OpError `audit_unwritable`; readiness and a metric say so until a row could be written again. */
export async function writeAudit(
  core: Pick<AppCore, 'deps' | 'state'>,
  entry: Omit<NewAuditEntry, 'at'>,
): Promise<void> {
  const { deps, state } = core;
  try {
    await deps.store.audit.append({ ...entry, at: deps.clock.now().toISOString() });
    state.auditWritable = true;
  } catch (thrown) {
    state.auditWritable = false;
    deps.meter.countAuditWriteFailure();
    throw toOpError(thrown, 'audit_unwritable');
  }
}

/** Parts that are made after the handlers and that these ask. */
export interface LaterParts {
  operations(): Operations;
  readings(): Readings;
  /** The node that serves now; null: not known, or nobody takes over. */
  primaryOf(service: string): string | null;
}

export function createHandlerDeps(deps: AppDeps, state: AppState, later: LaterParts): HandlerDeps {
  const deriveKey = createKeyring();
  const engines = new Map<string, BackupEngine>();
  const create = (name: string, clock: Clock): BackupEngine =>
    backupEngineKind(name).create({ clock, exec: deps.exec, random: deps.random, log: deps.log });
  const resolve = async (name: string): Promise<Outcome<ResolvedService>> => {
    const found = await resolveService(state.loaded.config, name, deps.home, {
      resolve: (ref) => state.loaded.resolveSecret(ref),
      deriveKey,
    });
    return found.ok ? ok(atPrimary(found.value, later.primaryOf(name))) : found;
  };
  return {
    clock: deps.clock,
    random: deps.random,
    exec: deps.exec,
    log: deps.log,
    store: deps.store,
    home: deps.home,
    config: () => state.loaded.config,
    configText: () => state.text,
    service: resolve,
    engine: (name, clock) => {
      if (clock !== undefined) return create(name, clock);
      // One instance a kind: it remembers manifests that it has read.
      const engine = engines.get(name) ?? create(name, deps.clock);
      engines.set(name, engine);
      return engine;
    },
    measure: async (event) => {
      await deps.store.events.add(event);
      deps.meter.record(event);
    },
    auditHead: () => deps.store.audit.head(),
    backupsInUse: (except) => backupsInUse(later.operations(), except),
    pitrOf: (service) => {
      const seen = later.readings().pitr.get(service);
      return seen?.known === true ? seen.value : null;
    },
    compareQuality: async (name, server, tools) => {
      const service = await resolve(name);
      if (service.ok) return compareForDrill(deps, service.value, server, tools);
      return { level: notCompared(service.error), reportId: null };
    },
  };
}

function notCompared(error: OpError): DrillLevel {
  return { level: 5, name: drillLevels[5], result: 'failed', seconds: 0, detail: error.message };
}

/** A drill reads the newest backup, which retention never takes; the others name theirs. */
function backupsInUse(operations: Operations, except: string): ReadonlySet<string> {
  const used = new Set<string>();
  for (const operation of operations.running()) {
    const id = operation.params['backupId'];
    if (operation.id !== except && typeof id === 'string') used.add(id);
  }
  return used;
}
