import { fail, ok, OpError, type Outcome } from '../contract/errors.ts';
import type { Operation } from '../contract/operation.ts';
import { isVerified } from '../contract/operation.ts';
import type { Clock } from '../ports/index.ts';
import type { RequestOptions } from './app.ts';

export interface PendingApproval {
  readonly expiresAt: string;
}

/** Operations that wait for a second person. They are of this process only: what waits when it ends was not approved. */
export interface Approvals {
  /** Resolves with who approved. Errors: `approval_invalid` (refused, or nobody came in time), `cancelled`. */
  wait(operation: Operation, seconds: number, signal: AbortSignal): Promise<Outcome<{ readonly by: string }>>;
  /** Errors: `operation_finished` (it waits for nobody), `approval_invalid` (not another verified person). */
  decide(operation: Operation, approve: boolean, options: RequestOptions): Outcome<void>;
  pending(operationId: string): PendingApproval | null;
}

interface Waiting extends PendingApproval {
  /** Grafana's id of who asked, where it was proven. */
  readonly settle: (decided: Outcome<{ readonly by: string }>) => void;
}

export function createApprovals(clock: Clock, subjectOf: (operationId: string) => string | null): Approvals {
  const waiting = new Map<string, Waiting>();
  return {
    async wait(operation, seconds, signal) {
      const { promise, resolve } = Promise.withResolvers<Outcome<{ readonly by: string }>>();
      const expiresAt = new Date(+clock.now() + seconds * 1000).toISOString();
      waiting.set(operation.id, { expiresAt, settle: resolve });
      const ended = new AbortController();
      const late = clock
        .sleep(seconds * 1000, AbortSignal.any([signal, ended.signal]))
        .then((): Outcome<{ readonly by: string }> =>
          signal.aborted
            ? { ok: false, error: new OpError('cancelled', 'cancelled while waiting for a second person') }
            : fail('approval_invalid', `nobody approved within ${seconds} s; nothing was done`),
        );
      const decided = await Promise.race([promise, late]);
      ended.abort();
      waiting.delete(operation.id);
      return decided;
    },
    decide(operation, approve, options) {
      const entry = waiting.get(operation.id);
      if (entry === undefined) return fail('operation_finished', `${operation.id} waits for nobody's approval`);
      const { actor, subject } = options;
      // A token can be anybody's who has it: two requests with it may be one person.
      if (isVerified(actor.via) !== true || subject === undefined)
        return fail('approval_invalid', `${actor.name} is not a person whose identity is proven`);
      if (subject === subjectOf(operation.id) || actor.name === operation.actor.name)
        return fail('approval_invalid', `${actor.name} asked for it: another person has to approve`);
      entry.settle(
        approve
          ? ok({ by: actor.name })
          : fail('approval_invalid', `${actor.name} refused it: ${options.reason ?? ''}`),
      );
      return ok(undefined);
    },
    pending: (operationId) => {
      const entry = waiting.get(operationId);
      return entry === undefined ? null : { expiresAt: entry.expiresAt };
    },
  };
}
