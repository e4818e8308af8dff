import { readFile } from 'node:fs/promises';
import { availableParallelism, loadavg } from 'node:os';
import type { Worker } from 'node:worker_threads';
import { startThread } from '../engines/thread.ts';
import type { Exec } from '../ports/index.ts';
import type { SystemSource } from './collect-system.ts';
import { createLinuxReadings } from './system-linux.ts';

/** Readings of systeminformation: it starts programs (df, cat, …), some of them synchronously. */
export type Reading = 'currentLoad' | 'mem' | 'fsSize' | 'networkStats' | 'disksIO' | 'fsStats';
export interface ReadingAsked {
  readonly id: number;
  readonly reading: Reading;
}
export type ReadingAnswer =
  { readonly id: number; readonly value: unknown } | { readonly id: number; readonly error: string };

interface Waiting {
  resolve(value: unknown): void;
  reject(error: Error): void;
}

/** Linux tells all of it in files; elsewhere a library is asked. */
export function createSystemSource(exec: Exec, platform: NodeJS.Platform = process.platform): SystemSource {
  const library = createLibraryReadings();
  const readings = platform === 'linux' ? createLinuxReadings(exec, () => library.fsSize()) : library;
  return { ...readings, packets: readPackets, load1: () => loadavg()[0] ?? Number.NaN, cpus: availableParallelism };
}

/**
 * Reads this machine with systeminformation in a thread of its own: there it held the loop that serves /healthz for up to 180 ms every
 * 15 s. The thread starts with the first reading, keeps no process alive, and is started anew when it ended.
 */
export function createLibraryReadings(): Pick<SystemSource, Reading> {
  const waiting = new Map<number, Waiting>();
  let worker: Worker | null = null;
  let asked = 0;

  const ended = (which: Worker, error: Error): void => {
    // A thread that failed also exits: by then another may be at work.
    if (which !== worker) return;
    worker = null;
    for (const { reject } of waiting.values()) reject(error);
    waiting.clear();
  };
  const start = (): Worker => {
    const env = { PATH: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin', LC_ALL: 'C' };
    const started = startThread(import.meta.url, 'system-worker', { data: null, env });
    // Only from then on Node takes it (seen on 24.21): an earlier unref() is undone when the thread comes up.
    started.on('online', () => started.unref());
    started.on('message', (answer: ReadingAnswer) => {
      const asker = waiting.get(answer.id);
      waiting.delete(answer.id);
      if ('error' in answer) asker?.reject(new Error(answer.error));
      else asker?.resolve(answer.value);
    });
    started.on('error', (error) => ended(started, error));
    started.on('exit', () => ended(started, new Error('the thread that reads the machine ended')));
    return started;
  };
  const ask = <T>(reading: Reading): Promise<T> =>
    new Promise((resolve, reject) => {
      asked += 1;
      // The other side is compiled from the same types.
      waiting.set(asked, { resolve: resolve as (value: unknown) => void, reject });
      worker ??= start();
      worker.postMessage({ id: asked, reading } satisfies ReadingAsked);
    });
  return {
    currentLoad: () => ask('currentLoad'),
    mem: () => ask('mem'),
    fsSize: () => ask('fsSize'),
    networkStats: () => ask('networkStats'),
    disksIO: () => ask('disksIO'),
    fsStats: () => ask('fsStats'),
  };
}

async function readPackets(device: string): Promise<{ received: number; sent: number } | null> {
  if (process.platform !== 'linux' || device.includes('/')) return null;
  const read = async (name: string): Promise<number> =>
    Number(await readFile(`/sys/class/net/${device}/statistics/${name}`, 'utf8'));
  try {
    return { received: await read('rx_packets'), sent: await read('tx_packets') };
  } catch {
    // The interface went away between the listing and this, or the platform hides it: not known.
    return null;
  }
}
