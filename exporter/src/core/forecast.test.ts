import fc from 'fast-check';
import type { ForecastFacts } from '../contract/forecast.ts';
import { makeForecast, type ForecastOptions } from './forecast.ts';
import type { HistoryPoint } from './forecast-series.ts';
import { daytime, generatedLoad, type Moment } from './testdata/load/testing.ts';

type Known = Extract<ForecastFacts, { known: true }>;

function forecastOf(history: readonly HistoryPoint[], options: Partial<ForecastOptions> = {}): Known {
  const newest = history.reduce((last, { at }) => (at > last ? at : last), '');
  const forecast = makeForecast(history, {
    ...{ metric: 'requests', stepSeconds: 1800, horizonSeconds: 4 * 3600, quantile: 0.9, now: new Date(newest) },
    ...options,
  });
  if (!forecast.known) throw new Error(forecast.why);
  return forecast;
}

function load(valueAt: (moment: Moment) => number | null, days = 15): HistoryPoint[] {
  return [...generatedLoad('requests', { stepSeconds: 1800, days, seed: 42 }, valueAt).history];
}

const busy = (m: Moment): number => 40 + 100 * daytime(m.hour) + 4 * m.noise;

function expectSound({ points }: Known, { isNonNegative }: { readonly isNonNegative: boolean }): void {
  for (const { mean, lower, upper } of points) {
    expect([mean, lower, upper].every(Number.isFinite)).toBe(true);
    expect(lower).toBeLessThanOrEqual(mean);
    expect(mean).toBeLessThanOrEqual(upper);
    if (isNonNegative) expect(lower).toBeGreaterThanOrEqual(0);
  }
}

