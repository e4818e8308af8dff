import { ok, type Outcome } from '../../../contract/errors.ts';
import type { FailoverNode } from '../port.ts';
import { lastWords } from './local.ts';
import { timeoutMsOf, type Work } from './work.ts';

/** The last line that the program printed; null: it ended with an error, and `said` has its words. */
export interface CommandAnswer {
  readonly lastLine: string | null;
  readonly said: string;
}

/** Runs a configured command of a node. A failing one is an answer; errors are those of Exec. */
export async function runCommand(
  work: Work,
  node: FailoverNode,
  command: readonly string[],
): Promise<Outcome<CommandAnswer>> {
  const [file = '', ...args] = command;
  const run = await work.deps.exec.run(file, args, {
    timeoutMs: timeoutMsOf(work),
    signal: work.context.signal,
    env: { GENESIS_SERVICE: work.cluster.service, GENESIS_NODE: node.name },
  });
  if (!run.ok) return run;
  const said = `${file} ended with ${run.value.exitCode}: ${lastWords(run.value)}`;
  if (run.value.exitCode !== 0) return ok({ lastLine: null, said });
  return ok({ lastLine: run.value.stdout.trim().split('\n').at(-1)?.trim() ?? '', said });
}
