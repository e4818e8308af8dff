import { fail, ok, type Outcome } from '../../../contract/errors.ts';
import type { PostgresServer } from '../../postgres-target.ts';
import type { FailoverNode } from '../port.ts';
import { publicConninfo, type Conninfo } from './conninfo.ts';
import { besideOf, keepOwnFiles, settle } from './kept.ts';
import { lastWords, renameDurably, runProgram } from './local.ts';
import { copyTimeoutMs, type Work } from './work.ts';

/** Takes out of a stopped server what the primary does not have, by pg_rewind. */

/** `impossible`: the folder is as it was. `broken`: it lies under another name and is no cluster any more. */
export type Rewound =
  { readonly result: 'not_needed' | 'rewound' } | { readonly result: 'impossible' | 'broken'; readonly why: string };

/**
 * The folder has another name while it is rewritten: pg_rewind removes standby.signal, and what it leaves then would start as a primary.
 * Errors: those of Exec and files. `slot` null: none.
 */
export async function rewind(
  work: Work,
  node: FailoverNode,
  data: string,
  source: PostgresServer,
  follows: { readonly conninfo: Conninfo; readonly slot: string | null },
): Promise<Outcome<Rewound>> {
  const tried = await runRewind(work, data, source, ['--dry-run']);
  if (!tried.ok) return tried;
  if (tried.value.why !== null) return ok({ result: 'impossible', why: tried.value.why });
  if (/no rewind required/.test(tried.value.said)) return ok({ result: 'not_needed' });
  const kept = await keepOwnFiles(work, data);
  if (!kept.ok) return kept;
  const { rewinding } = besideOf(data);
  const moved = await renameDurably(data, rewinding);
  if (!moved.ok) return ok({ result: 'impossible', why: moved.error.message });
  const run = await runRewind(work, rewinding, source, []);
  if (!run.ok) return run.error.code === 'cancelled' ? run : ok({ result: 'broken', why: run.error.message });
  if (run.value.why !== null) return ok({ result: 'broken', why: run.value.why });
  work.context.note(`${node.name}: ${diverged(run.value.said)}`);
  const settled = await settle(work, data, rewinding, follows.conninfo, follows.slot);
  if (!settled.ok) return settled;
  const back = await renameDurably(rewinding, data);
  return back.ok ? ok({ result: 'rewound' }) : back;
}

async function runRewind(
  work: Work,
  data: string,
  source: PostgresServer,
  extra: readonly string[],
): Promise<Outcome<{ readonly said: string; readonly why: string | null }>> {
  const args = ['-D', data, `--source-server=${publicConninfo(source, 'genesis_rewind')}`, ...extra];
  const run = await runProgram(work, data, 'pg_rewind', args, { password: source.password, timeoutMs: copyTimeoutMs });
  if (!run.ok) return run;
  const said = `${run.value.stdout}\n${run.value.stderr}`;
  if (run.value.exitCode !== 0) return ok({ said, why: `pg_rewind: ${lastWords(run.value)}` });
  // Its own last words, not its exit code, say that it is through.
  if (/pg_rewind: Done!|no rewind required/.test(said)) return ok({ said, why: null });
  return fail('failover_failed', `pg_rewind ended without saying that it is done: ${lastWords(run.value)}`);
}

function diverged(said: string): string {
  return /servers diverged at WAL location \S+ on timeline \d+/.exec(said)?.[0] ?? 'rewound';
}
