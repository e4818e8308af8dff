import { defaultDashboardMetrics } from '../../contract/live.ts';
import { metricCatalogue, metricDomains, type Family, type MetricName } from '../../contract/metrics/index.ts';

const families = Object.entries(metricCatalogue) as [MetricName, Family][];

/**
 * Infos are always 1, planned families have no samples, and reading prom-client's figures of the event loop's delay sets them back to
 * nothing, so they belong to the scrape alone.
 */
function isRecorded([name, family]: [MetricName, Family]): boolean {
  if (family.type === 'histogram' || family.unit === 'info' || family.from === 'planned') return false;
  return !name.startsWith('nodejs_eventloop_lag');
}

function rankOf(name: MetricName): number {
  const first: readonly string[] = defaultDashboardMetrics;
  const place = first.indexOf(name);
  // Of the machine there are a few series, of services there may be thousands: they must not take all the room.
  if (place !== -1) return metricCatalogue[name].from === 'service' ? first.length + place : place;
  // Moments and configured limits hardly change: their mean tells nothing that /metrics does not.
  const isStill = metricCatalogue[name].unit === 'timestamp' || name in metricDomains.sla;
  return 2 * first.length + (isStill ? 1 : 0);
}

/** What a dashboard or a run-time alert can be about, the most useful first: what stands last is the first to find no room. */
export const recordedFamilies: readonly MetricName[] = families
  .filter(isRecorded)
  .map(([name]) => name)
  .sort((a, b) => rankOf(a) - rankOf(b));

const recorded: ReadonlySet<string> = new Set(recordedFamilies);

/** Null for what is not a gauge or counter that is recorded. */
export function recordedFamily(name: string): MetricName | null {
  return recorded.has(name) ? (name as MetricName) : null;
}

export function isCounter(name: MetricName): boolean {
  return metricCatalogue[name].type === 'counter';
}
