import type { TableSettings } from '../../core/quality/settings.ts';
import type { ColumnInfo, TableInfo } from './catalogue.ts';

/** How one column of a table is read: which expressions stand in the query, and what becomes of their values. */
export interface PlannedColumn {
  readonly info: ColumnInfo;
  readonly sensitive: boolean;
  /**
   * `number`: a number comes back. `parsed`: a text that is read as a number or time, because the configuration says so.
   * `text`: fingerprint, length and, where it is not sensitive, how it begins.
   */
  readonly reads: 'number' | 'parsed' | 'text';
  readonly form: 'numeric' | 'time' | 'text' | 'boolean' | 'categorical' | 'other';
}

export interface ColumnPlan {
  readonly columns: readonly PlannedColumn[];
  /** Columns that are not compared, with the reason. */
  readonly left: readonly string[];
}

const numbers = new Set(['smallint', 'integer', 'bigint', 'real', 'double precision', 'numeric', 'money', 'oid']);
/** A sample of more columns than this would not be bounded any more. */
const maxColumns = 200;
/** Larger values are compared by their stored size: they would have to be unpacked whole. */
const largeBytes = 8192;
const shownCharacters = 60;

/** Pure. */
export function planColumns(columns: readonly ColumnInfo[], settings: TableSettings): ColumnPlan {
  const read = columns.slice(0, maxColumns);
  return {
    columns: read.map((info) => {
      const sensitive = settings.sensitive.includes(info.name);
      return { info, sensitive, ...howToRead(info, settings.types[info.name]) };
    }),
    left:
      columns.length === read.length ? [] : [`only the first ${maxColumns} of ${columns.length} columns are compared`],
  };
}

function howToRead(
  { base, category }: ColumnInfo,
  stated: TableSettings['types'][string] | undefined,
): Pick<PlannedColumn, 'reads' | 'form'> {
  const isNumber = numbers.has(base);
  const isTime = category === 'D' || category === 'T';
  if (stated === 'text' || stated === 'categorical') return { reads: 'text', form: stated };
  if (stated === 'boolean' && !isNumber) return { reads: 'text', form: 'boolean' };
  if (isNumber) return { reads: 'number', form: 'numeric' };
  if (isTime) return { reads: 'number', form: 'time' };
  if (stated === 'numeric' || stated === 'time') return { reads: 'parsed', form: stated };
  if (category === 'B') return { reads: 'text', form: 'boolean' };
  const isText = category === 'S' || category === 'E' || base === 'uuid' || category === 'I';
  return { reads: 'text', form: isText ? 'text' : 'other' };
}

export interface SampleMethod {
  /** `whole`: every row. */
  readonly kind: 'whole' | 'bernoulli' | 'system';
  readonly percent: number;
}

/**
 * A table that is small enough is counted and sampled row by row, which reads all of it; of a larger one whole pages are taken and the
 * rows are estimated from the density of a part of its pages.
 */
export const readWholeBytes = 256 * 1024 * 1024;
/** Pages that the density is taken from: the estimate is off by about one in a hundred. */
export const densityPages = 8000;

/** `limit`: rows that may come; a little less is asked for, so that chance does not cut the sample off. Pure. */
export function chooseMethod(table: Pick<TableInfo, 'bytes'>, rows: number, limit: number): SampleMethod {
  if (rows <= limit) return { kind: 'whole', percent: 100 };
  const percent = Math.min(100, ((limit * 0.98) / rows) * 100);
  return { kind: table.bytes <= readWholeBytes ? 'bernoulli' : 'system', percent };
}

export function quoted(identifier: string): string {
  return `"${identifier.replaceAll('"', '""')}"`;
}

function tableName({ schema, table }: Pick<TableInfo, 'schema' | 'table'>): string {
  return `${quoted(schema)}.${quoted(table)}`;
}

/**
 * Whether the row was written before that transaction id (32 bits, as text), and so is as it was then. Null: not asked. Ids are compared
 * as PostgreSQL does, by their age.
 */
function keptSince(horizon: string): string {
  return `age(xmin) > age('${horizon}'::xid)`;
}

