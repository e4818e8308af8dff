import { setTimeout as sleep } from 'node:timers/promises';

/** A token bucket over a monotonic clock: a second's worth may be used at once, after that the caller waits. */
export function createThrottle(
  bytesPerSecond: number,
  time: { nowMs(): number; sleepMs(ms: number): Promise<unknown> } = {
    nowMs: () => performance.now(),
    sleepMs: (ms) => sleep(ms),
  },
): (bytes: number) => Promise<void> {
  let tokens = bytesPerSecond;
  let filledAtMs = time.nowMs();
  return async (bytes) => {
    const nowMs = time.nowMs();
    tokens = Math.min(bytesPerSecond, tokens + ((nowMs - filledAtMs) / 1000) * bytesPerSecond) - bytes;
    filledAtMs = nowMs;
    if (tokens < 0) await time.sleepMs((-tokens / bytesPerSecond) * 1000);
  };
}
