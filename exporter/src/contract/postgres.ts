import type { IsoTime } from './observed.ts';

/** What is known of a PostgreSQL service beside its backups: how far it can be brought back, who follows it, how it is doing. */

/** Up to where WAL is replayed. `latest`: to the end of what is archived; `immediate`: as soon as the backup is consistent. */
export type RecoveryTarget =
  | { readonly type: 'latest' }
  | { readonly type: 'immediate' }
  /** With its zone: a moment, not a local time. */
  | { readonly type: 'time'; readonly at: IsoTime }
  | { readonly type: 'lsn'; readonly lsn: string }
  | { readonly type: 'xid'; readonly xid: string }
  /** Made with pg_create_restore_point(). */
  | { readonly type: 'name'; readonly name: string };

export const recoveryTargetTypes = ['latest', 'immediate', 'time', 'lsn', 'xid', 'name'] as const;

/** A stretch of time whose every moment can be brought back: a backup and all WAL since. */
export interface RecoveryWindow {
  /** The moment the first backup of the stretch is consistent. */
  readonly from: IsoTime;
  /** When its last WAL segment was archived. */
  readonly to: IsoTime;
  /** PostgreSQL timeline of its end. */
  readonly timeline: number;
  /** Name of the repository: `repository` or a copy's. */
  readonly repository: string;
}

/** WAL that should be in a repository and is not: nothing after it can be reached from a backup before it. */
export interface WalGap {
  readonly repository: string;
  readonly timeline: number;
  /** Name of the first missing segment. */
  readonly firstSegment: string;
  readonly lastSegment: string;
  readonly segments: number;
  /** When the segment before was archived; null: there is none before. */
  readonly from: IsoTime | null;
  /** When the segment after was archived; null: there is none after. */
  readonly to: IsoTime | null;
}

/** Point-in-time recovery of one service as its repositories allow it, from a scan of every WAL segment's name. */
export interface PitrFacts {
  /** Oldest first. */
  readonly windows: readonly RecoveryWindow[];
  readonly gaps: readonly WalGap[];
  /** The newest moment that can be brought back; null: none. */
  readonly newestRestorableAt: IsoTime | null;
  readonly oldestRestorableAt: IsoTime | null;
  /** Segments that were looked at. */
  readonly segments: number;
  /** Block-level incremental backup: `unsupported` by the installed version. */
  readonly blockIncremental: 'on' | 'off' | 'unsupported';
  /** Version of the product, e.g. `2.45`. */
  readonly version: string;
}

export const syncStates = ['async', 'potential', 'sync', 'quorum'] as const;

export interface SlotFacts {
  readonly name: string;
  readonly active: boolean;
  /** `lost`: the standby can never catch up from it. */
  readonly walStatus: 'reserved' | 'extended' | 'unreserved' | 'lost' | null;
  /** Bytes that may still be written before it is lost; null: no bound. */
  readonly safeWalSizeBytes: number | null;
  /** WAL that is kept for it, bytes. */
  readonly retainedBytes: number | null;
}

export const replicaStates = [
  'streaming',
  'catchup',
  'startup',
  'backup',
  'stopping',
  'disconnected',
  'paused',
] as const;
export type ReplicaState = (typeof replicaStates)[number];

/** One standby, seen from the primary and, where it can be asked, from itself. Null is unknown, never 0. */
export interface ReplicaFacts {
  readonly name: string;
  /** The primary streams to it. A standby that vanished is not connected, whatever was last read of it. */
  readonly connected: boolean;
  readonly state: ReplicaState;
  readonly syncState: (typeof syncStates)[number] | null;
  /** As pg_stat_replication says; null while idle. */
  readonly writeLagSeconds: number | null;
  readonly flushLagSeconds: number | null;
  readonly replayLagSeconds: number | null;
  /** Age of the newest heartbeat row that the standby shows: true also when the link is cut. Null: it could not be read. */
  readonly heartbeatLagSeconds: number | null;
  /** What counts: the heartbeat where it can be read, else what the primary says while connected. */
  readonly lagSeconds: number | null;
  /** WAL bytes written on the primary and not replayed there. */
  readonly lagBytes: number | null;
  /** WAL bytes still to be sent. */
  readonly queueBytes: number | null;
  readonly slot: SlotFacts | null;
  /** Why something is null, or what is wrong; null: nothing to say. */
  readonly problem: string | null;
}

export interface ArchiverFacts {
  /** Segments marked ready in pg_wal/archive_status. */
  readonly readySegments: number | null;
  readonly lastArchivedAt: IsoTime | null;
  readonly lastArchivedWal: string | null;
  readonly lastFailedAt: IsoTime | null;
  readonly lastFailedWal: string | null;
  readonly failedCount: number;
}

export interface ReplicationFacts {
  /** Whether the server that is configured as primary accepts writes. */
  readonly isPrimary: boolean;
  readonly timeline: number | null;
  readonly currentLsn: string | null;
  /** Size of a WAL segment, to count in. */
  readonly walSegmentBytes: number | null;
  /** A replica that is so far behind, or further, is degraded: `postgres.lag_degraded`. */
  readonly lagDegradedSeconds: number;
  readonly replicas: readonly ReplicaFacts[];
  /** Null where archive_mode is off. */
  readonly archiver: ArchiverFacts | null;
  /** Time between two heartbeats; null: none are written. */
  readonly heartbeatIntervalSeconds: number | null;
  /** The row on the primary. Null where none is written: configured off, or it failed as `heartbeatProblem` says. */
  readonly heartbeatAt: IsoTime | null;
  readonly heartbeatProblem: string | null;
  /** What is wrong with the primary or cannot be seen of it, in words; null: nothing to say. */
  readonly problem: string | null;
}

/** How one server is doing (M10). */
export interface DatabaseFacts {
  readonly version: string;
  readonly connectionsUsed: number;
  readonly connectionsMax: number;
  readonly locksWaiting: number;
  readonly longestTransactionSeconds: number | null;
  readonly databases: readonly {
    readonly name: string;
    readonly bytes: number;
    readonly commits: number;
    readonly rollbacks: number;
  }[];
  /** The largest tables of the connected database, at most 20. */
  readonly tables: readonly { readonly name: string; readonly bytes: number; readonly rows: number | null }[];
  /** From pg_stat_statements, at most 20, slowest in total first; null: the extension is not there. */
  readonly queries:
    | readonly {
        readonly id: string;
        readonly text: string;
        readonly calls: number;
        readonly totalSeconds: number;
        readonly meanSeconds: number;
      }[]
    | null;
}
