import { lstatSync, mkdirSync, readdirSync, renameSync, rmSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { fail, ok, OpError, type Outcome } from '../../../contract/errors.ts';
import { sameUserOptions } from '../../postgres/programs.ts';
import type { RestoreReport, RestoreRequest, RunContext } from '../port.ts';
import { readTablespaces, type RestoreChoice } from './plan.ts';
import {
  checkRoom,
  giveTo,
  makeStaging,
  markHistoryForArchiving,
  ownerOf,
  recoverFiles,
  restoreFiles,
  settleCluster,
  syncTree,
} from './recover.ts';
import type { Session } from './session.ts';
import { exists, oldNameOf, stagingOf, swap, type SwapItem } from './swap.ts';
import { checkLiveFolder } from './target-state.ts';
import type { Tablespace } from './tablespaces.ts';

/**
 * In place: a whole new cluster is made and recovered beside the live one, on its file system; only when it has been stopped cleanly do
 * the two change names. The old one stays as `<data>.genesis-old-<operation>`, its tablespaces likewise.
 */
export async function restoreInPlace(
  session: Session,
  request: RestoreRequest,
  choice: RestoreChoice,
  context: RunContext,
): Promise<Outcome<RestoreReport>> {
  const { data } = session.stanza.postgres;
  if (data === null)
    return fail(
      'target_not_allowed',
      'postgres.data is not set: the cluster stands on another machine, restore beside it',
    );
  if (request.target.kind !== 'in_place' || request.target.roots.every(({ path }) => path !== data))
    return fail('target_not_allowed', `the restore was asked for another folder than ${data}`);
  const live = checkLiveFolder(data, choice.systemId);
  if (!live.ok) return live;
  const tablespaces = await readTablespaces(session, choice.backup.label);
  if (!tablespaces.ok) return tablespaces;
  const refused = checkTablespaces(tablespaces.value);
  if (refused !== null) return { ok: false, error: refused };
  const room = await checkRoom(dirname(data), choice);
  if (!room.ok) return room;
  const staging = stagingOf(data, request.operationId);
  const stagings = [staging];
  try {
    const work = makeStaging(staging, ownerOf(session));
    if (!work.ok) return work;
    const restored = await restoreFiles(session, work.value, choice, request.recovery ?? { type: 'latest' }, context);
    if (!restored.ok) return restored;
    const recovered = await recoverFiles(session, work.value, context);
    if (!recovered.ok) return recovered;
    const from = { work: work.value, tablespaces: tablespaces.value, hadOld: live.value.hadOld };
    const items = await layOut(session, request.operationId, from, stagings, context);
    if (!items.ok) return items;
    markHistoryForArchiving(join(work.value, 'cluster'), recovered.value.timeline, ownerOf(session));
    for (const folder of stagings) {
      const synced = await syncTree(session, folder);
      if (!synced.ok) return synced;
    }
    // Looked at again: minutes have passed since, and somebody may have started it.
    const still = checkLiveFolder(data, choice.systemId);
    if (!still.ok) return still;
    context.onProgress({ phase: 'swap', entriesDone: 0, bytesDone: 0, bytesTotal: null });
    swap(staging, request.operationId, items.value);
    const { recoveredTo } = recovered.value;
    return ok({
      entries: restored.value.files,
      bytes: restored.value.bytes,
      replaced: items.value.filter(({ hadOld }) => hadOld).map(({ old }) => old),
      ...(recoveredTo === null ? {} : { dataAsOf: recoveredTo }),
    });
  } finally {
    for (const folder of [...stagings].reverse()) rmSync(folder, { recursive: true, force: true });
  }
}

function checkTablespaces(tablespaces: readonly Tablespace[]): OpError | null {
  for (const { name, destination } of tablespaces) {
    const parent = lstatSync(dirname(destination), { throwIfNoEntry: false });
    const seen = lstatSync(destination, { throwIfNoEntry: false });
    if (parent === undefined)
      return new OpError(
        'target_not_allowed',
        `the tablespace ${name} stood in ${destination}, and ${dirname(destination)} does not exist`,
      );
    if (seen !== undefined && (!seen.isDirectory() || seen.dev !== parent.dev))
      return new OpError(
        'target_not_allowed',
        `${destination} of the tablespace ${name} is a link or a mount point, which cannot be swapped: restore beside`,
      );
  }
  return null;
}

interface Recovered {
  readonly work: string;
  readonly tablespaces: readonly Tablespace[];
  /** Something stood in the place of the data folder. */
  readonly hadOld: boolean;
}

/** Brings each tablespace to the file system where it belongs, points the cluster there, and names what will be swapped. */
async function layOut(
  session: Session,
  operationId: string,
  { work, tablespaces, hadOld }: Recovered,
  stagings: string[],
  context: RunContext,
): Promise<Outcome<readonly SwapItem[]>> {
  const { data } = session.stanza.postgres;
  if (data === null) throw new TypeError('a restore in place without a data folder');
  const item = (live: string, staged: string, had: boolean): SwapItem => ({
    live,
    staged,
    old: oldNameOf(live, operationId),
    hadOld: had,
  });
  const items = [item(data, join(work, 'cluster'), hadOld)];
  for (const { oid, name, destination } of tablespaces) {
    const staging = stagingOf(destination, operationId);
    const staged = join(staging, `tablespace-${oid}`);
    if (!stagings.includes(staging)) {
      mkdirSync(staging, { mode: 0o711 });
      stagings.push(staging);
    }
    const moved = await move(session, join(work, 'tablespaces', name), staged, context);
    if (!moved.ok) return moved;
    items.push(item(destination, staged, exists(destination)));
  }
  settleCluster(join(work, 'cluster'), ownerOf(session), {
    archiveOff: false,
    tablespacePath: (oid, now) => tablespaces.find((t) => t.oid === oid)?.destination ?? now,
  });
  return ok(items);
}

/** By rename, or by copying where it goes to another disk. */
async function move(session: Session, from: string, to: string, { signal }: RunContext): Promise<Outcome<void>> {
  try {
    renameSync(from, to);
    return ok(undefined);
  } catch (thrown) {
    if ((thrown as NodeJS.ErrnoException).code !== 'EXDEV') throw thrown;
  }
  mkdirSync(to, { mode: 0o700 });
  const given = giveTo(to, ownerOf(session));
  if (!given.ok) return given;
  const run = await session.deps.exec.run('cp', ['-a', '--', `${from}/.`, to], {
    timeoutMs: 86_400_000,
    signal,
    ...sameUserOptions(session.stanza.postgres),
  });
  if (!run.ok) return run;
  if (run.value.exitCode === 0) return ok(undefined);
  const said = run.value.stderr.slice(-300);
  return fail(
    /No space left/.test(said) ? 'disk_full' : 'restore_failed',
    `copying a tablespace to ${to} failed: ${said}`,
  );
}

/** Clusters that restores in place have replaced, with their tablespaces, beside these folders. */
export function replacedBeside(live: readonly string[]): string[] {
  return live.flatMap((path) => {
    const prefix = `${basename(path)}.genesis-old-`;
    const names = exists(dirname(path)) ? readdirSync(dirname(path)) : [];
    return names.filter((name) => name.startsWith(prefix)).map((name) => join(dirname(path), name));
  });
}
