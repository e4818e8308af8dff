import { OpError, toOpError } from '../../contract/errors.ts';
import type { Operation } from '../../contract/operation.ts';
import { toFailure, type AnyRequest, type Handler } from '../handler.ts';
import type { Core } from './core.ts';

interface Recovery {
  readonly state: 'interrupted' | 'succeeded';
  readonly left: string;
}

async function putRight(core: Core, operation: Operation): Promise<Recovery> {
  const ask = operation.params as unknown as AnyRequest;
  const handler = core.deps.handlers[ask.kind] as unknown as Handler | undefined;
  if (handler === undefined) return { state: 'interrupted', left: 'this program does not know that kind of operation' };
  return handler.recover(ask, operation).catch((thrown: unknown): Recovery => ({
    state: 'interrupted',
    left: `not put right: ${toOpError(thrown).message}`,
  }));
}

/** At start: every operation that an earlier process left open is put right and closed, and the journal says what was left. */
export async function recoverUnfinished(core: Core): Promise<readonly Operation[]> {
  const { deps } = core;
  const closed: Operation[] = [];
  for (const operation of await deps.store.operations.unfinished()) {
    const { state, left } = await putRight(core, operation);
    const at = deps.clock.now().toISOString();
    await deps.store.operations.step(operation.id, {
      name: 'put right after a restart',
      state: 'succeeded',
      startedAt: at,
      endedAt: at,
      detail: left,
    });
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
