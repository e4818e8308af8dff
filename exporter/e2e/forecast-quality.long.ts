import { judge, ratioOf, usual, type Judged } from '../src/core/testdata/load/judge.ts';
import { generatedLoads, realLoad, realLoads, type Load } from '../src/core/testdata/load/testing.ts';

// Every load of the evidence, on fewer forecasts than there. The bounds of the specification are kept by `bench/forecast.bench.ts`, on enough of them to tell
// chance from fault: docs/evidence/7-forecast.md.

function forecastsFor({ stepSeconds }: Load): number {
  if (stepSeconds === 60) return 5;
  if (stepSeconds === 3600) return 40;
  return stepSeconds < 1800 ? 20 : 16;
}
const loads: readonly (readonly [string, Load])[] = [
  ...realLoads.map(realLoad).map((load) => [`real: ${load.name}`, load] as const),
  ...generatedLoads().map((load) => [`generated: ${load.name}`, load] as const),
];
const judged: Judged[] = [];

it.each(loads)('%s: hardly worse than the naive forecast that was the better one afterwards', (_, load) => {
  const seen = judge(load, { ...usual, forecasts: forecastsFor(load) });

  judged.push(seen);
  expect(seen.forecasts).toBeGreaterThan(forecastsFor(load) / 4);
  expect(ratioOf(seen)).toBeLessThanOrEqual(1.15);
  expect(seen.seconds).toBeGreaterThan(0);
});

describe('over all of them', () => {
  const mean = (values: readonly number[]): number => values.reduce((sum, v) => sum + v, 0) / values.length;

  it('better than the seasonal naive on most', () => {
    expect(judged).toHaveLength(loads.length);
    expect(judged.filter((seen) => ratioOf(seen) < 0.98).length).toBeGreaterThan(0.7 * loads.length);
    expect(mean(judged.map(ratioOf))).toBeLessThan(0.85);
  });

  it('the interval holds what it says', () => {
    const coverages = judged.flatMap(({ coverage }) => coverage ?? []);

    expect(Math.abs(mean(coverages) - 0.8)).toBeLessThan(0.05);
    expect(Math.min(...coverages)).toBeGreaterThan(0.6);
  });
});
