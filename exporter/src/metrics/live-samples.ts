import { setImmediate as nextTurn } from 'node:timers/promises';
import type { Registry } from 'prom-client';
import { dashboardMetrics } from '../contract/live.ts';
import {
  escapeLabelValue,
  levelLimits,
  metricCatalogue,
  metricDomains,
  readService,
  readSnapshot,
  rememberFacts,
  unixSeconds,
  type Family,
  type LastKnownOfServices,
  type MetricName,
  type SampleValue,
  type ServiceReading,
} from '../contract/metrics/index.ts';
import type { Snapshot } from '../contract/snapshot.ts';
import type { ReadSamples, TakeSample } from '../runtime/live/samples.ts';
import type { Counters } from './counters.ts';
import { samplesOf } from './process.ts';

const servicesPerTurn = 64;
const families = Object.entries(metricCatalogue) as [MetricName, Family][];

/**
 * Reading these two sets prom-client's figures of the event loop's delay back to nothing, so they belong to the scrape alone.
 * Infos are always 1, and planned families have no samples.
 */
function isRecorded([name, family]: [MetricName, Family]): boolean {
  if (family.type === 'histogram' || family.unit === 'info' || family.from === 'planned') return false;
  return !name.startsWith('nodejs_eventloop_lag');
}

/** What a run-time alert or a dashboard can be about, the most useful first: what stands last is the first to find no room. */
export const recordedFamilies: readonly MetricName[] = sortUseful(families.filter(isRecorded).map(([name]) => name));

function sortUseful(names: readonly MetricName[]): MetricName[] {
  const first: readonly string[] = dashboardMetrics;
  const rank = (name: MetricName): number => {
    const place = first.indexOf(name);
    if (place !== -1) return place;
    // Moments and configured limits hardly change: their mean tells nothing that /metrics does not.
    const { unit } = metricCatalogue[name];
    return first.length + (unit === 'timestamp' || name in metricDomains.sla ? 1 : 0);
  };
  return [...names].sort((a, b) => rank(a) - rank(b));
}

/** The gauges and counters of the metrics page as numbers, for the points kept in memory. */
export function createSampleReader(parts: {
  readonly cluster: string;
  readonly counters: Counters;
  readonly processRegistry: Registry;
}): ReadSamples {
  const clusterLabel = `cluster="${escapeLabelValue(parts.cluster)}"`;
  let known: LastKnownOfServices = new Map();
  return async (snapshot, now, wanted, take) => {
    known = rememberFacts(known, snapshot);
    const services = await readServices(snapshot, known, now);
    for (const name of recordedFamilies) {
      if (!wanted(name)) continue;
      const family: Family = metricCatalogue[name];
      if (family.from === 'service') {
        for (const [i, reading] of services.entries()) {
          const { service } = reading.reading;
          family.read(reading.reading, emitter(name, family.own, reading.labels, +now, take));
          if (i % servicesPerTurn === servicesPerTurn - 1 && service !== undefined) await nextTurn();
        }
      } else if (family.from === 'snapshot') readWhole(name, snapshot, now, take);
      else if (family.from === 'event')
        for await (const text of parts.counters.ofServices(name)) {
          readText(name, text, clusterLabel, +now, take);
          await nextTurn();
        }
      else if (family.from === 'program')
        readText(name, await parts.counters.ofProgram(name), clusterLabel, +now, take);
      else if (family.from === 'process')
        readText(name, await samplesOf(parts.processRegistry, name), clusterLabel, +now, take);
    }
  };
}

interface LabelledReading {
  readonly reading: ServiceReading;
  readonly labels: string;
}

async function readServices(snapshot: Snapshot, known: LastKnownOfServices, now: Date): Promise<LabelledReading[]> {
  const limits = levelLimits(snapshot);
  const readings: LabelledReading[] = [];
  for (const service of snapshot.services) {
    const labels = `service="${escapeLabelValue(service.name)}",region="${escapeLabelValue(service.region)}"`;
    readings.push({ reading: readService(service, known, limits, +now), labels });
    if (readings.length % servicesPerTurn === 0) await nextTurn();
  }
  return readings;
}

function emitter(name: MetricName, own: readonly string[], labels: string, atMs: number, take: TakeSample) {
  return (value: SampleValue, ...values: string[]): void => {
    if (value === null) return;
    const number = typeof value === 'number' ? value : unixSeconds(value);
    if (!Number.isFinite(number)) return;
    const all = own.map((label, i) => `${label}="${escapeLabelValue(values[i] ?? '')}"`);
    take(name, [...(labels === '' ? [] : [labels]), ...all].join(','), atMs, number);
  };
}

/** The machine is read at its own pace: one reading is one point, at the moment it was read, so that rates are true. */
function readWhole(name: MetricName, snapshot: Snapshot, now: Date, take: TakeSample): void {
  const family: Family = metricCatalogue[name];
  if (family.from !== 'snapshot') return;
  const atMs = name in metricDomains.system ? Date.parse(snapshot.system.at) : +now;
  family.read(readSnapshot(snapshot, levelLimits(snapshot), +now), emitter(name, family.own, '', atMs, take));
}

/** Lines of the text format: `name{labels} value`. */
function readText(name: MetricName, text: Buffer, clusterLabel: string, atMs: number, take: TakeSample): void {
  for (const line of text.toString('utf8').split('\n')) {
    if (!line.startsWith(name)) continue;
    const space = line.lastIndexOf(' ');
    const value = Number(line.slice(space + 1));
    const inside = line[name.length] === '{' ? line.slice(name.length + 1, space - 1) : '';
    if (!Number.isFinite(value) || (inside === '' && line[name.length] !== ' ' && line[name.length] !== '{')) continue;
    const own = inside.startsWith(clusterLabel) ? inside.slice(clusterLabel.length).replace(/^,/, '') : inside;
    take(name, own, atMs, value);
  }
}
