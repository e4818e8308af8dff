import { mkdirSync, writeFileSync, rmSync } from 'node:fs';
import http from 'node:http';
import net from 'node:net';
import path from 'node:path';
import type { HealthCheckFacts, HealthFacts } from '../src/contract/health.ts';
import type { StatusReply } from '../src/contract/service-replies.ts';
import type { ServiceSnapshot } from '../src/contract/snapshot.ts';
import type { Sample } from '../src/metrics/testing.ts';
import { shopConfig } from './support/actions.ts';
import { genesisCommand, startGenesis, type Genesis } from './support/genesis.ts';
import { metric, metricsOf } from './support/metrics.ts';
import { ownedFolder, startPostgres, stopServers, type TestServer } from './support/postgres.ts';
import { cleanUp, freePort, startProcess, tempFolder, waitUntil, type RunningProcess } from './support/processes.ts';
import { onSmallDisk, seenBy } from './support/sandbox.ts';

/** Something that is checked, and how it is taken away and brought back. */
interface Thing {
  readonly check: string;
  takeAway(): Promise<void>;
  bringBack(): Promise<void>;
  /** What the check says of it then. */
  readonly says: RegExp;
}

const failures = 2;
const successes = 2;
const secret = 'correct-horse';

describe('health checks of real things', () => {
  const base = tempFolder('genesis-health-');
  const disk = tempFolder('genesis-small-disk-');
  const pidFile = path.join(base, 'worker.pid');
  let genesis: Genesis;
  let things: readonly Thing[] = [];
  let page: Listener;
  let door: Thing;

  const facts = async (): Promise<HealthFacts> => {
    const { health } = (await genesis.api<ServiceSnapshot>('GET', '/services/shop')).body;
    if (health === null) throw new Error('the service has no health');
    return health;
  };
  const up = async (check: string): Promise<number | undefined> =>
    (await metric(genesis, 'genesis_health_check_up', { service: 'shop', check }))[0];
  const isState = async (state: string): Promise<boolean> =>
    (await metric(genesis, 'genesis_health_state', { service: 'shop', state }))[0] === 1;

  beforeAll(async () => {
    const data = path.join(base, 'data');
    mkdirSync(data);
    page = await listenHttp();
    const [database, redis, port, worker] = [
      await databaseThing(base),
      await redisThing(base),
      await tcpThing(),
      await processThing(pidFile),
    ];
    things = [database, redis, page, port, worker];
    door = port;
    genesis = await startGenesis({
      config: shopConfig(data, {
        service: { postgres: postgresOf(database.server), health: healthOf({ page, redis, port, pidFile, disk }) },
        top: { collectors: { dr_interval: '1s' } },
      }),
      env: { REDIS_PASSWORD: secret, PAGE_TOKEN: secret },
      launcher: onSmallDisk([{ folder: disk, size: '1m' }]),
    });
    things = [...things, diskThing(genesis, disk)];
    await waitUntil('every check has a state', () => isState('healthy'), { processes: [genesis.process] });
  }, 120_000);
  afterAll(async () => {
    page.close();
    await door.takeAway();
    await stopServers();
    await cleanUp();
  }, 60_000);

  it('say of each what was seen, in metrics and in the API', async () => {
    const { state, checks } = await facts();

    expect(state).toBe('healthy');
    const details = Object.fromEntries(checks.map(({ name, last }) => [name, last?.detail ?? '']));
    expect(details['database']).toMatch(/^PostgreSQL 15\.\d+, primary after [\d.]+ ms$/);
    expect(details['cache']).toMatch(/^PONG of Redis 7\.\d+\.\d+, master, .* used after/);
    expect(details['page']).toMatch(/^HTTP 200, version 4\.2 after/);
    expect(details['door']).toMatch(/accepts connections after/);
    expect(details['worker']).toMatch(/^sleep: process \d+, .* resident after/);
    expect(details['disk']).toMatch(/^100 % free \(.*\), written and read back after/);
    const parsed = await metricsOf(genesis);
    const ofFamily = (name: string): readonly Sample[] => parsed.samples.filter((sample) => sample.name === name);
    for (const name of ['genesis_health_check_up', 'genesis_health_check_last_run_timestamp_seconds'])
      expect(ofFamily(name).map(({ labels }) => labels['check'])).toEqual(checks.map((check) => check.name));
    expect(ofFamily('genesis_health_check_failures_total').map(({ value }) => value)).toEqual([0]);
    expect(ofFamily('genesis_health_state')).toHaveLength(4);
    expect(page.tokens).toEqual(new Set([`Bearer ${secret}`]));
  });

  it('see each of them go after two probes and come back after two, through /metrics', async () => {
    const seeGoAndComeBack = async (thing: Thing): Promise<readonly [string, HealthCheckFacts, HealthCheckFacts]> => {
      const name = thing.check;
      const now = async (): Promise<HealthCheckFacts> =>
        (await facts()).checks.find((check) => check.name === name) as HealthCheckFacts;
      await thing.takeAway();
      await waitUntil(`${name} is down`, async () => (await up(name)) === 0, { deadlineMs: 15_000 });
      const down = await now();
      await waitUntil('the service is unhealthy', () => isState('unhealthy'));
      await thing.bringBack();
      await waitUntil(`${name} is up`, async () => (await up(name)) === 1, { deadlineMs: 15_000 });
      return [name, down, await now()];
    };

    const seen = await Promise.all(things.map(seeGoAndComeBack));

    expect(seen.map(([name]) => name)).toEqual(['database', 'cache', 'page', 'door', 'worker', 'disk']);
    for (const [name, down, back] of seen) {
      expect([name, down.state]).toEqual([name, 'unhealthy']);
      expect(down.consecutiveFailures).toBeGreaterThanOrEqual(failures);
      expect(down.last?.detail).toMatch(things.find(({ check }) => check === name)?.says ?? /nothing/);
      expect(back.consecutiveSuccesses).toBeGreaterThanOrEqual(successes);
      expect(Date.parse(back.since ?? '')).toBeGreaterThan(Date.parse(down.since ?? ''));
    }
    await waitUntil('the service is healthy', () => isState('healthy'));
  }, 60_000);

  it('count every probe and every failed one', async () => {
    const [failed = 0] = await metric(genesis, 'genesis_health_check_failures_total', { service: 'shop' });
    const counted = await metric(genesis, 'genesis_health_checks_total', { service: 'shop', result: 'failure' });
    const [good = 0] = await metric(genesis, 'genesis_health_checks_total', { service: 'shop', result: 'success' });

    expect(failed).toBeGreaterThanOrEqual(6 * failures);
    expect(counted).toEqual([failed]);
    expect(good).toBeGreaterThanOrEqual(6 * successes);
  });

  it('only degrade the service where the answer is slow, or the check is not critical', async () => {
    page.slowMs = 700;
    await waitUntil('the service is degraded', () => isState('degraded'), { deadlineMs: 15_000 });

    expect(await up('page')).toBe(1);
    expect((await facts()).checks.find(({ name }) => name === 'page')).toMatchObject({
      state: 'degraded',
      last: { detail: expect.stringContaining('slower than 300 ms') },
    });
    page.slowMs = 0;
    await waitUntil('the service is healthy', () => isState('healthy'), { deadlineMs: 15_000 });

    await door.takeAway();
    await waitUntil('the door is down', async () => (await up('door')) === 0, { deadlineMs: 15_000 });
    expect((await facts()).state).toBe('degraded');
    const status = await genesis.api<StatusReply>('GET', '/status');
    expect(status.body.components['services']).toMatchObject({
      health: 'degraded',
      reasons: [expect.stringMatching(/^check door of shop is unhealthy: 127.0.0.1:\d+: connection refused$/)],
    });
    const statusPage = await genesis.get('/status', { authorization: `Bearer ${genesis.tokens.viewer}` });
    expect(statusPage.text).toMatch(/<strong>door<\/strong>\s+127.0.0.1:\d+: connection refused/);
    const shown = await genesisCommand(genesis.home, ['services', 'show', 'shop']);
    expect(shown.output).toMatch(/UNHEALTHY +door +tcp +no .*connection refused/);
    await door.bringBack();
    await waitUntil('the service is healthy again', () => isState('healthy'), { deadlineMs: 15_000 });
  }, 60_000);

  it('remember over a restart since when a check has its state', async () => {
    const before = await facts();
    const { home } = genesis;
    await genesis.stop();

    genesis = await startGenesis({
      home,
      env: { REDIS_PASSWORD: secret, PAGE_TOKEN: secret },
      launcher: onSmallDisk([{ folder: disk, size: '1m' }]),
    });
    await waitUntil('every check has a state', () => isState('healthy'), { processes: [genesis.process] });

    const sinces = ({ checks }: HealthFacts) => checks.map(({ name, since }) => [name, since]);
    expect(sinces(await facts())).toEqual(sinces(before));
  }, 60_000);

  it('told no secret to anybody', async () => {
    const texts = [genesis.output(), (await genesis.get('/metrics')).text, JSON.stringify(await facts())];

    for (const text of texts) expect(text).not.toContain(secret);
  });
});

