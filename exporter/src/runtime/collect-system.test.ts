import type { Clock } from '../ports/index.ts';
import { createSystemReader, type SystemSource } from './collect-system.ts';
import { systemExec } from './exec.ts';
import { createSystemSource } from './system-source.ts';

/** A clock whose sleeps end only when the test says so. */
function heldClock(): Clock & { wake(): void } {
  const sleepers = new Set<() => void>();
  return {
    now: () => new Date('2026-11-22T12:00:00Z'),
    sleep: (_ms, signal) =>
      new Promise((resolve) => {
        // Aborted sleeps simply never wake here: nobody waits for them.
        if (!signal.aborted) sleepers.add(() => (signal.aborted ? undefined : resolve()));
      }),
    wake: () => sleepers.forEach((wake) => wake()),
  };
}

function sourceWith(change: Partial<SystemSource> = {}): SystemSource {
  const eth0 = { iface: 'eth0', operstate: 'up', rx_bytes: 100, tx_bytes: 50, rx_errors: 1, tx_errors: 2 };
  return {
    currentLoad: () => Promise.resolve({ currentLoad: 25 }),
    mem: () => Promise.resolve({ total: 1000, available: 600, swaptotal: 0, swapused: 0 }),
    fsSize: () => Promise.resolve([{ mount: '/', size: 100, available: 40, type: 'ext4' }]),
    networkStats: () => Promise.resolve([eth0]),
    disksIO: () => Promise.resolve({ rIO: 3, wIO: 4 }),
    fsStats: () => Promise.resolve({ rx: 512, wx: 1024 }),
    packets: () => Promise.resolve({ received: 7, sent: 8 }),
    load1: () => 0.5,
    cpus: () => 2,
    ...change,
  };
}
const read = (change: Partial<SystemSource>) => createSystemReader(heldClock(), sourceWith(change))();

describe('reading of the machine', () => {
  it('turns what the library tells into facts', async () => {
    expect(await read({})).toEqual({
      ok: true,
      value: {
        cpuRatio: 0.25,
        load1: 0.5,
        cpus: 2,
        memoryTotalBytes: 1000,
        memoryAvailableBytes: 600,
        swapTotalBytes: 0,
        swapUsedBytes: 0,
        filesystems: [{ mount: '/', sizeBytes: 100, availableBytes: 40 }],
        networks: [
          {
            device: 'eth0',
            receiveBytes: 100,
            transmitBytes: 50,
            receivePackets: 7,
            transmitPackets: 8,
            receiveErrors: 1,
            transmitErrors: 2,
            up: true,
          },
        ],
        diskIo: { readBytes: 512, writtenBytes: 1024, reads: 3, writes: 4 },
      },
    });
  });

  it('does not take the zeros of what could not be read for facts', async () => {
    const nothing = { iface: 'eth1', operstate: 'unknown', rx_bytes: 0, tx_bytes: 0, rx_errors: 0, tx_errors: 0 };

    const seen = await read({
      networkStats: () => Promise.resolve([nothing, { ...nothing, iface: 'tun0', rx_bytes: 5 }]),
      disksIO: () => Promise.resolve({ rIO: 3, wIO: 0 }),
      fsStats: () => Promise.resolve({ rx: 0, wx: 0 }),
      packets: () => Promise.resolve(null),
    });
    const noDisks = await read({ disksIO: () => Promise.resolve({ rIO: 0, wIO: 0 }) });
    const noMemory = await read({ mem: () => Promise.resolve({ total: 0, available: 0, swaptotal: 0, swapused: 0 }) });

    expect(seen).toMatchObject({
      ok: true,
      value: {
        networks: [{ device: 'tun0', up: null, receivePackets: null }],
        diskIo: { readBytes: null, writtenBytes: null, reads: 3 },
      },
    });
    expect(noDisks).toMatchObject({ ok: true, value: { diskIo: null } });
    expect(noMemory).toMatchObject({ ok: false, error: { code: 'io_failed' } });
  });

  it('leaves out interfaces that come and go with containers', async () => {
    const stats = ['lo', 'veth12ab', 'br-99', 'docker0', 'eth0'].map((iface) => ({
      iface,
      operstate: 'up',
      rx_bytes: 1,
      tx_bytes: 1,
      rx_errors: 0,
      tx_errors: 0,
    }));

    expect(await read({ networkStats: () => Promise.resolve(stats) })).toMatchObject({
      ok: true,
      value: { networks: [{ device: 'eth0' }] },
    });
  });

  it('ends when one reading hangs, names it, and does not start it again while it hangs', async () => {
    const clock = heldClock();
    let started = 0;
    let release = (): void => undefined;
    const hang = (): Promise<never[]> => {
      started += 1;
      return new Promise((resolve) => (release = () => resolve([])));
    };
    const reader = createSystemReader(clock, sourceWith({ fsSize: hang }));

    const first = reader();
    await new Promise((resolve) => setImmediate(resolve));
    clock.wake();
    const firstSeen = await first;
    const second = await reader();
    release();
    await new Promise((resolve) => setImmediate(resolve));
    const third = reader();
    release();

    expect(firstSeen).toMatchObject({
      ok: false,
      error: { code: 'exec_timeout', message: expect.stringContaining('fsSize') },
    });
    expect(second).toMatchObject({
      ok: false,
      error: { code: 'exec_timeout', message: 'system reading fsSize still hangs' },
    });
    expect(await third).toMatchObject({ ok: true });
    expect(started).toBe(2);
  });

  it('says why when the library throws', async () => {
    expect(await read({ currentLoad: () => Promise.reject(new Error('no /proc')) })).toMatchObject({
      ok: false,
      error: { code: 'io_failed', message: 'no /proc' },
    });
  });

  it('reads this machine', async () => {
    const seen = await createSystemReader(heldClock(), createSystemSource(systemExec))();

    expect(seen.ok).toBe(true);
    if (!seen.ok) return;
    expect(seen.value.cpuRatio >= 0 && seen.value.cpuRatio <= 1).toBe(true);
    expect(seen.value.memoryTotalBytes).toBeGreaterThan(seen.value.memoryAvailableBytes);
    expect(seen.value.filesystems.every((fs) => fs.sizeBytes > 0)).toBe(true);
  });
});