describe('a forecast', () => {
  it('tells each step after now up to the horizon, what it rests on and how good it is', () => {
    const forecast = forecastOf(load(busy));

    expect(forecast).toMatchObject({
      metric: 'requests',
      madeAt: '2026-03-16T23:30:00.000Z',
      trainedFrom: '2026-03-02T00:00:00.000Z',
      trainedTo: '2026-03-16T23:30:00.000Z',
      samples: 720,
    });
    expect(forecast.level).toBeCloseTo(0.8);
    expect(forecast.points.map(({ at }) => at.slice(11, 16))).toEqual(
      ['00:00', '00:30', '01:00', '01:30', '02:00', '02:30', '03:00', '03:30'], // prettier-ignore
    );
    for (const [i, { mean }] of forecast.points.entries())
      expect(Math.abs(mean - (40 + 100 * daytime(i / 2)))).toBeLessThan(4);
    expect(forecast.error.mape).toBeGreaterThan(0.02);
    expect(forecast.error.mape).toBeLessThan(0.08);
    // The best there is: the pinball loss of normal noise of 4 at 0.9.
    expect(forecast.error.pinball).toBeGreaterThan(0.5);
    expect(forecast.error.pinball).toBeLessThan(1);
    expect(Math.abs(forecast.error.coverage - 0.8)).toBeLessThan(0.05);
    expect(forecast.error.relativeToNaive).toBeLessThan(0.85);
  });

  it('is the same for the same history', () => {
    const { trainingSeconds: _, ...first } = forecastOf(load(busy));
    const { trainingSeconds: __, ...second } = forecastOf(load(busy).toReversed());

    expect(second).toEqual(first);
  });

  it.each([0.75, 0.9, 0.95])('the higher the quantile, the more is needed: %d', (quantile) => {
    const history = load(busy, 29);
    const forecast = forecastOf(history, { quantile });
    const lower = forecastOf(history, { quantile: quantile - 0.1 });

    expect(forecast.level).toBeCloseTo(2 * quantile - 1);
    forecast.points.forEach(({ upper }, i) => expect(upper).toBeGreaterThan(lower.points[i]!.upper));
  });

  it('from a day alone', () => {
    expectSound(forecastOf(load(busy, 3).slice(0, 100)), { isNonNegative: true });
  });

  it('follows a trend', () => {
    const forecast = forecastOf(
      load((m) => 100 + 10 * (m.day + m.hour / 24) + m.noise),
      { horizonSeconds: 24 * 3600 },
    );

    expect(Math.abs(forecast.points.at(-1)!.mean - 260)).toBeLessThan(6);
  });

  it('follows a step', () => {
    const forecast = forecastOf(load((m) => busy(m) + (m.day >= 14 ? 100 : 0)));

    for (const [i, { mean }] of forecast.points.entries())
      expect(Math.abs(mean - (140 + 100 * daytime(i / 2)))).toBeLessThan(25);
  });

  it('knows the weekend', () => {
    const history = load((m) => (m.isWeekend ? 20 : busy(m)), 19);
    const saturday = forecastOf(history, { horizonSeconds: 16 * 3600 });

    expect(saturday.points.at(-1)!.mean).toBeLessThan(50);
  });

  it('is not led by a single outlier', () => {
    const history = load(busy).map((point, i) => (i === 700 ? { ...point, value: 1e6 } : point));
    const [spoiled, clean] = [forecastOf(history), forecastOf(load(busy))];

    spoiled.points.forEach(({ mean, upper }, i) => {
      expect(Math.abs(mean - clean.points[i]!.mean)).toBeLessThan(5);
      expect(upper).toBeLessThan(clean.points[i]!.upper + 10);
    });
  });

  it('is not led, nor is what is told of its error, by one value that a fault has written', () => {
    const error = forecastOf(load(busy)).error;
    for (const fault of [1e18, -1]) {
      const spoiled = forecastOf(load(busy).map((point, i) => (i === 500 ? { ...point, value: fault } : point)));

      expectSound(spoiled, { isNonNegative: true });
      expect(spoiled.error.pinball).toBeLessThan(1.2 * error.pinball);
      expect(Math.abs(spoiled.error.coverage - error.coverage)).toBeLessThan(0.05);
      expect(spoiled.error.mape).not.toBeNull();
    }
  });

  it('that goes up steeply ends at its own range above what was seen', () => {
    // Twice as much every hour, for the last five hours.
    const history = load((m) => busy(m)).map((point, i) => ({
      ...point,
      value: (point.value ?? 0) + (i > 710 ? 2 ** ((i - 710) / 2 + 3) : 0),
    }));
    const most = Math.max(...history.map(({ value }) => value));
    const { points } = forecastOf(history, { horizonSeconds: 7 * 86_400 });

    expect(Math.max(...points.map(({ upper }) => upper))).toBeLessThanOrEqual(2 * most);
  });

  it('that cannot be tried is none: without a backtest it would look sure', () => {
    const now = new Date('2026-03-07T00:00:00Z');
    const history = [...load(busy, 2), { at: now.toISOString(), value: 50 }];
    const options = { metric: 'requests', stepSeconds: 1800, horizonSeconds: 3600, quantile: 0.9, now };

    const forecast = makeForecast([...history, ...load(busy, 3).slice(96, 110)], options);
    expect(forecast).toMatchObject({ known: false, why: expect.stringMatching(/^the newer half .* 20 are needed$/) });
  });

  it('of values that come more seldom than its steps is tried on those that there are', () => {
    const { points, error } = forecastOf(load(busy), { stepSeconds: 420 });

    expect(error.relativeToNaive).toBeLessThan(1);
    expect(error.mape).toBeGreaterThan(0.02);
    expect(points.every(({ lower, upper }) => upper > lower)).toBe(true);
  });

  it('of what never changes is that, without doubt', () => {
    const { points, error } = forecastOf(load(() => 7));

    expect(points.every(({ mean, lower, upper }) => mean === 7 && lower === 7 && upper === 7)).toBe(true);
    expect(error).toEqual({ mape: 0, pinball: 0, coverage: 1, relativeToNaive: 1 });
  });

  it('of zeros is zero, and has no percentage', () => {
    const { points, error } = forecastOf(load(() => 0));

    expect(points.every(({ mean, lower, upper }) => mean === 0 && lower === 0 && upper === 0)).toBe(true);
    expect(error).toEqual({ mape: null, pinball: 0, coverage: 1, relativeToNaive: 1 });
  });

  it('near zero has no percentage', () => {
    expect(forecastOf(load((m) => (m.hour < 6 ? 0 : busy(m)))).error.mape).toBeNull();
  });

  it('over missing days and hours', () => {
    const forecast = forecastOf(load((m) => (m.day === 6 || m.day === 13 || m.hour === 11 ? null : busy(m))));

    expectSound(forecast, { isNonNegative: true });
    for (const [i, { mean }] of forecast.points.entries())
      expect(Math.abs(mean - (40 + 100 * daytime(i / 2)))).toBeLessThan(6);
  });

  it('keeps to the load through a gap at its end', () => {
    const history = load(busy).slice(0, -2);
    const forecast = forecastOf(history, { now: new Date('2026-03-16T23:31:00Z') });

    expect(forecast.points[0]!.at).toBe('2026-03-17T00:00:00.000Z');
  });

  it('longer than a picture is wide has longer steps, and goes no further than two weeks', () => {
    const { points } = forecastOf(load(busy), { horizonSeconds: 200 * 86_400, stepSeconds: 60 });

    expect(Date.parse(points[1]!.at) - Date.parse(points[0]!.at)).toBe(300_000);
    expect(Date.parse(points.at(-1)!.at) - Date.parse(points[0]!.at)).toBe(14 * 86_400_000 - 300_000);
  });

  it('says why there is none', () => {
    const short = load(busy, 1).slice(0, 30);

    expect(
      makeForecast(short, {
        metric: 'requests',
        stepSeconds: 1800,
        horizonSeconds: 3600,
        quantile: 0.9,
        now: new Date(short.at(-1)!.at),
      }),
    ).toEqual(
      { known: false, metric: 'requests', why: 'the history has 30 values: 100 are needed' }, // prettier-ignore
    );
  });

  it('NaN and infinity are missing values', () => {
    const spoiled = load(busy).map((point, i) => ({
      ...point,
      value: i % 3 === 0 ? [NaN, Infinity][i % 2]! : point.value,
    }));
    const nulls = load(busy).map((point, i) => ({ ...point, value: i % 3 === 0 ? null : point.value }));

    expect(forecastOf(spoiled).points).toEqual(forecastOf(nulls).points);
  });
});

