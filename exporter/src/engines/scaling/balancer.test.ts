import { fail, ok, type Outcome } from '../../contract/errors.ts';
import type { Instance } from '../../contract/scaling.ts';
import { withMembership, type Member, type Membership } from './balancer.ts';
import type { ScaleRequest, ScalingEngine } from './port.ts';

const { signal } = new AbortController();
const log = { debug: () => undefined, info: () => undefined, warn: () => undefined, error: () => undefined };
const request = (desired: number, change: Partial<ScaleRequest> = {}): ScaleRequest => ({
  desired,
  remove: [],
  readySeconds: 10,
  drainSeconds: 10,
  ...change,
});
const instance = (name: string, change: Partial<Instance> = {}): Instance => ({
  name,
  state: 'ready',
  startedAt: null,
  address: `10.0.0.1:${80 + Number(name.slice(1))}`,
  load: null,
  protectedBy: null,
  detail: null,
  ...change,
});

/** What the two sides were told, in order. */
function pair(options: {
  readonly instances: readonly Instance[];
  readonly choosesRemoved?: boolean;
  readonly members?: Outcome<ReadonlyMap<string, Member>>;
  readonly admitted?: Outcome<void>;
  readonly drained?: Outcome<void>;
  readonly scaled?: Outcome<never>;
}) {
  const told: string[] = [];
  let { instances } = options;
  const fleet = () => ({ instances, wanted: null, ownedBy: null });
  const engine: ScalingEngine = {
    name: 'fake',
    choosesRemoved: options.choosesRemoved ?? true,
    fleet: async () => ok(fleet()),
    scale: async ({ desired, remove, drainSeconds }) => {
      told.push(`scale ${desired} without ${remove.join(' ')} within ${Math.round(drainSeconds)} s`);
      if (options.scaled !== undefined) return options.scaled;
      const kept = instances.filter(({ name }) => !remove.includes(name)).slice(0, desired);
      const added = Array.from({ length: desired - kept.length }, (_, index) => instance(`n${7 + index}`));
      instances = [...kept, ...added];
      return ok({ fleet: fleet(), added: added.map(({ name }) => name), removed: remove });
    },
    dryRun: async () => ok(['would scale the fake']),
    warnings: async () => [],
    close: async () => void told.push('close'),
  };
  const membership: Membership = {
    name: 'the balancer',
    key: 'test',
    members: async () => options.members ?? ok(new Map()),
    admit: async (all) => {
      told.push(`admit ${all.map(({ name }) => name).join(' ')}`);
      return options.admitted ?? ok(undefined);
    },
    drain: async (addresses) => {
      told.push(`drain ${addresses.join(' ')}`);
      return options.drained ?? ok(undefined);
    },
    forget: async (addresses) => {
      told.push(`forget all but ${addresses.join(' ')}`);
      return ok(undefined);
    },
    warnings: async () => [],
  };
  const both = withMembership(engine, membership, { log });
  const scale = (asked: ScaleRequest) => both.scale(asked, { signal, operation: 'o', note: () => undefined });
  return { both, scale, told };
}

