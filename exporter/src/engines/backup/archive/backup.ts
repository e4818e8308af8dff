import { mkdir, rename, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { BackupRecord, ComponentResult } from '../../../contract/backup.ts';
import { OpError, fail, ok, toOpError, type Outcome } from '../../../contract/errors.ts';
import type { BackupRequest, ComponentSource, EngineDeps, RunContext } from '../port.ts';
import type { BackupJob, BackupJobFailure, BackupJobResult, ComponentJob, FromBackupWorker } from './backup-job.ts';
import { keyFingerprint, manifestMacKey, saltBytes, sealScheme } from './crypto.ts';
import { exists, makeFolder, syncFolder, writeSynced } from './durable-write.ts';
import { errnoOf } from './errno.ts';
import {
  backupFolder,
  configFile,
  formatVersion,
  isBackupId,
  isSafeName,
  manifestFile,
  partialFolder,
  recordOf,
  serialiseManifest,
  type Manifest,
} from './format.ts';
import { openPartial } from './partials.ts';
import { resolveRoots } from './roots.ts';
import { componentOf, loadChain, type Chain } from './stored-chain.ts';
import { startThread } from '../../thread.ts';
import { writeKey } from './repository.ts';

/** See `BackupEngine.backup`: nothing is in the repository under its name before all of it is durable. */
export async function runBackup(
  deps: EngineDeps,
  request: BackupRequest,
  context: RunContext,
): Promise<Outcome<BackupRecord>> {
  const cancelled = new OpError('cancelled', `backup ${request.id} was cancelled; nothing of it was kept`);
  if (context.signal.aborted) return { ok: false, error: cancelled };
  try {
    checkRequest(request);
    const key = await writeKey(request.repository);
    const parent = request.parent === null ? null : loadParent(request, request.parent);
    const prepared = prepareComponents(deps, request, parent, key);
    if (!prepared.ok) return prepared;
    const startedAt = deps.clock.now().toISOString();
    return await inPartialFolder(request, async (folder) => {
      const job: BackupJob = {
        folder,
        repository: request.repository.path,
        key,
        components: prepared.value,
        compareContent: request.compareContent,
        limits: request.limits,
      };
      const copied = await runWorker(job, context);
      if (context.signal.aborted) return { ok: false, error: cancelled };
      if (!copied.ok) return fromFailure(request, copied.failure);
      context.onProgress({ phase: 'publish', entriesDone: 0, bytesDone: 0, bytesTotal: null });
      const manifest = manifestOf(deps, request, { parent, key, startedAt, copied: copied.result });
      return ok(await publish(request, folder, manifest, key));
    });
  } catch (thrown) {
    if (thrown instanceof OpError) return { ok: false, error: thrown };
    if (errnoOf(thrown) !== null) return { ok: false, error: toOpError(thrown, 'io_failed') };
    throw thrown;
  }
}

function checkRequest(request: BackupRequest): void {
  if (!isBackupId(request.id)) throw new RangeError(`not a backup id: ${request.id}`);
  for (const name of [request.service, ...request.components.map((c) => c.name)]) {
    if (!isSafeName(name)) throw new RangeError(`not a name for a folder: ${name}`);
  }
  if (request.type === 'differential')
    throw new OpError('not_supported', 'file archives have no differential backups: make a full or an incremental one');
  if (request.components.length === 0)
    throw new OpError('source_missing', `service ${request.service} has no components to back up`);
  if (request.type === 'incremental' && request.parent === null) {
    throw new OpError('backup_unknown', 'an incremental backup needs one to build upon, and none was named');
  }
  if (request.type !== 'incremental' && request.parent !== null)
    throw new RangeError(`a ${request.type} backup builds upon nothing`);
}

function loadParent(request: BackupRequest, id: string): Chain {
  const chain = loadChain(request.repository, id);
  const { service } = chain.target.manifest;
  if (service === request.service) return chain;
  throw new OpError('backup_unknown', `${id} belongs to service ${service}, not to ${request.service}`);
}

/** Every missing source is told at once; nothing has been written by then. */
function prepareComponents(
  deps: EngineDeps,
  request: BackupRequest,
  parent: Chain | null,
  key: Buffer | null,
): Outcome<ComponentJob[]> {
  const jobs: ComponentJob[] = [];
  const failed: ComponentResult[] = [];
  for (const source of request.components) {
    try {
      jobs.push(componentJob(deps, source, parent, key));
    } catch (thrown) {
      if (!(thrown instanceof OpError)) throw thrown;
      failed.push(failedComponent(source.name, thrown.message));
    }
  }
  if (failed.length === 0) return ok(jobs);
  return fail('backup_failed', failed.map((c) => `component ${c.name}: ${c.error}`).join('; '), {
    details: { components: failed },
  });
}

function componentJob(
  deps: EngineDeps,
  source: ComponentSource,
  parent: Chain | null,
  key: Buffer | null,
): ComponentJob {
  const known = parent === null ? null : componentOf(parent.target, source.name);
  const salt = (): string => deps.random.hex(saltBytes);
  return {
    name: source.name,
    roots: resolveRoots(source),
    excludes: source.excludes,
    parent:
      parent === null || known === null
        ? null
        : { backupId: parent.target.id, folder: parent.target.folder, stored: known.files },
    salts: key === null ? null : { archive: salt(), files: salt() },
  };
}

function failedComponent(name: string, error: string): ComponentResult {
  return {
    name,
    status: 'failed',
    entries: 0,
    bytes: 0,
    addedBytes: 0,
    storedBytes: 0,
    warnings: 0,
    skipped: {},
    error,
  };
}

function fromFailure(request: BackupRequest, failure: BackupJobFailure): Outcome<never> {
  const done = failure.completed.map(
    ({ name, status, entries, bytes, addedBytes, storedBytes, warnings, skipped, error }): ComponentResult => ({
      name,
      status,
      entries,
      bytes,
      addedBytes,
      storedBytes,
      warnings,
      skipped,
      error,
    }),
  );
  // A full disk and a damaged parent have mends of their own; the rest is the failure of this backup.
  const code = failure.code === 'disk_full' || failure.code === 'backup_corrupt' ? failure.code : 'backup_failed';
  const components = [...done, failedComponent(failure.component, failure.message)];
  return fail(code, `backup ${request.id} failed at component ${failure.component}: ${failure.message}`, {
    details: { components },
  });
}

/** Runs `work` in a new folder that is gone afterwards, unless `work` renamed it to its final name. */
async function inPartialFolder<T>(
  request: BackupRequest,
  work: (folder: string) => Promise<Outcome<T>>,
): Promise<Outcome<T>> {
  const { repository, service, id } = request;
  if (await exists(backupFolder(repository.path, service, id)))
    throw new OpError('backup_failed', `${repository.path} already holds ${id}`);
  const folder = partialFolder(repository.path, service, id);
  await makeFolder(dirname(folder));
  const close = openPartial(folder);
  try {
    // What a crashed run of the same operation left is of no use.
    await rm(folder, { recursive: true, force: true });
    await mkdir(folder, { mode: 0o700 });
    return await work(folder);
  } finally {
    await rm(folder, { recursive: true, force: true });
    close();
  }
}

type Copied =
  { readonly ok: true; readonly result: BackupJobResult } | { readonly ok: false; readonly failure: BackupJobFailure };

/** Resolves after the thread has ended, whatever ended it; after an abort the result is of no meaning. */
async function runWorker(job: BackupJob, context: RunContext): Promise<Copied> {
  // The limit bounds the garbage between collections, and so the resident memory.
  const worker = startThread(import.meta.url, 'backup-worker', {
    data: job,
    resourceLimits: { maxYoungGenerationSizeMb: 8, maxOldGenerationSizeMb: 512 },
  });
  const abort = (): void => void worker.terminate();
  context.signal.addEventListener('abort', abort, { once: true });
  // An abort that came while the folder was made is not told again.
  if (context.signal.aborted) abort();
  let answer: FromBackupWorker | null = null;
  try {
    await new Promise<void>((resolve, reject) => {
      worker.on('message', (message: FromBackupWorker) => {
        if (message.type === 'progress') context.onProgress(message.progress);
        else answer = message;
      });
      worker.on('error', reject);
      worker.on('exit', () => resolve());
    });
  } finally {
    context.signal.removeEventListener('abort', abort);
  }
  return copiedOf(answer, context.signal.aborted);
}

function copiedOf(answer: FromBackupWorker | null, aborted: boolean): Copied {
  if (answer?.type === 'done') return { ok: true, result: answer.result };
  if (answer?.type === 'failed') return { ok: false, failure: answer.failure };
  if (aborted) return { ok: true, result: { components: [], warnings: [], warningCount: 0 } };
  throw new Error(`the backup worker failed: ${answer?.type === 'bug' ? answer.stack : 'it ended without an answer'}`);
}

interface ManifestFacts {
  readonly parent: Chain | null;
  readonly key: Buffer | null;
  readonly startedAt: string;
  readonly copied: BackupJobResult;
}

function manifestOf(
  deps: EngineDeps,
  request: BackupRequest,
  { parent, key, startedAt, copied }: ManifestFacts,
): Manifest {
  return {
    format: formatVersion,
    id: request.id,
    service: request.service,
    engine: 'archive',
    type: request.type,
    parent: request.parent,
    chain: [request.id, ...(parent?.target.manifest.chain ?? [])],
    startedAt,
    endedAt: deps.clock.now().toISOString(),
    status: copied.warningCount === 0 ? 'completed' : 'completed_with_warnings',
    encryption: key === null ? null : { scheme: sealScheme, keyFingerprint: keyFingerprint(key) },
    auditHead: request.auditHead,
    warnings: [...copied.warnings],
    warningCount: copied.warningCount,
    components: [...copied.components],
  };
}

/** Manifest and configuration made durable, then the one rename that makes it a backup. */
async function publish(
  request: BackupRequest,
  folder: string,
  manifest: Manifest,
  key: Buffer | null,
): Promise<BackupRecord> {
  const { bytes, checksum } = serialiseManifest(manifest, key === null ? null : manifestMacKey(key));
  if (request.configYaml !== null) await writeSynced(join(folder, configFile), Buffer.from(request.configYaml, 'utf8'));
  await writeSynced(join(folder, manifestFile), bytes);
  await syncFolder(folder);
  const final = backupFolder(request.repository.path, request.service, request.id);
  await rename(folder, final);
  await syncFolder(dirname(final));
  return recordOf(manifest, checksum);
}
