import type { BackupFile, CatalogueEntry } from '../contract/backup.ts';
import type { Outcome } from '../contract/errors.ts';
import type { AutomationPause, FailoverFacts, ScheduledSwitchover } from '../contract/failover.ts';
import type { ScalingPreview } from '../contract/index.ts';
import type { ScalingBacktest, ScalingFacts, ScalingRecord } from '../contract/scaling-facts.ts';
import type { DrillRecord, Operation, Plan, Role } from '../contract/operation.ts';
import type { ServicePlaybooks } from '../contract/playbooks.ts';
import type { LoginCodeReply, TokenReply } from '../contract/replies.ts';
import type { StatusReply } from '../contract/service-replies.ts';
import type { SlaReport } from '../contract/sla.ts';
import type { MaintenanceWindow, Pause, ServiceSnapshot } from '../contract/snapshot.ts';
import type { OperationRequest } from '../runtime/app.ts';
import type { AuditEntry, BackupFilter, OperationFilter, Page } from '../store/port.ts';

export interface ActionOptions {
  readonly reason: string | null;
  readonly confirm: string | null;
  /** A repeat with the same key is the same operation. */
  readonly idempotencyKey: string | null;
}

export interface FileQuery {
  readonly prefix: string;
  readonly cursor: string | null;
  readonly limit: number;
}

export interface AuditFilter {
  readonly action?: string;
  readonly actor?: string;
  readonly service?: string;
  readonly result?: AuditEntry['result'];
  readonly limit?: number;
  readonly cursor?: string;
}

/**
 * What a command talks to: the running server over HTTP, or the App in this process when none runs.
 * Commands do not know which; `where` is for what differs for the user (Ctrl-C, --no-wait).
 */
export interface Session {
  readonly where: 'server' | 'process';
  status(): Promise<Outcome<StatusReply>>;
  services(): Promise<Outcome<readonly ServiceSnapshot[]>>;
  service(name: string): Promise<Outcome<ServiceSnapshot>>;
  backups(filter: BackupFilter): Promise<Outcome<Page<CatalogueEntry>>>;
  backup(id: string): Promise<Outcome<CatalogueEntry>>;
  files(id: string, query: FileQuery): Promise<Outcome<Page<BackupFile>>>;
  setKeep(
    id: string,
    change: { readonly keep?: boolean; readonly note?: string | null },
  ): Promise<Outcome<CatalogueEntry>>;
  start(request: OperationRequest, options: ActionOptions): Promise<Outcome<Operation>>;
  plan(request: OperationRequest, options: ActionOptions): Promise<Outcome<Plan>>;
  operation(id: string): Promise<Outcome<Operation>>;
  operations(filter: OperationFilter): Promise<Outcome<Page<Operation>>>;
  cancel(id: string, reason: string | null): Promise<Outcome<Operation>>;
  drills(filter: {
    readonly service?: string;
    readonly limit?: number;
    readonly cursor?: string;
  }): Promise<Outcome<Page<DrillRecord>>>;
  pause(service: string, seconds: number, reason: string): Promise<Outcome<Pause>>;
  resume(service: string): Promise<Outcome<void>>;
  maintenance(): Promise<Outcome<readonly MaintenanceWindow[]>>;
  startMaintenance(service: string, seconds: number, reason: string): Promise<Outcome<MaintenanceWindow>>;
  endMaintenance(
    service: string,
    reason: string | null,
  ): Promise<Outcome<{ readonly service: string; readonly ended: boolean }>>;
  /** Who serves and who could take over; only a running server watches. */
  failover(service: string): Promise<Outcome<{ readonly service: string; readonly failover: FailoverFacts }>>;
  pauseFailover(service: string, seconds: number, reason: string): Promise<Outcome<AutomationPause>>;
  resumeFailover(service: string): Promise<Outcome<{ readonly resumed: boolean }>>;
  scheduleSwitchover(
    service: string,
    wish: { readonly at: string; readonly candidate: string | null },
    options: ActionOptions,
  ): Promise<Outcome<ScheduledSwitchover>>;
  cancelSwitchover(service: string): Promise<Outcome<{ readonly cancelled: boolean }>>;
  /** How many instances run and why; only a running server watches. */
  scaling(
    service: string,
  ): Promise<Outcome<{ readonly service: string; readonly scaling: ScalingFacts; readonly policy: string }>>;
  scalingHistory(service: string, hours: number): Promise<Outcome<{ readonly items: readonly ScalingRecord[] }>>;
  pauseScaling(service: string, seconds: number, reason: string): Promise<Outcome<AutomationPause>>;
  resumeScaling(service: string): Promise<Outcome<{ readonly resumed: boolean }>>;
  previewScalingPolicy(service: string, policy: string): Promise<Outcome<ScalingPreview>>;
  setScalingPolicy(
    service: string,
    policy: string,
    options: { readonly reason: string | null; readonly confirm: string | null },
  ): Promise<Outcome<unknown>>;
  resetScalingPolicy(service: string, reason: string): Promise<Outcome<unknown>>;
  backtestScaling(
    service: string,
    wish: { readonly from: string; readonly to: string; readonly policy: string | null },
  ): Promise<Outcome<ScalingBacktest>>;
  playbooks(service: string): Promise<Outcome<ServicePlaybooks>>;
  /** Null: of all services. */
  sla(service: string | null): Promise<Outcome<SlaReport>>;
  audit(filter: AuditFilter): Promise<Outcome<Page<AuditEntry>>>;
  tokens(): Promise<Outcome<readonly TokenReply[]>>;
  createToken(token: {
    readonly name: string;
    readonly role: Role;
    readonly expiresInSeconds: number | null;
  }): Promise<Outcome<{ readonly token: TokenReply; readonly secret: string }>>;
  revokeToken(id: string): Promise<Outcome<void>>;
  /** Only a running server can be logged in to. Errors: `server_unreachable`. */
  loginCode(): Promise<Outcome<LoginCodeReply>>;
  /** Records that the operator keeps the key of this fingerprint elsewhere too. */
  confirmKey(service: string, fingerprint: string): Promise<Outcome<void>>;
  close(): Promise<void>;
}