/** One row: `rows`, and `kept`, those written before the horizon. Of a density, `percent` of the pages are read. */
export function countQuery(
  table: Pick<TableInfo, 'schema' | 'table'>,
  percent: number,
  seed: number,
  horizon: string | null = null,
): string {
  const kept = horizon === null ? '' : `, count(*) filter (where ${keptSince(horizon)})::float8 as kept`;
  const clause = sampleClause({ kind: percent >= 100 ? 'whole' : 'system', percent }, seed);
  return `select count(*)::float8 as rows${kept} from ${tableName(table)}${clause}`;
}

export interface SampleQuery {
  readonly method: SampleMethod;
  readonly seed: number;
  readonly limit: number;
  readonly horizon: string | null;
}

/** Columns `n<i>`, `h<i>`, `l<i>`, `t<i>` by the place of the column in the plan, `r` of the whole row, `k` whether it was kept. */
export function sampleQuery(
  table: Pick<TableInfo, 'schema' | 'table'>,
  columns: readonly PlannedColumn[],
  { method, seed, limit, horizon }: SampleQuery,
): string {
  const selected = columns.flatMap((column, i) => expressions(column, i));
  const whole = columns.map(
    ({ info }) => `case when ${isLarge(info)} then '>' || ${size(info)}::text else ${text(info)} end`,
  );
  // Null gets a text that no value has, so that (null, 1) is not (1, null).
  const row = `array_to_string(array[${whole.join(', ')}]::text[], chr(31), chr(30))`;
  const all = [...selected, `${print(row)} as r`, ...(horizon === null ? [] : [`${keptSince(horizon)} as k`])];
  return `select ${all.join(', ')} from ${tableName(table)}${sampleClause(method, seed)} limit ${limit}`;
}

function sampleClause({ kind, percent }: SampleMethod, seed: number): string {
  return kind === 'whole' ? '' : ` tablesample ${kind} (${percent}) repeatable (${seed})`;
}

function expressions({ info, reads, form, sensitive }: PlannedColumn, i: number): string[] {
  const name = quoted(info.name);
  const ownPrint = `case when ${isLarge(info)} then ${size(info)}::float8 else ${print(text(info))} end as h${i}`;
  if (reads === 'number') {
    return [
      `${form === 'time' ? `extract(epoch from ${name})::float8` : numberOf(info)} as n${i}`,
      ...(sensitive ? [ownPrint] : []),
    ];
  }
  const begins = `case when ${isLarge(info)} then null else left(${text(info)}, ${shownCharacters}) end as t${i}`;
  if (reads === 'parsed') return [begins, ...(sensitive ? [ownPrint] : [])];
  const length = `case when ${isLarge(info)} then ${size(info)} else length(${text(info)}) end as l${i}`;
  return [ownPrint, length, ...(sensitive ? [] : [begins])];
}

/** As float8; a numeric beyond its range would be an error, and end the reading of the table. */
function numberOf({ name, base }: ColumnInfo): string {
  const value = quoted(name);
  if (base === 'money') return `${value}::numeric::float8`;
  if (base === 'oid') return `${value}::int8::float8`;
  if (base !== 'numeric') return `${value}::float8`;
  const special = `when ${value} is null then null when ${value} = 'NaN' then 'NaN'`;
  const beyond = `when ${value} > 1e308 then 'Infinity' when ${value} < -1e308 then '-Infinity' when ${value} between -1e-300 and 1e-300 then 0`;
  return `case ${special} ${beyond} else ${value}::float8 end`;
}

/** 52 bits of the text's hash, which a number holds exactly. The bytes count, whatever the collation calls equal. */
function print(expression: string): string {
  return `(hashtextextended((${expression}) collate "C", 0) & 4503599627370495)::float8`;
}

function text(info: ColumnInfo): string {
  return `${quoted(info.name)}::text`;
}

function size(info: ColumnInfo): string {
  return `pg_column_size(${quoted(info.name)})`;
}

/** False for null, where the size is not known. */
function isLarge(info: ColumnInfo): string {
  return `coalesce(${size(info)}, 0) > ${largeBytes}`;
}
