import { statSync } from 'node:fs';
import { DatabaseSync, type SQLInputValue, type StatementSync } from 'node:sqlite';
import type { SqliteDatabase, SqliteStatement } from 'kysely';
import { OpError, type ErrorCode } from '../../contract/errors.ts';

const keptStatements = 200;
const busyTimeoutMs = 5_000;

/**
 * SQLite's primary result codes (https://www.sqlite.org/rescode.html) that an operator can meet, as our errors.
 * Whatever is not here (constraints, syntax) is a fault of ours and stays as it is.
 */
const knownFaults: Readonly<Record<number, { readonly code: ErrorCode; readonly retryable: boolean }>> = {
  5: { code: 'home_locked', retryable: true }, // BUSY: another process writes
  8: { code: 'io_failed', retryable: false }, // READONLY
  10: { code: 'io_failed', retryable: false }, // IOERR
  11: { code: 'state_corrupt', retryable: false }, // CORRUPT
  13: { code: 'disk_full', retryable: true }, // FULL
  14: { code: 'home_unusable', retryable: false }, // CANTOPEN
  26: { code: 'state_corrupt', retryable: false }, // NOTADB
};

/** Turns SQLite's own failures into ours; everything else is given back as it came. */
export function sqliteFault(thrown: unknown, path: string): unknown {
  // The low byte is the primary code, what is above it says more precisely why.
  const fault = knownFaults[resultCode(thrown) & 0xff];
  if (fault === undefined) return thrown;
  const message = `state ${path}: ${(thrown as Error).message}`;
  return new OpError(fault.code, message, { retryable: fault.retryable, cause: thrown });
}

/** A primary key (1555) or a unique constraint (2067) refused the row. */
export function isDuplicate(thrown: unknown): boolean {
  return [1555, 2067].includes(resultCode(thrown));
}

/** SQLite's extended result code; 0 when it was not SQLite that failed. */
function resultCode(thrown: unknown): number {
  if (!Error.isError(thrown) || !('errcode' in thrown) || typeof thrown.errcode !== 'number') return 0;
  return thrown.errcode;
}

/** Runs `work`; SQLite's failures come out as OpError. */
export function withFaults<T>(path: string, work: () => T): T {
  try {
    return work();
  } catch (thrown) {
    throw sqliteFault(thrown, path);
  }
}

/** Opens the file and makes every commit durable: WAL, fsync before a commit returns. Errors: throws OpError. */
export function openDatabase(path: string, readOnly: boolean): DatabaseSync {
  return withFaults(path, () => {
    const database = new DatabaseSync(path, { readOnly, timeout: busyTimeoutMs, enableForeignKeyConstraints: true });
    try {
      if (!readOnly) database.exec('pragma journal_mode = wal; pragma synchronous = full');
      return database;
    } catch (thrown) {
      database.close();
      throw thrown;
    }
  });
}

/** What kysely's SqliteDialect needs, over node:sqlite. Statements are kept, because preparing costs more than running. */
export function createKyselyDatabase(database: DatabaseSync, path: string, readOnly: boolean): SqliteDatabase {
  const kept = new Map<string, SqliteStatement>();
  const present = readOnly ? () => undefined : createPresenceCheck(path);
  return {
    close: () => database.close(),
    prepare(sql) {
      // After a full disk SQLite has rolled back by itself, and kysely's own rollback would hide the reason.
      if (sql === 'rollback' && !database.isTransaction) return nothingToDo;
      if (!sql.startsWith('select')) present();
      const known = kept.get(sql);
      if (known !== undefined) return known;
      const statement = withFaults(path, () => wrap(database.prepare(onePerWriter(sql, readOnly)), path));
      if (kept.size >= keptStatements) kept.delete(kept.keys().next().value as string);
      kept.set(sql, statement);
      return statement;
    },
  };
}

/** A transaction that reads first and writes later could fail at its first write; taking the lock at once cannot. */
function onePerWriter(sql: string, readOnly: boolean): string {
  return sql === 'begin' && !readOnly ? 'begin immediate' : sql;
}

function wrap(statement: StatementSync, path: string): SqliteStatement {
  return {
    reader: statement.columns().length > 0,
    all: (parameters) => withFaults(path, () => statement.all(...(parameters as SQLInputValue[]))),
    run: (parameters) => withFaults(path, () => statement.run(...(parameters as SQLInputValue[]))),
    iterate: (parameters) =>
      withFaults(path, () => statement.all(...(parameters as SQLInputValue[])))[Symbol.iterator](),
  };
}

const nothingToDo: SqliteStatement = {
  reader: false,
  all: () => [],
  run: () => ({ changes: 0, lastInsertRowid: 0 }),
  iterate: () => [][Symbol.iterator](),
};

/**
 * A file that was deleted stays writable for whoever has it open: commits would go on to succeed and be lost with the
 * process. So every write looks whether the path still leads to the file that was opened.
 */
function createPresenceCheck(path: string): () => void {
  const opened = statSync(path);
  return () => {
    const now = statSync(path, { throwIfNoEntry: false });
    if (now?.ino === opened.ino && now.dev === opened.dev) return;
    const what = now === undefined ? 'was removed' : 'was replaced by another file';
    throw new OpError('io_failed', `state ${path} ${what} while genesis runs; stop genesis and put it back`);
  };
}