describe('a load balancer in front of an engine', () => {
  it('drains those that leave before the engine ends them, and leads to those that are ready afterwards', async () => {
    const { scale, told } = pair({ instances: [instance('n1'), instance('n2'), instance('n3')] });

    const done = await scale(request(2, { remove: ['n2', 'nobody'] }));

    expect(done).toMatchObject({ ok: true, value: { removed: ['n2'] } });
    expect(told).toEqual([
      'drain 10.0.0.1:82',
      'scale 2 without n2 within 10 s',
      'forget all but 10.0.0.1:81 10.0.0.1:83',
      'admit n1 n3',
    ]);
  });

  it('leads to a new one only when it is ready', async () => {
    const { scale, told } = pair({ instances: [instance('n1'), instance('n2', { state: 'unready' })] });

    await scale(request(3));

    expect(told.slice(1)).toEqual([
      'scale 3 without  within 10 s',
      'forget all but 10.0.0.1:81 10.0.0.1:82 10.0.0.1:87',
      'admit n1 n7',
    ]);
  });

  it('drains what an earlier call had begun to end, and does not count it', async () => {
    const { scale, told } = pair({ instances: [instance('n1'), instance('n2', { state: 'draining' })] });

    await scale(request(1));

    expect(told[0]).toBe('drain 10.0.0.1:82');
    expect(told.at(-1)).toBe('admit n1');
  });

  it.each([
    ['the engine then fails', { scaled: fail('scaling_failed', 'a full disk') }, ['scale 1 without n2 within 10 s']],
    ['draining is cancelled', { drained: fail('cancelled', 'cancelled') }, []],
  ])('lets in again what was drained and goes on running when %s', async (_, options, between) => {
    const instances = [instance('n1'), instance('n2')];
    const { scale, told } = pair({ instances, ...options });

    expect(await scale(request(1, { remove: ['n2'] }))).toMatchObject({ ok: false });

    expect(told).toEqual(['drain 10.0.0.1:82', ...between, 'admit n2']);
  });

  it('leaves out what is on its way out although the engine failed', async () => {
    const instances = [instance('n1'), instance('n2', { state: 'draining' })];
    const { scale, told } = pair({ instances, scaled: fail('cancelled', 'cancelled while n2 was ending') });

    expect(await scale(request(1))).toMatchObject({ ok: false, error: { code: 'cancelled' } });

    expect(told.some((line) => line.startsWith('admit'))).toBe(false);
  });

  it('changes nothing when it cannot be asked', async () => {
    const { scale, told, both } = pair({
      instances: [instance('n1')],
      members: fail('scaling_failed', 'nobody listens'),
    });

    expect(await scale(request(5))).toMatchObject({ ok: false, error: { message: 'nobody listens' } });
    expect(told).toEqual([]);
    expect(await both.fleet(signal)).toMatchObject({ ok: false, error: { message: 'nobody listens' } });
  });

  it('names what was started for nothing when it does not take it', async () => {
    const { scale } = pair({ instances: [instance('n1')], admitted: fail('scaling_failed', 'it says no') });

    expect(await scale(request(2))).toMatchObject({ ok: false, error: { details: { added: ['n7'] } } });
  });

  it('never names what was there before', async () => {
    const { scale } = pair({
      instances: [instance('n1')],
      admitted: fail('instance_not_ready', 'not seen up', { details: { added: ['n1', 'n7'] } }),
    });

    expect(await scale(request(3))).toMatchObject({
      ok: false,
      error: { code: 'instance_not_ready', details: { added: ['n7'] } },
    });
  });

  it('refuses an instance that has no address', async () => {
    const { scale } = pair({ instances: [instance('n1', { address: null })] });

    expect(await scale(request(1))).toMatchObject({
      ok: false,
      error: { code: 'scaling_failed', message: 'n1: without an address nothing can lead to it' },
    });
  });

  it('says what is missing, and how much is in work', async () => {
    const member = (state: Member['state'], sessions: number): Member => ({ server: 's1', state, sessions });
    const { both } = pair({
      instances: [1, 2, 3, 4].map((number) => instance(`n${number}`, { load: number === 2 ? 0.5 : null })),
      members: ok(
        new Map([
          ['10.0.0.1:81', member('up', 4)],
          ['10.0.0.1:82', member('down', 5)],
          ['10.0.0.1:83', member('out', 0)],
        ]),
      ),
    });

    const fleet = await both.fleet(signal);
    const plan = await both.dryRun(request(3), signal);

    expect(fleet.ok && fleet.value.instances.map(({ load, detail }) => [load, detail])).toEqual([
      [4, null],
      [0.5, 'held for down in the balancer (s1)'],
      [0, 'taken out in the balancer (s1)'],
      [null, 'not in the balancer'],
    ]);
    expect(plan.ok && plan.value[0]).toMatch(/^would drain n\d in the balancer first$/);
    expect(plan.ok && plan.value).toContain('would scale the fake');
  });

  it('warns where nobody knows beforehand who ends, and then drains nobody', async () => {
    const { scale, told, both } = pair({ instances: [instance('n1'), instance('n2')], choosesRemoved: false });

    await scale(request(1, { remove: ['n2'] }));

    expect(told[0]).toBe('drain ');
    expect(await both.warnings(signal)).toEqual([expect.stringContaining('not drained')]);
    await both.close();
    expect(told.at(-1)).toBe('close');
  });
});
