import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';

export interface Unprivileged {
  /** Put before the program's argv. Empty for an ordinary user, who has no rights to give up. */
  readonly launcher: readonly string[];
  /** Who the process is; files meant for it must be theirs. */
  readonly uid: number;
  readonly gid: number;
  /** For the test's log: what is really used. */
  readonly how: string;
}

/**
 * For tests: a user who may not read files that forbid it. Root becomes `nobody`, or stays root without its override where nobody
 * reaches neither this Node nor the checkout (a home of mode 0700 holds both on many machines).
 */
export function unprivileged(): Unprivileged {
  const [uid, gid] = [process.getuid?.() ?? 0, process.getgid?.() ?? 0];
  if (uid !== 0) return { launcher: [], uid, gid, how: `the ordinary user ${uid}` };
  const nobody = 65_534;
  const asNobody = ['setpriv', `--reuid=${nobody}`, `--regid=${nobody}`, '--clear-groups'];
  if (canReadSources(asNobody)) return { launcher: asNobody, uid: nobody, gid: nobody, how: `user ${nobody}` };
  const dropped = '-dac_override,-dac_read_search';
  const asRoot = ['setpriv', `--bounding-set=${dropped}`, `--inh-caps=${dropped}`];
  if (!canReadSources(asRoot))
    throw new Error('neither nobody nor root without its override can run Node here: is setpriv there?');
  return { launcher: asRoot, uid, gid, how: `user ${uid} without ${dropped}` };
}

function canReadSources(launcher: readonly string[]): boolean {
  const [program = '', ...args] = launcher;
  const reads = `require('node:fs').readFileSync(${JSON.stringify(fileURLToPath(import.meta.url))})`;
  return spawnSync(program, [...args, process.execPath, '-e', reads], { cwd: '/' }).status === 0;
}
