import { ok, fail, toOpError, type Outcome } from '../contract/errors.ts';
import type { Pause, Snapshot, SystemFacts } from '../contract/snapshot.ts';
import type { LoadedConfig } from '../config/index.ts';
import type { BackupEngine } from '../engines/backup/port.ts';
import { backupEngineKind } from '../engines/backup/registry.ts';
import type { Clock, Exec, Random } from '../ports/index.ts';
import type { AuditEntry, NewAuditEntry, Store } from '../store/port.ts';
import type { App, AppEvent, RequestOptions } from './app.ts';
import { createCollectors, type Collectors } from './collect.ts';
import type { HandlerDeps } from './handler.ts';
import { createBackupHandler } from './handlers/backup.ts';
import { createCopyHandler } from './handlers/copy.ts';
import { createDeleteHandler } from './handlers/delete.ts';
import { createDrillHandler, removeDrillLeftovers } from './handlers/drill.ts';
import { createRestoreHandler } from './handlers/restore.ts';
import { createVerifyHandler } from './handlers/verify.ts';
import type { Home } from './home.ts';
import type { SwitchableLog } from './log.ts';
import type { Meter } from './meter.ts';
import { createOperations, type Operations } from './operations.ts';
import { reconcileService } from './reconcile.ts';
import { createScheduler, type Scheduler } from './scheduler.ts';
import { resolveService } from './services.ts';
import { buildSnapshot } from './snapshot.ts';
import { makeToken } from './tokens.ts';

export interface AppDeps {
  readonly clock: Clock;
  readonly random: Random;
  readonly exec: Exec;
  readonly log: SwitchableLog;
  readonly home: Home;
  readonly version: string;
  readonly store: Store;
  readonly loaded: LoadedConfig;
  /** Reads the file again. */
  load(): Outcome<LoadedConfig>;
  /** The text of the file as it was loaded. */
  readText(): string;
  readSystem(): Promise<Outcome<SystemFacts>>;
  readonly meter: Meter;
}

export interface RunningApp {
  readonly app: App;
  /** Closes what a crash left, reads the world once. `act: false` reads only. */
  start(options: { readonly act: boolean }): Promise<void>;
  /** Observe → decide → act → publish, until the signal aborts. */
  loop(signal: AbortSignal): Promise<void>;
  /** Refuses new work, aborts what runs, waits at most `graceMs`. */
  stop(graceMs: number): Promise<void>;
}

const tickMs = 1000;
const reconcileMs = 5 * 60_000;

/** Mutable state of one process, in one place. */
interface State {
  loaded: LoadedConfig;
  text: string;
  reload: { ok: boolean; at: string };
  snapshot: Snapshot | null;
  auditCount: number;
  auditWritable: boolean;
  keyConfirmed: Map<string, boolean | null>;
}

/** Keys are derived once per text: derivation is slow on purpose. */
function createKeyring(): (engine: string, text: string) => Promise<Buffer> {
  const keys = new Map<string, Buffer>();
  return async (engine, text) => {
    const id = `${engine}\0${text}`;
    const found = keys.get(id) ?? backupEngineKind(engine).deriveKey(text);
    keys.set(id, found);
    return found;
  };
}

