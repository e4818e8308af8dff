import type { CreateTableBuilder, Kysely } from 'kysely';
import type { Schema } from './schema.ts';

/** All in which the databases differ. Tables and migrations ask here; they never ask which database it is. */
export interface StoreDialect {
  /** Adds `seq`, the primary key that the database counts upwards by itself. */
  addSequence<Table extends string, Column extends string>(
    table: CreateTableBuilder<Table, Column>,
  ): CreateTableBuilder<Table, Column | 'seq'>;
  /** Runs after every migration: guards that no portable statement can express (audit rows cannot be changed or removed). */
  afterMigrations(db: Kysely<Schema>): Promise<void>;
  /** True for the failure of a statement that would have written a primary or unique key a second time. */
  isDuplicate(thrown: unknown): boolean;
  /** A consistent copy of the whole state. */
  export(): Promise<Buffer>;
  /** Frees what kysely does not. */
  close(): Promise<void>;
}
