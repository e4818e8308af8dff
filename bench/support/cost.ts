import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { promisify } from 'node:util';

/** What a process has cost, from Linux' own books, and how a set of measurements is told. */

export interface Processor {
  /** Seconds of the process itself, all threads. */
  readonly own: number;
  /** Seconds of children that have ended and been waited for, theirs included. */
  readonly children: number;
}

/** utime, stime, cutime and cstime of /proc/PID/stat, in ticks of 10 ms. */
export function processorOf(pid: number): Processor {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8')
    .replace(/^.*\) /s, '')
    .split(' ');
  const ticks = (first: number): number => (Number(fields[first]) + Number(fields[first + 1])) / 100;
  return { own: ticks(11), children: ticks(13) };
}

/** The most memory it ever had resident, MiB. */
export function peakMiB(pid: number): number {
  const kib = /^VmHWM:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1];
  return Number(kib) / 1024;
}

/** Seconds that the file system of the folder took to have everything on disk. */
export async function syncSeconds(folder: string): Promise<number> {
  const begin = performance.now();
  await promisify(execFile)('sync', ['-f', folder]);
  return (performance.now() - begin) / 1000;
}

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1
    ? (sorted[middle] ?? NaN)
    : ((sorted[middle - 1] ?? NaN) + (sorted[middle] ?? NaN)) / 2;
}

/** `median (least–most)` */
export function told(values: readonly number[], digits = 2): string {
  const [least, most] = [Math.min(...values), Math.max(...values)];
  return `${median(values).toFixed(digits)} (${least.toFixed(digits)}–${most.toFixed(digits)})`;
}
