import type { Decision, KnownForecast, LoadPoint, ScalingRecord } from './scaling-api.ts';
import {
  bandPath,
  holesOf,
  linePath,
  marksOf,
  nearest,
  scaleOf,
  spanOf,
  stepArea,
  stepPath,
  thinned,
  ticksOf,
  timeTicks,
} from './scaling-chart.ts';
import { loadLayout } from './scaling-layout.ts';

const hour = 3_600_000;
const now = Date.parse('2026-11-22T12:00:00Z');
const iso = (ms: number): string => new Date(ms).toISOString();

function forecastUntil(ms: number): KnownForecast {
  const points = [now + 60_000, ms].map((at) => ({ at: iso(at), mean: 10, lower: 5, upper: 15 }));
  return { known: true, metric: 'load', points } as unknown as KnownForecast;
}

describe('the axis of time', () => {
  it('goes as far ahead as the forecast tells, and leaves the past its room', () => {
    expect(spanOf(24, now, null)).toEqual({ fromMs: now - 24 * hour, toMs: now });
    expect(spanOf(24, now, forecastUntil(now + 4 * hour)).toMs).toBe(now + 4 * hour);
    expect(spanOf(3, now, forecastUntil(now + 24 * hour)).toMs).toBe(now + hour);
    expect(spanOf(3, now, forecastUntil(now - hour)).toMs).toBe(now);
  });

  it('begins with the first value of a service that is new, and is never a moment', () => {
    expect(spanOf(24, now, null, iso(now - 2 * hour)).fromMs).toBe(now - 2 * hour);
    expect(spanOf(24, now, null, iso(now - 5_000)).fromMs).toBe(now - 900_000);
    expect(spanOf(24, now, null, iso(now - 30 * hour)).fromMs).toBe(now - 24 * hour);
  });

  it('is marked at round moments of the zone', () => {
    const ticks = timeTicks({ fromMs: now - 3 * hour, toMs: now }, 3, 0);

    expect(ticks.map(iso)).toEqual([9, 10, 11, 12].map((one) => `2026-11-22T${String(one).padStart(2, '0')}:00:00.000Z`)); // prettier-ignore
    expect(timeTicks({ fromMs: now, toMs: now + 24 * hour }, 1, 5.5 * hour).map(iso)).toEqual(['2026-11-22T18:30:00.000Z']); // prettier-ignore
  });
});

it('never labels two marks with the same day', () => {
  const ticks = timeTicks({ fromMs: now - 168 * hour, toMs: now }, 20, 0);

  expect(new Set(ticks.map((ms) => iso(ms).slice(0, 10))).size).toBe(ticks.length);
});

it.each([
  [0, 4, false, [0, 1]],
  [7, 4, true, [0, 2, 4, 6, 8]],
  [0.93, 4, false, [0, 0.25, 0.5, 0.75, 1]],
  [2, 4, true, [0, 1, 2]],
  [1730, 4, false, [0, 500, 1000, 1500, 2000]],
] as const)('marks a scale up to %p at round numbers', (highest, most, whole, ticks) => {
  expect(ticksOf(highest, most, whole)).toEqual(ticks);
});

describe('lines', () => {
  const places = [
    { x: 0, y: 10 },
    { x: 10, y: 20 },
    { x: 20, y: null },
    { x: 30, y: 5 },
  ];

  it('split where nothing is known and never bridge it', () => {
    expect(linePath(places)).toBe('M0 10L10 20M29 5h2');
    expect(linePath([{ x: 0, y: null }])).toBe('');
  });

  it('in steps hold a value until the next one, or until nothing is known', () => {
    expect(stepPath(places, 40)).toBe('M0 10H10V20H20M30 5H40');
    expect(stepArea(places, 40, 100)).toBe('M0 10H10V20H20V100H0ZM30 5H40V100H30Z');
  });

  it('bound a band there and back', () => {
    expect(bandPath([{ x: 0, low: 9, high: 1 }, { x: 5, low: 8, high: 2 }])).toBe('M0 1L5 2L5 8L0 9Z'); // prettier-ignore
    expect(bandPath([{ x: 0, low: 9, high: 1 }])).toBe('');
  });
});

function point(minutes: number, value: number | null): LoadPoint {
  return { at: iso(now - minutes * 60_000), value, ready: 2, desired: 2 };
}

