import type { IsoTime } from '../contract/observed.ts';

const byteUnits = ['B', 'KiB', 'MiB', 'GiB', 'TiB', 'PiB'] as const;

/** Bytes for people: `999 B`, `1.5 KiB`, `12.0 GiB`. Unknown is `-`. */
export function humanBytes(bytes: number | null): string {
  if (bytes === null || !Number.isFinite(bytes)) return '-';
  let value = bytes;
  let unit = 0;
  while (value >= 1024 && unit < byteUnits.length - 1) {
    value /= 1024;
    unit += 1;
  }
  return unit === 0 ? `${Math.round(value)} B` : `${value.toFixed(1)} ${byteUnits[unit] ?? ''}`;
}

/** Seconds for people in their two largest units: `0s`, `4.2s`, `3m 5s`, `2h 10m`, `5d 3h`. Unknown is `-`. */
export function humanDuration(seconds: number | null): string {
  if (seconds === null || !Number.isFinite(seconds)) return '-';
  if (seconds < 10 && !Number.isInteger(seconds)) return `${seconds.toFixed(1)}s`;
  const whole = Math.max(0, Math.round(seconds));
  const parts = [
    [Math.floor(whole / 86400), 'd'],
    [Math.floor(whole / 3600) % 24, 'h'],
    [Math.floor(whole / 60) % 60, 'm'],
    [whole % 60, 's'],
  ] as const;
  const first = parts.findIndex(([amount]) => amount > 0);
  if (first === -1) return '0s';
  return parts
    .slice(first, first + 2)
    .filter(([amount]) => amount > 0)
    .map(([amount, unit]) => `${amount}${unit}`)
    .join(' ');
}

/** `5m ago`, `in 2h`, `now`; `never` for null. */
export function humanAge(at: IsoTime | null, now: Date): string {
  if (at === null) return 'never';
  const seconds = (now.getTime() - Date.parse(at)) / 1000;
  if (!Number.isFinite(seconds)) return '-';
  if (Math.abs(seconds) < 1) return 'now';
  const largest = humanDuration(Math.round(Math.abs(seconds))).split(' ')[0] ?? '';
  return seconds > 0 ? `${largest} ago` : `in ${largest}`;
}

/** `2026-11-22 02:00:00Z`; `-` for null. */
export function humanTime(at: IsoTime | null): string {
  return at === null ? '-' : `${at.slice(0, 19).replace('T', ' ')}Z`;
}

/**
 * Text from outside (file names, notes, messages) with control characters spelled out, so that a name in an archive
 * cannot steer the terminal it is listed on.
 */
export function printable(text: string): string {
  // eslint-disable-next-line no-control-regex -- control characters are what is looked for
  return text.replace(/[\u0000-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069]/g, (char) => {
    return `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`;
  });
}

export interface Column {
  readonly title: string;
  readonly align?: 'left' | 'right';
}

/** An aligned table with a heading line; two spaces between columns, none at line ends. `columns` of the terminal cuts the last column. */
export function formatTable(
  columns: readonly Column[],
  rows: readonly (readonly string[])[],
  terminalColumns: number | null,
): string {
  const cells = rows.map((row) => columns.map((_, index) => printable(row[index] ?? '')));
  const widths = columns.map((column, index) =>
    Math.max(column.title.length, ...cells.map((row) => (row[index] ?? '').length)),
  );
  const line = (row: readonly string[]): string => {
    const padded = row.map((cell, index) => {
      const width = widths[index] ?? 0;
      return columns[index]?.align === 'right' ? cell.padStart(width) : cell.padEnd(width);
    });
    return cut(padded.join('  ').trimEnd(), terminalColumns);
  };
  return [line(columns.map((column) => column.title)), ...cells.map(line)].map((text) => `${text}\n`).join('');
}

function cut(text: string, width: number | null): string {
  return width === null || text.length <= width ? text : `${text.slice(0, Math.max(1, width - 1))}…`;
}

/** `name: value` lines with the values aligned. */
export function formatFacts(facts: readonly (readonly [string, string])[]): string {
  const width = Math.max(0, ...facts.map(([name]) => name.length));
  return facts.map(([name, value]) => `${`${name}:`.padEnd(width + 2)}${printable(value)}\n`).join('');
}
