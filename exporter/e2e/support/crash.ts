import { existsSync, mkdirSync, readFileSync, readdirSync, rmSync } from 'node:fs';
import path from 'node:path';
import type { Operation } from '../../src/contract/operation.ts';
import { backUp, backupFolderOf, catalogue, restoreInPlace, restoreToFolder, shopConfig, verify } from './actions.ts';
import { startGenesis, type Genesis } from './genesis.ts';
import { sleep, tempFolder } from './processes.ts';
import { copyTree, differences, leftovers, makeTree, randomOf } from './tree.ts';

/** Where a kill -9 falls: at a share of the operation's usual duration, or as soon as the disk shows a state of the work. */
export type Point =
  | { readonly at: number }
  | { readonly when: string; readonly seen: (stage: Stage) => boolean; readonly thenMs: number };

/** A home with one service whose data is in state B, with a full backup of state A. */
export interface Stage {
  readonly home: string;
  readonly data: string;
  readonly keptA: string;
  readonly keptB: string;
  readonly hookLog: string;
  readonly backupA: string;
  genesis: Genesis;
}

export interface Finding {
  readonly point: string;
  readonly operation: Operation['state'];
  readonly left: string;
  /** In-place restores: which tree was found. */
  readonly tree: 'old' | 'new' | 'neither';
}

const roots = ['one', 'two', 'three'];
const shape = { files: 30, bytesPerFile: 400_000 };

/** Several roots, so that a swap takes more than one rename. Copying is slowed so that a backup lasts about two seconds. */
export async function prepareStage(): Promise<Stage> {
  const base = tempFolder('genesis-crash-');
  const [data, keptA, keptB] = ['data', 'kept-a', 'kept-b'].map((name) => path.join(base, name)) as [
    string,
    string,
    string,
  ];
  const home = path.join(base, 'home');
  const hookLog = path.join(base, 'hooks.log');
  for (const [folder, seed] of [
    [keptA, 'a'],
    [keptB, 'b'],
  ] as const) {
    mkdirSync(folder);
    for (const root of roots)
      makeTree(path.join(folder, root), { ...shape, files: shape.files / 3, seed: seed + root });
  }
  copyTree(keptA, data);
  const hook = (word: string, seconds: number): string[] => [
    '/bin/sh',
    '-c',
    `echo ${word} >> ${hookLog}; sleep ${seconds}`,
  ];
  const config = shopConfig(
    roots.map((root) => path.join(data, root)),
    {
      backup: { limits: { bandwidth: '8MiB' } },
      service: { restore: { stop: hook('stop', 0.2), start: hook('start', 0.3) } },
    },
  );
  const genesis = await startGenesis({ home, config });
  const backupA = (await backUp(genesis)).id;
  setData({ data }, keptB);
  return { home, data, keptA, keptB, hookLog, backupA, genesis };
}

function setData({ data }: Pick<Stage, 'data'>, kept: string): void {
  rmSync(data, { recursive: true });
  copyTree(kept, data);
}

export function describePoint(point: Point): string {
  return 'at' in point ? `${Math.round(point.at * 100)} % of its duration` : point.when;
}

/** How long the operation takes when nothing disturbs it, ms; the stage is as before afterwards. */
export async function usualDuration(stage: Stage, kind: 'backup' | 'restore'): Promise<number> {
  const started = performance.now();
  if (kind === 'backup') await backUp(stage.genesis);
  else await restoreInPlace(stage.genesis, stage.backupA);
  const took = performance.now() - started;
  setData(stage, stage.keptB);
  return took;
}

/** Starts the operation, kills the server at the point, starts it again and returns what was found. */
export async function crash(stage: Stage, kind: 'backup' | 'restore', point: Point, usualMs: number): Promise<Finding> {
  rmSync(stage.hookLog, { force: true });
  const body =
    kind === 'backup'
      ? { service: 'shop', type: 'full' }
      : { target: { kind: 'in_place' }, confirm: 'shop', reason: 'a test' };
  const route = kind === 'backup' ? '/backups' : `/backups/${stage.backupA}/restore`;
  const reply = await stage.genesis.api<Operation>('POST', route, body);
  if (reply.status !== 202) throw new Error(`${reply.status}: ${reply.text}`);
  await reach(stage, point, usualMs);
  await stage.genesis.kill9();
  stage.genesis = await startGenesis({ home: stage.home });
  const operation = await stage.genesis.waitForOperation(reply.body.id);
  const tree = isTree(stage, stage.keptB) ? 'old' : isTree(stage, stage.keptA) ? 'new' : 'neither';
  const left = operation.steps.find((step) => step.name === 'put right after a restart')?.detail ?? '';
  return { point: describePoint(point), operation: operation.state, left, tree };
}

/** The roots are compared: the folder around them is not part of any backup. */
function isTree(stage: Stage, kept: string): boolean {
  return roots.every((root) => differences(path.join(kept, root), path.join(stage.data, root)).length === 0);
}

async function reach(stage: Stage, point: Point, usualMs: number): Promise<void> {
  if ('at' in point) return sleep(point.at * usualMs);
  const deadline = performance.now() + Math.max(usualMs * 3, 10_000);
  while (!point.seen(stage)) {
    if (performance.now() > deadline) throw new Error(`"${point.when}" was never seen`);
    await sleep(1);
  }
  await sleep(point.thenMs);
}

