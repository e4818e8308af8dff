import type { ActionId } from '../contract/actions.ts';
import type { BackupFile, BackupType, CatalogueEntry } from '../contract/backup.ts';
import type { Outcome } from '../contract/errors.ts';
import type { AuthFailureKind } from '../contract/metrics/http.ts';
import type { IsoTime } from '../contract/observed.ts';
import type { Actor, DrillRecord, Operation, Plan, Role } from '../contract/operation.ts';
import type { AutomationPause, FailoverFacts, ScheduledSwitchover } from '../contract/failover.ts';
import type { LiveAlert } from '../contract/live.ts';
import type { AlertsReply, AuditVerifyReply, ChainReply, RecoverableReply } from '../contract/page-replies.ts';
import type { PlaybookIssue, ServicePlaybooks } from '../contract/playbooks.ts';
import type { RecoveryTarget } from '../contract/postgres.ts';
import type { QualityReport } from '../contract/quality.ts';
import type {
  ScalingBacktest,
  ScalingFacts,
  ScalingLoad,
  ScalingOverride,
  ScalingRecord,
  ScalingTrigger,
} from '../contract/scaling-facts.ts';
import type { ScalingPreview } from '../contract/index.ts';
import type { SlaReport } from '../contract/sla.ts';
import type { MaintenanceWindow, Pause, Snapshot } from '../contract/snapshot.ts';
import type { Config } from '../config/schema.ts';
import type { AlertNotice } from '../core/alerting.ts';
import type { RecoverableWish } from '../core/recoverable.ts';
import type { FilesQuery } from '../engines/backup/port.ts';
import type { Clock, Log, Random } from '../ports/index.ts';
import type { LiveData } from './live/face.ts';
import type {
  AuditEntry,
  AuditFilter,
  BackupFilter,
  CountedPage,
  DrillFilter,
  NewAuditEntry,
  OperationFilter,
  Page,
  Store,
  TokenRow,
} from '../store/port.ts';
import type { Person } from './grafana-identity.ts';

export type OperationRequest =
  | {
      readonly kind: 'backup';
      readonly service: string;
      readonly type: BackupType;
      readonly components: readonly string[] | null;
      readonly note: string | null;
    }
  | { readonly kind: 'verify'; readonly backupId: string; readonly copy: string | null }
  | {
      readonly kind: 'restore';
      readonly backupId: string;
      readonly copy: string | null;
      readonly components: readonly string[];
      readonly paths: readonly string[];
      readonly target:
        | { readonly kind: 'folder'; readonly path: string | null }
        | { readonly kind: 'in_place' }
        | { readonly kind: 'database'; readonly name: string | null; readonly existing: boolean };
      /** Absent: all there is. */
      readonly recovery?: RecoveryTarget;
    }
  | {
      readonly kind: 'drill';
      readonly service: string;
      readonly copy: string | null;
      /** Absent: the newest usable one, or by turns another one where the schedule asked. */
      readonly backupId?: string;
      readonly recovery?: RecoveryTarget;
      /** Scheduled drills may take an older backup or a random moment, see `variety`. */
      readonly isScheduled?: boolean;
    }
  | {
      readonly kind: 'quality';
      readonly service: string;
      /** Databases of configured servers. */
      readonly restored: { readonly service: string; readonly database: string };
      /** Null: what the configuration of the service compares with. */
      readonly source: { readonly service: string; readonly database: string } | null;
    }
  | { readonly kind: 'delete'; readonly backupId: string }
  | {
      readonly kind: 'failover';
      readonly service: string;
      /** Null: the best one. */
      readonly candidate: string | null;
      /** A person goes on without proof, or past the bound on loss. */
      readonly force: boolean;
      /** Decided by Genesis itself. */
      readonly automatic?: boolean;
    }
  | { readonly kind: 'switchover'; readonly service: string; readonly candidate: string | null }
  | { readonly kind: 'fence'; readonly service: string; readonly node: string; readonly automatic?: boolean }
  | {
      readonly kind: 'rejoin';
      readonly service: string;
      readonly node: string;
      /** Null: as configured. */
      readonly allowClone: boolean | null;
      readonly automatic?: boolean;
    }
  | {
      readonly kind: 'scale';
      readonly service: string;
      readonly desired: number;
      /** Absent: a person asked for it. */
      readonly trigger?: Exclude<ScalingTrigger, 'manual'>;
      /** To be ended first; absent: chosen when it runs. */
      readonly remove?: readonly string[];
      /** On whose account, for their cooldowns. */
      readonly metrics?: readonly string[];
    }
  | {
      readonly kind: 'playbook';
      readonly service: string;
      readonly issue: PlaybookIssue;
      /** Started by Genesis itself. */
      readonly automatic?: boolean;
    };

