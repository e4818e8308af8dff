import type { Outcome } from '../../contract/errors.ts';
import type { IsoTime } from '../../contract/observed.ts';
import type { DatabaseFacts, ReplicationFacts } from '../../contract/postgres.ts';
import type { PostgresTarget } from '../postgres-target.ts';

export interface HeartbeatSettings {
  /** Schema of the table `heartbeat` in the target's database. */
  readonly schema: string;
  /** Time between two heartbeats, seconds: what an age of the row can tell at best. */
  readonly intervalSeconds: number;
}

export interface ReplicationSettings {
  /** Null: none is written, and none is read. */
  readonly heartbeat: HeartbeatSettings | null;
  /** A replica that is further behind is degraded. */
  readonly lagDegradedSeconds: number;
}

/** What one reading leaves for the next: whether a replica still answers shows only in time. */
export interface ReplicaMemory {
  /** Moment of its clock that its last answer carries: no age, since that clock may be wrong, but the same as long as it is silent. */
  readonly replyAt: string | null;
  /** Since when WAL waits for its confirmation and no new answer has come, Unix milliseconds of the primary; null: nothing waits. */
  readonly waitingSince: number | null;
  /** The slot that it used when it was last connected. */
  readonly slot: string | null;
}
export type ReplicationMemory = ReadonlyMap<string, ReplicaMemory>;

/** Sizes and slow queries cost more than the rest and change slowly: they are read less often and kept here. */
export interface DatabaseMemory {
  /** Unix milliseconds of this machine. */
  readonly slowReadAt: number;
  readonly sizes: ReadonlyMap<string, number>;
  readonly tables: DatabaseFacts['tables'];
  readonly queries: DatabaseFacts['queries'];
}

/** One product whose replication is watched. Everything but `beat` only reads, and is safe on every tick. */
export interface ReplicationEngine {
  readonly name: string;
  /**
   * Asks the primary and each configured standby. A standby that cannot be asked is a fact (`problem`), never an error.
   * Errors: `postgres_unreachable`, `postgres_failed` (the primary), `cancelled`.
   */
  observe(
    target: PostgresTarget,
    settings: ReplicationSettings,
    previous: ReplicationMemory,
    signal: AbortSignal,
  ): Promise<Outcome<{ readonly facts: ReplicationFacts; readonly memory: ReplicationMemory }>>;
  /** Errors as `observe`. */
  statistics(
    target: PostgresTarget,
    previous: DatabaseMemory | null,
    signal: AbortSignal,
  ): Promise<Outcome<{ readonly facts: DatabaseFacts; readonly memory: DatabaseMemory }>>;
  /**
   * Writes the heartbeat row on the primary in a short transaction of its own; makes schema and table when they are missing. Resolves
   * with the row's moment. Errors: `postgres_unreachable`, `postgres_failed` (also: the server is a standby), `cancelled`.
   */
  beat(
    target: PostgresTarget,
    heartbeat: HeartbeatSettings,
    by: string,
    signal: AbortSignal,
  ): Promise<Outcome<IsoTime>>;
}
