import { fail, ok, toOpError, type Outcome } from '../../contract/errors.ts';
import type { Operation } from '../../contract/operation.ts';
import type { RequestOptions } from '../app.ts';
import { canonicalJson, sha256Hex } from '../canonical.ts';
import { toFailure, type AnyRequest } from '../handler.ts';
import { checkAuthority } from './authority.ts';
import { admissionFault, auditRequest, handlerOf, targetOf, withLive, type Core } from './core.ts';
import { launch } from './execute.ts';
import { draftPlan, etagOf, toPlan } from './plan.ts';

/** Requests are admitted one after another, so that two of them can never both find the service free. */
function inTurn<T>(core: Core, work: () => Promise<T>): Promise<T> {
  const result = core.turn.then(work);
  core.turn = result.catch(() => undefined);
  return result;
}

/** Authority, repeat, plan, journal, audit, start: nothing has happened to the world before the audit row is on disk. */
export async function admitRequest(core: Core, ask: AnyRequest, options: RequestOptions): Promise<Outcome<Operation>> {
  const fault = admissionFault(core);
  if (fault !== null) return { ok: false, error: fault };
  const service = await handlerOf(core, ask).serviceOf(ask);
  if (!service.ok) return service;
  const authority = checkAuthority(ask, service.value, options);
  if (authority !== null) {
    const action = { kind: ask.kind, service: service.value, target: targetOf(ask) };
    await auditRequest(core, action, options, 'denied', { operationId: null, details: { code: authority.code } });
    return { ok: false, error: authority };
  }
  const requestHash = sha256Hex(canonicalJson(ask));
  return inTurn(core, async () => {
    const before = await findRepeated(core, options, requestHash);
    return before ?? begin(core, ask, service.value, options, requestHash);
  });
}

async function findRepeated(
  core: Core,
  options: RequestOptions,
  requestHash: string,
): Promise<Outcome<Operation> | null> {
  if (options.idempotencyKey === null) return null;
  const before = await core.deps.store.operations.byKey(options.actor.name, options.idempotencyKey);
  if (before === null) return null;
  if (before.requestHash === requestHash) return ok(withLive(core, before.operation));
  return fail(
    'idempotency_conflict',
    `the key was used before for another ${before.operation.kind} (${before.operation.id})`,
  );
}

async function begin(
  core: Core,
  ask: AnyRequest,
  service: string,
  options: RequestOptions,
  requestHash: string,
): Promise<Outcome<Operation>> {
  const { deps } = core;
  const fault = admissionFault(core);
  if (fault !== null) return { ok: false, error: fault };
  const id = `op_${deps.random.hex(8)}`;
  const drafted = await draftPlan(core, ask, service, id);
  if (!drafted.ok) return drafted;
  const first = drafted.value.blockers[0];
  if (first !== undefined) return fail(first.code, first.message, { details: { blockers: drafted.value.blockers } });
  if (options.planEtag !== null && options.planEtag !== etagOf(ask, drafted.value)) {
    const plan = await toPlan(core, ask, service, drafted.value);
    return fail('plan_stale', 'what the plan rested on has changed since it was made', { details: { plan } });
  }
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
  if (!begun.created) {
    if (begun.sameRequest) return ok(withLive(core, begun.operation));
    return fail('idempotency_conflict', `the key was used before (${begun.operation.id})`);
  }
  try {
    await auditRequest(core, { kind: ask.kind, service, target: targetOf(ask) }, options, 'intent', {
      operationId: id,
    });
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
  launch(core, ask, begun.operation, options);
  return ok(begun.operation);
}
