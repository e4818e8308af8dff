import type { SampleColumn, TableSample } from '../../core/quality/sample.ts';
import type { PlannedColumn } from './columns.ts';

/** As many numbers as are expected, and more where they come. */
class Growing {
  #values: Float64Array;
  #length = 0;

  constructor(expected: number) {
    this.#values = new Float64Array(Math.max(16, expected));
  }

  add(value: number): void {
    if (this.#length === this.#values.length) {
      const larger = new Float64Array(this.#length * 2);
      larger.set(this.#values);
      this.#values = larger;
    }
    this.#values[this.#length] = value;
    this.#length += 1;
  }

  get values(): Float64Array {
    return this.#values.subarray(0, this.#length);
  }
}

/** Texts that are kept of a column beside their fingerprints, at most. */
const maxLabels = 1000;

type Row = Readonly<Record<string, unknown>>;

interface ColumnBuilder {
  add(row: Row): void;
  done(): SampleColumn;
}

export interface SampleBuilder {
  readonly rows: number;
  add(row: Row): void;
  done(of: Pick<TableSample, 'name' | 'size' | 'units' | 'left'>): TableSample;
}

/** Arrays that a column needs for each row, for the bound on memory. */
export function cellsOf({ reads, sensitive }: PlannedColumn): number {
  return reads === 'text' ? 2 : sensitive ? 2 : 1;
}

/** Takes rows as `sampleQuery` names their columns; about `expected` will come. */
export function createSampleBuilder(columns: readonly PlannedColumn[], expected: number): SampleBuilder {
  const builders = columns.map((column, i) =>
    column.reads === 'text' ? textBuilder(column, i, expected) : numberBuilder(column, i, expected),
  );
  const rowPrints = new Growing(expected);
  let rows = 0;
  return {
    get rows() {
      return rows;
    },
    add(row) {
      rows += 1;
      for (const builder of builders) builder.add(row);
      rowPrints.add(asNumber(row['r']));
    },
    done: (of) => ({ ...of, rows, columns: builders.map((builder) => builder.done()), rowPrints: rowPrints.values }),
  };
}

function commonOf({ info, sensitive }: PlannedColumn) {
  return { name: info.name, type: info.type, nullable: info.nullable, sensitive };
}

function numberBuilder(column: PlannedColumn, i: number, expected: number): ColumnBuilder {
  const values = new Growing(expected);
  const prints = column.sensitive ? new Growing(expected) : null;
  const form = column.form === 'time' ? 'time' : 'numeric';
  let [missing, invalid] = [0, 0];
  return {
    add(row) {
      const raw = column.reads === 'parsed' ? row[`t${i}`] : row[`n${i}`];
      const value =
        raw === null || raw === undefined ? Number.NaN : column.reads === 'parsed' ? parse(raw, form) : Number(raw);
      if (raw === null || raw === undefined) missing += 1;
      else if (Number.isNaN(value)) invalid += 1;
      values.add(value);
      prints?.add(asNumber(row[`h${i}`]));
    },
    done: () => ({
      ...commonOf(column),
      form,
      values: values.values,
      prints: prints?.values ?? null,
      missing,
      invalid,
    }),
  };
}

function textBuilder(column: PlannedColumn, i: number, expected: number): ColumnBuilder {
  const [prints, lengths] = [new Growing(expected), new Growing(expected)];
  let labels: Map<number, string> | null = column.sensitive ? null : new Map();
  let missing = 0;
  const form = column.form === 'numeric' || column.form === 'time' ? 'text' : column.form;
  return {
    add(row) {
      const print = asNumber(row[`h${i}`]);
      prints.add(print);
      lengths.add(asNumber(row[`l${i}`]));
      if (Number.isNaN(print)) missing += 1;
      else if (labels !== null && !labels.has(print)) {
        const shown = row[`t${i}`];
        labels.set(print, typeof shown === 'string' ? shown : `${String(row[`l${i}`])} bytes`);
        if (labels.size > maxLabels) labels = null;
      }
    },
    done: () => ({
      ...commonOf(column),
      form,
      prints: prints.values,
      lengths: lengths.values,
      labels,
      missing,
      invalid: 0,
    }),
  };
}

function asNumber(value: unknown): number {
  return value === null || value === undefined ? Number.NaN : Number(value);
}

/** NaN: it is not what the configuration says. Times without a zone are taken as UTC on both sides alike. */
function parse(raw: unknown, form: 'numeric' | 'time'): number {
  const text = String(raw).trim();
  if (text === '') return Number.NaN;
  return form === 'numeric' ? Number(text) : Date.parse(text) / 1000;
}
