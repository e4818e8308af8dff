import { realpath } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { BackupRecord, BackupWarning, ComponentResult } from '../../../contract/backup.ts';
import { OpError, toOpError, type Outcome } from '../../../contract/errors.ts';
import type { BackupRequest, ComponentSource, EngineDeps, RunContext } from '../port.ts';
import { keyFingerprint } from '../archive/crypto.ts';
import { isBackupId, isSafeName } from '../archive/layout.ts';
import { resolveRoots, type ResolvedRoot } from '../archive/roots.ts';
import { asOutcome } from '../archive/repository.ts';
import { askSnapshots, loadBackup, type ResticCache } from './catalogue.ts';
import { leaveOpen } from './leftovers.ts';
import {
  componentTag,
  idTag,
  manifestFormat,
  manifestName,
  manifestTag,
  recordOfManifest,
  serviceTag,
  type ResticComponent,
  type ResticManifest,
} from './manifest.ts';
import { readBackupLine, skippedSources, unreadable, type Snapshot, type Summary } from './output.ts';
import { errorOf, longTimeoutMs, runRestic, runSound, shortTimeoutMs } from './run.ts';
import { escapePattern, patternsBelow, storeOf, type ResticStore } from './store.ts';

const maxWarnings = 100;

interface Source {
  readonly name: string;
  readonly roots: readonly ResolvedRoot[];
  readonly excludes: readonly string[];
}

interface Run {
  readonly deps: EngineDeps;
  readonly cache: ResticCache;
  readonly request: BackupRequest;
  readonly context: RunContext;
  readonly store: ResticStore;
  readonly warnings: BackupWarning[];
  warningCount: number;
  entriesDone: number;
  bytesDone: number;
}

/** See `BackupEngine.backup`: one snapshot a component, then the manifest. What was made is taken back when anything fails. */
export function runResticBackup(
  deps: EngineDeps,
  cache: ResticCache,
  request: BackupRequest,
  context: RunContext,
): Promise<Outcome<BackupRecord>> {
  return asOutcome(async () => {
    checkRequest(request, context.signal);
    const store = storeOf(request.repository);
    const sources = await prepareSources(store, request.components);
    const close = leaveOpen(store, request.id);
    try {
      const parents = await parentSnapshots(deps, cache, request, context.signal);
      const startedAt = deps.clock.now().toISOString();
      const run: Run = {
        deps,
        cache,
        request,
        context,
        store,
        warnings: [],
        warningCount: 0,
        entriesDone: 0,
        bytesDone: 0,
      };
      const copied: ResticComponent[] = [];
      for (const source of sources) copied.push(await copyOne(run, source, parents.get(source.name) ?? null, copied));
      context.onProgress({
        phase: 'publish',
        entriesDone: run.entriesDone,
        bytesDone: run.bytesDone,
        bytesTotal: run.bytesDone,
      });
      return await publish(run, copied, startedAt);
    } catch (thrown) {
      await takeBack(deps, store, request.id);
      throw thrown;
    } finally {
      close();
    }
  });
}

function checkRequest(request: BackupRequest, signal: AbortSignal): void {
  if (signal.aborted) throw new OpError('cancelled', `backup ${request.id} was cancelled; nothing of it was kept`);
  if (!isBackupId(request.id)) throw new RangeError(`not a backup id: ${request.id}`);
  for (const name of [request.service, ...request.components.map((c) => c.name)])
    if (!isSafeName(name)) throw new RangeError(`not a name: ${name}`);
  if (request.type === 'differential') throw new OpError('not_supported', 'restic makes no differential backups');
  if (request.components.length === 0)
    throw new OpError('source_missing', `service ${request.service} has no components to back up`);
}

/** Every missing source is told at once: restic itself would leave it out and be content. */
async function prepareSources(store: ResticStore, components: readonly ComponentSource[]): Promise<readonly Source[]> {
  const sources: Source[] = [];
  const failed: ComponentResult[] = [];
  for (const component of components) {
    try {
      const roots = resolveRoots(component);
      const excludes = roots.flatMap((root) => patternsBelow(root.resolved, component.excludes));
      sources.push({ name: component.name, roots, excludes: [...excludes, ...(await ownFolders(store))] });
    } catch (thrown) {
      if (!(thrown instanceof OpError)) throw thrown;
      failed.push(failedComponent(component.name, thrown.message));
    }
  }
  if (failed.length === 0) return sources;
  throw new OpError('backup_failed', failed.map((c) => `component ${c.name}: ${c.error}`).join('; '), {
    details: { components: failed },
  });
}

