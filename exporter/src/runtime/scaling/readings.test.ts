import { OpError, ok } from '../../contract/errors.ts';
import { known, unknown } from '../../contract/observed.ts';
import type { Fleet, Instance } from '../../contract/scaling.ts';
import { knownReading, unknownReading } from '../../contract/sla.ts';
import type { SystemFacts } from '../../contract/snapshot.ts';
import { ScalingPolicyFile } from '../../config/schema-scaling.ts';
import type { PrometheusClient } from '../prometheus.ts';
import { readMetric, type MetricSources } from './readings.ts';
import { scalingPolicyOf } from './settings.ts';

const now = new Date('2026-11-22T12:00:00.000Z');
const at = now.toISOString();
const seconds = +now / 1000;
const { signal } = new AbortController();

function instance(change: Partial<Instance>): Instance {
  const nothing = { startedAt: null, address: null, load: null, protectedBy: null, detail: null };
  return { name: 'web-1', state: 'ready', ...nothing, ...change };
}
const fleet = (...instances: Instance[]): Fleet => ({ instances, wanted: null, ownedBy: null });

type Instant = Awaited<ReturnType<PrometheusClient['instant']>>;
const prometheus = (answer: Instant): PrometheusClient => ({
  instant: async () => answer,
  value: async () => unknownReading('empty', 'not asked here'),
  range: async () => unknownReading('empty', 'not asked here'),
});

const nothing: MetricSources = {
  prometheus: prometheus(knownReading([])),
  query: () => 'up',
  system: () => null,
  health: () => null,
  balancer: async () => null,
  loadIsWork: true,
  product: async () => null,
  lastBusyAt: () => null,
};

async function read(metric: object, sources: Partial<MetricSources>, seen: Fleet = fleet()) {
  const policy = scalingPolicyOf(ScalingPolicyFile.parse({ metrics: [{ name: 'm', ...metric }] }));
  const [first] = policy.metrics;
  if (first === undefined) throw new Error('no metric');
  return readMetric(first, policy, { ...nothing, ...sources }, seen, now, signal);
}

describe('a metric of Prometheus', () => {
  const metric = { kind: 'query', query: 'up', up: 1 };
  const sample = (value: number, ago = 0) => ({ labels: {}, at: seconds - ago, value });

  it.each([
    ['a number', knownReading([sample(0.4)]), { known: true, value: 0.4 }],
    ['nothing', knownReading([]), { known: false, why: 'missing' }],
    ['two series', knownReading([sample(1), sample(2)]), { known: false, why: 'not_a_number' }],
    ['NaN', knownReading([sample(Number.NaN)]), { known: false, why: 'not_a_number' }],
    ['infinity', knownReading([sample(Infinity)]), { known: false, why: 'not_a_number' }],
    ['a value of a clock that is behind', knownReading([sample(1, 601)]), { known: false, why: 'stale' }],
    ['a value of a clock that is ahead', knownReading([sample(1, -601)]), { known: false, why: 'stale' }],
    ['silence', unknownReading('timeout', 'no answer within 10 s'), { known: false, why: 'unreachable' }],
  ] as const)('is read from %s', async (_what, answer, wanted) => {
    expect(await read(metric, { prometheus: prometheus(answer as Instant) })).toMatchObject({ at, ...wanted });
  });
});

describe('what Genesis sees itself', () => {
  const machine = (change: Partial<SystemFacts> = {}) =>
    ({ cpuRatio: 0.6, memoryTotalBytes: 1000, memoryAvailableBytes: 250, ...change }) as SystemFacts;

  it('is processor and memory of the machine, while they are young', async () => {
    const system = () => known(at, machine());
    expect(await read({ kind: 'cpu', source: 'own' }, { system })).toMatchObject({ known: true, value: 0.6 });
    expect(await read({ kind: 'memory', source: 'own' }, { system })).toMatchObject({ known: true, value: 0.75 });
    const old = () => known('2026-11-22T11:50:00.000Z', machine());
    expect(await read({ kind: 'cpu', source: 'own' }, { system: old })).toMatchObject({ known: false, why: 'stale' });
    const broken = () => unknown(at, new OpError('internal', 'no /proc'));
    expect(await read({ kind: 'cpu', source: 'own' }, { system: broken })).toMatchObject({
      known: false,
      why: 'unreachable',
    });
  });

  it('is the slowest http check, and the share of them that fails', async () => {
    const check = (state: 'healthy' | 'unhealthy', responseSeconds: number | null, kind: 'http' | 'tcp' = 'http') => ({
      name: state,
      kind,
      critical: true,
      state,
      since: at,
      last: { state, responseSeconds, detail: '', at },
      consecutiveFailures: 0,
      consecutiveSuccesses: 1,
    });
    const health = () => ({
      state: 'healthy' as const,
      checks: [check('healthy', 0.2), check('healthy', 0.7), check('unhealthy', null), check('healthy', 9, 'tcp')],
    });
    expect(await read({ kind: 'response_time', source: 'own' }, { health })).toMatchObject({ value: 0.7 });
    expect(await read({ kind: 'error_rate', source: 'own' }, { health })).toMatchObject({ value: 1 / 3 });
    expect(await read({ kind: 'error_rate', source: 'own' }, {})).toMatchObject({ known: false, why: 'missing' });
  });

  it('is the queue at the load balancer, or what the instances say together', async () => {
    const balancer = async () => ok({ sessions: 3, queued: 4 });
    expect(await read({ kind: 'queue_length', source: 'own' }, { balancer })).toMatchObject({ value: 7 });
    const said = fleet(instance({ load: 2 }), instance({ load: 5 }), instance({ state: 'starting' }));
    expect(await read({ kind: 'queue_length', source: 'own' }, {}, said)).toMatchObject({ value: 7 });
    const silent = fleet(instance({ load: 2 }), instance({ name: 'web-2' }));
    expect(await read({ kind: 'queue_length', source: 'own' }, {}, silent)).toMatchObject({
      known: false,
      detail: 'web-2 does not say how loaded it is',
    });
  });

  it('is idleness only since a session was seen', async () => {
    const balancer = async () => ok({ sessions: 0, queued: 0 });
    expect(await read({ kind: 'idle_time', source: 'own' }, { balancer })).toMatchObject({ known: false });
    const lastBusyAt = () => new Date(+now - 90_000);
    expect(await read({ kind: 'idle_time', source: 'own' }, { balancer, lastBusyAt })).toMatchObject({ value: 90 });
  });
});

describe('what the engine tells of its instances', () => {
  it('goes before the machine, which may be another one', async () => {
    const product = async () => ({ at, known: true as const, value: 0.3 });
    const gone = async () => ({ at, known: false as const, why: 'unreachable' as const, detail: 'no metrics.k8s.io' });

    expect(await read({ kind: 'cpu', source: 'own', up: 0.7 }, { product })).toMatchObject({ known: true, value: 0.3 });
    expect(await read({ kind: 'cpu', source: 'own', up: 0.7 }, { product: gone })).toMatchObject({
      why: 'unreachable',
    });
  });

  it('is no queue where it is a share of a processor', async () => {
    const busy = fleet(instance({ load: 0.4 }), instance({ name: 'web-2', load: 0.6 }));
    const metric = { kind: 'queue_length', source: 'own', up: 5 };

    expect(await read(metric, {}, busy)).toMatchObject({ known: true, value: 1 });
    expect(await read(metric, { loadIsWork: false }, busy)).toMatchObject({ known: false, why: 'missing' });
  });
});
