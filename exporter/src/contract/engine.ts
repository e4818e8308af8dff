import type { BackupType } from './backup.ts';

/** What can be asked of a backup engine, so that nobody offers a button that it cannot serve. */
export interface EngineAbilities {
  /** Types it makes; `snapshot` is a full that is kept. */
  readonly types: readonly BackupType[];
  /** Whether single components of a backup can be backed up or restored. */
  readonly components: boolean;
  /** Whether files of a backup can be listed and restored one by one. */
  readonly files: boolean;
  /** Point-in-time recovery: windows, and a target for restores and drills. */
  readonly pitr: boolean;
  readonly inPlace: boolean;
  /** Whether one database of a backup can be restored into another one of the server. */
  readonly intoDatabase: boolean;
  /** `copied`: backups are brought from the repository into a copy; `made`: each copy is a repository that is backed up into. */
  readonly copies: 'copied' | 'made';
  /** Whether small files of Genesis (state, audit head) can be kept in its repositories. */
  readonly extras: boolean;
  /** What the repository lists is all there is: an entry that it lacks was expired by the product and leaves the catalogue. */
  readonly listingIsTruth: boolean;
}
