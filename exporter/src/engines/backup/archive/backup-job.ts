import type { BackupWarning } from '../../../contract/backup.ts';
import type { ErrorCode } from '../../../contract/errors.ts';
import type { EngineProgress, Limits } from '../port.ts';
import type { ManifestComponent, Root, StoredFile } from './format.ts';

/** The file list that an incremental of one component builds upon. */
export interface ParentList {
  readonly backupId: string;
  /** Absolute folder of that backup. */
  readonly folder: string;
  readonly stored: StoredFile;
}

export interface ComponentJob {
  readonly name: string;
  /** Roots in byte order of their names; `resolved` is where they really are (links resolved), as text. */
  readonly roots: readonly (Root & { readonly resolved: string })[];
  readonly excludes: readonly string[];
  readonly parent: ParentList | null;
  /** Hex salts of the two sealed files; null in a plain repository. */
  readonly salts: { readonly archive: string; readonly files: string } | null;
}

/** Everything the worker needs; it crosses the thread boundary by structured clone. */
export interface BackupJob {
  /** Absolute folder for work in progress; it exists and is empty. */
  readonly folder: string;
  /** Never walked into: the repository. */
  readonly repository: string;
  readonly key: Uint8Array | null;
  readonly components: readonly ComponentJob[];
  readonly compareContent: boolean;
  readonly limits: Limits;
}

export interface BackupJobResult {
  readonly components: readonly ManifestComponent[];
  /** The first 100 of `warningCount`. */
  readonly warnings: readonly BackupWarning[];
  readonly warningCount: number;
}

/** `component` ended the backup; `completed` had gone before it. */
export interface BackupJobFailure {
  readonly component: string;
  readonly code: ErrorCode;
  readonly message: string;
  readonly completed: readonly ManifestComponent[];
}

export type FromBackupWorker =
  | { readonly type: 'progress'; readonly progress: EngineProgress }
  | { readonly type: 'done'; readonly result: BackupJobResult }
  | { readonly type: 'failed'; readonly failure: BackupJobFailure }
  /** A bug: its stack, to be thrown on the other side. */
  | { readonly type: 'bug'; readonly stack: string };