describe('when clocks change', () => {
  // People in Berlin begin at eight, whatever UTC says; the clocks went forward on 2026-03-29.
  const history = load(() => null, 35).map(({ at }) => {
    const summer = at >= '2026-03-29T01' ? 1 : 0;
    const hour = (Number(at.slice(11, 13)) + Number(at.slice(14, 16)) / 60 + 1 + summer) % 24;
    return { at, value: 10 + (hour >= 8 && hour < 18 ? 100 : 0) + (Date.parse(at) % 7) };
  });
  const atSix = history.filter(({ at }) => at <= '2026-03-30T05:30:00.000Z');
  const morning = (timezone: string): number => forecastOf(atSix, { timezone }).points[0]!.mean;

  it('the morning is found by the clocks on the wall, the first day already', () => {
    expect(morning('Europe/Berlin')).toBeGreaterThan(90);
  });

  it('and by UTC it is an hour late', () => {
    expect(morning('UTC')).toBeLessThan(60);
  });
});

describe('for any history', () => {
  const value = fc.oneof(
    { weight: 8, arbitrary: fc.double({ min: 0, max: 1000, noNaN: true }) },
    { weight: 1, arbitrary: fc.constantFrom(0, NaN, Infinity, null, 1e299, 1e-300) },
  );
  const anyHistory = fc.record({
    values: fc.array(value, { minLength: 130, maxLength: 400 }),
    sign: fc.constantFrom(1, -1),
    shift: fc.integer({ min: 0, max: 3 }),
  });

  it('is finite and in order, and never negative where the load never was', () => {
    fc.assert(
      fc.property(anyHistory, fc.integer({ min: 1, max: 30 }), ({ values, sign, shift }, hours) => {
        const history = values.map((v, i) => ({
          at: new Date(Date.UTC(2026, 2, 2) + (i + (i % (shift + 1)) / 5) * 1_200_000).toISOString(),
          value: v === null ? null : v * sign,
        }));
        const now = new Date(Date.UTC(2026, 2, 2) + values.length * 1_200_000);
        const forecast = makeForecast(history, {
          metric: 'x',
          stepSeconds: 1200,
          horizonSeconds: hours * 3600,
          quantile: 0.9,
          now,
        });
        if (!forecast.known) return;
        expectSound(forecast, { isNonNegative: sign === 1 });
        expect(Object.values(forecast.error).every((e) => e === null || Number.isFinite(e))).toBe(true);
      }),
      { numRuns: 12, seed: 7 },
    );
  });
});
