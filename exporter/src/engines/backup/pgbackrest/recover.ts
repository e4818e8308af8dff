import {
  chownSync,
  lchownSync,
  lstatSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  readlinkSync,
  renameSync,
  rmSync,
  symlinkSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { fail, ok, type Outcome } from '../../../contract/errors.ts';
import type { IsoTime } from '../../../contract/observed.ts';
import type { RecoveryTarget } from '../../../contract/postgres.ts';
import type { UnixUser } from '../../postgres-target.ts';
import { sameUserOptions } from '../../postgres/programs.ts';
import { unpassable } from '../../postgres/restored.ts';
import { startSandbox } from '../../postgres/sandbox.ts';
import type { RunContext } from '../port.ts';
import { readSpace } from '../space.ts';
import { progressReader } from './backup.ts';
import type { RestoreChoice } from './plan.ts';
import { besidePlace, restoreArguments, withoutRecoverySettings } from './restore-args.ts';
import { dayMs, runOrFail, type Session } from './session.ts';

/** Steps that every restore shares: files from the repository, then WAL until the target, then a clean stop. */

/** Directories grow and journals need air. */
const spareBytes = 64 * 2 ** 20;

export function ownerOf(session: Session): UnixUser | null {
  return sameUserOptions(session.stanza.postgres).runAs ?? null;
}

/** Errors: `recovery_target_unreachable`. */
export function checkReach({ reach }: RestoreChoice): Outcome<void> {
  return reach.facts.reachable
    ? ok(undefined)
    : fail('recovery_target_unreachable', reach.facts.problem ?? 'it cannot be reached');
}

/** Errors: `disk_full`. */
export async function checkRoom(folder: string, { backup, walBytes }: RestoreChoice): Promise<Outcome<void>> {
  const space = await readSpace(folder);
  if (!space.ok) return space;
  // WAL is taken segment by segment and goes again; a few dozen lie there at a time.
  const neededBytes = backup.info.size + Math.min(walBytes, 2 ** 30) + spareBytes;
  if (space.value.freeBytes >= neededBytes) return ok(undefined);
  return fail('disk_full', `${folder} has ${space.value.freeBytes} bytes free, the restore needs ${neededBytes}`);
}

/** `<staging>/work`, the server's user's, inside a folder of this user where what is written down cannot be forged. */
export function makeStaging(staging: string, owner: UnixUser | null): Outcome<string> {
  const work = join(staging, 'work');
  rmSync(staging, { recursive: true, force: true });
  mkdirSync(staging, { recursive: true, mode: owner === null ? 0o700 : 0o711 });
  mkdirSync(work, { mode: 0o700 });
  const given = giveTo(work, owner);
  return given.ok ? ok(work) : given;
}

/** Errors: `target_not_allowed`: the user of PostgreSQL cannot get there. */
export function giveTo(folder: string, owner: UnixUser | null): Outcome<void> {
  if (owner === null) return ok(undefined);
  chownSync(folder, owner.uid, owner.gid);
  const closed = unpassable(folder, owner);
  return closed === null
    ? ok(undefined)
    : fail(
        'target_not_allowed',
        `the user ${owner.uid} of PostgreSQL may not pass ${closed}: give it mode 0711, or choose another place`,
      );
}

export interface Restored {
  readonly files: number;
  readonly bytes: number;
}

/** Files of the backup into `<folder>/cluster` and `<folder>/tablespaces`; pgBackRest compares every one with its checksum. */
export async function restoreFiles(
  session: Session,
  folder: string,
  choice: RestoreChoice,
  target: RecoveryTarget,
  context: RunContext,
): Promise<Outcome<Restored>> {
  const place = besidePlace(folder);
  const args = restoreArguments({ label: choice.backup.label, place, target, timeline: choice.reach.facts.timeline });
  const run = await runOrFail(session, 'restore', args, {
    output: 'log',
    timeoutMs: 7 * dayMs,
    onLine: progressReader(context, 'restore'),
    maxOutputBytes: 2 ** 20,
    lockPath: join(session.stanza.product.folder, 'lock-restore'),
    fallback: 'restore_failed',
    signal: context.signal,
  });
  if (!run.ok) return run;
  const files = /restore size = \S+, file total = (\d+)/.exec(run.value.stdout)?.[1];
  // Its last file; without it no server starts, and an aborted restore looks like that.
  if (lstatSync(join(place.data, 'global', 'pg_control'), { throwIfNoEntry: false }) === undefined)
    return fail('restore_failed', 'pgbackrest restore ended with exit 0 and left no pg_control');
  return ok({ files: files === undefined ? 1 : Number(files), bytes: choice.backup.info.size });
}

/** Starts what was restored where it reaches nothing, waits for the end of recovery and stops it cleanly. */
export async function recoverFiles(
  session: Session,
  folder: string,
  context: RunContext,
): Promise<Outcome<{ readonly recoveredTo: IsoTime | null; readonly timeline: number }>> {
  const { stanza, place, deps } = session;
  const sandbox = await startSandbox(deps, {
    data: besidePlace(folder).data,
    bin: stanza.postgres.bin,
    folder,
    runAs: ownerOf(session),
    signal: context.signal,
    recoverTimeoutMs: 7 * dayMs,
    allowedLibraries: [],
    promote: true,
    recoveryNeedsNetwork: place.remote !== null,
    user: stanza.postgres.user,
  });
  if (!sandbox.ok) return sandbox;
  const { recoveredTo, facts } = sandbox.value;
  const stopped = await sandbox.value.stop('fast');
  if (!stopped.ok) return stopped;
  for (const name of readdirSync(folder))
    if (name !== 'cluster' && name !== 'tablespaces') rmSync(join(folder, name), { recursive: true, force: true });
  return ok({ recoveredTo, timeline: facts.timeline });
}

/** Takes what the restore added out of the settings, and points the tablespaces to where they will stand. */
export function settleCluster(
  data: string,
  owner: UnixUser | null,
  o: { readonly archiveOff: boolean; readonly tablespacePath: (oid: string, now: string) => string },
): void {
  const auto = join(data, 'postgresql.auto.conf');
  const text = readFileSync(auto, 'utf8');
  writeFileSync(`${auto}.genesis`, withoutRecoverySettings(text, { archiveOff: o.archiveOff }), {
    mode: 0o600,
    flush: true,
  });
  if (owner !== null) chownSync(`${auto}.genesis`, owner.uid, owner.gid);
  renameSync(`${auto}.genesis`, auto);
  const links = join(data, 'pg_tblspc');
  for (const oid of readdirSync(links)) {
    const link = join(links, oid);
    const next = o.tablespacePath(oid, readlinkSync(link));
    unlinkSync(link);
    symlinkSync(next, link);
    if (owner !== null) lchownSync(link, owner.uid, owner.gid);
  }
}

/** Everything below the folder on disk: a rename must not make durable what is not. */
export async function syncTree(session: Session, folder: string): Promise<Outcome<void>> {
  const run = await session.deps.exec.run('sync', ['-f', folder], {
    timeoutMs: 3_600_000,
    signal: new AbortController().signal,
  });
  if (!run.ok) return run;
  return run.value.exitCode === 0
    ? ok(undefined)
    : fail('restore_failed', `sync of ${folder} failed: ${run.value.stderr.slice(-300)}`);
}

/**
 * The new timeline was begun where nothing is archived: the server that goes into service archives its history file when it finds this
 * mark, and without it nobody could recover along that timeline from a backup before.
 */
export function markHistoryForArchiving(data: string, timeline: number, owner: UnixUser | null): void {
  const name = `${timeline.toString(16).toUpperCase().padStart(8, '0')}.history`;
  const wal = join(data, 'pg_wal');
  if (!readdirSync(wal).includes(name)) return;
  const status = join(wal, 'archive_status');
  if (readdirSync(status).some((mark) => mark.startsWith(name))) return;
  const mark = join(status, `${name}.ready`);
  writeFileSync(mark, '', { mode: 0o600, flush: true });
  if (owner !== null) chownSync(mark, owner.uid, owner.gid);
}
