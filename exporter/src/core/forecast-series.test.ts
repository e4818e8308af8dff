import { dayMs, seriesOf, withoutGaps, withoutOutliers, type HistoryPoint } from './forecast-series.ts';

const start = Date.parse('2026-03-02T00:00:00Z');

function minutes(count: number, valueAt: (i: number) => number | null, stepMinutes = 1): HistoryPoint[] {
  return Array.from({ length: count }, (_, i) => ({
    at: new Date(start + i * stepMinutes * 60_000).toISOString(),
    value: valueAt(i),
  }));
}

function made(history: readonly HistoryPoint[], stepSeconds = 60, timezone = 'UTC') {
  const now = new Date(Math.max(...history.map(({ at }) => Date.parse(at)).filter((ms) => !Number.isNaN(ms))));
  const outcome = seriesOf(history, { stepSeconds, now, timezone });
  if (!outcome.known) throw new Error(outcome.why);
  return outcome.series;
}

describe('what there is too little to learn from', () => {
  const at = new Date(start + 10 * dayMs);
  const why = (history: readonly HistoryPoint[], stepSeconds = 60, now = at): string => {
    const outcome = seriesOf(history, { stepSeconds, now });
    return outcome.known ? 'known' : outcome.why;
  };
  const end = (history: readonly HistoryPoint[]): Date => new Date(Date.parse(history.at(-1)!.at));

  it.each([
    ['nothing', [], 'the history has no values'],
    ['nulls', minutes(2000, () => null), 'the history has no values'],
    ['no numbers', minutes(2000, (i) => [NaN, Infinity, -Infinity][i % 3]!), 'the history has no values'],
    [
      'what is yet to come',
      minutes(20, (i) => i).map((p) => ({ ...p, at: '2027-01-01T00:00:00Z' })),
      'the history has no values',
    ],
    [
      'times that are none',
      minutes(2000, (i) => i).map((p) => ({ ...p, at: 'yesterday' })),
      'the history has no values',
    ],
    ['99 values', minutes(99, (i) => i, 20), 'the history has 99 values: 100 are needed'],
  ])('%s', (_, history, reason) => {
    expect(why(history)).toBe(reason);
  });

  it('less than 24 h', () => {
    const history = minutes(1439, (i) => i);

    expect(why(history, 60, end(history))).toBe('the history spans 24.0 h: 24 h are needed');
    expect(
      why(
        minutes(1440, (i) => i),
        60,
        end(minutes(1440, (i) => i)),
      ),
    ).toBe('known');
  });

  it('24 h that are gaps for the most part', () => {
    const history = minutes(1440, (i) => (i < 600 || i > 1380 ? i : null));

    expect(why(history, 60, end(history))).toBe('only 11.0 h of the history have values');
  });

  it('a history that ended long ago', () => {
    expect(why(minutes(3000, (i) => i))).toBe('the history ends at 2026-03-04T01:59:00.000Z: too long ago');
  });

  it('a step of a day', () => {
    expect(
      why(
        minutes(200, (i) => i, 1440),
        86_400,
      ),
    ).toBe('a step of 86400 s cannot be forecast: it must be 1 s to 6 h');
  });
});

describe('equal steps', () => {
  it('whatever the order, and the mean of what came twice', () => {
    const history = minutes(1500, (i) => i);
    const twice = [...history.toReversed(), { at: history[10]!.at, value: 20 }];

    expect(made(twice).seen.values.slice(9, 12)).toEqual(Float64Array.of(9, 15, 11));
    expect(made(twice).samples).toBe(1500);
  });

  it('times between the steps, as of a clock that was set', () => {
    const history = minutes(1500, (i) => i).map(({ at, value }, i) => ({
      at: new Date(Date.parse(at) + (i >= 700 ? 90_500 : 0)).toISOString(),
      value,
    }));

    const { seen } = made(history);

    expect(seen.values.slice(698, 703)).toEqual(Float64Array.of(698, 699, NaN, 700, 701));
  });

  it('short gaps as straight lines, long ones not at all', () => {
    expect(withoutGaps(Float64Array.of(NaN, 1, NaN, 3, NaN, NaN, NaN, 7, NaN), 2)).toEqual(
      Float64Array.of(NaN, 1, 2, 3, NaN, NaN, NaN, 7, NaN),
    );
  });

  it('a history of years is cut', () => {
    const history = [{ at: '1990-01-01T00:00:00Z', value: 5 }, ...minutes(1500, (i) => i)];

    expect(made(history).seen.values.length).toBeLessThanOrEqual(60 * 1440 + 1);
  });
});

describe('outliers', () => {
  const waves = Float64Array.from({ length: 2000 }, (_, i) => 100 + 50 * Math.sin(i / 100) + (i % 7));

  it('single ones become as their neighbours', () => {
    const spoiled = waves.slice();
    spoiled[500] = 1e6;
    spoiled[900] = -1e6;

    const clean = withoutOutliers(spoiled);

    expect(clean[500]).toBe((waves[499]! + waves[501]!) / 2);
    expect(clean[900]).toBe((waves[899]! + waves[901]!) / 2);
    expect(clean.filter((v, i) => v !== spoiled[i])).toHaveLength(2);
  });

  it('the newest value is one as well, until the next says the same', () => {
    const jump = waves.slice(0, 1001);
    jump[1000] = 1e6;

    expect(withoutOutliers(jump)[1000]).toBe(waves[999]);
    const stays = Float64Array.of(...jump, 1e6);
    expect(withoutOutliers(stays)).toEqual(stays);
  });

  it('where there are many, that is the load', () => {
    const bursts = waves.map((v, i) => (i % 50 === 0 ? 1e4 : v));

    expect(withoutOutliers(bursts)).toEqual(bursts);
  });

  it('a step is none', () => {
    const step = waves.map((v, i) => (i >= 1000 ? v + 1e6 : v));

    expect(withoutOutliers(step)).toEqual(step);
  });
});

describe('bins', () => {
  it.each([
    [1, 10],
    [5, 10],
    [7, 10],
    [15, 15],
    [25, 30],
    [60, 60],
    [100, 120],
    [360, 360],
  ])('a step of %i min: bins of %i min that divide the day and end with the history', (step, bin) => {
    const { bins, seen } = made(
      minutes(Math.ceil(1500 / step) + 100, (i) => i, step),
      step * 60,
    );

    expect(bins.stepMs).toBe(bin * 60_000);
    expect(bins.startMs + bins.values.length * bins.stepMs).toBe(seen.startMs + seen.values.length * seen.stepMs);
  });

  it('are means, and missing where less than half is known', () => {
    const { bins } = made(minutes(1500, (i) => (i >= 100 && i < 135 ? null : i)));

    expect(bins.values.slice(8, 15)).toEqual(Float64Array.of(84.5, 94.5, NaN, NaN, NaN, 137, 144.5));
  });
});

it('knows by whose clocks a zone lives', () => {
  const { offsetAt } = made(
    minutes(1500, (i) => i),
    60,
    'Europe/Berlin',
  );

  expect(offsetAt(Date.parse('2026-03-29T00:59:59Z'))).toBe(3_600_000);
  expect(offsetAt(Date.parse('2026-03-29T01:00:00Z'))).toBe(7_200_000);
  expect(offsetAt(Date.parse('2026-10-25T01:00:00Z'))).toBe(3_600_000);
});
