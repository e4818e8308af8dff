import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { scalingConformance } from '../src/engines/scaling/conformance.ts';
import { createHaproxyEngine } from '../src/engines/scaling/haproxy/engine.ts';
import { createHaproxyMembership } from '../src/engines/scaling/haproxy/membership.ts';
import { HaproxyOptions } from '../src/engines/scaling/haproxy/options.ts';
import { backendLoad } from '../src/engines/traffic/haproxy/load.ts';
import { systemClock } from '../src/runtime/clock.ts';
import { startHaproxy, type Haproxy } from './support/haproxy.ts';
import { messageOf, valueOf } from './support/outcomes.ts';
import { cleanUp, tempFolder, waitUntil } from './support/processes.ts';
import { scalingContext } from './support/workers.ts';

// Servers that stand ready are taken into a real HAProxy and out of it, while clients ask.

const { signal } = new AbortController();
const all: Server[] = [];
/** Ports whose health is bad. */
const broken = new Set<number>();

/** Says its name, after `?ms=`; its health is good unless its port is `broken`. */
async function listening(name: string): Promise<number> {
  const answer = (request: IncomingMessage, reply: ServerResponse): void => {
    const url = new URL(request.url ?? '/', 'http://localhost');
    if (url.pathname === '/health') {
      reply.statusCode = broken.has(portOf(server)) ? 503 : 200;
      return void reply.end();
    }
    setTimeout(() => reply.end(name), Number(url.searchParams.get('ms') ?? 0));
  };
  const server = createServer(answer);
  all.push(server);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return portOf(server);
}
const portOf = (server: Server): number => (server.address() as AddressInfo).port;

async function stopServers(): Promise<void> {
  for (const server of all.splice(0)) {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  }
}

afterAll(async () => {
  await stopServers();
  await cleanUp();
});

scalingConformance('haproxy', async () => {
  const ports = await Promise.all(['w1', 'w2', 'w3', 'other'].map(listening));
  const haproxy = await startHaproxy({
    folder: tempFolder('gscale-'),
    inter: '100ms',
    backends: [
      {
        name: 'web',
        mode: 'http',
        check: { http: '/health' },
        balance: 'roundrobin',
        servers: [
          { name: 'w1', port: ports[0] as number },
          { name: 'w2', port: ports[1] as number, options: 'disabled' },
          { name: 'other', port: ports[3] as number },
        ],
      },
    ],
  });
  const options = HaproxyOptions.parse({
    socket: haproxy.socket,
    backend: 'web',
    prefix: 'w',
    servers: [`127.0.0.1:${ports[2]}`],
  });
  const engine = createHaproxyEngine(options, { clock: systemClock });
  return {
    engine,
    breakReady: async () => {
      const taking = valueOf(await engine.fleet(signal)).instances.map(({ address }) => address);
      for (const port of ports) if (!taking.includes(`127.0.0.1:${port}`)) broken.add(port);
    },
    reopen: async () => createHaproxyEngine(options, { clock: systemClock }),
    dispose: async () => {
      expect(await haproxy.command('show servers state web')).toMatch(/ other \S+ \d 0 /); // never touched
      await haproxy.stop();
    },
  };
});

