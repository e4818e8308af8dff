import { quoteIdentifier } from '../../postgres/types.ts';
import type { PgSession } from '../../postgres/client.ts';
import { must } from './server.ts';

/** Rows of every table as one snapshot saw them; null: they could not be counted (no privilege, too slow). */
export type RowCounts = readonly (readonly [schema: string, table: string, rows: number | null])[];

/** Tables whose rows a dump holds: no views, no foreign tables, nothing that an extension brings along by itself. */
const tablesSql = `
  select n.nspname as schema, c.relname as name
    from pg_class c join pg_namespace n on n.oid = c.relnamespace
   where c.relkind = 'r' and n.nspname not in ('pg_catalog', 'information_schema') and n.nspname !~ '^pg_(toast|temp)'
     and (c.relpersistence = 'p' or (c.relpersistence = 'u' and not pg_is_in_recovery()))
     and not exists (select 1 from pg_depend d
                      where d.classid = 'pg_class'::regclass and d.objid = c.oid and d.objsubid = 0 and d.deptype = 'e')
   order by 1, 2`;

export interface TableName {
  readonly schema: string;
  readonly name: string;
}

export async function listTables(session: PgSession): Promise<readonly TableName[]> {
  return must(await session.query<TableName>(tablesSql));
}

/**
 * Counts within the transaction that is open: what it sees is what pg_dump sees through the exported snapshot. A table that cannot be
 * counted must not end the transaction, so each has a savepoint. Throws what ended the session.
 */
export async function countRows(session: PgSession, tables: readonly TableName[]): Promise<RowCounts> {
  const counts: (readonly [string, string, number | null])[] = [];
  for (const { schema, name } of tables) {
    must(await session.query('savepoint counting'));
    const counted = await session.query<{ rows: string }>(
      `select count(*) as rows from only ${quoteIdentifier(schema)}.${quoteIdentifier(name)}`,
    );
    must(await session.query(counted.ok ? 'release savepoint counting' : 'rollback to savepoint counting'));
    counts.push([schema, name, counted.ok ? Number(counted.value[0]?.rows ?? Number.NaN) : null]);
  }
  return counts;
}

export interface CountComparison {
  readonly compared: number;
  readonly rows: number;
  /** Tables that could not be counted when they were dumped. */
  readonly unknown: number;
  /** In words, e.g. `public.orders: 10 rows were dumped, 9 are there`. */
  readonly differences: readonly string[];
}

/** Counts what was restored and compares it with what was dumped. */
export async function compareCounts(session: PgSession, dumped: RowCounts): Promise<CountComparison> {
  const there = new Set((await listTables(session)).map((t) => `${t.schema}\0${t.name}`));
  const missing = dumped.filter(([schema, name]) => !there.has(`${schema}\0${name}`));
  const wanted = dumped.filter(([schema, name, rows]) => rows !== null && there.has(`${schema}\0${name}`));
  must(await session.query('begin isolation level repeatable read read only'));
  const found = await countRows(
    session,
    wanted.map(([schema, name]) => ({ schema, name })),
  );
  must(await session.query('commit'));
  const differences = missing.map(([schema, name]) => `${schema}.${name}: the table is not there`);
  found.forEach(([schema, name, rows], index) => {
    const dumpedRows = wanted[index]?.[2] ?? null;
    if (rows !== dumpedRows)
      differences.push(`${schema}.${name}: ${dumpedRows} rows were dumped, ${rows ?? 'an unknown number'} are there`);
  });
  return {
    compared: found.length,
    rows: found.reduce((sum, [, , rows]) => sum + (rows ?? 0), 0),
    unknown: dumped.filter(([, , rows]) => rows === null).length,
    differences,
  };
}

/** Throws on anything that `JSON.stringify` of RowCounts did not write: the file's hash held, so it is a fault of ours. */
export function parseCounts(text: string): RowCounts {
  return JSON.parse(text) as RowCounts;
}
