import autocannon from 'autocannon';
import { readFileSync, statSync, writeFileSync, readdirSync } from 'node:fs';
import path from 'node:path';
import { withBalancer } from '../src/engines/scaling/balancer.ts';
import { scalingConformance } from '../src/engines/scaling/conformance.ts';
import { logFileOf } from '../src/engines/scaling/process/workers.ts';
import { systemClock } from '../src/runtime/clock.ts';
import { startHaproxy, type Haproxy } from './support/haproxy.ts';
import { messageOf, valueOf } from './support/outcomes.ts';
import { cleanUp, freePort, tempFolder, waitUntil } from './support/processes.ts';
import {
  killedWhileScaling,
  request,
  scaled,
  scalingContext,
  silent,
  statesOf,
  workersIn,
  writeWorkerProgram,
  type Workers,
} from './support/workers.ts';

// Real worker processes, alone and behind a real HAProxy, with clients all the while.

const { signal } = new AbortController();

let instance: autocannon.Instance | null = null;

/** Ten clients that ask until they are stopped. The rate is bounded: on a busy machine they would starve the health checks. */
function loadOn(url: string): { stop(): Promise<autocannon.Result> } {
  const ended = new Promise<autocannon.Result>((resolve, reject) => {
    instance = autocannon({ url, connections: 10, overallRate: 250, duration: 60 }, (error, result) =>
      error === null || error === undefined ? resolve(result) : reject(error as Error),
    );
  });
  return {
    stop: () => {
      instance?.stop();
      return ended;
    },
  };
}

afterAll(async () => {
  instance?.stop();
  await cleanUp();
});

scalingConformance('process', async () => {
  const workers = await workersIn(tempFolder('gscale-'));
  return {
    engine: workers.engine(),
    breakReady: async () => workers.set('broken', true),
    reopen: async () => workers.engine(),
    count: async () => workers.pids().length,
    dispose: async () => workers.killAll(),
  };
});

