import { fail, ok, type Outcome } from '../../../contract/errors.ts';
import type { Clock, Exec, Log } from '../../../ports/index.ts';
import { withSession, type PgSession } from '../../postgres/client.ts';
import type { FailoverCluster, FailoverContext, FailoverNode } from '../port.ts';

/** What every action of this engine works with. */

export interface PostgresFailoverDeps {
  readonly exec: Exec;
  readonly clock: Clock;
  readonly log: Log;
}

export interface Work {
  readonly deps: PostgresFailoverDeps;
  readonly cluster: FailoverCluster;
  readonly context: FailoverContext;
}

/** Copying a cluster takes what it takes; it ends with the operation's signal. */
export const copyTimeoutMs = 86_400_000;

export function timeoutMsOf({ cluster }: Work): number {
  return cluster.timeoutSeconds * 1000;
}

/** Null: go on. */
export function cancelledBefore<T>({ context }: Work, what: string): Outcome<T> | null {
  return context.signal.aborted ? fail('cancelled', `${what} was not begun: cancelled`) : null;
}

/** Opens a session with a node and closes it. Errors: `failover_failed` for a node without a server, those of `connect`. */
export function onNode<T>(
  work: Work,
  node: FailoverNode,
  use: (session: PgSession) => Promise<Outcome<T>>,
): Promise<Outcome<T>> {
  if (node.server === null)
    return Promise.resolve(fail('failover_failed', `${node.name} has no host: it is no PostgreSQL server`));
  const options = {
    connectTimeoutMs: Math.min(timeoutMsOf(work), 5000),
    statementTimeoutMs: timeoutMsOf(work),
    signal: work.context.signal,
    applicationName: 'genesis failover',
  };
  return withSession(node.server, options, use);
}

/**
 * Looks until the answer is not null. Errors: those of the look, `cancelled`, `failover_failed` with what was seen last when the time is
 * up. `everyMs` is short where somebody waits for writes.
 */
export async function until<T>(
  work: Work,
  options: { readonly what: string; readonly timeoutMs: number; readonly everyMs: number },
  look: (say: (seen: string) => void) => Promise<Outcome<T | null>>,
): Promise<Outcome<T>> {
  const { clock } = work.deps;
  const deadline = +clock.now() + options.timeoutMs;
  let seen = 'nothing was seen';
  for (;;) {
    if (work.context.signal.aborted) return fail('cancelled', `${options.what}: cancelled`);
    const looked = await look((text) => (seen = text));
    if (!looked.ok) return looked;
    if (looked.value !== null) return ok(looked.value);
    if (+clock.now() >= deadline)
      return fail('failover_failed', `${options.what}: not within ${options.timeoutMs / 1000} s: ${seen}`);
    await clock.sleep(options.everyMs, work.context.signal);
  }
}

/** The first row, for statements that always have one. */
export async function oneRow<R>(session: PgSession, sql: string, params?: readonly unknown[]): Promise<Outcome<R>> {
  const rows = params === undefined ? await session.query<R>(sql) : await session.query<R>(sql, params);
  if (!rows.ok) return rows;
  const [row] = rows.value;
  return row === undefined ? fail('failover_failed', 'the server answered without a row') : ok(row);
}
