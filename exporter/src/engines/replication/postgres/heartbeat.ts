import { fail, ok, type Outcome } from '../../../contract/errors.ts';
import type { IsoTime } from '../../../contract/observed.ts';
import type { PgSession } from '../../postgres/client.ts';
import { quoteIdentifier } from '../../postgres/types.ts';
import { heartbeatTable, isMissing, isReadOnly } from './sessions.ts';

/** A synchronous standby that is away would hold up the commit: then the row would stop for the standbys that are well, too. */
export const heartbeatSession = { synchronous_commit: 'local' } as const;

/**
 * Writes the row. The moment is the primary's own: an age is then the difference of two readings of one clock. Errors:
 * `postgres_failed` where the server accepts no writes, or the role may not make or write the table.
 */
export async function writeHeartbeat(session: PgSession, schema: string, by: string): Promise<Outcome<IsoTime>> {
  const first = await upsert(session, schema, by);
  if (first.ok || !isMissing(first)) return explained(first);
  const made = await makeTable(session, schema);
  return made.ok ? explained(await upsert(session, schema, by)) : explained(made);
}

async function upsert(session: PgSession, schema: string, by: string): Promise<Outcome<IsoTime>> {
  const table = heartbeatTable(schema);
  const rows = await session.query<{ readonly at: string }>(
    `INSERT INTO ${table} AS h (id, at, by) VALUES (1, clock_timestamp(), $1)
     ON CONFLICT (id) DO UPDATE SET at = clock_timestamp(), by = EXCLUDED.by
     RETURNING h.at AS "at"`,
    [by],
  );
  return rows.ok ? ok((rows.value[0] as { readonly at: string }).at) : rows;
}

async function makeTable(session: PgSession, schema: string): Promise<Outcome<void>> {
  // CREATE … IF NOT EXISTS asks for the right to create even where there is nothing to create.
  const found = await session.query<{ readonly found: boolean }>(
    'SELECT EXISTS (SELECT FROM pg_namespace WHERE nspname = $1) AS "found"',
    [schema],
  );
  if (!found.ok) return found;
  if (found.value[0]?.found !== true) {
    const made = await session.query(`CREATE SCHEMA IF NOT EXISTS ${quoteIdentifier(schema)}`);
    if (!made.ok) return made;
  }
  const table = await session.query(
    `CREATE TABLE IF NOT EXISTS ${heartbeatTable(schema)}
       (id int PRIMARY KEY CHECK (id = 1), at timestamptz NOT NULL, by text NOT NULL)`,
  );
  return table.ok ? ok(undefined) : table;
}

function explained<T>(outcome: Outcome<T>): Outcome<T> {
  if (!isReadOnly(outcome) || outcome.ok) return outcome;
  const { details } = outcome.error;
  return fail('postgres_failed', 'the server accepts no writes: it is a standby, or it was made read-only', {
    ...(details === undefined ? {} : { details }),
    cause: outcome.error,
  });
}
