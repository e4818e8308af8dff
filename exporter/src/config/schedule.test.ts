import { checkCron, isTimezone, longestWaitSeconds } from './schedule.ts';

it.each([
  [['0 2 * * *', '*/30 * * * *'], 1800],
  [['*/2 * * * *'], 120],
  [['0 2 * * *'], 86400],
  [['0,10 * * * *'], 3000],
  [['0 */6 * * *'], 21600],
  [['0 8 * * 1-5'], 3 * 86400],
  [['0 4 * * 0'], 7 * 86400],
  [['0 4 1 * *'], 31 * 86400],
  [['*/15 * * * * *'], 15],
  [['0 1 * * *', '0 5 * * *'], 20 * 3600],
  [[], null],
])('the longest wait of %j is %d s', (expressions, seconds) => {
  expect(longestWaitSeconds(expressions)).toBe(seconds);
});

it('knows cron expressions and time zones', () => {
  expect(['0 2 * * *', '15 0 2 * * *', '@daily', '0 2 * * MON-FRI'].map((text) => checkCron(text).valid)).toEqual([
    true,
    true,
    true,
    true,
  ]);
  expect(
    ['', '* * *', '60 * * * *', '* * * * * * *', '2026-01-01T00:00:00'].map((text) => checkCron(text).valid),
  ).toEqual([false, false, false, false, false]);
  expect([isTimezone('UTC'), isTimezone('Europe/Berlin'), isTimezone('Nowhere/City'), isTimezone('')]).toEqual([
    true,
    true,
    false,
    false,
  ]);
});
