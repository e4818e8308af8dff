import type { BackupOrder, BackupRecord, BackupStatus, BackupType, CatalogueEntry } from '../contract/backup.ts';
import type { IsoTime } from '../contract/observed.ts';
import type {
  Actor,
  DrillRecord,
  Operation,
  OperationFailure,
  OperationKind,
  OperationState,
  OperationStep,
  Role,
} from '../contract/operation.ts';
import type { QualityReport, QualitySummary } from '../contract/quality.ts';
import type { MaintenanceWindow, Pause } from '../contract/snapshot.ts';
import type { AlertDefinition, AlertMemory } from '../core/alerting.ts';
import type { TableProfile } from '../core/quality/profile.ts';

/** Rows newest first; `next` is the cursor of the following page, null at the end. */
export interface Page<T> {
  readonly items: readonly T[];
  readonly next: string | null;
}

/** A page that also says how many rows match on all pages together. */
export interface CountedPage<T> extends Page<T> {
  readonly total: number;
}

/** `from` is included, `to` is not. */
export interface Stretch {
  readonly from?: IsoTime;
  readonly to?: IsoTime;
}

export interface BackupFilter extends Stretch {
  readonly service?: string;
  readonly type?: BackupType;
  readonly status?: BackupStatus;
  readonly verified?: 'passed' | 'failed' | 'never';
  readonly drilled?: boolean;
  readonly keep?: boolean;
  /** Part of the id, the service or the note, or how a component or the checksum begins; upper and lower case are the same. */
  readonly q?: string;
  readonly sort?: BackupOrder;
  readonly limit?: number;
  readonly cursor?: string;
}

export interface BackupStore {
  /** Inserts or replaces the record; what was learned later (keep, note, verification, copies) stays. */
  put(record: BackupRecord): Promise<void>;
  get(id: string): Promise<CatalogueEntry | null>;
  list(filter: BackupFilter): Promise<CountedPage<CatalogueEntry>>;
  /** All of one service, newest first. */
  ofService(service: string): Promise<readonly CatalogueEntry[]>;
  setKeep(id: string, keep: boolean, note: string | null): Promise<void>;
  setVerified(id: string, at: IsoTime, result: 'passed' | 'failed'): Promise<void>;
  setDrilled(id: string, at: IsoTime): Promise<void>;
  setCopies(id: string, copies: readonly string[]): Promise<void>;
  remove(id: string): Promise<void>;
}

export interface NewOperation {
  readonly id: string;
  readonly kind: OperationKind;
  readonly service: string;
  readonly params: Readonly<Record<string, unknown>>;
  readonly actor: Actor;
  readonly reason: string | null;
  readonly idempotencyKey: string | null;
  /** SHA-256 of the canonical request, so that one key with two different requests is refused. */
  readonly requestHash: string;
  readonly createdAt: IsoTime;
}

export interface OperationFilter extends Stretch {
  readonly service?: string;
  readonly kind?: OperationKind;
  readonly state?: OperationState;
  /** true: queued or running; false: ended. */
  readonly active?: boolean;
  readonly actor?: string;
  readonly limit?: number;
  readonly cursor?: string;
}

/** The journal. Every write is durable (fsynced) before the promise resolves. */
export interface OperationStore {
  /**
   * Writes the intent. With an idempotency key that the same actor used before, returns that operation instead
   * (`created: false`, and `sameRequest` tells whether the request was the same one). Atomic under concurrency.
   */
  begin(
    operation: NewOperation,
  ): Promise<{ readonly operation: Operation; readonly created: boolean; readonly sameRequest: boolean }>;
  /** The operation that this actor began with this key, if any. */
  byKey(
    actorName: string,
    idempotencyKey: string,
  ): Promise<{ readonly operation: Operation; readonly requestHash: string } | null>;
  start(id: string, at: IsoTime): Promise<void>;
  /** Adds or replaces the step of that name. */
  step(id: string, step: OperationStep): Promise<void>;
  finish(
    id: string,
    end: {
      readonly state: OperationState;
      readonly endedAt: IsoTime;
      readonly result: Readonly<Record<string, unknown>> | null;
      readonly error: OperationFailure | null;
    },
  ): Promise<void>;
  get(id: string): Promise<Operation | null>;
  list(filter: OperationFilter): Promise<CountedPage<Operation>>;
  /** queued or running: after a crash, what has to be resumed or closed. */
  unfinished(): Promise<readonly Operation[]>;
}

export interface DrillFilter {
  readonly service?: string;
  readonly passed?: boolean;
  readonly operationId?: string;
  readonly limit?: number;
  readonly cursor?: string;
}

export interface DrillStore {
  put(drill: DrillRecord): Promise<void>;
  get(id: string): Promise<DrillRecord | null>;
  list(filter: DrillFilter): Promise<Page<DrillRecord>>;
}

/** One thing that was counted, kept for good so that counters and histograms can be seeded after a restart. */
export interface MeasuredEvent {
  readonly kind:
    'backup' | 'drill' | 'recovery' | 'verify' | 'copy' | 'failover' | 'breaker' | 'scaling' | 'health_check' | 'health_check_failure';
  readonly service: string;
  readonly at: IsoTime;
  /** Metric labels beside cluster and service, e.g. {backup_type: 'full', result: 'success', region, engine}. */
  readonly labels: Readonly<Record<string, string>>;
  /** Seconds; null where the kind has no duration. */
  readonly durationSeconds: number | null;
}

export interface EventStore {
  add(event: MeasuredEvent): Promise<void>;
  /** Every event of all time, oldest first, in chunks. */
  all(): AsyncIterable<readonly MeasuredEvent[]>;
}

