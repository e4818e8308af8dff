import { accessSync, constants, mkdirSync } from 'node:fs';
import { homedir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const root = dirname(dirname(dirname(fileURLToPath(import.meta.url))));

let chosen = null;

/** Folder for what is fetched once: ${XDG_CACHE_HOME:-~/.cache}/genesis-dr, or .cache in the checkout when that cannot be written. */
export function cacheFolder(env = process.env) {
  if (chosen !== null && env === process.env) return chosen;
  const base =
    env.XDG_CACHE_HOME && env.XDG_CACHE_HOME.startsWith('/') ? env.XDG_CACHE_HOME : join(homedir(), '.cache');
  const found = [join(base, 'genesis-dr'), join(root, '.cache', 'genesis-dr')].find(usable);
  if (found === undefined) throw new Error(`neither ${base} nor ${root} can be written`);
  if (env === process.env) chosen = found;
  return found;
}

function usable(folder) {
  try {
    mkdirSync(folder, { recursive: true });
    accessSync(folder, constants.W_OK | constants.X_OK);
    return true;
  } catch {
    return false; // the next candidate is tried
  }
}
