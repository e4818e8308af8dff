import { closeSync, fsyncSync, mkdirSync, openSync, readdirSync, renameSync, rmSync, statSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import type { DatabaseSync } from 'node:sqlite';
import { fail, ok, OpError, toOpError, type Outcome } from '../../contract/errors.ts';
import type { Clock, Log } from '../../ports/index.ts';
import { createStore } from '../create.ts';
import { migrateToLatest, migrationTable, schemaChanges, type SchemaChange } from '../migrations.ts';
import type { Store } from '../port.ts';
import { openDatabase, withFaults } from './database.ts';
import { createPrivateFile, createSqlite } from './dialect.ts';

export interface OpenOptions {
  /** The state file, `<home>/state/genesis.db`. Its folder is made (mode 0700) when it is missing. */
  readonly path: string;
  readonly clock: Clock;
  readonly log: Log;
  /** What this program knows of the schema; tests play other versions of it. */
  readonly changes?: readonly SchemaChange[];
}

/**
 * Opens the state, making or upgrading it. The caller holds the home's lock: one program at a time.
 * Errors: `state_too_new`, `state_corrupt` (the file is left as it is), `home_unusable`, `disk_full`, `io_failed`.
 */
export async function openStore({ path, clock, log, changes = schemaChanges }: OpenOptions): Promise<Outcome<Store>> {
  const startedAt = clock.now();
  let database: DatabaseSync | null = null;
  try {
    prepareFolder(path);
    database = openDatabase(path, false);
    const version = checkedVersion(database, path, changes.length);
    if (!version.ok) return closed(database, version.error);
    const outdated = version.value < changes.length;
    if (outdated && version.value > 0) {
      const copy = copyBeforeUpgrade(database, path, changes.length);
      log.info('state copied before its upgrade', { from: version.value, to: changes.length, copy });
    }
    const { db, dialect } = createSqlite(database, path, false);
    if (outdated) await migrateToLatest(db, dialect, changes);
    else await dialect.afterMigrations(db);
    log.debug('state opened', { path, version: changes.length, ms: clock.now().getTime() - startedAt.getTime() });
    return ok(createStore(db, dialect));
  } catch (thrown) {
    if (database?.isOpen === true) database.close();
    return { ok: false, error: toOpenError(thrown) };
  }
}

/**
 * Opens the state for reading only, as commands do where no server runs: nothing is made, upgraded or written.
 * Errors: `home_unusable` when there is none, `state_too_old`, `state_too_new`, `state_corrupt`, `io_failed`.
 */
export async function openReadOnly({ path, changes = schemaChanges }: OpenOptions): Promise<Outcome<Store>> {
  if (statSync(path, { throwIfNoEntry: false }) === undefined)
    return fail('home_unusable', `there is no state at ${path}`);
  let database: DatabaseSync | null = null;
  try {
    database = openDatabase(path, true);
    const version = checkedVersion(database, path, changes.length);
    if (!version.ok) return closed(database, version.error);
    if (version.value < changes.length) {
      const message = `state ${path} has version ${version.value}, this program needs ${changes.length}`;
      return closed(database, new OpError('state_too_old', message));
    }
    const { db, dialect } = createSqlite(database, path, true);
    return ok(createStore(db, dialect));
  } catch (thrown) {
    if (database?.isOpen === true) database.close();
    return { ok: false, error: toOpenError(thrown) };
  }
}

function closed(database: DatabaseSync, error: OpError): Outcome<never> {
  database.close();
  return { ok: false, error };
}

/** What the operating system refuses is the home's fault; anything unforeseen stays `internal`. */
function toOpenError(thrown: unknown): OpError {
  const fromSystem = Error.isError(thrown) && 'syscall' in thrown;
  return toOpError(thrown, fromSystem ? 'home_unusable' : 'internal');
}

function prepareFolder(path: string): void {
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
  createPrivateFile(path);
  // An export or a copy that a crash left half made.
  for (const name of readdirSync(dirname(path))) {
    const isLeftover = name.startsWith(`${basename(path)}.export-`) || name.endsWith('.half');
    if (isLeftover && name.startsWith(`${basename(path)}.`)) rmSync(join(dirname(path), name), { force: true });
  }
}

/** The schema version of a sound state that this program understands; 0 for an empty file. */
function checkedVersion(database: DatabaseSync, path: string, known: number): Outcome<number> {
  return withFaults(path, () => {
    const faults = database
      .prepare('pragma quick_check(5)')
      .all()
      .map((row) => String(row['quick_check']));
    if (faults[0] !== 'ok') return fail('state_corrupt', `state ${path} is damaged: ${faults.join('; ')}`);
    const tables = database
      .prepare("select name from sqlite_schema where type = 'table'")
      .all()
      .map((row) => row['name']);
    if (tables.length === 0) return ok(0);
    if (!tables.includes(migrationTable))
      return fail('state_corrupt', `${path} is a database, but not a state of genesis`);
    const version = Number(database.prepare(`select count(*) as count from ${migrationTable}`).get()?.['count']);
    return version > known ? fail('state_too_new', tooNew(path, version, known)) : ok(version);
  });
}

function tooNew(path: string, version: number, known: number): string {
  const [way] = readdirSync(dirname(path))
    .filter((name) => name.startsWith(`${basename(path)}.before-`) && !name.endsWith('.half'))
    .map((name) => ({ name, upgradedTo: Number(name.slice(name.lastIndexOf('-') + 1)) }))
    // The first upgrade beyond what this program knows began from a version that it knows.
    .filter((copy) => copy.upgradedTo > known)
    .sort((a, b) => a.upgradedTo - b.upgradedTo);
  const copy =
    way === undefined
      ? 'no copy from before that upgrade is here'
      : `the copy from before that upgrade is ${join(dirname(path), way.name)}`;
  return `state ${path} has version ${version}, this program knows versions up to ${known}; ${copy}`;
}

/** `<path>.before-<version it is upgraded to>`, whole and on the disk before the first change. An older one gives way. */
function copyBeforeUpgrade(database: DatabaseSync, path: string, upgradedTo: number): string {
  const copy = `${path}.before-${upgradedTo}`;
  const half = `${copy}.half`;
  rmSync(half, { force: true });
  createPrivateFile(half);
  withFaults(half, () => database.prepare('vacuum into ?').run(half));
  syncPath(half);
  renameSync(half, copy);
  syncPath(dirname(copy));
  return copy;
}

function syncPath(path: string): void {
  const file = openSync(path, 'r');
  try {
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
}