function createHandlerDeps(deps: AppDeps, state: State, operations: () => Operations): HandlerDeps {
  const deriveKey = createKeyring();
  const engines = new Map<string, BackupEngine>();
  const create = (name: string, clock: Clock): BackupEngine =>
    backupEngineKind(name).create({ clock, exec: deps.exec, random: deps.random, log: deps.log });
  return {
    clock: deps.clock,
    random: deps.random,
    exec: deps.exec,
    log: deps.log,
    store: deps.store,
    home: deps.home,
    config: () => state.loaded.config,
    configText: () => state.text,
    service: (name) =>
      resolveService(state.loaded.config, name, deps.home, {
        resolve: (ref) => state.loaded.resolveSecret(ref),
        deriveKey,
      }),
    engine: (name, clock) => {
      if (clock !== undefined) return create(name, clock);
      // One instance a kind: it remembers manifests that it has read.
      const engine = engines.get(name) ?? create(name, deps.clock);
      engines.set(name, engine);
      return engine;
    },
    markerFile: (engine) => backupEngineKind(engine).markerFile,
    measure: async (event) => {
      await deps.store.events.add(event);
      deps.meter.record(event);
    },
    auditHead: () => deps.store.audit.head(),
    backupsInUse: (except) => {
      const used = new Set<string>();
      for (const operation of operations().running()) {
        const id = operation.params['backupId'];
        if (operation.id !== except && typeof id === 'string') used.add(id);
        // A drill reads the newest; retention never takes that one, nor what it builds upon.
      }
      return used;
    },
  };
}

export function createApp(deps: AppDeps): RunningApp {
  const state: State = {
    loaded: deps.loaded,
    text: deps.readText(),
    reload: { ok: true, at: deps.clock.now().toISOString() },
    snapshot: null,
    auditCount: 0,
    auditWritable: true,
    keyConfirmed: new Map(),
  };
  const listeners = new Set<(event: AppEvent) => void>();
  const emit = (event: AppEvent): void => {
    for (const listener of listeners) listener(event);
  };
  const handlerDeps = createHandlerDeps(deps, state, () => operations);
  const wake = createWaker();
  const operations: Operations = createOperations({
    ...handlerDeps,
    handlers: {
      backup: createBackupHandler(handlerDeps),
      verify: createVerifyHandler(handlerDeps),
      restore: createRestoreHandler(handlerDeps),
      drill: createDrillHandler(handlerDeps),
      delete: createDeleteHandler(handlerDeps),
      copy: createCopyHandler(handlerDeps),
    },
    emit: (event) => {
      if (event.type === 'operation' && event.operation.endedAt !== null) wake.wake();
      emit(event);
    },
    onAuditFailure: () => {
      state.auditWritable = false;
      deps.meter.countAuditWriteFailure();
    },
  });
  const collectors = createCollectors({ ...handlerDeps, readSystem: deps.readSystem });
  const scheduler = createScheduler(handlerDeps, operations, collectors);
  const startedAt = deps.clock.now().toISOString();
  const eventStreams = { count: 0 };

  async function publish(): Promise<void> {
    const head = await deps.store.audit.head();
    state.auditCount = head?.count ?? 0;
    state.keyConfirmed = await readKeyConfirmations(handlerDeps);
    state.snapshot = buildSnapshot({
      now: deps.clock.now(),
      startedAt,
      version: deps.version,
      config: state.loaded.config,
      configHash: state.loaded.hash,
      reload: state.reload,
      readings: collectors.readings,
      collectors: collectors.snapshot(),
      nextRuns: (s) => scheduler.nextRuns(s),
      pauses: scheduler.pauses(),
      running: operations.running(),
      keyConfirmed: state.keyConfirmed,
      audit: { count: state.auditCount, writable: state.auditWritable },
      eventStreams: eventStreams.count,
    });
    emit({ type: 'snapshot', at: state.snapshot.at });
  }

  async function audit(entry: Omit<NewAuditEntry, 'at'>): Promise<void> {
    try {
      await deps.store.audit.append({ ...entry, at: deps.clock.now().toISOString() });
      state.auditWritable = true;
    } catch (thrown) {
      state.auditWritable = false;
      deps.meter.countAuditWriteFailure();
      throw toOpError(thrown, 'audit_unwritable');
    }
  }

  async function reconcileAll(): Promise<void> {
    for (const service of state.loaded.config.services) {
      const done = await reconcileService(handlerDeps, service.name, new AbortController().signal).catch(
        (thrown: unknown) => ({ ok: false as const, error: toOpError(thrown) }),
      );
      if (!done.ok)
        deps.log.warn('the repository could not be compared with the catalogue', {
          service: service.name,
          code: done.error.code,
          error: done.error.message,
        });
    }
  }

  const app = createAppFace({
    deps,
    state,
    operations,
    scheduler,
    collectors,
    handlerDeps,
    publish,
    audit,
    listeners,
    eventStreams,
    wake,
  });

  return {
    app,
    start: async ({ act }) => {
      if (act) {
        await removeDrillLeftovers(deps);
        const closed = await operations.recoverUnfinished();
        if (closed.length > 0) deps.log.warn('operations of an earlier process were closed', { count: closed.length });
        await reconcileAll();
      }
      await scheduler.refresh();
      await collectors.runAll();
      await publish();
    },
    loop: async (signal) => {
      let reconciledMs = +deps.clock.now();
      while (!signal.aborted) {
        await tick({ deps, operations, collectors, scheduler, publish, wake }).catch((thrown: unknown) =>
          deps.log.error('a tick failed', { error: toOpError(thrown).message }),
        );
        if (Math.abs(+deps.clock.now() - reconciledMs) >= reconcileMs) {
          reconciledMs = +deps.clock.now();
          await reconcileAll();
        }
        await Promise.race([deps.clock.sleep(tickMs, signal), wake.woken()]);
      }
    },
    stop: (graceMs) => operations.stop(graceMs),
  };
}

