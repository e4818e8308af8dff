import { randomBytes } from 'node:crypto';
import type { Clock, Random } from '../ports/index.ts';

export const systemClock: Clock = {
  now: () => new Date(),
  sleep: (ms, signal) =>
    new Promise((resolve) => {
      if (signal.aborted) return resolve();
      const done = (): void => {
        clearTimeout(timer);
        signal.removeEventListener('abort', done);
        resolve();
      };
      const timer = setTimeout(done, ms);
      signal.addEventListener('abort', done, { once: true });
    }),
};

export const systemRandom: Random = {
  bytes: (length) => randomBytes(length),
  hex: (length) => randomBytes(length).toString('hex'),
};
