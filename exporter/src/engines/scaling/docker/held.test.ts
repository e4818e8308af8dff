import type { ScalingEngine } from '../port.ts';
import { addressOf } from './containers.ts';
import { bodyOf } from './template.ts';
import { Container } from './objects.ts';
import { DockerOptions } from './options.ts';
import { engineOn, recorded, type Asked, type RecordedEngine, type Reply } from './testing.ts';

// What happens to others meanwhile: old containers that fail under load, tasks that are still ending, limits that are copied.

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
function scale(engine: ScalingEngine, desired: number) {
  const context = { signal: calm, operation: 'op', note: () => undefined };
  return engine.scale({ desired, remove: [], readySeconds: 5, drainSeconds: 5 }, context);
}

interface World {
  readonly present: Map<string, object>;
  made: number;
  /** What else happens when one is started. */
  started?: () => void;
}

function host(world: World) {
  return ({ what, query }: Asked): Reply | undefined => {
    const id = what.split('/')[2] ?? '';
    if (what === 'GET /containers/json') return { status: 200, json: [...world.present.keys()].map((Id) => ({ Id })) };
    if (what === 'POST /containers/create') {
      const Id = `made-${(world.made += 1)}`;
      world.present.set(Id, like(Id, query.get('name') ?? '', `10.88.9.${world.made}`));
      return { status: 201, json: { Id } };
    }
    if (what.endsWith('/start')) {
      world.started?.();
      return recorded('started');
    }
    if (what.endsWith('/stats')) return recorded('stats-ended');
    const found = world.present.get(id);
    return found === undefined ? recorded('inspect-gone') : { status: 200, json: found };
  };
}

function like(Id: string, name: string, IPAddress: string): object {
  const NetworkSettings = { Networks: { podman: { IPAddress } } };
  return { ...(recorded('inspect-running').json as object), Id, Name: `/${name}`, NetworkSettings };
}

const shop = { labels: { app: 'web' }, port: 8080, health_path: '/' };
const oldOne = (): World => ({ present: new Map([['old', like('old', 'web-1', '10.88.9.100')]]), made: 0 });

describe('an old container', () => {
  it('that fails its check under load while new ones come is no reason to take them back', async () => {
    const world = oldOne();
    let isBusy = false;
    const fetched = (url: string) => new Response('', { status: isBusy && url.includes('9.100') ? 503 : 200 });
    const { engine } = await engineWith(host(world), shop, fetched);
    expect((await engine.fleet(calm)).ok).toBe(true);
    const scaling = scale(engine, 2);
    isBusy = true;

    expect(await scaling).toMatchObject({
      ok: true,
      value: { added: ['web-2'], fleet: { instances: [{ state: 'unready' }, { state: 'ready' }] } },
    });
  });

  it('that ends meanwhile is not told as a new one that did not get ready', async () => {
    const world = oldOne();
    const ended = { ...(recorded('inspect-exited').json as object), Id: 'old', Name: '/web-1' };
    world.started = () => world.present.set('old', ended);
    const { engine } = await engineWith(host(world), shop);

    const outcome = await scale(engine, 2);
    expect(outcome).toMatchObject({ ok: false, error: { code: 'scaling_conflict' } });
  });

  it('and a new one that does not get ready is named alone', async () => {
    const world = oldOne();
    let asked = 0;
    const fetched = () => new Response('', { status: (asked += 1) === 1 ? 200 : 503 });
    const { engine } = await engineWith(host(world), shop, fetched);

    expect(await scale(engine, 2)).toMatchObject({
      error: { code: 'instance_not_ready', details: { added: ['web-2'] } },
    });
  });
});

describe('tasks of a Swarm service', () => {
  const swarm = { mode: 'service', service: 'web', port: 80 };
  const task = (ID: string, Slot: number, DesiredState: string, State: string) => ({
    ...{ ID, Slot, DesiredState, CreatedAt: '2026-11-22T20:00:00Z', Status: { State } },
  });
  interface Cluster {
    replicas: number;
    looks: number;
    tasks(looks: number): object[];
  }
  function cluster(world: Cluster) {
    return ({ what, body }: Asked): Reply | undefined => {
      const Spec = { Name: 'web', Mode: { Replicated: { Replicas: world.replicas } }, TaskTemplate: {} };
      if (what === 'GET /services/web') return { status: 200, json: { ID: 's1', Version: { Index: 1 }, Spec } };
      if (what === 'GET /tasks') return { status: 200, json: world.tasks((world.looks += 1)) };
      world.replicas = (body as typeof Spec).Mode.Replicated.Replicas;
      return { status: 200, json: {} };
    };
  }

  it('that still end from before do not make a new one ready', async () => {
    const leaving = [task('x', 8, 'shutdown', 'running'), task('y', 9, 'shutdown', 'running')];
    const { engine } = await engineWith(
      cluster({
        replicas: 1,
        looks: 0,
        tasks: (looks) => [
          task('a', 1, 'running', 'running'),
          ...(looks < 3 ? leaving : []),
          ...(looks < 2 ? [] : [task('b', 2, 'running', looks < 6 ? 'starting' : 'running')]),
        ],
      }),
      swarm,
    );

    const done = await scale(engine, 2);
    expect(done).toMatchObject({ ok: true, value: { added: ['web.2.b'] } });
    expect(done.ok ? done.value.fleet.instances.map(({ state }) => state) : []).toEqual(['ready', 'ready']);
  });

  it('that were ready and fail for too much work do not take a new one back', async () => {
    const { engine } = await engineWith(
      cluster({
        replicas: 1,
        looks: 0,
        tasks: (looks) => [
          task(looks < 2 ? 'a' : 'a2', 1, 'running', looks < 2 ? 'running' : 'starting'),
          ...(looks < 2 ? [] : [task('b', 2, 'running', 'running')]),
        ],
      }),
      swarm,
    );

    expect(await scale(engine, 2)).toMatchObject({ ok: true });
  });
});

it('limits and isolation of the newest are copied, and nothing that would be refused', () => {
  const json = recorded('inspect-busy').json as { HostConfig: object };
  const newest = Container.parse({
    ...json,
    HostConfig: { ...json.HostConfig, UsernsMode: 'host', Runtime: 'runsc', RestartPolicy: { Name: 'always' } },
  });

  const body = bodyOf(DockerOptions.parse({ labels: { app: 'web' } }), 'web', newest);
  const { HostConfig } = (body.ok ? body.value : {}) as { HostConfig: object };
  expect(HostConfig).toMatchObject({
    Memory: 67_108_864,
    NanoCpus: 500_000_000,
    PidsLimit: 2048,
    UsernsMode: 'host',
    Runtime: 'runsc',
    RestartPolicy: { Name: 'always' },
  });
  // Docker refuses a quota beside NanoCpus; Podman names both.
  expect(HostConfig).not.toHaveProperty('CpuQuota');
  expect(HostConfig).not.toHaveProperty('CpuPeriod');
});

it.each([
  ['0.0.0.0', '127.0.0.1:49153'],
  ['::', '127.0.0.1:49153'],
  ['10.1.2.3', '10.1.2.3:49153'],
  ['::1', '[::1]:49153'],
])('a port that the host gives at %s is reached at %s', (HostIp, address) => {
  const json = recorded('inspect-running').json as object;
  const Ports = { '8080/tcp': [{ HostIp, HostPort: '49153' }] };
  const container = Container.parse({ ...json, NetworkSettings: { Networks: {}, Ports } });

  expect(addressOf(container, 8080)).toBe(address);
});