interface Waker {
  wake(): void;
  /** True once since the last call. */
  take(): boolean;
  woken(): Promise<void>;
}

/** Lets the loop turn at once when an operation has ended, so that metrics follow within the second. */
function createWaker(): Waker {
  let flag = false;
  let release: () => void = () => undefined;
  return {
    wake: () => {
      flag = true;
      release();
    },
    take: () => {
      const was = flag;
      flag = false;
      return was;
    },
    woken: () => (flag ? Promise.resolve() : new Promise((resolve) => (release = resolve))),
  };
}

/** One turn: read what is due, decide, start, publish. */
async function tick(o: {
  readonly deps: AppDeps;
  readonly operations: Operations;
  readonly collectors: Collectors;
  readonly scheduler: Scheduler;
  readonly wake: Waker;
  publish(): Promise<void>;
}): Promise<void> {
  const changed = o.wake.take();
  await o.scheduler.refresh();
  if (changed) await o.collectors.runAll();
  const read = changed || (await o.collectors.runDue(+o.deps.clock.now()));
  const started = await o.scheduler.run();
  if (read || started > 0) await o.publish();
}

async function fingerprintOf(deps: HandlerDeps, name: string): Promise<Outcome<string>> {
  const service = await deps.service(name);
  if (!service.ok) return service;
  const { key } = service.value.repository;
  if (key === null) return fail('key_missing', `${name} is not encrypted`);
  return ok(backupEngineKind(service.value.config.backup.engine).keyFingerprint(key));
}

async function confirmKey(deps: HandlerDeps, service: string, fingerprint: string): Promise<Outcome<void>> {
  const configured = await fingerprintOf(deps, service);
  if (!configured.ok) return configured;
  if (configured.value !== fingerprint)
    return fail('key_wrong', `${service} is sealed with the key ${configured.value}, not with ${fingerprint}`);
  await deps.store.facts.set(`key_confirmed:${fingerprint}`, deps.clock.now().toISOString());
  return ok(undefined);
}

async function readKeyConfirmations(deps: HandlerDeps): Promise<Map<string, boolean | null>> {
  const found = new Map<string, boolean | null>();
  for (const service of deps.config().services) {
    if (service.backup.encryption === null) {
      found.set(service.name, null);
      continue;
    }
    const fingerprint = await fingerprintOf(deps, service.name);
    found.set(
      service.name,
      fingerprint.ok && (await deps.store.facts.get(`key_confirmed:${fingerprint.value}`)) !== null,
    );
  }
  return found;
}

