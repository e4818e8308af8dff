import type { ForecastFacts } from '../contract/forecast.ts';
import { adviceOf, neededBy } from './forecast-reading.ts';

describe('what is made of it', () => {
  const forecast: ForecastFacts = {
    ...{ known: true, metric: 'x', madeAt: '2026-03-02T00:00:00.000Z', model: 'ridge', level: 0.8, samples: 720 },
    points: [
      { at: '2026-03-02T00:10:00.000Z', mean: 100, lower: 90, upper: 110 },
      { at: '2026-03-02T00:20:00.000Z', mean: 120, lower: 90, upper: 150 },
    ],
    error: { mape: 0.1, pinball: 1, coverage: 0.8, relativeToNaive: 0.7 },
    ...{ trainedFrom: '2026-02-16T00:00:00.000Z', trainedTo: '2026-03-01T23:50:00.000Z', trainingSeconds: 0.1 },
  };
  const unknown: ForecastFacts = { known: false, metric: 'x', why: 'the history has no values' };

  it.each([
    ['2026-03-01T23:59:00Z', null],
    ['2026-03-02T00:00:00Z', 110],
    ['2026-03-02T00:10:00Z', 110],
    ['2026-03-02T00:15:00Z', 130],
    ['2026-03-02T00:20:00Z', 150],
    ['2026-03-02T00:21:00Z', null],
  ])('needed by %s: %s', (at, needed) => {
    expect(neededBy(forecast, new Date(at))).toBe(needed);
    expect(neededBy(unknown, new Date(at))).toBeNull();
  });

  it.each([
    [99.9, 'up'],
    [100, 'stay'],
    [240, 'stay'],
    [240.1, 'down'],
  ])('with a threshold of %d: %s', (threshold, advice) => {
    expect(adviceOf(forecast, threshold)).toBe(advice);
    expect(adviceOf(unknown, threshold)).toBe('stay');
  });
});
