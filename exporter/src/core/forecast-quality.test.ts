import { judge, ratioOf, usual } from './testdata/load/judge.ts';
import { generatedLoads, realLoad, type Load } from './testdata/load/testing.ts';

// One load of a kind, on few forecasts: all of them are judged by `forecast-quality.long` and, strictly, by `bench/forecast.bench.ts`.

const generated = (name: string): Load => {
  const found = generatedLoads().find((load) => load.name === name);
  if (found === undefined) throw new Error(`no load is called ${name}`);
  return found;
};
const loads: readonly (readonly [string, Load])[] = [
  ['electricity', realLoad('electricity')],
  ['day and week', generated('day and week')],
  ['constant', generated('constant')],
];

it.each(loads)('%s: hardly worse than the naive forecast that was the better one afterwards', (_, load) => {
  const seen = judge(load, { ...usual, forecasts: 12 });

  expect(ratioOf(seen)).toBeLessThanOrEqual(1.15);
  if (seen.coverage !== null) expect(seen.coverage).toBeGreaterThan(0.6);
});
