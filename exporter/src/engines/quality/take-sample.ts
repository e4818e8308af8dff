import { fail, ok, type Outcome } from '../../contract/errors.ts';
import { profileOf, type TableProfile } from '../../core/quality/profile.ts';
import type { TableSample, TableSize } from '../../core/quality/sample.ts';
import type { TableSettings } from '../../core/quality/settings.ts';
import type { PgSession } from '../postgres/client.ts';
import { columnsOf, type TableInfo } from './catalogue.ts';
import {
  chooseMethod,
  countQuery,
  densityPages,
  planColumns,
  readWholeBytes,
  sampleQuery,
  type ColumnPlan,
  type SampleMethod,
} from './columns.ts';
import { cellsOf, createSampleBuilder } from './sample-builder.ts';

export interface SampleOptions {
  /** Rows of a table, at most. */
  readonly rows: number;
  readonly seed: number;
  /**
   * Next transaction id of the restored side, where both are of one cluster: rows of the source that are younger were not there yet.
   * Null: not known, or this is the restored side.
   */
  readonly horizon: string | null;
  /** Milliseconds that are left for all; at most so long does each statement run. */
  remainingMs(): number;
}

/** Numbers that are held of one table at a time, at most: 24 MB a side. */
const maxCells = 3_000_000;
const rowsPerFetch = 1000;

export interface TableLook {
  readonly whole: TableProfile;
  /** Of the rows that are as they were when the other side was; null: not known, or that is all of them. */
  readonly kept: TableProfile | null;
  readonly keptRows: number | null;
}

/**
 * Looks at one table in one read-only transaction: counts or estimates its rows, takes the sample and makes its profile. Errors: those
 * of PgSession.query; `exec_timeout` when the time is over.
 */
export async function profileTable(
  session: PgSession,
  table: TableInfo,
  settings: TableSettings,
  options: SampleOptions,
): Promise<Outcome<TableLook>> {
  if (options.remainingMs() <= 0) return fail('exec_timeout', 'the time of the comparison was over');
  const begun = await session.query('begin isolation level repeatable read, read only');
  if (!begun.ok) return begun;
  const sample = await sampleTable(session, table, settings, options);
  const ended = await session.query('rollback');
  if (!sample.ok) return sample;
  if (!ended.ok) return ended;
  const { whole, kept, keptRows } = sample.value;
  return ok({ whole: profileOf(whole), kept: kept === null ? null : profileOf(kept), keptRows });
}

interface Sampled {
  readonly whole: TableSample;
  readonly kept: TableSample | null;
  readonly keptRows: number | null;
}

async function sampleTable(
  session: PgSession,
  table: TableInfo,
  settings: TableSettings,
  options: SampleOptions,
): Promise<Outcome<Sampled>> {
  // The setting belongs to this transaction; each statement of it may take what is left for all.
  const limited = await session.query(
    `set local statement_timeout = ${Math.max(1, Math.floor(options.remainingMs()))}`,
  );
  if (!limited.ok) return limited;
  const infos = await columnsOf(session, table);
  if (!infos.ok) return infos;
  const plan = planColumns(infos.value, settings);
  const size = await sizeOf(session, table, options);
  if (!size.ok) return size;
  const cells = plan.columns.reduce((sum, column) => sum + cellsOf(column), 1);
  const limit = Math.max(1, Math.min(options.rows, Math.floor(maxCells / cells)));
  const method = chooseMethod(table, size.value.size.rows, limit);
  return readSample(session, { table, plan, ...size.value, method, limit }, options);
}

interface Counted {
  readonly size: TableSize;
  readonly keptRows: number | null;
}

/** Counted where that reads little; else from the density of some pages. */
async function sizeOf(session: PgSession, table: TableInfo, options: SampleOptions): Promise<Outcome<Counted>> {
  const counted = table.bytes <= readWholeBytes;
  const percent = counted ? 100 : Math.min(100, (densityPages / Math.max(1, table.pages)) * 100);
  const found = await session.query<{ readonly rows: number; readonly kept?: number }>(
    countQuery(table, percent, options.seed, options.horizon),
  );
  if (!found.ok) return found;
  const [row] = found.value;
  const ofAll = (seen: number | undefined): number => Math.round((Number(seen ?? 0) * 100) / percent);
  return ok({ size: { rows: ofAll(row?.rows), counted }, keptRows: row?.kept === undefined ? null : ofAll(row.kept) });
}

interface Reading extends Counted {
  readonly table: TableInfo;
  readonly plan: ColumnPlan;
  readonly method: SampleMethod;
  readonly limit: number;
}

/** By a cursor, a thousand rows at a time: the rows themselves are never all here. */
async function readSample(session: PgSession, reading: Reading, options: SampleOptions): Promise<Outcome<Sampled>> {
  const { table, plan, size, keptRows, method, limit } = reading;
  const { seed, horizon } = options;
  const query = sampleQuery(table, plan.columns, { method, seed, limit, horizon });
  const opened = await session.query(`declare sample no scroll cursor for ${query}`);
  if (!opened.ok) return opened;
  const expected = Math.min(limit, size.rows + 1);
  const builder = createSampleBuilder(plan.columns, expected);
  const changed = keptRows !== null && keptRows < size.rows;
  const keptBuilder = changed ? createSampleBuilder(plan.columns, Math.min(expected, keptRows + 1)) : null;
  for (;;) {
    if (options.remainingMs() <= 0) return fail('exec_timeout', 'the time of the comparison was over');
    const rows = await session.query<Readonly<Record<string, unknown>>>(`fetch ${rowsPerFetch} from sample`);
    if (!rows.ok) return rows;
    for (const row of rows.value) {
      builder.add(row);
      if (row['k'] === true) keptBuilder?.add(row);
    }
    if (rows.value.length < rowsPerFetch) break;
  }
  const cut = method.kind !== 'whole' && builder.rows >= limit;
  const left = cut
    ? [...plan.left, `the sample was cut off at ${limit} rows: the table has more than was estimated`]
    : plan.left;
  const { name } = table;
  const whole = builder.done({ name, size, units: unitsOf(method, table, builder.rows), left });
  if (keptBuilder === null) return ok({ whole, kept: null, keptRows });
  const part = builder.rows === 0 ? 0 : keptBuilder.rows / builder.rows;
  const kept = keptBuilder.done({
    name,
    size: { rows: keptRows ?? 0, counted: size.counted, atMost: size.rows },
    units: whole.units === null ? null : Math.round(whole.units * part),
    left,
  });
  return ok({ whole, kept, keptRows });
}

function unitsOf({ kind, percent }: SampleMethod, { pages }: TableInfo, rows: number): number | null {
  if (kind === 'whole') return null;
  return kind === 'bernoulli' ? rows : Math.min(rows, Math.round((pages * percent) / 100));
}
