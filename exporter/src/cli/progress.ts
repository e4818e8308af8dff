import type { OperationProgress } from '../contract/operation.ts';
import type { Clock } from '../ports/index.ts';
import type { TextOutput } from './deps.ts';
import { humanBytes, humanDuration, printable } from './format.ts';

export interface Progress {
  update(label: string, progress: OperationProgress | null): void;
  /** Clears the bar; nothing of it stays on the screen. */
  end(): void;
}

const plainIntervalMs = 10_000;
const barWidth = 24;

/** The bar line: phase, bar and share where the total is known, amount, rate, time left. */
export function progressLine(label: string, progress: OperationProgress): string {
  const { bytesDone, bytesTotal, bytesPerSecond, secondsLeft } = progress;
  const parts = [`${printable(label)} ${printable(progress.phase)}`];
  if (bytesTotal !== null && bytesTotal > 0) {
    const share = Math.min(1, bytesDone / bytesTotal);
    const filled = Math.floor(share * barWidth);
    parts.push(
      `[${'#'.repeat(filled)}${'.'.repeat(barWidth - filled)}] ${String(Math.floor(share * 100)).padStart(3)}%`,
    );
    parts.push(`${humanBytes(bytesDone)} of ${humanBytes(bytesTotal)}`);
  } else {
    parts.push(humanBytes(bytesDone));
  }
  parts.push(`${progress.entriesDone} entries`);
  if (bytesPerSecond !== null) parts.push(`${humanBytes(bytesPerSecond)}/s`);
  if (secondsLeft !== null) parts.push(`${humanDuration(Math.round(secondsLeft))} left`);
  return parts.join('  ');
}

/** A redrawn line on a terminal; elsewhere one plain line every ten seconds; nothing when silent (--quiet, --json keeps it on stderr). */
export function createProgress(stderr: TextOutput, clock: Clock, silent: boolean): Progress {
  let lastPlainAt = clock.now().getTime();
  let drawn = false;
  return {
    update(label, progress) {
      if (silent || progress === null) return;
      const line = progressLine(label, progress);
      if (stderr.isTTY) {
        const width = (stderr.columns ?? 80) - 1;
        stderr.write(`\r\u001b[2K${line.slice(0, width)}`);
        drawn = true;
        return;
      }
      const now = clock.now().getTime();
      if (now - lastPlainAt < plainIntervalMs) return;
      lastPlainAt = now;
      stderr.write(`${line}\n`);
    },
    end() {
      if (drawn) stderr.write('\r\u001b[2K');
      drawn = false;
    },
  };
}
