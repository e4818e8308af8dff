import { OpError, type Outcome } from '../../../contract/errors.ts';
import type { PostgresServer, PostgresTarget } from '../../postgres-target.ts';
import type { PgSession } from '../../postgres/client.ts';
import type { RepositoryRef } from '../port.ts';
import type { PgDumpSettings, ProductRef } from '../product.ts';
import type { DatabaseProperties } from './manifest.ts';

/** The value, or its error thrown: inside this engine a failure ends the work, and the border makes it an Outcome again. */
export function must<T>(outcome: Outcome<T>): T {
  if (outcome.ok) return outcome.value;
  throw outcome.error;
}

export interface Product {
  readonly ref: ProductRef;
  readonly settings: PgDumpSettings;
  readonly target: PostgresTarget;
}

/** Throws `config_invalid` where the service names no server. */
export function productOf(repository: RepositoryRef): Product {
  const ref = repository.product;
  const settings = ref?.pgDump ?? null;
  const target = ref?.postgres ?? null;
  if (ref === undefined || settings === null || target === null)
    throw new OpError('config_invalid', 'the engine pg_dump needs the section postgres: the server that is dumped');
  return { ref, settings, target };
}

/**
 * The environment of pg_dump, pg_dumpall, pg_restore and psql: all of the connection, the database too, because a name on the
 * command line may be read as a connection string.
 */
export function clientEnvironment(server: PostgresServer, database: string): Readonly<Record<string, string>> {
  return {
    PGHOST: server.host,
    PGPORT: String(server.port),
    PGUSER: server.user,
    PGDATABASE: database,
    ...(server.password === null ? {} : { PGPASSWORD: server.password }),
    PGPASSFILE: '/dev/null',
    PGAPPNAME: 'genesis',
    PGCONNECT_TIMEOUT: '10',
    ...(server.tlsCa === null ? { PGSSLMODE: 'disable' } : { PGSSLMODE: 'verify-full', PGSSLROOTCERT: server.tlsCa }),
  };
}

/** A database's name where only a connection string is safe. */
export function connectionString(database: string): string {
  return `dbname='${database.replaceAll(/[\\']/g, (c) => `\\${c}`)}'`;
}

export interface ServerFacts {
  /** e.g. 15. */
  readonly major: number;
  /** e.g. `15.18 (Debian …)`. */
  readonly version: string;
  readonly inRecovery: boolean;
  readonly isSuperuser: boolean;
}

export async function readServer(session: PgSession): Promise<ServerFacts> {
  const rows = must(
    await session.query<{ number: string; version: string; recovery: boolean; superuser: boolean }>(
      `select current_setting('server_version_num') as number, current_setting('server_version') as version,
              pg_is_in_recovery() as recovery, current_setting('is_superuser') = 'on' as superuser`,
    ),
  );
  const row = rows[0];
  if (row === undefined) throw new OpError('postgres_failed', 'the server did not tell its version');
  return {
    major: Math.floor(Number(row.number) / 10_000),
    version: row.version,
    inRecovery: row.recovery,
    isSuperuser: row.superuser,
  };
}

export interface DatabaseFound {
  readonly name: string;
  readonly bytes: number;
  readonly properties: DatabaseProperties;
}

/** Columns that not every version has are read out of the row as JSON. */
const databasesSql = `
  select d.datname as name, pg_database_size(d.oid)::text as bytes, pg_get_userbyid(d.datdba) as owner,
         pg_encoding_to_char(d.encoding) as encoding, d.datcollate as collate, d.datctype as ctype,
         coalesce(to_jsonb(d) ->> 'datlocprovider', 'c') as provider,
         coalesce(to_jsonb(d) ->> 'datlocale', to_jsonb(d) ->> 'daticulocale') as locale,
         case when d.datacl is not null then (
           select coalesce(jsonb_agg(jsonb_build_object(
                    'role', case when a.grantee = 0 then null else pg_get_userbyid(a.grantee) end,
                    'privilege', a.privilege_type, 'grantable', a.is_grantable)), '[]')
             from aclexplode(d.datacl) a) end as grants,
         (select coalesce(jsonb_agg(jsonb_build_object(
                    'role', case when s.setrole = 0 then null else pg_get_userbyid(s.setrole) end,
                    'values', to_jsonb(s.setconfig))), '[]')
            from pg_db_role_setting s where s.setdatabase = d.oid) as settings
    from pg_database d
   where not d.datistemplate and d.datallowconn
   order by d.datname`;

interface DatabaseRow {
  readonly name: string;
  readonly bytes: string;
  readonly owner: string;
  readonly encoding: string;
  readonly collate: string;
  readonly ctype: string;
  readonly provider: string;
  readonly locale: string | null;
  readonly grants: DatabaseProperties['grants'];
  readonly settings: DatabaseProperties['settings'];
}

/** Every database but templates and those that refuse connections. */
export async function readDatabases(session: PgSession): Promise<readonly DatabaseFound[]> {
  return must(await session.query<DatabaseRow>(databasesSql)).map(({ name, bytes, ...properties }) => ({
    name,
    bytes: Number(bytes),
    properties,
  }));
}

/** Programs can dump servers of their own major version and of older ones. Throws `version_mismatch`. */
export function checkClient(clientMajor: number, server: ServerFacts): void {
  if (clientMajor >= server.major) return;
  throw new OpError(
    'version_mismatch',
    `pg_dump ${clientMajor} cannot dump a server of version ${server.version}: install the client programs of ${server.major}`,
  );
}