describe('worker processes', () => {
  let workers: Workers;

  beforeAll(async () => {
    workers = await workersIn(tempFolder('gscale-'), { service: 'shop', change: { env: { COLOUR: 'blue' } } });
  });

  afterAll(() => workers.killAll());

  it('get their port, their name and nothing else but PATH', async () => {
    process.env['GENESIS_TEST_LEAK'] = 'leaked';
    const { fleet } = await scaled(workers.engine(), 1);
    delete process.env['GENESIS_TEST_LEAK'];

    const [only] = fleet.instances;
    const env = (await (await fetch(`http://${only?.address}/env`)).json()) as Record<string, string>;

    expect(only).toMatchObject({ name: 'shop-1', state: 'ready', load: 0, startedAt: expect.any(String) });
    expect(Object.keys(env).sort()).toEqual([
      ...['COLOUR', 'GENESIS_WORKER', 'GENESIS_WORKER_NAME', 'INSTANCE', 'PATH', 'PORT'],
    ]);
    expect(env).toMatchObject({ COLOUR: 'blue', INSTANCE: 'shop-1', PORT: only?.address?.split(':')[1] });
  });

  it('are known again by a Genesis that starts anew, also without their files', async () => {
    const before = workers.pids();
    for (const file of readdirSync(workers.home).filter((name) => name.endsWith('.json')))
      writeFileSync(path.join(workers.home, file), '{"damaged');

    const { added, fleet } = await scaled(workers.engine(), 2);

    expect(added).toEqual(['shop-2']);
    expect(fleet.instances.map(({ name, state }) => `${name} ${state}`)).toEqual(['shop-1 ready', 'shop-2 ready']);
    expect(workers.pids()).toEqual(expect.arrayContaining([...before]));
    expect(workers.pids()).toHaveLength(2);
  });

  it('are gone from the fleet when they die, and a stranger with their pid is left alone', async () => {
    const engine = workers.engine();
    const file = path.join(workers.home, 'shop-2.json');
    const kept = JSON.parse(readFileSync(file, 'utf8')) as { process: { pid: number; startTicks: number } };
    process.kill(kept.process.pid, 'SIGKILL');
    await waitUntil('it is gone', () => workers.pids().length === 1);
    const other = { ...kept, process: { ...kept.process, pid: process.pid } };
    writeFileSync(file, JSON.stringify(other)); // our own number, with another start

    expect(await statesOf(engine)).toEqual(['shop-1 ready']);
    expect(readdirSync(workers.home)).not.toContain('shop-2.json');
    expect((await scaled(engine, 2)).added).toEqual(['shop-2']);
  });

  it.each([0, 100])('are all accounted for when Genesis is killed %i ms after it began to scale', async (ms) => {
    const crashed = await workersIn(tempFolder('gscale-'), { service: 'crash', lateMs: 200 });
    await killedWhileScaling(crashed, 3, ms);

    const up = await scaled(crashed.engine(), 3);
    expect(crashed.pids()).toHaveLength(3);
    await killedWhileScaling(crashed, 1, ms);
    const down = await scaled(crashed.engine(), 1);

    expect(up.fleet.instances.map(({ name, state }) => `${name} ${state}`)).toEqual(
      [1, 2, 3].map((number) => `crash-${number} ready`),
    );
    expect(down.fleet.instances).toHaveLength(1);
    expect(crashed.pids()).toHaveLength(1);
    await scaled(crashed.engine(), 0);
  });

  it('end by their load, the least loaded first, and by force when they do not', async () => {
    const engine = workers.engine();
    const [first] = valueOf(await engine.fleet(signal)).instances;
    await fetch(`http://${first?.address}/load?is=7`);

    expect(valueOf(await engine.dryRun(request(1), signal))).toEqual([
      'would end shop-2 by SIGTERM, and by force after 5 s',
    ]);
    workers.set('stubborn', true);
    const { removed, notes } = await scaled(engine, 1, { drainSeconds: 0.5 });
    workers.set('stubborn', false);

    expect(removed).toEqual(['shop-2']);
    expect(notes).toEqual(['shop-2: killed, it had not ended 0.5 s after SIGTERM']);
    expect(await statesOf(engine)).toEqual(['shop-1 ready']);
    expect(workers.pids()).toHaveLength(1);
  });

  it('are measured by the processor that they and their children use, not by that of the machine', async () => {
    const folder = tempFolder('gscale-');
    const burns = '[ "$INSTANCE" = burn-1 ] && { while :; do :; done & }; exec "$0" "$@"';
    const command = ['/bin/sh', '-c', burns, process.execPath, writeWorkerProgram(folder), folder, '0'];
    const busy = await workersIn(folder, { service: 'burn', change: { command } });
    const idle = await workersIn(folder, { service: 'calm' });
    try {
      const engines = [busy.engine(), idle.engine()];
      for (const engine of engines) await scaled(engine, 2);
      const read = () => Promise.all(engines.map((engine) => engine.readMetric?.('cpu', signal)));
      expect(await read()).toMatchObject([
        { known: false, why: 'missing' },
        { known: false, why: 'missing' },
      ]);
      await new Promise((resolve) => setTimeout(resolve, 3000));

      const shares = (await read()).map((reading) => (reading?.known === true ? reading.value : Number.NaN));
      // One of two burns a whole processor, or what a busy machine leaves of it.
      expect(shares[0]).toBeGreaterThan(0.1);
      expect(shares[0]).toBeLessThan(0.8);
      expect(shares[1]).toBeLessThan(0.1);
      expect(await engines[0]?.readMetric?.('memory', signal)).toBeNull();
    } finally {
      busy.killAll();
      idle.killAll();
    }
  });

  it('are not started where no port or no program is, and that is said', async () => {
    const port = await freePort();
    const crowded = await workersIn(tempFolder('gscale-'), { change: { ports: [port, port] } });
    const programless = await workersIn(tempFolder('gscale-'), { change: { command: ['/none/such'] } });
    const dying = await workersIn(tempFolder('gscale-'), { change: { command: ['sh', '-c', 'echo no; exit 3'] } });
    const tried = async (one: Workers, desired: number) =>
      messageOf(await one.engine().scale(request(desired), scalingContext()));

    expect(await tried(crowded, 2)).toMatch(/^scaling_failed: 2 ports are needed and 1 of .* nothing was started$/);
    expect(await tried(programless, 1)).toMatch(/^exec_failed: \/none\/such could not be started: /);
    expect(await tried(dying, 1)).toMatch(
      /^(instance_not_ready: web-1 has ended before it was ready, see|exec_failed: sh ended as soon)/,
    );
    for (const one of [crowded, programless, dying]) expect(await statesOf(one.engine())).toEqual([]);
    expect(readFileSync(logFileOf(dying.home, 'web-1'), 'utf8')).toBe('no\n');
  });

  it('of two services that share a range of ports do not get the same ones at the same time', async () => {
    const one = await workersIn(tempFolder('gscale-'), { service: 'left' });
    const shared = await workersIn(tempFolder('gscale-'), { service: 'right', change: { ports: one.options.ports } });

    const [left, right] = await Promise.all([scaled(one.engine(), 3), scaled(shared.engine(), 3)]);

    const addresses = [...left.fleet.instances, ...right.fleet.instances].map(({ address }) => address);
    expect(new Set(addresses).size).toBe(6);
    expect([left, right].map(({ fleet }) => fleet.instances.map(({ state }) => state))).toEqual([
      ['ready', 'ready', 'ready'],
      ['ready', 'ready', 'ready'],
    ]);
    for (const all of [one, shared]) await scaled(all.engine(), 0);
  });

  it('that a shell has started finish their work, although the shell hears the signal alone', async () => {
    const folder = tempFolder('gscale-');
    const program = writeWorkerProgram(folder);
    // The child of its own is called otherwise, and lives on while others come and go.
    const script = `INSTANCE=mine sleep 300 & "$0" "$1" "$2" 0; true`;
    const command = ['sh', '-c', script, process.execPath, program, folder];
    const wrapped = await workersIn(folder, { service: 'wrap', change: { command } });
    const { fleet } = await scaled(wrapped.engine(), 1);
    await scaled(wrapped.engine(), 2);
    expect(wrapped.pids()).toHaveLength(6); // a shell, its worker and the child, twice

    const slow = fetch(`http://${fleet.instances[0]?.address}/?ms=1200`).then((reply) => reply.text());
    await waitUntil('it is in work', async () =>
      valueOf(await wrapped.engine().fleet(signal)).instances.some(({ load }) => (load ?? 0) > 0),
    );
    const { removed, notes } = await scaled(wrapped.engine(), 0);

    expect(await slow).toBe('wrap-1');
    expect(removed).toEqual(['wrap-1', 'wrap-2']);
    expect(notes).toContain('wrap-1: 2 processes that it had started were asked to end, too');
    expect(wrapped.pids()).toEqual([]);
  });

  it('keep a log that does not grow without end', async () => {
    const log = logFileOf(workers.home, 'shop-1');
    writeFileSync(log, 'x'.repeat(3 * 1024 * 1024));

    await workers.engine().fleet(signal);

    expect(statSync(log).size).toBe(0);
    expect(statSync(log).mode & 0o777).toBe(0o600);
    expect(statSync(`${log}.1`).size).toBe(256 * 1024);
  });
});

