import { Writable } from 'node:stream';
import { writeInto } from './stream.ts';

describe('writeInto', () => {
  it('waits for a slow reader', async () => {
    const released: (() => void)[] = [];
    const slow = new Writable({ highWaterMark: 4, write: (_chunk, _encoding, done) => void released.push(done) });
    const write = writeInto(slow);
    let settled = false;

    const writing = Promise.resolve(write(Buffer.from('more than four bytes'))).then(
      (going) => ((settled = true), going),
    );
    await new Promise((resolve) => setImmediate(resolve));
    expect(settled).toBe(false);
    released[0]?.();

    expect(await writing).toBe(true);
    expect(slow.listenerCount('drain')).toBe(0);
  });

  it('ends when the reader goes away while it waits, and before', async () => {
    const stuck = new Writable({ highWaterMark: 1, write: () => undefined });
    const write = writeInto(stuck);

    const writing = write(Buffer.from('abc'));
    stuck.destroy();

    expect(await writing).toBe(false);
    expect(write(Buffer.from('more'))).toBe(false);
  });
});