describe('the servers of a backend', () => {
  let haproxy: Haproxy;
  let options: HaproxyOptions;
  const engine = () => createHaproxyEngine(options, { clock: systemClock });
  const scaled = async (desired: number, drainSeconds = 5, remove: readonly string[] = []) => {
    const context = scalingContext();
    const done = await engine().scale({ desired, remove, readySeconds: 10, drainSeconds }, context);
    return { done, notes: context.notes };
  };
  const get = async (query = ''): Promise<string> => {
    const reply = await fetch(`http://127.0.0.1:${haproxy.port('web')}/${query}`, {
      headers: { connection: 'close' },
    });
    return reply.status === 200 ? reply.text() : `HTTP ${reply.status}`;
  };

  beforeAll(async () => {
    const [a, b, c] = await Promise.all(['a', 'b', 'c'].map(listening));
    haproxy = await startHaproxy({
      folder: tempFolder('gscale-'),
      inter: '100ms',
      master: true,
      backends: [
        {
          name: 'web',
          mode: 'http',
          check: { http: '/health' },
          balance: 'roundrobin',
          servers: [
            { name: 'a', port: a as number },
            { name: 'b', port: b as number, options: 'disabled' },
          ],
        },
        { name: 'fixed', balance: 'static-rr', servers: [{ name: 'a', port: a as number }] },
        { name: 'unseen', check: 'none', servers: [{ name: 'a', port: a as number }] },
      ],
    });
    options = HaproxyOptions.parse({ socket: haproxy.socket, backend: 'web', servers: [`localhost:${c}`] });
    await waitUntil('the first check has ended', async () => (await get()) === 'a');
  });

  it('take part one after the other, those of the configuration first, and no request is lost', async () => {
    const answers: string[] = [];
    let asking = true;
    const clients = Array.from({ length: 4 }, async () => {
      while (asking) answers.push(await get('?ms=10'));
    });

    const two = await scaled(2);
    const three = await scaled(3);
    const one = await scaled(1, 5, ['a', 'b']);
    asking = false;
    await Promise.all(clients);

    expect(valueOf(two.done).added).toEqual(['b']);
    const [dynamic = ''] = valueOf(three.done).added;
    expect(dynamic).toMatch(/^genesis\.127\.0\.0\.1:\d+$/);
    expect(valueOf(one.done)).toMatchObject({ removed: ['a', 'b'], fleet: { instances: [{ name: dynamic }] } });
    expect(new Set(answers)).toEqual(new Set(['a', 'b', 'c']));
    expect(await Promise.all(Array.from({ length: 6 }, () => get()))).toEqual(Array.from({ length: 6 }, () => 'c'));
    expect(valueOf(await scaled(3).then(({ done }) => done)).fleet.instances).toHaveLength(3);
  });

  it('drain: a request in work is answered, a new one goes elsewhere', async () => {
    valueOf((await scaled(2, 5, ['genesis.'])).done);
    const slow = Promise.all(Array.from({ length: 4 }, () => get('?ms=900')));
    await waitUntil('all are in work', async () => valueOf(await backendLoad(options, signal)).sessions >= 4);

    const begun = performance.now();
    const { done, notes } = await scaled(1);

    expect(performance.now() - begun).toBeGreaterThan(500);
    expect(valueOf(done).removed).toHaveLength(1);
    expect(await slow).not.toContain(expect.stringContaining('HTTP'));
    expect(notes).toEqual([expect.stringMatching(/^\S+: drained in the backend web of HAProxy$/)]);
  });

  it('are cut off when their time is over, and it is told', async () => {
    const [only] = valueOf(await engine().fleet(signal)).instances;
    valueOf((await scaled(2)).done);
    const slow = Promise.allSettled(Array.from({ length: 4 }, () => get('?ms=4000')));
    await waitUntil('all are in work', async () => valueOf(await backendLoad(options, signal)).sessions >= 4);

    const { done, notes } = await scaled(1, 0.5, [only?.name ?? '']);

    expect(valueOf(done).removed).toEqual([only?.name]);
    expect(notes).toEqual([expect.stringMatching(/: drained in .*, 2 sessions were ended after 0.5 s$/)]);
    await slow;
  });

  it('are no more than there are', async () => {
    expect(messageOf((await scaled(4)).done)).toBe(
      'scaling_failed: the backend web of HAProxy has 1 servers that take part and 2 that stand ready, 4 are wanted: nothing was changed',
    );
  });

  it('come back with the next scaling after a reload has put the old ones in place', async () => {
    valueOf((await scaled(3)).done);
    await haproxy.reload();
    await waitUntil(
      'its checks have run',
      async () => valueOf(await engine().fleet(signal)).instances[0]?.state === 'ready',
    );

    expect(valueOf(await engine().fleet(signal)).instances.map(({ name }) => name)).toEqual(['a']);
    expect(valueOf((await scaled(3)).done).fleet.instances.map(({ state }) => state)).toEqual([
      'ready',
      'ready',
      'ready',
    ]);
  });

  it('are drained through a reload: the lost one is gone, the old one is drained anew', async () => {
    valueOf((await scaled(3)).done);
    const membership = createHaproxyMembership({ ...options, prefix: '' }, { clock: systemClock });
    const context = scalingContext();
    const addresses = valueOf(await engine().fleet(signal)).instances.map(({ address }) => address ?? '');
    const slow = Promise.allSettled(Array.from({ length: 6 }, () => get('?ms=1500')));
    await waitUntil('all are in work', async () => valueOf(await backendLoad(options, signal)).sessions >= 6);

    const draining = membership.drain(addresses, 5, context);
    await waitUntil('it drains', async () =>
      valueOf(await engine().fleet(signal)).instances.every(({ state }) => state === 'draining'),
    );
    await haproxy.reload();

    expect(messageOf(await draining)).toBe('ok');
    expect(context.notes).toEqual(
      expect.arrayContaining([
        expect.stringMatching(/^genesis\.\S+: gone from the backend web of HAProxy while it was drained$/),
        expect.stringMatching(/^a: drained in /),
      ]),
    );
    expect(valueOf(await engine().fleet(signal)).instances).toEqual([]);
    await slow;
  });

  it('that still answer somebody keep no new one out', async () => {
    valueOf((await scaled(3)).done);
    const membership = createHaproxyMembership({ ...options, prefix: '' }, { clock: systemClock });
    const context = scalingContext();
    const [dynamic] = valueOf(await engine().fleet(signal)).instances.filter(({ name }) => name.startsWith('genesis.'));
    const living = valueOf(await engine().fleet(signal)).instances.filter((one) => one.name !== dynamic?.name);
    const slow = Promise.allSettled(Array.from({ length: 3 }, () => get('?ms=5000')));
    await waitUntil('all are in work', async () => valueOf(await backendLoad(options, signal)).sessions >= 3);

    const forgotten = await membership.forget(living.map(({ address }) => address ?? ''), context); // prettier-ignore

    expect(messageOf(forgotten)).toBe('ok');
    expect(context.notes.at(-1)).toMatch(/^genesis\.\S+: out of work, and not removed from .* yet: /);
    expect(valueOf(await engine().fleet(signal)).instances.map(({ name }) => name)).not.toContain(dynamic?.name);
    await slow;
    expect(
      messageOf(
        await membership.forget(
          living.map(({ address }) => address ?? ''),
          context,
        ),
      ),
    ).toBe('ok');
    expect(await haproxy.command('show servers state web')).not.toContain('genesis.');
  }, 20_000);

  it('are counted once where two names lead to one address', async () => {
    const [port] = options.servers.map((one) => one.split(':')[1]);
    const twice = { ...options, servers: [`localhost:${port}`, `127.0.0.1:${port}`] };
    const request = { desired: 4, remove: [], readySeconds: 2, drainSeconds: 2 };

    expect(
      messageOf(await createHaproxyEngine(twice, { clock: systemClock }).scale(request, scalingContext())),
    ).toMatch(/that take part and 1 that stand ready, 4 are wanted/);
  });

  it('stay where the name of an instance cannot be resolved: nobody is taken out, drained past or let in', async () => {
    valueOf((await scaled(3)).done);
    const membership = createHaproxyMembership({ ...options, prefix: '' }, { clock: systemClock });
    const address = 'instance-7.invalid:80';
    const context = scalingContext();

    const said = [
      await membership.members([address], signal),
      await membership.drain([address], 1, context),
      await membership.forget([address], context),
      await membership.admit([{ name: 'i7', address, isNew: true }], 1, context),
    ].map(messageOf);

    for (const message of said)
      expect(message).toMatch(/^scaling_failed: .*instance-7\.invalid:80 cannot be resolved now/);
    expect(context.notes).toEqual([]);
    expect(valueOf(await engine().fleet(signal)).instances.map(({ state }) => state)).toEqual([
      ...['ready', 'ready', 'ready'],
    ]);
  });

  it('are said to be unknown where nobody looks, and the fault is named', async () => {
    const other = (backend: string, servers: readonly string[] = []) =>
      createHaproxyEngine(HaproxyOptions.parse({ socket: haproxy.socket, backend, servers }), { clock: systemClock });
    const request = { desired: 2, remove: [], readySeconds: 2, drainSeconds: 2 };

    expect(valueOf(await other('unseen').fleet(signal)).instances).toMatchObject([{ name: 'a', state: 'unknown' }]);
    expect(await other('unseen').warnings(signal)).toEqual([expect.stringContaining('add `check`')]);
    expect(messageOf(await other('fixed', ['127.0.0.1:9']).scale(request, scalingContext()))).toMatch(
      /^scaling_failed: HAProxy says about the server fixed\/genesis.127.0.0.1:9: Backend must use a dynamic .*server-template/,
    );
    expect(messageOf(await other('nope').fleet(signal))).toBe(
      'scaling_failed: HAProxy has no backend nope: compare scaling.haproxy.backend with it',
    );
  });
});
