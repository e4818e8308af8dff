import { formatFacts, formatTable, humanAge, humanBytes, humanDuration, humanTime, printable } from './format.ts';
import { modeText } from './ls.ts';

const now = new Date('2026-11-22T03:00:00.000Z');

it('shows bytes in the largest unit that fits, and unknown as a dash', () => {
  expect([0, 999, 1024, 1536, 12 * 2 ** 30].map(humanBytes)).toEqual([
    '0 B',
    '999 B',
    '1.0 KiB',
    '1.5 KiB',
    '12.0 GiB',
  ]);
  expect(humanBytes(null)).toBe('-');
});

it('shows durations in their two largest units, and unknown as a dash', () => {
  expect([0, 4.25, 59.6, 65, 7200, 7800, 5 * 86400 + 3 * 3600 + 5].map(humanDuration)).toEqual([
    '0s',
    '4.3s',
    '1m',
    '1m 5s',
    '2h',
    '2h 10m',
    '5d 3h',
  ]);
  expect(humanDuration(null)).toBe('-');
});

it('tells never from now, past from future', () => {
  expect(humanAge(null, now)).toBe('never');
  expect(humanAge('2026-11-22T03:00:00.000Z', now)).toBe('now');
  expect(humanAge('2026-11-22T02:55:00.000Z', now)).toBe('5m ago');
  expect(humanAge('2026-11-22T05:00:00.000Z', now)).toBe('in 2h');
  expect(humanTime('2026-11-22T02:55:01.123Z')).toBe('2026-11-22 02:55:01Z');
});

it('aligns columns, right where asked, without blanks at line ends', () => {
  const table = formatTable(
    [{ title: 'NAME' }, { title: 'SIZE', align: 'right' }, { title: 'NOTE' }],
    [
      ['a', '10 B', ''],
      ['longer', '1.0 KiB', 'x'],
    ],
    null,
  );

  expect(table).toBe(['NAME       SIZE  NOTE', 'a          10 B', 'longer  1.0 KiB  x', ''].join('\n'));
});

it('cuts lines at the width of the terminal', () => {
  expect(formatTable([{ title: 'NAME' }], [['0123456789']], 6)).toBe('NAME\n01234…\n');
});

it('spells out control characters, so that a file name cannot steer the terminal', () => {
  expect(printable('a\u001b[2Jb\nc\u202ed')).toBe('a\\u001b[2Jb\\u000ac\\u202ed');
  expect(formatFacts([['path', 'x\u0007']])).toBe('path: x\\u0007\n');
});

it('shows modes as ls does', () => {
  expect(modeText({ kind: 'file', mode: 0o644 })).toBe('-rw-r--r--');
  expect(modeText({ kind: 'directory', mode: 0o1777 })).toBe('drwxrwxrwt');
  expect(modeText({ kind: 'file', mode: 0o4754 })).toBe('-rwsr-xr--');
  expect(modeText({ kind: 'file', mode: 0o2604 })).toBe('-rw---Sr--');
});
