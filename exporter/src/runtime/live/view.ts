import { setImmediate as nextTurn } from 'node:timers/promises';
import {
  aggregations,
  defaultDashboardMetrics,
  maxBuckets,
  maxDashboardMetrics,
  type Aggregation,
  type DashboardMetric,
  type DashboardMetricQuery,
  type DashboardQuery,
  type Dashboard,
  type LiveMetric,
} from '../../contract/live.ts';
import { fail, ok, type Outcome } from '../../contract/errors.ts';
import { metricCatalogue, type MetricName } from '../../contract/metrics/index.ts';
import { createBuckets, createRate, createTally, needsValues } from '../../core/window.ts';
import { isCounter, recordedFamily } from './families.ts';
import type { Ring, Series } from './ring.ts';

const minuteMs = 60_000;
const currentMs = 5 * minuteMs;
const hourMs = 60 * minuteMs;
const shownSeries = 100;
/** A day of one series is some ten thousand points. */
const seriesPerTurn = 16;

type Window = Pick<DashboardMetricQuery, 'duration_minutes' | 'aggregation' | 'resolution_seconds' | 'tags'>;

/** A query with its texts read. */
export interface View {
  readonly durationMs: number;
  readonly resolutionMs: number;
  readonly aggregation: Aggregation;
  readonly tags: Readonly<Record<string, string>>;
}

/** Errors: `aggregation_unknown`, `bad_request`. */
export function viewOf(query: Window): Outcome<View> {
  const aggregation = aggregations.find((known) => known === query.aggregation);
  if (aggregation === undefined)
    return fail(
      'aggregation_unknown',
      `there is no aggregation ${query.aggregation}; there are ${aggregations.join(', ')}`,
    );
  const buckets = (query.duration_minutes * 60) / query.resolution_seconds;
  if (buckets > maxBuckets)
    return fail(
      'bad_request',
      `${Math.ceil(buckets)} points are more than ${maxBuckets}: ask for a coarser resolution`,
    );
  const tags: Record<string, string> = {};
  // A value may hold commas; the next pair begins where a name and an equals sign follow one.
  for (const pair of (query.tags ?? '').split(/,(?=[A-Za-z_]\w*=)/)) {
    if (pair === '') continue;
    const equals = pair.indexOf('=');
    if (equals < 1) return fail('bad_request', 'tags are written name=value, several separated by commas');
    tags[pair.slice(0, equals)] = pair.slice(equals + 1);
  }
  return ok({
    durationMs: query.duration_minutes * minuteMs,
    resolutionMs: query.resolution_seconds * 1000,
    aggregation,
    tags,
  });
}

/** Names of a dashboard query, the usual ones when it names none. Errors: `bad_request`. */
export function metricsOf(query: DashboardQuery): Outcome<readonly string[]> {
  if (query.metrics === undefined) return ok(defaultDashboardMetrics);
  const names = [...new Set(query.metrics.split(',').map((name) => name.trim()))].filter((name) => name !== '');
  return names.length > maxDashboardMetrics
    ? fail('bad_request', `${names.length} metrics are more than ${maxDashboardMetrics}`)
    : ok(names);
}

/** Visits the values of one series in a window; a counter's are its rates. `fromMs` is not in it, `untilMs` is. */
export function eachValue(
  series: Series,
  fromMs: number,
  untilMs: number,
  visit: (atMs: number, value: number) => void,
): void {
  if (!isCounter(series.family)) {
    series.each(fromMs, untilMs, false, visit);
    return;
  }
  const rate = createRate();
  series.each(fromMs, untilMs, true, (atMs, total) => {
    const value = rate(atMs, total);
    if (value !== null) visit(atMs, value);
  });
}

/** Mean of one series in a window; null without data. */
export function meanOf(series: Series, fromMs: number, untilMs: number): number | null {
  const tally = createTally(false);
  eachValue(series, fromMs, untilMs, (_atMs, value) => tally.add(value));
  return tally.result('avg');
}

