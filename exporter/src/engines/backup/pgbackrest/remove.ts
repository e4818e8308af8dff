import { fail, ok, type Outcome } from '../../../contract/errors.ts';
import type { EngineDeps, RepositoryRef } from '../port.ts';
import { findBackup, readCatalogue } from './catalogue.ts';
import { openSession, runOrFail, type Session } from './session.ts';

const expireTimeoutMs = 3_600_000;

/** See `BackupEngine.remove`; then the WAL that no backup needs any more goes too. */
export async function remove(
  deps: EngineDeps,
  repository: RepositoryRef,
  backupId: string,
  signal: AbortSignal,
): Promise<Outcome<void>> {
  const session = await openSession(deps, repository, signal);
  if (!session.ok) return session;
  const catalogue = await readCatalogue(session.value);
  if (!catalogue.ok) return catalogue;
  const backup = findBackup(catalogue.value, backupId, session.value.place.name);
  if (!backup.ok) return backup;
  const { label, type } = backup.value;
  const { backups } = catalogue.value;
  // pgBackRest would take them along without asking.
  const dependent = backups.find(({ prior }) => prior === label);
  if (dependent !== undefined) return fail('backup_needed', `${dependent.label} builds upon ${label}`);
  const fulls = backups.filter((b) => b.type === 'full').length;
  if (type === 'full' && fulls === 1)
    return fail('backup_needed', `${label} is the only full backup of its repository`);
  const expired = await runOrFail(session.value, 'expire', [`--set=${label}`], {
    output: 'log',
    timeoutMs: expireTimeoutMs,
    fallback: 'repository_unreadable',
  });
  if (!expired.ok) return expired;
  const after = await readCatalogue(session.value);
  if (!after.ok) return after;
  if (after.value.backups.some((b) => b.label === label))
    return fail('repository_unreadable', `pgbackrest expire ended with exit 0, but ${label} is still in its catalogue`);
  return expireWal(session.value, after.value.backups.filter((b) => b.type === 'full').length);
}

/** With as many fulls as there are, WAL from before the oldest one is what is left to remove. */
async function expireWal(session: Session, fulls: number): Promise<Outcome<void>> {
  if (fulls === 0) return ok(undefined);
  const prefix = `--repo${session.repo}-retention-archive`;
  const run = await runOrFail(session, 'expire', [`${prefix}=${fulls}`, `${prefix}-type=full`], {
    output: 'log',
    timeoutMs: expireTimeoutMs,
    fallback: 'repository_unreadable',
  });
  return run.ok ? ok(undefined) : run;
}
