import { OpError, type Outcome } from '../../../contract/errors.ts';
import type { EngineDeps, RepositoryRef, RestoreReport, RestoreRequest, RestoreTarget, RunContext } from '../port.ts';
import { checkRoom } from '../archive/restore-room.ts';
import { asOutcome } from '../archive/repository.ts';
import { findPrograms } from '../../postgres/programs.ts';
import { quoteIdentifier } from '../../postgres/types.ts';
import { inSession, loadDatabase, type LoadTarget } from './load.ts';
import type { DatabaseDump } from './manifest.ts';
import { createDatabaseSql, propertiesSql } from './properties.ts';
import { loadDump, type StoredDump } from './repository.ts';
import { selectDatabases } from './restore-folder.ts';
import { checkClient, must, productOf, readServer, type ServerFacts } from './server.ts';
import { swapDatabases, type DatabaseSwap } from './swap.ts';

export interface DatabaseRestoreRequest {
  readonly operationId: string;
  readonly repository: RepositoryRef;
  readonly backupId: string;
  /** As it was called when it was dumped. */
  readonly database: string;
  /** `new`: made for it, null: `<database>_restored_<end of the operation's id>`. `empty`: exists and holds nothing. */
  readonly into:
    { readonly kind: 'new'; readonly name: string | null } | { readonly kind: 'empty'; readonly name: string };
}

export interface RestoredDatabase {
  readonly name: string;
  readonly tables: number;
  readonly rows: number;
  /** Tables whose rows could not be counted when they were dumped: they are there, and that is all that is known. */
  readonly uncounted: number;
}

/** PostgreSQL cuts longer names silently: two names could become one. */
const nameBytes = 63;

/** `<database>_<what>_<end of the operation's id>`, cut so that the end stays. */
export function besideName(database: string, what: 'restored' | 'before', operationId: string): string {
  const suffix = `_${what}_${operationId.replaceAll(/[^A-Za-z0-9]/g, '').slice(-12)}`;
  let head = database;
  while (Buffer.byteLength(head + suffix) > nameBytes) head = head.slice(0, -1);
  return head + suffix;
}

interface Restore {
  readonly target: LoadTarget;
  readonly facts: ServerFacts;
  readonly stored: StoredDump;
  readonly repository: RepositoryRef;
  readonly context: RunContext;
  /** Database to be connected to for what belongs to no other; never one that is swapped. */
  readonly maintenance: string;
}

/**
 * Restores one database of a backup into a new or an empty one on the configured server; what is live is not touched. On a failure
 * a new database is dropped again. Errors: `backup_unknown`, `not_found` (no such database in it), `target_not_empty`,
 * `version_mismatch`, `restore_failed`, `disk_full`, `cancelled`, errors of the server.
 */
export function restoreDatabase(
  deps: EngineDeps,
  request: DatabaseRestoreRequest,
  context: RunContext,
): Promise<Outcome<RestoredDatabase>> {
  return asOutcome(async () => {
    const stored = await loadDump(request.repository, request.backupId);
    const [database] = selectDatabases(stored.manifest, { components: [request.database], paths: [] });
    if (database === undefined) throw new OpError('not_found', `${request.backupId} holds no ${request.database}`);
    const restore = await begin(deps, request.repository, stored, [], context);
    const { into } = request;
    const name = into.name ?? besideName(request.database, 'restored', request.operationId);
    if (into.kind === 'new') return loadIntoNew(restore, database, name);
    await checkEmpty(restore, name);
    return load(restore, database, name);
  });
}

/** The kind `database` of the port. Throws `bad_request` unless one database is chosen, and as `restoreDatabase`. */
export async function restoreIntoDatabase(
  deps: EngineDeps,
  stored: StoredDump,
  request: RestoreRequest,
  { name, existing }: RestoreTarget & { readonly kind: 'database' },
  context: RunContext,
): Promise<RestoreReport> {
  const [database] = selectDatabases(stored.manifest, request.selection);
  if (database === undefined || request.selection.components.length !== 1)
    throw new OpError('bad_request', 'name the one database to restore');
  if (existing && name === null) throw new OpError('bad_request', 'name the empty database to restore into');
  const { operationId, repository, backupId } = request;
  const into = existing && name !== null ? { kind: 'empty' as const, name } : { kind: 'new' as const, name };
  const done = must(
    await restoreDatabase(deps, { operationId, repository, backupId, database: database.name, into }, context),
  );
  return {
    entries: done.tables,
    bytes: database.bytes,
    replaced: [],
    into: done.name,
    dataAsOf: stored.manifest.startedAt,
  };
}

async function begin(
  deps: EngineDeps,
  repository: RepositoryRef,
  stored: StoredDump,
  swapped: readonly string[],
  context: RunContext,
): Promise<Restore> {
  const { target: server, settings } = productOf(repository);
  const programs = must(await findPrograms(deps.exec, server.bin, context.signal));
  const maintenance = [server.database, 'postgres', 'template1'].find((name) => !swapped.includes(name)) ?? 'template1';
  const facts = await inSession(server, maintenance, context.signal, readServer);
  checkClient(programs.major, facts);
  const dumpedMajor = Number.parseInt(stored.manifest.serverVersion, 10);
  if (facts.major < dumpedMajor)
    throw new OpError(
      'version_mismatch',
      `the backup is of PostgreSQL ${stored.manifest.serverVersion}, the server is ${facts.version}: it cannot take it`,
    );
  if (facts.inRecovery) throw new OpError('restore_failed', 'the server is a standby: it takes no data');
  return {
    target: { deps, programs, server, jobs: settings.jobs, drillFolder: null },
    facts,
    stored,
    repository,
    context,
    maintenance,
  };
}

