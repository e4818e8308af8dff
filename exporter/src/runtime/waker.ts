/** Lets the loop turn at once when an operation has ended, so that metrics follow within the second. */
export interface Waker {
  wake(): void;
  /** True once since the last call. */
  take(): boolean;
  woken(): Promise<void>;
}

export function createWaker(): Waker {
  let flag = false;
  let release: () => void = () => undefined;
  return {
    wake: () => {
      flag = true;
      release();
    },
    take: () => {
      const was = flag;
      flag = false;
      return was;
    },
    woken: () => (flag ? Promise.resolve() : new Promise((resolve) => (release = resolve))),
  };
}
