import { statfsSync } from 'node:fs';
import { OpError } from '../../../contract/errors.ts';

/** Room left over on the target's file system: directories grow and journals need air. */
const spareBytes = 16 * 2 ** 20;

/** Throws `disk_full` when the file system of `folder` (existing) cannot take that much. */
export function checkRoom(folder: string | Buffer, bytes: number, entries: number): void {
  const fs = statfsSync(folder);
  const freeBytes = fs.bavail * fs.bsize;
  const neededBytes = bytes + spareBytes;
  if (freeBytes < neededBytes) {
    throw new OpError(
      'disk_full',
      `${folder.toString()} has ${freeBytes} bytes free, the restore needs ${neededBytes}`,
    );
  }
  // Some file systems (btrfs) count no inodes and say 0 of 0.
  if (fs.files > 0 && fs.ffree < entries) {
    throw new OpError(
      'disk_full',
      `${folder.toString()} has room for ${fs.ffree} more files, the restore makes ${entries}`,
    );
  }
}
