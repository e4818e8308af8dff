import { chmodSync, chownSync, lstatSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fail, ok, toOpError, type ErrorCode, type Outcome } from '../../../contract/errors.ts';
import type { Exec, ExecResult } from '../../../ports/index.ts';
import type { UnixUser } from '../../postgres-target.ts';
import { sameUserOptions } from '../../postgres/programs.ts';
import type { EngineDeps, RepositoryRef } from '../port.ts';
import type { RepositoryPlace } from '../product.ts';
import { aloneName, configName, configText, repositoryNumber, secretsOf, type Stanza } from './conf.ts';
import { errorOfExit } from './exit-codes.ts';
import { parseVersion } from './version.ts';

/** Runs pgBackRest for one repository of one service, as the server's user, with a configuration file of its own. */

export interface Session {
  readonly deps: EngineDeps;
  readonly stanza: Stanza;
  /** e.g. `2.45`. */
  readonly version: string;
  /** pgBackRest's number of the repository. */
  readonly repo: number;
  readonly place: RepositoryPlace;
  readonly configFile: string;
  readonly signal: AbortSignal;
}

export const dayMs = 86_400_000;
const quickMs = 60_000;

/**
 * Writes what the program needs (folder 0700, file 0600, both the server's user's) and finds its version. Errors: `program_missing`,
 * `config_invalid`, `io_failed`, exec errors.
 */
export async function openSession(
  deps: EngineDeps,
  repository: RepositoryRef,
  signal: AbortSignal,
): Promise<Outcome<Session>> {
  const { product } = repository;
  const place = product?.places[product.index];
  if (product === undefined || product.postgres === null || product.pgbackrest === null || place === undefined)
    return fail('config_invalid', 'the engine pgbackrest needs the section `postgres` of the service');
  const stanza: Stanza = { product, postgres: product.postgres, settings: product.pgbackrest };
  const version = await findVersion(deps, stanza, signal);
  if (!version.ok) return version;
  const text = configText(stanza, version.value);
  if (!text.ok) return text;
  const owner = sameUserOptions(stanza.postgres).runAs;
  try {
    prepareFolder(product.folder, owner);
    const configFile = join(product.folder, configName);
    writeOwned(configFile, text.value, owner);
    return ok({
      deps,
      stanza,
      version: version.value,
      repo: repositoryNumber(product.index),
      place,
      configFile,
      signal,
    });
  } catch (thrown) {
    return { ok: false, error: toOpError(thrown, 'io_failed') };
  }
}

/** Every session needs it and an upgrade is rare: asked once a minute, so that a backup does not start five programs for it. */
const versionKeptMs = 60_000;
const versions = new WeakMap<Exec, Map<string, { readonly version: string; readonly atMs: number }>>();

async function findVersion(deps: EngineDeps, stanza: Stanza, signal: AbortSignal): Promise<Outcome<string>> {
  const known = versions.get(deps.exec) ?? new Map<string, { version: string; atMs: number }>();
  versions.set(deps.exec, known);
  const { program } = stanza.settings;
  const nowMs = +deps.clock.now();
  const kept = known.get(program);
  // A clock that was set back must not keep it for longer.
  if (kept !== undefined && nowMs >= kept.atMs && nowMs - kept.atMs < versionKeptMs) return ok(kept.version);
  const asked = await askVersion(deps, stanza, signal);
  if (asked.ok) known.set(program, { version: asked.value, atMs: nowMs });
  return asked;
}

async function askVersion(
  deps: EngineDeps,
  { settings, postgres }: Stanza,
  signal: AbortSignal,
): Promise<Outcome<string>> {
  const run = await deps.exec.run(settings.program, ['version'], {
    timeoutMs: quickMs,
    signal,
    ...sameUserOptions(postgres),
  });
  if (!run.ok) return notStarted(settings.program, run);
  const version = parseVersion(run.value.stdout);
  return version === null
    ? fail('program_missing', `${settings.program} is not pgBackRest: it answers no version`)
    : ok(version);
}

function notStarted(program: string, run: Outcome<never>): Outcome<never> {
  return !run.ok && run.error.code === 'exec_failed' && /could not be started/.test(run.error.message)
    ? fail('program_missing', `${program} cannot be started: install pgbackrest`, { cause: run.error })
    : run;
}

function prepareFolder(folder: string, owner: UnixUser | undefined): void {
  for (const path of [folder, ...['lock', 'log', 'spool'].map((name) => join(folder, name))]) {
    mkdirSync(path, { recursive: true, mode: 0o700 });
    const seen = lstatSync(path);
    if (owner !== undefined && (seen.uid !== owner.uid || seen.gid !== owner.gid))
      chownSync(path, owner.uid, owner.gid);
    if (path === folder && (seen.mode & 0o777) !== 0o700) chmodSync(path, 0o700);
  }
}

