import { chown, mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { OpError, type Outcome } from '../../../contract/errors.ts';
import { drillLevels, type DrillLevel } from '../../../contract/operation.ts';
import type { EngineDeps, Proof, ProofContext, ProofRequest } from '../port.ts';
import type { ProofSettings } from '../product.ts';
import { asOutcome } from '../archive/repository.ts';
import { finishLevels } from '../../postgres/levels.ts';
import { findPrograms, type PgPrograms } from '../../postgres/programs.ts';
import { checkDrillRoom, provePostgres } from '../../postgres/prove.ts';
import { startSandbox, type Sandbox } from '../../postgres/sandbox.ts';
import { quoteIdentifier } from '../../postgres/types.ts';
import { globalsForDrill, superuserOf } from './globals.ts';
import { inSession, loadDatabase, readStored, type LoadTarget } from './load.ts';
import { runSound } from './programs.ts';
import { createDatabaseSql, propertiesSql } from './properties.ts';
import { loadDump, type StoredDump } from './repository.ts';
import { must, productOf } from './server.ts';
import { verifyDump } from './verify.ts';

const startTimeoutMs = 120_000;
/** Failures that say something about the backup; the others kept the drill from being tried. */
const telling = new Set<OpError['code']>(['restore_failed', 'backup_corrupt', 'postgres_failed', 'unsafe_archive']);

interface Drill {
  readonly deps: EngineDeps;
  readonly request: ProofRequest;
  readonly context: ProofContext;
  readonly settings: ProofSettings;
  readonly stored: StoredDump;
  readonly programs: PgPrograms;
  readonly data: string;
}

/**
 * See `BackupEngine.prove`: a new cluster takes the roles (without their passwords) and every database, whose rows are counted against
 * those of the dump's own snapshot; then levels 2 to 5 as for a physical backup.
 */
export function proveDump(deps: EngineDeps, request: ProofRequest, context: ProofContext): Promise<Outcome<Proof>> {
  return asOutcome(async () => {
    const { ref, target } = productOf(request.repository);
    const { drill: settings } = ref;
    if (settings === null) throw new OpError('config_invalid', 'nothing says what a drill has to prove');
    const startedAt = deps.clock.now().toISOString();
    const verified = await firstLevel(deps, request, context);
    if (verified.level.result !== 'passed') return failedProof([verified.level], settings, verified.entries);
    const stored = await loadDump(request.repository, request.backupId);
    const bytes = stored.manifest.databases.reduce((sum, d) => sum + d.bytes, 0);
    must(await checkDrillRoom(request.folder, bytes, settings.minFreeBytes));
    const programs = must(await findPrograms(deps.exec, target.bin, context.signal));
    const data = join(request.folder, 'data');
    const drill: Drill = { deps, request, context, settings, stored, programs, data };
    const loadedMs = +deps.clock.now();
    const loaded = await loadAll(drill);
    const restoreSeconds = (+deps.clock.now() - loadedMs) / 1000;
    const phases = [{ name: 'restore' as const, seconds: restoreSeconds }];
    if (!loaded.ok) {
      const level = levelOf(2, 'failed', restoreSeconds, loaded.message);
      return { ...failedProof([verified.level, level], settings, verified.entries), phases };
    }
    const proof = must(
      await provePostgres(
        deps,
        {
          data,
          folder: request.folder,
          bin: programs.bin,
          runAs: runAsOf(drill),
          user: loaded.superuser,
          database: target.database,
          settings,
          target: { type: 'latest' },
          startedAt,
          consistentAt: stored.manifest.startedAt,
          promote: false,
          before: { levels: [verified.level], phases, entries: verified.entries, bytes },
        },
        context,
      ),
    );
    const levels = proof.levels.map((l) => (l.level === 2 ? { ...l, detail: `${loaded.words}; ${l.detail}` } : l));
    return { ...proof, levels };
  });
}

function levelOf(level: 1 | 2, result: 'passed' | 'failed', seconds: number, detail: string): DrillLevel {
  return { level, name: drillLevels[level], result, seconds, detail };
}

function failedProof(tried: readonly DrillLevel[], settings: ProofSettings, entries: number): Proof {
  const levels = finishLevels(tried, settings.level);
  return { passed: false, levels, phases: [], restoredTo: null, entries, bytes: 0 };
}

function runAsOf(drill: Drill) {
  return process.getuid?.() === 0 ? productOf(drill.request.repository).target.runAs : null;
}

async function firstLevel(
  deps: EngineDeps,
  request: ProofRequest,
  context: ProofContext,
): Promise<{ readonly level: DrillLevel; readonly entries: number }> {
  const startedMs = +deps.clock.now();
  const report = must(
    await context.step('check the files', async (note) => {
      const done = await verifyDump(deps, request.repository, request.backupId, context);
      if (done.ok) note(done.value.faults[0]?.message ?? `${done.value.bytes} bytes read back, every SHA-256 held`);
      return done;
    }),
  );
  const seconds = (+deps.clock.now() - startedMs) / 1000;
  const detail =
    report.faults[0]?.message ??
    `${report.bytes} bytes read back, every SHA-256 held; pg_restore reads the table of contents of each dump`;
  return { level: levelOf(1, report.passed ? 'passed' : 'failed', seconds, detail), entries: report.entries };
}

type Loaded =
  | { readonly ok: true; readonly words: string; readonly superuser: string }
  /** The backup cannot be loaded: that is what the drill found. */
  | { readonly ok: false; readonly message: string };

async function loadAll(drill: Drill): Promise<Loaded> {
  let found: OpError | null = null;
  const done = await drill.context.step('restore into a throwaway server', async (note) => {
    const outcome = await asOutcome(() => loadInSandbox(drill));
    if (outcome.ok) note(outcome.value.words);
    else found = outcome.error;
    return outcome;
  });
  if (done.ok) return { ok: true, ...done.value };
  const error: OpError = found ?? done.error;
  if (!telling.has(error.code)) throw error;
  return { ok: false, message: error.message };
}

async function loadInSandbox(drill: Drill): Promise<{ readonly words: string; readonly superuser: string }> {
  const { deps, request, context, stored, settings } = drill;
  const globals = (await readStored(stored, stored.manifest.globals)).toString('utf8');
  const superuser = superuserOf(globals);
  await makeCluster(drill, superuser);
  const sandbox = must(
    await startSandbox(deps, {
      data: drill.data,
      bin: drill.programs.bin,
      folder: request.folder,
      runAs: runAsOf(drill),
      signal: context.signal,
      recoverTimeoutMs: startTimeoutMs,
      allowedLibraries: settings.allowedLibraries,
      promote: false,
      user: superuser,
    }),
  );
  let words: string;
  try {
    words = await loadInto(drill, sandbox, globals, superuser);
  } catch (thrown) {
    await sandbox.stop('immediate');
    throw thrown;
  }
  must(await sandbox.stop('fast'));
  return { words, superuser };
}

async function makeCluster(drill: Drill, superuser: string): Promise<void> {
  const { request, data, programs, deps, context } = drill;
  const runAs = runAsOf(drill);
  await mkdir(data, { mode: 0o700 });
  if (runAs !== null) for (const path of [request.folder, data]) await chown(path, runAs.uid, runAs.gid);
  const made = must(
    await deps.exec.run(
      join(programs.bin, 'initdb'),
      [
        `--pgdata=${data}`,
        `--username=${superuser}`,
        '--auth=trust',
        '--data-checksums',
        '--encoding=UTF8',
        '--locale=C',
        '--no-sync',
        '--no-instructions',
      ],
      { timeoutMs: startTimeoutMs, signal: context.signal, ...(runAs === null ? {} : { runAs }) },
    ),
  );
  if (made.exitCode !== 0)
    throw new OpError('io_failed', `initdb ended with ${made.exitCode}: ${made.stderr.trim().slice(-500)}`);
}

async function loadInto(drill: Drill, sandbox: Sandbox, globals: string, superuser: string): Promise<string> {
  const { deps, request, context, stored, programs } = drill;
  const target: LoadTarget = {
    deps,
    programs,
    server: sandbox.server,
    jobs: Math.min(4, productOf(request.repository).settings.jobs),
    drillFolder: request.folder,
  };
  await loadGlobals(drill, sandbox, globalsForDrill(globals, superuser));
  let [tables, rows, uncounted] = [0, 0, 0];
  for (const database of stored.manifest.databases) {
    await inSession(sandbox.server, 'template1', context.signal, async (session) => {
      // The new cluster brings an empty `postgres` along.
      must(await session.query(`drop database if exists ${quoteIdentifier(database.name)}`));
      must(await session.query(createDatabaseSql(database.name, database.properties, programs.major)));
    });
    const compared = await loadDatabase(target, request.repository, stored, database, database.name, context);
    await inSession(sandbox.server, 'template1', context.signal, async (session) => {
      for (const sql of propertiesSql(database.name, database.properties)) must(await session.query(sql));
    });
    tables += database.tables;
    rows += compared.rows;
    uncounted += compared.unknown;
  }
  const left = uncounted === 0 ? '' : `, ${uncounted} tables were not counted when they were dumped`;
  return `${stored.manifest.databases.length} databases loaded, ${tables} tables with ${rows} rows, as many as were dumped${left}`;
}

async function loadGlobals(drill: Drill, sandbox: Sandbox, sql: string): Promise<void> {
  const file = join(drill.request.folder, 'globals.sql');
  await writeFile(file, sql, { mode: 0o600 });
  await runSound(
    {
      exec: drill.deps.exec,
      bin: drill.programs.bin,
      program: 'psql',
      args: ['--no-psqlrc', '--quiet', '--set=ON_ERROR_STOP=1', `--file=${file}`],
      server: sandbox.server,
      database: 'template1',
      nice: 10,
      timeoutMs: startTimeoutMs,
      signal: drill.context.signal,
    },
    'restore_failed',
  );
}
