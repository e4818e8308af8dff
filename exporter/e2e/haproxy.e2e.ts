import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { createHaproxyBalancer } from '../src/engines/traffic/haproxy/engine.ts';
import { startHaproxy, type Haproxy } from './support/haproxy.ts';
import { messageOf, valueOf } from './support/outcomes.ts';
import { cleanUp, freePort, tempFolder, waitUntil } from './support/processes.ts';

// Servers are taken out and in while clients are connected through a real HAProxy.

const { signal } = new AbortController();
const servers: Server[] = [];
const accepted = new Set<Socket>();
let haproxy: Haproxy;
let gonePort: number;

/** Says its name to each client and echoes what that says, as a database keeps its sessions. */
async function listening(name: string): Promise<number> {
  const server = createServer((client) => {
    accepted.add(client);
    client.on('error', () => undefined);
    client.on('close', () => accepted.delete(client));
    client.write(`${name}\n`);
    client.on('data', (data) => client.write(data));
  });
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return (server.address() as AddressInfo).port;
}

interface Client {
  readonly server: string;
  /** What it wrote comes back. */
  talks(): Promise<boolean>;
  close(): void;
}

/** A client behind the load balancer; rejects when it is turned away. */
function client(): Promise<Client> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host: '127.0.0.1', port: haproxy.port('pg') });
    const ended = (): void => reject(new Error('turned away'));
    socket.on('error', () => undefined);
    socket.once('close', ended);
    socket.once('data', (data) =>
      resolve({
        server: data.toString('utf8').trim(),
        talks: () =>
          new Promise((answer) => {
            if (socket.destroyed || socket.readableEnded) return answer(false);
            socket.once('data', () => answer(true));
            socket.once('close', () => answer(false));
            socket.write('still there?\n');
          }),
        close: () => socket.destroy(),
      }),
    );
  });
}

const balancer = (backend = 'pg', socket = haproxy.socket) => createHaproxyBalancer({ socket, backend });

beforeAll(async () => {
  gonePort = await freePort();
  const [a, b] = [await listening('a'), await listening('b')];
  haproxy = await startHaproxy({
    folder: tempFolder('genesis-haproxy-'),
    inter: '200ms',
    backends: [
      {
        name: 'pg',
        servers: [
          { name: 'a', port: a },
          { name: 'b', port: b },
          { name: 'gone', port: gonePort },
        ],
      },
      { name: 'unseen', check: 'none', servers: [{ name: 'a', port: a }] },
    ],
  });
}, 30_000);

afterAll(async () => {
  for (const socket of accepted) socket.destroy();
  for (const server of servers) server.close();
  await cleanUp();
}, 30_000);

it('sees which servers are up, down or not looked at', async () => {
  const states = await waitUntil('the checks have run', async () => {
    const all = valueOf(await balancer().servers(signal)).map(({ name, state }) => `${name} ${state}`);
    return all.includes('gone down') && all.includes('a up') && all;
  });

  expect(states).toEqual(['a up', 'b up', 'gone down']);
  expect(valueOf(await balancer('unseen').servers(signal))).toMatchObject([
    { name: 'a', state: 'unknown', check: 'none' },
  ]);
  expect(valueOf(await balancer().servers(signal))[0]).toMatchObject({ name: 'a', check: 'connects' });
});

it('cuts a server off: its clients are thrown out and new ones come to another', async () => {
  const clients = await Promise.all(Array.from({ length: 20 }, () => client()));
  expect(clients.map(({ server }) => server)).toEqual(Array.from({ length: 20 }, () => 'a'));
  expect(valueOf(await balancer().servers(signal))[0]).toMatchObject({ name: 'a', sessions: 20 });

  expect(valueOf(await balancer().cutOff('a', signal))).toEqual({ ended: 20 });

  expect(await Promise.all(clients.map((one) => one.talks()))).not.toContain(true);
  const next = await client();
  expect(next.server).toBe('b');
  next.close();
  expect(valueOf(await balancer().servers(signal))[0]).toMatchObject({ name: 'a', state: 'maint', sessions: 0 });
});

it('does so again without harm, and lets the server in again', async () => {
  expect(valueOf(await balancer().cutOff('a', signal))).toEqual({ ended: 0 });
  valueOf(await balancer().admit('a', signal));
  valueOf(await balancer().admit('a', signal));

  const next = await client();
  expect(next.server).toBe('a');
  next.close();
});

