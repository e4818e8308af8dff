import type { Exec } from '../../ports/index.ts';

/** Whether this machine has setpriv and allows it; asked once. */
let known: Promise<boolean> | null = null;

/**
 * What is put before a program that must not outlive this process, however it dies: it gets SIGTERM then, and clears up after itself
 * (a lock, a half written file). Empty where setpriv is missing; it replaces itself by the program, so that the pid is the program's.
 */
export async function guarded(exec: Exec): Promise<readonly string[]> {
  const launcher = ['setpriv', '--pdeathsig', 'TERM', '--'];
  known ??= exec
    .run('setpriv', ['--pdeathsig', 'TERM', '--', 'true'], { timeoutMs: 10_000, signal: new AbortController().signal })
    .then((tried) => tried.ok && tried.value.exitCode === 0);
  return (await known) ? launcher : [];
}
