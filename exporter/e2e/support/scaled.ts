import { existsSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import path from 'node:path';
import type { ScalingFacts, ScalingRecord } from '../../src/contract/scaling-facts.ts';
import { markerOf, markerVariable } from '../../src/engines/scaling/process/workers.ts';
import { systemSpawner } from '../../src/runtime/spawner.ts';
import { startGenesis, type Genesis } from './genesis.ts';
import { startHaproxy, type Haproxy, type HaproxyBackend } from './haproxy.ts';
import { freePort, startProcess, tempFolder, waitUntil } from './processes.ts';
import { startPrometheus, type PrometheusServer } from './prometheus.ts';

// A service that is scaled for real: `genesis serve` starts workers, puts them behind HAProxy and follows what Prometheus scrapes of them.

export const service = 'web';
/** Requests a second that one worker can answer: two at a time, 20 ms each. */
export const workerRate = 100;

/** Beside it: `broken`: a new one never gets ready. `slow`: it takes so many ms until it serves. `busy`: what it says of its load. */
const program = `
import { createServer } from 'node:http';
import { existsSync, readFileSync } from 'node:fs';
const folder = process.argv[2];
const isBroken = existsSync(folder + '/broken');
const read = (name) => { try { return Number(readFileSync(folder + '/' + name, 'utf8')); } catch { return null; } };
let working = 0, done = 0;
const waiting = [];
const next = () => {
  while (working < 2 && waiting.length > 0) {
    const reply = waiting.shift();
    working += 1;
    setTimeout(() => { working -= 1; done += 1; reply.end('well'); next(); }, 20);
  }
};
const server = createServer((request, reply) => {
  if (request.url === '/health') { reply.statusCode = isBroken ? 503 : 200; return reply.end(); }
  if (request.url === '/metrics')
    return reply.end('# TYPE worker_done_total counter\\nworker_done_total ' + done + '\\n# TYPE worker_busy gauge\\nworker_busy ' + (read('busy') ?? working + waiting.length) + '\\n');
  waiting.push(reply);
  next();
});
setTimeout(() => server.listen(Number(process.env.PORT), '127.0.0.1'), read('slow') ?? 0);
process.on('SIGTERM', () => server.close(() => process.exit(0)));
`;

export interface ScaledBench {
  readonly genesis: Genesis;
  readonly prometheus: PrometheusServer;
  readonly prometheusPort: number;
  readonly haproxy: Haproxy;
  /** Where clients come in. */
  readonly url: string;
  /** Value that the metric `steered` has; null: the series is gone. */
  steer(exposition: string | null): void;
  /** Workers that are started from now on never get ready. */
  breakWorkers(on: boolean): void;
  /** Workers that are started from now on take so long until they serve. */
  slowWorkers(ms: number): void;
  /** What each worker says of its load; null: the truth. */
  busyWorkers(load: number | null): void;
  /** Of `web` where no other service is named. */
  facts(name?: string): Promise<ScalingFacts>;
  /** Newest first. */
  history(name?: string): Promise<readonly ScalingRecord[]>;
  ready(name?: string): Promise<number>;
  /** A sample of the metrics page, e.g. of `frozen`; undefined: it is not there. */
  metric(name: string, of?: string): Promise<string | undefined>;
  /** With an empty memory, at the same address. */
  restartPrometheus(): Promise<PrometheusServer>;
  /** At the same addresses, with what its file says: servers that were added while it ran are forgotten. */
  restartHaproxy(): Promise<void>;
  /** Of the one that runs now. */
  haproxyPid(): number;
  stop(): Promise<void>;
}

export interface ScaledOptions {
  /** More services, by name: what stands below `scaling` of each. */
  readonly others?: (haproxy: Haproxy) => Readonly<Record<string, Readonly<Record<string, unknown>>>>;
  /** More backends of HAProxy. */
  readonly backends?: readonly HaproxyBackend[];
  /** Lines of prometheus.yml. */
  readonly prometheus?: readonly string[];
  /** Folder of its data, which may hold some already. */
  readonly tsdb?: string;
  /** Of `genesis serve`. */
  readonly env?: Readonly<Record<string, string>>;
}

export async function startScaledBench(
  scaling: Readonly<Record<string, unknown>>,
  options: ScaledOptions = {},
): Promise<ScaledBench> {
  const folder = tempFolder('gscaled-');
  writeFileSync(path.join(folder, 'worker.mjs'), program);
  const first = await freePort();
  const ports = [0, 1, 2, 3, 4, 5].map((n) => first + n);
  const steered = await startSteered();
  const configFile = path.join(folder, 'prometheus.yml');
  const prometheusPort = await freePort();
  const haproxy = await startHaproxy({
    folder,
    inter: '200ms',
    backends: [
      { name: 'web', mode: 'http', check: { http: '/health' }, balance: 'leastconn', servers: [] },
      ...(options.backends ?? []),
    ],
  });
  const sections = { [service]: { ...workersOf(folder, ports, haproxy), ...scaling }, ...options.others?.(haproxy) };
  const genesis = await startGenesis({
    config: configOf(sections, prometheusPort),
    ...(options.env === undefined ? {} : { env: options.env }),
  });
  writeFileSync(configFile, prometheusConfig(ports, steered.port, genesis, options.prometheus ?? []));
  const flags = ['--query.lookback-delta=3s'];
  const { tsdb } = options;
  let haproxyPid = haproxy.pid;
  let prometheus = await startPrometheus({
    configFile,
    port: prometheusPort,
    flags,
    ...(tsdb === undefined ? {} : { tsdb }),
  });
  const api = async <T>(route: string, name = service): Promise<T> =>
    (await genesis.api<T>('GET', `/services/${name}/scaling${route}`)).body;
  const facts = async (name?: string): Promise<ScalingFacts> =>
    (await api<{ scaling: ScalingFacts }>('', name)).scaling;
  for (const name of Object.keys(sections))
    await waitUntil('the instances were looked at', async () => (await facts(name)) !== undefined, {
      deadlineMs: 60_000,
      processes: [genesis.process],
    });
  const file = (name: string, text: string | null): void => {
    const written = path.join(folder, name);
    if (text !== null) writeFileSync(written, text);
    else if (existsSync(written)) rmSync(written);
  };
  return {
    genesis,
    get prometheus() {
      return prometheus;
    },
    prometheusPort,
    haproxy,
    url: `http://127.0.0.1:${haproxy.port('web')}/`,
    steer: (exposition) => void (steered.exposition = exposition),
    breakWorkers: (on) => file('broken', on ? '' : null),
    slowWorkers: (ms) => file('slow', String(ms)),
    busyWorkers: (load) => file('busy', load === null ? null : String(load)),
    facts,
    history: async (name) => (await api<{ items: ScalingRecord[] }>('/history', name)).items,
    ready: async (name) =>
      (await facts(name)).fleet?.instances.filter(({ state }) => state === 'ready').length ?? Number.NaN,
    metric: async (name, of = service) =>
      new RegExp(`^genesis_scaling_${name}\\{[^}]*service="${of}"[^}]*\\} (\\S+)$`, 'm').exec(
        (await genesis.get('/metrics')).text,
      )?.[1],
    restartPrometheus: async () => (prometheus = await startPrometheus({ configFile, port: prometheusPort, flags })),
    haproxyPid: () => haproxyPid,
    restartHaproxy: async () => {
      const args = ['-db', '-f', path.join(folder, 'haproxy.cfg')];
      const env = { PATH: `${process.env['PATH'] ?? ''}:/usr/sbin` };
      const again = await startProcess({ name: 'haproxy', file: 'haproxy', args, env });
      await waitUntil('HAProxy answers', async () => (await haproxy.command('show info')).includes('Version:'), {
        processes: [again],
      });
      haproxyPid = again.pid;
    },
    stop: async () => {
      await genesis.stop();
      await killWorkers(genesis);
      await prometheus.stop();
      await haproxy.stop();
      steered.server.close();
    },
  };
}

function workersOf(folder: string, ports: readonly number[], haproxy: Haproxy): Readonly<Record<string, unknown>> {
  return {
    engine: 'process',
    process: {
      command: [process.execPath, path.join(folder, 'worker.mjs'), folder],
      ports: [ports[0], ports.at(-1)],
      health_path: '/health',
      load_path: '/metrics',
      load_metric: 'worker_busy',
    },
    balancer: { socket: haproxy.socket, backend: 'web' },
  };
}

function configOf(sections: Readonly<Record<string, unknown>>, prometheusPort: number): Record<string, unknown> {
  return {
    services: Object.entries(sections).map(([name, scaling]) => ({
      name,
      backup: { schedules: { full: null, incremental: null } },
      drills: { schedule: null },
      scaling,
    })),
    prometheus: { url: `http://127.0.0.1:${prometheusPort}`, timeout: '2s' },
    collectors: { dr_interval: '1s', scrape_interval: '1s' },
    api: { requests_per_minute: 1_000_000 },
  };
}

/** Workers outlive Genesis, so those of this bench are killed, by the mark that the engine of this home gave them. */
async function killWorkers({ home }: Genesis): Promise<void> {
  const found = await systemSpawner.find(markerVariable, markerOf(service, path.join(home, 'scaling', service)), []);
  if (!found.ok) throw found.error;
  for (const { id } of found.value) await systemSpawner.signal(id, 'SIGKILL');
}

interface Steered {
  readonly server: Server;
  readonly port: number;
  exposition: string | null;
}

/** A target whose only series says what the test wants. */
async function startSteered(): Promise<Steered> {
  const steered: { server: Server; port: number; exposition: string | null } = {
    server: createServer((_request, reply) => reply.end(steered.exposition === null ? '' : `${steered.exposition}\n`)),
    port: 0,
    exposition: null,
  };
  steered.server.listen(0, '127.0.0.1').unref(); // a bench that does not start must not keep the test
  await new Promise((resolve) => steered.server.once('listening', resolve));
  const address = steered.server.address();
  steered.port = typeof address === 'object' && address !== null ? address.port : 0;
  return steered;
}

function prometheusConfig(
  ports: readonly number[],
  steered: number,
  genesis: Genesis,
  lines: readonly string[],
): string {
  const targets = (list: readonly number[]) => JSON.stringify(list.map((port) => `127.0.0.1:${port}`));
  const own = JSON.stringify([new URL(genesis.url).host]);
  return [
    'global: {scrape_interval: 1s, evaluation_interval: 1s}',
    'scrape_configs:',
    `  - {job_name: web, static_configs: [{targets: ${targets(ports)}}]}`,
    `  - {job_name: steered, static_configs: [{targets: ${targets([steered])}}]}`,
    `  - {job_name: genesis, static_configs: [{targets: ${own}}]}`,
    ...lines,
    '',
  ].join('\n');
}
