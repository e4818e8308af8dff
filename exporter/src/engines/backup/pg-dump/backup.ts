import { mkdir, rename, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { BackupRecord, BackupWarning, ComponentResult } from '../../../contract/backup.ts';
import { OpError, toOpError, type Outcome } from '../../../contract/errors.ts';
import type { BackupRequest, EngineDeps, RunContext } from '../port.ts';
import { keyFingerprint, manifestMacKey, saltBytes, sealScheme } from '../archive/crypto.ts';
import { exists, makeFolder, syncFolder, writeSynced } from '../archive/durable-write.ts';
import { isBackupId, isSafeName, sealedSuffix } from '../archive/layout.ts';
import { openPartial } from '../archive/partials.ts';
import { asOutcome, writeKey } from '../archive/repository.ts';
import { withSession } from '../../postgres/client.ts';
import { findPrograms, type PgPrograms } from '../../postgres/programs.ts';
import { dumpDatabase, type Dumped, type DumpTools } from './dump.ts';
import { filesBelow, storePlain, storeSealed, syncFile, type Pass } from './files.ts';
import { dumpGlobals } from './globals.ts';
import {
  configFile,
  dumpFolder,
  dumpPath,
  globalsFile,
  manifestFile,
  partialDump,
  rowsPath,
  stagingPrefix,
} from './layout.ts';
import {
  dumpFormat,
  recordOfDump,
  serialiseDumpManifest,
  type DatabaseDump,
  type DumpManifest,
  type StoredFile,
} from './manifest.ts';
import {
  checkClient,
  must,
  productOf,
  readDatabases,
  readServer,
  type DatabaseFound,
  type ServerFacts,
} from './server.ts';

const maxWarnings = 100;

interface DumpRun {
  readonly deps: EngineDeps;
  readonly request: BackupRequest;
  readonly context: RunContext;
  readonly key: Buffer | null;
  readonly programs: PgPrograms;
  readonly tools: DumpTools;
  /** Becomes the backup. */
  readonly folder: string;
  /** Where the programs write: the same folder, or one beside the engine's files when the repository is sealed. */
  readonly staging: string;
  readonly pass: Pass;
  done: number;
}

/** See `BackupEngine.backup`: nothing is in the repository under its name before all of it is durable. */
export function runDumpBackup(
  deps: EngineDeps,
  request: BackupRequest,
  context: RunContext,
): Promise<Outcome<BackupRecord>> {
  return asOutcome(async () => {
    checkRequest(request, context.signal);
    const { target, settings } = productOf(request.repository);
    const key = await writeKey(request.repository);
    const programs = must(await findPrograms(deps.exec, target.bin, context.signal));
    const asked = { statementTimeoutMs: 60_000, connectTimeoutMs: 15_000, signal: context.signal };
    const { server, found } = must(
      await withSession(target, asked, (session) =>
        asOutcome(async () => ({ server: await readServer(session), found: await readDatabases(session) })),
      ),
    );
    checkClient(programs.major, server);
    const wanted = wantedDatabases(request, settings.databases, found);
    const startedAt = deps.clock.now().toISOString();
    return inFolders(request, key !== null, async (folder, staging) => {
      const run: DumpRun = {
        deps,
        request,
        context,
        key,
        programs,
        tools: { deps, programs, target, settings, server, nice: request.limits.nice, signal: context.signal },
        folder,
        staging,
        pass: { signal: context.signal, onBytes: () => undefined },
        done: 0,
      };
      return dumpAll(run, wanted, server, startedAt);
    });
  });
}

function checkRequest(request: BackupRequest, signal: AbortSignal): void {
  if (signal.aborted) throw new OpError('cancelled', `backup ${request.id} was cancelled; nothing of it was kept`);
  if (!isBackupId(request.id)) throw new RangeError(`not a backup id: ${request.id}`);
  if (!isSafeName(request.service)) throw new RangeError(`not a name for a folder: ${request.service}`);
  if (request.type !== 'full' && request.type !== 'snapshot')
    throw new OpError('not_supported', `pg_dump makes no ${request.type} backups: every dump is a full one`);
}

/** Of the request, else of the configuration, else all. Throws `source_missing` naming what is not there. */
function wantedDatabases(
  request: BackupRequest,
  configured: readonly string[],
  found: readonly DatabaseFound[],
): readonly DatabaseFound[] {
  const asked = request.components.length > 0 ? request.components.map((c) => c.name) : configured;
  const missing = asked.filter((name) => !found.some((d) => d.name === name));
  if (missing.length > 0)
    throw new OpError('source_missing', `the server has no database ${missing.join(', ')} that can be connected to`);
  const wanted = asked.length === 0 ? found : found.filter((d) => asked.includes(d.name));
  if (wanted.length === 0) throw new OpError('source_missing', 'the server has no database to dump');
  return wanted;
}

/** Runs `work` in new folders that are gone afterwards, unless the first was renamed to its final name. */
async function inFolders<T>(
  { repository, service, id }: BackupRequest,
  sealed: boolean,
  work: (folder: string, staging: string) => Promise<T>,
): Promise<T> {
  if (await exists(dumpFolder(repository.path, service, id)))
    throw new OpError('backup_failed', `${repository.path} already holds ${id}`);
  const folder = partialDump(repository.path, service, id);
  const staging = sealed ? join(productOf(repository).ref.folder, stagingPrefix + id) : folder;
  const folders = [...new Set([folder, staging])];
  for (const path of folders) await makeFolder(dirname(path));
  const closes = folders.map(openPartial);
  try {
    for (const path of folders) {
      // What a crashed run of the same operation left is of no use.
      await rm(path, { recursive: true, force: true });
      await mkdir(path, { mode: 0o700 });
    }
    return await work(folder, staging);
  } finally {
    for (const path of folders) await rm(path, { recursive: true, force: true });
    for (const close of closes) close();
  }
}

async function dumpAll(
  run: DumpRun,
  wanted: readonly DatabaseFound[],
  server: ServerFacts,
  startedAt: string,
): Promise<BackupRecord> {
  const warnings: BackupWarning[] = [];
  const globals = await dumpGlobals(run.tools, join(run.staging, globalsFile));
  if (globals.warning !== null) warnings.push({ kind: 'other', path: globalsFile, message: globals.warning });
  const storedGlobals = await store(run, globalsFile);
  const databases: DatabaseDump[] = [];
  for (const found of wanted) databases.push(await dumpOne(run, found, databases, warnings));
  run.context.onProgress({ phase: 'publish', entriesDone: 0, bytesDone: run.done, bytesTotal: null });
  const { request, key } = run;
  return publish(run, {
    format: dumpFormat,
    id: request.id,
    service: request.service,
    engine: 'pg_dump',
    type: request.type === 'snapshot' ? 'snapshot' : 'full',
    startedAt,
    endedAt: run.deps.clock.now().toISOString(),
    status: warnings.length === 0 ? 'completed' : 'completed_with_warnings',
    encryption: key === null ? null : { scheme: sealScheme, keyFingerprint: keyFingerprint(key) },
    auditHead: request.auditHead,
    serverVersion: server.version,
    clientVersion: run.programs.version,
    warnings: warnings.slice(0, maxWarnings),
    globals: storedGlobals,
    databases,
  });
}

/** One database, dumped and stored. A failure is told with what was done of the others: then none of it is kept. */
async function dumpOne(
  run: DumpRun,
  found: DatabaseFound,
  before: readonly DatabaseDump[],
  warnings: BackupWarning[],
): Promise<DatabaseDump> {
  try {
    const dumped = await dumpDatabase(run.tools, found, run.staging, (bytes) =>
      run.context.onProgress({
        phase: 'copy',
        entriesDone: before.length,
        bytesDone: run.done + bytes,
        bytesTotal: null,
      }),
    );
    warnings.push(...dumped.warnings.map((message) => ({ kind: 'other' as const, path: found.name, message })));
    return await storeDatabase(run, found, dumped);
  } catch (thrown) {
    const error = toOpError(thrown, 'backup_failed');
    if (error.code === 'cancelled' || error.code === 'disk_full') throw error;
    const components = [...before.map(doneComponent), failedComponent(found.name, error.message)];
    throw new OpError('backup_failed', `backup ${run.request.id} failed at database ${found.name}: ${error.message}`, {
      details: { components },
      cause: thrown,
    });
  }
}

async function storeDatabase(run: DumpRun, found: DatabaseFound, dumped: Dumped): Promise<DatabaseDump> {
  const path = dumpPath(found.name);
  const dump: StoredFile[] = [];
  for (const name of await filesBelow(join(run.staging, path))) dump.push(await store(run, join(path, name)));
  return {
    name: found.name,
    format: run.tools.settings.format,
    tables: dumped.tables,
    bytes: found.bytes,
    seconds: dumped.seconds,
    lsn: dumped.lsn,
    snapshotAt: dumped.snapshotAt,
    tocEntries: dumped.tocEntries,
    warnings: dumped.warnings.length,
    properties: found.properties,
    dump,
    rows: await store(run, rowsPath(found.name)),
  };
}

/** Hashes a dumped file where it stands, or seals it into the backup and removes the clear text at once. */
async function store(run: DumpRun, path: string): Promise<StoredFile> {
  const source = join(run.staging, path);
  let stored: StoredFile;
  if (run.key === null) stored = await storePlain(source, path, run.pass);
  else {
    const seal = { key: run.key, salt: run.deps.random.bytes(saltBytes) };
    stored = await storeSealed(source, join(run.folder, path) + sealedSuffix, path, seal, run.pass);
    await rm(source);
  }
  run.done += stored.bytes;
  return stored;
}

function doneComponent(d: DatabaseDump): ComponentResult {
  const storedBytes = d.dump.reduce((sum, f) => sum + f.bytes, 0);
  return {
    ...failedComponent(d.name, ''),
    status: 'completed',
    entries: d.tables,
    bytes: d.bytes,
    storedBytes,
    error: null,
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

/** Manifest and configuration made durable, then the one rename that makes it a backup. */
async function publish(run: DumpRun, manifest: DumpManifest): Promise<BackupRecord> {
  const { request, folder, key } = run;
  const { bytes, checksum } = serialiseDumpManifest(manifest, key === null ? null : manifestMacKey(key));
  if (request.configYaml !== null) await writeSynced(join(folder, configFile), Buffer.from(request.configYaml, 'utf8'));
  await writeSynced(join(folder, manifestFile), bytes);
  for (const path of new Set(
    manifest.databases.flatMap((d) => [dirname(d.dump[0]?.path ?? '.'), dirname(d.rows.path)]),
  ))
    await syncFile(join(folder, path));
  await syncFolder(folder);
  if (run.context.signal.aborted)
    throw new OpError('cancelled', `backup ${request.id} was cancelled; nothing of it was kept`);
  const final = dumpFolder(request.repository.path, request.service, request.id);
  await rename(folder, final);
  await syncFolder(dirname(final));
  return recordOfDump(manifest, checksum);
}
