import { lstatSync, readFileSync, readdirSync, readlinkSync, realpathSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fail, ok, type Outcome } from '../../../contract/errors.ts';

/** What stands where a cluster shall be restored to, looked at right before anything is touched. */

/** Errors: `target_not_empty`. A folder that is there and empty will be replaced. */
export function checkNewFolder(path: string): Outcome<void> {
  const seen = lstatSync(path, { throwIfNoEntry: false });
  if (seen === undefined) return ok(undefined);
  if (seen.isDirectory() && readdirSync(path).length === 0) return ok(undefined);
  return fail('target_not_empty', `${path} is not empty`);
}

/**
 * Whether the live data folder may be replaced. Errors: `target_running`, `target_foreign` (another cluster, or something that is
 * none), `target_not_allowed` (a link or a mount point, which a rename would lose or cannot move).
 */
export function checkLiveFolder(data: string, systemId: string): Outcome<{ readonly hadOld: boolean }> {
  const seen = lstatSync(data, { throwIfNoEntry: false });
  const parent = lstatSync(dirname(data), { throwIfNoEntry: false });
  if (parent === undefined) return fail('target_not_allowed', `${dirname(data)} does not exist`);
  if (seen === undefined) return ok({ hadOld: false });
  if (!seen.isDirectory())
    return fail('target_not_allowed', `${data} is a link or a file: configure the folder itself`);
  if (seen.dev !== parent.dev)
    return fail('target_not_allowed', `${data} is a mount point, which cannot be swapped: restore beside it`);
  if (readdirSync(data).length === 0) return ok({ hadOld: true });
  const pid = runningServer(data);
  if (pid !== null) return fail('target_running', `a server runs on ${data} (process ${pid})`);
  const found = systemIdOf(data);
  if (found === null)
    return fail('target_foreign', `${data} is not empty and holds no cluster that can be told: move it away by hand`);
  if (found !== systemId)
    return fail('target_foreign', `${data} holds the cluster ${found}, the backup is of ${systemId}`);
  return ok({ hadOld: true });
}

/** The process that postmaster.pid names, while it lives on that folder; a pid that was given to somebody else does not count. */
export function runningServer(data: string): number | null {
  let text: string;
  try {
    text = readFileSync(join(data, 'postmaster.pid'), 'utf8');
  } catch {
    return null; // no such file: a server always has one
  }
  const pid = Number.parseInt(text, 10);
  if (!Number.isInteger(pid) || pid <= 1) return null;
  try {
    process.kill(pid, 0);
  } catch (thrown) {
    // EPERM: it lives, and is another user's.
    if ((thrown as NodeJS.ErrnoException).code === 'ESRCH') return null;
  }
  const folder = workingFolder(pid);
  return folder === null || folder === realpathSync(data) ? pid : null;
}

/** A server works in its data folder. Null where the kernel does not tell: then the pid counts. */
function workingFolder(pid: number): string | null {
  try {
    return readlinkSync(`/proc/${pid}/cwd`);
  } catch {
    return null;
  }
}

/** pg_control begins with the identifier, in the byte order of the machine; null where there is none. */
export function systemIdOf(data: string): string | null {
  try {
    const control = readFileSync(join(data, 'global', 'pg_control'));
    return control.length < 8 ? null : control.readBigUInt64LE(0).toString();
  } catch {
    return null;
  }
}
