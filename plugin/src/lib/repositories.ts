import type { Service } from '../api/types.ts';

/** The places that hold backups of a service, each with its freshness; what is not known stays null. */

export type RepositoryState = 'current' | 'behind' | 'same_disk' | 'old' | 'empty' | 'disconnected' | 'unknown';

export interface RepositoryRow {
  readonly key: string;
  readonly name: string;
  /** Null: the exporter does not tell it. */
  readonly path: string | null;
  readonly state: RepositoryState;
  /** Why it is not known; '' where it is. */
  readonly why: string;
  readonly newestAt: string | null;
  readonly lagSeconds: number | null;
  readonly queue: number | null;
  readonly freeBytes: number | null;
}

type Facts = Pick<Service, 'backups' | 'repository' | 'copies' | 'backupAgeThresholdSeconds'>;

/** The repository first; as of when its facts were read, so that a page that is open long says the same as its age. */
export function repositoryRows(service: Facts): readonly RepositoryRow[] {
  return [repositoryRow(service), ...service.copies.map(copyRow)];
}

function repositoryRow({ backups, repository, backupAgeThresholdSeconds }: Facts): RepositoryRow {
  const newestAt = backups.known ? (backups.value.newest?.endedAt ?? null) : null;
  const row = { key: 'repository', name: 'repository', path: null, newestAt, lagSeconds: 0, queue: 0 };
  if (!repository.known)
    return { ...row, state: 'unknown', why: repository.error.message, lagSeconds: null, queue: null, freeBytes: null };
  const { freeBytes } = repository.value;
  if (!backups.known) return { ...row, state: 'unknown', why: backups.error.message, freeBytes };
  if (newestAt === null) return { ...row, state: 'empty', why: '', freeBytes };
  const age = (Date.parse(backups.at) - Date.parse(newestAt)) / 1000;
  return { ...row, state: age > backupAgeThresholdSeconds ? 'old' : 'current', why: '', freeBytes };
}

function copyRow({ name, path, facts }: Service['copies'][number]): RepositoryRow {
  const row = { key: `copy ${name}`, name, path };
  if (!facts.known)
    return {
      ...row,
      state: 'unknown',
      why: facts.error.message,
      newestAt: null,
      lagSeconds: null,
      queue: null,
      freeBytes: null,
    };
  const { connected, sameDisk, queue, lagSeconds, newestBackupEndedAt, freeBytes } = facts.value;
  const shared = { ...row, why: '', newestAt: newestBackupEndedAt, freeBytes };
  // What was last read of a copy that is gone says nothing of how far behind it is by now.
  if (!connected) return { ...shared, state: 'disconnected', lagSeconds: null, queue: null };
  const state = newestBackupEndedAt === null ? 'empty' : queue > 0 ? 'behind' : sameDisk ? 'same_disk' : 'current';
  return { ...shared, state, lagSeconds, queue };
}
