import { parse } from 'csv-parse/sync';
import { fail, ok, type Outcome } from '../../contract/errors.ts';
import type { HistoryPoint } from '../../core/scaling-backtest.ts';

const mostRows = 1_000_000;

/**
 * A history of demand: a first line with names, among them `time` (ISO 8601, or Unix seconds) and `value`; an empty value is one that is
 * missing. Oldest first or not. Errors: `bad_request` with the line.
 */
export function readHistoryFile(text: string): Outcome<readonly HistoryPoint[]> {
  let rows: readonly Readonly<Record<string, string>>[];
  try {
    rows = parse(text, { columns: true, trim: true, skip_empty_lines: true, bom: true, to: mostRows });
  } catch (thrown) {
    return fail('bad_request', `the history is no CSV: ${thrown instanceof Error ? thrown.message : String(thrown)}`);
  }
  const points: HistoryPoint[] = [];
  for (const [index, row] of rows.entries()) {
    // The names stand in line 1.
    const line = index + 2;
    const { time, value } = row;
    if (time === undefined || value === undefined)
      return fail('bad_request', 'the first line of the history must name the columns time and value');
    const ms = /^\d+(\.\d+)?$/.test(time) ? Number(time) * 1000 : Date.parse(time);
    if (Number.isNaN(ms)) return fail('bad_request', `line ${line}: "${time.slice(0, 40)}" is no time`);
    const number = value === '' ? null : Number(value);
    if (number !== null && !Number.isFinite(number))
      return fail(
        'bad_request',
        `line ${line}: "${value.slice(0, 40)}" is no number; leave it empty where it is not known`,
      );
    points.push({ at: new Date(ms).toISOString(), value: number });
  }
  if (points.length < 2) return fail('bad_request', 'the history has fewer than two lines');
  return ok(points.sort((a, b) => (a.at < b.at ? -1 : 1)));
}

/** Seconds between two points: the middle one of all distances, so that a gap does not count. */
export function stepOfHistory(points: readonly HistoryPoint[]): number {
  const apart = points
    .slice(1)
    .map(({ at }, n) => (Date.parse(at) - Date.parse(points[n]?.at ?? at)) / 1000)
    .filter((seconds) => seconds > 0)
    .sort((a, b) => a - b);
  return Math.max(1, Math.round(apart[Math.floor(apart.length / 2)] ?? 60));
}
