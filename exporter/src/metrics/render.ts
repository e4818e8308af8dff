import { setImmediate as nextTurn } from 'node:timers/promises';
import type { Registry } from 'prom-client';
import {
  escapeLabelValue, levelLimits, metricCatalogue, readService, readSnapshot, rememberFacts,
  type Family, type LastKnownOfServices, type MetricName, type ServiceReading, type SnapshotReading,
} from '../contract/metrics/index.ts';
import type { ServiceSnapshot, Snapshot } from '../contract/snapshot.ts';
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

/** Kept lines of one service, by family; dropped when its labels change. */
interface ServiceLines {
  readonly region: string;
  readonly base: string;
  readonly families: Map<MetricName, Lines>;
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
  const kept = new Map<string, ServiceLines>();
  const programLines = new Map<MetricName, Lines>();
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
      forgetGone(kept, services);
      const targets = services.map((reading) => ({ reading, lines: linesOf(kept, base, reading.service) }));
      const whole = snapshot === null ? null : readSnapshot(snapshot, levelLimits(snapshot), +now);
      const out = createLineWriter();
      for (const [name, family] of families) {
        out.append(heads.get(name) ?? '');
        const going = await renderFamily(name, family, { out, targets, whole, base, programLines, parts, write });
        if (!going) return;
      }
      await flush(out, write);
    },
  };
}

interface Rendering {
  readonly out: LineWriter;
  readonly targets: readonly { readonly reading: ServiceReading; readonly lines: ServiceLines }[];
  readonly whole: SnapshotReading | null;
  readonly base: string;
  readonly programLines: Map<MetricName, Lines>;
  readonly parts: { readonly counters: Counters; readonly processRegistry: Registry };
  readonly write: WriteChunk;
}

/** False when the reader is gone. */
async function renderFamily(name: MetricName, family: Family, r: Rendering): Promise<boolean> {
  const { out } = r;
  switch (family.from) {
    case 'service':
      out.family(name, family.own);
      for (const { reading, lines } of r.targets) {
        out.target(lines.base, keptLines(lines.families, name));
        family.read(reading, out.emit);
        if (out.count >= samplesPerChunk) {
          if (!(await flush(out, r.write))) return false;
          // Another turn may have begun another family of another scrape; this writer is this scrape's own.
        }
      }
      return true;
    case 'snapshot':
      out.family(name, family.own);
      out.target(r.base, keptLines(r.programLines, name));
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

function keptLines(byFamily: Map<MetricName, Lines>, name: MetricName): Lines {
  let lines = byFamily.get(name);
  if (lines === undefined) byFamily.set(name, (lines = []));
  return lines;
}

function linesOf(kept: Map<string, ServiceLines>, base: string, service: ServiceSnapshot): ServiceLines {
  const before = kept.get(service.name);
  if (before?.region === service.region) return before;
  const labels = `${base},service="${escapeLabelValue(service.name)}",region="${escapeLabelValue(service.region)}"`;
  const lines: ServiceLines = { region: service.region, base: labels, families: new Map() };
  kept.set(service.name, lines);
  return lines;
}

function forgetGone(kept: Map<string, ServiceLines>, services: readonly ServiceReading[]): void {
  if (kept.size === 0) return;
  const names = new Set(services.map((r) => r.service.name));
  for (const name of kept.keys()) if (!names.has(name)) kept.delete(name);
}
