import { mkdirSync, renameSync, rmdirSync } from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import { OpError } from '../../../contract/errors.ts';
import type { RestoreReport, RestoreRequest, RestoreTarget } from '../port.ts';
import { fsyncPath, hasCode, removeTree, statOf, syncFileSystem } from './durable.ts';
import { fromText } from './entries.ts';
import { checkCancelled, type JobContext } from './job-context.ts';
import { checkRoom } from './restore-room.ts';
import { stage } from './stage.ts';
import type { Chain } from './stored-chain.ts';
import { stagingPrefix } from './swap.ts';
import type { Survey } from './survey.ts';

type FolderRequest = RestoreRequest & { readonly target: RestoreTarget & { kind: 'folder' } };

/**
 * Builds the tree in a hidden folder beside the target, makes it durable and gives it the target's name by one rename: the
 * target is either absent or whole. Throws `target_not_empty`, `disk_full` and as `stage`.
 */
export async function restoreToFolder(
  chain: Chain,
  survey: Survey,
  request: FolderRequest,
  context: JobContext,
): Promise<RestoreReport> {
  const target = resolve(request.target.path);
  const parent = dirname(target);
  if (statOf(fromText(target)) !== null) throw new OpError('target_not_empty', `${target} exists already`);
  const firstMade = mkdirSync(parent, { recursive: true, mode: 0o700 });
  const staging = join(parent, stagingPrefix + request.operationId);
  try {
    checkRoom(parent, survey.diskBytes, survey.entries);
    // Only an earlier try of the same operation can have left it.
    removeTree(fromText(staging));
    mkdirSync(staging, { mode: 0o700 });
    const done = await stageInto(staging, chain, survey, request, context);
    publish(staging, target);
    return { ...done, replaced: [] };
  } catch (thrown) {
    removeTree(fromText(staging));
    if (firstMade !== undefined) removeEmptyFolders(parent, dirname(firstMade));
    throw thrown;
  }
}

async function stageInto(staging: string, chain: Chain, survey: Survey, request: FolderRequest, context: JobContext) {
  for (const { component } of survey.components) mkdirSync(join(staging, component.name), { mode: 0o700 });
  const place = (component: string, root: string): { cwd: string; rootName: string } => ({
    cwd: fromText(join(staging, component)),
    rootName: root,
  });
  const done = await stage({ chain, survey, restoreOwner: request.restoreOwner, wantedRoots: null, place }, context);
  checkCancelled(context);
  context.progress({ phase: 'publish', entriesDone: done.entries, bytesDone: done.bytes, bytesTotal: survey.bytes });
  syncFileSystem(fromText(staging));
  checkCancelled(context);
  return done;
}

function publish(staging: string, target: string): void {
  // rename(2) would replace an empty folder that somebody made meanwhile; anything else makes it fail.
  if (statOf(fromText(target)) !== null) {
    throw new OpError('target_not_empty', `${basename(target)} appeared in ${dirname(target)} during the restore`);
  }
  renameSync(staging, target);
  fsyncPath(fromText(dirname(target)));
}

/** Takes back what `mkdir -p` made, from `folder` up to but not including `end`. */
function removeEmptyFolders(folder: string, end: string): void {
  for (let at = folder; at !== end && at !== dirname(at); at = dirname(at)) {
    try {
      rmdirSync(at);
    } catch (error) {
      if (hasCode(error, 'ENOTEMPTY')) return;
      throw error;
    }
  }
}
