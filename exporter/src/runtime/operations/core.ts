import { OpError, toOpError } from '../../contract/errors.ts';
import type { Operation, OperationProgress } from '../../contract/operation.ts';
import type { AuditEntry } from '../../store/port.ts';
import type { AppEvent, RequestOptions } from '../app.ts';
import type { AnyRequest, Handler, HandlerDeps } from '../handler.ts';
import type { Meter } from '../meter.ts';

export type Handlers = { readonly [K in AnyRequest['kind']]: Handler<Extract<AnyRequest, { kind: K }>> };

export interface OperationsDeps extends HandlerDeps {
  readonly handlers: Handlers;
  readonly meter: Meter;
  emit(event: AppEvent): void;
  /** Until when the operation waits for a second person; null: it does not. */
  approvalOf(operationId: string): { readonly expiresAt: string } | null;
  /** Told after each audit row whether it could be written. */
  onAudit(written: boolean): void;
}

/** One operation of this process, from its admission until its end is in the journal. */
export interface LiveOperation {
  operation: Operation;
  progress: OperationProgress | null;
  readonly controller: AbortController;
  cancelRequested: boolean;
  /** Grafana's id of the person who asked, where it was proven. */
  readonly subject: string | null;
  readonly done: Promise<Operation>;
}

/** What the parts of the operation machinery share; the only mutable state is here. */
export interface Core {
  readonly deps: OperationsDeps;
  readonly live: Map<string, LiveOperation>;
  /** `closed`: what an earlier process left is still being put right; nothing is admitted before that has ended. */
  phase: 'closed' | 'open' | 'stopping';
  /** Tail of the queue of admissions. */
  turn: Promise<unknown>;
}

export function handlerOf<R extends AnyRequest>(core: Core, request: R): Handler<R> {
  return core.deps.handlers[request.kind] as unknown as Handler<R>;
}

export function runningOperations(core: Core): readonly Operation[] {
  return [...core.live.values()].map((l) => l.operation);
}

/** The journal's row with what only this process knows: state, start and progress of what runs. */
export function withLive(core: Core, operation: Operation): Operation {
  const entry = core.live.get(operation.id);
  if (entry === undefined) return operation;
  const { state, startedAt } = entry.operation;
  const approval = core.deps.approvalOf(operation.id);
  return { ...operation, state, startedAt, progress: entry.progress, ...(approval === null ? {} : { approval }) };
}

/** Throws OpError `audit_unwritable`. */
export async function auditRequest(
  core: Core,
  action: { readonly kind: string; readonly service: string | null; readonly target: string | null },
  options: RequestOptions,
  result: AuditEntry['result'],
  extra: { readonly operationId: string | null; readonly details?: Record<string, unknown> },
): Promise<void> {
  try {
    await core.deps.store.audit.append({
      at: core.deps.clock.now().toISOString(),
      actor: options.actor.name,
      role: options.actor.role,
      via: options.actor.via,
      action: action.kind,
      service: action.service,
      target: action.target,
      result,
      reason: options.reason,
      operationId: extra.operationId,
      remote: options.remote,
      details: detailsOf(options, extra.details),
    });
    core.deps.onAudit(true);
  } catch (thrown) {
    core.deps.onAudit(false);
    throw toOpError(thrown, 'audit_unwritable');
  }
}

/** Names are chosen by people and may change; Grafana's id of the person does not. */
export function detailsOf(
  options: Pick<RequestOptions, 'subject'>,
  details: Readonly<Record<string, unknown>> | null | undefined,
): Readonly<Record<string, unknown>> | null {
  return options.subject === undefined ? (details ?? null) : { ...details, subject: options.subject };
}

/** Why nothing is admitted now; null when it is. */
export function admissionFault(core: Core): OpError | null {
  if (core.phase === 'open') return null;
  if (core.phase === 'stopping') return new OpError('shutting_down', 'genesis is stopping');
  return new OpError('not_ready', 'genesis is still putting right what an earlier process left');
}

export function targetOf(request: AnyRequest): string | null {
  if ('issue' in request) return request.issue;
  if ('node' in request) return request.node;
  if ('candidate' in request) return request.candidate;
  const backupId = 'backupId' in request ? request.backupId : undefined;
  return backupId ?? null;
}
