import type { Link } from './links.ts';

/** Grafana's unit ids that the boards use. */
export type Unit =
  | 's'
  | 'bytes'
  | 'Bps'
  | 'percentunit'
  | 'short'
  | 'none'
  | 'reqps'
  | 'ops'
  | 'pps'
  | 'cores'
  | 'dateTimeAsIso'
  | 'bool_yes_no';

/** One PromQL expression and the name of its lines. A `target` is drawn as a dashed red line: what was promised, or a limit. */
export interface Query {
  readonly expr: string;
  readonly legend: string;
  readonly role: 'value' | 'target';
}

/** From `from` on (null: from the bottom) values have this colour. */
export interface Step {
  readonly from: number | null;
  readonly color: Color;
}
export type Color = 'green' | 'yellow' | 'orange' | 'dark-orange' | 'red' | 'blue' | 'text' | typeof grey;
/** Neither good nor bad; calm on a dark and on a light board, where the colour of text would glare. */
export const grey = '#7b8087';

/** Words for values: `{ '1': { text: 'up', color: 'green' } }`. */
export type Words = Readonly<Record<string, { readonly text: string; readonly color: Color }>>;

export interface Options {
  /** Of 24 columns. */
  readonly width?: number;
  /** Grid rows of 30 pixels. */
  readonly height?: number;
  /** What stands where there is no value: never a number. */
  readonly noValue?: string;
  readonly decimals?: number;
  readonly min?: number;
  readonly max?: number;
  readonly steps?: readonly Step[];
  readonly words?: Words;
  readonly links?: readonly Link[];
  readonly stacked?: boolean;
  /** Every line is bad news: shades of red instead of the palette, which would begin with green. */
  readonly bad?: boolean;
  /** A figure is shown by the name of its line: where a label is what matters. */
  readonly byName?: boolean;
}

/** A column of a table: one value a row, from an instant query that is aggregated by the table's keys. */
export interface Column {
  readonly title: string;
  readonly expr: string;
  readonly unit: Unit;
  /** What stands in a cell without a value, where the words of the panel do not fit. */
  readonly noValue?: string;
  /** One for shares, else as Grafana sees fit. */
  readonly decimals?: number;
  readonly steps?: readonly Step[];
  readonly words?: Words;
  readonly links?: readonly Link[];
}

interface Described extends Options {
  readonly title: string;
  readonly description: string;
  readonly unit: Unit;
}
export interface QueryPanel extends Described {
  readonly kind: 'stat' | 'gauge' | 'timeseries' | 'bars' | 'stateTimeline' | 'heatmap' | 'durations';
  readonly queries: readonly Query[];
}
export interface TablePanel extends Described {
  readonly kind: 'table';
  /** Labels that name a row. */
  readonly keys: readonly string[];
  /** Links of the key columns, by key. */
  readonly keyLinks: Readonly<Record<string, readonly Link[]>>;
  readonly columns: readonly Column[];
}
export type Panel = QueryPanel | TablePanel;

export function value(expr: string, legend: string): Query {
  return { expr, legend, role: 'value' };
}
export function target(expr: string, legend: string): Query {
  return { expr, legend: `target ${legend}`, role: 'target' };
}
/** Where an alert fires: nobody aims for it. */
export function limit(expr: string, legend: string): Query {
  return { expr, legend: `limit ${legend}`, role: 'target' };
}

type Kind = QueryPanel['kind'];
function queryPanel(kind: Kind, defaults: Options) {
  return (
    title: string,
    unit: Unit,
    description: string,
    queries: Query | readonly Query[],
    options: Options = {},
  ): QueryPanel => ({
    ...defaults,
    ...options,
    kind,
    title,
    unit,
    description,
    queries: 'expr' in queries ? [queries] : queries,
  });
}

/** Makes panels: `panel.stat('Oldest backup', 's', 'what it means', value(expr, legend))`. */
export const panel = {
  /** Figures of now. */
  stat: queryPanel('stat', { width: 4, height: 4 }),
  /** A figure of now on a scale with `min`, `max` and `steps`. */
  gauge: queryPanel('gauge', { width: 6, height: 7 }),
  /** Lines over time. */
  timeseries: queryPanel('timeseries', { width: 12, height: 9 }),
  /** What happened, as bars over time. */
  bars: queryPanel('bars', { width: 12, height: 9 }),
  /** States over time, one row a line of the query. */
  stateTimeline: queryPanel('stateTimeline', { width: 24, height: 9 }),
  /** One row a line of the query, colour by its value from 0 (red) to 1 (green). */
  heatmap: queryPanel('heatmap', { width: 24, height: 9 }),
  /** Distribution of durations: the query gives the buckets of a histogram, by le. */
  durations: queryPanel('durations', { width: 12, height: 9 }),
  table(
    title: string,
    description: string,
    keys: readonly string[],
    columns: readonly Column[],
    options: Options & { readonly keyLinks?: TablePanel['keyLinks'] } = {},
  ): TablePanel {
    const { keyLinks = {}, ...rest } = options;
    return { width: 24, height: 7, ...rest, kind: 'table', title, description, unit: 'short', keys, keyLinks, columns };
  },
} as const;

/** Colours of readiness: good above 0.8, a warning above 0.6. */
export const readinessSteps: readonly Step[] = [
  { from: null, color: 'red' },
  { from: 0.6, color: 'yellow' },
  { from: 0.8, color: 'green' },
];
/** Colours of a share of a limit: half of it is a warning, the limit itself is a breach. */
export const limitSteps: readonly Step[] = [
  { from: null, color: 'green' },
  { from: 0.5, color: 'yellow' },
  { from: 1, color: 'red' },
];
/** Anything above none is bad. */
export const noneSteps: readonly Step[] = [
  { from: null, color: 'green' },
  { from: 1, color: 'red' },
];
/** Anything below one is bad. */
export const allSteps: readonly Step[] = [
  { from: null, color: 'red' },
  { from: 1, color: 'green' },
];
/** Red from the limit on. */
export const above = (limit: number): readonly Step[] => [
  { from: null, color: 'green' },
  { from: limit, color: 'red' },
];
/** Red below the limit. */
export const below = (limit: number): readonly Step[] => [
  { from: null, color: 'red' },
  { from: limit, color: 'green' },
];
/** Time that is left: below zero it has run out. */
export const countdownSteps: readonly Step[] = [
  { from: null, color: 'red' },
  { from: 0, color: 'green' },
];

export const upOrDown: Words = { '1': { text: 'up', color: 'green' }, '0': { text: 'down', color: 'red' } };
export const passedOrFailed: Words = {
  '1': { text: 'passed', color: 'green' },
  '0': { text: 'failed', color: 'red' },
};
export const yesOrNo: Words = { '1': { text: 'yes', color: 'green' }, '0': { text: 'no', color: 'red' } };
export const keptOrBroken: Words = { '1': { text: 'kept', color: 'green' }, '0': { text: 'broken', color: 'red' } };
