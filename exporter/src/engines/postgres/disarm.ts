import { ok, type Outcome } from '../../contract/errors.ts';
import type { PostgresServer } from '../postgres-target.ts';
import { withSession } from './client.ts';
import { calmly } from './sandbox-session.ts';
import { quoteIdentifier } from './types.ts';

/** Databases that can be worked in: not template0, not one whose removal was cut off. */
export async function listDatabases(server: PostgresServer, signal: AbortSignal): Promise<Outcome<readonly string[]>> {
  return withSession(server, calmly(signal, 60_000), async (session) => {
    const rows = await session.query<{ name: string }>(
      'SELECT datname AS name FROM pg_catalog.pg_database WHERE datallowconn AND datconnlimit <> -2 ORDER BY datname',
    );
    return rows.ok ? ok(rows.value.map((r) => r.name)) : rows;
  });
}

interface Reaching {
  readonly triggers: readonly string[];
  readonly subscriptions: readonly string[];
  readonly wrappers: readonly string[];
}

const reachingSql = `
  SELECT ARRAY(SELECT evtname::text FROM pg_catalog.pg_event_trigger WHERE evtenabled <> 'D' ORDER BY 1) AS triggers,
         ARRAY(SELECT s.subname::text FROM pg_catalog.pg_subscription s
                 JOIN pg_catalog.pg_database d ON d.oid = s.subdbid
                WHERE d.datname = pg_catalog.current_database() ORDER BY 1) AS subscriptions,
         ARRAY(SELECT fdwname::text FROM pg_catalog.pg_foreign_data_wrapper WHERE fdwhandler <> 0 ORDER BY 1) AS wrappers`;

/** Event triggers go first: the other statements would set them off. DROP SUBSCRIPTION is never run: it would reach the publisher. */
export function disarmingStatements(found: Reaching): readonly string[] {
  return [
    ...found.triggers.map((name) => `ALTER EVENT TRIGGER ${quoteIdentifier(name)} DISABLE`),
    ...found.subscriptions.flatMap((name) => [
      `ALTER SUBSCRIPTION ${quoteIdentifier(name)} DISABLE`,
      `ALTER SUBSCRIPTION ${quoteIdentifier(name)} SET (slot_name = NONE)`,
    ]),
    ...found.wrappers.map((name) => `ALTER FOREIGN DATA WRAPPER ${quoteIdentifier(name)} NO HANDLER`),
  ];
}

/**
 * Takes from every database of a throwaway server what could act on other servers by itself or through a statement of the checks:
 * event triggers, subscriptions, foreign-data wrappers. Gives in words what it found. The server's data is changed by it.
 */
export async function disarm(
  server: PostgresServer,
  databases: readonly string[],
  signal: AbortSignal,
): Promise<Outcome<string>> {
  const count = { triggers: 0, subscriptions: 0, wrappers: 0 };
  for (const database of databases) {
    const done = await withSession(server, calmly(signal, 60_000, database), async (session) => {
      const found = await session.query<Reaching>(reachingSql);
      if (!found.ok) return found;
      const reaching = found.value[0] ?? { triggers: [], subscriptions: [], wrappers: [] };
      for (const statement of disarmingStatements(reaching)) {
        const ran = await session.query(statement);
        if (!ran.ok) return ran;
      }
      count.triggers += reaching.triggers.length;
      count.subscriptions += reaching.subscriptions.length;
      count.wrappers += reaching.wrappers.length;
      return ok(undefined);
    });
    if (!done.ok) return done;
  }
  return ok(
    `switched off: ${count.triggers} event triggers, ${count.subscriptions} subscriptions, ${count.wrappers} foreign-data wrappers`,
  );
}
