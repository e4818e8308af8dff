import { summaryOf, trendOf, trendShape } from './drill-trend.ts';

const box = { width: 100, height: 50 };

function drill(hour: number, rtoSeconds: number | null, service = 'shop') {
  const startedAt = `2026-11-22T${String(hour).padStart(2, '0')}:00:00Z`;
  return { service, startedAt, passed: rtoSeconds !== null, rtoSeconds, rpoSeconds: rtoSeconds === null ? null : 60 };
}

describe('the trend of the drills', () => {
  it('is of one service and goes from old to new', () => {
    const trend = trendOf([drill(3, 9), drill(1, 7), drill(2, 1, 'other')], 'shop', 'rtoSeconds');

    expect(trend.map(({ seconds }) => seconds)).toEqual([7, 9]);
  });

  it('leaves a hole where nothing was measured: a failed drill is not a fast one', () => {
    const drills = [drill(1, 5), drill(2, 6), drill(3, null), drill(4, 5), drill(5, 6)];
    const shape = trendShape(trendOf(drills, 'shop', 'rtoSeconds'), null, box);

    expect(shape.lines.map((line) => line.length)).toEqual([2, 2]);
    expect(shape.dots[2]?.y).toBeNull();
  });

  it('stays inside its box and begins at zero', () => {
    const shape = trendShape(trendOf([drill(1, 5), drill(9, 10)], 'shop', 'rtoSeconds'), null, box);

    expect(shape.lines[0]?.map(({ x }) => x)).toEqual([0, 100]);
    expect(shape.lines[0]?.every(({ y }) => y > 0 && y < 50)).toBe(true);
    expect(shape.maxSeconds).toBeCloseTo(11);
  });

  it('draws the objective where it tells something and leaves it out where it would flatten the line', () => {
    const trend = trendOf([drill(1, 10)], 'shop', 'rtoSeconds');

    expect(trendShape(trend, 20, box).targetY).not.toBeNull();
    expect(trendShape(trend, 3600, box).targetY).toBeNull();
  });

  it('draws one drill in the middle and none at all without a fault', () => {
    expect(trendShape(trendOf([drill(1, 10)], 'shop', 'rtoSeconds'), null, box).dots[0]?.x).toBe(50);
    expect(trendShape([], null, box)).toMatchObject({ lines: [], dots: [] });
  });

  it('sums up what passed and gives the newest measured values, not those of a drill that failed', () => {
    expect(summaryOf([drill(1, 7), drill(2, 8), drill(3, null)], 'shop')).toEqual({
      run: 3,
      passed: 2,
      newestRtoSeconds: 8,
      newestRpoSeconds: 60,
    });
    expect(summaryOf([], 'shop')).toEqual({ run: 0, passed: 0, newestRtoSeconds: null, newestRpoSeconds: null });
  });
});
