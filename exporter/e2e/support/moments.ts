import { appendFileSync, mkdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { backUp, shopConfig } from './actions.ts';
import { genesisCommand, startGenesis, type Genesis } from './genesis.ts';
import { tempFolder } from './processes.ts';
import { copyTree, filesBelow, onlyName, randomOf } from './tree.ts';

/** A state of the tree that a backup stands for. */
export interface Moment {
  readonly name: string;
  /** Where the tree was kept as it was then. */
  readonly kept: string;
  /** After the backup's start, before the next one's. */
  readonly at: string;
  readonly backupId: string;
}

export interface ProtectedTree {
  readonly genesis: Genesis;
  readonly data: string;
  readonly moments: readonly Moment[];
}

/** Full; 1 % changed and an incremental; some deleted and an incremental. `fill` makes the tree at the path it is given. */
export async function protectThreeMoments(fill: (data: string) => void, seed: number): Promise<ProtectedTree> {
  const base = tempFolder('genesis-tree-');
  const data = path.join(base, 'data');
  fill(data);
  const genesis = await startGenesis({ config: shopConfig(data, { backup: { verify_after: false } }) });
  const random = randomOf(seed);
  const moments: Moment[] = [];
  const remember = async (name: string, type: 'full' | 'incremental'): Promise<void> => {
    const kept = path.join(base, `kept-${name}`);
    copyTree(data, kept);
    const backup = await backUp(genesis, type);
    moments.push({ name, kept, at: new Date().toISOString(), backupId: backup.id });
  };
  await remember('full', 'full');
  changeOnePercent(data, random);
  await remember('changed', 'incremental');
  deleteSome(data, random);
  await remember('deleted', 'incremental');
  return { genesis, data, moments };
}

function changeOnePercent(data: string, random: () => number): void {
  for (const [index, file] of filesBelow(data).entries()) {
    if (random() >= 0.01) continue;
    if (index % 3 === 0) appendFileSync(path.join(data, file), `\nchanged ${index}`);
    else writeFileSync(path.join(data, file), `written anew ${index}`);
  }
  mkdirSync(path.join(data, 'a new folder', 'within'), { recursive: true });
  writeFileSync(path.join(data, 'a new folder', 'within', 'a new file'), 'new');
  symlinkSync('within/a new file', path.join(data, 'a new folder', 'link'));
}

function deleteSome(data: string, random: () => number): void {
  const files = filesBelow(data);
  for (const file of files) if (random() < 0.02) rmSync(path.join(data, file));
  const folder = path.dirname(files[Math.floor(files.length / 2)] ?? '');
  if (folder !== '.') rmSync(path.join(data, folder), { recursive: true });
}

/** Restores as of the moment into a new folder below the restore roots, through the command line. Returns the restored tree. */
export async function restoreAsOf(genesis: Genesis, moment: Moment): Promise<string> {
  const to = path.join(genesis.home, 'restores', moment.name);
  const done = await genesisCommand(
    genesis.home,
    ['restore', 'latest', '--service', 'shop', '--at', moment.at, '--to', to],
    { deadlineMs: 600_000 },
  );
  if (done.exitCode !== 0) throw new Error(`the restore as of ${moment.name} ended ${done.exitCode}: ${done.output}`);
  return restoredRoot(to);
}

/** The one tree in a restored folder, whose layout is `<component>/<root>`. */
export function restoredRoot(folder: string): string {
  return path.join(folder, 'data', onlyName(path.join(folder, 'data')));
}
