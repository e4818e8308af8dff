import type { Exec } from '../../ports/index.ts';
import type { UnixUser } from '../postgres-target.ts';
import { rightsOf, type LauncherTools } from './isolation.ts';

/** Which of the launching programs this machine has and allows: each is tried, because a container may have one and forbid its use. */
export async function findLauncherTools(
  exec: Exec,
  runAs: UnixUser | null,
  signal: AbortSignal,
): Promise<LauncherTools> {
  const works = async (file: string, args: readonly string[]): Promise<boolean> => {
    const tried = await exec.run(file, [...args, 'true'], { timeoutMs: 10_000, signal });
    return tried.ok && tried.value.exitCode === 0;
  };
  // An ordinary user may have an own network only inside an own user namespace.
  const unshare = process.getuid?.() === 0 ? ['--net'] : ['--map-current-user', '--net'];
  const [network, setpriv, nice, ionice] = await Promise.all([
    works('unshare', [...unshare, '--']),
    works('setpriv', rightsOf(runAs)),
    works('nice', ['-n', '10']),
    works('ionice', ['-c', '2', '-n', '7']),
  ]);
  return { unshare: network ? unshare : null, setpriv, nice, ionice };
}
