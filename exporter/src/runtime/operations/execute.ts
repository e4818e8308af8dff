import { fail, OpError, toOpError, type Outcome } from '../../contract/errors.ts';
import type { Operation, OperationState } from '../../contract/operation.ts';
import type { RequestOptions } from '../app.ts';
import { toFailure, type AnyRequest } from '../handler.ts';
import { createRunTools } from '../run-tools.ts';
import { auditRequest, handlerOf, targetOf, type Core, type LiveOperation } from './core.ts';

type Result = Outcome<Readonly<Record<string, unknown>>>;
type OperationEnd = Pick<Operation, 'state' | 'result' | 'error'> & { readonly endedAt: string };

/** Runs the admitted operation in the background; its end is awaited through `done`. */
export function launch(core: Core, ask: AnyRequest, operation: Operation, options: RequestOptions): void {
  const { promise, resolve } = Promise.withResolvers<Operation>();
  const entry: LiveOperation = {
    operation,
    progress: null,
    controller: new AbortController(),
    cancelRequested: false,
    subject: options.subject ?? null,
    done: promise,
  };
  core.live.set(operation.id, entry);
  core.deps.emit({ type: 'operation', operation });
  void execute(core, ask, entry, options)
    .catch((thrown: unknown) => {
      // Only the journal itself failing gets here; the operation is closed at the next start.
      core.deps.log.error('the journal could not be written', {
        operation: operation.id,
        error: toOpError(thrown).message,
      });
      return entry.operation;
    })
    .then((ended) => {
      core.live.delete(operation.id);
      resolve(ended);
    });
}

/** Waits until fewer than max_workers run. */
async function slotFree(core: Core, entry: LiveOperation): Promise<void> {
  while (!entry.controller.signal.aborted) {
    const running = [...core.live.values()].filter((l) => l.operation.state === 'running');
    if (running.length < core.deps.config().operations.max_workers) return;
    await Promise.race([...running.map((l) => l.done), core.deps.clock.sleep(1000, entry.controller.signal)]);
  }
}

async function execute(core: Core, ask: AnyRequest, entry: LiveOperation, options: RequestOptions): Promise<Operation> {
  const { deps } = core;
  const { id } = entry.operation;
  await slotFree(core, entry);
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
  const outcome: Result = entry.controller.signal.aborted
    ? fail('cancelled', `${ask.kind} was cancelled before it began`)
    : await handlerOf(core, ask)
        .run(ask, entry.operation, tools)
        .catch((thrown: unknown): Result => ({ ok: false, error: toOpError(thrown) }));
  return close(core, ask, entry, options, outcome);
}

/** A stop of the program interrupts; a person cancels. */
function endState(core: Core, entry: LiveOperation, outcome: Result): OperationState {
  if (outcome.ok) return 'succeeded';
  if (outcome.error.code !== 'cancelled') return 'failed';
  return core.phase === 'stopping' && !entry.cancelRequested ? 'interrupted' : 'cancelled';
}

const recordAgainMs = 1000;

/**
 * A full or lost disk may come back: until its end is in the journal the operation stays known and holds its service, for
 * otherwise it would be shown as running until the next start. Throws at a stop, and what is no fault of the system.
 */
async function recordEnd(core: Core, id: string, end: OperationEnd): Promise<void> {
  const { store, log, clock } = core.deps;
  for (let tries = 0; ; tries += 1) {
    try {
      return await store.operations.finish(id, end);
    } catch (thrown) {
      if (!(thrown instanceof OpError) || core.phase === 'stopping') throw thrown;
      if (tries === 0)
        log.error('the end of an operation cannot be recorded yet', { operation: id, error: thrown.message });
    }
    await clock.sleep(recordAgainMs, new AbortController().signal);
  }
}

async function close(
  core: Core,
  ask: AnyRequest,
  entry: LiveOperation,
  options: RequestOptions,
  outcome: Result,
): Promise<Operation> {
  const { deps } = core;
  const { id, kind, service } = entry.operation;
  const state = endState(core, entry, outcome);
  const end = {
    state,
    endedAt: deps.clock.now().toISOString(),
    result: outcome.ok ? outcome.value : null,
    error: outcome.ok ? null : toFailure(outcome.error),
  };
  entry.operation = { ...entry.operation, ...end };
  await recordEnd(core, id, end);
  entry.operation = (await deps.store.operations.get(id)) ?? entry.operation;
  const details = outcome.ok ? {} : { details: { code: outcome.error.code } };
  await auditRequest(core, { kind, service, target: targetOf(ask) }, options, outcome.ok ? 'succeeded' : 'failed', {
    operationId: id,
    ...details,
  }).catch((thrown: unknown) =>
    deps.log.error('the end of an operation could not be audited', { operation: id, error: toOpError(thrown).message }),
  );
  if (outcome.ok) deps.log.info('operation ended', { operation: id, kind, service, state });
  else {
    deps.log.warn('operation ended', {
      operation: id,
      kind,
      service,
      state,
      code: outcome.error.code,
      error: outcome.error.message,
    });
    if (state === 'failed') deps.meter.countError(outcome.error.code, kind);
  }
  deps.emit({ type: 'operation', operation: entry.operation });
  return entry.operation;
}