/** What must hold after every crash, as a list of what does not. */
export async function faultsAfterCrash(stage: Stage, finding: Finding): Promise<string[]> {
  const faults: string[] = [];
  const { genesis } = stage;
  if (!['interrupted', 'succeeded'].includes(finding.operation)) faults.push(`the operation is ${finding.operation}`);
  if (finding.tree === 'neither') faults.push('the tree is neither the old nor the new one');
  if (finding.tree === 'new' && /old data is/.test(finding.left))
    faults.push(`the restored data is in place, but it says "${finding.left}"`);
  if (finding.tree === 'old' && /restored data is/.test(finding.left))
    faults.push(`the old data is in place, but it says "${finding.left}"`);
  faults.push(...leftovers(path.dirname(stage.data), path.join(stage.home, 'repository')));
  const listed = (await catalogue(genesis)).map((entry) => entry.id).sort();
  const stored = readdirSync(path.dirname(backupFolderOf(stage.home, 'any'))).sort();
  if (listed.join() !== stored.join())
    faults.push(`the catalogue lists ${listed.join()}, the repository holds ${stored.join()}`);
  for (const id of listed) {
    const verified = await verify(genesis, id);
    if (verified.state !== 'succeeded') faults.push(`${id} does not verify: ${verified.error?.message}`);
  }
  const hooks = existsSync(stage.hookLog) ? readFileSync(stage.hookLog, 'utf8').trim().split('\n') : [];
  if (hooks.includes('stop') && hooks.at(-1) !== 'start')
    faults.push(`the service was left stopped: ${hooks.join(', ')}`);
  return faults;
}

/** Back to state B with the first backup alone, for the next point. */
export async function resetStage(stage: Stage): Promise<void> {
  for (const { id } of await catalogue(stage.genesis)) {
    if (id === stage.backupA) continue;
    const reply = await stage.genesis.api<Operation>('DELETE', `/backups/${id}`, {
      confirm: 'shop',
      reason: 'the next point',
    });
    if (reply.status === 202) await stage.genesis.waitForOperation(reply.body.id);
  }
  setData(stage, stage.keptB);
}

/** After all points: it still backs up, and what it backs up comes back equal. */
export async function worksOn(stage: Stage): Promise<string[]> {
  const backup = await backUp(stage.genesis, 'incremental');
  const restored = await restoreToFolder(stage.genesis, backup.id, 'after-all');
  if (restored.state !== 'succeeded') return [`the restore ended ${restored.state}: ${restored.error?.message}`];
  const folder = path.join(stage.home, 'restores', 'after-all', 'data');
  return readdirSync(folder).flatMap((root) => differences(path.join(stage.keptB, root), path.join(folder, root)));
}

const staging = (stage: Stage): string | undefined =>
  readdirSync(stage.data).find((name) => name.startsWith('.genesis-restore-'));
const inStaging = (stage: Stage, name: string): boolean => {
  const folder = staging(stage);
  return folder !== undefined && existsSync(path.join(stage.data, folder, name));
};
const backupsIn = (stage: Stage): string[] => readdirSync(path.dirname(backupFolderOf(stage.home, 'any')));
const hookRan = (stage: Stage, word: string): boolean =>
  existsSync(stage.hookLog) && readFileSync(stage.hookLog, 'utf8').includes(word);

/** States of the work that the disk shows; each is a point of its own. */
export const marks = {
  backup: {
    'a half written backup stands in the repository': (s) => backupsIn(s).some((name) => name.startsWith('.partial-')),
    'the finished backup was renamed into the repository': (s) =>
      backupsIn(s).filter((name) => !name.startsWith('.')).length > 1,
  },
  restore: {
    'the stop command runs': (s) => hookRan(s, 'stop'),
    'the staging folder was made': (s) => staging(s) !== undefined,
    'the intent to swap was written': (s) => inStaging(s, 'intent.json'),
    'the swap was committed': (s) => inStaging(s, 'committed'),
    'the start command runs': (s) => hookRan(s, 'start'),
  },
} as const satisfies Record<string, Record<string, (stage: Stage) => boolean>>;

export function markOf(kind: 'backup' | 'restore', when: string, thenMs = 0): Point {
  const seen = (marks[kind] as Record<string, (stage: Stage) => boolean>)[when];
  if (seen === undefined) throw new Error(`no mark "${when}"`);
  return { when: thenMs === 0 ? when : `${when}, ${thenMs} ms ago`, seen, thenMs };
}

/** `count` points: every mark, the rest spread over the duration with a jitter of the seed. */
export function manyPoints(kind: 'backup' | 'restore', count: number, seed: number): Point[] {
  const random = randomOf(seed);
  const names = Object.keys(marks[kind]);
  const atMarks = names.map((name) => markOf(kind, name, Math.floor(random() * 8)));
  const spread = count - atMarks.length;
  return [...atMarks, ...Array.from({ length: spread }, (_, i) => ({ at: (i + random()) / spread }))];
}