interface Listener extends Thing {
  readonly url: string;
  readonly tokens: Set<string>;
  slowMs: number;
  close(): void;
}

async function listenHttp(): Promise<Listener> {
  const port = await freePort();
  const tokens = new Set<string>();
  let server: http.Server | null = null;
  const start = (): Promise<void> =>
    new Promise((resolve) => {
      server = http.createServer((request, reply) => {
        tokens.add(request.headers.authorization ?? 'none');
        setTimeout(() => reply.end('{"status":"fine","version":"4.2"}'), thing.slowMs);
      });
      server.listen(port, '127.0.0.1', resolve);
    });
  const thing: Listener = {
    check: 'page',
    url: `http://127.0.0.1:${port}/health`,
    tokens,
    slowMs: 0,
    says: /^connection refused$/,
    takeAway: () => Promise.resolve(thing.close()),
    bringBack: start,
    close: () => {
      server?.close();
      server?.closeAllConnections();
    },
  };
  await start();
  return thing;
}

async function databaseThing(base: string): Promise<Thing & { readonly server: TestServer }> {
  const server = await startPostgres({ folder: ownedFolder(path.join(base, 'pg')) });
  return {
    check: 'database',
    server,
    says: /ECONNREFUSED|ENOENT|terminat|shutting down|starting up/,
    takeAway: () => server.kill(),
    bringBack: () => server.start(),
  };
}

