import type { BackupRecord, BackupType } from '../../../contract/backup.ts';
import { fail, ok, type Outcome } from '../../../contract/errors.ts';
import type { ExecResult } from '../../../ports/index.ts';
import type { BackupRequest, EngineDeps, RepositoryRef, RunContext } from '../port.ts';
import { readSpace } from '../space.ts';
import { readCatalogue, type Catalogue } from './catalogue.ts';
import { archiveTimeoutSeconds } from './conf.ts';
import { errorOfExit } from './exit-codes.ts';
import { annotations } from './info.ts';
import { prepare } from './prepare.ts';
import { allOutput, dayMs, openSession, runCommand, runOrFail, type Session } from './session.ts';

/** Makes backups. */

const types = { full: 'full', snapshot: 'full', differential: 'diff', incremental: 'incr' } as const;

/** See `BackupEngine.backup`: what was made is read from the repository afterwards, whatever the exit code says. */
export async function backUp(
  deps: EngineDeps,
  request: BackupRequest,
  context: RunContext,
): Promise<Outcome<BackupRecord>> {
  const session = await openSession(deps, request.repository, context.signal);
  if (!session.ok) return session;
  const present = request.present === undefined ? await idsIn(session.value) : ok(request.present);
  return present.ok ? makeBackup(session.value, request.type, present.value, context) : present;
}

async function idsIn(session: Session): Promise<Outcome<ReadonlySet<string>>> {
  const catalogue = await readCatalogue(session);
  if (!catalogue.ok) return catalogue;
  if (catalogue.value.state === 'empty')
    return fail(
      'repository_unreadable',
      `the repository ${session.place.name} holds no stanza ${session.stanza.settings.stanza}`,
    );
  return ok(new Set(catalogue.value.records.map(({ id }) => id)));
}

/** `present`: what the repository holds before. */
async function makeBackup(
  session: Session,
  type: BackupType,
  present: ReadonlySet<string>,
  context: RunContext,
): Promise<Outcome<BackupRecord>> {
  if (present.size === 0) {
    const checked = await checkArchiving(session);
    if (!checked.ok) return checked;
  }
  let run = await runBackup(session, type, context);
  if (run.ok && run.value.exitCode === labelTaken && types[type] !== 'full') {
    session.deps.log.info(
      'a full backup is made instead: the newest full was removed, and pgBackRest lets nothing be named before it',
      {
        repository: session.place.name,
        wanted: type,
      },
    );
    run = await runBackup(session, 'full', context);
  }
  if (!run.ok) return run;
  if (run.value.exitCode !== 0) return backupFailure(session, run.value.exitCode, allOutput(run.value));
  const after = await readCatalogue(session);
  if (!after.ok) return after;
  const record = newestSince(present, after.value);
  if (record === null)
    return fail('backup_failed', 'pgbackrest backup ended with exit 0, but its catalogue holds no new backup', {
      details: { output: run.value.stdout.slice(-2000) },
    });
  return ok(record);
}

/**
 * An increment is named after its full, and a name has to come after the newest that ever was: after the newest full was removed none
 * does. (A clock that was set back ends a full in the same way.)
 */
const labelTaken = 106;

function runBackup(session: Session, type: BackupType, context: RunContext): Promise<Outcome<ExecResult>> {
  return runCommand(session, 'backup', backupArguments(session, type), {
    output: 'log',
    timeoutMs: 7 * dayMs,
    onLine: progressReader(context),
    maxOutputBytes: 2 ** 20,
  });
}

/** No file of a backup fits there any more. */
const nothingLeftBytes = 2 ** 20;

