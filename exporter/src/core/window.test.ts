import fc from 'fast-check';
import { aggregations } from '../contract/live.ts';
import { aggregate, buckets, quantile, rates, type Point } from './window.ts';

const pointsOf = (values: readonly number[], stepMs = 1000): Point[] =>
  values.map((value, i) => ({ atMs: i * stepMs, value }));
const someNumber = fc.double({ noNaN: true, noDefaultInfinity: true, min: -1e12, max: 1e12 });
const someNumbers = fc.array(someNumber, { minLength: 1, maxLength: 200 });
const ascending = (values: readonly number[]): number[] => [...values].sort((a, b) => a - b);

describe('aggregates of a window', () => {
  it('are what they are called', () => {
    const points = pointsOf([4, 1, 3, 2]);

    const all = Object.fromEntries(aggregations.map((how) => [how, aggregate(points, how)]));

    expect(all).toEqual({
      sum: 10,
      avg: 2.5,
      min: 1,
      max: 4,
      count: 4,
      p50: 2.5,
      p95: expect.closeTo(3.85),
      p99: expect.closeTo(3.97),
    });
  });

  it('are not known of nothing, never 0', () => {
    expect(aggregations.map((how) => aggregate([], how))).toEqual(aggregations.map(() => null));
  });

  it('leave the points as they were', () => {
    const points = pointsOf([3, 1, 2]);

    aggregate(points, 'p50');

    expect(points).toEqual(pointsOf([3, 1, 2]));
  });

  it('do not call a sum that no number can hold a number', () => {
    expect(aggregate(pointsOf([Number.MAX_VALUE, Number.MAX_VALUE]), 'sum')).toBeNull();
  });

  it('stay within smallest and largest, and do not fall as the share grows', () => {
    fc.assert(
      fc.property(
        someNumbers,
        fc.double({ min: 0, max: 1, noNaN: true }),
        fc.double({ min: 0, max: 1, noNaN: true }),
        (values, a, b) => {
          const sorted = ascending(values);
          const [low, high] = [quantile(sorted, Math.min(a, b)), quantile(sorted, Math.max(a, b))];
          expect(low).toBeGreaterThanOrEqual(sorted[0] ?? NaN);
          expect(high).toBeLessThanOrEqual(sorted.at(-1) ?? NaN);
          expect(low).toBeLessThanOrEqual(high + Math.abs(high) * 1e-12);
        },
      ),
    );
    fc.assert(
      fc.property(someNumbers, (values) => {
        const avg = aggregate(pointsOf(values), 'avg') ?? NaN;
        expect(avg).toBeGreaterThanOrEqual(ascending(values)[0] ?? NaN);
        expect(avg).toBeLessThanOrEqual(ascending(values).at(-1) ?? NaN);
      }),
    );
  });

  it('has as many values below a quantile as it says', () => {
    fc.assert(
      fc.property(someNumbers, fc.constantFrom('p50' as const, 'p95' as const, 'p99' as const), (values, how) => {
        const limit = aggregate(pointsOf(values), how) ?? NaN;
        const share = Number(how.slice(1)) / 100;
        const below = values.filter((value) => value < limit).length;
        expect(below).toBeLessThanOrEqual(Math.ceil(share * (values.length - 1)));
        expect(values.filter((value) => value <= limit).length).toBeGreaterThanOrEqual(
          Math.floor(share * (values.length - 1)) + (Number.isInteger(share * (values.length - 1)) ? 1 : 0),
        );
      }),
    );
  });
});

describe('rates of a counter', () => {
  it('are its increase a second, and go on after it was set back', () => {
    expect(rates(pointsOf([10, 20, 20, 5], 2000)).map((point) => point.value)).toEqual([5, 0, 2.5]);
  });

  it('need two totals', () => {
    expect(rates([])).toEqual([]);
    expect(rates(pointsOf([7]))).toEqual([]);
  });

  it('are never negative, and add up to the increase of a counter that was not set back', () => {
    fc.assert(
      fc.property(fc.array(fc.nat({ max: 1_000_000 }), { minLength: 2, maxLength: 100 }), (steps) => {
        let total = 0;
        const totals = pointsOf(steps.map((step) => (total += step)));
        const found = rates(totals);
        expect(found.every((point) => point.value >= 0)).toBe(true);
        const increase = found.reduce((sum, point) => sum + point.value, 0);
        expect(increase).toBeCloseTo(total - (steps[0] ?? 0), 3);
      }),
    );
  });

  it('take no step between two totals of one moment', () => {
    expect(
      rates([
        { atMs: 1000, value: 1 },
        { atMs: 1000, value: 9 },
      ]),
    ).toEqual([]);
  });
});

describe('buckets', () => {
  it('begin at multiples of their width, and the empty ones are absent', () => {
    const points = [61, 65, 119, 200].map((second) => ({ atMs: second * 1000, value: second }));

    expect(buckets(points, 60_000)).toEqual([
      { atMs: 60_000, mean: expect.closeTo(81.67, 2), min: 61, max: 119, count: 3 },
      { atMs: 180_000, mean: 200, min: 200, max: 200, count: 1 },
    ]);
  });

  it('hold every point once, in order of time, whatever its order was', () => {
    const somePoints = fc.array(fc.record({ atMs: fc.nat({ max: 10_000_000 }), value: someNumber }), {
      maxLength: 200,
    });
    fc.assert(
      fc.property(somePoints, fc.integer({ min: 1, max: 3_600_000 }), (points, widthMs) => {
        const found = buckets(points, widthMs);
        expect(found.reduce((sum, bucket) => sum + bucket.count, 0)).toBe(points.length);
        for (const [i, bucket] of found.entries()) {
          expect(bucket.atMs % widthMs).toBe(0);
          expect(bucket.atMs).toBeGreaterThan(found[i - 1]?.atMs ?? -Infinity);
          const held = points.filter((p) => p.atMs >= bucket.atMs && p.atMs < bucket.atMs + widthMs);
          expect(held).toHaveLength(bucket.count);
          expect(Math.min(...held.map((p) => p.value))).toBe(bucket.min);
          expect(Math.max(...held.map((p) => p.value))).toBe(bucket.max);
          expect(bucket.mean).toBeGreaterThanOrEqual(bucket.min);
          expect(bucket.mean).toBeLessThanOrEqual(bucket.max);
        }
      }),
      { numRuns: 50 },
    );
  });
});
