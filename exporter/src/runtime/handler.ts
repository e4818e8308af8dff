import type { ErrorCode, Outcome } from '../contract/errors.ts';
import { errorCatalogue, type OpError } from '../contract/errors.ts';
import type { DrillLevel, Operation, OperationFailure } from '../contract/operation.ts';
import type { PitrFacts } from '../contract/postgres.ts';
import type { Config } from '../config/schema.ts';
import type { BackupEngine, ProvenServer } from '../engines/backup/port.ts';
import type { Clock, Exec, Log, Random } from '../ports/index.ts';
import type { AuditHead, MeasuredEvent, Store } from '../store/port.ts';
import type { OperationRequest } from './app.ts';
import type { Home } from './home.ts';
import type { RunTools } from './run-tools.ts';
import type { ResolvedService } from './services.ts';

/** Also what Genesis asks of itself. */
export type AnyRequest =
  | OperationRequest
  /** `makesBackup`: the copies are repositories of their own, which are backed up into. */
  | { readonly kind: 'copy'; readonly service: string; readonly makesBackup?: boolean };

export interface Blocker {
  readonly code: ErrorCode;
  readonly message: string;
  readonly hint: string;
}

export function blocker(code: ErrorCode, message: string): Blocker {
  return { code, message, hint: errorCatalogue[code].hint };
}

export interface PlanDraft {
  readonly steps: readonly string[];
  readonly blockers: readonly Blocker[];
  readonly warnings: readonly string[];
  readonly facts: Readonly<Record<string, unknown>>;
  /** Shown among the facts, but not part of the etag: what changes by itself (archived WAL) or holds the operation's id. */
  readonly shown?: Readonly<Record<string, unknown>>;
  readonly consequences: Consequences;
}

/** What a person wants to know before the button is pressed; none of it is what the effect rests on. */
export interface Consequences {
  /** What does not run, or is not to be used, meanwhile. */
  readonly stops: readonly string[];
  /** Bytes to be read or written; null when not known. */
  readonly bytes: number | null;
  /** Data that would be lost or changed. */
  readonly atStake: readonly string[];
  readonly wayBack: string;
  /** Tells like from like among earlier operations of the kind, by their parameters: only these say how long it takes. */
  isLike(params: Readonly<Record<string, unknown>>): boolean;
}

/** What every handler is given. */
export interface HandlerDeps {
  readonly clock: Clock;
  readonly random: Random;
  readonly exec: Exec;
  readonly log: Log;
  readonly store: Store;
  readonly home: Home;
  config(): Config;
  /** Text of genesis.yaml as it was loaded; secrets are references in it. */
  configText(): string;
  service(name: string): Promise<Outcome<ResolvedService>>;
  /** `clock` when the engine must use another one (see monotonic start times). */
  engine(name: string, clock?: Clock): BackupEngine;
  measure(event: MeasuredEvent): Promise<void>;
  /** Point-in-time windows as the last scan saw them; null: not known now. */
  pitrOf(service: string): PitrFacts | null;
  /** Level 5 of a drill: the restored server against its source. Never throws; what could not be compared failed. */
  compareQuality(
    service: string,
    server: ProvenServer,
    tools: RunTools,
  ): Promise<{ readonly level: DrillLevel; readonly reportId: string | null }>;
  auditHead(): Promise<AuditHead | null>;
  /** Ids of backups that running operations read. */
  backupsInUse(exceptOperation: string): ReadonlySet<string>;
}

export interface Handler<R extends AnyRequest = AnyRequest> {
  /** Which service the request is about. Errors: `service_unknown`, `backup_unknown`. */
  serviceOf(request: R): Promise<Outcome<string>>;
  plan(request: R, operationId: string): Promise<Outcome<PlanDraft>>;
  run(request: R, operation: Operation, tools: RunTools): Promise<Outcome<Readonly<Record<string, unknown>>>>;
  /**
   * After a crash: puts right what the interrupted operation left and says in words what that was.
   * `succeeded` when its effect turned out complete.
   */
  recover(
    request: R,
    operation: Operation,
  ): Promise<{ readonly state: 'interrupted' | 'succeeded'; readonly left: string }>;
}

/** An error as the journal and the API keep it. */
export function toFailure(error: OpError): OperationFailure {
  return {
    code: error.code,
    message: error.message,
    hint: errorCatalogue[error.code].hint,
    ...(error.details === undefined ? {} : { details: error.details }),
  };
}