async function backupFailure({ place }: Session, exitCode: number, output: string): Promise<Outcome<never>> {
  const error = errorOfExit('backup', exitCode, output, 'backup_failed');
  // On a full disk 2.45 also ends with `unable to write …: [2] No such file or directory`: what is left there says more.
  const space = error.code === 'backup_failed' && place.remote === null ? await readSpace(place.path) : null;
  if (space?.ok === true && space.value.freeBytes < nothingLeftBytes)
    return fail('disk_full', `${place.path} has ${space.value.freeBytes} bytes free: ${error.message}`, {
      ...(error.details === undefined ? {} : { details: error.details }),
    });
  if (error.code === 'operation_conflict')
    return fail('operation_conflict', `another backup of this stanza runs: ${error.message}`, {
      retryable: true,
      ...(error.details === undefined ? {} : { details: error.details }),
    });
  return { ok: false, error };
}

function backupArguments({ stanza }: Session, type: BackupType): string[] {
  return [
    `--type=${types[type]}`,
    ...(stanza.settings.startFast ? ['--start-fast'] : []),
    // Retention is decided by Genesis, which knows what is kept and verified.
    '--no-expire-auto',
    ...(type === 'snapshot' ? [`--annotation=${annotations.snapshot}=yes`] : []),
  ];
}

/** One WAL segment through the server's own archive_command into the repositories, before the first backup waits for it. */
async function checkArchiving(session: Session): Promise<Outcome<void>> {
  const run = await runOrFail(session, 'check', [], {
    output: 'log',
    timeoutMs: archiveTimeoutSeconds(session.stanza) * 2000 + 60_000,
    alone: true,
    fallback: 'wal_archiving_broken',
  });
  return run.ok ? ok(undefined) : run;
}

function newestSince(present: ReadonlySet<string>, after: Catalogue): BackupRecord | null {
  return after.records.findLast(({ id }) => !present.has(id)) ?? null;
}

const unitBytes: Readonly<Record<string, number>> = { B: 1, KB: 2 ** 10, MB: 2 ** 20, GB: 2 ** 30, TB: 2 ** 40 };
const fileLine = /(?:backup|restore) file .* \(([\d.]+)(B|KB|MB|GB|TB), ([\d.]+)%\)/;

/** `P01 DETAIL: backup file /pg/base/1/2 (8KB, 12.34%) checksum …` */
export function parseProgress(line: string): { readonly bytes: number; readonly ratio: number } | null {
  const match = fileLine.exec(line);
  if (match === null) return null;
  const [, size, unit, percent] = match;
  return { bytes: Number(size) * (unitBytes[unit ?? ''] ?? 1), ratio: Number(percent) / 100 };
}

/** Files come as they end, largest first; the share is the program's own, so the total follows from both. */
export function progressReader(context: RunContext, phase: 'copy' | 'restore' = 'copy'): (line: string) => void {
  let [entriesDone, bytesDone] = [0, 0];
  return (line) => {
    const seen = parseProgress(line);
    if (seen === null) return;
    entriesDone += 1;
    bytesDone += seen.bytes;
    const bytesTotal = seen.ratio > 0 ? Math.max(bytesDone, Math.round(bytesDone / seen.ratio)) : null;
    context.onProgress({ phase, entriesDone, bytesDone: Math.round(bytesDone), bytesTotal });
  };
}

/**
 * A copy is a repository of its own that is backed up into: with a full where it has none, or where the other one is a full.
 * Errors: those of `backUp`.
 */
export async function copy(
  deps: EngineDeps,
  from: RepositoryRef,
  to: RepositoryRef,
  backupId: string,
  context: RunContext,
): Promise<Outcome<void>> {
  const [source, target] = [await openSession(deps, from, context.signal), await openSession(deps, to, context.signal)];
  if (!source.ok) return source;
  if (!target.ok) return target;
  const prepared = await prepare(deps, to, context.signal);
  if (!prepared.ok) return prepared;
  const [there, here] = [await readCatalogue(source.value), await idsIn(target.value)];
  if (!there.ok) return there;
  if (!here.ok) return here;
  const wanted = there.value.records.find(({ id }) => id === backupId)?.type ?? 'incremental';
  const type = here.value.size === 0 ? 'full' : wanted;
  const made = await makeBackup(target.value, type, here.value, context);
  return made.ok ? ok(undefined) : made;
}
