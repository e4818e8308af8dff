import { knownReading, unknownReading } from '../../contract/sla.ts';
import { ScalingPolicyFile } from '../../config/schema-scaling.ts';
import type { FactStore } from '../../store/port.ts';
import type { PrometheusClient } from '../prometheus.ts';
import { createLoadHistory, readLoad } from './load.ts';
import { scalingPolicyOf } from './settings.ts';

const { signal } = new AbortController();
const day = 86_400_000;
const startMs = Date.UTC(2026, 10, 1);
const moment = (ms: number) => new Date(startMs + ms).toISOString();

function factsInMemory(): { readonly store: FactStore; readonly all: Map<string, string> } {
  const all = new Map<string, string>();
  const store: FactStore = {
    get: async (name) => all.get(name) ?? null,
    set: async (name, value) => void all.set(name, value),
    list: async (prefix) =>
      [...all].filter(([name]) => name.startsWith(prefix)).map(([name, value]) => ({ name, value })),
    remove: async (name) => void all.delete(name),
  };
  return { store, all };
}

const point = (ms: number, value: number | null) => ({ at: moment(ms), value, ready: 2, desired: 2 });

describe('the load that Genesis keeps itself', () => {
  it('is there after a restart, but for the last few points', async () => {
    const { store } = factsInMemory();
    const history = createLoadHistory(store);
    for (let n = 0; n < 12; n += 1) await history.add('web', point(n * 60_000, n === 3 ? null : n));

    const again = createLoadHistory(store);
    const kept = await again.between('web', new Date(startMs), new Date(startMs + day));

    expect(kept).toHaveLength(10);
    expect(kept[3]).toEqual(point(180_000, null));
    await again.add('web', point(12 * 60_000, 12));
    expect(await again.between('web', new Date(startMs), new Date(startMs + day))).toHaveLength(11);
  });

  it('spans midnight, and forgets what is older than a month', async () => {
    const { store, all } = factsInMemory();
    const history = createLoadHistory(store);
    for (let n = 0; n < 40; n += 1) await history.add('web', point(n * day, n));

    const span = await history.between('web', new Date(startMs + 35 * day), new Date(startMs + 40 * day));

    expect(span.map(({ value }) => value)).toEqual([35, 36, 37, 38, 39]);
    expect([...all.keys()].sort()[0]).toBe('scaling-load:web:2026-11-09');
  });
});

describe('the load of a policy', () => {
  const policy = (metric: object) => scalingPolicyOf(ScalingPolicyFile.parse({ metrics: [{ name: 'm', ...metric }] }));
  const span = { from: new Date(startMs), to: new Date(startMs + 120_000), stepSeconds: 60 };
  const sources = (range: PrometheusClient['range'], query: string | null = 'q') => ({
    history: createLoadHistory(factsInMemory().store),
    prometheus: { range } as PrometheusClient,
    query: () => query,
  });
  const series = (...values: number[]) =>
    knownReading([{ labels: {}, samples: values.map((value, n) => ({ at: startMs / 1000 + n * 60, value })) }]);

  it('is a mean times the instances that were ready then; where one is unknown, so is it', async () => {
    const range: PrometheusClient['range'] = async (expr) =>
      expr === 'q' ? series(0.5, 0.6, Number.NaN) : series(2, 4, 4);
    const load = await readLoad('web', policy({ kind: 'cpu', query: 'q' }), sources(range), span, signal);

    expect(load).toMatchObject({ source: 'prometheus', problem: null });
    expect(load.points.map(({ value }) => value)).toEqual([1, 2.4, null]);
  });

  it('says why there is none', async () => {
    const down: PrometheusClient['range'] = async () => unknownReading('unreachable', 'connection refused');
    expect(await readLoad('web', policy({ kind: 'cpu', query: 'q' }), sources(down), span, signal)).toMatchObject({
      problem: 'connection refused',
      points: [],
    });
    expect(
      await readLoad('web', policy({ kind: 'cpu', source: 'own' }), sources(down, null), span, signal),
    ).toMatchObject({
      source: 'own',
      problem: 'nothing was kept of that time',
    });
    expect(
      await readLoad('web', policy({ kind: 'response_time', query: 'q' }), sources(down), span, signal),
    ).toMatchObject({
      metric: null,
      problem: 'no metric of the policy grows with the demand',
    });
  });
});
