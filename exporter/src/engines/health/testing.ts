import type { ProbeResult } from '../../contract/health.ts';
import type { Clock } from '../../ports/index.ts';
import type { CheckTarget, ProbeDeps, ProbeLimits } from './port.ts';
import { startProbe } from './run.ts';

const clock: Clock = {
  now: () => new Date(),
  sleep: (ms, signal) =>
    new Promise((resolve) => {
      if (signal.aborted) return resolve();
      const timer = setTimeout(resolve, ms);
      signal.addEventListener('abort', () => {
        clearTimeout(timer);
        resolve();
      });
    }),
};

/** Real time: probes of this folder's tests look at real things. */
export const probeDeps: ProbeDeps = { clock, nowMs: () => performance.now() };

/** One probe of a real thing, as the watch makes it. */
export function probeNow(target: CheckTarget, limits: Partial<ProbeLimits> = {}): Promise<ProbeResult> {
  return startProbe(target, { timeoutMs: 5000, slowMs: null, ...limits }, probeDeps, new AbortController().signal)
    .result;
}
