import { readFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fail, ok, OpError, type Outcome } from '../../contract/errors.ts';
import type { IsoTime } from '../../contract/observed.ts';
import type { ExecResult } from '../../ports/index.ts';
import type { EngineDeps } from '../backup/port.ts';
import type { PostgresServer, UnixUser } from '../postgres-target.ts';
import type { PgSession } from './client.ts';
import { launcherOf, ownFiles } from './isolation.ts';
import { findLauncherTools } from './launcher.ts';
import { findPostmasters, killServers, markName, signalAll } from './processes.ts';
import { findPrograms, majorOfData } from './programs.ts';
import { prepareFolder, type SandboxFolder } from './sandbox-folder.ts';
import { serverOf, superuserSession, type SandboxAddress } from './sandbox-session.ts';
import { logTail, lsnBytes, readRecoveryLog } from './server-log.ts';
import { isoOf } from './types.ts';

export { sweepSandboxes } from './sweep.ts';

/** A server on a restored data folder that reaches nothing and that nobody reaches but this process. */

export interface SandboxOptions {
  /** The restored data folder, inside `folder`; it belongs to `runAs`. */
  readonly data: string;
  /** Folder of PostgreSQL's programs; null: those of the version that made the data. */
  readonly bin: string | null;
  /** Private folder on the disk of the drills. Tablespaces and WAL must lie in it too. */
  readonly folder: string;
  /** Needed where this process is root. */
  readonly runAs: UnixUser | null;
  /** Stops the server. */
  readonly signal: AbortSignal;
  readonly recoverTimeoutMs: number;
  readonly allowedLibraries: readonly string[];
  /** true: a physical backup, recovered to its target and promoted. false: a clean folder, which must not ask for recovery. */
  readonly promote: boolean;
  /** The data is thrown away afterwards: the server may be given more room than its primary had. Default false: it goes into service. */
  readonly throwaway?: boolean;
  /** restore_command reaches a remote repository: the network stays until recovery has ended and the server is started again. */
  readonly recoveryNeedsNetwork?: boolean;
  /** Role that is likely to exist; it only tells which superuser there is. */
  readonly user?: string;
  readonly database?: string;
}

export interface SandboxFacts {
  readonly version: string;
  /** The folder asked for recovery from an archive. */
  readonly archiveRecovery: boolean;
  readonly checksums: boolean;
  /** After promotion; that of the folder where there was none. */
  readonly timeline: number;
  readonly redoFrom: string | null;
  readonly redoTo: string | null;
  /** WAL that was replayed; null: none was. */
  readonly replayedBytes: number | null;
  readonly segmentsRestored: number;
  /** Why replay ended where it did, in the server's words; null: WAL ended. */
  readonly stopped: string | null;
  readonly startSeconds: number;
  readonly recoverSeconds: number;
  /** How far it is cut off, and what of it could not be done on this machine. */
  readonly notes: readonly string[];
}

export interface Sandbox {
  readonly server: PostgresServer;
  /** Time of the last transaction that was replayed; null: none was, or nothing was replayed. */
  readonly recoveredTo: IsoTime | null;
  readonly facts: SandboxFacts;
  /**
   * Ends the server and all it started, and puts the restored configuration back. `fast` (default) leaves a cleanly shut down folder;
   * `immediate` does not write. Errors: `io_failed`: something does not end.
   */
  stop(mode?: 'fast' | 'immediate'): Promise<Outcome<void>>;
}

/** setTimeout takes no more; the server ends with its signal, not by this. */
const forEverMs = 2 ** 31 - 1;
const fastStopMs = 300_000;
/** The pause between two looks at a server that recovers grows with the time it takes: what is measured is a twentieth too long at most. */
const [leastPauseMs, mostPauseMs] = [25, 500];

/**
 * Resolves once recovery has really ended: the server says that it is ready, pg_is_in_recovery() is false and it still runs. Errors:
 * those of the folder (`unsafe_archive`, `version_mismatch`, `program_missing`, `restore_failed`), `recovery_target_unreachable`,
 * `exec_timeout`, `cancelled`; details.log has the end of the server's log. Nothing runs after an error.
 */
