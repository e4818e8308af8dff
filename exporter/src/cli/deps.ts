import type { BackupRecord } from '../contract/backup.ts';
import type { Outcome } from '../contract/errors.ts';
import type { IsoTime } from '../contract/observed.ts';
import type {
  RepositoryListing,
  RestorePlanFacts,
  RestoreReport,
  RunContext,
  Selection,
  VerifyReport,
} from '../engines/backup/port.ts';
import type { Clock, Exec, Random } from '../ports/index.ts';
import type { App } from '../runtime/app.ts';

/** A text stream of the terminal. `columns` is null where it is not a terminal. */
export interface TextOutput {
  write(text: string): void;
  readonly isTTY: boolean;
  readonly columns: number | null;
}

/** Where this installation keeps its things; resolved from --home/GENESIS_HOME and --config/GENESIS_CONFIG. */
export interface Place {
  /** Absolute; default `<cwd>/.genesis`. */
  readonly home: string;
  /** Absolute; default `<home>/genesis.yaml`. */
  readonly configPath: string;
}

export interface ServeOptions extends Place {
  /** True when the user named the file (--config or GENESIS_CONFIG): then it is never written, and its absence is a failure. */
  readonly configGiven: boolean;
  /** `address:port`; null: GENESIS_LISTEN or api.listen. */
  readonly listen: string | null;
  /** null: log.level of the configuration. */
  readonly logLevel: string | null;
}

/** The App in this process, under the home's lock. Its snapshot is read once before compose() resolves. */
export interface LocalApp {
  readonly app: App;
  /** Waits for what runs, closes the store, frees the lock. */
  close(): Promise<void>;
}

/** One repository (or copy) opened by its folder alone, without configuration or state. */
export interface BareRepository {
  list(service: string | null, signal: AbortSignal): Promise<Outcome<RepositoryListing>>;
  verify(backupId: string, context: RunContext): Promise<Outcome<VerifyReport>>;
  planRestore(backupId: string, selection: Selection, signal: AbortSignal): Promise<Outcome<RestorePlanFacts>>;
  /** Into a folder that does not exist yet (`RestoreTarget` kind folder). */
  restore(backupId: string, selection: Selection, to: string, context: RunContext): Promise<Outcome<RestoreReport>>;
}

export interface RebuildReport {
  /** What the catalogue now has from that folder. */
  readonly records: readonly BackupRecord[];
  /** Folders that look like backups and cannot be used, with the reason. */
  readonly damaged: readonly { readonly backupId: string; readonly message: string }[];
}

/** What `genesis audit verify` found; heads are those kept in logs, copies and manifests. */
export interface AuditVerification {
  readonly count: number;
  /** First row whose hash does not follow from the one before; null when the chain is whole. */
  readonly brokenAt: number | null;
  readonly heads: readonly {
    /** Where the head was found, e.g. `copy second-folder of demo-files` or `manifest of backup_…`. */
    readonly source: string;
    readonly count: number;
    readonly at: IsoTime;
    /** `beyond_end`: rows that this head vouches for are gone. */
    readonly result: 'matches' | 'differs' | 'beyond_end';
  }[];
  /** Rows after this count are vouched for by no head outside the log; null: there is no head at all. */
  readonly vouchedUpTo: number | null;
}

/**
 * All that the command line needs from outside. main.ts makes the real one; tests make fakes.
 * Files the user names (configuration, generated files, keys) are read and written by the commands themselves.
 */
export interface CliDeps {
  readonly version: string;
  readonly stdout: TextOutput;
  readonly stderr: TextOutput;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Absolute. */
  readonly cwd: string;
  /** Absolute paths of the running node and of this program, for the systemd unit. */
  readonly nodePath: string;
  readonly binPath: string;
  readonly clock: Clock;
  readonly random: Random;
  /** Runs getfattr and getfacl for `config check`, nothing else. */
  readonly exec: Exec;
  /** HTTP client; commands pass `redirect: 'manual'` and a signal. */
  readonly fetch: (url: string, init: RequestInit) => Promise<Response>;
  /** Calls back on each Ctrl-C; returns the function that ends it. While a listener stands, Ctrl-C does not end the process. */
  onInterrupt(listener: () => void): () => void;
  /** Runs until it is stopped. Resolves with the exit code: 0 stopped, 2 could not start (one sentence was printed). */
  serve(options: ServeOptions): Promise<number>;
  /**
   * Errors: `home_locked` (a server or another command holds it), `config_*`, `home_unusable`, `state_*`.
   * `purpose` 'read': nothing is scheduled, resumed or written but the audit of what is asked for.
   */
  compose(options: Place & { readonly purpose: 'read' | 'act' }): Promise<Outcome<LocalApp>>;
  /** `key`: `env:NAME`, `file:/path` or null. Errors: `repository_unreadable`, `key_missing`, `key_wrong`, `format_unknown`. */
  openBare(dir: string, key: string | null): Promise<Outcome<BareRepository>>;
  /** Takes the home's lock; makes the home where there is none. */
  rebuildCatalogue(
    options: Place & { readonly from: string; readonly key: string | null; readonly dryRun: boolean },
  ): Promise<Outcome<RebuildReport>>;
  /** Reads the state without the lock (a server may run) and the heads kept in every repository and copy that can be reached. */
  verifyAudit(options: Place): Promise<Outcome<AuditVerification>>;
  /** Fingerprint of the key that a service is configured with, as repositories name it. Errors: `key_missing`, `service_unknown`, `config_*`. */
  keyFingerprint(options: Place & { readonly service: string }): Promise<Outcome<{ readonly fingerprint: string }>>;
}
