import { mkdir, open, rename, stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { errnoOf } from './errno.ts';

/** Makes what happened to the names in a folder survive a power cut. */
export async function syncFolder(path: string): Promise<void> {
  const handle = await open(path, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

async function writeAndSync(path: string, flags: 'w' | 'wx', bytes: Buffer): Promise<void> {
  const handle = await open(path, flags, 0o600);
  try {
    await handle.writeFile(bytes);
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/** Creates a new file with these bytes and fsyncs it; the folder is the caller's to sync. */
export function writeSynced(path: string, bytes: Buffer): Promise<void> {
  return writeAndSync(path, 'wx', bytes);
}

/** Prefix of files that a crash may leave beside the real ones. */
export const temporaryPrefix = '.tmp-';

/** Replaces or creates a file in one step: temporary name, fsync, rename, fsync of the folder. One writer at a time per path. */
export async function replaceDurably(path: string, bytes: Buffer): Promise<void> {
  const temporary = join(dirname(path), temporaryPrefix + basename(path));
  await writeAndSync(temporary, 'w', bytes);
  await rename(temporary, path);
  await syncFolder(dirname(path));
}

/** Creates the folder and those above it, each mode 0700 and each made durable; an existing one is left as it is. */
export async function makeFolder(path: string): Promise<void> {
  const first = await mkdir(path, { recursive: true, mode: 0o700 });
  if (first === undefined) return;
  for (let at = path; at.length >= first.length; at = dirname(at)) await syncFolder(dirname(at));
}

export async function exists(path: string): Promise<boolean> {
  try {
    await stat(path);
    return true;
  } catch (error) {
    if (errnoOf(error) === 'ENOENT' || errnoOf(error) === 'ENOTDIR') return false;
    throw error;
  }
}
