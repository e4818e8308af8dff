import type { BackupRecord } from '../contract/backup.ts';
import { fail, ok, type Outcome } from '../contract/errors.ts';
import type { IsoTime } from '../contract/observed.ts';
import { theService } from './context.ts';
import type { Session } from './session.ts';

/**
 * The id itself, or for `latest` the newest usable backup of the service, that had ended by `at` when that is given.
 * Errors: `backup_unknown`, `bad_request` (several services and none named).
 */
export async function latestBackup(
  session: Session,
  named: string,
  service: string | null,
  at: IsoTime | null,
): Promise<Outcome<string>> {
  if (named !== 'latest') return ok(named);
  const whose = await theService(session, service ?? undefined);
  if (!whose.ok) return whose;
  let cursor: string | null = null;
  do {
    const page = await session.backups({
      service: whose.value,
      sort: '-startedAt',
      limit: 200,
      ...(cursor === null ? {} : { cursor }),
    });
    if (!page.ok) return page;
    const found = newestUsable(page.value.items, at);
    if (found !== null) return ok(found.id);
    cursor = page.value.next;
  } while (cursor !== null);
  return fail('backup_unknown', `${whose.value} has no usable backup${at === null ? '' : ` that had ended by ${at}`}`);
}

/**
 * The newest backup that did not fail and had ended by the moment; null where there is none. One that was still copying then may hold
 * what was written, or deleted, after it.
 */
export function newestUsable<T extends BackupRecord>(records: readonly T[], at: IsoTime | null): T | null {
  const usable = records.filter((record) => record.status !== 'failed' && (at === null || record.endedAt <= at));
  return usable.reduce<T | null>(
    (newest, record) => (newest === null || record.startedAt > newest.startedAt ? record : newest),
    null,
  );
}

/** --at replaces a backup id; both together contradict each other. */
export function backupOrTime(named: string | undefined, at: string | undefined): Outcome<string> {
  if (at !== undefined && named !== undefined && named !== 'latest')
    return fail('bad_request', 'give either a backup or --at, not both');
  if (at === undefined && named === undefined)
    return fail('bad_request', 'name a backup, "latest", or a moment with --at');
  return ok(named ?? 'latest');
}
