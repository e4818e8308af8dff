import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { FailoverCluster, FailoverNode } from '../src/engines/failover/port.ts';
import { countWriters, type WriterCount } from '../src/engines/failover/writable.ts';
import { createHaproxyBalancer } from '../src/engines/traffic/haproxy/engine.ts';
import { startHaproxy, type Haproxy } from './support/haproxy.ts';
import { startPostgres, startStandby, stopServers, type TestServer } from './support/postgres.ts';
import { cleanUp, freePort, tempFolder, waitUntil } from './support/processes.ts';

// The count of writers on a real pair behind a real HAProxy, as faults befall it.

const { signal } = new AbortController();
let a: TestServer;
let b: TestServer;
let haproxy: Haproxy;
const services: Server[] = [];

function nodeOf(server: TestServer, change: Partial<FailoverNode> = {}): FailoverNode {
  const none = { stop: null, start: null, confirmDown: null, promote: null, demote: null, drain: null, admit: null };
  return {
    name: server.name,
    region: 'here',
    priority: 100,
    candidate: true,
    // As from elsewhere: over TCP.
    server: {
      host: '127.0.0.1',
      port: server.port,
      user: server.user,
      password: null,
      database: 'postgres',
      tlsCa: null,
    },
    data: null,
    url: null,
    commands: none,
    webhook: null,
    ...change,
  };
}

function clusterOf(nodes: readonly FailoverNode[]): FailoverCluster {
  return {
    service: 'shop',
    nodes,
    bin: null,
    runAs: null,
    replication: null,
    patroni: null,
    caFile: null,
    timeoutSeconds: 10,
    probeTimeoutSeconds: 1,
  };
}

function count(nodes = [nodeOf(a), nodeOf(b)], port: number | null = haproxy.port('pg')): Promise<WriterCount> {
  const balancer = port === null ? null : { host: '127.0.0.1', port };
  return countWriters(clusterOf(nodes), { balancer, fetch: (url, init) => fetch(url, init) }, signal);
}
const server = () => createHaproxyBalancer({ socket: haproxy.socket, backend: 'pg' });

beforeAll(async () => {
  const folder = tempFolder('gwr-');
  a = await startPostgres({ folder, name: 'a' });
  b = await startStandby(a, { name: 'b' });
  haproxy = await startHaproxy({
    folder: tempFolder('gwr-'),
    backends: [
      {
        name: 'pg',
        check: 'pgsql',
        servers: [
          { name: 'a', port: a.port },
          { name: 'b', port: b.port },
        ],
      },
    ],
  });
}, 90_000);

afterAll(async () => {
  for (const service of services) {
    service.closeAllConnections();
    service.close();
  }
  await stopServers();
  await cleanUp();
}, 60_000);

it('counts the one writer and finds it behind the load balancer', async () => {
  expect(await count()).toEqual({ writers: ['a'], unknown: [], through: { node: 'a', problem: null } });
  expect(await count([nodeOf(a), nodeOf(b)], null)).toEqual({ writers: ['a'], unknown: [], through: null });
});

it('has a load balancer whose check speaks with the server', async () => {
  const servers = await waitUntil('the checks have run', async () => {
    const seen = await server().servers(signal);
    return seen.ok && seen.value.every(({ check }) => check !== null) && seen.value;
  });

  expect(servers.map(({ name, state, check }) => `${name} ${state} ${check}`)).toEqual(['a up speaks', 'b up speaks']);
});

it('knows a standby behind the load balancer, and that nobody is', async () => {
  await server().cutOff('a', signal);
  expect((await count()).through).toEqual({ node: null, problem: 'it leads to b that takes no writes' });

  await server().cutOff('b', signal);
  const { writers, through } = await count();
  expect(writers).toEqual(['a']); // cut off is not fenced: it takes writes of others
  expect(through).toEqual({ node: null, problem: expect.stringMatching(/\S/) });
  for (const name of ['a', 'b']) await server().admit(name, signal);
});