it('finds the stretches without a value', () => {
  const points = [point(5, 1), point(4, null), point(3, null), point(2, 7), point(1, null)];

  expect(holesOf(points, { fromMs: now - hour, toMs: now })).toEqual([
    { fromMs: now - 4 * 60_000, toMs: now - 2 * 60_000 },
  ]);
});

function record(minutes: number, change: Partial<ScalingRecord> = {}): ScalingRecord {
  return {
    operationId: `scale_${minutes}`,
    action: 'scale_up',
    startedAt: iso(now - minutes * 60_000),
    succeeded: true,
    reason: 'load',
    before: 2,
    wanted: 3,
    ...change,
  } as unknown as ScalingRecord;
}

const decided = (minutes: number, change: Partial<Decision>): Decision =>
  ({ at: iso(now - minutes * 60_000), act: false, reasons: ['why'], current: 2, desired: 3, ...change }) as unknown as Decision; // prettier-ignore

describe('marks', () => {
  const span = { fromMs: now - hour, toMs: now };

  it('tell what was done, and what was only decided; holds and what lies outside are left out', () => {
    const marks = marksOf(
      [record(10), record(90), record(20, { succeeded: false })],
      [
        decided(5, { action: 'hold' }),
        decided(6, { action: 'scale_up', act: true }),
        decided(7, { action: 'scale_down' }),
        decided(8, { action: 'freeze' }),
      ],
      span,
    );

    expect(marks.map(({ kind }) => kind)).toEqual(['failed', 'up', 'freeze', 'would']);
  });

  it('that would lie on each other are one, the most important, with their number', () => {
    const marks = marksOf([record(10), record(9, { succeeded: false }), record(1)], [], span);

    const shown = thinned(marks, scaleOf(span.fromMs, span.toMs, 0, 600), 14);

    expect(shown.map(({ mark, count }) => [mark.kind, count])).toEqual([
      ['failed', 2],
      ['up', 1],
    ]);
  });
});

describe('the layout', () => {
  const input = {
    load: { metric: 'load', source: 'own', problem: null, points: [point(60, 100), point(30, null), point(0, 300)] },
    metric: { kind: 'query', scales: 'total', target: 100 },
    facts: { forecast: forecastUntil(now + hour), decisions: [], min: 1, max: 5 },
    records: [record(45)],
    hours: 3,
    nowMs: now,
    offsetMs: 0,
  } as unknown as Omit<Parameters<typeof loadLayout>[0], 'width'>;

  it.each([320, 1400])('keeps everything inside of %p px', (width) => {
    const { plot, xOf, span, paths, minY, maxY, count, xToMs, nowX } = loadLayout({ ...input, width });

    expect([xOf(span.fromMs), xOf(span.toMs)]).toEqual([plot.left, plot.right]);
    expect(plot.right).toBeLessThanOrEqual(width);
    expect(xToMs(nowX)).toBeCloseTo(now, -1);
    expect(minY).toBeLessThanOrEqual(count.bottom);
    expect(maxY).toBeGreaterThanOrEqual(count.top);
    for (const path of Object.values(paths)) expect(path).not.toMatch(/NaN|Infinity/);
  });

  it('reads measured moments with what was done, then the forecast ones', () => {
    const { moments, newest } = loadLayout({ ...input, width: 700 });

    expect(moments.map(({ point: measured, forecast }) => [measured?.value, forecast?.mean])).toEqual([
      [100, undefined],
      [null, undefined],
      [300, undefined],
      [undefined, 10],
      [undefined, 10],
    ]);
    expect(moments.map(({ marks }) => marks.length)).toEqual([0, 1, 0, 0, 0]);
    expect(newest).toBe(2);
  });

  it('leaves out a forecast of another metric, and what is carried where instances do not share the value', () => {
    const facts = { ...input.facts, forecast: { ...forecastUntil(now + hour), metric: 'other' } };
    const metric = { ...input.metric, scales: 'none' } as typeof input.metric;

    expect(loadLayout({ ...input, facts, metric, width: 700 }).paths).toMatchObject({ forecast: '', band: '', carried: '' }); // prettier-ignore
  });

  it('draws nothing of nothing', () => {
    const { moments, newest, paths } = loadLayout({ ...input, load: { ...input.load, points: [] }, width: 700 });

    expect([newest, paths.load, paths.ready]).toEqual([-1, '', '']);
    expect(nearest(moments, now)).toBe(0);
    expect(nearest([], now)).toBe(-1);
  });
});
