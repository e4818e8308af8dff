import type { OperationProgress } from '../contract/operation.ts';
import { createProgress, progressLine } from './progress.ts';
import { inertDeps, recordOutput } from './testing.ts';

const half: OperationProgress = {
  phase: 'copy',
  entriesDone: 12,
  bytesDone: 512,
  bytesTotal: 1024,
  bytesPerSecond: 256,
  secondsLeft: 2,
};

function movingClock() {
  let ms = Date.parse('2026-11-22T03:00:00.000Z');
  return {
    clock: { ...inertDeps().clock, now: () => new Date(ms) },
    pass: (seconds: number) => (ms += seconds * 1000),
  };
}

it('shows bar, share, rate and time left', () => {
  expect(progressLine('backup web', half)).toBe(
    'backup web copy  [############............]  50%  512 B of 1.0 KiB  12 entries  256 B/s  2s left',
  );
});

it('shows no share where the total is unknown', () => {
  expect(progressLine('backup web', { ...half, bytesTotal: null, secondsLeft: null })).toBe(
    'backup web copy  512 B  12 entries  256 B/s',
  );
});

it('redraws one line on a terminal, within its width, and leaves nothing behind', () => {
  const stderr = recordOutput({ isTTY: true, columns: 30 });
  const progress = createProgress(stderr, movingClock().clock, false);

  progress.update('backup web', half);
  progress.end();

  expect(stderr.text()).toBe(`\r\u001b[2K${progressLine('backup web', half).slice(0, 29)}\r\u001b[2K`);
});

it('prints a plain line every ten seconds elsewhere', () => {
  const stderr = recordOutput();
  const { clock, pass } = movingClock();
  const progress = createProgress(stderr, clock, false);

  for (let second = 0; second < 25; second += 1) {
    progress.update('backup web', half);
    pass(1);
  }
  progress.end();

  expect(stderr.text()).toBe(`${progressLine('backup web', half)}\n`.repeat(2));
});

it('is silent when told so', () => {
  const stderr = recordOutput({ isTTY: true });

  createProgress(stderr, movingClock().clock, true).update('backup web', half);

  expect(stderr.text()).toBe('');
});
