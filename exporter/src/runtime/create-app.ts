import { toOpError } from '../contract/errors.ts';
import type { Operation } from '../contract/operation.ts';
import type { App } from './app.ts';
import type { Approvals } from './approvals.ts';
import { createHandlerDeps, emit, writeAudit, type AppCore, type AppDeps, type AppState } from './app-core.ts';
import { createAppFace } from './app-face.ts';
import { createCollectors } from './collect.ts';
import type { HandlerDeps } from './handler.ts';
import { createBackupHandler } from './handlers/backup.ts';
import { createCopyHandler } from './handlers/copy.ts';
import { createDeleteHandler } from './handlers/delete.ts';
import { createDrillHandler, removeDrillLeftovers } from './handlers/drill.ts';
import { createPlaybookHandler, type PlaybookHandlerDeps } from './handlers/playbook.ts';
import { createQualityHandler } from './handlers/quality.ts';
import { createRestoreHandler } from './handlers/restore.ts';
import { createTakeoverHandler, type TakeoverHandlerDeps } from './handlers/takeover.ts';
import { createVerifyHandler } from './handlers/verify.ts';
import { createFailover } from './failover/create.ts';
import { createFailoverMemory } from './failover/kept.ts';
import { createScaleHandler, type ScaleHandlerDeps } from './handlers/scale.ts';
import { createScaling } from './scaling/create.ts';
import { createLive, type Live } from './live/live.ts';
import { closeExpired, createMaintenance } from './maintenance.ts';
import type { Handlers } from './operations/core.ts';
import { createPlaybooks } from './playbooks/create.ts';
import { createOperations, type Operations } from './operations/operations.ts';
import { publish } from './publish.ts';
import { reconcileService } from './reconcile.ts';
import { createScheduler } from './scheduler.ts';
import { createWaker, type Waking } from './waker.ts';
import { createWatches } from './watches.ts';

export type { AppDeps } from './app-core.ts';

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
/** A hung mount must not hold up schedules and metrics of everything else; its collector shows as stalled. */
const readingMs = 5000;

export function createApp(deps: AppDeps): RunningApp {
  const core = createCore(deps);
  return {
    app: createAppFace(core),
    start: async ({ act }) => {
      // Also whoever only reads has to know which node serves.
      await core.failoverMemory.load(deps.loaded.config.services.map(({ name }) => name));
      if (act) {
        await auditStart(core);
        await removeDrillLeftovers(deps);
        const closed = await core.operations.recoverUnfinished();
        if (closed.length > 0) deps.log.warn('operations of an earlier process were closed', { count: closed.length });
        await reconcileAll(core);
      }
      core.operations.open();
      await core.scheduler.refresh();
      await closeExpired(core);
      await core.live.load();
      await core.health.load();
      await core.collectors.runAll();
      await publish(core);
    },
    loop: async (signal) =>
      void (await Promise.all([
        loop(core, signal),
        core.live.run(signal),
        core.health.run(signal),
        core.replication.run(signal),
        core.failover.run(signal),
        core.scaling.run(signal),
        core.playbooks.run(signal),
      ])),
    stop: (graceMs) => {
      core.stopping.abort();
      return core.operations.stop(graceMs);
    },
  };
}

/** Whether the log can be written is seen by writing to it; a failure shows in readiness and metrics, and refuses actions later. */
async function auditStart(core: AppCore): Promise<void> {
  const entry = {
    actor: 'genesis',
    role: 'system',
    via: 'start',
    action: 'server.start',
    service: null,
    target: null,
    result: 'succeeded' as const,
    reason: null,
    operationId: null,
    remote: null,
    details: { version: core.deps.version },
  };
  await writeAudit(core, entry).catch((thrown: unknown) =>
    core.deps.log.error('the audit log cannot be written', { error: toOpError(thrown).message }),
  );
}

function createHandlers(
  deps: HandlerDeps,
  takeover: TakeoverHandlerDeps,
  playbook: PlaybookHandlerDeps,
  scale: ScaleHandlerDeps,
): Handlers {
  return {
    scale: createScaleHandler(scale),
    playbook: createPlaybookHandler(playbook),
    failover: createTakeoverHandler(takeover),
    switchover: createTakeoverHandler(takeover),
    fence: createTakeoverHandler(takeover),
    rejoin: createTakeoverHandler(takeover),
    backup: createBackupHandler(deps),
    verify: createVerifyHandler(deps),
    restore: createRestoreHandler(deps),
    drill: createDrillHandler(deps),
    quality: createQualityHandler(deps),
    delete: createDeleteHandler(deps),
    copy: createCopyHandler(deps),
  };
}

function initialState(deps: AppDeps, now: string): AppState {
  return {
    loaded: deps.loaded,
    text: deps.readText(),
    reload: { ok: true, at: now },
    snapshot: null,
    auditWritable: true,
  };
}

