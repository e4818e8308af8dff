import { lstat, readdir, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fail, type Outcome } from '../../../contract/errors.ts';
import type { PostgresServer } from '../../postgres-target.ts';
import type { FailoverNode } from '../port.ts';
import { publicConninfo, type Conninfo } from './conninfo.ts';
import { besideOf, keepOwnFiles, settle } from './kept.ts';
import { exists, lastWords, makeFolder, ownerOf, renameDurably, runProgram, syncFolder } from './local.ts';
import { copyTimeoutMs, type Work } from './work.ts';

/**
 * A whole new copy of the primary beside the old folder; the two change places when it is complete. The old one is there until the new one
 * streams. Idempotent: a copy that was broken off is thrown away, one that is complete is used.
 */
export async function clone(
  work: Work,
  node: FailoverNode,
  data: string,
  source: PostgresServer,
  follows: { readonly conninfo: Conninfo; readonly slot: string | null },
): Promise<Outcome<void>> {
  const { cloning, cloned, rewinding } = besideOf(data);
  const present = exists(data) ? data : rewinding;
  const refused = await whyNot(present);
  if (refused !== null) return fail('failover_failed', `${node.name} cannot be cloned anew: ${refused}`);
  // Those of a folder that pg_rewind did not finish were kept before it began.
  if (present === data || !exists(besideOf(data).kept)) {
    const kept = await keepOwnFiles(work, data, present);
    if (!kept.ok) return kept;
  }
  for (const left of [cloning, cloned]) await rm(left, { recursive: true, force: true });
  const owner = ownerOf(work, present);
  await makeFolder(cloning, owner);
  const { slot, conninfo } = follows;
  const login = { ...source, ...loginOf(conninfo) };
  const args = [
    '-D',
    cloning,
    '-d',
    publicConninfo(login, 'genesis_clone'),
    '--checkpoint=fast',
    '--wal-method=stream',
  ];
  const run = await runProgram(
    work,
    present,
    'pg_basebackup',
    [...args, '--no-password', ...(slot === null ? [] : [`--slot=${slot}`])],
    {
      password: login.password,
      timeoutMs: copyTimeoutMs,
      owner,
    },
  );
  if (!run.ok || run.value.exitCode !== 0) {
    await rm(cloning, { recursive: true, force: true });
    return run.ok ? fail('failover_failed', `pg_basebackup of ${node.name}: ${lastWords(run.value)}`) : run;
  }
  const settled = await settle(work, data, cloning, conninfo, slot);
  if (!settled.ok) return settled;
  const complete = await renameDurably(cloning, cloned);
  return complete.ok ? swapIn(data) : complete;
}

/** The role that streams may also copy; the one of Genesis need not be allowed to. */
function loginOf(conninfo: Conninfo): Partial<PostgresServer> {
  const user = conninfo.get('user');
  return user === undefined ? {} : { user, password: conninfo.get('password') ?? null };
}

/** Also what a start after a crash calls: between the two renames there is no data folder. */
export async function swapIn(data: string): Promise<Outcome<void>> {
  const { cloned, old, rewinding } = besideOf(data);
  const present = exists(data) ? data : rewinding;
  if (exists(present)) {
    await rm(old, { recursive: true, force: true });
    const aside = await renameDurably(present, old);
    if (!aside.ok) return aside;
  }
  return renameDurably(cloned, data);
}

/** Null: it can be cloned. What lies outside of the folder would be in the way of its own copy. */
async function whyNot(folder: string): Promise<string | null> {
  const tablespaces = await readdir(join(folder, 'pg_tblspc')).catch(() => []);
  if (tablespaces.length > 0) return 'it has tablespaces outside of its folder';
  const wal = await lstat(join(folder, 'pg_wal')).catch(() => null);
  return wal?.isSymbolicLink() === true ? 'its pg_wal lies outside of its folder' : null;
}

/** When the node streams: the replaced folder and the kept files have done their part. */
export async function clearBeside(data: string): Promise<void> {
  const { kept, cloning, cloned, old } = besideOf(data);
  for (const folder of [kept, `${kept}-part`, cloning, cloned, old]) await rm(folder, { recursive: true, force: true });
  await syncFolder(dirname(data));
}
