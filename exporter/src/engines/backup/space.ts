import { statfs } from 'node:fs/promises';
import { dirname } from 'node:path';
import { ok, toOpError, type Outcome } from '../../contract/errors.ts';

/** Space of the filesystem that holds the path, or will hold it once it is made. Bytes free to an unprivileged user. */
export async function readSpace(
  path: string,
): Promise<Outcome<{ readonly freeBytes: number; readonly totalBytes: number }>> {
  for (let at = path; ; at = dirname(at)) {
    try {
      const s = await statfs(at);
      return ok({ freeBytes: s.bavail * s.bsize, totalBytes: s.blocks * s.bsize });
    } catch (thrown) {
      const missing = (thrown as NodeJS.ErrnoException).code === 'ENOENT' && at !== dirname(at);
      if (!missing) return { ok: false, error: toOpError(thrown, 'repository_unreadable') };
    }
  }
}
