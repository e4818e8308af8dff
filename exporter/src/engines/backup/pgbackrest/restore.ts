import { renameSync, rmSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { fail, ok, OpError, toOpError, type Outcome } from '../../../contract/errors.ts';
import type { EngineDeps, RestoreReport, RestoreRequest, RunContext } from '../port.ts';
import { sweepSandboxes } from '../../postgres/sandbox.ts';
import { restoreInPlace } from './in-place.ts';
import { chooseForRun, type RestoreChoice } from './plan.ts';
import {
  checkReach,
  checkRoom,
  makeStaging,
  ownerOf,
  recoverFiles,
  restoreFiles,
  settleCluster,
  syncTree,
} from './recover.ts';
import { openSession, type Session } from './session.ts';
import { recoverSwap, stagingOf, stagingPrefix, syncPath } from './swap.ts';
import { checkNewFolder } from './target-state.ts';

/**
 * See `BackupEngine.restore`. A folder gets a cluster that was recovered and cleanly stopped: `<path>/cluster`, its tablespaces in
 * `<path>/tablespaces`, archiving off. Whoever starts it reaches nothing of the live one.
 */
export async function restore(
  deps: EngineDeps,
  request: RestoreRequest,
  context: RunContext,
): Promise<Outcome<RestoreReport>> {
  if (request.selection.paths.length > 0)
    return fail('not_supported', 'a cluster is restored whole: pgBackRest restores no single files of it');
  const session = await openSession(deps, request.repository, context.signal);
  if (!session.ok) return session;
  const choice = await chooseForRun(session.value, request.backupId, request.recovery ?? { type: 'latest' });
  if (!choice.ok) return choice;
  const reachable = checkReach(choice.value);
  if (!reachable.ok) return reachable;
  try {
    return request.target.kind === 'folder'
      ? await restoreToFolder(session.value, request, request.target.path, choice.value, context)
      : await restoreInPlace(session.value, request, choice.value, context);
  } catch (thrown) {
    if (thrown instanceof OpError) return { ok: false, error: thrown };
    const error = toOpError(thrown, 'restore_failed');
    if (error.details?.['errno'] === undefined && error.code !== 'disk_full') throw thrown;
    return { ok: false, error };
  }
}

async function restoreToFolder(
  session: Session,
  request: RestoreRequest,
  path: string,
  choice: RestoreChoice,
  context: RunContext,
): Promise<Outcome<RestoreReport>> {
  const target = request.recovery ?? { type: 'latest' };
  const free = checkNewFolder(path);
  if (!free.ok) return free;
  const room = await checkRoom(dirname(path), choice);
  if (!room.ok) return room;
  const staging = join(dirname(path), stagingPrefix + request.operationId);
  try {
    const work = makeStaging(staging, ownerOf(session));
    if (!work.ok) return work;
    const restored = await restoreFiles(session, work.value, choice, target, context);
    if (!restored.ok) return restored;
    const recovered = await recoverFiles(session, work.value, context);
    if (!recovered.ok) return recovered;
    settleCluster(join(work.value, 'cluster'), ownerOf(session), {
      archiveOff: true,
      tablespacePath: (_oid, now) => join(path, 'tablespaces', basename(now)),
    });
    const synced = await syncTree(session, work.value);
    if (!synced.ok) return synced;
    renameSync(work.value, path);
    syncPath(dirname(path));
    const { recoveredTo } = recovered.value;
    return ok({
      entries: restored.value.files,
      bytes: restored.value.bytes,
      replaced: [],
      ...(recoveredTo === null ? {} : { dataAsOf: recoveredTo }),
    });
  } finally {
    rmSync(staging, { recursive: true, force: true });
  }
}

/** See `BackupEngine.recover`. */
export async function recoverRestore(
  operationId: string,
  roots: readonly string[],
): Promise<Outcome<'nothing' | 'rolled_back' | 'completed'>> {
  try {
    let found: 'nothing' | 'rolled_back' | 'completed' = 'nothing';
    for (const root of roots) {
      const swept = await sweepSandboxes(stagingOf(root, operationId));
      if (!swept.ok) return swept;
      const one = recoverSwap(root, operationId);
      if (one !== 'nothing') found = one;
    }
    return ok(found);
  } catch (thrown) {
    if (thrown instanceof OpError) return { ok: false, error: thrown };
    return { ok: false, error: toOpError(thrown, 'restore_failed') };
  }
}