function postgresOf(server: TestServer): Record<string, unknown> {
  return {
    host: server.socketFolder,
    port: server.port,
    user: server.user,
    heartbeat: { enabled: false },
    statistics: false,
  };
}

async function redisThing(base: string): Promise<Thing & { readonly port: number }> {
  const port = await freePort();
  let redis: RunningProcess;
  const args = ['--port', String(port), '--bind', '127.0.0.1', '--dir', base, '--save', '', '--requirepass', secret];
  const start = async (): Promise<void> => {
    redis = await startProcess({
      name: 'redis-server',
      file: 'redis-server',
      args,
      mend: 'install the Debian package redis-server',
    });
  };
  await start();
  return { check: 'cache', port, says: /connection refused/, takeAway: () => redis.kill9(), bringBack: start };
}

async function tcpThing(): Promise<Thing & { readonly port: number }> {
  const port = await freePort();
  let server = net.createServer();
  const start = (): Promise<void> =>
    new Promise((resolve) => {
      server = net.createServer((socket) => socket.on('error', () => undefined));
      server.listen(port, '127.0.0.1', resolve);
    });
  await start();
  const stop = (): Promise<void> => new Promise((resolve) => void server.close(() => resolve()));
  return { check: 'door', port, says: /connection refused/, takeAway: stop, bringBack: start };
}

async function processThing(pidFile: string): Promise<Thing> {
  let worker: RunningProcess;
  const start = async (): Promise<void> => {
    worker = await startProcess({ name: 'worker', file: 'sleep', args: ['600'] });
    writeFileSync(pidFile, `${worker.pid}\n`);
  };
  await start();
  return {
    check: 'worker',
    says: /^process \d+ of .* does not run$/,
    takeAway: () => worker.kill9(),
    bringBack: start,
  };
}

/** A tmpfs that only the program sees; filled until nothing more goes in. */
function diskThing(genesis: Genesis, disk: string): Thing {
  const file = path.join(seenBy(genesis.pid, disk), 'full');
  return {
    check: 'disk',
    says: /it is full|below 10 %/,
    takeAway: async () => writeFileSync(file, Buffer.alloc(1_000_000)),
    bringBack: async () => rmSync(file),
  };
}

function healthOf(at: {
  readonly page: Listener;
  readonly redis: { readonly port: number };
  readonly port: { readonly port: number };
  readonly pidFile: string;
  readonly disk: string;
}): Record<string, unknown> {
  const { page, redis, port, pidFile, disk } = at;
  return {
    interval: '500ms',
    timeout: '3s',
    failures,
    successes,
    checks: [
      { name: 'database', kind: 'postgres' },
      { name: 'cache', kind: 'redis', redis: { host: '127.0.0.1', port: redis.port, password: 'env:REDIS_PASSWORD' } },
      {
        name: 'page',
        kind: 'http',
        slow: '300ms',
        http: { url: page.url, contains: 'fine', token: 'env:PAGE_TOKEN', version_field: 'version' },
      },
      { name: 'door', kind: 'tcp', critical: false, tcp: { host: '127.0.0.1', port: port.port } },
      { name: 'worker', kind: 'process', process: { pid_file: pidFile } },
      { name: 'disk', kind: 'disk', disk: { path: disk, write: true } },
    ],
  };
}
