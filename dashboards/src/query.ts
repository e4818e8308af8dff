import {
  metric,
  metricCatalogue,
  type Family,
  type LabelOf,
  type Matcher,
  type SeriesName,
  type SlaName,
} from '@genesis-dr/exporter/contract';
import { recorded, type RecordName } from './records.ts';

export type Matchers<N extends SeriesName> = { readonly [L in LabelOf<N>]?: Matcher };

/** Variables of a board that choose what it shows; each is a label too. */
export const scopeLabels = ['cluster', 'region', 'service'] as const;
export type ScopeLabel = (typeof scopeLabels)[number];

/** What makes one service. Aggregates keep both labels, so that links can name it. */
export const serviceKey = ['cluster', 'service'] as const;

const families: Readonly<Record<string, Family>> = metricCatalogue;

/** The family of a series name: of itself, or of the histogram that it belongs to. */
export function familyOf(series: string): Family | undefined {
  return families[series] ?? families[series.replace(/_(bucket|sum|count)$/, '')];
}

/**
 * Selector of a metric within the chosen clusters, regions and services, as far as it has these labels:
 * `scoped('genesis_region_up')` → `genesis_region_up{cluster=~"$cluster",region=~"$region"}`. Own matchers win.
 */
export function scoped<N extends SeriesName>(name: N, matchers: Matchers<N> = {}): string {
  const labels = familyOf(name)?.labels ?? [];
  const scope = Object.fromEntries(
    scopeLabels.filter((label) => labels.includes(label)).map((label) => [label, ['=~', `$${label}`]]),
  );
  return metric(name, { ...scope, ...matchers } as Matchers<N>);
}

type Labels<N extends SeriesName> = readonly LabelOf<N>[];

/** Several exporters say the same: the largest value of each group is one of them, never their sum. */
export function maxBy<N extends SeriesName>(labels: Labels<N>, name: N, matchers: Matchers<N> = {}): string {
  return `max by (${labels.join(', ')}) (${scoped(name, matchers)})`;
}

export function minBy<N extends SeriesName>(labels: Labels<N>, name: N, matchers: Matchers<N> = {}): string {
  return `min by (${labels.join(', ')}) (${scoped(name, matchers)})`;
}

/**
 * How often an event of the store happened in `window`. Exporters of one installation count the same events, so one of them is
 * taken before anything is summed.
 */
export function increaseBy<N extends SeriesName>(
  labels: Labels<N>,
  name: N,
  window: string,
  matchers: Matchers<N> = {},
): string {
  return `sum by (${labels.join(', ')}) (max without (instance) (increase(${scoped(name, matchers)}[${window}])))`;
}

/** Events a second of what each process counts for itself (requests, errors): these do add up. */
export function rateBy<N extends SeriesName>(
  labels: Labels<N>,
  name: N,
  window: string,
  matchers: Matchers<N> = {},
): string {
  const by = labels.length === 0 ? '' : ` by (${labels.join(', ')})`;
  return `sum${by} (rate(${scoped(name, matchers)}[${window}]))`;
}

/** Quantile of buckets that keep `le`; nothing, instead of NaN, where nothing was measured. */
export function quantile(q: number, buckets: string): string {
  return `histogram_quantile(${q}, ${buckets}) >= 0`;
}

/** Seconds since a moment; no result when it never came. */
export function since<N extends SeriesName>(labels: Labels<N>, name: N, matchers: Matchers<N> = {}): string {
  return `time() - ${maxBy(labels, name, matchers)}`;
}

/** The objective of each service, so that every panel compares with what was promised for it. */
export function objective(sla: SlaName): string {
  return maxBy(serviceKey, 'genesis_sla_threshold', { sla });
}

/** `value` as a share of `limit`, both per service: 1 is the limit itself. */
export function shareOf(value: string, limit: string): string {
  return `(${value}) / on (cluster, service) (${limit} > 0)`;
}

/** Recorded series have no region: keeps those whose service is in the chosen regions. */
export function recordedInScope<N extends RecordName>(
  name: N,
  matchers: Parameters<typeof recorded<N>>[1] = {},
): string {
  return `${recorded(name, matchers)} and on (cluster, service) ${scoped('genesis_service_info')}`;
}

/** A thousand lines are no picture: the `count` largest (or smallest) of each moment. */
export function largest(count: number, expr: string): string {
  return `topk(${count}, ${expr})`;
}
export function smallest(count: number, expr: string): string {
  return `bottomk(${count}, ${expr})`;
}

/** Lines of a panel over services. */
export const linesShown = 20;
