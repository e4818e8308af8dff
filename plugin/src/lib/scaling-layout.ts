import type { KnownForecast, LoadPoint, Scaling, ScalingLoad, ScalingMetric, ScalingRecord } from './scaling-api.ts';
import {
  bandPath,
  highestOf,
  holesOf,
  linePath,
  marksOf,
  scaleOf,
  spanOf,
  stepArea,
  stepPath,
  thinned,
  ticksOf,
  timeTicks,
  within,
  type Mark,
  type Place,
  type Scale,
  type TimeSpan,
} from './scaling-chart.ts';

/** Where everything in the drawing of load and instances stands, pixels from its upper left corner. Pure. */

export interface LoadInput {
  readonly load: ScalingLoad;
  readonly metric: ScalingMetric | undefined;
  readonly facts: Pick<Scaling, 'forecast' | 'decisions' | 'min' | 'max'>;
  readonly records: readonly ScalingRecord[];
  readonly hours: number;
  readonly nowMs: number;
  /** From UTC, of the zone in which the axis is labelled. */
  readonly offsetMs: number;
  readonly width: number;
}

/** One moment that can be read: measured, or forecast. */
export interface Moment {
  readonly at: string;
  readonly point: LoadPoint | null;
  readonly forecast: KnownForecast['points'][number] | null;
  /** What was done since the moment before. */
  readonly marks: readonly Mark[];
}

export interface LoadLayout {
  readonly width: number;
  readonly height: number;
  readonly span: TimeSpan;
  readonly plot: { readonly left: number; readonly right: number };
  readonly load: { readonly top: number; readonly bottom: number };
  readonly strip: { readonly top: number; readonly bottom: number };
  readonly count: { readonly top: number; readonly bottom: number };
  readonly xOf: Scale;
  readonly xToMs: Scale;
  readonly nowX: number;
  readonly timeTicks: readonly { readonly x: number; readonly ms: number }[];
  readonly loadTicks: readonly { readonly y: number; readonly value: number }[];
  readonly countTicks: readonly { readonly y: number; readonly value: number }[];
  readonly paths: {
    readonly load: string;
    /** What ready instances carry at the target; '' where the metric has none. */
    readonly carried: string;
    readonly forecast: string;
    readonly band: string;
    readonly ready: string;
    readonly readyArea: string;
    readonly desired: string;
  };
  readonly holes: readonly { readonly x: number; readonly width: number }[];
  readonly minY: number;
  readonly maxY: number;
  readonly marks: readonly { readonly mark: Mark; readonly x: number; readonly count: number }[];
  readonly moments: readonly Moment[];
  /** Index of the newest measured moment; -1: there is none. */
  readonly newest: number;
}

const room = { left: 46, right: 8, load: 150, strip: 26, count: 96, axis: 22, gap: 10, top: 8 } as const;

