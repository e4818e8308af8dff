import { readdir, readFile, realpath, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { fail, ok, type Outcome } from '../../contract/errors.ts';
import { ownFiles } from './isolation.ts';
import { killServers } from './processes.ts';
import { isInside } from './restored.ts';

/** Folder of a throwaway server's own files, in the folder of its drill. */
export const ownFolderName = 'genesis-server';
/** Begin of the name of a socket folder that stands elsewhere, because the drill's own path is too long for a socket. */
export const shortSocketPrefix = 'genesis-sock-';

/**
 * Stops every throwaway server whose data folder lies in `folder` (a drill's, or the one of all drills), and what it started, wherever
 * a killed Genesis left it; removes its socket folder. The data stays: the caller removes it. Gives the number of servers.
 * Errors: `io_failed`: something does not end even by force.
 */
export async function sweepSandboxes(folder: string): Promise<Outcome<number>> {
  const root = await realpath(folder).catch(() => null);
  if (root === null) return ok(0);
  const isOurs = (data: string): boolean => data !== root && isInside(root, data);
  const { left, servers } = await killServers(isOurs, (ms) => wait(ms));
  if (left.length > 0)
    return fail('io_failed', `processes of throwaway servers in ${folder} do not end: ${left.join(', ')}`);
  for (const own of await ownFolders(root)) await removeShortSocket(own);
  return ok(servers);
}

async function ownFolders(root: string): Promise<readonly string[]> {
  const inside = await readdir(root).catch(() => []);
  return [join(root, ownFolderName), ...inside.map((name) => join(root, name, ownFolderName))];
}

/** Only what we name ourselves, directly in the temporary folder. */
async function removeShortSocket(own: string): Promise<void> {
  const text = await readFile(join(own, ownFiles.state), 'utf8').catch(() => null);
  if (text === null) return;
  const socketFolder = socketFolderOf(text);
  if (socketFolder !== null) await rm(socketFolder, { recursive: true, force: true });
}

/** Folder that the state file names, where it is one that we make in the temporary folder; else null. */
export function socketFolderOf(text: string): string | null {
  try {
    const { socketFolder } = JSON.parse(text) as { readonly socketFolder?: unknown };
    if (typeof socketFolder !== 'string') return null;
    const isShort = dirname(socketFolder) === tmpdir() && basename(socketFolder).startsWith(shortSocketPrefix);
    return isShort ? socketFolder : null;
  } catch {
    return null;
  }
}
