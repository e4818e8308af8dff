import { OpError, fail, ok, toOpError, type Outcome } from '../contract/errors.ts';
import type { SystemFacts } from '../contract/snapshot.ts';
import type { Clock } from '../ports/index.ts';

/** Readings take milliseconds; a `df` on a dead network mount never ends. */
const readingTimeoutMs = 5000;
/** Made anew for each container, so their names are ids; the loop says nothing about the network. */
const passingInterface = /^(lo|veth|br-|docker|virbr|cali|cni|flannel|cilium|lxc|tap|kube)/;

/** What is read: from `createSystemSource` in the program, recorded answers in tests. */
export interface SystemSource {
  currentLoad(): Promise<{ readonly currentLoad: number }>;
  mem(): Promise<{
    readonly total: number;
    readonly available: number;
    readonly swaptotal: number;
    readonly swapused: number;
  }>;
  fsSize(): Promise<
    readonly { readonly mount: string; readonly size: number; readonly available: number; readonly type: string }[]
  >;
  networkStats(): Promise<
    readonly {
      readonly iface: string;
      readonly operstate: string;
      readonly rx_bytes: number;
      readonly tx_bytes: number;
      readonly rx_errors: number;
      readonly tx_errors: number;
    }[]
  >;
  disksIO(): Promise<{ readonly rIO: number; readonly wIO: number } | null>;
  fsStats(): Promise<{ readonly rx: number; readonly wx: number } | null>;
  /** Packets since boot; null where the platform does not tell. */
  packets(device: string): Promise<{ readonly received: number; readonly sent: number } | null>;
  load1(): number;
  cpus(): number;
}

/**
 * Reads the machine. Nothing is invented: systeminformation answers 0 where it could not read, so groups that are wholly 0 count as
 * not read. A reading that hangs is not started a second time. Errors: `exec_timeout` (names the reading), `io_failed`.
 */
export function createSystemReader(clock: Clock, source: SystemSource): () => Promise<Outcome<SystemFacts>> {
  const hanging = new Map<string, Promise<unknown>>();

  async function bounded<T>(name: string, start: () => Promise<T>): Promise<T> {
    if (hanging.has(name)) throw new OpError('exec_timeout', `system reading ${name} still hangs`, { retryable: true });
    const reading = start().finally(() => hanging.delete(name));
    hanging.set(name, reading);
    const done = new AbortController();
    const timeout = clock.sleep(readingTimeoutMs, done.signal).then((): T => {
      throw new OpError('exec_timeout', `system reading ${name} did not end within ${readingTimeoutMs} ms`, {
        retryable: true,
      });
    });
    // Whichever loses the race may still fail later; that is told by the next reading.
    timeout.catch(() => undefined);
    reading.catch(() => undefined);
    return Promise.race([reading, timeout]).finally(() => done.abort());
  }

  return async () => {
    try {
      const [load, memory, filesystems, networks, operations, bytes] = await Promise.all([
        bounded('currentLoad', () => source.currentLoad()),
        bounded('mem', () => source.mem()),
        bounded('fsSize', () => source.fsSize()),
        bounded('networkStats', () => source.networkStats()),
        bounded('disksIO', () => source.disksIO()),
        bounded('fsStats', () => source.fsStats()),
      ]);
      if (!Number.isFinite(load.currentLoad) || !(memory.total > 0)) {
        return fail('io_failed', 'processor load or memory of this machine could not be read', { retryable: true });
      }
      return ok({
        cpuRatio: Math.min(1, Math.max(0, load.currentLoad / 100)),
        load1: source.load1(),
        cpus: source.cpus(),
        memoryTotalBytes: memory.total,
        memoryAvailableBytes: memory.available,
        swapTotalBytes: memory.swaptotal,
        swapUsedBytes: memory.swapused,
        filesystems: filesystems
          .filter((fs) => fs.size > 0)
          .map((fs) => ({ mount: fs.mount, sizeBytes: fs.size, availableBytes: fs.available })),
        networks: await readNetworks(source, networks),
        diskIo: readDisks(operations, bytes),
      });
    } catch (thrown) {
      return { ok: false, error: toOpError(thrown, 'io_failed') };
    }
  };
}

async function readNetworks(
  source: SystemSource,
  stats: Awaited<ReturnType<SystemSource['networkStats']>>,
): Promise<SystemFacts['networks']> {
  // Not read: no state and not one byte.
  const read = stats.filter(
    (s) => !passingInterface.test(s.iface) && (s.operstate !== 'unknown' || s.rx_bytes + s.tx_bytes > 0),
  );
  return Promise.all(
    read.map(async (s) => {
      const packets = await source.packets(s.iface);
      return {
        device: s.iface,
        receiveBytes: s.rx_bytes,
        transmitBytes: s.tx_bytes,
        receivePackets: packets?.received ?? null,
        transmitPackets: packets?.sent ?? null,
        receiveErrors: s.rx_errors,
        transmitErrors: s.tx_errors,
        up: s.operstate === 'unknown' ? null : s.operstate === 'up',
      };
    }),
  );
}

function readDisks(
  operations: { readonly rIO: number; readonly wIO: number } | null,
  bytes: { readonly rx: number; readonly wx: number } | null,
): SystemFacts['diskIo'] {
  if (operations === null || operations.rIO + operations.wIO === 0) return null;
  const told = bytes !== null && bytes.rx + bytes.wx > 0;
  return {
    readBytes: told ? bytes.rx : null,
    writtenBytes: told ? bytes.wx : null,
    reads: operations.rIO,
    writes: operations.wIO,
  };
}