interface FaceParts {
  readonly deps: AppDeps;
  readonly state: State;
  readonly operations: Operations;
  readonly scheduler: Scheduler;
  readonly collectors: Collectors;
  readonly handlerDeps: HandlerDeps;
  readonly listeners: Set<(event: AppEvent) => void>;
  readonly eventStreams: { count: number };
  readonly wake: Waker;
  publish(): Promise<void>;
  audit(entry: Omit<NewAuditEntry, 'at'>): Promise<void>;
}

function entryFor(
  action: string,
  options: RequestOptions,
  result: AuditEntry['result'],
  more: Partial<NewAuditEntry> = {},
): Omit<NewAuditEntry, 'at'> {
  return {
    actor: options.actor.name,
    role: options.actor.role,
    via: options.actor.via,
    action,
    service: null,
    target: null,
    result,
    reason: options.reason,
    operationId: null,
    remote: options.remote,
    details: null,
    ...more,
  };
}

/** Writes the intent, does it, writes how it ended: for changes that need no journal. */
async function audited<T>(
  p: FaceParts,
  action: string,
  options: RequestOptions,
  more: Partial<NewAuditEntry>,
  effect: () => Promise<Outcome<T>>,
): Promise<Outcome<T>> {
  try {
    await p.audit(entryFor(action, options, 'intent', more));
  } catch (thrown) {
    return { ok: false, error: toOpError(thrown, 'audit_unwritable') };
  }
  const outcome = await effect().catch((thrown: unknown) => ({ ok: false as const, error: toOpError(thrown) }));
  await p
    .audit(
      entryFor(action, options, outcome.ok ? 'succeeded' : 'failed', {
        ...more,
        ...(outcome.ok ? {} : { details: { code: outcome.error.code } }),
      }),
    )
    .catch((thrown: unknown) =>
      p.deps.log.error('the end of a change could not be audited', { action, error: toOpError(thrown).message }),
    );
  p.wake.wake();
  return outcome;
}

function createAppFace(p: FaceParts): App {
  const { deps, state, operations } = p;
  const { store } = deps;
  return {
    clock: deps.clock,
    random: deps.random,
    log: deps.log,
    store,
    home: deps.home.path,
    version: deps.version,
    eventStreams: p.eventStreams,
    config: () => state.loaded.config,
    snapshot: () => state.snapshot,
    request: (request, options) => operations.request(request, options),
    plan: (request, options) => operations.plan(request, options),
    operation: (id) => operations.get(id),
    operations: (filter) => store.operations.list(filter),
    finished: (id, signal) => operations.finished(id, signal),
    cancel: (id, options) => operations.cancel(id, options),
    backups: (filter) => store.backups.list(filter),
    backup: async (id) => {
      const found = await store.backups.get(id);
      return found === null ? fail('backup_unknown', `no backup is called ${id}`) : ok(found);
    },
    files: async (id, query) => {
      const entry = await store.backups.get(id);
      if (entry === null) return fail('backup_unknown', `no backup is called ${id}`);
      const service = await p.handlerDeps.service(entry.service);
      if (!service.ok) return service;
      return p.handlerDeps
        .engine(entry.engine)
        .files(service.value.repository, id, query, new AbortController().signal);
    },
    setKeep: (id, change, options) => setKeep(p, id, change, options),
    drills: (filter) => store.drills.list(filter),
    pause: (service, seconds, options) => pauseService(p, service, seconds, options),
    resume: (service, options) =>
      audited(p, 'resume', options, { service }, async () => {
        if (!state.loaded.config.services.some((s) => s.name === service))
          return fail('service_unknown', `no service is called ${service}`);
        await store.pauses.clear(service);
        await p.scheduler.refresh();
        await p.publish();
        return ok(undefined);
      }),
    confirmKey: (service, fingerprint, options) =>
      audited(p, 'confirmKey', options, { service, target: fingerprint }, () =>
        confirmKey(p.handlerDeps, service, fingerprint),
      ),
    auditLog: (filter) => store.audit.list(filter),
    audit: (entry) => p.audit(entry),
    createToken: (token, options) =>
      audited(p, 'createToken', options, { target: `${token.name} (${token.role})` }, async () => {
        const made = makeToken(deps.random, deps.clock.now(), { ...token, createdBy: options.actor.name });
        await store.tokens.add(made.row);
        return ok(made);
      }),
    revokeToken: (id, options) =>
      audited(p, 'revokeToken', options, { target: id }, async () =>
        (await store.tokens.revoke(id, deps.clock.now().toISOString()))
          ? ok(undefined)
          : fail('token_unknown', `no live token has the id ${id}`),
      ),
    reload: (options) => audited(p, 'reload', options, {}, () => reload(p)),
    setLogLevel: (level, options) =>
      audited(p, 'setLogLevel', options, { target: level }, async () => {
        deps.log.setLevel(level);
        return ok(undefined);
      }),
    subscribe: (listener) => {
      p.listeners.add(listener);
      return () => p.listeners.delete(listener);
    },
    countRequest: (labels, seconds) => deps.meter.countRequest(labels, seconds),
    countAuthFailure: (kind, action) => deps.meter.countAuthFailure(kind, action),
  };
}

