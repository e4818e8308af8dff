/** Runs `work` at once, then at most once in `ms` while it keeps being asked for; the last request is never lost. */
export function createThrottle(
  work: () => void,
  ms: number,
  setTimer: (work: () => void, ms: number) => () => void,
): { run: () => void; cancel: () => void } {
  let cancelTimer: (() => void) | null = null;
  let again = false;
  const elapsed = (): void => {
    cancelTimer = null;
    if (!again) return;
    again = false;
    run();
  };
  const run = (): void => {
    if (cancelTimer !== null) {
      again = true;
      return;
    }
    cancelTimer = setTimer(elapsed, ms);
    work();
  };
  return {
    run,
    cancel() {
      cancelTimer?.();
      cancelTimer = null;
      again = false;
    },
  };
}
