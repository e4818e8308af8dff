import { findConflict, type Claimant } from '../core/conflicts.ts';
import { errorCatalogue, fail, ok, OpError, toOpError, type Outcome } from '../contract/errors.ts';
import type { Operation, OperationKind, OperationProgress, OperationState, Plan } from '../contract/operation.ts';
import type { AuditEntry } from '../store/port.ts';
import type { AppEvent, RequestOptions } from './app.ts';
import { canonicalJson, sha256Hex } from './canonical.ts';
import type { AnyRequest, Handler, HandlerDeps, PlanDraft } from './handler.ts';
import { toFailure } from './handlers/drill.ts';
import { createRunTools } from './run-tools.ts';

type Handlers = { readonly [K in AnyRequest['kind']]: Handler<Extract<AnyRequest, { kind: K }>> };

interface Running {
  operation: Operation;
  progress: OperationProgress | null;
  readonly controller: AbortController;
  cancelRequested: boolean;
  readonly done: Promise<Operation>;
}

export interface OperationsDeps extends HandlerDeps {
  readonly handlers: Handlers;
  emit(event: AppEvent): void;
  onAuditFailure(): void;
}

export interface Operations {
  request(request: AnyRequest, options: RequestOptions): Promise<Outcome<Operation>>;
  plan(request: AnyRequest, options: RequestOptions): Promise<Outcome<Plan>>;
  get(id: string): Promise<Outcome<Operation>>;
  finished(id: string, signal: AbortSignal): Promise<Outcome<Operation>>;
  cancel(id: string, options: RequestOptions): Promise<Outcome<Operation>>;
  running(): readonly Operation[];
  /** Puts right what an earlier process left unfinished. */
  recoverUnfinished(): Promise<readonly Operation[]>;
  /** Refuses new ones, aborts what runs and waits for it, at most `graceMs`. */
  stop(graceMs: number): Promise<void>;
}

const destructiveKinds: ReadonlySet<OperationKind> = new Set(['delete']);

function isInPlace(request: AnyRequest): boolean {
  return request.kind === 'restore' && request.target.kind === 'in_place';
}

function isDestructive(request: AnyRequest): boolean {
  return destructiveKinds.has(request.kind) || isInPlace(request);
}

/** Copies take no service's turn from people; everything that a request names goes in, so that a plan can be told from another. */
function claimant(request: AnyRequest, service: string): Claimant {
  return {
    kind: request.kind,
    service,
    inPlace: isInPlace(request),
    subject: request.kind === 'verify' ? request.backupId : null,
  };
}

/** Errors: `forbidden`, `confirmation_required`, `reason_required`. */
export function checkAuthority(request: AnyRequest, service: string, options: RequestOptions): OpError | null {
  const { role } = options.actor;
  if (isDestructive(request) && role !== 'admin' && role !== 'system')
    return new OpError('forbidden', `${request.kind} ${isInPlace(request) ? 'in place ' : ''}needs the role admin`);
  if (!isDestructive(request) && role === 'viewer')
    return new OpError('forbidden', `${request.kind} needs the role operator`);
  if (!isDestructive(request)) return null;
  if (options.confirm !== service)
    return new OpError('confirmation_required', `this replaces or deletes data: confirm must be "${service}"`);
  if (options.reason === null)
    return new OpError('reason_required', 'this replaces or deletes data: a reason is needed');
  return null;
}

