import type { ScalingEngine } from '../port.ts';
import { engineOn, recorded, type Asked, type RecordedEngine, type Reply } from './testing.ts';

// Containers: what Podman 4.3.1 answered. Swarm: written after Docker's published Engine API 1.41; Podman has none.

const calm = new AbortController().signal;
const open: RecordedEngine[] = [];
afterEach(async () => {
  for (const one of open.splice(0)) await one.close();
});

async function engineWith(...given: Parameters<typeof engineOn>): Promise<RecordedEngine> {
  const one = await engineOn(...given);
  open.push(one);
  return one;
}

function scale(engine: ScalingEngine, desired: number, remove: readonly string[] = []) {
  const context = { signal: calm, operation: 'op', note: () => undefined };
  return engine.scale({ desired, remove, readySeconds: 5, drainSeconds: 7 }, context);
}

const idOf = (name: string) => (recorded(name).json as { Id: string }).Id;
const listOf = (...names: string[]): Reply => ({ status: 200, json: names.map((name) => ({ Id: idOf(name) })) });
const shop = { labels: { app: 'web' }, port: 8080, health_path: '/' };

/** A host whose containers are as recorded; made ones run from then on. */
function host(containers: string[], create: readonly Reply[] = [recorded('created')]) {
  const present = new Map(containers.map((name) => [idOf(name), recorded(name).json]));
  let n = 0;
  return ({ what, query }: Asked): Reply | undefined => {
    const id = what.split('/')[2] ?? '';
    if (what === 'GET /containers/json') return { status: 200, json: [...present.keys()].map((Id) => ({ Id })) };
    if (what === 'GET /version') return recorded('version');
    if (what === 'POST /containers/create') {
      const reply = create[Math.min(n, create.length - 1)] as Reply;
      n += 1;
      if (reply.status !== 201) return reply;
      const Id = `made-${n}`;
      present.set(Id, { ...(recorded('inspect-running').json as object), Id, Name: `/${query.get('name') ?? ''}` });
      return { status: 201, json: { Id } };
    }
    if (what.endsWith('/start')) return recorded('started');
    if (what.endsWith('/stop')) return recorded('stopped');
    if (what.startsWith('DELETE')) return present.delete(id) ? recorded('removed') : recorded('remove-again');
    const found = present.get(id);
    return found === undefined ? recorded('inspect-gone') : { status: 200, json: found };
  };
}