/** A repository inside its own source would grow for ever. */
async function ownFolders(store: ResticStore): Promise<readonly string[]> {
  const folders = [store.ref.folder, ...store.ref.places.filter((p) => p.remote === null).map((p) => p.path)];
  const real = await Promise.all(folders.map((path) => realpath(path).catch(() => path)));
  return real.map(escapePattern);
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

/** Whose files need not be read again where size, times and inode are the same. */
async function parentSnapshots(
  deps: EngineDeps,
  cache: ResticCache,
  request: BackupRequest,
  signal: AbortSignal,
): Promise<ReadonlyMap<string, Snapshot>> {
  if (request.parent === null) return new Map();
  return (await loadBackup(deps, cache, request.repository, request.parent, signal)).snapshots;
}

function backupArgs(run: Run, source: Source, parent: Snapshot | null): readonly string[] {
  const { request, store } = run;
  const bandwidth = request.limits.bandwidthBytesPerSecond;
  return [
    ...(bandwidth === null ? [] : [`--limit-upload=${Math.max(1, Math.floor(bandwidth / 1024))}`]),
    'backup',
    '--json',
    `--host=${store.settings.host}`,
    ...[idTag(request.id), serviceTag(request.service), componentTag(source.name)].map((tag) => `--tag=${tag}`),
    ...(request.type === 'incremental' && !request.compareContent
      ? parent === null
        ? []
        : [`--parent=${parent.id}`]
      : ['--force']),
    ...source.excludes.map((pattern) => `--exclude=${pattern}`),
    '--',
    ...source.roots.map((root) => root.resolved),
  ];
}

async function copyOne(
  run: Run,
  source: Source,
  parent: Snapshot | null,
  before: readonly ResticComponent[],
): Promise<ResticComponent> {
  try {
    return await copyComponent(run, source, parent);
  } catch (thrown) {
    const error = toOpError(thrown, 'backup_failed');
    if (['cancelled', 'disk_full', 'key_wrong', 'program_missing', 'operation_conflict'].includes(error.code))
      throw error;
    const done = before.map((c) => ({
      ...failedComponent(c.name, ''),
      status: c.status,
      entries: c.entries,
      bytes: c.bytes,
      error: null,
    }));
    throw new OpError(
      'backup_failed',
      `backup ${run.request.id} failed at component ${source.name}: ${error.message}`,
      {
        details: { components: [...done, failedComponent(source.name, error.message)] },
        cause: thrown,
      },
    );
  }
}

async function copyComponent(run: Run, source: Source, parent: Snapshot | null): Promise<ResticComponent> {
  const { deps, store, context, request } = run;
  let summary: Summary | null = null;
  let errors = 0;
  const result = await runRestic(deps, store, {
    args: backupArgs(run, source, parent),
    signal: context.signal,
    timeoutMs: longTimeoutMs,
    nice: request.limits.nice,
    concurrency: request.limits.concurrency,
    maxOutputBytes: 2 ** 20,
    onLine: (text) => {
      const line = readBackupLine(text);
      if (line?.kind === 'summary') summary = line.summary;
      if (line?.kind !== 'status') return;
      errors = Math.max(errors, line.errors);
      context.onProgress({
        phase: 'copy',
        entriesDone: run.entriesDone + line.filesDone,
        bytesDone: run.bytesDone + line.bytesDone,
        bytesTotal: run.bytesDone + line.bytesTotal,
      });
    },
  });
  // 3: some files could not be read; the snapshot was made without them.
  if (result.exitCode !== 0 && result.exitCode !== 3)
    throw errorOf(store, result, `backing up ${source.name}`, 'backup_failed');
  const told = summary as Summary | null;
  if (told === null) throw new OpError('backup_failed', `restic ended with ${result.exitCode} and without a summary`);
  const named = unreadable(result.stderr);
  checkRoots(source, result.stderr, named);
  if (result.exitCode === 3 && named.length === 0)
    throw new OpError('backup_failed', 'restic could not read something and does not say what');
  const warnings = Math.max(errors, named.length);
  run.warningCount += warnings;
  run.warnings.push(...named.slice(0, maxWarnings - run.warnings.length));
  return copiedOf(run, source, told, warnings);
}

/** A root that vanished, or that cannot be opened: restic would keep the rest and be content. */
function checkRoots(source: Source, stderr: string, named: readonly BackupWarning[]): void {
  const skipped = skippedSources(stderr);
  if (skipped.length > 0) throw new OpError('source_missing', `${skipped.join(', ')} vanished before it was read`);
  const closed = named.find(({ path }) => source.roots.some((root) => root.resolved === path));
  if (closed !== undefined) throw new OpError('source_missing', `${closed.path} cannot be read: ${closed.message}`);
}

function copiedOf(run: Run, source: Source, summary: Summary, warnings: number): ResticComponent {
  const files = summary.files_new + summary.files_changed + summary.files_unmodified;
  const folders = summary.dirs_new + summary.dirs_changed + summary.dirs_unmodified - foldersAbove(source.roots);
  const entries = files + Math.max(0, folders);
  const bytes = summary.total_bytes_processed;
  run.entriesDone += entries;
  run.bytesDone += bytes;
  return {
    name: source.name,
    snapshot: summary.snapshot_id,
    status: warnings === 0 ? 'completed' : 'completed_with_warnings',
    roots: source.roots.map(({ name, path, resolved, kind }) => ({ name, path, resolved, kind })),
    files,
    entries,
    bytes,
    addedBytes: summary.data_added,
    // Before 0.17 restic does not tell what it takes after compression.
    storedBytes: summary.data_added_packed ?? summary.data_added,
    warnings,
  };
}

/** restic counts the folders on the way to its targets too. */
export function foldersAbove(roots: readonly { readonly resolved: string }[]): number {
  const above = new Set<string>();
  const targets = new Set(roots.map((root) => root.resolved));
  for (const { resolved } of roots)
    for (let at = dirname(resolved); at !== '/' && !targets.has(at); at = dirname(at)) above.add(at);
  return above.size;
}

async function publish(run: Run, components: readonly ResticComponent[], startedAt: string): Promise<BackupRecord> {
  const { deps, store, request, context } = run;
  const manifest: ResticManifest = {
    format: manifestFormat,
    id: request.id,
    service: request.service,
    type: request.type === 'incremental' || request.type === 'snapshot' ? request.type : 'full',
    startedAt,
    endedAt: deps.clock.now().toISOString(),
    status: run.warningCount === 0 ? 'completed' : 'completed_with_warnings',
    auditHead: request.auditHead,
    configYaml: request.configYaml,
    warnings: run.warnings,
    warningCount: run.warningCount,
    components: [...components],
  };
  const text = JSON.stringify(manifest);
  await runSound(
    deps,
    store,
    {
      args: [
        'backup',
        '--stdin',
        `--stdin-filename=${manifestName}`,
        `--host=${store.settings.host}`,
        ...[idTag(request.id), serviceTag(request.service), manifestTag].map((tag) => `--tag=${tag}`),
      ],
      signal: context.signal,
      timeoutMs: shortTimeoutMs,
      input: text,
    },
    'writing the manifest',
    'backup_failed',
  );
  const { key } = request.repository;
  return recordOfManifest(text, manifest, key === null ? null : keyFingerprint(key));
}

/** Snapshots without a manifest are not listed; they are taken out all the same, not stopped by a cancel. */
async function takeBack(deps: EngineDeps, store: ResticStore, id: string): Promise<void> {
  const signal = new AbortController().signal;
  const done = await asOutcome(async () => {
    const made = await askSnapshots(deps, store, ['--tag', idTag(id)], signal);
    if (made.length === 0) return;
    const args = ['forget', ...made.map((s) => s.id)];
    await runSound(deps, store, { args, signal, timeoutMs: shortTimeoutMs }, 'taking back snapshots', 'io_failed');
  });
  if (!done.ok) deps.log.warn('snapshots of a failed backup were left', { backup: id, why: done.error.message });
}