/** Only where it changed: the server's own archive_command reads the same file at any moment, so it is never there by half. */
function writeOwned(file: string, text: string, owner: UnixUser | undefined): void {
  if (readText(file) === text) return;
  const temporary = `${file}.tmp-${process.pid}`;
  writeFileSync(temporary, text, { mode: 0o600, flush: true });
  if (owner !== undefined) chownSync(temporary, owner.uid, owner.gid);
  renameSync(temporary, file);
}

function readText(file: string): string | null {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return null; // not there yet; anything else shows when it is written
  }
}

export interface RunOptions {
  readonly timeoutMs?: number;
  readonly onLine?: (line: string) => void;
  /**
   * `data`: standard output is the answer, warnings go to standard error. `told`: so do messages. `log`: messages are the output.
   */
  readonly output: 'data' | 'told' | 'log';
  readonly maxOutputBytes?: number;
  /** Commands that work on all repositories take no number: they are given a file that has only this one. */
  readonly alone?: boolean;
  readonly signal?: AbortSignal;
  /** Instead of the stanza's own folder, so that a drill is not in the way of a backup. */
  readonly lockPath?: string;
}

const logLevels = {
  data: ['--log-level-console=off', '--log-level-stderr=warn'],
  told: ['--log-level-console=off', '--log-level-stderr=info', '--no-log-timestamp'],
  log: ['--log-level-console=detail', '--log-level-stderr=off', '--no-log-timestamp'],
} as const;

/** Whatever its exit code is. Errors: exec errors. */
export async function runCommand(
  session: Session,
  command: string,
  args: readonly string[],
  options: RunOptions,
): Promise<Outcome<ExecResult>> {
  const { stanza, repo } = session;
  const file = options.alone === true ? writeAlone(session) : ok(session.configFile);
  if (!file.ok) return file;
  const argv = [
    `--config=${file.value}`,
    `--stanza=${stanza.settings.stanza}`,
    ...(options.alone === true ? [] : [`--repo=${repo}`]),
    ...(options.lockPath === undefined ? [] : [`--lock-path=${options.lockPath}`]),
    ...logLevels[options.output],
    command,
    ...args,
  ];
  const run = await session.deps.exec.run(stanza.settings.program, argv, {
    timeoutMs: options.timeoutMs ?? quickMs,
    signal: options.signal ?? session.signal,
    env: environmentOf(stanza),
    redact: secretsOf(stanza),
    ...sameUserOptions(stanza.postgres),
    ...(options.onLine === undefined ? {} : { onLine: options.onLine }),
    ...(options.maxOutputBytes === undefined ? {} : { maxOutputBytes: options.maxOutputBytes }),
  });
  return run.ok ? run : notStarted(stanza.settings.program, run);
}

function writeAlone({ stanza, version }: Session): Outcome<string> {
  const { product, postgres } = stanza;
  const text = configText(stanza, version, product.index);
  if (!text.ok) return text;
  const file = join(product.folder, aloneName(product.index));
  try {
    writeOwned(file, text.value, sameUserOptions(postgres).runAs);
    return ok(file);
  } catch (thrown) {
    return { ok: false, error: toOpError(thrown, 'io_failed') };
  }
}

/** pgBackRest connects through libpq, which takes from here what the file has no option for. */
function environmentOf({ postgres }: Stanza): Record<string, string> {
  return {
    PGAPPNAME: 'genesis',
    ...(postgres.password === null ? {} : { PGPASSWORD: postgres.password }),
    ...(postgres.host.startsWith('/') ? {} : { PGHOST: postgres.host }),
    ...(postgres.tlsCa === null ? {} : { PGSSLMODE: 'verify-full', PGSSLROOTCERT: postgres.tlsCa }),
  };
}

/** Ended with 0, or the failure that its code and words mean. */
export async function runOrFail(
  session: Session,
  command: string,
  args: readonly string[],
  options: RunOptions & { readonly fallback: ErrorCode },
): Promise<Outcome<ExecResult>> {
  const run = await runCommand(session, command, args, options);
  if (!run.ok) return run;
  if (run.value.exitCode === 0) return run;
  return { ok: false, error: errorOfExit(command, run.value.exitCode, allOutput(run.value), options.fallback) };
}

export function allOutput({ stdout, stderr }: ExecResult): string {
  return `${stdout}\n${stderr}`;
}
