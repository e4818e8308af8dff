import { lstatSync } from 'node:fs';
import { mkdir, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fail, ok, toOpError, type Outcome } from '../../contract/errors.ts';
import type { Operation } from '../../contract/operation.ts';
import type { RestorePlanFacts, RestoreReport, RestoreTarget } from '../../engines/backup/port.ts';
import type { OperationRequest } from '../app.ts';
import {
  blocker,
  type Blocker,
  type Consequences,
  type Handler,
  type HandlerDeps,
  type PlanDraft,
} from '../handler.ts';
import { checkFolderTarget } from '../restore-target.ts';
import type { RunTools } from '../run-tools.ts';
import { restoreRoots, type ResolvedService } from '../services.ts';
import { locateBackup, type LocatedBackup } from './verify.ts';

type RestoreAsk = Extract<OperationRequest, { kind: 'restore' }>;

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

/** Without a path in the request, the folder is named after the backup and the operation. */
function folderPath(deps: HandlerDeps, request: RestoreAsk, operationId: string): string | null {
  if (request.target.kind !== 'folder') return null;
  return (
    request.target.path ??
    join(restoreRoots(deps.config(), deps.home)[0] ?? deps.home.restoresFolder, `${request.backupId}-${operationId}`)
  );
}

/** In place goes only to paths that the configuration names for that component, whatever a manifest says. */
function foreignRoots(facts: RestorePlanFacts, service: ResolvedService): Blocker[] {
  // The swap renames: a configured path that is a link would lose the link and leave the tree behind it as it was.
  const links = facts.roots
    .filter((root) => lstatSync(root.path, { throwIfNoEntry: false })?.isSymbolicLink() === true)
    .map((root) =>
      blocker(
        'target_not_allowed',
        `${root.path} is a symbolic link: configure the path it stands for, or restore into a new folder`,
      ),
    );
  const foreign = facts.roots
    .filter((root) => !service.components.some((c) => c.name === root.component && c.paths.includes(root.path)))
    .map((root) =>
      blocker(
        'target_not_allowed',
        `${root.path} is not a configured path of ${service.config.name}/${root.component}`,
      ),
    );
  return [...foreign, ...links];
}

/** What a person would wish to have known before: the swap replaces whole trees. */
function inPlaceWarnings(
  request: RestoreAsk,
  facts: RestorePlanFacts,
  service: ResolvedService,
  dataAsOf: string,
): string[] {
  const warnings = [`everything written to ${facts.roots.map((r) => r.path).join(', ')} after ${dataAsOf} is lost`];
  for (const { name, excludes } of service.components) {
    const roots = facts.roots.filter((root) => root.component === name);
    if (request.paths.length > 0 || roots.length === 0 || excludes.length === 0) continue;
    warnings.push(
      `what ${name} excludes (${excludes.join(', ')}) is in no backup: it is gone from ${roots.map((r) => r.path).join(', ')} afterwards`,
    );
  }
  if (service.config.restore.stop === null) {
    warnings.push('no stop command is configured: programs that have these files open go on using the old ones');
  }
  return warnings;
}

async function planRestore(deps: HandlerDeps, request: RestoreAsk, operationId: string): Promise<Outcome<PlanDraft>> {
  const located = await locateBackup(deps, request.backupId, request.copy);
  if (!located.ok) return located;
  const { entry, service, from, source } = located.value;
  const engine = deps.engine(service.config.backup.engine);
  const selection = { components: request.components, paths: request.paths };
  const facts = await engine.planRestore(from, entry.id, selection, new AbortController().signal);
  if (!facts.ok) return facts;
  const blockers: Blocker[] = [];
  const warnings: string[] = [];
  let target: unknown = 'in place';
  if (request.target.kind === 'folder') {
    const path = folderPath(deps, request, operationId) ?? '';
    const checked = await checkFolderTarget(path, restoreRoots(deps.config(), deps.home));
    if (!checked.ok) blockers.push(blocker(checked.error.code, checked.error.message));
    // The default name holds the operation's id: leave it out of what the etag covers.
    target = request.target.path ?? 'a new folder below the first restore root';
  } else {
    blockers.push(...foreignRoots(facts.value, service));
    warnings.push(...inPlaceWarnings(request, facts.value, service, entry.startedAt));
  }
  if (entry.verifyResult === 'failed' && source === 'repository')
    blockers.push(blocker('backup_corrupt', `${entry.id} did not verify`));
  return ok({
    steps: restoreSteps(request, service),
    blockers,
    warnings,
    facts: {
      backupId: entry.id,
      source,
      checksum: entry.checksum,
      dataAsOf: entry.startedAt,
      chain: facts.value.chain,
      entries: facts.value.entries,
      bytes: facts.value.bytes,
      readBytes: facts.value.readBytes,
      roots: facts.value.roots,
      target,
    },
    consequences: consequencesOf(request, facts.value, service, entry.startedAt),
  });
}

function consequencesOf(
  request: RestoreAsk,
  { bytes, roots }: RestorePlanFacts,
  service: ResolvedService,
  dataAsOf: string,
): Consequences {
  const { kind } = request.target;
  const isLike: Consequences['isLike'] = ({ target }) => (target as { kind?: unknown } | undefined)?.kind === kind;
  if (kind === 'folder')
    return { stops: [], bytes, atStake: [], wayBack: 'remove the new folder: nothing else is changed', isLike };
  const { name, restore } = service.config;
  return {
    stops: [
      restore.stop === null
        ? `whatever uses the files of ${name} must be stopped by you: no stop command is configured`
        : `${name}, from its stop command to its start command`,
      `backups, drills and other work on ${name} wait until it has ended`,
    ],
    bytes,
    atStake: [`what was written to ${roots.map(({ path }) => path).join(', ')} after ${dataAsOf}`],
    wayBack:
      'until all is in, the old data stands beside and comes back by itself when anything fails; afterwards only a backup made before this one brings it back: make one now',
    isLike,
  };
}

function restoreSteps(request: RestoreAsk, service: ResolvedService): readonly string[] {
  if (request.target.kind === 'folder') return ['restore into a new folder, every file compared with its hash'];
  return [
    ...(service.config.restore.stop === null ? [] : ['stop the service']),
    'stage beside the target, verify, swap by rename, keep the old until all is in',
    ...(service.config.restore.start === null ? [] : ['start the service']),
  ];
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
  const outcome =
    folder === null
      ? await restoreInPlace(deps, located.value, request, tools)
      : await restoreToFolder(deps, located.value, request, folder, tools);
  if (outcome.ok || outcome.error.code !== 'cancelled')
    await recordRestore(deps, located.value, outcome.ok ? 'success' : 'failure', startedMs);
  if (!outcome.ok) return outcome;
  return ok({
    backupId: request.backupId,
    source: located.value.source,
    dataAsOf: located.value.entry.startedAt,
    target: folder ?? 'in place',
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
    },
    tools.context,
  );
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
  const facts = await engine.planRestore(
    located.from,
    located.entry.id,
    { components: request.components, paths: request.paths },
    tools.signal,
  );
  if (!facts.ok) return facts;
  const foreign = foreignRoots(facts.value, service)[0];
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
    await rm(join(dirname(folder), `.genesis-restore-${operation.id}`), { recursive: true, force: true });
    return { state: 'interrupted', left: 'the half restored folder was removed; nothing else was touched' };
  }
  const { service } = located.value;
  const roots = service.components.flatMap((c) => c.paths);
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
