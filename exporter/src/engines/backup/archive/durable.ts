import { spawnSync } from 'node:child_process';
import {
  closeSync,
  fsyncSync,
  lstatSync,
  openSync,
  renameSync,
  rmSync,
  writeFileSync,
  type BigIntStats,
} from 'node:fs';
import { dirname } from 'node:path';
import { OpError } from '../../../contract/errors.ts';
import { toFsPath, toText } from './entries.ts';
import { errnoOf } from './errno.ts';

/** Small file-system steps on binary-string paths (see entries.ts), as restore, swap and copy need them. */

const toolPath = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';

/** Whether a system error bears one of these codes. */
export function hasCode(thrown: unknown, ...codes: readonly string[]): boolean {
  return codes.includes(errnoOf(thrown) ?? '');
}

/** Null where nothing is. Links are not followed. */
export function statOf(path: string): BigIntStats | null {
  return lstatSync(toFsPath(path), { bigint: true, throwIfNoEntry: false }) ?? null;
}

/** Makes what was written to a file, or the names in a folder, durable. */
export function fsyncPath(path: string): void {
  const fd = openSync(toFsPath(path), 'r');
  try {
    fsyncSync(fd);
  } finally {
    closeSync(fd);
  }
}

/** Writes a small file so that it is there whole or not at all, also after a power cut. */
export function writeDurably(path: string, content: string): void {
  const temporary = `${path}.tmp`;
  writeFileSync(toFsPath(temporary), content, { mode: 0o600, flush: true });
  renameSync(toFsPath(temporary), toFsPath(path));
  fsyncPath(dirname(path));
}

/** Removes a tree; folders that their owner may not write into are opened first. Nothing there is fine. */
export function removeTree(path: string): void {
  try {
    rmSync(toFsPath(path), { recursive: true, force: true });
  } catch (error) {
    if (!hasCode(error, 'EACCES', 'EPERM')) throw error;
    // chmod -R follows no link that it meets on its way.
    spawnSync('chmod', ['-R', 'u+rwX', '--', toText(path)], { env: { PATH: toolPath }, stdio: 'ignore' });
    rmSync(toFsPath(path), { recursive: true, force: true });
  }
}

/** Writes all of the file system that `folder` is on to the disk: one call instead of an fsync for every file. */
export function syncFileSystem(folder: string): void {
  const run = spawnSync('sync', ['-f', '--', toText(folder)], {
    env: { PATH: toolPath },
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  if (run.status === 0) return;
  const said = run.error?.message ?? run.stderr.toString('utf8').slice(0, 500);
  throw new OpError('restore_failed', `sync -f ${toText(folder)} failed: ${said}`);
}