it('drains a server: old clients go on, new ones come to another', async () => {
  const old = await client();
  valueOf(await balancer().drain('a', signal));

  const next = await client();
  expect([old.server, next.server]).toEqual(['a', 'b']);
  expect(await old.talks()).toBe(true);
  expect(valueOf(await balancer().servers(signal))[0]).toMatchObject({ name: 'a', state: 'drain', sessions: 1 });

  expect(valueOf(await balancer().cutOff('a', signal))).toEqual({ ended: 1 });
  expect(await old.talks()).toBe(false);
  valueOf(await balancer().drain('a', signal)); // from maintenance, too
  valueOf(await balancer().admit('a', signal));
  next.close();
});

it('cuts off a server whose clients come again and again', async () => {
  const stop = new AbortController();
  const reached: string[] = [];
  const storm = Array.from({ length: 4 }, async () => {
    while (!stop.signal.aborted) {
      const one = await client().catch(() => null);
      if (one === null) continue;
      reached.push(one.server);
      await one.talks();
    }
  });
  await waitUntil('the storm has begun', () => reached.length > 50);

  valueOf(await balancer().cutOff('a', signal));
  const from = reached.length + 8; // four may have been on their way
  await waitUntil('the storm goes on', () => reached.length > from + 50);
  stop.abort();
  await Promise.all(storm);

  expect(reached.slice(from)).not.toContain('a');
  valueOf(await balancer().admit('a', signal));
});

it('holds a server that it admits for up until its first check, and then for down', async () => {
  valueOf(await balancer().cutOff('gone', signal));
  valueOf(await balancer().admit('gone', signal));

  await waitUntil('the check has failed', async () => {
    const all = valueOf(await balancer().servers(signal));
    return all.find(({ name }) => name === 'gone')?.state === 'down';
  });
});

it('says what is wrong, and changes nothing', async () => {
  const { port } = new URL(`http://127.0.0.1:${gonePort}`);
  const said = await Promise.all([
    balancer('nope').servers(signal),
    balancer().cutOff('zzz', signal),
    balancer('pg', `${haproxy.socket}-none`).servers(signal),
    balancer('pg', `127.0.0.1:${port}`).servers(signal),
  ]);

  expect(said.map(messageOf)).toEqual([
    expect.stringContaining('HAProxy has no backend nope'),
    expect.stringContaining('no server "zzz", it has a, b, gone'),
    expect.stringContaining('there is no socket'),
    expect.stringContaining('nobody listens'),
  ]);
});

it('asks for the level admin where its socket only shows', async () => {
  const shown = await startHaproxy({
    folder: tempFolder('genesis-haproxy-'),
    level: 'operator',
    backends: [{ name: 'pg', servers: [{ name: 'a', port: gonePort }] }],
  });

  expect(messageOf(await balancer('pg', shown.socket).cutOff('a', signal))).toMatch(/permits no changes .*level admin/);
  expect(valueOf(await balancer('pg', shown.socket).servers(signal))).not.toMatchObject([{ state: 'maint' }]);
  await shown.stop();
});

it('shows that a reload has let in again what was cut off', async () => {
  const reloaded = await startHaproxy({
    folder: tempFolder('genesis-haproxy-'),
    master: true,
    backends: [{ name: 'pg', check: 'none', servers: [{ name: 'a', port: gonePort }] }],
  });
  const it = balancer('pg', reloaded.socket);
  valueOf(await it.cutOff('a', signal));
  expect(valueOf(await it.servers(signal))).toMatchObject([{ state: 'maint' }]);

  await reloaded.reload();

  expect(valueOf(await it.servers(signal))).toMatchObject([{ state: 'unknown' }]);
  expect(valueOf(await it.cutOff('a', signal))).toEqual({ ended: 0 });
  expect(valueOf(await it.servers(signal))).toMatchObject([{ state: 'maint' }]);
  await reloaded.stop();
});

it('is not waited for when it is frozen or gone', async () => {
  const dying = await startHaproxy({
    folder: tempFolder('genesis-haproxy-'),
    backends: [{ name: 'pg', servers: [{ name: 'a', port: gonePort }] }],
  });
  process.kill(dying.pid, 'SIGSTOP');
  const before = performance.now();
  expect(messageOf(await balancer('pg', dying.socket).cutOff('a', signal))).toMatch(
    /balancer_failed: .* not answer on/,
  );
  expect(performance.now() - before).toBeLessThan(4000);

  await dying.kill();
  expect(messageOf(await balancer('pg', dying.socket).cutOff('a', signal))).toMatch(/balancer_failed: nobody listens/);
});