interface Numbers {
  readonly metric: LiveMetric;
  /** The asked aggregation over the last five minutes. */
  readonly currentValue: number | null;
  readonly hasData: boolean;
}

/** The points of all series together: a mean over services and time, as the aggregate of one metric. */
async function numbersOf(family: MetricName, series: readonly Series[], view: View, nowMs: number): Promise<Numbers> {
  const { durationMs, aggregation, resolutionMs } = view;
  const [hour, current, asked] = [
    createTally(false),
    createTally(needsValues(aggregation)),
    createTally(needsValues(aggregation)),
  ];
  const byTime = createBuckets(resolutionMs);
  let lastMs = -Infinity;
  for (const [i, one] of series.entries()) {
    lastMs = Math.max(lastMs, one.last.atMs);
    eachValue(one, nowMs - Math.max(durationMs, hourMs), nowMs, (atMs, value) => {
      const ageMs = nowMs - atMs;
      if (ageMs < hourMs) hour.add(value);
      if (ageMs < currentMs) current.add(value);
      if (ageMs >= durationMs) return;
      asked.add(value);
      byTime.add(atMs, value);
    });
    if (i % seriesPerTurn === seriesPerTurn - 1) await nextTurn();
  }
  const { help, unit } = metricCatalogue[family];
  const counts = isCounter(family);
  const metric: LiveMetric = {
    unit: counts ? `${unit}_per_second` : unit,
    kind: counts ? 'rate' : 'gauge',
    help,
    current: current.result('avg'),
    avg_1h: hour.result('avg'),
    max_1h: hour.result('max'),
    value: asked.result(aggregation),
    last_at: Number.isFinite(lastMs) ? new Date(lastMs).toISOString() : null,
    time_series: byTime.list().map(({ atMs, mean, min, max, count }) => ({
      timestamp: new Date(atMs).toISOString(),
      value: mean,
      min,
      max,
      count,
    })),
  };
  const hasData = hour.result('count') !== null || asked.result('count') !== null;
  return { metric, currentValue: current.result(aggregation), hasData };
}

/** Several metrics at once, in turns between which other work runs; those without data are named apart. */
export async function dashboardNumbers(
  ring: Ring,
  names: readonly string[],
  view: View,
  now: Date,
): Promise<Pick<Dashboard, 'metrics' | 'missing'>> {
  const metrics: Record<string, LiveMetric> = {};
  const missing: Dashboard['missing'] = [];
  for (const name of names) {
    const family = recordedFamily(name);
    const series = family === null ? [] : ring.select(family, view.tags);
    const numbers = family === null || series.length === 0 ? null : await numbersOf(family, series, view, +now);
    if (numbers?.hasData === true) metrics[name] = numbers.metric;
    else if (family === null) missing.push({ name, reason: 'metric_unknown' });
    else missing.push({ name, reason: numbers === null ? 'not_recorded' : 'no_data' });
    await nextTurn();
  }
  return { metrics, missing };
}

/** One metric with its series. Errors: `metric_unknown`. */
export async function metricNumbers(
  ring: Ring,
  name: string,
  query: Pick<DashboardMetricQuery, 'duration_minutes'>,
  view: View,
  now: Date,
): Promise<Outcome<DashboardMetric>> {
  const family = recordedFamily(name);
  if (family === null) return fail('metric_unknown', 'no gauge or counter of this name is recorded');
  const series = ring.select(family, view.tags);
  const { metric, currentValue, hasData } = await numbersOf(family, series, view, +now);
  return ok({
    at: now.toISOString(),
    metric_name: name,
    aggregation: view.aggregation,
    duration_minutes: query.duration_minutes,
    current_value: currentValue,
    ...metric,
    missing: hasData ? null : series.length === 0 ? 'not_recorded' : 'no_data',
    series: series.slice(0, shownSeries).map((one) => ({
      labels: one.labels,
      current: meanOf(one, +now - currentMs, +now),
      last: one.last.value,
      last_at: new Date(one.last.atMs).toISOString(),
    })),
    series_count: series.length,
  });
}