function createCore(deps: AppDeps): AppCore {
  const now = deps.clock.now().toISOString();
  const state = initialState(deps, now);
  const shared = { deps, state, listeners: new Set<never>() as AppCore['listeners'], wake: createWaker() };
  const failoverMemory = createFailoverMemory(deps.store.facts);
  const handlerDeps = createHandlerDeps(deps, state, {
    operations: () => operations,
    readings: () => collectors.readings,
    primaryOf: (service) => failoverMemory.of(service).primary,
  });
  const { failover, approvals, breakers, takeover } = createFailover(deps, state, handlerDeps, failoverMemory, {
    operations: () => operations,
    changed: () => void publish(core),
  });
  const { scaling, ...scalingParts } = createScaling(
    deps,
    state,
    { breakers, lease: takeover.lease },
    {
      operations: () => operations,
      core: () => core,
      changed: () => void publish(core),
    },
  );
  const playbooks = createPlaybooks(deps, state, handlerDeps, breakers, () => core);
  const handlers = createHandlers(
    handlerDeps,
    { ...takeover, handlers: handlerDeps, approvals, breakers },
    playbooks.handler,
    { ...scaling, handlers: handlerDeps, breakers },
  );
  const operations: Operations = operationsOf(shared, handlerDeps, handlers, approvals);
  const watches = createWatches(deps, state, handlerDeps, () => publish(core));
  const collectors = createCollectors({
    ...handlerDeps,
    ...watches,
    failover,
    scaling: scaling.watch,
    readSystem: deps.readSystem,
  });
  const scheduler = createScheduler(handlerDeps, operations, collectors);
  const maintenance = createMaintenance(deps);
  const live = liveOf(shared, () => publish(core));
  const parts = {
    ...watches,
    failover,
    failoverMemory,
    ...scalingParts,
    scaling: scaling.watch,
    approvals,
    operations,
    scheduler,
    maintenance,
    collectors,
    live,
    handlerDeps,
  };
  const core: AppCore = {
    ...shared,
    ...parts,
    playbooks: playbooks.watch,
    startedAt: now,
    eventStreams: { count: 0 },
    stopping: new AbortController(),
  };
  return core;
}

type Shared = Pick<AppCore, 'deps' | 'state' | 'listeners' | 'wake'>;

function operationsOf(shared: Shared, handlerDeps: HandlerDeps, handlers: Handlers, approvals: Approvals): Operations {
  const { deps, state } = shared;
  return createOperations({
    ...handlerDeps,
    handlers,
    approvalOf: (id) => approvals.pending(id),
    meter: deps.meter,
    emit: (event) => {
      if (event.type === 'operation' && event.operation.endedAt !== null) shared.wake.wake(wakingOf(event.operation));
      emit(shared, event);
    },
    onAudit: (written) => {
      state.auditWritable = written;
      if (!written) deps.meter.countAuditWriteFailure();
    },
  });
}

/** A restore into a new folder writes neither to a repository nor to the catalogue: its end is published, and nothing read again. */
function wakingOf({ kind, params }: Operation): Waking {
  const target = params['target'] as { readonly kind?: unknown } | undefined;
  return kind === 'restore' && target?.kind === 'folder' ? 'operations' : 'readings';
}

function liveOf(shared: Shared, changed: () => Promise<void>): Live {
  const { deps, state } = shared;
  return createLive({
    ...deps,
    store: deps.store.liveAlerts,
    config: () => state.loaded.config,
    snapshot: () => state.snapshot,
    notify: (notice, alert) => emit(shared, { type: 'alert', notice, alert }),
    changed,
  });
}

async function reconcileAll(core: AppCore): Promise<void> {
  const { log } = core.deps;
  for (const { name } of core.state.loaded.config.services) {
    const done = await reconcileService(core.handlerDeps, name, new AbortController().signal).catch(
      (thrown: unknown) => ({
        ok: false as const,
        error: toOpError(thrown),
      }),
    );
    if (done.ok) continue;
    log.warn('the repository could not be compared with the catalogue', {
      service: name,
      code: done.error.code,
      error: done.error.message,
    });
  }
}

async function loop(core: AppCore, signal: AbortSignal): Promise<void> {
  const { clock, log } = core.deps;
  let reconciledMs = +clock.now();
  let reconciling = false;
  while (!signal.aborted) {
    await tick(core, signal).catch((thrown: unknown) =>
      log.error('a tick failed', { error: toOpError(thrown).message }),
    );
    if (!reconciling && Math.abs(+clock.now() - reconciledMs) >= reconcileMs) {
      reconciledMs = +clock.now();
      reconciling = true;
      // Beside the ticks: an object store that is away takes minutes to say so.
      void reconcileAll(core).finally(() => (reconciling = false));
    }
    await Promise.race([clock.sleep(tickMs, signal), core.wake.woken()]);
  }
}

/** One turn: read what is due, decide, start, publish. */
async function tick(core: AppCore, signal: AbortSignal): Promise<void> {
  const woken = core.wake.take();
  await core.scheduler.refresh();
  const closed = await closeExpired(core);
  const reading =
    woken === 'readings'
      ? core.collectors.runChanged().then(() => true)
      : core.collectors.runDue(+core.deps.clock.now());
  const read = await Promise.race([reading, core.deps.clock.sleep(readingMs, signal).then(() => true)]);
  const started = await core.scheduler.run();
  if (read || woken !== null || closed || started > 0) await publish(core);
}
