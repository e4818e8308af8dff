import { fail, ok, type OpError, type Outcome } from '../../contract/errors.ts';
import type { IsoTime } from '../../contract/observed.ts';
import { drillLevels, type DrillLevel, type DrillPhase } from '../../contract/operation.ts';
import type { RecoveryTarget } from '../../contract/postgres.ts';
import type { EngineDeps, Proof, ProofContext } from '../backup/port.ts';
import type { ProofSettings } from '../backup/product.ts';
import { readSpace } from '../backup/space.ts';
import type { UnixUser } from '../postgres-target.ts';
import { checkData } from './data-check.ts';
import { disarm, listDatabases } from './disarm.ts';
import { finishLevels, judgeRecovery, standsFor } from './levels.ts';
import { findPrograms, majorOfData } from './programs.ts';
import { startSandbox, type Sandbox, type SandboxOptions } from './sandbox.ts';
import { checkChecksums, checkRelations, type Soundness } from './soundness.ts';

/** Levels 2 to 5 of a drill over a restored data folder. Level 1 is each engine's own. */

export interface ProveRequest {
  /** Restored, inside `folder`; it belongs to `runAs`. */
  readonly data: string;
  /** Private folder of the drill. */
  readonly folder: string;
  /** Folder of PostgreSQL's programs; null: those of the version that made the data. */
  readonly bin: string | null;
  readonly runAs: UnixUser | null;
  /** Role that is likely to exist in the copy, and the database for everything that names none: those of the live server. */
  readonly user: string;
  readonly database: string;
  readonly settings: ProofSettings;
  readonly target: RecoveryTarget;
  /** When the drill began: what the newest state is compared with. */
  readonly startedAt: IsoTime;
  /** The moment a backup alone stands for (target `immediate`); null: not known. */
  readonly consistentAt: IsoTime | null;
  /** false: a folder that was made here (initdb) and needs no recovery. Default true. */
  readonly promote?: boolean;
  readonly recoveryNeedsNetwork?: boolean;
  /** Default: a day. */
  readonly recoverTimeoutMs?: number;
  /** What the engine has proven and spent: level 1, the phase `restore`. */
  readonly before: {
    readonly levels: readonly DrillLevel[];
    readonly phases: readonly DrillPhase[];
    readonly entries: number;
    readonly bytes: number;
  };
}

const dayMs = 86_400_000;
/** These kept the proof from being tried; they say nothing about the backup. */
const notTried = new Set<OpError['code']>(['cancelled', 'disk_full', 'program_missing', 'io_failed']);

/** Whether the disk has room for what will be restored and the reserve. Errors: `disk_full`. To be asked before anything is restored. */
export async function checkDrillRoom(folder: string, bytes: number, minFreeBytes: number): Promise<Outcome<void>> {
  const space = await readSpace(folder);
  if (!space.ok) return space;
  const left = space.value.freeBytes - bytes;
  if (left >= minFreeBytes) return ok(undefined);
  return fail(
    'disk_full',
    `the drill needs ${bytes} bytes in ${folder}, ${space.value.freeBytes} are free and ${minFreeBytes} have to stay`,
    { details: { neededBytes: bytes, freeBytes: space.value.freeBytes, minFreeBytes } },
  );
}

/** What was learned so far. */
interface Progress {
  readonly levels: DrillLevel[];
  readonly phases: DrillPhase[];
  restoredTo: IsoTime | null;
  /** When recovery had ended, by the clock. */
  recoveredMs: number;
}

/**
 * Passed only when every configured level passed; a level that could not be looked at has failed. Everything it started has ended when
 * it resolves. Errors: `cancelled`, `disk_full`, `program_missing`, `io_failed`.
 */