describe('containers', () => {
  it('are seen as they are: ready, ended, failing their health check', async () => {
    const { engine } = await engineWith(host(['inspect-running', 'inspect-exited', 'inspect-health']), shop);

    const fleet = await engine.fleet(calm);
    expect(fleet).toMatchObject({ ok: true, value: { wanted: null, ownedBy: null } });
    const instances = fleet.ok ? fleet.value.instances : [];
    expect(instances).toMatchObject([
      { name: 'web-1', state: 'ready', address: expect.stringMatching(/^10\.88\.\d+\.\d+:8080$/), detail: null },
      { name: 'web-2', state: 'unready', detail: 'exited with 3' },
      { name: 'web-3', detail: expect.stringMatching(/^its health check: (starting|unhealthy)$/) },
    ]);
  });

  it('that were only made have not begun', async () => {
    const { engine } = await engineWith(host(['inspect-created']), shop);

    expect(await engine.fleet(calm)).toMatchObject({
      value: { instances: [{ state: 'starting', startedAt: null, detail: 'it was made and not started' }] },
    });
  });

  it('that were ready once and fail their check are unready', async () => {
    let status = 200;
    const { engine } = await engineWith(host(['inspect-running']), shop, () => new Response('', { status }));
    await engine.fleet(calm);
    status = 503;

    expect(await engine.fleet(calm)).toMatchObject({
      value: { instances: [{ state: 'unready', detail: expect.stringMatching(/answers 503$/) }] },
    });
  });

  it('are made like the newest, with nothing of it in the address, and with no variable of its own', async () => {
    const { engine, asked } = await engineWith(host(['inspect-running']), shop);

    expect(await scale(engine, 2)).toMatchObject({ ok: true, value: { added: ['web-2'], removed: [] } });
    const made = asked.find(({ what }) => what === 'POST /containers/create');
    expect([...(made?.query ?? [])]).toEqual([['name', 'web-2']]);
    const { Env, Image, Cmd, Labels, HostConfig } = made?.body as Record<string, object>;
    expect(Env).toContain('COLOUR=blue');
    expect(JSON.stringify(Env)).not.toMatch(/HOSTNAME=|container=/);
    expect(Image).toBe((recorded('inspect-running').json as { Image: string }).Image);
    expect(Cmd).toContain('httpd');
    expect(Labels).toEqual({ app: 'web', 'genesis-dr.io/service': 'web' });
    expect(HostConfig).toEqual({
      LogConfig: { Type: 'json-file', Config: null },
      NetworkMode: 'bridge',
      PidsLimit: 2048,
      PortBindings: {},
      ShmSize: 65_536_000,
    });
  });

  it('get the next name where one is taken, and no image is pulled', async () => {
    const taken = await engineWith(host(['inspect-running'], [recorded('name-in-use'), recorded('created')]), shop);
    expect(await scale(taken.engine, 2)).toMatchObject({ value: { added: ['web-3'] } });

    const missing = await engineWith(host(['inspect-running'], [recorded('image-missing')]), shop);
    expect(await scale(missing.engine, 2)).toMatchObject({
      error: { code: 'scaling_failed', message: expect.stringMatching(/no such image.*Genesis never pulls an image/) },
    });
    expect(missing.asked.some(({ what }) => what.includes('/images'))).toBe(false);
  });

  it('get the time of the policy to end, then go', async () => {
    const { engine, asked } = await engineWith(host(['inspect-running', 'inspect-health']), shop);

    expect(await scale(engine, 1, ['web-1'])).toMatchObject({ error: { code: 'instance_not_ready' } });
    const stops = asked.filter(({ what }) => what.endsWith('/stop'));
    expect(stops.map(({ what, query }) => [what, query.get('t')])).toEqual([
      [`POST /containers/${idOf('inspect-running')}/stop`, '7'],
    ]);
  });

  it('warn of what ended and of a version that was not tried', async () => {
    const { engine } = await engineWith(host(['inspect-running', 'inspect-exited']), { ...shop, port: null });

    const warnings = (await engine.warnings(calm)).join('\n');
    expect(warnings).toMatch(/web-2 has ended and is still there: exited with 3/);
    expect(warnings).toMatch(/that it runs counts as ready/);
  });
});

it('a Swarm service is not to be had of Podman, which is said', async () => {
  const { engine } = await engineWith(() => recorded('no-swarm'), { mode: 'service', service: 'web' });

  expect(await engine.fleet(calm)).toMatchObject({
    error: { code: 'scaling_failed', message: expect.stringContaining('Podman does not support service') },
  });
});

