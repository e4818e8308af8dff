import {
  formatAge,
  formatByUnit,
  formatBytes,
  formatDuration,
  formatPercent,
  formatTime,
  humanBytes,
} from './format.ts';

it.each([
  [0, '0 B'],
  [1023, '1023 B'],
  [1536, '1.5 KiB'],
  [1024 ** 2 - 1, '1 MiB'],
  [5 * 1024 ** 3, '5 GiB'],
])('%d bytes are %s', (bytes, text) => {
  expect(formatBytes(bytes)).toBe(text);
});

it.each([
  [0, '0 s'],
  [0.0004, '1 ms'],
  [0.25, '250 ms'],
  [0.9999, '1 s'],
  [2.34, '2.3 s'],
  [59.7, '1 min'],
  [3599.7, '1 h'],
  [93_784, '1 d 2 h'],
  [-90, '-1 min 30 s'],
])('%d seconds are %s', (seconds, text) => {
  expect(formatDuration(seconds)).toBe(text);
});

it('never rounds a ratio up to all', () => {
  expect(formatPercent(0.99999)).toBe('99.99 %');
  expect(formatPercent(1)).toBe('100 %');
  expect(formatPercent(0)).toBe('0 %');
});

it('names the zone of a moment', () => {
  expect(formatTime('2026-11-22T02:00:00.000Z', 'utc')).toBe('2026-11-22 02:00:00 UTC');
  expect(formatTime('2026-11-22T02:00:00.000Z', 'Asia/Tokyo')).toMatch(/^2026-11-22 11:00:00 \S+/);
  expect(formatTime('nonsense', 'utc')).toBe('nonsense');
});

it('says how far a moment is, both ways', () => {
  const now = Date.parse('2026-11-22T02:00:00.000Z');
  expect(formatAge('2026-11-22T01:59:48.000Z', now)).toBe('12 s ago');
  expect(formatAge('2026-11-22T05:00:00.000Z', now)).toBe('in 3 h');
  expect(formatAge('2026-11-22T02:00:00.000Z', now)).toBe('just now');
});

it.each([
  [0.5, 'ratio', '50 %'],
  [2048, 'bytes_per_second', '2 KiB/s'],
  [90, 'seconds', '1 min 30 s'],
  [3, 'operations', '3 operations'],
  [0.00478, 'count', '< 0.01'],
  [0, 'count', '0'],
  [1.2345, 'count', '1.23'],
  [1234.5, 'count', '1,235'],
  [1, 'boolean', 'yes'],
])('shows %d %s as %s', (value, unit, text) => {
  expect(formatByUnit(value, unit)).toBe(text);
});

it('turns the raw bytes of a step text into a size, and leaves small and other numbers alone', () => {
  expect(humanBytes('47 entries, 101643 bytes')).toBe('47 entries, 99.3 KiB');
  expect(humanBytes('12 bytes of 2026 files')).toBe('12 bytes of 2026 files');
});