async function databaseExists(restore: Restore, name: string): Promise<boolean> {
  const { target, context, maintenance } = restore;
  return inSession(target.server, maintenance, context.signal, async (session) => {
    const rows = must(await session.query<{ n: number }>('select 1 as n from pg_database where datname = $1', [name]));
    return rows.length > 0;
  });
}

async function loadIntoNew(restore: Restore, database: DatabaseDump, name: string): Promise<RestoredDatabase> {
  if (Buffer.byteLength(name) > nameBytes)
    throw new OpError('bad_request', `${name} is longer than ${nameBytes} bytes`);
  if (await databaseExists(restore, name)) throw new OpError('target_not_empty', `the database ${name} exists already`);
  const { target, facts, context, maintenance } = restore;
  await inSession(target.server, maintenance, context.signal, async (session) => {
    must(await session.query(createDatabaseSql(name, database.properties, facts.major)));
  });
  try {
    const loaded = await load(restore, database, name);
    await inSession(target.server, maintenance, context.signal, async (session) => {
      for (const sql of propertiesSql(name, database.properties)) must(await session.query(sql));
    });
    return loaded;
  } catch (thrown) {
    await dropOwn(restore, name);
    throw thrown;
  }
}

/** Only ever called with a database that this restore has made; not stopped by a cancel. */
async function dropOwn({ target, maintenance }: Restore, name: string): Promise<void> {
  const signal = new AbortController().signal;
  await inSession(target.server, maintenance, signal, async (session) => {
    must(await session.query(`drop database if exists ${quoteIdentifier(name)} with (force)`));
  }).catch((thrown: unknown) => {
    target.deps.log.warn('a half restored database was left on the server', { database: name, why: String(thrown) });
  });
}

async function load(restore: Restore, database: DatabaseDump, name: string): Promise<RestoredDatabase> {
  checkDisk(restore, database.bytes);
  const { target, repository, stored, context } = restore;
  const compared = await loadDatabase(target, repository, stored, database, name, context);
  return { name, tables: database.tables, rows: compared.rows, uncounted: compared.unknown };
}

/** Where the server's folder stands on this machine. */
function checkDisk({ repository }: Restore, bytes: number): void {
  const { data } = productOf(repository).target;
  if (data !== null) checkRoom(data, bytes, 0);
}

const emptySql = `
  select c.relname as name from pg_class c join pg_namespace n on n.oid = c.relnamespace
   where n.nspname <> 'information_schema' and n.nspname !~ '^pg_'
  union all
  select p.proname from pg_proc p join pg_namespace n on n.oid = p.pronamespace
   where n.nspname <> 'information_schema' and n.nspname !~ '^pg_'
   limit 1`;

async function checkEmpty(restore: Restore, name: string): Promise<void> {
  if (!(await databaseExists(restore, name))) throw new OpError('not_found', `there is no database ${name}`);
  const { target, context } = restore;
  const rows = await inSession(target.server, name, context.signal, async (session) =>
    must(await session.query<{ name: string }>(emptySql)),
  );
  if (rows.length > 0)
    throw new OpError('target_not_empty', `the database ${name} holds ${rows[0]?.name ?? 'something'} already`);
}

/**
 * The in-place kind of the port: every wanted database is restored beside the live one and checked, then all change names in one
 * transaction. The live ones are kept as `<database>_before_…`; nobody drops them but the operator.
 */
export async function restoreInPlace(
  deps: EngineDeps,
  stored: StoredDump,
  request: RestoreRequest,
  context: RunContext,
): Promise<RestoreReport> {
  const databases = selectDatabases(stored.manifest, request.selection);
  const names = databases.map((d) => d.name);
  const restore = await begin(deps, request.repository, stored, names, context);
  const made: DatabaseSwap[] = [];
  try {
    for (const database of databases) {
      context.onProgress({ phase: 'restore', entriesDone: made.length, bytesDone: 0, bytesTotal: null });
      const staged = besideName(database.name, 'restored', request.operationId);
      await loadIntoNew(restore, database, staged);
      const hadOld = await databaseExists(restore, database.name);
      made.push({
        live: database.name,
        staged,
        old: hadOld ? besideName(database.name, 'before', request.operationId) : null,
      });
    }
    context.onProgress({ phase: 'swap', entriesDone: made.length, bytesDone: 0, bytesTotal: null });
    await swapDatabases(restore.target.server, restore.maintenance, made, context.signal);
  } catch (thrown) {
    for (const { staged } of made) await dropOwn(restore, staged);
    throw thrown;
  }
  return {
    entries: databases.reduce((sum, d) => sum + d.tables, 0),
    bytes: databases.reduce((sum, d) => sum + d.bytes, 0),
    replaced: made.flatMap(({ old }) => (old === null ? [] : [old])),
    dataAsOf: stored.manifest.startedAt,
  };
}
