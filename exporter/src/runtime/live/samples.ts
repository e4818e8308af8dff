import type { MetricName } from '../../contract/metrics/index.ts';
import type { Snapshot } from '../../contract/snapshot.ts';

/** One number of the metrics page. `labels` as text without the cluster, e.g. `service="shop",region="eu"`. */
export type TakeSample = (family: MetricName, labels: string, atMs: number, value: number) => void;

/**
 * Reads the gauges and counters of this moment, the most useful families first. `wanted` is asked before each family. What is unknown
 * gives no sample. Comes in turns between which other work runs. The metrics layer makes the real one.
 */
export type ReadSamples = (
  snapshot: Snapshot,
  now: Date,
  wanted: (family: MetricName) => boolean,
  take: TakeSample,
) => Promise<void>;

/** `service="shop",region="eu"` as names and values; what does not parse is left out. */
export function labelsOf(text: string): Record<string, string> {
  const labels: Record<string, string> = {};
  for (const [, name = '', value = ''] of text.matchAll(/([a-zA-Z_]\w*)="((?:[^"\\]|\\.)*)"/g))
    labels[name] = value.replaceAll(/\\(.)/g, (_, escaped: string) => (escaped === 'n' ? '\n' : escaped));
  return labels;
}
