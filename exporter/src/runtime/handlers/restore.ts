import { existsSync } from 'node:fs';
import { mkdir, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fail, ok, toOpError, type Outcome } from '../../contract/errors.ts';
import type { Operation } from '../../contract/operation.ts';
import { sweepSandboxes } from '../../engines/postgres/sandbox.ts';
import type { RestoreReport, RestoreTarget } from '../../engines/backup/port.ts';
import type { Handler, HandlerDeps } from '../handler.ts';
import { checkFolderTarget } from '../restore-target.ts';
import type { RunTools } from '../run-tools.ts';
import { restoreRoots, type ResolvedService } from '../services.ts';
import { folderPath, foreignRoots, planRestore, wishOf, type RestoreAsk } from './restore-plan.ts';
import { locateBackup, type LocatedBackup } from './verify.ts';

export function createRestoreHandler(deps: HandlerDeps): Handler<RestoreAsk> {
  return {
    serviceOf: async (request) => {
      const located = await locateBackup(deps, request.backupId, request.copy);
      return located.ok ? ok(located.value.entry.service) : located;
    },
    plan: (request, operationId) => planRestore(deps, request, operationId),
    run: (request, operation, tools) => runRestore(deps, request, operation, tools),
    recover: (request, operation) => recoverRestore(deps, request, operation),
  };
}

async function runHook(
  deps: HandlerDeps,
  command: readonly string[] | null,
  timeoutSeconds: number,
  signal: AbortSignal,
  note: (t: string) => void,
): Promise<Outcome<void>> {
  const [file, ...args] = command ?? [];
  if (file === undefined) return ok(undefined);
  const done = await deps.exec.run(file, args, { timeoutMs: timeoutSeconds * 1000, signal });
  if (!done.ok) return done;
  note(`exit ${done.value.exitCode}`);
  if (done.value.exitCode === 0) return ok(undefined);
  return fail('exec_failed', `${file} ended with exit code ${done.value.exitCode}: ${done.value.stderr.slice(-300)}`, {
    details: { ...done.value },
  });
}

function recordRestore(deps: HandlerDeps, located: LocatedBackup, result: string, startedMs: number): Promise<void> {
  return deps.measure({
    kind: 'recovery',
    service: located.entry.service,
    at: deps.clock.now().toISOString(),
    labels: { region: located.service.config.region, engine: located.service.config.backup.engine, result },
    durationSeconds: (+deps.clock.now() - startedMs) / 1000,
  });
}

async function runRestore(
  deps: HandlerDeps,
  request: RestoreAsk,
  operation: Operation,
  tools: RunTools,
): Promise<Outcome<Readonly<Record<string, unknown>>>> {
  const located = await locateBackup(deps, request.backupId, request.copy);
  if (!located.ok) return located;
  const startedMs = +deps.clock.now();
  const folder = folderPath(deps, request, operation.id);
  const outcome = await restoreTo(deps, located.value, request, folder, tools);
  if (outcome.ok || outcome.error.code !== 'cancelled')
    await recordRestore(deps, located.value, outcome.ok ? 'success' : 'failure', startedMs);
  if (!outcome.ok) return outcome;
  return ok({
    backupId: request.backupId,
    source: located.value.source,
    dataAsOf: outcome.value.dataAsOf ?? located.value.entry.startedAt,
    target: folder ?? (request.target.kind === 'database' ? 'database' : 'in place'),
    entries: outcome.value.entries,
    bytes: outcome.value.bytes,
    replaced: outcome.value.replaced,
  });
}

function engineRestore(
  deps: HandlerDeps,
  located: LocatedBackup,
  request: RestoreAsk,
  target: RestoreTarget,
  tools: RunTools,
): Promise<Outcome<RestoreReport>> {
  const engine = deps.engine(located.service.config.backup.engine);
  return engine.restore(
    {
      operationId: tools.operationId,
      repository: located.from,
      backupId: located.entry.id,
      selection: { components: request.components, paths: request.paths },
      target,
      restoreOwner: process.getuid?.() === 0,
      ...(request.recovery === undefined ? {} : { recovery: request.recovery }),
    },
    tools.context,
  );
}

function restoreTo(
  deps: HandlerDeps,
  located: LocatedBackup,
  request: RestoreAsk,
  folder: string | null,
  tools: RunTools,
): Promise<Outcome<RestoreReport>> {
  const { target } = request;
  if (folder !== null) return restoreToFolder(deps, located, request, folder, tools);
  if (target.kind !== 'database') return restoreInPlace(deps, located, request, tools);
  return tools.step('restore into a database of its own', async (note) => {
    const report = await engineRestore(deps, located, request, target, tools);
    if (report.ok)
      note(`${report.value.entries} tables, ${report.value.bytes} bytes into ${report.value.into ?? 'it'}`);
    return report;
  });
}

async function restoreToFolder(
  deps: HandlerDeps,
  located: LocatedBackup,
  request: RestoreAsk,
  folder: string,
  tools: RunTools,
): Promise<Outcome<RestoreReport>> {
  // Looked at again right before the effect: the plan may be minutes old.
  const checked = await checkFolderTarget(folder, restoreRoots(deps.config(), deps.home));
  if (!checked.ok) return checked;
  return tools.step('restore', async (note) => {
    await mkdir(dirname(checked.value), { recursive: true, mode: 0o700 });
    const report = await engineRestore(deps, located, request, { kind: 'folder', path: checked.value }, tools);
    if (report.ok) note(`${report.value.entries} entries, ${report.value.bytes} bytes into ${checked.value}`);
    return report;
  });
}

