import { existsSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import path from 'node:path';
import type { ScalingFacts, ScalingRecord } from '../../src/contract/scaling.ts';
import { startGenesis, type Genesis } from './genesis.ts';
import { startHaproxy, type Haproxy } from './haproxy.ts';
import { freePort, tempFolder, waitUntil } from './processes.ts';
import { startPrometheus, type PrometheusServer } from './prometheus.ts';

// A service that is scaled for real: `genesis serve` starts workers, puts them behind HAProxy and follows what Prometheus scrapes of them.

export const service = 'web';
/** Requests a second that one worker can answer: two at a time, 20 ms each. */
export const workerRate = 100;

const program = `
import { createServer } from 'node:http';
import { existsSync } from 'node:fs';
const folder = process.argv[2];
const isBroken = existsSync(folder + '/broken');
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
    return reply.end('# TYPE worker_done_total counter\\nworker_done_total ' + done + '\\n# TYPE worker_busy gauge\\nworker_busy ' + (working + waiting.length) + '\\n');
  waiting.push(reply);
  next();
});
server.listen(Number(process.env.PORT), '127.0.0.1');
process.on('SIGTERM', () => server.close(() => process.exit(0)));
`;

export interface ScaledBench {
  readonly genesis: Genesis;
  readonly prometheus: PrometheusServer;
  readonly haproxy: Haproxy;
  /** Where clients come in. */
  readonly url: string;
  /** Value that the metric `steered` has; null: the series is gone. */
  steer(exposition: string | null): void;
  /** Workers that are started from now on never get ready. */
  breakWorkers(on: boolean): void;
  facts(): Promise<ScalingFacts>;
  history(): Promise<readonly ScalingRecord[]>;
  ready(): Promise<number>;
  restartPrometheus(): Promise<PrometheusServer>;
  stop(): Promise<void>;
}

export async function startScaledBench(scaling: Readonly<Record<string, unknown>>): Promise<ScaledBench> {
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
    backends: [{ name: 'web', mode: 'http', check: { http: '/health' }, balance: 'leastconn', servers: [] }],
  });
  const genesis = await startGenesis({
    config: {
      services: [
        {
          name: service,
          backup: { schedules: { full: null, incremental: null } },
          drills: { schedule: null },
          scaling: {
            engine: 'process',
            process: {
              command: [process.execPath, path.join(folder, 'worker.mjs'), folder],
              ports: [ports[0], ports.at(-1)],
              health_path: '/health',
              load_path: '/metrics',
              load_metric: 'worker_busy',
            },
            balancer: { socket: haproxy.socket, backend: 'web' },
            ...scaling,
          },
        },
      ],
      prometheus: { url: `http://127.0.0.1:${prometheusPort}`, timeout: '2s' },
      collectors: { dr_interval: '1s', scrape_interval: '1s' },
      api: { requests_per_minute: 1_000_000 },
    },
  });
  writeFileSync(configFile, prometheusConfig(ports, steered.port, genesis));
  const flags = ['--query.lookback-delta=3s'];
  let prometheus = await startPrometheus({ configFile, port: prometheusPort, flags });
  const api = async <T>(route: string): Promise<T> =>
    (await genesis.api<T>('GET', `/services/${service}/scaling${route}`)).body;
  const facts = async (): Promise<ScalingFacts> => (await api<{ scaling: ScalingFacts }>('')).scaling;
  await waitUntil('the instances were looked at', async () => (await facts()) !== undefined, {
    deadlineMs: 60_000,
    processes: [genesis.process],
  });
  return {
    genesis,
    get prometheus() {
      return prometheus;
    },
    haproxy,
    url: `http://127.0.0.1:${haproxy.port('web')}/`,
    steer: (exposition) => void (steered.exposition = exposition),
    breakWorkers: (on) => {
      const flag = path.join(folder, 'broken');
      if (on) writeFileSync(flag, '');
      else if (existsSync(flag)) rmSync(flag);
    },
    facts,
    history: async () => (await api<{ items: ScalingRecord[] }>('/history')).items,
    ready: async () => (await facts()).fleet?.instances.filter(({ state }) => state === 'ready').length ?? Number.NaN,
    restartPrometheus: async () => (prometheus = await startPrometheus({ configFile, port: prometheusPort, flags })),
    stop: async () => {
      await scaleToNone(genesis);
      await genesis.stop();
      await prometheus.stop();
      await haproxy.stop();
      steered.server.close();
    },
  };
}

/** Workers outlive Genesis, so they are killed by their marks. */
async function scaleToNone(genesis: Genesis): Promise<void> {
  const { systemSpawner } = await import('../../src/runtime/spawner.ts');
  await genesis.stop();
  for (let n = 1; n <= 12; n += 1) {
    const found = await systemSpawner.find('INSTANCE', `${service}-${n}`, []);
    if (found.ok) for (const { id } of found.value) await systemSpawner.signal(id, 'SIGKILL');
  }
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
  steered.server.listen(0, '127.0.0.1');
  await new Promise((resolve) => steered.server.once('listening', resolve));
  const address = steered.server.address();
  steered.port = typeof address === 'object' && address !== null ? address.port : 0;
  return steered;
}

function prometheusConfig(ports: readonly number[], steered: number, genesis: Genesis): string {
  const targets = (list: readonly number[]) => JSON.stringify(list.map((port) => `127.0.0.1:${port}`));
  return [
    'global: {scrape_interval: 1s, evaluation_interval: 1s}',
    'scrape_configs:',
    `  - {job_name: web, static_configs: [{targets: ${targets(ports)}}]}`,
    `  - {job_name: steered, static_configs: [{targets: ${targets([steered])}}]}`,
    `  - {job_name: genesis, static_configs: [{targets: [${JSON.stringify(new URL(genesis.url).host)}]}]}`,
    '',
  ].join('\n');
}
