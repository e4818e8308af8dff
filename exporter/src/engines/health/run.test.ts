import type { Seen } from './port.ts';
import { startProbe } from './run.ts';
import { inMilliseconds, oneLine } from './words.ts';
import { probeDeps } from './testing.ts';

const target = { kind: 'tcp', host: 'localhost', port: 1 } as const;
const limits = { timeoutMs: 200, slowMs: null };
const seen: Seen = { state: 'healthy', answered: true, detail: 'fine' };
const forever = (): Promise<Seen> => new Promise(() => undefined);
const running = new AbortController().signal;

describe('a probe', () => {
  it('says how long the answer took', async () => {
    const { result } = startProbe(target, limits, probeDeps, running, () => Promise.resolve(seen));

    const { responseSeconds, detail, state } = await result;

    expect(state).toBe('healthy');
    expect(detail).toMatch(/^fine after \d+(\.\d)? ms$/);
    expect(responseSeconds).toBeGreaterThanOrEqual(0);
    expect(responseSeconds).toBeLessThan(0.2);
  });

  it('is unhealthy, without a response time, when nothing answers in time', async () => {
    const { result, settled } = startProbe(target, limits, probeDeps, running, forever);

    expect(await result).toEqual({ state: 'unhealthy', responseSeconds: null, detail: 'no answer within 200 ms' });
    const back = await Promise.race([settled.then(() => 'back'), Promise.resolve('still there')]);
    expect(back).toBe('still there');
  });

  it('is told to stop when its time is over', async () => {
    let aborted = false;
    const { result, settled } = startProbe(target, limits, probeDeps, running, (_, { signal }) => {
      return new Promise((resolve) =>
        signal.addEventListener('abort', () => {
          aborted = true;
          resolve(seen);
        }),
      );
    });

    await Promise.all([result, settled]);

    expect(aborted).toBe(true);
  });

  it('ends at once when the program stops', async () => {
    const stopping = new AbortController();
    const { result } = startProbe(target, { timeoutMs: 60_000, slowMs: null }, probeDeps, stopping.signal, forever);

    stopping.abort();

    expect((await result).state).toBe('unhealthy');
  });

  it('is an error, which is never healthy, when it throws; what was thrown is not quoted', async () => {
    const thrown = new TypeError('Bearer secret');
    const { result } = startProbe(target, limits, probeDeps, running, () => Promise.reject(thrown));

    expect(await result).toEqual({
      state: 'error',
      responseSeconds: null,
      detail: 'the check could not be made: TypeError',
    });
  });

  it('is degraded when the answer is slower than allowed; a bad answer stays bad', async () => {
    const late = (state: Seen['state']) => () =>
      new Promise<Seen>((resolve) => setTimeout(() => resolve({ ...seen, state }), 60));
    const slow = { timeoutMs: 5000, slowMs: 20 };

    const [degraded, unhealthy] = await Promise.all([
      startProbe(target, slow, probeDeps, running, late('healthy')).result,
      startProbe(target, slow, probeDeps, running, late('unhealthy')).result,
    ]);

    expect(degraded).toMatchObject({ state: 'degraded', detail: expect.stringContaining('slower than 20 ms') });
    expect(unhealthy.state).toBe('unhealthy');
  });
});

it('shows what others sent in one short line', () => {
  expect(oneLine('a\nb\u0000\u001b[31mc\u2028d')).toBe('a b [31mc d');
  expect(oneLine('x'.repeat(1000))).toHaveLength(300);
});

it('shows short times with a decimal', () => {
  expect([0.04, 3.14, 9.99, 12.3, 1500].map(inMilliseconds)).toEqual(['0 ms', '3.1 ms', '10 ms', '12 ms', '1500 ms']);
});