async function setKeep(
  p: FaceParts,
  id: string,
  change: { readonly keep?: boolean; readonly note?: string | null },
  options: RequestOptions,
): ReturnType<App['setKeep']> {
  const entry = await p.deps.store.backups.get(id);
  if (entry === null) return fail('backup_unknown', `no backup is called ${id}`);
  if (change.keep === false && entry.keep && options.actor.role !== 'admin') {
    await p.audit(entryFor('patchBackup', options, 'denied', { service: entry.service, target: id }));
    return fail('forbidden', 'unkeep needs the role admin');
  }
  return audited(
    p,
    'patchBackup',
    options,
    { service: entry.service, target: id, details: { ...change } },
    async () => {
      await p.deps.store.backups.setKeep(
        id,
        change.keep ?? entry.keep,
        change.note === undefined ? entry.note : change.note,
      );
      const now = await p.deps.store.backups.get(id);
      return now === null ? fail('backup_unknown', `${id} was removed meanwhile`) : ok(now);
    },
  );
}

async function pauseService(
  p: FaceParts,
  service: string,
  seconds: number,
  options: RequestOptions,
): Promise<Outcome<Pause>> {
  if (!p.state.loaded.config.services.some((s) => s.name === service))
    return fail('service_unknown', `no service is called ${service}`);
  if (options.reason === null) return fail('reason_required', 'a pause needs a reason');
  const now = p.deps.clock.now();
  const pause: Pause = {
    service,
    by: options.actor.name,
    reason: options.reason,
    since: now.toISOString(),
    until: new Date(+now + seconds * 1000).toISOString(),
  };
  return audited(p, 'pause', options, { service, details: { until: pause.until } }, async () => {
    await p.deps.store.pauses.set(pause);
    await p.scheduler.refresh();
    await p.publish();
    return ok(pause);
  });
}

/** A bad file keeps the old configuration, and the metric says so. */
async function reload(p: FaceParts): Promise<Outcome<void>> {
  const loaded = p.deps.load();
  p.state.reload = { ok: loaded.ok, at: p.deps.clock.now().toISOString() };
  if (!loaded.ok) {
    p.deps.log.error('the configuration was not reloaded', { code: loaded.error.code, error: loaded.error.message });
    await p.publish();
    return loaded;
  }
  const before = p.state.loaded.config;
  p.state.loaded = loaded.value;
  p.state.text = p.deps.readText();
  p.deps.log.setLevel(loaded.value.config.log.level);
  if (before.api.listen !== loaded.value.config.api.listen)
    p.deps.log.warn('api.listen changes at the next start', { listen: loaded.value.config.api.listen });
  await p.scheduler.refresh();
  await p.collectors.runAll();
  await p.publish();
  return ok(undefined);
}
