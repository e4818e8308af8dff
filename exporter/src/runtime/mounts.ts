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
 * Whether a copy can be reached. Once a repository was made there (`seen`), it must be there still: an unmounted mount point is
 * just an empty folder, and filling it would fool everybody. Where the configuration says `mountpoint`, the folder must also be on
 * another filesystem than `/`.
 */
export async function isConnected(
  copy: ResolvedCopy,
  seen: boolean,
  engine: BackupEngine,
  signal: AbortSignal = new AbortController().signal,
): Promise<boolean> {
  const probe = await engine.probe(copy.ref, signal);
  const isRepository = probe.ok && probe.value.state === 'ready';
  if (!isRepository && seen) return false;
  if (copy.remote) return probe.ok;
  if (copy.mountpoint) {
    const device = await deviceOf(copy.ref.path);
    return device !== null && device !== (await deviceOf('/'));
  }
  return isRepository || (await nearestDevice(copy.ref.path)) !== null;
}

/** What cannot be told counts as the same disk: only a disk seen to be another one may earn anything. */
export async function isSameDisk(a: string, b: string): Promise<boolean> {
  const [da, db] = [await nearestDevice(a), await nearestDevice(b)];
  return da === null || db === null || da === db;
}
