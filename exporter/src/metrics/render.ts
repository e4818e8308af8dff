import { setImmediate as nextTurn } from 'node:timers/promises';
import type { Registry } from 'prom-client';
import {
  escapeLabelValue,
  levelLimits,
  metricCatalogue,
  readService,
  readSnapshot,
  rememberFacts,
  type Family,
  type LastKnownOfServices,
  type MetricName,
  type ServiceFamily,
  type ServiceReading,
  type SnapshotFamily,
  type SnapshotReading,
} from '../contract/metrics/index.ts';
import type { Snapshot } from '../contract/snapshot.ts';
import { createBlock, type Block } from './block.ts';
import type { Counters } from './counters.ts';
import { samplesOf } from './process.ts';

/** Text format that Prometheus of every version reads; OpenMetrics would rename counters that the source documents fixed. */
export const metricsContentType = 'text/plain; version=0.0.4; charset=utf-8';

/** Written between two turns of the event loop: some four hundred samples, half a millisecond of work, so that health checks stay quick. */
const bytesPerTurn = 48 * 1024;
/** Smaller pieces are put together before they are written. */
const bytesCopied = 16 * 1024;
const servicesPerBlock = 256;
/** Read between two turns: a service is some thirty objects. */
const servicesPerReading = 12;

/** Takes one piece of the page; false ends the rendering (the reader is gone). May wait until the reader keeps up. */
export type WriteChunk = (chunk: Buffer) => boolean | Promise<boolean>;

export interface MetricsPage {
  /** Facts of this snapshot are remembered, so that they outlive a failed read. Call it for every published snapshot. */
  observe(snapshot: Snapshot): void;
  /** Writes the whole page. Null: nothing was observed yet; heads and counters are written all the same. */
  render(snapshot: Snapshot | null, now: Date, write: WriteChunk): Promise<void>;
}

/**
 * What is kept between scrapes while the same services stand at the same places of the snapshot. `busy` while a scrape writes with it:
 * another scrape at the same time takes its own.
 */
interface Kept {
  readonly services: readonly { readonly name: string; readonly region: string; readonly labels: string }[];
  /** By family; each block holds servicesPerBlock services. */
  readonly blocks: ReadonlyMap<MetricName, readonly Block[]>;
  busy: boolean;
}

const families = Object.entries(metricCatalogue) as [MetricName, Family][];
const heads = new Map(families.map(([name, family]) => [name, headOf(name, family)]));

function headOf(name: string, family: Family): Buffer {
  const help = family.help.replaceAll('\\', '\\\\').replaceAll('\n', '\\n');
  return Buffer.from(`# HELP ${name} ${help}\n# TYPE ${name} ${family.type}\n`);
}

export function createMetricsPage(parts: {
  readonly cluster: string;
  readonly counters: Counters;
  readonly processRegistry: Registry;
}): MetricsPage {
  const cluster = `cluster="${escapeLabelValue(parts.cluster)}"`;
  let last: Kept | null = null;
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
      const kept = last !== null && !last.busy && fits(last, services) ? last : keep(cluster, services);
      last = kept;
      kept.busy = true;
      const out = createOutput(write);
      const whole = snapshot === null ? null : readSnapshot(snapshot, levelLimits(snapshot), +now);
      try {
        for (const [name, family] of families) {
          out.append(heads.get(name) ?? Buffer.alloc(0));
          if (!(await renderFamily(name, family, { ...parts, out, services, kept, whole, cluster }))) return;
        }
        await out.flush();
      } finally {
        kept.busy = false;
      }
    },
  };
}

interface Rendering {
  readonly out: Output;
  readonly services: readonly ServiceReading[];
  readonly kept: Kept;
  readonly whole: SnapshotReading | null;
  /** The label of the cluster as text. */
  readonly cluster: string;
  readonly counters: Counters;
  readonly processRegistry: Registry;
}

