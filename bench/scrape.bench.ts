/**
 * Scrape of 100,000 series over HTTP: the page of Genesis against prom-client with the same series and against a ready buffer, and the
 * latency of /healthz meanwhile. Run: node bench/scrape.bench.ts [--rounds 9] [--write docs/evidence/scrape.md]
 * The server runs here, readers run in processes of their own, rounds are interleaved, figures are medians.
 */
import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import http from 'node:http';
import type { AddressInfo } from 'node:net';
import { cpus } from 'node:os';
import { parseArgs } from 'node:util';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { Counter, Gauge, Histogram, Registry } from 'prom-client';
import { metricCatalogue, type Family, type ServiceSnapshot, type Snapshot } from '../exporter/src/contract/index.ts';
import { serviceWith, snapshotWith, testNow } from '../exporter/src/contract/testing.ts';
import { createCounters } from '../exporter/src/metrics/counters.ts';
import { createProcessRegistry } from '../exporter/src/metrics/process.ts';
import { createMetricsPage } from '../exporter/src/metrics/render.ts';
import { writeInto } from '../exporter/src/metrics/stream.ts';
import { parsePage, type Sample } from '../exporter/src/metrics/testing.ts';

const wantedSeries = 100_000;
const median = (values: readonly number[]): number =>
  [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;
const percentile = (values: readonly number[], p: number): number =>
  [...values].sort((a, b) => a - b)[Math.min(values.length - 1, Math.floor(values.length * p))] ?? Number.NaN;

/** A reader: asks for pages when told to, or probes /healthz every 10 ms and takes the time from when each probe was due. */
async function runReader(): Promise<void> {
  const agent = new http.Agent({ keepAlive: true });
  const read = (url: string): Promise<number> =>
    new Promise((resolve, reject) => {
      const begin = performance.now();
      http
        .get(url, { agent }, (res) =>
          res.on('data', () => undefined).on('end', () => resolve(performance.now() - begin)),
        )
        .on('error', reject);
    });
  process.on('message', (task: { url: string; probeMs?: number }) => {
    const work = task.probeMs === undefined ? read(task.url) : probe(task.url, task.probeMs, read);
    work.then(
      (answer) => process.send?.({ answer }),
      (error: unknown) => process.send?.({ error: String(error) }),
    );
  });
}
async function probe(url: string, forMs: number, read: (url: string) => Promise<number>): Promise<number[]> {
  const begin = performance.now();
  const probes: Promise<number>[] = [];
  for (let due = begin; due < begin + forMs; due += 10) {
    const wait = due - performance.now();
    if (wait > 0) await new Promise((resolve) => setTimeout(resolve, wait));
    probes.push(read(url).then(() => performance.now() - due));
  }
  return Promise.all(probes);
}
function startReader(): { ask<T>(task: { url: string; probeMs?: number }): Promise<T>; stop(): void } {
  const child: ChildProcess = fork(new URL(import.meta.url), ['--reader']);
  return {
    async ask<T>(task: { url: string; probeMs?: number }): Promise<T> {
      child.send(task);
      const [message] = (await once(child, 'message')) as [{ answer?: T; error?: string }];
      if (message.answer === undefined) throw new Error(message.error);
      return message.answer;
    },
    stop: () => void child.kill(),
  };
}

/** A snapshot as a tick makes it: nothing of it is the object of the tick before, and some values are new. */
function nextSnapshot(services: number, tick: number): Snapshot {
  const at = new Date(+testNow + tick * 10_000).toISOString();
  const list = Array.from({ length: services }, (_, i): ServiceSnapshot => {
    const service = structuredClone(
      serviceWith({ name: `service-${i}`, region: `region-${i % 5}`, team: `team-${i % 20}` }),
    );
    const moved = JSON.parse(
      JSON.stringify(service, (key, value: unknown) => (key === 'at' ? at : value)),
    ) as ServiceSnapshot;
    return { ...moved, readiness: { ...moved.readiness, score: ((i + tick) % 97) / 97 } };
  });
  const base = snapshotWith();
  return { ...base, at, services: list, system: { ...base.system, at } };
}

/** prom-client with the same series: gauges set from the samples, counters and histograms begun at 0 as Genesis begins them. */
function peerRegistry(samples: readonly Sample[], services: readonly ServiceSnapshot[], withEvents: boolean): Registry {
  const registry = new Registry();
  const gauges = new Map<string, Gauge>();
  for (const [name, family] of Object.entries<Family>(metricCatalogue)) {
    const base = { name, help: family.help, labelNames: [...family.labels], registers: [registry] };
    if (family.from === 'service' || family.from === 'snapshot') gauges.set(name, new Gauge(base));
    if (family.from !== 'event' || !withEvents) continue;
    const counter = family.type === 'histogram' ? null : new Counter(base);
    const histogram = counter === null ? new Histogram({ ...base, buckets: [...(family.buckets ?? [])] }) : null;
    for (const service of services) {
      for (const labels of family.initial(service)) {
        const all = { cluster: 'test', service: service.name, region: service.region, ...labels };
        counter?.inc(all, 0);
        histogram?.zero(all);
      }
    }
  }
  for (const sample of samples) gauges.get(sample.name)?.set(sample.labels, sample.value);
  return registry;
}

interface Result {
  readonly title: string;
  readonly series: number;
  readonly megabytes: number;
  readonly genesisMs: number;
  readonly promClientMs: number;
  readonly readyMs: number;
  readonly toPromClient: number;
  readonly toReady: number;
  /** Processor time of the server, which a busy machine distorts less. */
  readonly cpuMs: number;
  readonly promClientCpuMs: number;
  readonly healthIdleP99: number;
  readonly healthScrapeP99: number;
}

async function measure(title: string, services: number, withEvents: boolean, rounds: number): Promise<Result> {
  const counters = createCounters({ cluster: 'test' });
  const page = createMetricsPage({ cluster: 'test', counters, processRegistry: createProcessRegistry() });
  let tick = 0;
  let snapshot = nextSnapshot(services, tick);
  const following = nextSnapshot(services, 1);
  if (withEvents) counters.initialise(snapshot.services);
  const now = (): Date => new Date(Date.parse(snapshot.at) + 1234 + tick);
  const pieces: Buffer[] = [];
  await page.render(snapshot, now(), (chunk) => pieces.push(chunk) > 0);
  const ready = Buffer.concat(pieces);
  const { samples } = parsePage(ready.toString());
  let peer: Registry | null = null;
  const server = http.createServer((req, res) => {
    const answers: Record<string, () => Promise<unknown> | unknown> = {
      '/genesis': async () => (await page.render(snapshot, now(), writeInto(res)), res.end()),
      '/prom-client': async () => res.end(await peer?.metrics()),
      '/ready': () => res.end(ready),
      '/healthz': () => res.end('ok\n'),
    };
    void answers[req.url ?? '']?.();
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const reader = startReader();
  const prober = startReader();
  // First, while nothing of the peer fills the heap: /healthz alone, then during scrapes that each meet another snapshot.
  collectGarbage();
  const idle = await prober.ask<number[]>({ url: `${base}/healthz`, probeMs: 4000 });
  let scraping = true;
  const scrapes = (async () => {
    const [one, other] = [snapshot, following];
    for (; scraping; tick += 1) {
      snapshot = tick % 2 === 0 ? one : other;
      await reader.ask<number>({ url: `${base}/genesis` });
      await new Promise((resolve) => setTimeout(resolve, 500));
    }
  })();
  const busy = await prober.ask<number[]>({ url: `${base}/healthz`, probeMs: 8000 });
  scraping = false;
  await scrapes;

  peer = peerRegistry(samples, snapshot.services, withEvents);
  const times: Record<'genesis' | 'prom-client' | 'ready', number[]> = { genesis: [], 'prom-client': [], ready: [] };
  const cpu: typeof times = { genesis: [], 'prom-client': [], ready: [] };
  for (let round = -1; round < rounds; round += 1) {
    tick += 1;
    snapshot = nextSnapshot(services, tick);
    for (const what of ['genesis', 'prom-client', 'ready'] as const) {
      collectGarbage(); // nobody pays for the garbage of the one before
      const before = process.cpuUsage();
      const ms = await reader.ask<number>({ url: `${base}/${what}` });
      const { user, system } = process.cpuUsage(before);
      if (round < 0) continue; // the first round warms up
      times[what].push(ms);
      cpu[what].push((user + system) / 1000);
    }
  }
  reader.stop();
  prober.stop();
  server.close();
  server.closeAllConnections();
  return {
    title,
    series: samples.length,
    megabytes: ready.length / 1e6,
    genesisMs: median(times.genesis),
    promClientMs: median(times['prom-client']),
    readyMs: median(times.ready),
    toPromClient: median(times.genesis.map((t, i) => t / (times['prom-client'][i] ?? Number.NaN))),
    cpuMs: median(cpu.genesis),
    promClientCpuMs: median(cpu['prom-client']),
    toReady: median(times.genesis.map((t, i) => t / (times.ready[i] ?? Number.NaN))),
    healthIdleP99: percentile(idle, 0.99),
    healthScrapeP99: percentile(busy, 0.99),
  };
}

/** So that building the input is not charged to what is measured. */
function collectGarbage(): void {
  setFlagsFromString('--expose-gc');
  (runInNewContext('gc') as () => void)();
}

/** How many services give the wanted number of series. */
async function servicesFor(withEvents: boolean): Promise<number> {
  const counters = createCounters({ cluster: 'test' });
  const snapshot = nextSnapshot(1, 0);
  if (withEvents) counters.initialise(snapshot.services);
  const pieces: Buffer[] = [];
  await createMetricsPage({ cluster: 'test', counters, processRegistry: createProcessRegistry() }).render(
    snapshot,
    testNow,
    (c) => pieces.push(c) > 0,
  );
  return Math.ceil(
    wantedSeries /
      parsePage(Buffer.concat(pieces).toString()).samples.filter((s) => s.labels['service'] !== undefined).length,
  );
}

function report(results: readonly Result[], rounds: number): string {
  const rows = results.map(
    (r) =>
      `| ${r.title} | ${r.series} | ${r.megabytes.toFixed(1)} | ${r.genesisMs.toFixed(1)} | ${r.promClientMs.toFixed(1)} | ${r.readyMs.toFixed(1)} | ` +
      `${r.toPromClient.toFixed(3)} (bound 0.2) | ${r.toReady.toFixed(1)} (bound 20) | ${r.cpuMs.toFixed(0)} / ${r.promClientCpuMs.toFixed(0)} | ${r.healthIdleP99.toFixed(1)} | ${r.healthScrapeP99.toFixed(1)} (bound 20) |`,
  );
  return [
    '# Scrape of 100,000 series',
    '',
    `Command: \`node bench/scrape.bench.ts --rounds ${rounds}\`; Node ${process.version}, ${cpus().length} cores, ${new Date().toISOString().slice(0, 10)}.`,
    '',
    'Over HTTP on loopback, readers in processes of their own, rounds interleaved, medians (ratios: median of the rounds). Every scrape of Genesis',
    'meets a new snapshot; prom-client is not charged for setting its values.',
    '',
    '| page | series | MB | Genesis ms | prom-client ms | ready buffer ms | to prom-client | to ready buffer | CPU ms Genesis / prom-client | /healthz p99 idle, ms | /healthz p99 while scraped, ms |',
    '|---|---|---|---|---|---|---|---|---|---|---|',
    ...rows,
    '',
  ].join('\n');
}

if (process.argv.includes('--reader')) {
  await runReader();
} else {
  const { values } = parseArgs({ options: { rounds: { type: 'string', default: '9' }, write: { type: 'string' } } });
  const rounds = Number(values.rounds);
  const results = [
    await measure('gauges from the snapshot', await servicesFor(false), false, rounds),
    await measure('whole page with counters and histograms', await servicesFor(true), true, rounds),
  ];
  const text = report(results, rounds);
  process.stdout.write(text);
  if (values.write !== undefined) writeFileSync(values.write, text);
  const missed = results.filter((r) => !(r.toPromClient <= 0.2 && r.toReady <= 20 && r.healthScrapeP99 <= 20));
  process.exit(missed.length === 0 ? 0 : 1);
}
