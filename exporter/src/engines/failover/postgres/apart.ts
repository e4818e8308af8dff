import { chown, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fail, ok, type Outcome } from '../../../contract/errors.ts';
import type { FailoverNode } from '../port.ts';
import { besideOf } from './kept.ts';
import { keepFromWriting, lastWords, letWriteAgain, ownerOf, renameDurably, runProgram } from './local.ts';
import { lookForServers } from './sight.ts';
import { apartOptions, optionsOf, quietOptions, startApart } from './start.ts';
import { stopForGood } from './stop.ts';
import { copyTimeoutMs, oneRow, onNode, until, type Work } from './work.ts';

/**
 * Replays all the log that lies in the folder of a server that crashed or was stopped as a standby, and stops it in order. pg_rewind needs
 * such an end, and would ask PostgreSQL's single-user mode for it, which refuses a folder with standby.signal; without that file the
 * folder must never be, not for a moment: whoever starts it then gets a second primary.
 */
export async function replayApart(work: Work, node: FailoverNode, data: string): Promise<Outcome<void>> {
  if (node.server === null) return fail('failover_failed', `${node.name} has no host`);
  const owner = ownerOf(work, data);
  // Not below the data folder: the path of a socket has less than 108 bytes.
  const folder = await mkdtemp(join(tmpdir(), 'genesis-apart-'));
  try {
    await writeFile(join(folder, 'hba.conf'), 'local all all trust\n', { mode: 0o600 });
    if (owner !== null) for (const path of [join(folder, 'hba.conf'), folder]) await chown(path, owner.uid, owner.gid);
    const started = await startApart(work, data, apartOptions(folder, node.server.port));
    const apart = {
      ...node,
      server: { ...node.server, host: folder, tlsCa: null },
      commands: { ...node.commands, stop: null },
    };
    const replayed = started.ok ? await untilReplayed(work, apart, data) : started;
    const stopped = await stopForGood(work, apart, data, true);
    return replayed.ok ? (stopped.ok ? ok(undefined) : stopped) : replayed;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/**
 * Ends the recovery of a folder on its own timeline by PostgreSQL's single-user mode, with a checkpoint: pg_rewind up to 15 takes the
 * timeline of the last one for the server's. The folder has another name meanwhile, because it must be without standby.signal.
 */
export async function recoverApart(work: Work, node: FailoverNode, data: string): Promise<Outcome<void>> {
  const { recovering } = besideOf(data);
  const aside = await renameDurably(data, recovering);
  if (!aside.ok) return aside;
  await letWriteAgain(recovering);
  const options = [...(await optionsOf(recovering)), ...quietOptions];
  const run = await runProgram(work, recovering, 'postgres', ['--single', '-D', recovering, ...options, 'template1'], {
    timeoutMs: copyTimeoutMs,
  });
  const back = await putBack(data);
  if (!back.ok) return back;
  if (!run.ok) return run;
  return run.value.exitCode === 0
    ? ok(undefined)
    : fail('failover_failed', `${node.name} does not recover: ${lastWords(run.value)}`);
}

/** Also what a start after a crash calls. */
export async function putBack(data: string): Promise<Outcome<void>> {
  const { recovering } = besideOf(data);
  await keepFromWriting(recovering);
  return renameDurably(recovering, data);
}

/** It waits for more: there is none. */
const waitingSql = `
  SELECT coalesce(wait_event, '') AS "event" FROM pg_stat_activity WHERE backend_type = 'startup'`;
const waits = new Set(['RecoveryWalStream', 'RecoveryWalAll', 'RecoveryRetrieveRetryInterval']);

async function untilReplayed(work: Work, apart: FailoverNode, data: string): Promise<Outcome<void>> {
  const limits = { what: `replaying what ${apart.name} had`, timeoutMs: copyTimeoutMs, everyMs: 20 };
  return until<void>(work, limits, async (say) => {
    const event = await onNode(work, apart, (session) => oneRow<{ event: string }>(session, waitingSql));
    if (!event.ok) {
      say(event.error.message);
      // Starting up takes its time; a role that is not there never comes, nor does a server that has ended.
      if (event.error.code !== 'postgres_unreachable') return event;
      const alive = ((await lookForServers(data))?.processes.length ?? 0) > 0;
      return alive ? ok(null) : fail('failover_failed', `${apart.name} ended while it replayed what it had`);
    }
    say(`its startup process is at ${event.value.event}`);
    return ok(waits.has(event.value.event) ? undefined : null);
  });
}