/** False when the reader is gone. */
async function renderFamily(name: MetricName, family: Family, r: Rendering): Promise<boolean> {
  switch (family.from) {
    case 'service':
      return renderServices(name, family, r);
    case 'snapshot':
      if (r.whole !== null) r.out.append(renderWhole(name, family, r.whole, r.cluster));
      return r.out.turn();
    case 'event':
      for await (const samples of r.counters.ofServices(name)) {
        r.out.append(samples);
        if (!(await r.out.turn())) return false;
      }
      return true;
    case 'program':
      r.out.append(await r.counters.ofProgram(name));
      return r.out.turn();
    case 'process':
      r.out.append(await samplesOf(r.processRegistry, name));
      return r.out.turn();
    case 'planned':
      return r.out.turn();
  }
}

async function renderServices(
  name: MetricName,
  family: ServiceFamily,
  { out, services, kept }: Rendering,
): Promise<boolean> {
  let first = 0;
  for (const block of kept.blocks.get(name) ?? []) {
    const end = Math.min(first + servicesPerBlock, services.length);
    block.begin();
    for (let i = first; i < end; i += 1) {
      const reading = services[i];
      const place = kept.services[i];
      if (reading === undefined || place === undefined) continue;
      block.target(place.labels);
      family.read(reading, block.emit);
    }
    first = end;
    out.append(block.bytes());
    if (!(await out.turn())) return false;
  }
  return true;
}

function renderWhole(name: MetricName, family: SnapshotFamily, whole: SnapshotReading, cluster: string): Buffer {
  const block = createBlock(name, family.own);
  block.begin();
  block.target(cluster);
  family.read(whole, block.emit);
  return block.bytes();
}

interface Output {
  append(bytes: Buffer): void;
  /** Writes and lets other work run when enough came together; false when the reader is gone. */
  turn(): Promise<boolean> | boolean;
  flush(): Promise<boolean>;
}

function createOutput(write: WriteChunk): Output {
  const chunks: Buffer[] = [];
  let small: Buffer[] = [];
  let length = 0;
  const join = (): void => {
    if (small.length > 0) chunks.push(Buffer.concat(small));
    small = [];
  };
  const flush = async (): Promise<boolean> => {
    join();
    for (const chunk of chunks.splice(0)) if (!(await write(chunk))) return false;
    length = 0;
    await nextTurn();
    return true;
  };
  return {
    append(bytes) {
      length += bytes.length;
      // Kept bytes are never written to again, so large ones go out as they are: copying a whole page costs more than reading it.
      if (bytes.length < bytesCopied) {
        small.push(bytes);
        return;
      }
      join();
      chunks.push(bytes);
    },
    turn: () => (length < bytesPerTurn ? true : flush()),
    flush,
  };
}

async function readServices(snapshot: Snapshot, known: LastKnownOfServices, now: Date): Promise<ServiceReading[]> {
  const limits = levelLimits(snapshot);
  const readings: ServiceReading[] = [];
  for (const service of snapshot.services) {
    readings.push(readService(service, known, limits, +now));
    if (readings.length % servicesPerReading === 0) await nextTurn();
  }
  return readings;
}

function keep(cluster: string, services: readonly ServiceReading[]): Kept {
  const blocksOf = (name: MetricName, own: readonly string[]): Block[] =>
    Array.from({ length: Math.ceil(services.length / servicesPerBlock) }, () => createBlock(name, own));
  return {
    services: services.map(({ service: { name, region } }) => ({
      name,
      region,
      labels: `${cluster},service="${escapeLabelValue(name)}",region="${escapeLabelValue(region)}"`,
    })),
    blocks: new Map(
      families.flatMap(([name, family]) => (family.from === 'service' ? [[name, blocksOf(name, family.own)]] : [])),
    ),
    busy: false,
  };
}

/** A change of services or regions is rare: then everything is written anew once. Other labels are compared line by line. */
function fits(kept: Kept, services: readonly ServiceReading[]): boolean {
  return (
    kept.services.length === services.length &&
    kept.services.every(
      ({ name, region }, i) => services[i]?.service.name === name && services[i].service.region === region,
    )
  );
}
