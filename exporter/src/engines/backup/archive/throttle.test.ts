import { createThrottle } from './throttle.ts';

function simulate(bytesPerSecond: number): {
  take: (bytes: number) => Promise<void>;
  nowMs: () => number;
  pass: (ms: number) => void;
} {
  let nowMs = 0;
  const time = { nowMs: () => nowMs, sleepMs: (ms: number) => Promise.resolve(void (nowMs += ms)) };
  return { take: createThrottle(bytesPerSecond, time), nowMs: () => nowMs, pass: (ms) => void (nowMs += ms) };
}

test('a second worth of bytes is free, after that the rate holds', async () => {
  const bucket = simulate(1000);
  for (let i = 0; i < 50; i += 1) await bucket.take(100);

  expect(bucket.nowMs()).toBeCloseTo(4000);
});

test('a pause is not saved up beyond one second', async () => {
  const bucket = simulate(1000);
  bucket.pass(60_000);
  for (let i = 0; i < 30; i += 1) await bucket.take(100);

  expect(bucket.nowMs()).toBeCloseTo(62_000);
});
