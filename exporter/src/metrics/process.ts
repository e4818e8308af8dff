import { readFileSync } from 'node:fs';
import { collectDefaultMetrics, Gauge, Registry } from 'prom-client';
import { metricCatalogue } from '../contract/metrics/index.ts';

/**
 * Metrics of this process from prom-client, without those whose names or types `promtool check metrics` finds fault with
 * (e.g. nodejs_active_handles_total, a gauge): only what the catalogue lists stays. Threads are read from /proc, absent elsewhere.
 */
/** Between two looks at the lag of the event loop: the usual 10 ms are two thirds of all that wakes an idle server up. */
const lagPrecisionMs = 100;

export function createProcessRegistry(): Registry {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry, eventLoopMonitoringPrecision: lagPrecisionMs });
  const catalogue: Readonly<Record<string, unknown>> = metricCatalogue;
  for (const { name } of registry.getMetricsAsArray())
    if (catalogue[name] === undefined) registry.removeSingleMetric(name);
  new Gauge({
    name: 'process_threads',
    help: metricCatalogue.process_threads.help,
    registers: [registry],
    collect() {
      const threads = readThreads();
      if (threads === null) this.remove();
      else this.set(threads);
    },
  });
  return registry;
}

/** Null where the platform does not tell. */
function readThreads(): number | null {
  if (process.platform !== 'linux') return null;
  const match = /^Threads:\s+(\d+)$/m.exec(readFileSync('/proc/self/status', 'utf8'));
  return match?.[1] === undefined ? null : Number(match[1]);
}

/** Samples of one family of a prom-client registry; it prints HELP and TYPE first, the page has its own. */
export async function samplesOf(registry: Registry, name: string): Promise<Buffer> {
  const text = await registry.getSingleMetricAsString(name);
  const end = text.indexOf('\n', text.indexOf('\n') + 1);
  return Buffer.from(end === -1 ? '' : `${text.slice(end + 1)}\n`);
}
