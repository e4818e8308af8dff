import { closeSync, fsyncSync, lstatSync, openSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { z } from 'zod';
import { OpError, toOpError } from '../../../contract/errors.ts';

/**
 * Puts a recovered cluster (data folder and tablespaces) in the place of the live one, all or none. What is about to be renamed is
 * written down first; the mark that is written after the last rename decides after a crash which way it goes. The old folders stay
 * beside the new ones.
 */

export const stagingPrefix = '.genesis-restore-';
const intentFile = 'intent.json';
const committedFile = 'committed';

const Item = z.strictObject({ live: z.string(), staged: z.string(), old: z.string(), hadOld: z.boolean() });
const Intent = z.strictObject({ format: z.literal(1), operationId: z.string(), items: z.array(Item).min(1) });
export type SwapItem = z.infer<typeof Item>;

/** Beside the data folder, on its file system. */
export function stagingOf(data: string, operationId: string): string {
  return join(dirname(data), stagingPrefix + operationId);
}

export function oldNameOf(live: string, operationId: string): string {
  return `${live}.genesis-old-${operationId}`;
}

export function exists(path: string): boolean {
  return lstatSync(path, { throwIfNoEntry: false }) !== undefined;
}

export function syncPath(path: string): void {
  const fd = openSync(path, 'r');
  try {
    fsyncSync(fd);
  } finally {
    closeSync(fd);
  }
}

function writeDurably(path: string, text: string): void {
  writeFileSync(`${path}.tmp`, text, { mode: 0o600, flush: true });
  renameSync(`${path}.tmp`, path);
  syncPath(dirname(path));
}

/** Everything in `items` has to be durable already. On a failure all goes back and `restore_failed` is thrown. */
export function swap(staging: string, operationId: string, items: readonly SwapItem[]): void {
  writeDurably(join(staging, intentFile), JSON.stringify({ format: 1, operationId, items }));
  try {
    for (const { live, staged, old, hadOld } of items) {
      if (hadOld) renameSync(live, old);
      if (exists(live)) throw new OpError('restore_failed', `${live} appeared during the swap`);
      renameSync(staged, live);
    }
    syncAround(items);
    writeDurably(join(staging, committedFile), operationId);
  } catch (thrown) {
    putBack(items);
    throw new OpError('restore_failed', `the swap failed and was taken back: ${toOpError(thrown).message}`, {
      cause: thrown,
    });
  }
}

function syncAround(items: readonly SwapItem[]): void {
  const folders = new Set(items.flatMap(({ live, staged, old }) => [dirname(live), dirname(staged), dirname(old)]));
  for (const folder of folders) if (exists(folder)) syncPath(folder);
}

function putBack(items: readonly SwapItem[]): void {
  for (const { live, staged, old, hadOld } of [...items].reverse()) {
    const newIsIn = !exists(staged) && exists(live);
    if (newIsIn && (!hadOld || exists(old))) renameSync(live, staged);
    if (hadOld && exists(old)) {
      if (exists(live))
        throw new OpError('restore_failed', `${live} was made anew; the data from before the restore is in ${old}`);
      renameSync(old, live);
    }
  }
  syncAround(items);
}

/**
 * Ends what a crash cut off: afterwards the cluster is wholly the old or wholly the new. Nothing that another user could have written
 * is trusted: as root this renames what the intent names. Throws `restore_failed`.
 */
export function recoverSwap(data: string, operationId: string): 'nothing' | 'rolled_back' | 'completed' {
  const staging = stagingOf(data, operationId);
  if (!exists(staging)) return 'nothing';
  const intent = readIntent(staging, data, operationId);
  const committed = exists(join(staging, committedFile));
  if (intent !== null && !committed) putBack(intent);
  const stagings = new Set([staging, ...(intent ?? []).map(({ staged }) => stagingAbove(staged))]);
  for (const folder of stagings) if (folder !== null) rmSync(folder, { recursive: true, force: true });
  return committed ? 'completed' : 'rolled_back';
}

function stagingAbove(path: string): string | null {
  const match = new RegExp(`^(.*/${stagingPrefix.replace('.', '\\.')}[^/]+)/`).exec(path);
  return match?.[1] ?? null;
}

function readIntent(staging: string, data: string, operationId: string): readonly SwapItem[] | null {
  const file = join(staging, intentFile);
  if (!exists(file)) return null;
  const uid = process.getuid?.() ?? lstatSync(file).uid;
  for (const path of [staging, file])
    if (lstatSync(path).uid !== uid || lstatSync(path).isSymbolicLink())
      throw new OpError('restore_failed', `${path} was not made by this user: put the cluster right by hand`);
  const parsed = Intent.safeParse(parse(readFileSync(file, 'utf8')));
  if (!parsed.success) throw new OpError('restore_failed', `${file} is damaged: put the cluster right by hand`);
  const { items } = parsed.data;
  const fits =
    parsed.data.operationId === operationId &&
    items[0]?.live === data &&
    items.every(
      ({ live, staged, old }) =>
        old === oldNameOf(live, operationId) && stagingAbove(staged)?.endsWith(operationId) === true,
    );
  if (!fits)
    throw new OpError('restore_failed', `${file} names other paths than the restore's own; nothing was touched`);
  return items;
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined; // the caller says that it is damaged
  }
}