export async function provePostgres(
  deps: EngineDeps,
  request: ProveRequest,
  context: ProofContext,
): Promise<Outcome<Proof>> {
  const progress: Progress = {
    levels: [...request.before.levels],
    phases: [...request.before.phases],
    restoredTo: null,
    recoveredMs: 0,
  };
  const wanted = context.quality === null ? request.settings.level : 5;
  const stillGood = (): boolean => progress.levels.every((l) => l.result === 'passed');
  if (wanted >= 2 && stillGood()) {
    const recovered = await recover(deps, request, context, progress, wanted);
    if (!recovered.ok) return recovered;
    if (wanted >= 3 && stillGood() && recovered.value !== null) {
      const checked = await check(deps, request, context, progress, wanted, recovered.value);
      progress.phases.push({ name: 'check', seconds: secondsSince(deps, progress.recoveredMs) });
      if (!checked.ok) return checked;
    }
  }
  const levels = finishLevels(progress.levels, wanted);
  return ok({
    passed: levels.every((l) => l.level > wanted || l.result === 'passed'),
    levels,
    phases: progress.phases,
    restoredTo: progress.restoredTo,
    entries: request.before.entries,
    bytes: request.before.bytes,
  });
}

function secondsSince(deps: EngineDeps, startMs: number): number {
  return (+deps.clock.now() - startMs) / 1000;
}

function sandboxOptions(request: ProveRequest, signal: AbortSignal, promote: boolean): SandboxOptions {
  return {
    data: request.data,
    bin: request.bin,
    folder: request.folder,
    runAs: request.runAs,
    signal,
    recoverTimeoutMs: request.recoverTimeoutMs ?? dayMs,
    allowedLibraries: request.settings.allowedLibraries,
    promote,
    throwaway: true,
    recoveryNeedsNetwork: request.recoveryNeedsNetwork ?? false,
    user: request.user,
    database: request.database,
  };
}

/** What of the recovered server the later levels need. */
type Recovered = Pick<Sandbox, 'recoveredTo' | 'facts'>;

/** Runs one level as a step of the journal; a failed one is a failed step, and no error. */
async function level(
  deps: EngineDeps,
  context: ProofContext,
  progress: Progress,
  number: DrillLevel['level'],
  stepName: string,
  work: () => Promise<Outcome<Soundness>>,
): Promise<Outcome<void>> {
  const startMs = +deps.clock.now();
  let broken: OpError | null = null;
  const step = await context.step(stepName, async (note) => {
    const done = await work();
    if (!done.ok) broken = done.error;
    const passed = done.ok && done.value.sound;
    const detail = done.ok ? done.value.detail : done.error.message;
    progress.levels.push({
      level: number,
      name: drillLevels[number],
      result: passed ? 'passed' : 'failed',
      seconds: secondsSince(deps, startMs),
      detail,
    });
    note(detail);
    if (!done.ok) return done;
    return passed ? ok(undefined) : fail('drill_failed', detail);
  });
  const error = broken as OpError | null;
  if (error !== null && notTried.has(error.code)) return { ok: false, error };
  // Whatever else kept the journal from being written must not pass for a level that ran.
  return step.ok || progress.levels.some((l) => l.level === number) ? ok(undefined) : step;
}

/** Level 2. Null: it failed. */
async function recover(
  deps: EngineDeps,
  request: ProveRequest,
  context: ProofContext,
  progress: Progress,
  wanted: number,
): Promise<Outcome<Recovered | null>> {
  let recovered: Recovered | null = null;
  const done = await level(deps, context, progress, 2, 'start and recover', async () => {
    const sandbox = await startSandbox(deps, sandboxOptions(request, context.signal, request.promote ?? true));
    if (!sandbox.ok) return { ok: false, error: withLog(sandbox.error) };
    const { facts } = sandbox.value;
    progress.phases.push(
      { name: 'start', seconds: facts.startSeconds },
      { name: 'recover', seconds: facts.recoverSeconds },
    );
    recovered = sandbox.value;
    progress.recoveredMs = +deps.clock.now();
    progress.restoredTo = sandbox.value.recoveredTo;
    // The page check wants a cleanly stopped cluster; a drill that ends here wants none.
    const stopped = await sandbox.value.stop(wanted >= 3 ? 'fast' : 'immediate');
    if (!stopped.ok) return stopped;
    return ok(judgeRecovery(request.target, sandbox.value));
  });
  return done.ok ? ok(recovered) : done;
}

/** The last words of the server belong to the evidence. */
function withLog(error: OpError): OpError {
  const log = error.details?.['log'];
  if (!Array.isArray(log) || log.length === 0) return error;
  const copy = fail(error.code, `${error.message}; log: ${log.slice(-5).join(' | ')}`, {
    details: error.details ?? {},
  });
  return copy.ok ? error : copy.error;
}

