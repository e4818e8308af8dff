/**
 * Latency of /healthz while the server is idle, makes a full backup of some hundred MB, and is scraped with 100,000 series.
 * Run: node bench/health.bench.ts [--megabytes 300] [--backups 3] [--scrapes 60] [--write docs/evidence/health.md]
 *
 * One probe every 10 ms, its latency taken from the moment it was due, so that a stall counts for every probe it delays. While backing
 * up, the real `genesis serve` is asked; for the scrape, the API server of the product with a snapshot of that size, because no machine
 * has so many services. Of the probes, those due during a backup or a scrape count. A bare node server in a process of its own is
 * probed beside it (the control): what the machine itself adds shows there.
 */
import { spawn, type ChildProcess } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import http from 'node:http';
import { cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { createServer } from '../exporter/src/api/server.ts';
import { createLoginCodes } from '../exporter/src/api/sessions.ts';
import { fakeApp, testRandom } from '../exporter/src/api/testing/fake-app.ts';
import type { ServiceSnapshot, Snapshot } from '../exporter/src/contract/index.ts';
import type { Operation } from '../exporter/src/contract/operation.ts';
import { serviceWith, snapshotWith, testNow } from '../exporter/src/contract/testing.ts';
import { createCounters } from '../exporter/src/metrics/counters.ts';
import { createProcessRegistry } from '../exporter/src/metrics/process.ts';
import { createMetricsPage, type MetricsPage } from '../exporter/src/metrics/render.ts';
import { writeInto } from '../exporter/src/metrics/stream.ts';
import { keepPausesShort } from '../exporter/src/runtime/pauses.ts';
import {
  during,
  everyMs,
  firstMessage,
  percentile,
  sleep,
  startRole,
  timed,
  type Measured,
  type Window,
} from './support/probes.ts';

const boundMs = 20;
const wantedSeries = 100_000;

/** A snapshot as a tick makes it: none of its objects is one of the tick before. */
function snapshotOf(services: number, tick: number): Snapshot {
  const base = snapshotWith();
  const list = Array.from({ length: services }, (_, i): ServiceSnapshot => {
    const service = structuredClone(serviceWith({ name: `service-${i}`, region: `region-${i % 5}` }));
    return { ...service, readiness: { ...service.readiness, score: ((i + tick) % 97) / 97 } };
  });
  return { ...base, services: list };
}

async function seriesOf(page: MetricsPage, snapshot: Snapshot): Promise<number> {
  let lines = 0;
  await page.render(snapshot, testNow, (chunk) => {
    lines += chunk
      .toString()
      .split('\n')
      .filter((line) => line !== '' && !line.startsWith('#')).length;
    return true;
  });
  return lines;
}

/** The product's server with a snapshot of 100,000 series; each scrape meets another snapshot. */
async function runScraped(): Promise<void> {
  // As `genesis serve` does first.
  keepPausesShort();
  const pageFor = (services: readonly ServiceSnapshot[]): MetricsPage => {
    const counters = createCounters({ cluster: 'test' });
    counters.initialise(services);
    return createMetricsPage({ cluster: 'test', counters, processRegistry });
  };
  const processRegistry = createProcessRegistry();
  const [one, eleven] = [snapshotOf(1, 0), snapshotOf(11, 0)];
  const fixed = await seriesOf(pageFor(one.services), one);
  const perService = ((await seriesOf(pageFor(eleven.services), eleven)) - fixed) / 10;
  // One service more than the measured slope asks for, and one percent: what some services have, others have not.
  const count = Math.ceil(((wantedSeries - fixed) / perService) * 1.01) + 1;
  const snapshots = [snapshotOf(count, 0), snapshotOf(count, 1)];
  const page = pageFor(snapshots[0]?.services ?? []);
  const series = await seriesOf(page, snapshots[0] ?? one);
  const app = fakeApp();
  let scrape = 0;
  const server = createServer({
    app,
    tls: null,
    listen: { host: '127.0.0.1', port: 0 },
    loginCodes: createLoginCodes({ clock: app.clock, random: testRandom }),
    renderMetrics: async (response) => {
      scrape += 1;
      response.setHeader('Content-Type', 'text/plain');
      await page.render(snapshots[scrape % 2] ?? one, new Date(+testNow + scrape), writeInto(response));
      response.end();
    },
  });
  const listening = await server.listen();
  if (!listening.ok) throw listening.error;
  process.send?.({ url: listening.value.url, series });
  process.once('disconnect', () => process.exit(0));
}

function writeTree(folder: string, megabytes: number): void {
  // Half of it compresses as logs do, half does not compress.
  for (let i = 0; i < megabytes; i += 1) {
    const part = join(folder, `part-${i % 20}`);
    mkdirSync(part, { recursive: true });
    const noise = randomBytes(500_000);
    writeFileSync(join(part, `noise-${i}.bin`), noise);
    const lines = Array.from(
      { length: 6_000 },
      (_, n) => `2026-11-22 host-${n % 7} GET /items/${noise.readUInt32LE((n * 40) % 400_000)} 200 ${n} ms\n`,
    );
    for (let k = 0; k < 10; k += 1)
      writeFileSync(
        join(part, `log-${i}-${k}.txt`),
        lines
          .slice(k * 600, (k + 1) * 600)
          .join('')
          .repeat(2),
      );
  }
}

async function startServe(home: string, data: string): Promise<{ child: ChildProcess; url: string }> {
  const config = {
    services: [
      {
        name: 'files',
        backup: {
          components: { data: { paths: [data] } },
          schedules: { full: null, incremental: null },
          retention: { full_count: 1 },
        },
        drills: { schedule: null },
      },
    ],
    api: { requests_per_minute: 1_000_000 },
  };
  mkdirSync(home, { mode: 0o700 });
  writeFileSync(join(home, 'genesis.yaml'), JSON.stringify(config), { mode: 0o600 });
  const main = fileURLToPath(new URL('../exporter/src/main.ts', import.meta.url));
  const child = spawn(process.execPath, [main, 'serve'], {
    cwd: home,
    env: { ...process.env, GENESIS_HOME: home, GENESIS_LISTEN: '127.0.0.1:0' },
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  const addressFile = join(home, 'run', 'address');
  while (!existsSync(addressFile)) {
    if (child.exitCode !== null) throw new Error('genesis serve has ended');
    await sleep(100);
  }
  return { child, url: `http://${readFileSync(addressFile, 'utf8').trim()}` };
}

/** A full backup, verified and copied nowhere, by the API, to its end. */
async function backUp(url: string, token: string): Promise<void> {
  const call = async (path: string, init: RequestInit = {}): Promise<Operation> => {
    const reply = await fetch(`${url}/api/v1${path}`, {
      ...init,
      headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
    });
    if (!reply.ok) throw new Error(`${path}: ${reply.status} ${await reply.text()}`);
    return (await reply.json()) as Operation;
  };
  let operation = await call('/backups', { method: 'POST', body: JSON.stringify({ service: 'files', type: 'full' }) });
  while (operation.endedAt === null) {
    await sleep(250);
    operation = await call(`/operations/${operation.id}`);
  }
  if (operation.state !== 'succeeded')
    throw new Error(`the backup ended ${operation.state}: ${JSON.stringify(operation.error)}`);
}

async function measureServe(options: { megabytes: number; backups: number }, controlUrl: string): Promise<Measured[]> {
  const folder = mkdtempSync(join(tmpdir(), 'genesis-health-'));
  const data = join(folder, 'data');
  writeTree(data, options.megabytes);
  const { child, url } = await startServe(join(folder, 'home'), data);
  try {
    const token = readFileSync(join(folder, 'home', 'tokens', 'admin'), 'utf8').trim();
    await sleep(3_000);
    const idle = await during('idle', `${url}/healthz`, controlUrl, async () => [await timed(() => sleep(10_000))]);
    const busy = await during(
      `during ${options.backups} full backups of ${options.megabytes} MB, each read back`,
      `${url}/healthz`,
      controlUrl,
      async () => {
        const windows: Window[] = [];
        for (let i = 0; i < options.backups; i += 1) windows.push(await timed(() => backUp(url, token)));
        return windows;
      },
    );
    return [idle, busy];
  } finally {
    child.kill();
    await once(child, 'exit');
    rmSync(folder, { recursive: true, force: true });
  }
}

async function measureScrape(scrapes: number, controlUrl: string): Promise<Measured> {
  const scraped = startRole('scraped', fileURLToPath(import.meta.url));
  const { url, series } = await firstMessage<{ url: string; series: number }>(scraped);
  // The reader shares two processors with what it measures: nothing is done with the bytes.
  const agent = new http.Agent({ keepAlive: true });
  const scrape = (): Promise<void> =>
    new Promise((resolve, reject) => {
      http.get(`${url}/metrics`, { agent }, (page) => page.resume().on('end', resolve)).on('error', reject);
    });
  await scrape();
  const measured = await during(
    `during ${scrapes} scrapes of ${series} series`,
    `${url}/healthz`,
    controlUrl,
    async () => {
      const windows: Window[] = [];
      for (let i = 0; i < scrapes; i += 1) {
        windows.push(await timed(scrape));
        await sleep(150);
      }
      return windows;
    },
  );
  agent.destroy();
  scraped.disconnect();
  return measured;
}

function report(measured: readonly Measured[], command: string): string {
  const rows = measured.map(({ title, genesis, control, windows, load }) => {
    const seconds = windows.reduce((sum, w) => sum + w.toMs - w.fromMs, 0) / 1000;
    const figures = [
      percentile(genesis, 0.5),
      percentile(genesis, 0.99),
      percentile(genesis, 1),
      percentile(control, 0.99),
      percentile(control, 1),
    ];
    return `| ${title} | ${seconds.toFixed(1)} | ${genesis.length} | ${figures.map((ms) => ms.toFixed(1)).join(' | ')} | ${load.toFixed(1)} |`;
  });
  return [
    '# Latency of /healthz',
    '',
    `Command: \`${command}\`; Node ${process.version}, ${cpus().length} cores, ${new Date().toISOString().slice(0, 10)}.`,
    '',
    `One probe every ${everyMs} ms, latency from the moment it was due; bound: p99 <= ${boundMs} ms. The control is a bare node server probed at the`,
    'same time in the same way: what it shows is the machine, not Genesis.',
    '',
    '| | seconds | probes | p50 ms | p99 ms | max ms | control p99 ms | control max ms | load |',
    '|---|---|---|---|---|---|---|---|---|',
    ...rows,
    '',
  ].join('\n');
}

async function measure(): Promise<void> {
  const { values } = parseArgs({
    options: {
      megabytes: { type: 'string', default: '300' },
      backups: { type: 'string', default: '3' },
      scrapes: { type: 'string', default: '60' },
      write: { type: 'string' },
    },
  });
  const control = startRole('control');
  const controlUrl = await firstMessage<string>(control);
  const sizes = { megabytes: Number(values.megabytes), backups: Number(values.backups) };
  const served = await measureServe(sizes, controlUrl);
  const measured = [...served, await measureScrape(Number(values.scrapes), controlUrl)];
  control.disconnect();
  const text = report(
    measured,
    `node bench/health.bench.ts --megabytes ${values.megabytes} --backups ${values.backups} --scrapes ${values.scrapes}`,
  );
  process.stdout.write(text);
  if (values.write !== undefined) writeFileSync(values.write, text);
  process.exitCode = measured.every(({ genesis }) => percentile(genesis, 0.99) <= boundMs) ? 0 : 1;
}

await (process.argv[2] === '--role' && process.argv[3] === 'scraped' ? runScraped() : measure());