/** The operations of one process: one journal, one lock table, one place where effects begin. */
export function createOperations(deps: OperationsDeps): Operations {
  const live = new Map<string, Running>();
  let stopping = false;
  let turn: Promise<unknown> = Promise.resolve();

  /** Requests are admitted one after another, so that two of them can never both find the service free. */
  function admitted<T>(work: () => Promise<T>): Promise<T> {
    const result = turn.then(work);
    turn = result.catch(() => undefined);
    return result;
  }

  function handlerOf<R extends AnyRequest>(request: R): Handler<R> {
    return deps.handlers[request.kind] as unknown as Handler<R>;
  }

  const running = (): readonly Operation[] => [...live.values()].map((r) => r.operation);

  async function audit(
    request: { kind: string },
    service: string | null,
    options: RequestOptions,
    result: AuditEntry['result'],
    extra: { operationId: string | null; details?: Record<string, unknown> },
  ): Promise<void> {
    try {
      await deps.store.audit.append({
        at: deps.clock.now().toISOString(),
        actor: options.actor.name,
        role: options.actor.role,
        via: options.actor.via,
        action: request.kind,
        service,
        target: 'backupId' in request ? String(request.backupId) : null,
        result,
        reason: options.reason,
        operationId: extra.operationId,
        remote: options.remote,
        details: extra.details ?? null,
      });
    } catch (thrown) {
      deps.onAuditFailure();
      throw toOpError(thrown, 'audit_unwritable');
    }
  }

  async function draft(request: AnyRequest, service: string, operationId: string): Promise<Outcome<PlanDraft>> {
    const drafted = await handlerOf(request).plan(request, operationId);
    if (!drafted.ok) return drafted;
    const holder = findConflict(claimant(request, service), running());
    if (holder === null) return drafted;
    const held = {
      code: 'operation_conflict' as const,
      message: `${holder.kind} ${holder.id} holds ${service}`,
      hint: errorCatalogue.operation_conflict.hint,
    };
    return ok({ ...drafted.value, blockers: [...drafted.value.blockers, held] });
  }

  function toPlan(request: AnyRequest, service: string, d: PlanDraft): Plan {
    // What holds the service now comes and goes; the etag covers what the effect itself rests on.
    const etag = sha256Hex(canonicalJson({ request, facts: d.facts, steps: d.steps })).slice(0, 32);
    return {
      kind: request.kind,
      service,
      steps: d.steps,
      blockers: d.blockers,
      warnings: d.warnings,
      destructive: isDestructive(request),
      facts: d.facts,
      etag,
    };
  }

  async function plan(request: AnyRequest, options: RequestOptions): Promise<Outcome<Plan>> {
    const service = await handlerOf(request).serviceOf(request);
    if (!service.ok) return service;
    // A plan shows paths and sizes: it needs the role that the action needs, not its confirmation.
    const authority = checkAuthority(request, service.value, {
      ...options,
      confirm: service.value,
      reason: options.reason ?? 'plan',
    });
    if (authority !== null) return { ok: false, error: authority };
    const drafted = await draft(request, service.value, 'plan');
    return drafted.ok ? ok(toPlan(request, service.value, drafted.value)) : drafted;
  }

  async function repeated(options: RequestOptions, requestHash: string): Promise<Outcome<Operation> | null> {
    if (options.idempotencyKey === null) return null;
    const before = await deps.store.operations.byKey(options.actor.name, options.idempotencyKey);
    if (before === null) return null;
    if (before.requestHash !== requestHash)
      return fail(
        'idempotency_conflict',
        `the key was used before for another ${before.operation.kind} (${before.operation.id})`,
      );
    return ok(withLive(before.operation));
  }

  async function request(ask: AnyRequest, options: RequestOptions): Promise<Outcome<Operation>> {
    if (stopping) return fail('shutting_down', 'genesis is stopping');
    const service = await handlerOf(ask).serviceOf(ask);
    if (!service.ok) return service;
    const authority = checkAuthority(ask, service.value, options);
    if (authority !== null) {
      await audit(ask, service.value, options, 'denied', { operationId: null, details: { code: authority.code } });
      return { ok: false, error: authority };
    }
    const requestHash = sha256Hex(canonicalJson(ask));
    return admitted(async () => {
      const before = await repeated(options, requestHash);
      if (before !== null) return before;
      return begin(ask, service.value, options, requestHash);
    });
  }

  async function begin(
    ask: AnyRequest,
    service: string,
    options: RequestOptions,
    requestHash: string,
  ): Promise<Outcome<Operation>> {
    if (stopping) return fail('shutting_down', 'genesis is stopping');
    const id = `op_${deps.random.hex(8)}`;
    const drafted = await draft(ask, service, id);
    if (!drafted.ok) return drafted;
    const first = drafted.value.blockers[0];
    if (first !== undefined) return fail(first.code, first.message, { details: { blockers: drafted.value.blockers } });
    const made = toPlan(ask, service, drafted.value);
    if (options.planEtag !== null && options.planEtag !== made.etag)
      return fail('plan_stale', 'what the plan rested on has changed since it was made', { details: { plan: made } });
    const begun = await deps.store.operations.begin({
      id,
      kind: ask.kind,
      service,
      params: { ...ask },
      actor: options.actor,
      reason: options.reason,
      idempotencyKey: options.idempotencyKey,
      requestHash,
      createdAt: deps.clock.now().toISOString(),
    });
    if (!begun.created)
      return begun.sameRequest
        ? ok(withLive(begun.operation))
        : fail('idempotency_conflict', `the key was used before (${begun.operation.id})`);
    try {
      await audit(ask, service, options, 'intent', { operationId: id });
    } catch (thrown) {
      const error = toOpError(thrown, 'audit_unwritable');
      await deps.store.operations.finish(id, {
        state: 'failed',
        endedAt: deps.clock.now().toISOString(),
        result: null,
        error: toFailure(error),
      });
      return { ok: false, error };
    }
    launch(ask, begun.operation, options);
    return ok(begun.operation);
  }

  function launch(ask: AnyRequest, operation: Operation, options: RequestOptions): void {
    const controller = new AbortController();
    let resolveDone: (operation: Operation) => void = () => undefined;
    const entry: Running = {
      operation,
      progress: null,
      controller,
      cancelRequested: false,
      done: new Promise((resolve) => (resolveDone = resolve)),
    };
    live.set(operation.id, entry);
    deps.emit({ type: 'operation', operation });
    execute(ask, entry, options)
      .then(resolveDone, (thrown: unknown) => {
        // Only the journal itself failing gets here; the operation is closed at the next start.
        deps.log.error('the journal could not be written', {
          operation: operation.id,
          error: toOpError(thrown).message,
        });
        resolveDone(entry.operation);
      })
      .finally(() => live.delete(operation.id));
  }

  async function slotFree(entry: Running): Promise<void> {
    while (!entry.controller.signal.aborted) {
      const started = [...live.values()].filter((r) => r.operation.state === 'running').length;
      if (started < deps.config().operations.max_workers) return;
      await Promise.race(
        [...live.values()]
          .filter((r) => r.operation.state === 'running')
          .map((r) => r.done)
          .concat(deps.clock.sleep(1000, entry.controller.signal).then(() => entry.operation)),
      );
    }
  }

  async function execute(ask: AnyRequest, entry: Running, options: RequestOptions): Promise<Operation> {
    const { id } = entry.operation;
    await slotFree(entry);
    const startedAt = deps.clock.now().toISOString();
    entry.operation = { ...entry.operation, state: 'running', startedAt };
    await deps.store.operations.start(id, startedAt);
    deps.emit({ type: 'operation', operation: entry.operation });
    const tools = createRunTools({
      operationId: id,
      signal: entry.controller.signal,
      clock: deps.clock,
      journal: deps.store.operations,
      onProgress: (progress) => (entry.progress = progress),
      onStep: () => deps.emit({ type: 'operation', operation: { ...entry.operation, progress: entry.progress } }),
    });
    const outcome = entry.controller.signal.aborted
      ? fail<Record<string, unknown>>('cancelled', `${ask.kind} was cancelled before it began`)
      : await handlerOf(ask)
          .run(ask, entry.operation, tools)
          .catch((thrown: unknown) => ({ ok: false as const, error: toOpError(thrown) }));
    return close(ask, entry, options, outcome);
  }

  async function close(
    ask: AnyRequest,
    entry: Running,
    options: RequestOptions,
    outcome: Outcome<Readonly<Record<string, unknown>>>,
  ): Promise<Operation> {
    const { id } = entry.operation;
    const state: OperationState = outcome.ok
      ? 'succeeded'
      : outcome.error.code === 'cancelled'
        ? stopping && !entry.cancelRequested
          ? 'interrupted'
          : 'cancelled'
        : 'failed';
    const end = {
      state,
      endedAt: deps.clock.now().toISOString(),
      result: outcome.ok ? outcome.value : null,
      error: outcome.ok ? null : toFailure(outcome.error),
    };
    await deps.store.operations.finish(id, end);
    const closed = (await deps.store.operations.get(id)) ?? { ...entry.operation, ...end };
    entry.operation = closed;
    await audit(ask, closed.service, options, outcome.ok ? 'succeeded' : 'failed', {
      operationId: id,
      ...(outcome.ok ? {} : { details: { code: outcome.error.code } }),
    }).catch((thrown: unknown) =>
      deps.log.error('the end of an operation could not be audited', {
        operation: id,
        error: toOpError(thrown).message,
      }),
    );
    const say = outcome.ok ? deps.log.info : deps.log.warn;
    say('operation ended', {
      operation: id,
      kind: closed.kind,
      service: closed.service,
      state,
      ...(outcome.ok ? {} : { code: outcome.error.code, error: outcome.error.message }),
    });
    deps.emit({ type: 'operation', operation: closed });
    return closed;
  }

  function withLive(operation: Operation): Operation {
    const entry = live.get(operation.id);
    return entry === undefined
      ? operation
      : { ...operation, state: entry.operation.state, startedAt: entry.operation.startedAt, progress: entry.progress };
  }

  async function get(id: string): Promise<Outcome<Operation>> {
    const found = await deps.store.operations.get(id);
    return found === null ? fail('operation_unknown', `no operation is called ${id}`) : ok(withLive(found));
  }

  async function finished(id: string, signal: AbortSignal): Promise<Outcome<Operation>> {
    const entry = live.get(id);
    if (entry !== undefined) {
      await Promise.race([
        entry.done,
        new Promise((resolve) => signal.addEventListener('abort', resolve, { once: true })),
      ]);
    }
    return get(id);
  }

  async function cancel(id: string, options: RequestOptions): Promise<Outcome<Operation>> {
    const found = await get(id);
    if (!found.ok) return found;
    const own = found.value.actor.name === options.actor.name && found.value.actor.via !== 'schedule';
    if (options.actor.role !== 'admin' && !(options.actor.role === 'operator' && own)) {
      await audit({ kind: 'cancel' }, found.value.service, options, 'denied', { operationId: id });
      return fail('forbidden', `${id} was started by ${found.value.actor.name}: cancelling it needs the role admin`);
    }
    const entry = live.get(id);
    if (entry === undefined) return fail('operation_finished', `${id} has already ended (${found.value.state})`);
    // An abort must work when the audit disk is lost, too: it is the one action that is not refused then.
    await audit({ kind: 'cancel' }, found.value.service, options, 'intent', { operationId: id }).catch(
      (thrown: unknown) =>
        deps.log.error('a cancel could not be audited', { operation: id, error: toOpError(thrown).message }),
    );
    entry.cancelRequested = true;
    entry.controller.abort();
    return get(id);
  }

  async function recoverUnfinished(): Promise<readonly Operation[]> {
    const closed: Operation[] = [];
    for (const operation of await deps.store.operations.unfinished()) {
      const ask = operation.params as unknown as AnyRequest;
      const handler = deps.handlers[ask.kind] as unknown as Handler | undefined;
      const found = await (handler?.recover(ask, operation) ?? Promise.resolve(null)).catch((thrown: unknown) => ({
        state: 'interrupted' as const,
        left: `not put right: ${toOpError(thrown).message}`,
      }));
      const at = deps.clock.now().toISOString();
      const left = found?.left ?? 'unknown kind of operation';
      await deps.store.operations.step(operation.id, {
        name: 'put right after a restart',
        state: 'succeeded',
        startedAt: at,
        endedAt: at,
        detail: left,
      });
      const state = found?.state ?? 'interrupted';
      const error =
        state === 'succeeded' ? null : toFailure(new OpError('interrupted', `genesis ended while this ran: ${left}`));
      await deps.store.operations.finish(operation.id, { state, endedAt: at, result: null, error });
      await deps.store.audit.append({
        at,
        actor: operation.actor.name,
        role: operation.actor.role,
        via: operation.actor.via,
        action: operation.kind,
        service: operation.service,
        target: null,
        result: state === 'succeeded' ? 'succeeded' : 'failed',
        reason: operation.reason,
        operationId: operation.id,
        remote: null,
        details: { code: 'interrupted', left },
      });
      deps.log.warn('an unfinished operation was closed', {
        operation: operation.id,
        kind: operation.kind,
        service: operation.service,
        left,
      });
      const now = await deps.store.operations.get(operation.id);
      if (now !== null) closed.push(now);
    }
    return closed;
  }

  async function stop(graceMs: number): Promise<void> {
    stopping = true;
    await turn;
    for (const entry of live.values()) entry.controller.abort();
    await Promise.race([
      Promise.all([...live.values()].map((r) => r.done)),
      deps.clock.sleep(graceMs, new AbortController().signal),
    ]);
  }

  return { request, plan, get, finished, cancel, running, recoverUnfinished, stop };
}
