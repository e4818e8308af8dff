import { labelsOf } from '../runtime/live/samples.ts';
import { recordedFamilies } from '../runtime/live/families.ts';
import { defaultDashboardMetrics } from '../contract/live.ts';
import { metricCatalogue, type MetricName } from '../contract/metrics/index.ts';
import type { Snapshot } from '../contract/snapshot.ts';
import { ago, serviceWith, snapshotWith, testNow } from '../contract/testing.ts';
import { createSampleReader } from './live-samples.ts';
import { createProcessRegistry } from './process.ts';
import { createTestPage } from './testing.ts';

interface Taken {
  readonly name: MetricName;
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
  readonly atMs: number;
}

describe('samples for live data', () => {
  const processRegistry = createProcessRegistry();
  const { counters, parsed } = createTestPage('a "quoted" cluster');
  const read = createSampleReader({ cluster: 'a "quoted" cluster', counters, processRegistry });
  const take = async (snapshot: Snapshot, now: Date, wanted = (_: MetricName) => true): Promise<Taken[]> => {
    const taken: Taken[] = [];
    await read(snapshot, now, wanted, (name, labels, atMs, value) =>
      taken.push({ name, labels: labelsOf(labels), atMs, value }),
    );
    return taken;
  };

  it('are those of the metrics page, without the cluster', async () => {
    const services = ['shop', 'with "quotes"\\ and, commas'].map((name) => serviceWith({ name }));
    const snapshot = snapshotWith({ services });
    counters.initialise(services);
    counters.countRequest({ method: 'GET', route: '/api/v1/me', status: '200' }, 0.01);
    const recorded: ReadonlySet<string> = new Set(recordedFamilies);

    const page = (await parsed(snapshot, testNow)).samples.filter(({ name }) => recorded.has(name));
    const taken = await take(snapshot, testNow);

    const key = (name: string, labels: Readonly<Record<string, string>>): string =>
      `${name} ${JSON.stringify(
        Object.entries(labels)
          .filter(([label]) => label !== 'cluster')
          .sort(),
      )}`;
    const found = new Map(taken.map(({ name, labels, value }) => [key(name, labels), value]));
    expect(found.size).toBe(taken.length);
    expect([...found.keys()].sort()).toEqual(page.map(({ name, labels }) => key(name, labels)).sort());
    const moving = /^process_/; // of this process, which went on between the two readings
    for (const { name, labels, value } of page)
      if (!moving.test(name)) expect([name, found.get(key(name, labels))]).toEqual([name, value]);
    expect(taken.length).toBeGreaterThan(100);
  });

  it('of the machine carry the moment of its own reading, others that of now', async () => {
    const snapshot = snapshotWith();
    const taken = await take({ ...snapshot, system: { ...snapshot.system, at: ago(7) } }, testNow);

    const momentOf = (wanted: MetricName): number | undefined => taken.find(({ name }) => name === wanted)?.atMs;
    expect(momentOf('genesis_system_cpu_usage_ratio')).toBe(+testNow - 7000);
    expect(momentOf('genesis_dr_readiness_score')).toBe(+testNow);
  });

  it('are left out where they are unknown, and where nobody wants them', async () => {
    const late = new Date(+testNow + 3_600_000);
    const names = new Set((await take(snapshotWith(), late)).map(({ name }) => name));
    expect(names.has('genesis_dr_readiness_score')).toBe(false);
    expect(names.has('genesis_system_cpu_usage_ratio')).toBe(false);

    const wanted = await take(snapshotWith(), testNow, (name) => name === 'genesis_services');
    expect(wanted).toEqual([{ name: 'genesis_services', labels: {}, atMs: +testNow, value: 1 }]);
  });

  it('come with what the dashboard shows first, the few of the machine before the many of services', () => {
    const firstOnes: readonly string[] = recordedFamilies.slice(0, defaultDashboardMetrics.length);

    expect([...firstOnes].sort()).toEqual([...defaultDashboardMetrics].sort());
    const fromService = firstOnes.map((name) => metricCatalogue[name as MetricName].from === 'service');
    expect(fromService).toEqual([...fromService].sort());
    expect(recordedFamilies).not.toContain('nodejs_eventloop_lag_seconds');
    expect(recordedFamilies).not.toContain('genesis_build_info');
  });
});
