/** Why the loop turns: what collectors read may have changed, or only what runs has. */
export type Waking = 'readings' | 'operations';

/** Lets the loop turn at once when an operation has ended, so that metrics follow within the second. */
export interface Waker {
  wake(why: Waking): void;
  /** Why it was woken since the last call, `readings` where it was for both; null: it was not. */
  take(): Waking | null;
  woken(): Promise<void>;
}

export function createWaker(): Waker {
  let pending: Waking | null = null;
  let release: () => void = () => undefined;
  return {
    wake: (why) => {
      if (pending !== 'readings') pending = why;
      release();
    },
    take: () => {
      const was = pending;
      pending = null;
      return was;
    },
    woken: () => (pending !== null ? Promise.resolve() : new Promise((resolve) => (release = resolve))),
  };
}