export interface RequestOptions {
  readonly actor: Actor;
  /** Grafana's id of the person (`user:<id>`) where its signature was checked; goes into the audit rows. */
  readonly subject?: string;
  /** Client address for the audit log. */
  readonly remote: string | null;
  readonly reason: string | null;
  readonly confirm: string | null;
  readonly planEtag: string | null;
  readonly idempotencyKey: string | null;
}

export type AppEvent =
  | { readonly type: 'operation'; readonly operation: Operation }
  | { readonly type: 'snapshot'; readonly at: IsoTime }
  | { readonly type: 'alert'; readonly notice: AlertNotice; readonly alert: LiveAlert };

/**
 * All that the API and the command line can ask of the running program. Roles that a route needs are checked by the caller's
 * table; what depends on the request (in place, unkeep, cancel of others) is checked here, so that no caller can forget it.
 */
export interface App {
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  readonly store: Store;
  readonly home: string;
  readonly version: string;
  config(): Config;
  /** Null until the first tick has ended. */
  snapshot(): Snapshot | null;
  /** Checks, audits (denied or intent) and journals, then runs in the background. Errors as the codes of contract/errors say. */
  request(request: OperationRequest, options: RequestOptions): Promise<Outcome<Operation>>;
  /** The plan of the same request; touches nothing. */
  plan(request: OperationRequest, options: RequestOptions): Promise<Outcome<Plan>>;
  /** Live operation with its progress. */
  operation(id: string): Promise<Outcome<Operation>>;
  /** Running ones with their progress. */
  operations(filter: OperationFilter): Promise<CountedPage<Operation>>;
  /** Resolves when the operation has ended. */
  finished(id: string, signal: AbortSignal): Promise<Outcome<Operation>>;
  cancel(id: string, options: RequestOptions): Promise<Outcome<Operation>>;
  backups(filter: BackupFilter): Promise<CountedPage<CatalogueEntry>>;
  backup(id: string): Promise<Outcome<CatalogueEntry>>;
  files(
    id: string,
    query: FilesQuery,
  ): Promise<Outcome<{ readonly files: readonly BackupFile[]; readonly next: string | null }>>;
  setKeep(
    id: string,
    change: { readonly keep?: boolean; readonly note?: string | null },
    options: RequestOptions,
  ): Promise<Outcome<CatalogueEntry>>;
  /** What a backup builds upon, and what builds upon it. Errors: `backup_unknown`. */
  chain(id: string): Promise<Outcome<ChainReply>>;
  /** The moments of a service that a restore can bring back. Errors: `service_unknown`. */
  recoverable(service: string, wish: RecoverableWish): Promise<Outcome<RecoverableReply>>;
  drills(filter: DrillFilter): Promise<Page<DrillRecord>>;
  /** Comparisons of restored data, newest first. Errors: `service_unknown`. */
  quality(
    service: string,
    page: { readonly limit: number; readonly cursor?: string },
  ): Promise<Outcome<Page<QualityReport>>>;
  /** Who serves and who could take over. Errors: `service_unknown`, `not_supported`, `not_ready`. */
  failover(service: string): Outcome<FailoverFacts>;
  /** How many instances run and why, with the policy that holds as YAML. Errors: `service_unknown`, `not_supported`, `not_ready`. */
  scaling(service: string): Outcome<{ readonly scaling: ScalingFacts; readonly policy: string }>;
  /** Actions that ended, newest first. */
  scalingHistory(service: string, hours: number): Outcome<readonly ScalingRecord[]>;
  /** Demand and instances over time. */
  scalingLoad(service: string, hours: number, signal: AbortSignal): Promise<Outcome<ScalingLoad>>;
  pauseScaling(service: string, seconds: number, options: RequestOptions): Promise<Outcome<AutomationPause>>;
  resumeScaling(service: string, options: RequestOptions): Promise<Outcome<{ readonly resumed: boolean }>>;
  previewScalingPolicy(service: string, text: string): Outcome<ScalingPreview>;
  /** Errors: `bad_request` with the faults, `confirmation_required`, `reason_required`. */
  setScalingPolicy(service: string, text: string, options: RequestOptions): Promise<Outcome<ScalingOverride>>;
  resetScalingPolicy(service: string, options: RequestOptions): Promise<Outcome<null>>;
  /** What a policy would have done. Errors: `bad_request` (policy, times), `not_ready` (nothing is known of that time). */
  backtestScaling(
    service: string,
    wish: { readonly from: Date; readonly to: Date; readonly policy: string | null },
    signal: AbortSignal,
  ): Promise<Outcome<ScalingBacktest>>;
  /** Recovery playbooks and their last runs. Errors: `service_unknown`. */
  playbooks(service: string): Promise<Outcome<ServicePlaybooks>>;
  /** Automation stops until it expires. Errors: `service_unknown`, `not_supported`, `reason_required`. */
  pauseFailover(service: string, seconds: number, options: RequestOptions): Promise<Outcome<AutomationPause>>;
  resumeFailover(service: string, options: RequestOptions): Promise<Outcome<{ readonly resumed: boolean }>>;
  /** One a service; a new one takes the place of the one before. Errors: `bad_request`, those of a switchover's authority. */
  scheduleSwitchover(
    service: string,
    wish: { readonly at: string; readonly candidate: string | null },
    options: RequestOptions,
  ): Promise<Outcome<ScheduledSwitchover>>;
  cancelSwitchover(service: string, options: RequestOptions): Promise<Outcome<{ readonly cancelled: boolean }>>;
  /** The second person. Errors: `operation_unknown`, `operation_finished`, `approval_invalid`. */
  approve(id: string, approve: boolean, options: RequestOptions): Promise<Outcome<Operation>>;
  /** What Alertmanager holds, of one service (null: of all); not known where it does not answer. */
  alerts(service: string | null): Promise<Outcome<AlertsReply>>;
  /** The person whom Grafana's signature names. Errors: `identity_invalid`. */
  provePerson(token: string): Promise<Outcome<Person>>;
  pause(service: string, seconds: number, options: RequestOptions): Promise<Outcome<Pause>>;
  resume(service: string, options: RequestOptions): Promise<Outcome<void>>;
  /** Open windows, by service. */
  maintenance(): readonly MaintenanceWindow[];
  startMaintenance(service: string, seconds: number, options: RequestOptions): Promise<Outcome<MaintenanceWindow>>;
  /** `options.reason` is noted where one was given. */
  endMaintenance(
    service: string,
    options: RequestOptions,
  ): Promise<Outcome<{ readonly service: string; readonly ended: boolean }>>;
  /** Service levels of one service (null: of all). Errors: `not_ready`, `service_unknown`; a silent Prometheus is none. */
  sla(service: string | null): Promise<Outcome<SlaReport>>;
  /** The operator says that the key of this fingerprint is kept elsewhere too. Errors: `service_unknown`, `key_missing`, `key_wrong`. */
  confirmKey(service: string, fingerprint: string, options: RequestOptions): Promise<Outcome<void>>;
  auditLog(filter: Parameters<Store['audit']['list']>[0]): Promise<Page<AuditEntry>>;
  /** Every row that matches, oldest first, in chunks. */
  auditRows(filter: AuditFilter): AsyncIterable<readonly AuditEntry[]>;
  /** Recomputes the chain; callers at the same time share one walk. */
  verifyAudit(): Promise<AuditVerifyReply>;
  /** Writes an audit row for what has no operation (denied calls, tokens, reload). Throws OpError `audit_unwritable`. */
  audit(entry: Omit<NewAuditEntry, 'at'>): Promise<void>;
  createToken(
    token: { readonly name: string; readonly role: Role; readonly expiresInSeconds: number | null },
    options: RequestOptions,
  ): Promise<Outcome<{ readonly row: TokenRow; readonly secret: string }>>;
  revokeToken(id: string, options: RequestOptions): Promise<Outcome<void>>;
  /** Re-reads genesis.yaml; a bad file keeps the old configuration. */
  reload(options: RequestOptions): Promise<Outcome<void>>;
  setLogLevel(level: string, options: RequestOptions): Promise<Outcome<void>>;
  /** Figures of the last hours and the alerts that are defined at run time. */
  readonly live: LiveData;
  /** Returns the function that ends the subscription. */
  subscribe(listener: (event: AppEvent) => void): () => void;
  /** Number of open event streams, for the metric. */
  eventStreams: { count: number };
  /** Counts one HTTP request for the metrics (M4). */
  countRequest(
    labels: { readonly method: string; readonly route: string; readonly status: string },
    seconds: number,
  ): void;
  /** Called once for each refused login or token. */
  countAuthFailure(kind: AuthFailureKind, action: ActionId | null): void;
}
