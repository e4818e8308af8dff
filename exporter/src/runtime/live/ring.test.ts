import fc from 'fast-check';
import { createRing, type Ring, type RingLimits, type Series } from './ring.ts';
import { labelsOf } from './samples.ts';

const age = 'genesis_backup_age_seconds';
const cpu = 'genesis_system_cpu_usage_ratio';
const roomy: RingLimits = { series: 100, points: 10_000, memoryBytes: 32 * 2 ** 20 };
const ringOf = (limits: Partial<RingLimits> = {}): Ring => createRing(() => ({ ...roomy, ...limits }));
const pointsOf = (series: Series | undefined, fromMs = -Infinity, untilMs = Infinity, andBefore = false): number[] => {
  const values: number[] = [];
  series?.each(fromMs, untilMs, andBefore, (_atMs, value) => values.push(value));
  return values;
};
const valuesOf = (ring: Ring, labels = ''): number[] =>
  ring.select(cpu, labelsOf(labels)).flatMap((series) => pointsOf(series));

describe('the ring of recorded points', () => {
  it('finds series by metric and labels', () => {
    const ring = ringOf();
    ring.record(age, 'service="shop",region="eu"', 1, 10);
    ring.record(age, 'service="mail",region="eu"', 1, 20);
    ring.record(cpu, '', 1, 0.5);

    const found = (tags: Record<string, string>) => ring.select(age, tags).map((series) => series.labels['service']);

    expect(found({})).toEqual(['shop', 'mail']);
    expect(found({ region: 'eu', service: 'mail' })).toEqual(['mail']);
    expect(found({ region: 'us' })).toEqual([]);
    expect(ring.select('genesis_rpo_seconds', {})).toEqual([]);
  });

  it('reads a window, and where it is asked for the point before it', () => {
    const ring = ringOf();
    for (let at = 1; at <= 400; at += 1) ring.record(cpu, '', at, at);
    const [series] = ring.select(cpu, {});

    expect(pointsOf(series, 397, 399, false)).toEqual([398, 399]);
    expect(pointsOf(series, 397, 399, true)).toEqual([397, 398, 399]);
    expect(pointsOf(series, 128, 129, true)).toEqual([128, 129]);
    expect(pointsOf(series, 0, 2, true)).toEqual([1, 2]);
    expect(pointsOf(series, 400, 500, true)).toEqual([]);
  });

  it('keeps as many points of a series as it may, the newest ones', () => {
    const limit = fc.integer({ min: 1, max: 400 });
    fc.assert(
      fc.property(limit, fc.integer({ min: 0, max: 900 }), (points, written) => {
        const ring = ringOf({ points });
        for (let at = 1; at <= written; at += 1) ring.record(cpu, '', at, at);

        const kept = valuesOf(ring);

        expect(kept).toEqual(
          Array.from({ length: Math.min(points, written) }, (_, i) => written - Math.min(points, written) + 1 + i),
        );
        expect(ring.facts().points).toBe(kept.length);
        expect(ring.facts().dropped).toEqual({ series: 0, memory: 0 });
      }),
      { numRuns: 40 },
    );
  });

  it('takes no more series than it may, says how many points found no place, and gives places of the silent away', () => {
    const ring = ringOf({ series: 2 });
    for (const name of ['a', 'b', 'c']) ring.record(cpu, `device="${name}"`, 1, 1);

    expect(ring.facts()).toMatchObject({ series: 2, points: 2, dropped: { series: 1, memory: 0 } });
    expect([ring.isFull(), ring.hasRoomFor(cpu), ring.hasRoomFor(age)]).toEqual([true, true, false]);

    ring.record(cpu, 'device="b"', 20, 1);
    ring.forget(10);
    ring.record(cpu, 'device="c"', 20, 1);

    expect(ring.select(cpu, {}).map((series) => series.labels['device'])).toEqual(['b', 'c']);
  });

  it('pushes the oldest points of all out when the memory is full, and counts them', () => {
    const memoryBytes = 100_000;
    const ring = ringOf({ memoryBytes });
    for (let at = 1; at <= 5000; at += 1) {
      ring.record(cpu, 'device="a"', at, at);
      ring.record(cpu, 'device="b"', at, at);
      if (at > 2500) ring.record(age, 'service="late"', at, at);
      expect(ring.facts().bytes).toBeLessThanOrEqual(memoryBytes);
    }

    const { points, dropped, series } = ring.facts();
    expect(points + dropped.memory).toBe(5000 * 2 + 2500);
    expect([series, dropped.series]).toEqual([3, 0]);
    expect(ring.select(cpu, { device: 'a' })[0]?.last).toEqual({ atMs: 5000, value: 5000 });
    expect(valuesOf(ring, 'device="a"').at(-1)).toBe(5000);
  });

  it('begins a series anew when the clock was set back, and ignores a second point of the same moment', () => {
    const ring = ringOf();
    ring.record(cpu, '', 1000, 1);
    ring.record(cpu, '', 1000, 2);
    expect(valuesOf(ring)).toEqual([1]);

    ring.record(cpu, '', 500, 3);

    expect(valuesOf(ring)).toEqual([3]);
    expect(ring.facts()).toMatchObject({ series: 1, points: 1 });
  });
});

describe('labels as text', () => {
  it('are read back as they were', () => {
    expect(labelsOf('a="x",b_2="q\\"uo\\\\te,\\nline"')).toEqual({ a: 'x', b_2: 'q"uo\\te,\nline' });
    expect(labelsOf('')).toEqual({});
  });
});
