import type { DrillLevel } from '@genesis-dr/exporter/contract';
import { firstMiss, levelsReached, phaseShares } from './drill-levels.ts';

function levelOf(level: DrillLevel['level'], result: DrillLevel['result']): DrillLevel {
  return { level, name: '', result, seconds: 1, detail: '' };
}

it('counts only levels that passed', () => {
  const levels = [levelOf(1, 'passed'), levelOf(2, 'passed'), levelOf(3, 'failed'), levelOf(4, 'skipped')];

  expect(levelsReached(levels)).toEqual({ passed: 2, asked: 4 });
  expect(firstMiss(levels)?.level).toBe(3);
  expect(firstMiss([levelOf(1, 'passed'), levelOf(5, 'skipped')])?.level).toBe(5);
  expect(firstMiss([levelOf(1, 'passed')])).toBeNull();
  expect([levelsReached([]), levelsReached(undefined)]).toEqual([null, null]);
});

it('divides the measured time among its phases', () => {
  expect(
    phaseShares([
      { name: 'restore', seconds: 6 },
      { name: 'recover', seconds: 2 },
    ]).map(({ share }) => share),
  ).toEqual([0.75, 0.25]);
  expect(phaseShares([{ name: 'start', seconds: 0 }])).toEqual([{ name: 'start', seconds: 0, share: 0 }]);
  expect(phaseShares(undefined)).toEqual([]);
});
