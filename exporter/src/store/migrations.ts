import type { Kysely } from 'kysely';
import { Migrator, type Migration } from 'kysely/migration';
import type { StoreDialect } from './dialect.ts';
import type { Schema } from './schema.ts';

type Tables = Kysely<Schema>;

export interface SchemaChange {
  /** Four digits and what it does; names sort in the order of the changes. */
  readonly name: string;
  readonly up: (db: Tables, dialect: StoreDialect) => Promise<void>;
}

/**
 * Every change of the schema, oldest first. The schema version of a state is the number of entries it has run.
 * An entry that was released is never edited; there is no way down but the copy made before (docs/state.md).
 */
export const schemaChanges: readonly SchemaChange[] = [
  { name: '0001_main_job', up: mainJob },
  { name: '0002_maintenance', up: createMaintenance },
  { name: '0003_catalogue_order', up: orderCatalogue },
  { name: '0004_live_alerts', up: createLiveAlerts },
  { name: '0005_quality_reports', up: createQuality },
];

export const migrationTable = 'schema_migration';

/** Throws what the failing change threw; the state is then as it was before. */
export async function migrateToLatest(
  db: Tables,
  dialect: StoreDialect,
  changes: readonly SchemaChange[],
): Promise<void> {
  const migrations = Object.fromEntries(
    changes.map(({ name, up }): [string, Migration] => [
      name,
      { up: (any: Kysely<unknown>) => up(any as Tables, dialect) },
    ]),
  );
  const migrator = new Migrator({
    db,
    provider: { getMigrations: () => Promise.resolve(migrations) },
    migrationTableName: migrationTable,
    migrationLockTableName: `${migrationTable}_lock`,
  });
  const { error } = await migrator.migrateToLatest();
  if (error !== undefined) throw error;
  await dialect.afterMigrations(db);
}

async function mainJob(db: Tables, dialect: StoreDialect): Promise<void> {
  await createBackups(db);
  await createOperations(db, dialect);
  await createHistory(db, dialect);
  await createAccess(db);
}

async function createBackups(db: Tables): Promise<void> {
  await db.schema
    .createTable('backups')
    .addColumn('id', 'text', (column) => column.primaryKey())
    .addColumn('service', 'text', (column) => column.notNull())
    .addColumn('type', 'text', (column) => column.notNull())
    .addColumn('status', 'text', (column) => column.notNull())
    .addColumn('started_at', 'text', (column) => column.notNull())
    .addColumn('stored_bytes', 'bigint', (column) => column.notNull())
    .addColumn('record', 'text', (column) => column.notNull())
    .addColumn('keep', 'integer', (column) => column.notNull())
    .addColumn('note', 'text')
    .addColumn('verified_at', 'text')
    .addColumn('verify_result', 'text')
    .addColumn('drilled_at', 'text')
    .addColumn('copies', 'text', (column) => column.notNull())
    .execute();
  await db.schema.createIndex('backups_time').on('backups').columns(['started_at', 'id']).execute();
  await db.schema.createIndex('backups_service').on('backups').columns(['service', 'started_at', 'id']).execute();
  await db.schema.createIndex('backups_size').on('backups').columns(['stored_bytes', 'id']).execute();
}

async function createOperations(db: Tables, dialect: StoreDialect): Promise<void> {
  await db.schema
    .createTable('operations')
    .addColumn('id', 'text', (column) => column.primaryKey())
    .addColumn('kind', 'text', (column) => column.notNull())
    .addColumn('service', 'text', (column) => column.notNull())
    .addColumn('params', 'text', (column) => column.notNull())
    .addColumn('actor_name', 'text', (column) => column.notNull())
    .addColumn('actor_role', 'text', (column) => column.notNull())
    .addColumn('actor_via', 'text', (column) => column.notNull())
    .addColumn('reason', 'text')
    .addColumn('idempotency_key', 'text')
    .addColumn('request_hash', 'text', (column) => column.notNull())
    .addColumn('state', 'text', (column) => column.notNull())
    .addColumn('created_at', 'text', (column) => column.notNull())
    .addColumn('started_at', 'text')
    .addColumn('ended_at', 'text')
    .addColumn('result', 'text')
    .addColumn('error', 'text')
    // Rows without a key never clash: null equals nothing in a unique constraint, in both databases.
    .addUniqueConstraint('operations_key', ['actor_name', 'idempotency_key'])
    .execute();
  await db.schema.createIndex('operations_time').on('operations').columns(['created_at', 'id']).execute();
  await db.schema.createIndex('operations_state').on('operations').columns(['state']).execute();
  await dialect
    .addSequence(db.schema.createTable('operation_steps'))
    .addColumn('operation_id', 'text', (column) => column.notNull().references('operations.id').onDelete('cascade'))
    .addColumn('name', 'text', (column) => column.notNull())
    .addColumn('state', 'text', (column) => column.notNull())
    .addColumn('started_at', 'text', (column) => column.notNull())
    .addColumn('ended_at', 'text')
    .addColumn('detail', 'text')
    .addUniqueConstraint('operation_steps_name', ['operation_id', 'name'])
    .execute();
}

