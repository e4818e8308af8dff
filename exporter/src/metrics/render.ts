import { setImmediate as nextTurn } from 'node:timers/promises';
import type { Registry } from 'prom-client';
import {
  escapeLabelValue, levelLimits, metricCatalogue, readService, readSnapshot, rememberFacts,
  type Family, type LastKnownOfServices, type MetricName, type ServiceFamily, type ServiceReading, type SnapshotReading,
} from '../contract/metrics/index.ts';
import type { Snapshot } from '../contract/snapshot.ts';
import type { Counters } from './counters.ts';
import { createLineWriter, type Lines, type LineWriter } from './lines.ts';

/** Text format that Prometheus of every version reads; OpenMetrics would rename counters that the source documents fixed. */
export const metricsContentType = 'text/plain; version=0.0.4; charset=utf-8';

/** Samples written between two turns of the event loop: about a millisecond of work, so that health checks stay quick. */
const samplesPerChunk = 1000;
const servicesPerTurn = 200;

/** Takes one piece of the page; false ends the rendering (the reader is gone). May wait until the reader keeps up. */
export type WriteChunk = (chunk: string) => boolean | Promise<boolean>;

export interface MetricsPage {
  /** Facts of this snapshot are remembered, so that they outlive a failed read. Call it for every published snapshot. */
  observe(snapshot: Snapshot): void;
  /** Writes the whole page. Null: nothing was observed yet; heads and counters are written all the same. */
  render(snapshot: Snapshot | null, now: Date, write: WriteChunk): Promise<void>;
}

/**
 * Lines kept between scrapes while the same services stand at the same places of the snapshot. By family first: a page is written family
 * by family, so neighbours in memory are written one after the other.
 */
interface Kept {
  readonly services: readonly { readonly name: string; readonly region: string; readonly labels: string }[];
  readonly ofServices: ReadonlyMap<MetricName, Lines[]>;
  readonly ofProgram: ReadonlyMap<MetricName, Lines>;
}

const families = Object.entries(metricCatalogue) as [MetricName, Family][];
const heads = new Map(families.map(([name, family]) => [name, headOf(name, family)]));

function headOf(name: string, family: Family): string {
  const help = family.help.replaceAll('\\', '\\\\').replaceAll('\n', '\\n');
  return `# HELP ${name} ${help}\n# TYPE ${name} ${family.type}\n`;
}

export function createMetricsPage(parts: {
  readonly cluster: string;
  readonly counters: Counters;
  readonly processRegistry: Registry;
}): MetricsPage {
  const base = `cluster="${escapeLabelValue(parts.cluster)}"`;
  let kept = keepLines(base, []);
  let known: LastKnownOfServices = new Map();
  let observed: Snapshot | null = null;

  const observe = (snapshot: Snapshot): void => {
    if (snapshot === observed) return;
    known = rememberFacts(known, snapshot);
    observed = snapshot;
  };
  return {
    observe,
    async render(snapshot, now, write) {
      if (snapshot !== null) observe(snapshot);
      const services = snapshot === null ? [] : await readServices(snapshot, known, now);
      if (!fits(kept, services)) kept = keepLines(base, services);
      const whole = snapshot === null ? null : readSnapshot(snapshot, levelLimits(snapshot), +now);
      const out = createLineWriter();
      const lines = kept;
      for (const [name, family] of families) {
        out.append(heads.get(name) ?? '');
        const going = await renderFamily(name, family, { out, services, kept: lines, whole, base, parts, write });
        if (!going) return;
      }
      await flush(out, write);
    },
  };
}

interface Rendering {
  readonly out: LineWriter;
  readonly services: readonly ServiceReading[];
  readonly kept: Kept;
  readonly whole: SnapshotReading | null;
  readonly base: string;
  readonly parts: { readonly counters: Counters; readonly processRegistry: Registry };
  readonly write: WriteChunk;
}

/** False when the reader is gone. */
async function renderFamily(name: MetricName, family: Family, r: Rendering): Promise<boolean> {
  const { out } = r;
  switch (family.from) {
    case 'service':
      return renderServices(name, family, r);
    case 'snapshot':
      out.family(name, family.own);
      out.target(r.base, r.kept.ofProgram.get(name) ?? []);
      if (r.whole !== null) family.read(r.whole, out.emit);
      return true;
    case 'event':
      return renderEvents(name, r);
    case 'program':
      out.append(await r.parts.counters.programText(name));
      return true;
    case 'process':
      out.append(await processText(name, r.parts.processRegistry));
      return true;
  }
}

async function renderServices(name: MetricName, family: ServiceFamily, { out, services, kept, write }: Rendering): Promise<boolean> {
  const lines = kept.ofServices.get(name) ?? [];
  out.family(name, family.own);
  for (let i = 0; i < services.length; i += 1) {
    const reading = services[i];
    if (reading === undefined) continue;
    out.target(kept.services[i]?.labels ?? '', (lines[i] ??= []));
    family.read(reading, out.emit);
    if (out.count >= samplesPerChunk && !(await flush(out, write))) return false;
  }
  return true;
}

async function renderEvents(name: MetricName, { out, parts, write }: Rendering): Promise<boolean> {
  let length = 0;
  for await (const text of parts.counters.serviceTexts(name)) {
    out.append(text);
    length += text.length;
    if (length < 100_000) continue;
    length = 0;
    if (!(await flush(out, write))) return false;
  }
  return true;
}

async function processText(name: string, registry: Registry): Promise<string> {
  const text = await registry.getSingleMetricAsString(name);
  const end = text.indexOf('\n', text.indexOf('\n') + 1);
  return end === -1 ? '' : `${text.slice(end + 1)}\n`;
}

async function flush(out: LineWriter, write: WriteChunk): Promise<boolean> {
  const going = await write(out.take());
  if (going) await nextTurn();
  return going;
}

async function readServices(snapshot: Snapshot, known: LastKnownOfServices, now: Date): Promise<ServiceReading[]> {
  const limits = levelLimits(snapshot);
  const readings: ServiceReading[] = [];
  for (const service of snapshot.services) {
    readings.push(readService(service, known, limits, +now));
    if (readings.length % servicesPerTurn === 0) await nextTurn();
  }
  return readings;
}

function keepLines(base: string, services: readonly ServiceReading[]): Kept {
  return {
    services: services.map(({ service: { name, region } }) => ({
      name, region, labels: `${base},service="${escapeLabelValue(name)}",region="${escapeLabelValue(region)}"`,
    })),
    ofServices: new Map(families.map(([name]) => [name, []])),
    ofProgram: new Map(families.map(([name]) => [name, []])),
  };
}

/** A change of services or regions is rare: then everything is written anew once. Other labels are compared line by line. */
function fits(kept: Kept, services: readonly ServiceReading[]): boolean {
  return (
    kept.services.length === services.length &&
    kept.services.every(({ name, region }, i) => services[i]?.service.name === name && services[i].service.region === region)
  );
}