export interface AuditEntry {
  readonly seq: number;
  readonly at: IsoTime;
  readonly actor: string;
  readonly role: string;
  readonly via: string;
  readonly action: string;
  readonly service: string | null;
  readonly target: string | null;
  /** `intent` is written before the effect; `succeeded`/`failed` after; `denied` when it was refused. */
  readonly result: 'intent' | 'succeeded' | 'failed' | 'denied';
  readonly reason: string | null;
  readonly operationId: string | null;
  readonly remote: string | null;
  readonly details: Readonly<Record<string, unknown>> | null;
  /** SHA-256 (hex) over the previous hash and this row. */
  readonly hash: string;
}
export type NewAuditEntry = Omit<AuditEntry, 'seq' | 'hash'>;

export interface AuditHead {
  readonly count: number;
  readonly hash: string;
  readonly at: IsoTime;
}

export interface AuditFilter extends Stretch {
  readonly action?: string;
  readonly actor?: string;
  readonly service?: string;
  readonly result?: AuditEntry['result'];
  readonly operationId?: string;
  /** Part of actor, action, service, target or reason; upper and lower case are the same. */
  readonly q?: string;
  /** Only the row of this number. */
  readonly seq?: number;
}

export interface AuditStore {
  /** Durable before it resolves. Errors: throws OpError `audit_unwritable`. */
  append(entry: NewAuditEntry): Promise<AuditHead>;
  head(): Promise<AuditHead | null>;
  list(filter: AuditFilter & { readonly limit?: number; readonly cursor?: string }): Promise<Page<AuditEntry>>;
  /** Every row that matches, oldest first, in chunks. */
  all(filter: AuditFilter): AsyncIterable<readonly AuditEntry[]>;
  /** Recomputes the chain. `brokenAt`: the first seq whose hash does not follow. `hashes`: asked-for counts to their hash, to compare with heads kept elsewhere. */
  verify(countsToReport: readonly number[]): Promise<{
    readonly count: number;
    readonly brokenAt: number | null;
    readonly hashes: ReadonlyMap<number, string>;
  }>;
}

export interface TokenRow {
  readonly id: string;
  readonly name: string;
  readonly role: Role;
  /** SHA-256 (hex) of the secret; tokens have 256 random bits, so a plain hash is enough. */
  readonly hash: string;
  readonly createdAt: IsoTime;
  readonly createdBy: string;
  readonly expiresAt: IsoTime | null;
  readonly lastUsedAt: IsoTime | null;
  readonly revokedAt: IsoTime | null;
}

export interface TokenStore {
  /** Errors: throws OpError `bad_request` when a live token of that name exists. */
  add(token: TokenRow): Promise<void>;
  byHash(hash: string): Promise<TokenRow | null>;
  list(): Promise<readonly TokenRow[]>;
  revoke(id: string, at: IsoTime): Promise<boolean>;
  touch(id: string, at: IsoTime): Promise<void>;
}

export interface PauseStore {
  set(pause: Pause): Promise<void>;
  clear(service: string): Promise<void>;
  list(): Promise<readonly Pause[]>;
}

/** One window a service; a new one takes the place of the one before. */
export interface MaintenanceStore {
  set(window: MaintenanceWindow): Promise<void>;
  clear(service: string): Promise<void>;
  list(): Promise<readonly MaintenanceWindow[]>;
}

export interface StoredAlert {
  readonly definition: AlertDefinition;
  readonly memory: AlertMemory;
}

/** Alerts that were defined at run time, with what is remembered of each. */
export interface LiveAlertStore {
  /** Inserts or replaces. Durable before it resolves. */
  put(alert: StoredAlert): Promise<void>;
  /** Replaces what is remembered; nothing where the alert was removed. */
  remember(id: string, memory: AlertMemory): Promise<void>;
  remove(id: string): Promise<void>;
  /** Oldest first. */
  list(): Promise<readonly StoredAlert[]>;
}

export interface QualityFilter {
  readonly service?: string;
  readonly limit?: number;
  readonly cursor?: string;
}

/** Comparisons of restored data with its source. */
export interface QualityStore {
  /** Durable before it resolves. Of each service the newest four hundred reports are kept. */
  put(report: QualityReport): Promise<void>;
  get(id: string): Promise<QualityReport | null>;
  list(filter: QualityFilter): Promise<Page<QualityReport>>;
  /** The newest report of the service, without its columns. */
  latest(service: string): Promise<QualitySummary | null>;
  /** What the next comparison is made with where the source is not asked; takes the place of the one before. */
  setProfile(service: string, reportId: string, tables: readonly TableProfile[]): Promise<void>;
  profile(service: string): Promise<readonly TableProfile[] | null>;
}

/** Small named facts, e.g. `key_confirmed:<fingerprint>`, `last_run:<service>:full`. */
export interface FactStore {
  get(name: string): Promise<string | null>;
  set(name: string, value: string): Promise<void>;
  list(prefix: string): Promise<readonly { readonly name: string; readonly value: string }[]>;
  remove(name: string): Promise<void>;
}

export interface Store {
  readonly backups: BackupStore;
  readonly operations: OperationStore;
  readonly drills: DrillStore;
  readonly events: EventStore;
  readonly audit: AuditStore;
  readonly tokens: TokenStore;
  readonly pauses: PauseStore;
  readonly maintenance: MaintenanceStore;
  readonly liveAlerts: LiveAlertStore;
  readonly quality: QualityStore;
  readonly facts: FactStore;
  /** A consistent copy of the whole state as one file's bytes, to go into every repository copy. */
  export(): Promise<Buffer>;
  close(): Promise<void>;
}