/** Levels 3 to 5, on a server of its own that never had a network. */
async function check(
  deps: EngineDeps,
  request: ProveRequest,
  context: ProofContext,
  progress: Progress,
  wanted: number,
  recovered: Recovered,
): Promise<Outcome<void>> {
  const programs = await programsOf(deps, request, context.signal);
  if (!programs.ok) return programs;
  const tool = { bin: programs.value, runAs: request.runAs, signal: context.signal };
  const server: { sandbox: Sandbox | null } = { sandbox: null };
  const worked = await checkServer(deps, request, context, progress, wanted, recovered, tool, server);
  const stopped = (await server.sandbox?.stop('immediate')) ?? ok(undefined);
  return worked.ok ? stopped : worked;
}

async function programsOf(deps: EngineDeps, request: ProveRequest, signal: AbortSignal): Promise<Outcome<string>> {
  const major = await majorOfData(request.data);
  if (!major.ok) return major;
  const programs = await findPrograms(deps.exec, request.bin, signal, request.bin === null ? major.value : null);
  return programs.ok ? ok(programs.value.bin) : programs;
}

async function checkServer(
  deps: EngineDeps,
  request: ProveRequest,
  context: ProofContext,
  progress: Progress,
  wanted: number,
  recovered: Recovered,
  tool: Parameters<typeof checkChecksums>[1],
  running: { sandbox: Sandbox | null },
): Promise<Outcome<void>> {
  const pages = await level(deps, context, progress, 3, 'check pages and indexes', async () => {
    const sums = recovered.facts.checksums
      ? await checkChecksums(deps, tool, request.data)
      : ok({ sound: true, detail: 'page checksums: not checked, the cluster has them switched off' });
    if (!sums.ok || !sums.value.sound) return sums;
    const sandbox = await startSandbox(deps, sandboxOptions(request, context.signal, false));
    if (!sandbox.ok) return { ok: false, error: withLog(sandbox.error) };
    running.sandbox = sandbox.value;
    const databases = await listDatabases(sandbox.value.server, context.signal);
    if (!databases.ok) return databases;
    const disarmed = await disarm(sandbox.value.server, databases.value, context.signal);
    if (!disarmed.ok) return disarmed;
    const relations = await checkRelations(deps, tool, sandbox.value.server, databases.value);
    if (!relations.ok) return relations;
    const { sound, detail } = relations.value;
    return ok({ sound, detail: [sums.value.detail, detail, disarmed.value, ...sandbox.value.facts.notes].join('; ') });
  });
  if (!pages.ok) return pages;
  const passed = (): boolean => progress.levels.at(-1)?.result === 'passed';
  const { sandbox } = running;
  if (wanted < 4 || !passed() || sandbox === null) return ok(undefined);
  const data = await level(deps, context, progress, 4, 'check the data', async () => {
    const moment = standsFor(request, recovered.recoveredTo);
    const { settings, target } = request;
    const found = await checkData({
      server: sandbox.server,
      settings,
      target,
      standsFor: moment,
      nowMs: +deps.clock.now(),
      signal: context.signal,
    });
    if (!found.ok) return found;
    progress.restoredTo = later(progress.restoredTo, found.value.newest);
    return ok({ sound: found.value.passed, detail: found.value.detail });
  });
  if (!data.ok || wanted < 5 || !passed()) return data;
  return compare(context, progress, sandbox, request.database);
}

async function compare(
  context: ProofContext,
  progress: Progress,
  sandbox: Sandbox,
  database: string,
): Promise<Outcome<void>> {
  const { quality } = context;
  if (quality === null) return ok(undefined);
  const { host, port, user } = sandbox.server;
  const step = await context.step('compare with the source', async (note) => {
    const result = await quality({ socketFolder: host, port, user, database });
    progress.levels.push(result);
    note(result.detail);
    return result.result === 'passed' ? ok(undefined) : fail('quality_low', result.detail);
  });
  if (context.signal.aborted) return fail('cancelled', 'the drill was cancelled');
  return step.ok || progress.levels.some((l) => l.level === 5) ? ok(undefined) : step;
}

function later(a: IsoTime | null, b: IsoTime | null): IsoTime | null {
  if (a === null || b === null) return a ?? b;
  return Date.parse(a) >= Date.parse(b) ? a : b;
}
