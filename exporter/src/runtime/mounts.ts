import { stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { BackupEngine } from '../engines/backup/port.ts';
import type { ResolvedCopy } from './services.ts';

async function deviceOf(path: string): Promise<number | null> {
  try {
    return (await stat(path)).dev;
  } catch {
    // Absent or unreadable both mean: not to be reached now. The caller reports it as disconnected, never as empty.
    return null;
  }
}

/** Device of the nearest folder above (or at) the path that exists. */
export async function nearestDevice(path: string): Promise<number | null> {
  for (let at = path; ; at = dirname(at)) {
    const device = await deviceOf(at);
    if (device !== null) return device;
    if (at === dirname(at)) return null;
  }
}

/**
 * Why a copy cannot be reached; null: it can. Once a repository was made there (`seen`), it must be there still: an unmounted mount
 * point is just an empty folder, and filling it would fool everybody. Where the configuration says `mountpoint`, the folder must also
 * be on another filesystem than `/`.
 */
export async function connectionProblem(
  copy: ResolvedCopy,
  seen: boolean,
  engine: BackupEngine,
  signal: AbortSignal = new AbortController().signal,
): Promise<string | null> {
  const probe = await engine.probe(copy.ref, signal);
  const isRepository = probe.ok && probe.value.state === 'ready';
  if (!probe.ok && (seen || copy.remote)) return probe.error.message;
  const what = `${copy.ref.path} of copy ${copy.name}`;
  if (!isRepository && seen) return `${what} is not there or not mounted`;
  if (copy.remote) return null;
  if (copy.mountpoint) {
    const device = await deviceOf(copy.ref.path);
    return device !== null && device !== (await deviceOf('/')) ? null : `${what} is not mounted`;
  }
  return isRepository || (await nearestDevice(copy.ref.path)) !== null ? null : `${what} is not there`;
}

export async function isConnected(...of: Parameters<typeof connectionProblem>): Promise<boolean> {
  return (await connectionProblem(...of)) === null;
}

/** What cannot be told counts as the same disk: only a disk seen to be another one may earn anything. */
export async function isSameDisk(a: string, b: string): Promise<boolean> {
  const [da, db] = [await nearestDevice(a), await nearestDevice(b)];
  return da === null || db === null || da === db;
}
