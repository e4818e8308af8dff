import type { BackupFile, BackupRecord, BackupType } from '../../contract/backup.ts';
import type { EngineAbilities } from '../../contract/engine.ts';
import type { Outcome } from '../../contract/errors.ts';
import type { IsoTime } from '../../contract/observed.ts';
import type { DrillLevel, DrillPhase } from '../../contract/operation.ts';
import type { PitrFacts, RecoveryTarget } from '../../contract/postgres.ts';
import type { Clock, Exec, Log, Random } from '../../ports/index.ts';
import type { ProductRef } from './product.ts';

export type { EngineAbilities };

/** What an engine is given once; it opens nothing else by itself. */
export interface EngineDeps {
  readonly clock: Clock;
  readonly exec: Exec;
  readonly random: Random;
  readonly log: Log;
}

/** A repository as the configuration names it: the primary one of a service, or a copy. */
export interface RepositoryRef {
  /** Absolute folder. */
  readonly path: string;
  /** 32 bytes derived from the configured passphrase or key; null for a plain repository. */
  readonly key: Buffer | null;
  /** Set for engines that drive a product; `path` is then also the path inside a remote store. */
  readonly product?: ProductRef;
}

/** Whether a repository can be reached. */
export interface RepositoryProbe {
  /** `empty`: it can be reached, and nothing was ever made there. */
  readonly state: 'ready' | 'empty';
  /** Null where the store does not tell. */
  readonly freeBytes: number | null;
  readonly totalBytes: number | null;
}

export interface ComponentSource {
  readonly name: string;
  /** Absolute paths; each becomes a root of the archive named by its last segment, made unique. */
  readonly paths: readonly string[];
  /** picomatch patterns against the path relative to its root, e.g. `**` + `/*.tmp`, `cache/`. */
  readonly excludes: readonly string[];
}

export interface Limits {
  /** 0-19, of the worker threads' process part where the platform allows it. */
  readonly nice: number | null;
  /** Source bytes read a second; null for no bound. */
  readonly bandwidthBytesPerSecond: number | null;
  /** Frames compressed at the same time. */
  readonly concurrency: number;
}

export interface RepositoryGlance {
  readonly state: RepositoryProbe['state'];
  readonly ids: ReadonlySet<string>;
}

export interface BackupRequest {
  readonly id: string;
  readonly service: string;
  readonly type: BackupType;
  /** Required for incremental: the newest usable backup of the service in this repository. */
  readonly parent: string | null;
  readonly repository: RepositoryRef;
  readonly components: readonly ComponentSource[];
  /** Compare content instead of size, mtime, ctime and inode. */
  readonly compareContent: boolean;
  readonly limits: Limits;
  /** What the repository held right before, where `glance` was asked. */
  readonly present?: ReadonlySet<string>;
  /** Stored in the manifest, so that a copy alone can tell where the audit log stood. */
  readonly auditHead: { readonly count: number; readonly hash: string; readonly at: IsoTime } | null;
  /** The service's configuration, secrets left out, as YAML; stored beside the manifest. */
  readonly configYaml: string | null;
}

export interface EngineProgress {
  readonly phase: 'scan' | 'copy' | 'verify' | 'restore' | 'compare' | 'swap' | 'publish';
  readonly entriesDone: number;
  readonly bytesDone: number;
  readonly bytesTotal: number | null;
}

export interface RunContext {
  readonly signal: AbortSignal;
  onProgress(progress: EngineProgress): void;
}

export interface VerifyReport {
  readonly backupId: string;
  readonly passed: boolean;
  /** Every backup of the chain that was read. */
  readonly chain: readonly string[];
  readonly entries: number;
  readonly bytes: number;
  /** Empty when passed; at most 100. */
  readonly faults: readonly {
    readonly backupId: string;
    readonly component: string | null;
    readonly path: string | null;
    readonly message: string;
  }[];
}

/** What of a backup is wanted. Empty arrays mean all. */
export interface Selection {
  readonly components: readonly string[];
  /** Exact paths (with everything below) or picomatch globs, against `<root>/<path in root>`. */
  readonly paths: readonly string[];
}

/** What a restore is planned for. */
export interface RestoreWish extends Selection {
  /** Absent: everything that is archived is replayed, where the engine replays anything. */
  readonly recovery?: RecoveryTarget;
  /** Absent: in place, which has to know most. */
  readonly target?: RestoreTarget['kind'];
}

export type RestoreTarget =
  /** A folder that does not exist yet: `<path>/<component>/<root>/…`. */
  | { readonly kind: 'folder'; readonly path: string }
  /** Back to where the roots came from (the paths in the manifest, checked against the configured ones by the caller). */
  | {
      readonly kind: 'in_place';
      readonly roots: readonly { readonly component: string; readonly root: string; readonly path: string }[];
    }
  /** One dumped database into another one of its server: a new one, or one that is there and empty. Never over live data. */
  | { readonly kind: 'database'; readonly name: string | null; readonly existing: boolean };

