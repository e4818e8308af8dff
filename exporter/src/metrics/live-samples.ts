import { setImmediate as nextTurn } from 'node:timers/promises';
import type { Registry } from 'prom-client';
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
  type SnapshotFamily,
} from '../contract/metrics/index.ts';
import type { Snapshot } from '../contract/snapshot.ts';
import { recordedFamilies } from '../runtime/live/families.ts';
import type { ReadSamples, TakeSample } from '../runtime/live/samples.ts';
import type { Counters } from './counters.ts';
import { samplesOf } from './process.ts';

/** Between two turns of the event loop, so that health checks stay quick. */
const servicesPerTurn = 16;
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
    const read: Reading = { ...parts, snapshot, now, services, clusterLabel, take };
    for (const name of recordedFamilies) if (wanted(name)) await readFamily(name, read);
  };
}

interface Reading {
  readonly counters: Counters;
  readonly processRegistry: Registry;
  readonly snapshot: Snapshot;
  readonly now: Date;
  readonly services: readonly LabelledReading[];
  readonly clusterLabel: string;
  readonly take: TakeSample;
}

async function readFamily(name: MetricName, r: Reading): Promise<void> {
  const family: Family = metricCatalogue[name];
  const atMs = +r.now;
  switch (family.from) {
    case 'service':
      for (const [i, { reading, labels }] of r.services.entries()) {
        family.read(reading, emitter(name, family.own, labels, atMs, r.take));
        if (i % servicesPerTurn === servicesPerTurn - 1) await nextTurn();
      }
      return;
    case 'snapshot':
      return readWhole(name, family, r);
    case 'event':
      for await (const text of r.counters.ofServices(name)) {
        readText(name, text, r);
        await nextTurn();
      }
      return;
    case 'program':
      return readText(name, await r.counters.ofProgram(name), r);
    case 'process':
      return readText(name, await samplesOf(r.processRegistry, name), r);
    case 'planned':
      return;
  }
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
function readWhole(name: MetricName, family: SnapshotFamily, { snapshot, now, take }: Reading): void {
  const atMs = name in metricDomains.system ? Date.parse(snapshot.system.at) : +now;
  family.read(readSnapshot(snapshot, levelLimits(snapshot), +now), emitter(name, family.own, '', atMs, take));
}

/** Lines of the text format: `name{labels} value` or `name value`. */
function readText(name: MetricName, text: Buffer, { clusterLabel, now, take }: Reading): void {
  for (const line of text.toString('utf8').split('\n')) {
    const rest = line.slice(name.length);
    if (!line.startsWith(name) || !(rest.startsWith('{') || rest.startsWith(' '))) continue;
    const space = rest.lastIndexOf(' ');
    const value = Number(rest.slice(space + 1));
    if (!Number.isFinite(value)) continue;
    const labels = rest.startsWith('{') ? rest.slice(1, space - 1) : '';
    take(name, labels.startsWith(clusterLabel) ? labels.slice(clusterLabel.length + 1) : labels, +now, value);
  }
}