describe('a Swarm service', () => {
  const swarm = { mode: 'service', service: 'web', port: 80 };
  interface World {
    replicas: number;
    version: number;
    outOfSequence: number;
    broken: boolean;
    global?: boolean;
  }

  const specOf = ({ replicas, global }: World) => ({
    Name: 'web',
    Labels: { keep: 'this' },
    Mode: global === true ? { Global: {} } : { Replicated: { Replicas: replicas } },
    TaskTemplate: { ContainerSpec: { Image: 'app:1', StopGracePeriod: 5e9 } },
  });

  function tasksOf({ replicas, broken }: World) {
    return Array.from({ length: replicas }, (_, n) => ({
      ID: `t${n}`,
      Slot: n + 1,
      CreatedAt: '2026-11-22T20:00:00.123456789Z',
      DesiredState: 'running',
      Status:
        broken && n > 0 ? { State: 'rejected', Err: 'No such image: app:1' } : { State: 'running', Message: 'started' },
      NetworksAttachments: [{ Addresses: [`10.0.1.${n + 2}/24`] }],
    }));
  }

  function cluster(world: World) {
    return ({ what, query, body }: Asked): Reply | undefined => {
      if (what === 'GET /services/web')
        return { status: 200, json: { ID: 's1', Version: { Index: world.version }, Spec: specOf(world) } };
      if (what === 'GET /tasks') return { status: 200, json: tasksOf(world) };
      if (what !== 'POST /services/s1/update') return undefined;
      if (world.outOfSequence > 0 || query.get('version') !== String(world.version)) {
        world.outOfSequence -= 1;
        world.version += 1;
        return { status: 500, json: { message: 'rpc error: code = Unknown desc = update out of sequence' } };
      }
      world.replicas = (body as ReturnType<typeof specOf>).Mode.Replicated?.Replicas ?? 0;
      world.version += 1;
      return { status: 200, json: { Warnings: null } };
    };
  }

  it('is set with its whole definition against its version, and again when that has changed', async () => {
    const world = { replicas: 1, version: 10, outOfSequence: 2, broken: false };
    const { engine, asked } = await engineWith(cluster(world), swarm);

    expect(await scale(engine, 3)).toMatchObject({ ok: true, value: { added: ['web.2.t1', 'web.3.t2'], removed: [] } });
    const last = asked.filter(({ what }) => what.startsWith('POST')).at(-1);
    expect([...(last?.query ?? [])]).toEqual([['version', '12']]);
    expect(last?.body).toEqual(specOf({ ...world, replicas: 3 }));
    expect(await engine.fleet(calm)).toMatchObject({
      value: { wanted: 3, instances: [{ name: 'web.1.t0', state: 'ready', address: '10.0.1.2:80' }, {}, {}] },
    });
    expect(engine.choosesRemoved).toBe(false);
    expect(await scale(engine, 1)).toMatchObject({ value: { removed: ['web.2.t1', 'web.3.t2'] } });
  });

  it('that changes all the time, or has tasks that cannot start, is told', async () => {
    const busy = await engineWith(cluster({ replicas: 1, version: 1, outOfSequence: 99, broken: false }), swarm);
    expect(await scale(busy.engine, 2)).toMatchObject({ error: { code: 'scaling_conflict' } });

    const broken = await engineWith(cluster({ replicas: 1, version: 1, outOfSequence: 0, broken: true }), swarm);
    expect(await scale(broken.engine, 2)).toMatchObject({
      error: {
        code: 'instance_not_ready',
        message: expect.stringMatching(/web\.2\.t1 rejected: No such image: app:1/),
      },
    });
  });

  it('of one task on each node cannot be scaled, and a missing check is warned of', async () => {
    const world = { replicas: 1, version: 1, outOfSequence: 0, broken: false };
    const everywhere = await engineWith(cluster({ ...world, global: true }), swarm);
    expect(await everywhere.engine.fleet(calm)).toMatchObject({
      error: { message: 'service web is not replicated: one task runs on each node' },
    });

    const { engine } = await engineWith(cluster(world), swarm);
    expect((await engine.warnings(calm)).join('\n')).toMatch(/service web defines no health check/);
  });
});

it('answers of another shape are no fleet', async () => {
  const { engine } = await engineWith(() => ({ status: 200, json: { not: 'a list' } }), shop);

  expect(await engine.fleet(calm)).toMatchObject({
    error: { code: 'scaling_failed', message: expect.stringMatching(/answered something else than the containers/) },
  });
});

it('a container that goes between two looks is not an error', async () => {
  const gone = ({ what }: Asked) =>
    what === 'GET /containers/json' ? listOf('inspect-running') : recorded('inspect-gone');
  const { engine } = await engineWith(gone, shop);

  expect(await engine.fleet(calm)).toMatchObject({ ok: true, value: { instances: [] } });
});
