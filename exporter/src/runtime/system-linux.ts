import { readdir, readFile } from 'node:fs/promises';
import { networkInterfaces } from 'node:os';
import type { Exec } from '../ports/index.ts';
import type { SystemSource } from './collect-system.ts';

/**
 * Reads Linux from its own files, in this thread: a library that starts some twenty programs for the same took a tenth of what an idle
 * server costs, and twice as much in the programs. Only `df` is still a program: a network mount that hangs must hang somebody else.
 */

export type DiskCounters = {
  readonly reads: number;
  readonly writes: number;
  readonly read: number;
  readonly written: number;
};

/** Ticks since boot. */
export interface Ticks {
  readonly busy: number;
  readonly all: number;
}

/** The first line of /proc/stat; null: it says nothing. */
export function parseTicks(text: string): Ticks | null {
  const figures = /^cpu +([\d ]+)$/m.exec(text)?.[1]?.split(' ').map(Number);
  if (figures === undefined || figures.length < 4) return null;
  // What guests took is in user and nice already.
  const [user = 0, nice = 0, system = 0, idle = 0, waiting = 0, ...rest] = figures.slice(0, 8);
  const busy = [user, nice, system, ...rest].reduce((sum, n) => sum + n, 0);
  return { busy, all: busy + idle + waiting };
}

/** Bytes of /proc/meminfo; 0 where it does not tell, which counts as not read. */
export function parseMemory(text: string): Awaited<ReturnType<SystemSource['mem']>> {
  const bytes = (name: string): number => Number(new RegExp(`^${name}: +(\\d+) kB$`, 'm').exec(text)?.[1] ?? 0) * 1024;
  const swapTotal = bytes('SwapTotal');
  return {
    total: bytes('MemTotal'),
    available: bytes('MemAvailable'),
    swaptotal: swapTotal,
    swapused: swapTotal - bytes('SwapFree'),
  };
}

/** Kept in memory or read-only images: their size says nothing about room for data. */
const withoutRoom = /rootfs|unionfs|squashfs|cramfs|initrd|initramfs|tmpfs|udev|devfs|specfs|appimaged/;

/** Rows of `df -kPT`. Names of devices and folders may hold blanks: the figures between them do not. */
export function parseDf(text: string): Awaited<ReturnType<SystemSource['fsSize']>> {
  const rows = text.split('\n').flatMap((line) => {
    const parts = /^(.+?)\s+(\S+)\s+(\d+)\s+\d+\s+(\d+)\s+(?:\d+%|-)\s+(.+)$/.exec(line.trim());
    if (parts === null) return [];
    const [, device = '', type = '', size, available, mount = ''] = parts;
    if (!device.includes('/') && mount !== '/' && withoutRoom.test(type)) return [];
    return [{ mount, type, size: Number(size) * 1024, available: Number(available) * 1024 }];
  });
  return rows.filter((row, i) => rows.findIndex(({ mount, type }) => mount === row.mount && type === row.type) === i);
}

export interface Interface {
  readonly iface: string;
  readonly rx_bytes: number;
  readonly tx_bytes: number;
  readonly rx_errors: number;
  readonly tx_errors: number;
}

/** Rows of /proc/net/dev. */
export function parseInterfaces(text: string): readonly Interface[] {
  return text.split('\n').flatMap((line) => {
    const parts = /^\s*(.+?):\s*(\d[\d\s]*)$/.exec(line);
    const figures = parts?.[2]?.trim().split(/\s+/).map(Number) ?? [];
    if (parts === null || figures.length < 11) return [];
    const [rx_bytes = 0, , rx_errors = 0] = figures;
    const [tx_bytes = 0, , tx_errors = 0] = figures.slice(8);
    return [{ iface: parts[1] ?? '', rx_bytes, tx_bytes, rx_errors, tx_errors }];
  });
}

/** Those with an address: what was never set up is no interface that is down. */
function inUse(all: readonly Interface[]): readonly Interface[] {
  const addressed = networkInterfaces();
  return all.filter(({ iface }) => addressed[iface] !== undefined);
}

/** Not disks, or made of disks: what goes through them would be counted twice. */
const notADisk = /^(loop|ram|zram|dm-|md|sr|fd)/;
const sectorBytes = 512;

/** Sums of /proc/diskstats over these disks; partitions have rows of their own there. */
export function parseDisks(text: string, disks: readonly string[]): DiskCounters {
  const sum = { reads: 0, writes: 0, read: 0, written: 0 };
  for (const line of text.split('\n')) {
    const [, , name = '', ...figures] = line.trim().split(/\s+/);
    if (!disks.includes(name) || notADisk.test(name)) continue;
    const [reads = 0, , sectorsRead = 0, , writes = 0, , sectorsWritten = 0] = figures.map(Number);
    sum.reads += reads;
    sum.writes += writes;
    sum.read += sectorsRead * sectorBytes;
    sum.written += sectorsWritten * sectorBytes;
  }
  return sum;
}

const text = (path: string): Promise<string> => readFile(path, 'utf8');
const dfTimeoutMs = 10_000;

type FileReadings = Omit<SystemSource, 'packets' | 'load1' | 'cpus'>;

/** `zfs` answers where a pool is mounted: `df` knows of its datasets only what each holds itself. */
export function createLinuxReadings(exec: Exec, zfs: SystemSource['fsSize']): FileReadings {
  let before: Ticks = { busy: 0, all: 0 };
  const disks = async (): Promise<DiskCounters> =>
    parseDisks(await text('/proc/diskstats'), await readdir('/sys/block').catch(() => []));
  return {
    // At first since boot, then since the last reading.
    currentLoad: async () => {
      const now = parseTicks(await text('/proc/stat'));
      if (now === null) return { currentLoad: Number.NaN };
      const { busy, all } = before;
      before = now;
      return { currentLoad: now.all > all ? (100 * (now.busy - busy)) / (now.all - all) : 0 };
    },
    mem: async () => parseMemory(await text('/proc/meminfo')),
    fsSize: async () => {
      const { signal } = new AbortController();
      // Its exit code tells that one of them could not be read: the others could.
      const run = await exec.run('df', ['-kPTx', 'squashfs'], { timeoutMs: dfTimeoutMs, signal });
      if (!run.ok) throw run.error;
      const rows = parseDf(run.value.stdout);
      if (rows.length === 0) throw new Error(`df: ${run.value.stderr.trim() || 'it named no file system'}`);
      return rows.some(({ type }) => type === 'zfs') ? zfs() : rows;
    },
    networkStats: async () =>
      Promise.all(
        inUse(parseInterfaces(await text('/proc/net/dev'))).map(async (one) => ({
          ...one,
          operstate: one.iface.includes('/')
            ? 'unknown'
            : await text(`/sys/class/net/${one.iface}/operstate`).then(
                (state) => state.trim(),
                () => 'unknown',
              ),
        })),
      ),
    disksIO: async () => {
      const { reads, writes } = await disks();
      return { rIO: reads, wIO: writes };
    },
    fsStats: async () => {
      const { read, written } = await disks();
      return { rx: read, wx: written };
    },
  };
}