export interface RestoreRequest {
  readonly operationId: string;
  readonly repository: RepositoryRef;
  readonly backupId: string;
  readonly selection: Selection;
  readonly target: RestoreTarget;
  /** chown to the recorded owner; only root can. */
  readonly restoreOwner: boolean;
  /** How far to replay; absent: all there is. Only where the engine can (`pitr`). */
  readonly recovery?: RecoveryTarget;
}

/** Whether a recovery target can be reached, found out before anything is touched. */
export interface RecoveryFacts {
  readonly target: RecoveryTarget;
  readonly reachable: boolean;
  /** Why not; null when it is, or when only the replay can tell (lsn, xid, name beyond what the scan knows). */
  readonly problem: string | null;
  /** First and last WAL segment that the replay needs; null: not known before. */
  readonly walFrom: string | null;
  readonly walTo: string | null;
  readonly timeline: number | null;
  /** The moment that will be restored; null: only the replay tells. */
  readonly dataAsOf: IsoTime | null;
  /** In words: what was written after it and will not be there. */
  readonly lost: string;
}

export interface RestorePlanFacts {
  readonly chain: readonly string[];
  /** Where the data stood; for a target elsewhere, what of it is known without asking. */
  readonly roots: readonly { readonly component: string; readonly root: string; readonly path: string }[];
  readonly entries: number;
  readonly bytes: number;
  /** Compressed bytes that will be read. */
  readonly readBytes: number;
  readonly recovery?: RecoveryFacts;
}

export interface RestoreReport {
  readonly entries: number;
  readonly bytes: number;
  /** In place: where the old data was kept until success. */
  readonly replaced: readonly string[];
  /** Name of the database that was restored into, where the target was one. */
  readonly into?: string;
  /** The moment that the restored data stands for, where only the replay could tell. */
  readonly dataAsOf?: IsoTime;
}

/** A restored server of a drill while it runs: a socket in a private folder. */
export interface ProvenServer {
  readonly socketFolder: string;
  readonly port: number;
  readonly user: string;
  readonly database: string;
}

export interface ProofContext extends RunContext {
  /** Journals a step around the work; the note is its detail. */
  step<T>(name: string, work: (note: (text: string) => void) => Promise<Outcome<T>>): Promise<Outcome<T>>;
  /** Level 5: called with the running server after the levels before passed. Null: level 5 is not wanted. */
  readonly quality: ((server: ProvenServer) => Promise<DrillLevel>) | null;
}

export interface ProofRequest {
  readonly operationId: string;
  readonly repository: RepositoryRef;
  readonly backupId: string;
  readonly recovery: RecoveryTarget;
  /** An empty private folder, mode 0700, on the disk of the drills; the caller removes it afterwards. */
  readonly folder: string;
}

/** What a drill of a product proved. `passed` only when every level that is configured passed. */
export interface Proof {
  readonly passed: boolean;
  readonly levels: readonly DrillLevel[];
  readonly phases: readonly DrillPhase[];
  /** The newest moment seen in the restored data; null: not known, which fails level 4. */
  readonly restoredTo: IsoTime | null;
  /** The newest state that the archive held when the drill began; what came in meanwhile is restored too. Absent: not known. */
  readonly archivedTo?: IsoTime;
  readonly entries: number;
  readonly bytes: number;
}

export interface CompareReport {
  readonly entries: number;
  readonly bytes: number;
  /** Empty when equal; at most 100. */
  readonly differences: readonly string[];
}

export interface FilesQuery {
  readonly prefix: string;
  readonly cursor: string | null;
  readonly limit: number;
  /** Part of the path; upper and lower case are the same. */
  readonly contains?: string;
  /** Only direct children of the folder `prefix` (with a final slash, or empty for the roots). */
  readonly direct?: boolean;
}

export interface RepositoryListing {
  readonly records: readonly BackupRecord[];
  /** Folders that look like backups and cannot be used, with the reason; at most 100. */
  readonly damaged: readonly { readonly backupId: string; readonly message: string }[];
  /** Null where the store does not tell. */
  readonly freeBytes: number | null;
  readonly totalBytes: number | null;
  readonly keyFingerprint: string | null;
  /** Where the engine can recover to a point in time. */
  readonly pitr?: PitrFacts;
}

/** Where the audit log stood when a backup was made, as its manifest says. */
export interface AuditHeadInBackup {
  readonly backupId: string;
  readonly head: { readonly count: number; readonly hash: string; readonly at: IsoTime };
}

/**
 * One product that makes backups. Every method validates what it reads, returns expected failures as values and throws only on bugs.
 * `inspect`, `files`, `planRestore` read only and are safe on every tick. An aborted signal gives `cancelled` and leaves nothing half done.
 */