export function loadLayout(input: LoadInput): LoadLayout {
  const { load, facts, nowMs, offsetMs, width, metric } = input;
  const forecast = forecastOf(facts.forecast, load.metric);
  const span = spanOf(input.hours, nowMs, forecast, load.points[0]?.at ?? null);
  const plot = { left: room.left, right: Math.max(room.left + 40, width - room.right) };
  const rows = rowsOf();
  const xOf = scaleOf(span.fromMs, span.toMs, plot.left, plot.right);
  const points = within(load.points, span);
  const ahead = forecast === null ? [] : within(forecast.points, { fromMs: nowMs, toMs: span.toMs });
  const carries = carriedBy(metric);
  const loadTicks = ticksOf(
    highestOf(
      points.map(({ value }) => value),
      ahead.map(({ upper }) => upper),
      points.map(carries),
    ),
    4,
  );
  const countTicks = ticksOf(highestOf(points.map(({ ready }) => ready), points.map(({ desired }) => desired), [facts.max]), 4, true); // prettier-ignore
  const loadY = scaleOf(0, loadTicks.at(-1) ?? 1, rows.load.bottom, rows.load.top);
  const countY = scaleOf(0, countTicks.at(-1) ?? 1, rows.count.bottom, rows.count.top);
  const place = (value: (point: LoadPoint) => number | null, y: Scale): readonly Place[] =>
    points.map((point) => {
      const known = value(point);
      return { x: xOf(Date.parse(point.at)), y: known === null ? null : y(known) };
    });
  const nowX = xOf(nowMs);
  const ready = place((point) => point.ready, countY);
  const marks = marksOf(input.records, facts.decisions, span);
  const moments = momentsOf(points, ahead, marks);
  return {
    width,
    height: rows.count.bottom + room.axis,
    span,
    plot,
    ...rows,
    xOf,
    xToMs: scaleOf(plot.left, plot.right, span.fromMs, span.toMs),
    nowX,
    timeTicks: timeTicks(span, Math.max(2, Math.floor((plot.right - plot.left) / 60)), offsetMs).map((ms) => ({ x: xOf(ms), ms })), // prettier-ignore
    loadTicks: loadTicks.map((value) => ({ value, y: loadY(value) })),
    countTicks: countTicks.map((value) => ({ value, y: countY(value) })),
    paths: {
      load: linePath(place(({ value }) => value, loadY)),
      carried: stepPath(place(carries, loadY), nowX),
      forecast: linePath(ahead.map(({ at, mean }) => ({ x: xOf(Date.parse(at)), y: loadY(Math.max(0, mean)) }))),
      band: bandPath(ahead.map(({ at, lower, upper }) => ({ x: xOf(Date.parse(at)), low: loadY(Math.max(0, lower)), high: loadY(Math.max(0, upper)) }))), // prettier-ignore
      ready: stepPath(ready, nowX),
      readyArea: stepArea(ready, nowX, rows.count.bottom),
      desired: stepPath(place((point) => point.desired, countY), nowX), // prettier-ignore
    },
    holes: holesOf(points, span).map((hole) => ({ x: xOf(hole.fromMs), width: xOf(hole.toMs) - xOf(hole.fromMs) })),
    minY: countY(facts.min),
    maxY: countY(facts.max),
    marks: thinned(marks, xOf, 14),
    moments,
    newest: moments.findLastIndex(({ point }) => point !== null),
  };
}

function rowsOf(): Pick<LoadLayout, 'load' | 'strip' | 'count'> {
  const load = { top: room.top, bottom: room.top + room.load };
  const strip = { top: load.bottom + room.gap, bottom: load.bottom + room.gap + room.strip };
  const count = { top: strip.bottom + room.gap, bottom: strip.bottom + room.gap + room.count };
  return { load, strip, count };
}

/** A forecast of another metric has another unit: it does not belong into this drawing. */
function forecastOf(forecast: Scaling['forecast'], metric: string | null): KnownForecast | null {
  return forecast !== null && forecast.known && forecast.metric === metric ? forecast : null;
}

/** Demand that ready instances carry at the target, where the metric has one that instances share. */
function carriedBy(metric: ScalingMetric | undefined): (point: LoadPoint) => number | null {
  const target = metric === undefined || metric.scales === 'none' ? null : metric.target;
  return ({ ready }) => (target === null || ready === null ? null : ready * target);
}

function momentsOf(
  points: readonly LoadPoint[],
  ahead: readonly KnownForecast['points'][number][],
  marks: readonly Mark[],
): readonly Moment[] {
  const measured = points.map((point, index): Moment => {
    const until = Date.parse(point.at);
    const since = index === 0 ? -Infinity : Date.parse(points[index - 1]?.at ?? point.at);
    const done = marks.filter(({ atMs }) => atMs > since && atMs <= until);
    return { at: point.at, point, forecast: null, marks: done };
  });
  return [...measured, ...ahead.map((forecast): Moment => ({ at: forecast.at, point: null, forecast, marks: [] }))];
}
