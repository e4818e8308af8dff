import { correlationOf, type Correlation } from './correlation.ts';
import { inOrder } from './ordered.ts';
import { printsOf, type SensitivePrints } from './privacy.ts';
import type { NumberColumn, SampleColumn, TableSample, TableSize, TextColumn } from './sample.ts';

/** Values of a column in order, and what is told of them. */
export interface Distribution {
  /** Ascending: all values, or in a stored profile points that stand for as many of them each. */
  readonly points: ArrayLike<number>;
  /** Values of the sample. */
  readonly count: number;
  /** Null: no value is finite. */
  readonly mean: number | null;
  /** Of the sample; null for a single value. */
  readonly deviation: number | null;
}

export interface ColumnProfile {
  readonly name: string;
  readonly type: string;
  readonly nullable: boolean;
  readonly sensitive: boolean;
  readonly form: SampleColumn['form'];
  readonly present: number;
  readonly missing: number;
  readonly invalid: number;
  readonly distinct: number;
  /** Of the numbers, or of the lengths of texts. Null: no value, or it is sensitive and the profile was stored. */
  readonly distribution: Distribution | null;
  /** Values and how often each came; null: too many, or it is sensitive and the profile was stored. */
  readonly categories: Readonly<Record<string, number>> | null;
}

/** All that a comparison asks of one side. */
export interface TableProfile {
  readonly name: string;
  readonly size: TableSize;
  readonly rows: number;
  readonly units: number | null;
  /** Rows that are wholly like an earlier one. */
  readonly duplicates: number;
  readonly columns: readonly ColumnProfile[];
  readonly left: readonly string[];
  readonly correlation: Correlation;
  /** Null: nothing is sensitive, or the profile was stored. */
  readonly sensitive: SensitivePrints | null;
}

/** Values of a column that are counted one by one, at most. */
const maxCategories = 1000;

/** Uses up the sample: its arrays are put in order in place, because a copy of them would double the memory. Pure otherwise. */
export function profileOf(sample: TableSample): TableProfile {
  const correlation = correlationOf(sample.columns);
  const sensitive = printsOf(sample.columns);
  sample.rowPrints.sort();
  return {
    name: sample.name,
    size: sample.size,
    rows: sample.rows,
    units: sample.units,
    duplicates: sample.rows - distinctOf(sample.rowPrints),
    columns: sample.columns.map(profileColumn),
    left: sample.left,
    correlation,
    sensitive,
  };
}

function profileColumn(column: SampleColumn): ColumnProfile {
  const { name, type, nullable, sensitive, form, invalid, missing } = column;
  const common = { name, type, nullable, sensitive, form, invalid, missing };
  return 'values' in column ? { ...common, ...profileNumbers(column) } : { ...common, ...profileTexts(column) };
}

type Measured = Pick<ColumnProfile, 'present' | 'distinct' | 'distribution' | 'categories'>;

function profileNumbers({ values }: NumberColumn): Measured {
  const ordered = inOrder(values);
  const runs = runsOf(ordered);
  return {
    present: ordered.length,
    distinct: runs.distinct,
    distribution: distributionOf(ordered),
    categories: runs.counts === null ? null : Object.fromEntries(runs.counts.map(([v, n]) => [String(v), n])),
  };
}

function profileTexts({ prints, lengths, labels, sensitive }: TextColumn): Measured {
  const ordered = inOrder(prints);
  const runs = runsOf(ordered);
  const label = (print: number): string => labels?.get(print) ?? `#${print.toString(16)}`;
  return {
    present: ordered.length,
    distinct: runs.distinct,
    distribution: distributionOf(inOrder(lengths)),
    categories: runs.counts === null || (labels === null && !sensitive) ? null : countByLabel(runs.counts, label),
  };
}

/** Long texts that begin alike have one label. */
function countByLabel(counts: readonly (readonly [number, number])[], label: (print: number) => string) {
  const byLabel: Record<string, number> = {};
  for (const [print, count] of counts) {
    const text = label(print);
    byLabel[text] = (Object.hasOwn(byLabel, text) ? byLabel[text]! : 0) + count;
  }
  return byLabel;
}

function runsOf(ordered: Float64Array): { distinct: number; counts: readonly (readonly [number, number])[] | null } {
  let distinct = 0;
  const counts: [number, number][] = [];
  for (let start = 0; start < ordered.length;) {
    let end = start + 1;
    while (end < ordered.length && ordered[end] === ordered[start]) end += 1;
    distinct += 1;
    if (distinct <= maxCategories) counts.push([ordered[start]!, end - start]);
    start = end;
  }
  return { distinct, counts: distinct <= maxCategories ? counts : null };
}

function distinctOf(ordered: Float64Array): number {
  return runsOf(ordered).distinct;
}

/** Mean and deviation of what is finite. Welford's method: the sum of squares of large numbers would lose their differences. */
function distributionOf(ordered: Float64Array): Distribution | null {
  if (ordered.length === 0) return null;
  let [mean, squares, count] = [0, 0, 0];
  for (const value of ordered) {
    if (!Number.isFinite(value)) continue;
    count += 1;
    const before = value - mean;
    mean += before / count;
    squares += before * (value - mean);
  }
  const deviation = count < 2 ? null : Math.sqrt(squares / (count - 1));
  return {
    points: ordered,
    count: ordered.length,
    mean: count > 0 && Number.isFinite(mean) ? mean : null,
    deviation: deviation !== null && Number.isFinite(deviation) ? deviation : null,
  };
}
