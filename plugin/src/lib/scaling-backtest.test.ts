import type { Backtest, BacktestRun } from './scaling-api.ts';
import { betterFrom, change, compared, currentRun, lastWeek, missingShare, rangeFault } from './scaling-backtest.ts';

const now = Date.parse('2026-11-22T12:00:30Z');
const iso = (hours: number): string => new Date(now - hours * 3_600_000).toISOString();

it.each([
  [iso(24), iso(0), null],
  [iso(0), iso(24), 'order'],
  [iso(0.5), iso(0), 'short'],
  [iso(61 * 24), iso(0), 'long'],
  [iso(24), iso(-1), 'future'],
])('knows whether %s to %s can be replayed', (from, to, fault) => expect(rangeFault(from, to, now)).toBe(fault));

it('begins with the last week', () => {
  const { from, to } = lastWeek(now);

  expect([from, to]).toEqual(['2026-11-15T12:00:00.000Z', '2026-11-22T12:00:00.000Z']);
  expect(rangeFault(from, to, now)).toBeNull();
});

function run(policy: string, under: number, hours: number): BacktestRun {
  return { policy, underProvisionedSeconds: under, instanceHours: hours } as unknown as BacktestRun;
}

it.each([
  ['better', 100, 9],
  ['better', 100, 10],
  ['dearer', 100, 11],
  ['worse', 700, 9],
  ['worse', 600, 11],
  ['better', 600, 9],
  ['same', 600, 10],
] as const)('calls %s one that is short for %d s with %d instance hours', (verdict, under, hours) => {
  expect(compared(run('current', 600, 10), run('proposed', under, hours))).toBe(verdict);
});

it('tells a figure beside that of the current policy', () => {
  expect([
    change(112, 100),
    change(75, 100),
    change(100, 100),
    change(5, 0),
    change(null, 3),
    change(1001, 1000),
  ]).toEqual([
    // prettier-ignore
    '+12 %',
    '−25 %',
    '',
    'more than none',
    '',
    '',
  ]);
});

it('finds the policy that holds, and how much was missing', () => {
  const runs = [run('hpa', 1, 1), run('current', 2, 2)];

  expect(currentRun({ runs } as never)?.policy).toBe('current');
  expect([missingShare({ points: 200, missing: 10 }), missingShare({ points: 0, missing: 0 })]).toEqual([0.05, null]);
});

it('says where to begin when the first part of a range has no values, with an hour at least', () => {
  const [from, to] = [iso(168), iso(0)];
  const of = (...hours: readonly number[]): Backtest => {
    const series = [168, 100, 50, 10, 0.5].map((ago) => ({
      at: iso(ago),
      demand: hours.includes(ago) ? 2 : null,
      ready: 2,
      desired: 2,
    }));
    return { from, to, stepSeconds: 60, points: 5, missing: 0, runs: [{ series }] } as unknown as Backtest;
  };

  expect(betterFrom(of(168, 100))).toBeNull();
  expect(betterFrom(of())).toBeNull();
  expect(betterFrom(of(50, 10))).toBe(iso(50));
  expect(betterFrom(of(0.5))).toBe(iso(1));
});
