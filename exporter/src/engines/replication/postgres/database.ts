import { ok, type Outcome } from '../../../contract/errors.ts';
import type { DatabaseFacts } from '../../../contract/postgres.ts';
import type { PgSession } from '../../postgres/client.ts';
import { quoteIdentifier } from '../../postgres/types.ts';
import type { DatabaseMemory } from '../port.ts';

type Databases = DatabaseFacts['databases'];
type Queries = DatabaseFacts['queries'];

/** Sizes are read from the file system of the server, and slow queries from a file: not on every tick. */
const slowEveryMs = 60_000;
const listed = 20;
/** The size of a table waits for whoever holds it; figures are not worth the wait. Milliseconds. */
export const statisticsSession = { lock_timeout: '500' } as const;

const serverSql = `
  SELECT current_setting('server_version') AS "version",
         current_setting('max_connections')::int AS "connectionsMax",
         (SELECT count(*)::int FROM pg_stat_activity
           WHERE backend_type = 'client backend' OR (backend_type IS NULL AND datid IS NOT NULL)) AS "connectionsUsed",
         (SELECT count(*)::int FROM pg_locks WHERE NOT granted) AS "locksWaiting",
         (SELECT extract(epoch FROM max(clock_timestamp() - xact_start))::float8 FROM pg_stat_activity
           WHERE backend_type = 'client backend' AND pid <> pg_backend_pid()) AS "longestTransactionSeconds"`;

const databasesSql = `
  SELECT datname AS "name", xact_commit::float8 AS "commits", xact_rollback::float8 AS "rollbacks"
    FROM pg_stat_database JOIN pg_database USING (datname)
   WHERE datallowconn AND NOT datistemplate ORDER BY xact_commit DESC LIMIT ${listed}`;

const sizesSql = `
  SELECT datname AS "name", pg_database_size(oid)::float8 AS "bytes" FROM pg_database
   WHERE datallowconn AND NOT datistemplate
     AND (has_database_privilege(oid, 'CONNECT') OR pg_has_role('pg_read_all_stats', 'USAGE'))`;

const tablesSql = `
  SELECT nspname || '.' || relname AS "name", pg_total_relation_size(c.oid)::float8 AS "bytes",
         CASE WHEN reltuples < 0 THEN NULL ELSE reltuples::float8 END AS "rows"
    FROM pg_class c JOIN pg_namespace n ON n.oid = relnamespace
   WHERE relkind IN ('r', 'm') AND nspname NOT IN ('pg_catalog', 'information_schema') AND nspname NOT LIKE 'pg\\_%'
   ORDER BY 2 DESC, 1 LIMIT ${listed}`;

const queriesSql = (schema: string): string => `
  SELECT queryid::text AS "id", left(query, 500) AS "text", calls::float8 AS "calls",
         total_exec_time / 1000 AS "totalSeconds", mean_exec_time / 1000 AS "meanSeconds"
    FROM ${quoteIdentifier(schema)}.pg_stat_statements WHERE queryid IS NOT NULL ORDER BY total_exec_time DESC LIMIT ${listed}`;

type ServerRow = Pick<
  DatabaseFacts,
  'version' | 'connectionsUsed' | 'connectionsMax' | 'locksWaiting' | 'longestTransactionSeconds'
>;

/** How a server is doing; `now` in Unix milliseconds. What is read less often comes from `previous` in between. */
export async function readDatabase(
  session: PgSession,
  previous: DatabaseMemory | null,
  now: number,
): Promise<Outcome<{ readonly facts: DatabaseFacts; readonly memory: DatabaseMemory }>> {
  const server = await session.query<ServerRow>(serverSql);
  if (!server.ok) return server;
  const counted = await session.query<Omit<Databases[number], 'bytes'>>(databasesSql);
  if (!counted.ok) return counted;
  const age = previous === null ? null : now - previous.slowReadAt;
  // A clock that was set back must not keep old sizes for ever.
  const isFresh = age !== null && age >= 0 && age < slowEveryMs;
  const memory = isFresh && previous !== null ? previous : await readSlowly(session, previous, now);
  const databases = counted.value.flatMap((database) => {
    const bytes = memory.sizes.get(database.name);
    return bytes === undefined ? [] : [{ ...database, bytes }];
  });
  const facts = { ...(server.value[0] as ServerRow), databases, tables: memory.tables, queries: memory.queries };
  return ok({ facts, memory });
}

/** Each part that cannot be read now (a table that is locked for minutes) stays as it was. */
async function readSlowly(session: PgSession, previous: DatabaseMemory | null, now: number): Promise<DatabaseMemory> {
  const sizes = await session.query<{ readonly name: string; readonly bytes: number }>(sizesSql);
  const tables = await session.query<DatabaseFacts['tables'][number]>(tablesSql);
  const queries = await readQueries(session);
  return {
    slowReadAt: now,
    sizes: sizes.ok ? new Map(sizes.value.map((row) => [row.name, row.bytes])) : (previous?.sizes ?? new Map()),
    tables: tables.ok ? tables.value : (previous?.tables ?? []),
    queries: queries.ok ? queries.value : (previous?.queries ?? null),
  };
}

async function readQueries(session: PgSession): Promise<Outcome<Queries>> {
  const found = await session.query<{ readonly schema: string }>(
    `SELECT nspname AS "schema" FROM pg_extension JOIN pg_namespace n ON n.oid = extnamespace
      WHERE extname = 'pg_stat_statements'`,
  );
  if (!found.ok) return found;
  const schema = found.value[0]?.schema;
  if (schema === undefined) return ok(null);
  const rows = await session.query<NonNullable<Queries>[number]>(queriesSql(schema));
  // Made but not preloaded: nothing is collected.
  if (!rows.ok && rows.error.details?.['sqlstate'] === '55000') return ok(null);
  return rows.ok ? ok(rows.value.map((row) => ({ ...row, text: shownText(row.text) }))) : rows;
}

/** Constants of these are replaced by the extension itself. */
const normalised = /^\s*(select|insert|update|delete|with|merge|values|table)\b/i;

/** Other statements keep their constants, passwords too: only their first two words are shown. */
export function shownText(text: string): string {
  if (normalised.test(text)) return text;
  const [first, second] = text.trim().split(/\s+/);
  return [first, second, '…'].filter((word) => word !== undefined).join(' ');
}
