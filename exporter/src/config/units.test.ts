import fc from 'fast-check';
import { formatDuration, formatSize, parseDuration, parseSize } from './units.ts';

it.each([
  ['250ms', 0.25],
  ['90s', 90],
  ['1h30m', 5400],
  ['1.5h', 5400],
  ['30d', 2592000],
  ['2w', 1209600],
  ['', null],
  ['5', null],
  ['5 m', null],
  ['-5m', null],
  ['m5', null],
])('%j is %p seconds', (text, seconds) => {
  expect(parseDuration(text)).toBe(seconds);
});

it.each([
  ['4096B', 4096],
  ['10GiB', 10 * 2 ** 30],
  ['500MB', 5e8],
  ['1.5 KiB', 1536],
  ['10', null],
  ['10XB', null],
])('%j is %p bytes', (text, bytes) => {
  expect(parseSize(text)).toBe(bytes);
});

it('writes what it reads, exactly', () => {
  expect([0.25, 120, 5400, 14400, 2592000].map(formatDuration)).toEqual(['250ms', '2m', '1h30m', '4h', '30d']);
  expect([1, 1500, 50 * 2 ** 20, 5e8].map(formatSize)).toEqual(['1B', '1500B', '50MiB', '500MB']);
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 10 ** 12 }), (ms) => parseDuration(formatDuration(ms / 1000)) === ms / 1000),
    { numRuns: 300 },
  );
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 2 ** 50 }), (bytes) => parseSize(formatSize(bytes)) === bytes),
    { numRuns: 300 },
  );
});