it('takes one server under two names for one writer', async () => {
  const twice = await count([nodeOf(a), nodeOf(a, { name: 'vip' })]);

  expect(twice.writers).toEqual(['a']);
  expect(twice.unknown).toEqual([{ node: 'vip', why: expect.stringContaining('one server under two names') }]);
});

it('does not believe a setting that any client may lift, nor one of its own login only', async () => {
  await a.sql('CREATE ROLE watcher LOGIN; ALTER ROLE watcher SET default_transaction_read_only = on');
  const asWatcher = (one: TestServer): FailoverNode => {
    const node = nodeOf(one);
    return { ...node, server: node.server === null ? null : { ...node.server, user: 'watcher' } };
  };
  await waitUntil(
    'the role is on the standby',
    async () => (await count([asWatcher(a), asWatcher(b)])).unknown.length === 0,
  );
  expect((await count([asWatcher(a), asWatcher(b)])).writers).toEqual(['a']);

  await a.configure({ default_transaction_read_only: 'on' });
  const limited = await waitUntil('the setting counts', async () => {
    const seen = await count();
    return seen.unknown.length > 0 && seen;
  });
  expect(limited.writers).toEqual([]);
  expect(limited.unknown).toEqual([{ node: 'a', why: expect.stringContaining('any client may lift') }]);
  await a.configure({ default_transaction_read_only: 'off' });
  await waitUntil('it is lifted', async () => (await count()).writers.includes('a'));
});

it('says of a frozen and of a dead node that nobody can tell, in bounded time', async () => {
  process.kill(a.pid, 'SIGSTOP');
  const before = performance.now();
  const frozen = await count();
  expect(performance.now() - before).toBeLessThan(3500);
  process.kill(a.pid, 'SIGCONT');
  expect(frozen).toMatchObject({ writers: [], unknown: [{ node: 'a', why: expect.stringContaining('no answer') }] });

  const gone = await count([nodeOf(a), nodeOf(b, { name: 'gone', server: { ...target(), port: await freePort() } })]);
  expect(gone).toMatchObject({
    writers: ['a'],
    unknown: [{ node: 'gone', why: expect.stringContaining('ECONNREFUSED') }],
  });
});

function target(): NonNullable<FailoverNode['server']> {
  return { host: '127.0.0.1', port: 1, user: 'postgres', password: null, database: 'postgres', tlsCa: null };
}

it('does not throw when it is cancelled', async () => {
  const options = { balancer: { host: '127.0.0.1', port: haproxy.port('pg') }, fetch };
  const counted = await countWriters(clusterOf([nodeOf(a), nodeOf(b)]), options, AbortSignal.abort());

  expect(counted.writers).toEqual([]);
  expect(counted.unknown.map(({ node }) => node)).toEqual(['a', 'b']);
});

it('counts generic services by what their health says, and by their names behind the load balancer', async () => {
  const health = (body: unknown, status = 200): Promise<string> =>
    new Promise((resolve) => {
      const one = createServer((_, reply) => void reply.writeHead(status).end(JSON.stringify(body)));
      one.listen(0, '127.0.0.1', () => resolve(`http://127.0.0.1:${(one.address() as AddressInfo).port}/health`));
      services.push(one);
    });
  const [x, y, z, w] = await Promise.all([
    health({ node: 'x', role: 'primary' }),
    health({ node: 'y', role: 'standby' }),
    health({ status: 'ok' }),
    health({ role: 'primary' }, 500),
  ]);
  const generic = (name: string, url: string): FailoverNode => nodeOf(a, { name, server: null, url });
  const nodes = [generic('x', x), generic('y', y), generic('z', z), generic('w', w), generic('other', x)];

  const seen = await count(nodes, Number(new URL(x).port));
  expect(seen.writers).toEqual(['x']);
  expect(seen.unknown).toEqual([
    { node: 'z', why: 'its health does not say whether it takes writes' },
    { node: 'w', why: 'HTTP 500' },
    { node: 'other', why: 'its address reaches x, another node' },
  ]);
  expect(seen.through).toEqual({ node: 'x', problem: null });
});

it('finds the second writer at once when the standby is promoted', async () => {
  await b.sql('SELECT pg_promote()');

  expect((await count()).writers).toEqual(['a', 'b']);
});
