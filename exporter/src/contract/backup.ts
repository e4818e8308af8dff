import type { IsoTime } from './observed.ts';

/**
 * `differential` holds what changed since the last full, `incremental` since the last backup of any type; `snapshot` is a full backup
 * that was asked for by hand and is kept until it is unkept.
 */
export const backupTypes = ['full', 'differential', 'incremental', 'snapshot'] as const;
export type BackupType = (typeof backupTypes)[number];

/** Holds everything, and builds upon no other. */
export function isWhole(type: BackupType): boolean {
  return type === 'full' || type === 'snapshot';
}

export const backupStatuses = ['completed', 'completed_with_warnings', 'failed'] as const;
export type BackupStatus = (typeof backupStatuses)[number];

/** Orders of the catalogue; `-` is descending. Backups that are alike in it follow by their id. */
export const backupOrders = [
  'startedAt',
  '-startedAt',
  'storedBytes',
  '-storedBytes',
  'bytes',
  '-bytes',
  'durationSeconds',
  '-durationSeconds',
  'service',
  '-service',
] as const;
export type BackupOrder = (typeof backupOrders)[number];

/** A thing that went not quite right while copying: the file is named, the backup is `completed_with_warnings`. */
export interface BackupWarning {
  readonly kind: 'changed' | 'vanished' | 'unreadable' | 'other';
  readonly path: string;
  readonly message: string;
}

export interface ComponentResult {
  readonly name: string;
  readonly status: BackupStatus;
  /** Entries of any kind in the backed-up tree, directories included. */
  readonly entries: number;
  /** Content of the whole tree as it stood, bytes. */
  readonly bytes: number;
  /** Content that this backup itself had to read and store, bytes before compression. */
  readonly addedBytes: number;
  /** What this backup's archive takes in the repository, bytes. */
  readonly storedBytes: number;
  readonly warnings: number;
  /** Sockets, FIFOs and devices left out, by kind. */
  readonly skipped: Readonly<Record<string, number>>;
  readonly error: string | null;
}

/** One catalogue entry; rebuilt at any time from the manifests in a repository. */
export interface BackupRecord {
  /** `backup_YYYYMMDD_HHMMSS_<8 hex>` (UTC). */
  readonly id: string;
  readonly service: string;
  readonly engine: string;
  readonly type: BackupType;
  /** The backup this one builds upon; null for full and snapshot. */
  readonly parent: string | null;
  readonly status: BackupStatus;
  /** The moment the restored data stands for: when copying began. */
  readonly startedAt: IsoTime;
  readonly endedAt: IsoTime;
  readonly components: readonly ComponentResult[];
  readonly entries: number;
  readonly bytes: number;
  readonly addedBytes: number;
  readonly storedBytes: number;
  /** SHA-256 (hex) of the manifest file as it stands in the repository. */
  readonly checksum: string;
  readonly encrypted: boolean;
  readonly keyFingerprint: string | null;
  /** At most 100; `warningCount` has the true number. */
  readonly warnings: readonly BackupWarning[];
  readonly warningCount: number;
}

/** What the catalogue adds to a record: facts learned after the backup was made. */
export interface CatalogueEntry extends BackupRecord {
  readonly keep: boolean;
  readonly note: string | null;
  readonly verifiedAt: IsoTime | null;
  readonly verifyResult: 'passed' | 'failed' | null;
  readonly drilledAt: IsoTime | null;
  /** Names of the copies that hold this backup, each verified there. */
  readonly copies: readonly string[];
}

/** One file of a backup, as `GET backups/{id}/files` and `genesis ls` show it. */
export interface BackupFile {
  readonly path: string;
  readonly component: string;
  readonly kind: 'file' | 'directory' | 'symlink' | 'hardlink';
  readonly bytes: number;
  readonly mode: number;
  readonly modifiedAt: IsoTime;
  readonly uid: number;
  readonly gid: number;
  readonly sha256: string | null;
  readonly linkTarget: string | null;
}
