import { ok, type Outcome } from '../../contract/errors.ts';
import type { PgSession } from '../postgres/client.ts';

/** What the catalogue of a database says of its tables. */

export interface TableInfo {
  readonly oid: string;
  /** `schema.table`. */
  readonly name: string;
  readonly schema: string;
  readonly table: string;
  /** Of the data, without indexes; of a partitioned table with its partitions. */
  readonly bytes: number;
  readonly pages: number;
}

export interface ColumnInfo {
  readonly name: string;
  /** As the database writes it, e.g. `numeric(10,2)`. */
  readonly type: string;
  /** The type itself, without length; of a domain the type below it. */
  readonly base: string;
  /** pg_type.typcategory. */
  readonly category: string;
  readonly nullable: boolean;
}

/**
 * Tables, partitioned tables and materialized views; partitions are read with their table. A table with a part on another server is
 * left out: to read it would reach out of the server, which a restored copy must never do.
 */
const tables = `
  select c.oid::text as oid, n.nspname || '.' || c.relname as name, n.nspname as schema, c.relname as table,
         s.bytes::float8 as bytes, (s.bytes / current_setting('block_size')::int8)::float8 as pages
  from pg_class c
  join pg_namespace n on n.oid = c.relnamespace
  cross join lateral (
    select case when c.relkind = 'p'
      then (select coalesce(sum(pg_relation_size(relid)), 0) from pg_partition_tree(c.oid) where isleaf)
      else pg_relation_size(c.oid) end::int8 as bytes
  ) s
  where c.relkind in ('r', 'p', 'm') and n.nspname !~ '^pg_' and n.nspname <> 'information_schema'
    and not exists (
      with recursive below as (
        select inhrelid as oid from pg_inherits where inhparent = c.oid
        union select i.inhrelid from pg_inherits i join below b on i.inhparent = b.oid
      )
      select from below join pg_class part on part.oid = below.oid where part.relkind = 'f'
    )`;

/**
 * The largest tables, and none that has less than a hundredth of the largest one: small tables that live and die with the work (queues,
 * sessions) are never like their own past. Errors: those of PgSession.query.
 */
export async function largestTables(
  session: PgSession,
  count: number,
  leftOut: readonly string[],
): Promise<Outcome<readonly TableInfo[]>> {
  const found = await session.query<TableInfo>(
    `${tables} and not c.relispartition and c.relpersistence <> 't' and n.nspname <> all ($2::text[])
     order by s.bytes desc, name limit $1`,
    [count, leftOut],
  );
  if (!found.ok) return found;
  const least = (found.value[0]?.bytes ?? 0) / 100;
  return ok(found.value.filter(({ bytes }) => bytes >= least));
}

/** By name; one that is not there, or is no table, is not in the map. */
export async function namedTables(
  session: PgSession,
  names: readonly string[],
): Promise<Outcome<ReadonlyMap<string, TableInfo>>> {
  const found = await session.query<TableInfo>(`${tables} and n.nspname || '.' || c.relname = any ($1::text[])`, [
    names,
  ]);
  return found.ok ? ok(new Map(found.value.map((table) => [table.name, table]))) : found;
}

export function columnsOf(session: PgSession, table: TableInfo): Promise<Outcome<readonly ColumnInfo[]>> {
  return session.query<ColumnInfo>(
    `select a.attname as name, format_type(a.atttypid, a.atttypmod) as type,
            coalesce(nullif(t.typbasetype, 0), t.oid)::regtype::text as base, t.typcategory as category,
            not a.attnotnull as nullable
     from pg_attribute a join pg_type t on t.oid = a.atttypid
     where a.attrelid = $1::oid and a.attnum > 0 and not a.attisdropped
     order by a.attnum`,
    [table.oid],
  );
}