describe('worker processes behind HAProxy', () => {
  let workers: Workers;
  let haproxy: Haproxy;
  const engine = () =>
    withBalancer(
      workers.engine(),
      { socket: haproxy.socket, backend: 'web', prefix: '' },
      { clock: systemClock, log: silent },
    );
  const url = (query = '') => `http://127.0.0.1:${haproxy.port('web')}/${query}`;
  /** Names that answer, the load balancer's turns counted. */
  const answering = async (): Promise<readonly string[]> => {
    const names = new Set<string>();
    for (let time = 0; time < 12; time += 1)
      names.add(await (await fetch(url(), { headers: { connection: 'close' } })).text());
    return [...names].sort();
  };

  beforeAll(async () => {
    workers = await workersIn(tempFolder('gscale-'));
    haproxy = await startHaproxy({
      folder: tempFolder('gscale-'),
      inter: '200ms',
      master: true,
      backends: [
        {
          name: 'web',
          mode: 'http',
          check: { http: '/health' },
          balance: 'roundrobin',
          // Addresses of slots: nobody listens at port 1.
          servers: [1, 2].map((number) => ({ name: `slot${number}`, port: 1, options: 'disabled' })),
        },
      ],
    });
  });

  afterAll(() => workers.killAll());

  it('take work as soon as scaling has ended, more of them than there are slots', async () => {
    const { added, notes } = await scaled(engine(), 3);

    expect(added).toEqual(['web-1', 'web-2', 'web-3']);
    expect(await answering()).toEqual(['web-1', 'web-2', 'web-3']);
    expect(notes.filter((note) => note.includes('leads to'))).toEqual([
      expect.stringContaining('slot1'),
      expect.stringContaining('slot2'),
      expect.stringContaining('genesis.web-3'),
    ]);
    expect(valueOf(await engine().fleet(signal)).instances.map(({ detail }) => detail)).toEqual(
      [1, 2, 3].map(() => expect.stringMatching(/^process \d+$/)),
    );
    expect((await scaled(engine(), 3)).notes).toEqual([]);
  });

  it('end without a request lost, under load, and come back', async () => {
    const load = loadOn(url('?ms=20'));

    const down = await scaled(engine(), 1, { remove: ['web-1', 'web-3'] });
    const up = await scaled(engine(), 3);
    const again = await scaled(engine(), 2, { remove: ['web-3'] });
    const seen = await load.stop();

    expect([down.removed, up.added, again.removed]).toEqual([['web-1', 'web-3'], ['web-1', 'web-3'], ['web-3']]);
    expect(seen.requests.total).toBeGreaterThan(100);
    expect({ non2xx: seen.non2xx, errors: seen.errors, timeouts: seen.timeouts }).toEqual({
      non2xx: 0,
      errors: 0,
      timeouts: 0,
    });
    expect(seen['2xx']).toBe(seen.requests.total);
    expect(await answering()).toEqual(['web-1', 'web-2']);
  });

  it('are drained first: a request in work is answered before its worker is asked to end', async () => {
    const slow = Promise.all(Array.from({ length: 4 }, () => fetch(url('?ms=1000')).then((reply) => reply.text())));
    await waitUntil('both are in work', async () =>
      valueOf(await engine().fleet(signal)).instances.every(({ load }) => (load ?? 0) > 0),
    );

    const { notes } = await scaled(engine(), 1, { remove: ['web-2'] });

    expect(await slow).toEqual(expect.arrayContaining(['web-1', 'web-2']));
    expect(notes.map((note) => note.replace(/ in the backend.*/, ''))).toEqual([
      expect.stringMatching(/^slot\d: drained$/),
      'web-2: ended after SIGTERM',
    ]);
  });

  it('that take the port of one that was killed take work, too, when scaling has ended', async () => {
    const [first] = valueOf(await workers.engine().fleet(signal)).instances;
    await scaled(engine(), 1);
    const [only = 0] = workers.pids();
    process.kill(only, 'SIGKILL');
    await waitUntil('HAProxy holds it for down', async () => (await fetch(url())).status === 503);

    const { fleet } = await scaled(engine(), 1);

    expect((await fetch(url())).status).toBe(200);
    expect(fleet.instances.map(({ address }) => address)).toEqual([first?.address]);
  });

  it('are brought back by the next scaling to the same number when HAProxy has lost them', async () => {
    await scaled(engine(), 3);
    await haproxy.reload();

    const lost = valueOf(await engine().fleet(signal)).instances;
    expect(lost.map(({ state, detail }) => `${state} ${detail?.replace(/.*; /, '')}`)).toEqual(
      [1, 2, 3].map(() => 'ready not in the backend web of HAProxy'),
    );
    expect(valueOf(await engine().dryRun(request(3), signal))).toContain(
      'would bring web-1 back into the backend web of HAProxy',
    );
    const { added, removed } = await scaled(engine(), 3);

    expect([added, removed]).toEqual([[], []]);
    expect(await answering()).toEqual(['web-1', 'web-2', 'web-3']);
  });

  it('take turns where two ask at once', async () => {
    const both = await Promise.all([2, 3].map((desired) => engine().scale(request(desired), scalingContext())));

    expect(both.map(messageOf)).toEqual(['ok', 'ok']);
    expect(await answering()).toHaveLength(3);
  });

  it('are neither started nor ended while HAProxy cannot be asked', async () => {
    const pids = workers.pids();
    const blind = withBalancer(
      workers.engine(),
      { socket: `${haproxy.socket}-none`, backend: 'web', prefix: '' },
      { clock: systemClock, log: silent },
    );

    for (const desired of [1, 5])
      expect(messageOf(await blind.scale(request(desired), scalingContext()))).toMatch(
        /^scaling_failed: there is no socket .* compare scaling.balancer.socket/,
      );

    expect(workers.pids()).toEqual(pids);
    expect(messageOf(await blind.fleet(signal))).toMatch(/there is no socket/);
  });

  it('leave nothing behind at none', async () => {
    await scaled(engine(), 0);

    expect(workers.pids()).toEqual([]);
    expect(await haproxy.command('show servers state web')).not.toContain('genesis.');
    expect(readdirSync(workers.home).filter((name) => name.endsWith('.json'))).toEqual([]);
  });
});