export async function startSandbox(deps: EngineDeps, options: SandboxOptions): Promise<Outcome<Sandbox>> {
  const startedMs = +deps.clock.now();
  const major = await majorOfData(options.data);
  if (!major.ok) return major;
  const programs = await findPrograms(
    deps.exec,
    options.bin,
    options.signal,
    options.bin === null ? major.value : null,
  );
  if (!programs.ok) return programs;
  const prepared = await prepareFolder(deps, { ...options, programs: programs.value });
  if (!prepared.ok) return prepared;
  const running = await launch(deps, options, prepared.value, programs.value.bin);
  const ready = await untilReady(deps, options, prepared.value, running, startedMs);
  if (!ready.ok) {
    const stopped = await stopServer(deps, prepared.value, running, 'immediate');
    return stopped.ok ? ready : stopped;
  }
  const { session, seconds } = ready.value;
  const sandbox = await describe(session, options, prepared.value, running, seconds, programs.value.version);
  await session.end();
  if (sandbox.ok)
    return ok({ ...sandbox.value, stop: (mode = 'fast') => stopServer(deps, prepared.value, running, mode) });
  await stopServer(deps, prepared.value, running, 'immediate');
  return sandbox;
}

interface Running {
  /** Settles when the server has ended. */
  readonly ended: Promise<Outcome<ExecResult>>;
  /** Null while it runs. */
  result(): Outcome<ExecResult> | null;
  abort(): void;
  readonly notes: readonly string[];
}

async function launch(deps: EngineDeps, options: SandboxOptions, folder: SandboxFolder, bin: string): Promise<Running> {
  const tools = await findLauncherTools(deps, options.runAs, options.signal);
  const ownNetwork = !(options.recoveryNeedsNetwork === true && folder.archiveRecovery);
  const { argv, runAs } = launcherOf(tools, { ownNetwork, runAs: options.runAs });
  const settings = Object.entries(folder.settings).flatMap(([name, value]) => ['-c', `${name}=${value}`]);
  const [file = '', ...args] = [...argv, join(bin, 'postgres'), '-D', folder.data, ...settings];
  const controller = new AbortController();
  let result: Outcome<ExecResult> | null = null;
  const ended = deps.exec.run(file, args, {
    timeoutMs: forEverMs,
    signal: controller.signal,
    cwd: folder.own,
    env: { [markName]: folder.data },
    ...(runAs === null ? {} : { runAs }),
  });
  void ended.then((outcome) => (result = outcome));
  return {
    ended,
    result: () => result,
    abort: () => controller.abort(),
    notes: [...folder.notes, networkNote(ownNetwork, tools.unshare !== null)],
  };
}

function networkNote(wanted: boolean, allowed: boolean): string {
  if (!wanted) return 'the network stays for the recovery: the repository is remote';
  return allowed ? 'own network namespace' : 'no own network namespace: this machine does not allow it';
}

async function untilReady(
  deps: EngineDeps,
  options: SandboxOptions,
  folder: SandboxFolder,
  running: Running,
  startedMs: number,
): Promise<Outcome<{ readonly session: PgSession & { readonly user: string }; readonly seconds: Seconds }>> {
  let upMs: number | null = null;
  for (;;) {
    if (options.signal.aborted) return fail('cancelled', 'the throwaway server was stopped: cancelled');
    const result = running.result();
    if (result !== null) return { ok: false, error: await whyEnded(folder, result) };
    const status = readStatus(folder.data);
    if (status !== null) upMs ??= +deps.clock.now();
    if (status === 'ready') {
      const session = await superuserSession(options, addressOf(folder));
      if (session.ok) {
        const endMs = +deps.clock.now();
        const readyMs = upMs ?? endMs;
        return ok({
          session: session.value,
          seconds: { start: (readyMs - startedMs) / 1000, recover: (endMs - readyMs) / 1000 },
        });
      }
      if (session.error.code !== 'postgres_unreachable') return session;
    }
    const elapsedMs = +deps.clock.now() - startedMs;
    if (elapsedMs > options.recoverTimeoutMs)
      return fail('exec_timeout', `recovery did not end within ${options.recoverTimeoutMs / 1000} s`, {
        details: { log: logTail(await readLog(folder), 20) },
      });
    await deps.clock.sleep(Math.min(mostPauseMs, Math.max(leastPauseMs, elapsedMs / 20)), options.signal);
  }
}

