import { setTimeout as wait } from 'node:timers/promises';
import { OpError } from '../../../contract/errors.ts';
import { quoteIdentifier } from '../../postgres/types.ts';
import type { PostgresServer } from '../../postgres-target.ts';
import { inSession } from './load.ts';
import { must } from './server.ts';

export interface DatabaseSwap {
  readonly live: string;
  readonly staged: string;
  /** What the live one is called afterwards; null: there is none. */
  readonly old: string | null;
}

/**
 * Gives each staged database the live one's name, all in one transaction: a crash leaves all or none. A rename takes the lock
 * that new connections wait for and gives those that are there 5 s to go; meanwhile a second session ends them.
 * Throws `restore_failed`: nothing has changed.
 */
export async function swapDatabases(
  server: PostgresServer,
  maintenance: string,
  swaps: readonly DatabaseSwap[],
  signal: AbortSignal,
): Promise<void> {
  const databases = swaps.flatMap(({ live, staged }) => [live, staged]);
  let done = false;
  const ending = inSession(server, maintenance, signal, async (session) => {
    while (!done) {
      must(
        await session.query('select pg_terminate_backend(pid) from pg_stat_activity where datname = any($1)', [
          databases,
        ]),
      );
      await wait(100);
    }
  });
  const swapping = inSession(server, maintenance, signal, async (session) => {
    must(await session.query('begin'));
    for (const { live, staged, old } of swaps) {
      if (old !== null) must(await session.query(renameSql(live, old)));
      must(await session.query(renameSql(staged, live)));
    }
    must(await session.query('commit'));
  }).finally(() => (done = true));
  const [, swapped] = await Promise.allSettled([ending, swapping]);
  if (swapped.status === 'fulfilled') return;
  const why: unknown = swapped.reason;
  if (signal.aborted)
    throw new OpError('cancelled', 'it was cancelled before the databases changed names', { cause: why });
  throw new OpError(
    'restore_failed',
    `the databases kept their names: ${why instanceof Error ? why.message : String(why)}`,
    {
      cause: why,
    },
  );
}

function renameSql(from: string, to: string): string {
  return `alter database ${quoteIdentifier(from)} rename to ${quoteIdentifier(to)}`;
}
