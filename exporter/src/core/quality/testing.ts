/** Builders of samples for tests. */
import type { NumberColumn, SampleColumn, TableSample, TextColumn } from './sample.ts';
import type { QualitySettings } from './settings.ts';

export const testSettings: QualitySettings = {
  significance: 0.05,
  effect: 0.1,
  categories: 20,
  limits: { minScore: 0.8, maxPrivacyRisk: 0.3, maxDivergence: 0.2 },
};

/** `length` values between 0 and 1 that look random and are always the same; `step` makes other ones. */
export function spread(length: number, step = 7919): number[] {
  return Array.from({ length }, (_, i) => (((i + 1) * step) % 1_000_003) / 1_000_003);
}

export function numbers(
  name: string,
  values: readonly (number | null)[],
  change: Partial<NumberColumn> = {},
): NumberColumn {
  return {
    name,
    type: 'double precision',
    nullable: true,
    sensitive: false,
    form: 'numeric',
    values: Float64Array.from(values, (value) => value ?? Number.NaN),
    prints: null,
    missing: values.filter((value) => value === null).length,
    invalid: 0,
    ...change,
  };
}

/** Print of a text for tests: the same for the same text. */
export function printOf(text: string): number {
  return [...text].reduce((print, character) => (print * 31 + (character.codePointAt(0) ?? 0)) % 2 ** 40, 7);
}

export function texts(name: string, values: readonly (string | null)[], change: Partial<TextColumn> = {}): TextColumn {
  const prints = Float64Array.from(values, (value) => (value === null ? Number.NaN : printOf(value)));
  return {
    name,
    type: 'text',
    nullable: true,
    sensitive: false,
    form: 'text',
    prints,
    lengths: Float64Array.from(values, (value) => value?.length ?? Number.NaN),
    labels: new Map(values.flatMap((value) => (value === null ? [] : [[printOf(value), value] as const]))),
    missing: values.filter((value) => value === null).length,
    invalid: 0,
    ...change,
  };
}

/** A table that was looked at whole, whose rows all differ. */
export function sampleOf(columns: readonly SampleColumn[], change: Partial<TableSample> = {}): TableSample {
  const first = columns[0];
  const rows = first === undefined ? 0 : 'values' in first ? first.values.length : first.prints.length;
  return {
    name: 'public.orders',
    size: { rows, counted: true },
    rows,
    units: null,
    columns,
    left: [],
    rowPrints: Float64Array.from({ length: rows }, (_, i) => i + 1),
    ...change,
  };
}
