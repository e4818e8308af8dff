import type { EngineProgress } from '../port.ts';
import { parseProgress, progressReader } from './backup.ts';
import { newestTransaction } from './edge.ts';
import { recorded } from './test-support.ts';
import { canVerifySet, hasBlockIncremental, parseVersion } from './version.ts';

it('reads how far a backup is from the lines of its files', () => {
  const seen: EngineProgress[] = [];
  const read = progressReader({ signal: new AbortController().signal, onProgress: (p) => void seen.push(p) });
  for (const line of recorded('backup-diff-2.45.txt').split('\n')) read(line);

  expect(seen).toHaveLength(4);
  expect(seen.at(-1)).toMatchObject({ phase: 'copy', entriesDone: 4 });
  expect(seen.at(-1)?.bytesDone).toBe(264 * 1024 + 8);
  expect(seen[1]?.bytesTotal).toBeCloseTo(270_629, -4);
  expect(seen.every(({ bytesDone, bytesTotal }) => bytesTotal === null || bytesTotal >= bytesDone)).toBe(true);
});

it.each([
  ['P01 DETAIL: backup file /pg/base/1/2 (1.5GB, 12.34%) checksum abc', { bytes: 1.5 * 2 ** 30, ratio: 0.1234 }],
  ['P01 DETAIL: restore file /pg/a (2) (0B, 100.00%)', { bytes: 0, ratio: 1 }],
  ['P00   INFO: new backup label = 20261122-123316D', null],
])('%s', (line, expected) => {
  const seen = parseProgress(line);

  if (expected === null) expect(seen).toBeNull();
  else {
    expect(seen?.bytes).toBe(expected.bytes);
    expect(seen?.ratio).toBeCloseTo(expected.ratio, 6);
  }
});

it('finds the newest transaction, committed or not, in what pg_waldump printed', () => {
  expect(newestTransaction(recorded('pg_waldump-15.18.txt'))).toBe(Date.parse('2026-11-22T13:26:20.810Z'));
  expect(newestTransaction('pg_waldump: error: ...')).toBeNull();
});

it('knows what a version can', () => {
  expect(parseVersion('pgBackRest 2.45\n')).toBe('2.45');
  expect(parseVersion('pgBackRest 2.55.1')).toBe('2.55.1');
  expect(parseVersion('bash: no')).toBeNull();
  expect(['2.45', '2.46', '2.100', '3.0'].map(hasBlockIncremental)).toEqual([false, true, true, true]);
  expect(['2.54', '2.55'].map(canVerifySet)).toEqual([false, true]);
});
