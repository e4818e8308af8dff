import { chmodSync, closeSync, openSync } from 'node:fs';
import { readFile, rm, stat } from 'node:fs/promises';
import { backup, DatabaseSync } from 'node:sqlite';
import { Kysely, sql, SqliteAdapter, SqliteDialect } from 'kysely';
import { OpError } from '../../contract/errors.ts';
import type { StoreDialect } from '../dialect.ts';
import type { Schema } from '../schema.ts';
import { createKyselyDatabase, isDuplicate, sqliteFault } from './database.ts';

/** An export is held in memory and written into every copy; a state beyond this needs PostgreSQL. */
const maxExportBytes = 512 * 1024 * 1024;
/** Pages copied at once while others wait for the database: 1 MiB. */
const pagesPerStep = 256;

/** SQLite rolls schema changes back like any other (kysely says no for all users' sake): a failed migration leaves nothing. */
class TransactionalSqliteAdapter extends SqliteAdapter {
  override get supportsTransactionalDdl(): boolean {
    return true;
  }
}

class GenesisSqliteDialect extends SqliteDialect {
  override createAdapter(): SqliteAdapter {
    return new TransactionalSqliteAdapter();
  }
}

/** kysely and the dialect's own answers over one open file. `close` of the dialect closes all. */
export function createSqlite(
  database: DatabaseSync,
  path: string,
  readOnly: boolean,
): { readonly db: Kysely<Schema>; readonly dialect: StoreDialect } {
  const db = new Kysely<Schema>({
    dialect: new GenesisSqliteDialect({ database: createKyselyDatabase(database, path, readOnly) }),
  });
  const exporting = new Set<Promise<Buffer>>();
  let exports = 0;
  const dialect: StoreDialect = {
    // `integer primary key` is SQLite's row id; autoincrement never gives a removed row's number again.
    addSequence: (table) => table.addColumn('seq', 'integer', (column) => column.primaryKey().autoIncrement()),
    afterMigrations: guardAudit,
    isDuplicate,
    export() {
      exports += 1;
      const copy = exportTo(database, path, `${path}.export-${process.pid}-${exports}`);
      exporting.add(copy);
      return copy.finally(() => exporting.delete(copy));
    },
    async close() {
      if (!database.isOpen) return;
      await Promise.allSettled(exporting);
      // Obtaining the one connection waits for the transaction that may hold it.
      await db.connection().execute(() => Promise.resolve());
      await db.destroy();
    },
  };
  return { db, dialect };
}

async function guardAudit(db: Kysely<Schema>): Promise<void> {
  for (const change of ['update', 'delete']) {
    await sql`create trigger if not exists ${sql.id(`audit_no_${change}`)} before ${sql.raw(change)} on audit
      begin select raise(abort, 'the audit log is append-only'); end`.execute(db);
  }
}

async function exportTo(database: DatabaseSync, path: string, copy: string): Promise<Buffer> {
  try {
    createPrivateFile(copy);
    await backup(database, copy, { rate: pagesPerStep });
    leaveWal(copy);
    const { size } = await stat(copy);
    if (size > maxExportBytes) {
      throw new OpError(
        'io_failed',
        `state ${path} has ${size} bytes, more than an export may have (${maxExportBytes})`,
      );
    }
    return await readFile(copy);
  } catch (thrown) {
    throw sqliteFault(thrown, path);
  } finally {
    for (const suffix of ['', '-wal', '-shm', '-journal']) await rm(copy + suffix, { force: true });
  }
}

/** A file in WAL mode cannot be opened from a read-only folder; a copy has no need of it. */
function leaveWal(copy: string): void {
  const database = new DatabaseSync(copy);
  try {
    database.exec('pragma journal_mode = delete');
  } finally {
    database.close();
  }
}

/** Empty and readable by the owner alone, before the first byte of the state is in it. */
export function createPrivateFile(path: string): void {
  closeSync(openSync(path, 'a', 0o600));
  chmodSync(path, 0o600);
}
