import { fail, ok, toOpError, type Outcome } from '../../contract/errors.ts';
import type { Operation, Plan } from '../../contract/operation.ts';
import type { CountedPage, OperationFilter } from '../../store/port.ts';
import type { RequestOptions } from '../app.ts';
import type { AnyRequest } from '../handler.ts';
import { admitRequest } from './admit.ts';
import { auditRequest, runningOperations, withLive, type Core, type OperationsDeps } from './core.ts';
import { planRequest } from './plan.ts';
import { recoverUnfinished } from './recover.ts';

/** The operations of one process: one journal, one table of holders, one place where effects begin. */
export interface Operations {
  request(request: AnyRequest, options: RequestOptions): Promise<Outcome<Operation>>;
  plan(request: AnyRequest, options: RequestOptions): Promise<Outcome<Plan>>;
  get(id: string): Promise<Outcome<Operation>>;
  /** Running ones with their progress. */
  list(filter: OperationFilter): Promise<CountedPage<Operation>>;
  finished(id: string, signal: AbortSignal): Promise<Outcome<Operation>>;
  cancel(id: string, options: RequestOptions): Promise<Outcome<Operation>>;
  running(): readonly Operation[];
  /** Of one that runs: Grafana's id of the person who asked, where it was proven. */
  subjectOf(id: string): string | null;
  /** Puts right what an earlier process left unfinished. */
  recoverUnfinished(): Promise<readonly Operation[]>;
  /** From now on requests are admitted. */
  open(): void;
  /** Refuses new ones, aborts what runs and waits for it, at most `graceMs`. */
  stop(graceMs: number): Promise<void>;
}

export function createOperations(deps: OperationsDeps): Operations {
  const core: Core = { deps, live: new Map(), phase: 'closed', turn: Promise.resolve() };
  return {
    request: (request, options) => admitRequest(core, request, options),
    plan: (request, options) => planRequest(core, request, options),
    get: (id) => getOperation(core, id),
    list: async (filter) => {
      const page = await deps.store.operations.list(filter);
      return { ...page, items: page.items.map((operation) => withLive(core, operation)) };
    },
    finished: async (id, signal) => {
      const entry = core.live.get(id);
      if (entry !== undefined) await Promise.race([entry.done, aborted(signal)]);
      return getOperation(core, id);
    },
    cancel: (id, options) => cancelOperation(core, id, options),
    running: () => runningOperations(core),
    subjectOf: (id) => core.live.get(id)?.subject ?? null,
    recoverUnfinished: () => recoverUnfinished(core),
    open: () => {
      if (core.phase === 'closed') core.phase = 'open';
    },
    stop: (graceMs) => stopOperations(core, graceMs),
  };
}

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener('abort', () => resolve(), { once: true });
  });
}

async function getOperation(core: Core, id: string): Promise<Outcome<Operation>> {
  const found = await core.deps.store.operations.get(id);
  return found === null ? fail('operation_unknown', `no operation is called ${id}`) : ok(withLive(core, found));
}

/** Operators cancel what they started, admins anything. Errors: `operation_unknown`, `forbidden`, `operation_finished`. */
async function cancelOperation(core: Core, id: string, options: RequestOptions): Promise<Outcome<Operation>> {
  const found = await getOperation(core, id);
  if (!found.ok) return found;
  const { service, actor, state } = found.value;
  const own = actor.name === options.actor.name && actor.via !== 'schedule';
  if (options.actor.role !== 'admin' && !(options.actor.role === 'operator' && own)) {
    await auditRequest(core, { kind: 'cancel', service, target: id }, options, 'denied', { operationId: id });
    return fail('forbidden', `${id} was started by ${actor.name}: cancelling it needs the role admin`);
  }
  const entry = core.live.get(id);
  if (entry === undefined) return fail('operation_finished', `${id} has already ended (${state})`);
  // An abort must work when the audit disk is lost, too: it is the one action that is not refused then.
  await auditRequest(core, { kind: 'cancel', service, target: id }, options, 'intent', { operationId: id }).catch(
    (thrown: unknown) =>
      core.deps.log.error('a cancel could not be audited', { operation: id, error: toOpError(thrown).message }),
  );
  entry.cancelRequested = true;
  entry.controller.abort();
  return getOperation(core, id);
}

async function stopOperations(core: Core, graceMs: number): Promise<void> {
  core.phase = 'stopping';
  await core.turn;
  for (const entry of core.live.values()) entry.controller.abort();
  const grace = new AbortController();
  await Promise.race([
    Promise.all([...core.live.values()].map((l) => l.done)),
    core.deps.clock.sleep(graceMs, grace.signal),
  ]);
  grace.abort();
}
