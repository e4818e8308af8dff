import { constants, lstatSync, statSync } from 'node:fs';
import { mkdir, open, readFile, rename, rm, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fail, ok, type Outcome } from '../../../contract/errors.ts';
import type { ExecResult } from '../../../ports/index.ts';
import { findPrograms, majorOfData, sameUserOptions } from '../../postgres/programs.ts';
import type { UnixUser } from '../../postgres-target.ts';
import { timeoutMsOf, type Work } from './work.ts';

/** Files and programs of a node whose data folder stands on this machine. */

export function exists(path: string): boolean {
  return lstatSync(path, { throwIfNoEntry: false }) !== undefined;
}

/** Whom its programs run as: as configured, else whoever owns the folder; this process where it is no root. */
export function ownerOf({ cluster }: Work, data: string): UnixUser | null {
  if (process.getuid?.() !== 0) return null;
  if (cluster.runAs !== null) return cluster.runAs;
  const { uid, gid } = statSync(data);
  return { uid, gid };
}

/**
 * Runs a program of the PostgreSQL that made the data, as its user. A non-zero exit is a value. Errors: those of `findPrograms`,
 * `exec_failed`, `exec_timeout`, `cancelled`.
 */
export async function runProgram(
  work: Work,
  data: string,
  name: string,
  args: readonly string[],
  options: { readonly password?: string | null; readonly timeoutMs?: number; readonly owner?: UnixUser | null } = {},
): Promise<Outcome<ExecResult>> {
  const { exec } = work.deps;
  const { signal } = work.context;
  const major = await majorOfData(data);
  if (!major.ok) return fail('failover_failed', major.error.message);
  const programs = await findPrograms(exec, work.cluster.bin, signal, major.value);
  if (!programs.ok) return programs;
  const password = options.password ?? null;
  return exec.run(join(programs.value.bin, name), args, {
    timeoutMs: options.timeoutMs ?? timeoutMsOf(work),
    signal,
    cwd: '/',
    env: { LC_ALL: 'C', TZ: 'UTC', ...(password === null ? {} : { PGPASSWORD: password }) },
    redact: password === null ? [] : [password],
    ...sameUserOptions({ runAs: options.owner ?? ownerOf(work, data) }),
  });
}

/** As the server's user: nothing that it put there can lead this process astray. */
export async function runAsOwner(
  work: Work,
  data: string,
  file: string,
  args: readonly string[],
): Promise<Outcome<void>> {
  const run = await work.deps.exec.run(file, args, {
    timeoutMs: copyTimeoutOf(work),
    signal: work.context.signal,
    ...sameUserOptions({ runAs: ownerOf(work, data) }),
  });
  if (!run.ok) return run;
  if (run.value.exitCode === 0) return ok(undefined);
  return fail('failover_failed', `${file} ended with ${run.value.exitCode}: ${lastWords(run.value)}`);
}

function copyTimeoutOf(work: Work): number {
  return Math.max(timeoutMsOf(work), 60_000);
}

export function lastWords({ stdout, stderr }: Pick<ExecResult, 'stdout' | 'stderr'>): string {
  return (stderr.trim() === '' ? stdout : stderr).trim().split('\n').slice(-3).join(' | ').slice(-500);
}

/** Writes a file whole or not at all, of mode 0600 and the owner of its folder; it is on the disk when this resolves. */
export async function writeDurably(file: string, text: string): Promise<void> {
  const folder = dirname(file);
  const owner = await stat(folder);
  const temporary = `${file}.genesis-part`;
  await rm(temporary, { force: true });
  // O_EXCL never follows a link that somebody put there.
  const handle = await open(temporary, constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL, 0o600);
  try {
    if (process.getuid?.() === 0) await handle.chown(owner.uid, owner.gid);
    await handle.writeFile(text);
    await handle.sync();
  } finally {
    await handle.close();
  }
  await rename(temporary, file);
  await syncFolder(folder);
}

export async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, constants.O_RDONLY | constants.O_DIRECTORY);
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/** A rename that survives a crash. Errors: `failover_failed`: a mount point, or a folder above that this user may not write. */
export async function renameDurably(from: string, to: string): Promise<Outcome<void>> {
  try {
    await rename(from, to);
    await syncFolder(dirname(to));
    return ok(undefined);
  } catch (thrown) {
    const { code } = thrown as NodeJS.ErrnoException;
    const why = code === 'EBUSY' ? 'it is a mount point: let data be a folder below it' : String(code);
    return fail('failover_failed', `${from} cannot be renamed: ${why}`);
  }
}

/** An empty folder of the server's user, anew. */
export async function makeFolder(path: string, owner: UnixUser | null): Promise<void> {
  await rm(path, { recursive: true, force: true });
  await mkdir(path, { mode: 0o700 });
  if (owner === null) return;
  const handle = await open(path, constants.O_RDONLY | constants.O_DIRECTORY | constants.O_NOFOLLOW);
  try {
    await handle.chown(owner.uid, owner.gid);
  } finally {
    await handle.close();
  }
}

const signalFile = 'standby.signal';

/** A server that starts on this folder, whoever starts it, is a standby: it takes no writes. Idempotent. */
export async function keepFromWriting(data: string): Promise<void> {
  const file = join(data, signalFile);
  if (!exists(file)) await writeDurably(file, '');
}

export async function letWriteAgain(data: string): Promise<boolean> {
  const had = exists(join(data, signalFile));
  await rm(join(data, signalFile), { force: true });
  return had;
}

export async function textOf(file: string): Promise<string | null> {
  return readFile(file, 'utf8').catch(() => null);
}
