import type { Clock, Exec } from '../../ports/index.ts';
import type { UnixUser } from '../postgres-target.ts';
import { rightsOf, type LauncherTools } from './isolation.ts';

interface LauncherDeps {
  readonly exec: Exec;
  readonly clock: Clock;
}

/** A drill starts half a dozen programs; what the machine allows changes when somebody installs something or restarts it. */
const keptMs = 60_000;
const kept = new WeakMap<Exec, Map<string, { readonly tools: LauncherTools; readonly atMs: number }>>();

/** Which of the launching programs this machine has and allows: each is tried, because a container may have one and forbid its use. */
export async function findLauncherTools(
  deps: LauncherDeps,
  runAs: UnixUser | null,
  signal: AbortSignal,
): Promise<LauncherTools> {
  const known = kept.get(deps.exec) ?? new Map<string, { tools: LauncherTools; atMs: number }>();
  kept.set(deps.exec, known);
  const key = runAs === null ? '' : `${runAs.uid}:${runAs.gid}`;
  const nowMs = +deps.clock.now();
  const found = known.get(key);
  // A clock that was set back must not keep it for longer.
  if (found !== undefined && nowMs >= found.atMs && nowMs - found.atMs < keptMs) return found.tools;
  const { tools, told } = await tryTools(deps.exec, runAs, signal);
  if (told) known.set(key, { tools, atMs: nowMs });
  return tools;
}

/** `told`: each has answered, or is not there. One that was stopped, or was too slow, has said nothing about the machine. */
async function tryTools(
  exec: Exec,
  runAs: UnixUser | null,
  signal: AbortSignal,
): Promise<{ readonly tools: LauncherTools; readonly told: boolean }> {
  let told = true;
  const works = async (file: string, args: readonly string[]): Promise<boolean> => {
    const tried = await exec.run(file, [...args, 'true'], { timeoutMs: 10_000, signal });
    told &&= tried.ok || tried.error.code === 'exec_failed';
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
  return { tools: { unshare: network ? unshare : null, setpriv, nice, ionice }, told };
}