export interface BackupEngine {
  readonly name: string;
  readonly abilities: EngineAbilities;
  /** Reads only, quickly. Errors: `repository_unreadable`: it cannot be reached, or what was there is gone; `key_wrong`. */
  probe(repository: RepositoryRef, signal: AbortSignal): Promise<Outcome<RepositoryProbe>>;
  /**
   * Only where one answer of the product tells what `probe`, `prepare` and `inspect` would ask for one by one: whether the repository is
   * there (`ready`: nothing is left to prepare), and the ids of the backups it holds. Errors: those of `inspect`.
   */
  glance?(repository: RepositoryRef, signal: AbortSignal): Promise<Outcome<RepositoryGlance>>;
  /** Creates the repository where there is none. Errors: `repository_foreign`, `repository_unreadable`, `key_wrong`, `key_missing`. */
  prepare(repository: RepositoryRef, signal: AbortSignal): Promise<Outcome<void>>;
  /** Errors: `repository_unreadable`, `format_unknown`. Reads manifest headers only, never archives. */
  inspect(repository: RepositoryRef, service: string | null, signal: AbortSignal): Promise<Outcome<RepositoryListing>>;
  /**
   * The one that writes. The folder of the backup appears in the repository by one rename, after everything in it is durable.
   * Errors: `backup_failed` (details.components: ComponentResult[]), `source_missing`, `disk_full`, `backup_unknown` (parent), `cancelled`, key and repository errors.
   */
  backup(request: BackupRequest, context: RunContext): Promise<Outcome<BackupRecord>>;
  /** Reads every byte of the backup and of those it builds upon. Damage is a report with passed: false, not an error. */
  verify(repository: RepositoryRef, backupId: string, context: RunContext): Promise<Outcome<VerifyReport>>;
  /** Streams file entries in path order, after `cursor` (exclusive), below `prefix`. A page may be short, even empty, and `next` be set. */
  files(
    repository: RepositoryRef,
    backupId: string,
    query: FilesQuery,
    signal: AbortSignal,
  ): Promise<Outcome<{ readonly files: readonly BackupFile[]; readonly next: string | null }>>;
  /** Errors: `backup_unknown`, `backup_corrupt`, `backup_incomplete` (a backup it builds upon is missing), key errors. */
  planRestore(
    repository: RepositoryRef,
    backupId: string,
    wish: RestoreWish,
    signal: AbortSignal,
  ): Promise<Outcome<RestorePlanFacts>>;
  /**
   * Verifies all it will read before the target is touched. To a folder: built beside under a hidden name, made durable, renamed.
   * In place: staged beside each root, swapped by rename, the old kept until all are in. Errors: `backup_corrupt`, `disk_full`,
   * `target_not_empty`, `unsafe_archive`, `restore_failed`, `cancelled`, key errors.
   */
  restore(request: RestoreRequest, context: RunContext): Promise<Outcome<RestoreReport>>;
  /**
   * Finishes or undoes an in-place restore that a crash cut off between renames (found by its intent file beside the roots):
   * afterwards each root is wholly the old or wholly the new. Idempotent.
   */
  recover(
    operationId: string,
    roots: readonly string[],
    signal: AbortSignal,
  ): Promise<Outcome<'nothing' | 'rolled_back' | 'completed'>>;
  /** Compares a restored folder (layout of `kind: 'folder'`) with the manifest: kind, size, mode, mtime, links, SHA-256; extra files too. */
  compare(
    repository: RepositoryRef,
    backupId: string,
    folder: string,
    context: RunContext,
  ): Promise<Outcome<CompareReport>>;
  /**
   * The drill of a product: restores into `folder`, starts what was restored where nothing can reach out of it or into it, and checks
   * it level by level. Everything it started has ended when it resolves. Absent: the caller restores, compares and runs its check.
   * A level that fails is a Proof with passed: false; errors are what kept it from being tried (`cancelled`, `disk_full`, `no_backup`).
   */
  prove?(request: ProofRequest, context: ProofContext): Promise<Outcome<Proof>>;
  /** Deletes one backup; the manifest goes first, so that a half deleted one is never listed. Errors: `backup_unknown`. */
  remove(repository: RepositoryRef, backupId: string, signal: AbortSignal): Promise<Outcome<void>>;
  /**
   * Brings one backup into another repository, resuming what an interrupted run left, reads it back there and compares every hash.
   * Errors: `copy_failed`, `disk_full`, `backup_corrupt` (the source is damaged), `cancelled`.
   */
  copy(from: RepositoryRef, to: RepositoryRef, backupId: string, context: RunContext): Promise<Outcome<void>>;
  /** Removes temporary leftovers of earlier runs that died (not those of this process). Returns how many. */
  clean(repository: RepositoryRef, signal: AbortSignal): Promise<Outcome<number>>;
  /**
   * Writes named small files (the configuration without secrets, a copy of the state, the audit head) durably into
   * `<repository>/genesis/`, each by temporary name and rename. In an encrypted repository they are sealed with its key.
   */
  saveExtra(
    repository: RepositoryRef,
    files: readonly { readonly name: string; readonly content: Buffer }[],
    signal: AbortSignal,
  ): Promise<Outcome<void>>;
  /** Reads one of them back. Errors: `not_found`, key errors. */
  loadExtra(repository: RepositoryRef, name: string, signal: AbortSignal): Promise<Outcome<Buffer>>;
  /** The audit heads kept in the manifests of one service: reads only. Errors: repository and key errors. */
  auditHeads(repository: RepositoryRef, service: string): Promise<Outcome<readonly AuditHeadInBackup[]>>;
}
