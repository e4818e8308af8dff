import type { Backtest, BacktestRun } from './scaling-api.ts';

/** What the Backtest panel asks for and says. Pure. */

export const backtestLimits = { leastMs: 3_600_000, mostMs: 60 * 86_400_000 } as const;

export type RangeFault = 'order' | 'short' | 'long' | 'future';

/** Why a range cannot be replayed; null: it can. */
export function rangeFault(from: string, to: string, nowMs: number): RangeFault | null {
  const [fromMs, toMs] = [Date.parse(from), Date.parse(to)];
  if (toMs > nowMs + 60_000) return 'future';
  if (toMs <= fromMs) return 'order';
  if (toMs - fromMs < backtestLimits.leastMs) return 'short';
  return toMs - fromMs > backtestLimits.mostMs ? 'long' : null;
}

/** The last week, ending on a full minute. */
export function lastWeek(nowMs: number): { readonly from: string; readonly to: string } {
  const to = Math.floor(nowMs / 60_000) * 60_000;
  return { from: new Date(to - 7 * 86_400_000).toISOString(), to: new Date(to).toISOString() };
}

/** Of two policies: whether the second is better than the first, by time that is short of instances first, then by what it uses. */
export type Verdict = 'better' | 'worse' | 'dearer' | 'same';

export function compared(current: BacktestRun, other: BacktestRun): Verdict {
  const short = other.underProvisionedSeconds - current.underProvisionedSeconds;
  const used = other.instanceHours - current.instanceHours;
  if (Math.abs(short) < 1 && Math.abs(used) < 0.01) return 'same';
  if (short > 0) return 'worse';
  return used > 0.01 ? (short < 0 ? 'dearer' : 'worse') : 'better';
}

/** A figure beside that of the current policy: `+12 %`; empty where there is nothing to compare. */
export function change(value: number | null, current: number | null): string {
  if (value === null || current === null || current === value) return '';
  if (current === 0) return 'more than none';
  const share = Math.round(((value - current) / current) * 100);
  return share === 0 ? '' : `${share > 0 ? '+' : '−'}${Math.abs(share)} %`;
}

/** Share of the range in which the policy had no values to decide on. */
export function missingShare({ points, missing }: Pick<Backtest, 'points' | 'missing'>): number | null {
  return points === 0 ? null : missing / points;
}

/** Where a range had better begin of which the first part has no values; null: it begins with one, or has none at all. */
export function betterFrom({ from, to, stepSeconds, runs }: Backtest): string | null {
  const first = runs[0]?.series.find(({ demand }) => demand !== null);
  if (first === undefined) return null;
  // Drawn values stand further apart than those that were replayed.
  const spare = Math.max(stepSeconds * 1000, (Date.parse(to) - Date.parse(from)) / 50);
  if (Date.parse(first.at) - Date.parse(from) < spare) return null;
  return new Date(Math.min(Date.parse(first.at), Date.parse(to) - backtestLimits.leastMs)).toISOString();
}

export function currentRun({ runs }: Backtest): BacktestRun | undefined {
  return runs.find(({ policy }) => policy === 'current');
}