interface Seconds {
  readonly start: number;
  readonly recover: number;
}

/** Line 8 of postmaster.pid: `starting`, `stopping`, `ready` or `standby`; null: the server is not that far. Asked many times: read at once. */
function readStatus(data: string): string | null {
  try {
    return readFileSync(join(data, 'postmaster.pid'), 'utf8').split('\n')[7]?.trim() || null;
  } catch {
    return null; // not there yet, or gone again
  }
}

async function readLog(folder: SandboxFolder): Promise<string> {
  return readFile(join(folder.own, ownFiles.log), 'utf8').catch(() => '');
}

async function whyEnded(folder: SandboxFolder, result: Outcome<ExecResult>): Promise<OpError> {
  if (!result.ok && result.error.code === 'exec_failed' && /could not be started/.test(result.error.message))
    return result.error;
  // Before its logger runs the server writes to standard error.
  const early = result.ok ? result.value.stderr : String(result.error.details?.['stderr'] ?? '');
  const text = `${early}\n${await readLog(folder)}`;
  const { fatal } = readRecoveryLog(text);
  const details = { log: logTail(text, 20) };
  if (/recovery ended before configured recovery target was reached/.test(text))
    return new OpError(
      'recovery_target_unreachable',
      'recovery ended before the recovery target was reached: WAL for it is missing',
      { details },
    );
  const why = `the restored server ended: ${fatal ?? logTail(text, 1)[0] ?? 'without a word'}`;
  return new OpError(/No space left on device/.test(text) ? 'disk_full' : 'restore_failed', why, { details });
}

function addressOf(folder: SandboxFolder): SandboxAddress {
  return { socketFolder: folder.socketFolder, port: Number(folder.settings['port']) };
}

async function describe(
  session: PgSession & { readonly user: string },
  options: SandboxOptions,
  folder: SandboxFolder,
  running: Running,
  seconds: Seconds,
  version: string,
): Promise<Outcome<Omit<Sandbox, 'stop'>>> {
  const asked = await session.query<{ replayed: string | null }>(
    'SELECT pg_catalog.pg_last_xact_replay_timestamp() AS replayed',
  );
  if (!asked.ok) return asked;
  const log = readRecoveryLog(await readLog(folder));
  const inLog = log.lastTransactionAt === null ? null : isoOf(`${log.lastTransactionAt}+00`);
  return ok({
    server: serverOf(options, addressOf(folder), session.user),
    recoveredTo: asked.value[0]?.replayed ?? inLog,
    facts: {
      version,
      archiveRecovery: folder.archiveRecovery,
      checksums: folder.control.checksums,
      timeline: log.timeline ?? folder.control.timeline,
      redoFrom: log.redoFrom,
      redoTo: log.redoTo,
      replayedBytes:
        log.redoFrom === null || log.redoTo === null ? null : Number(lsnBytes(log.redoTo) - lsnBytes(log.redoFrom)),
      segmentsRestored: log.segmentsRestored,
      stopped: log.stopped,
      startSeconds: seconds.start,
      recoverSeconds: seconds.recover,
      notes: running.notes,
    },
  });
}

/** Not tied to the operation's signal: stopping must work after an abort too. */
async function stopServer(
  deps: EngineDeps,
  folder: SandboxFolder,
  running: Running,
  mode: 'fast' | 'immediate',
): Promise<Outcome<void>> {
  const isOurs = (data: string): boolean => data === folder.data;
  const postmasters = running.result() === null ? await findPostmasters(folder.data) : [];
  if (mode === 'fast' && running.result() === null) {
    signalAll(
      postmasters.map(({ pid }) => pid),
      'SIGINT',
    );
    const patience = new AbortController();
    await Promise.race([running.ended, deps.clock.sleep(fastStopMs, patience.signal)]);
    patience.abort();
  }
  const since = postmasters.length === 0 ? 0 : Math.min(...postmasters.map(({ started }) => started));
  const { left } = await killServers(isOurs, (ms) => deps.clock.sleep(ms, new AbortController().signal), since);
  // Where /proc tells nothing the process group is all that is known.
  if (running.result() === null) running.abort();
  await running.ended;
  folder.restore();
  return left.length === 0
    ? ok(undefined)
    : fail('io_failed', `processes of the throwaway server do not end: ${left.join(', ')}`);
}