async function createHistory(db: Tables, dialect: StoreDialect): Promise<void> {
  await db.schema
    .createTable('drills')
    .addColumn('id', 'text', (column) => column.primaryKey())
    .addColumn('service', 'text', (column) => column.notNull())
    .addColumn('started_at', 'text', (column) => column.notNull())
    .addColumn('record', 'text', (column) => column.notNull())
    .execute();
  await db.schema.createIndex('drills_time').on('drills').columns(['started_at', 'id']).execute();
  await dialect
    .addSequence(db.schema.createTable('events'))
    .addColumn('kind', 'text', (column) => column.notNull())
    .addColumn('service', 'text', (column) => column.notNull())
    .addColumn('at', 'text', (column) => column.notNull())
    .addColumn('labels', 'text', (column) => column.notNull())
    .addColumn('duration_seconds', 'double precision')
    .execute();
  await db.schema
    .createTable('audit')
    .addColumn('seq', 'integer', (column) => column.primaryKey())
    .addColumn('at', 'text', (column) => column.notNull())
    .addColumn('actor', 'text', (column) => column.notNull())
    .addColumn('role', 'text', (column) => column.notNull())
    .addColumn('via', 'text', (column) => column.notNull())
    .addColumn('action', 'text', (column) => column.notNull())
    .addColumn('service', 'text')
    .addColumn('target', 'text')
    .addColumn('result', 'text', (column) => column.notNull())
    .addColumn('reason', 'text')
    .addColumn('operation_id', 'text')
    .addColumn('remote', 'text')
    .addColumn('details', 'text')
    .addColumn('hash', 'text', (column) => column.notNull())
    .execute();
}

async function createAccess(db: Tables): Promise<void> {
  await db.schema
    .createTable('tokens')
    .addColumn('id', 'text', (column) => column.primaryKey())
    .addColumn('name', 'text', (column) => column.notNull())
    .addColumn('live_name', 'text', (column) => column.unique())
    .addColumn('role', 'text', (column) => column.notNull())
    .addColumn('hash', 'text', (column) => column.notNull().unique())
    .addColumn('created_at', 'text', (column) => column.notNull())
    .addColumn('created_by', 'text', (column) => column.notNull())
    .addColumn('expires_at', 'text')
    .addColumn('last_used_at', 'text')
    .addColumn('revoked_at', 'text')
    .execute();
  await db.schema
    .createTable('pauses')
    .addColumn('service', 'text', (column) => column.primaryKey())
    .addColumn('paused_by', 'text', (column) => column.notNull())
    .addColumn('reason', 'text', (column) => column.notNull())
    .addColumn('paused_since', 'text', (column) => column.notNull())
    .addColumn('paused_until', 'text', (column) => column.notNull())
    .execute();
  await db.schema
    .createTable('facts')
    .addColumn('name', 'text', (column) => column.primaryKey())
    .addColumn('value', 'text', (column) => column.notNull())
    .execute();
}

async function createMaintenance(db: Tables): Promise<void> {
  await db.schema
    .createTable('maintenance')
    .addColumn('service', 'text', (column) => column.primaryKey())
    .addColumn('opened_by', 'text', (column) => column.notNull())
    .addColumn('reason', 'text', (column) => column.notNull())
    .addColumn('opened_at', 'text', (column) => column.notNull())
    .addColumn('closes_at', 'text', (column) => column.notNull())
    .execute();
}

const rowsPerFill = 500;

/** Size and duration stood only inside the record; a catalogue of many thousands is ordered by them in the database. */
async function orderCatalogue(db: Tables): Promise<void> {
  for (const column of ['bytes', 'duration_ms'] as const) {
    await db.schema
      .alterTable('backups')
      .addColumn(column, 'bigint', (definition) => definition.notNull().defaultTo(0))
      .execute();
    await db.schema.createIndex(`backups_${column}`).on('backups').columns([column, 'id']).execute();
  }
  await db.schema.createIndex('backups_service_id').on('backups').columns(['service', 'id']).execute();
  for (let after = ''; ;) {
    const rows = await db
      .selectFrom('backups')
      .select(['id', 'record'])
      .where('id', '>', after)
      .orderBy('id')
      .limit(rowsPerFill)
      .execute();
    for (const { id, record } of rows) {
      const { bytes, startedAt, endedAt } = JSON.parse(record) as { bytes: number; startedAt: string; endedAt: string };
      const duration_ms = Math.max(0, Date.parse(endedAt) - Date.parse(startedAt));
      await db.updateTable('backups').set({ bytes, duration_ms }).where('id', '=', id).execute();
      after = id;
    }
    if (rows.length < rowsPerFill) return;
  }
}

async function createLiveAlerts(db: Tables): Promise<void> {
  await db.schema
    .createTable('live_alerts')
    .addColumn('id', 'text', (column) => column.primaryKey())
    .addColumn('created_at', 'text', (column) => column.notNull())
    .addColumn('definition', 'text', (column) => column.notNull())
    .addColumn('memory', 'text', (column) => column.notNull())
    .execute();
}

async function createQuality(db: Tables): Promise<void> {
  await db.schema
    .createTable('quality_reports')
    .addColumn('id', 'text', (column) => column.primaryKey())
    .addColumn('service', 'text', (column) => column.notNull())
    .addColumn('at', 'text', (column) => column.notNull())
    .addColumn('summary', 'text', (column) => column.notNull())
    .addColumn('report', 'text', (column) => column.notNull())
    .execute();
  await db.schema.createIndex('quality_reports_time').on('quality_reports').columns(['service', 'at', 'id']).execute();
  await db.schema
    .createTable('quality_profiles')
    .addColumn('service', 'text', (column) => column.primaryKey())
    .addColumn('report_id', 'text', (column) => column.notNull())
    .addColumn('profile', 'text', (column) => column.notNull())
    .execute();
}