async function restoreInPlace(
  deps: HandlerDeps,
  located: LocatedBackup,
  request: RestoreAsk,
  tools: RunTools,
): Promise<Outcome<RestoreReport>> {
  const { service } = located;
  const engine = deps.engine(service.config.backup.engine);
  const facts = await engine.planRestore(located.from, located.entry.id, wishOf(request), tools.signal);
  if (!facts.ok) return facts;
  const { recovery } = facts.value;
  if (recovery?.reachable === false)
    return fail('recovery_target_unreachable', recovery.problem ?? 'the target cannot be reached');
  const foreign = service.config.postgres === null ? foreignRoots(facts.value, service)[0] : undefined;
  if (foreign !== undefined) return fail(foreign.code, foreign.message);
  const hooks = service.config.restore;
  if (hooks.stop !== null) {
    const stopped = await tools.step('stop the service', (note) =>
      runHook(deps, hooks.stop, hooks.timeout, tools.signal, note),
    );
    if (!stopped.ok) {
      await startAgain(deps, service, tools);
      return stopped;
    }
  }
  const restored = await tools.step('restore in place', async (note) => {
    const report = await engineRestore(deps, located, request, { kind: 'in_place', roots: facts.value.roots }, tools);
    if (report.ok) note(`${report.value.entries} entries, ${report.value.bytes} bytes`);
    return report;
  });
  const started = await startAgain(deps, service, tools);
  if (!restored.ok) return restored;
  // The old cluster is kept until the new one answers; the engine looks whether it does.
  if (started.ok && service.config.postgres !== null && hooks.start !== null)
    await tools.step('let go of the old cluster', async (note) => {
      const cleaned = await engine.clean(service.repository, tools.signal);
      if (cleaned.ok) note(cleaned.value === 0 ? 'it is kept: the restored server did not answer yet' : 'removed');
      return cleaned;
    });
  return started.ok ? restored : started;
}

/** Also after a failed restore, and not stopped by a cancel: the service must not stay down because a restore did. */
async function startAgain(deps: HandlerDeps, service: ResolvedService, tools: RunTools): Promise<Outcome<void>> {
  const hooks = service.config.restore;
  if (hooks.start === null) return ok(undefined);
  return tools.step('start the service', (note) =>
    runHook(deps, hooks.start, hooks.timeout, new AbortController().signal, note),
  );
}

async function recoverRestore(
  deps: HandlerDeps,
  request: RestoreAsk,
  operation: Operation,
): Promise<{ state: 'interrupted' | 'succeeded'; left: string }> {
  const located = await locateBackup(deps, request.backupId, request.copy);
  if (!located.ok) return { state: 'interrupted', left: `not looked at: ${located.error.message}` };
  const folder = folderPath(deps, request, operation.id);
  if (folder !== null) {
    const staged = join(dirname(folder), `.genesis-restore-${operation.id}`);
    // A server that replayed there may still run: it would go on writing into a folder that is gone.
    for (const left of [staged, folder]) if (existsSync(left)) await sweepSandboxes(left);
    await rm(staged, { recursive: true, force: true });
    return { state: 'interrupted', left: 'the half restored folder was removed; nothing else was touched' };
  }
  const { service } = located.value;
  const data = service.config.postgres?.data ?? null;
  const roots = data !== null && service.components.length === 0 ? [data] : service.components.flatMap((c) => c.paths);
  const done = await deps
    .engine(service.config.backup.engine)
    .recover(operation.id, roots, new AbortController().signal)
    .catch((thrown: unknown) => ({ ok: false as const, error: toOpError(thrown) }));
  const started = await startAfterCrash(deps, service, operation);
  const words =
    started === null
      ? ''
      : started.ok
        ? '; the service was started'
        : `; the service could not be started: ${started.error.message}`;
  if (!done.ok) return { state: 'interrupted', left: `the swap could not be put right: ${done.error.message}${words}` };
  const found =
    done.value === 'nothing'
      ? withoutStaging(operation)
      : { isIn: done.value === 'completed', said: saidOf[done.value] };
  const complete = found.isIn && (started === null || started.ok);
  return { state: complete ? 'succeeded' : 'interrupted', left: found.said + words };
}

const saidOf = { rolled_back: 'the old data is back in place', completed: 'the restored data is in place' };

/** No staging folder: before the first one was made, or after the last one was removed. The journal tells, but for one moment. */
function withoutStaging(operation: Operation): { readonly isIn: boolean; readonly said: string } {
  const step = operation.steps.find((s) => s.name === 'restore in place');
  if (step?.state === 'succeeded') return { isIn: true, said: saidOf.completed };
  if (step?.state === 'running')
    return {
      isIn: false,
      said: 'no swap is half done: the data is wholly the old or wholly the restored; look which, or restore again',
    };
  return { isIn: false, said: 'nothing was swapped: the old data is in place' };
}

/** Null where the crash came before anything was stopped or touched, or after the start had been run. */
async function startAfterCrash(
  deps: HandlerDeps,
  service: ResolvedService,
  operation: Operation,
): Promise<Outcome<void> | null> {
  const { start, timeout } = service.config.restore;
  const wasTouched = operation.steps.some((s) => s.name === 'stop the service' || s.name === 'restore in place');
  const wasStarted = operation.steps.some((s) => s.name === 'start the service' && s.state === 'succeeded');
  if (start === null || !wasTouched || wasStarted) return null;
  return runHook(deps, start, timeout, new AbortController().signal, () => undefined);
}
