import type { PostgresTarget } from '../postgres-target.ts';

/** Object store or server that holds a repository, with its secrets resolved. */
export type RemoteStore =
  | {
      readonly type: 's3';
      readonly bucket: string;
      readonly endpoint: string;
      readonly region: string;
      readonly accessKey: string;
      readonly secretKey: string;
      readonly uriStyle: 'host' | 'path';
      readonly verifyTls: boolean;
      /** PEM file; null: the system's authorities. */
      readonly caFile: string | null;
    }
  | {
      readonly type: 'azure';
      readonly container: string;
      readonly account: string;
      readonly key: string;
      /** Null: Azure's own. */
      readonly endpoint: string | null;
      readonly uriStyle: 'host' | 'path';
      readonly verifyTls: boolean;
      readonly caFile: string | null;
    }
  | { readonly type: 'gcs'; readonly bucket: string; readonly keyFile: string }
  | { readonly type: 'sftp'; readonly host: string; readonly user: string | null; readonly port: number }
  | { readonly type: 'rest'; readonly url: string };

export interface RepositoryPlace {
  /** `repository`, or the name of the copy. */
  readonly name: string;
  /** Absolute folder, or the path inside the remote store. */
  readonly path: string;
  readonly remote: RemoteStore | null;
  /** Passphrase that encrypts it; null: plain (restic: refused, it always encrypts). */
  readonly passphrase: string | null;
}

export interface PgbackrestSettings {
  readonly stanza: string;
  /** Processes that compress and copy. */
  readonly processMax: number;
  /** Seconds that a backup waits for its WAL to be archived. */
  readonly archiveTimeoutSeconds: number;
  /** Seconds without a byte after which a store counts as silent. */
  readonly ioTimeoutSeconds: number;
  readonly startFast: boolean;
  /** Program; `pgbackrest` is looked for on the PATH. */
  readonly program: string;
}

export interface PgDumpSettings {
  readonly format: 'custom' | 'directory';
  readonly jobs: number;
  /** Names; empty: every database but templates. */
  readonly databases: readonly string[];
}

export interface ResticSettings {
  readonly program: string;
  /** e.g. `5%` or `1/10` or `500M`: read back by a verification. */
  readonly readDataSubset: string;
  readonly host: string;
}

/** Retention as the product's own settings or the caller's decisions need it. */
export interface ProductRetention {
  readonly fullCount: number;
  readonly fullDays: number;
  readonly incrementalDays: number;
}

/** Everything of one service that an engine which drives a product needs beside folder and key. */
export interface ProductRef {
  readonly service: string;
  /** Index of this repository in `places`. 0: the primary one; the others are the copies, in the order of the file. */
  readonly index: number;
  readonly places: readonly RepositoryPlace[];
  /** Absolute folder of the service's engine files, mode 0700 (made by the engine): configuration, password files, locks, logs. */
  readonly folder: string;
  readonly postgres: PostgresTarget | null;
  readonly pgbackrest: PgbackrestSettings | null;
  readonly pgDump: PgDumpSettings | null;
  readonly restic: ResticSettings | null;
  readonly retention: ProductRetention;
  readonly drill: ProofSettings | null;
}

/** What a drill of a database has to prove, from `postgres.drill` of the file. */
export interface ProofSettings {
  /** The highest level that has to pass, 1 to 5. */
  readonly level: 1 | 2 | 3 | 4 | 5;
  /** `schema.table` that must be there, each with the fewest rows allowed. */
  readonly tables: readonly { readonly name: string; readonly minRows: number }[];
  /** Each must answer one row whose first column is true. */
  readonly assertions: readonly { readonly name: string; readonly database: string | null; readonly sql: string }[];
  /** Where the freshest row tells how old the data is; null: the heartbeat of Genesis. */
  readonly canary: { readonly database: string | null; readonly table: string; readonly column: string } | null;
  readonly maxAgeSeconds: number;
  readonly statementTimeoutSeconds: number;
  /** shared_preload_libraries that the throwaway server may load. */
  readonly allowedLibraries: readonly string[];
  /** Free bytes that must stay on the disk of the drill. */
  readonly minFreeBytes: number;
  /** Share of drills that use an older backup or a random second instead of the newest state, 0 to 1. */
  readonly variety: number;
}
