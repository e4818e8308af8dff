import { appendFileSync, existsSync, readdirSync, rmSync } from 'node:fs';
import path from 'node:path';
import type { Operation } from '../../src/contract/operation.ts';
import { backUp, shopConfig, verify } from './actions.ts';
import { startGenesis, type ApiReply, type Genesis } from './genesis.ts';
import { tempFolder } from './processes.ts';
import { copyTree, differences, leftovers, makeTree } from './tree.ts';

export interface Damage {
  readonly name: string;
  /** Which of the two is damaged; the incremental one is restored, and needs what the full one holds. */
  readonly of: 'full' | 'incremental';
  /** Damages the backup that stands in this folder. */
  readonly inflict: (backupFolder: string) => void;
}

/** A service whose data has changed since its full and its incremental backup: a restore would be seen. */
export interface Bench {
  readonly genesis: Genesis;
  readonly data: string;
  readonly kept: string;
  readonly full: string;
  readonly incremental: string;
  /** The repository as it was before any damage. */
  readonly sound: string;
}

export async function makeBench(keyFile: string | null): Promise<Bench> {
  const base = tempFolder('genesis-faults-');
  const data = path.join(base, 'parent', 'data');
  makeTree(data, { files: 5, bytesPerFile: 900_000, seed: 'faults' });
  const encryption = keyFile === null ? {} : { encryption: { key: `file:${keyFile}` } };
  const genesis = await startGenesis({
    home: path.join(base, 'home'),
    config: shopConfig(data, { backup: { ...encryption, verify_after: false } }),
  });
  const full = (await backUp(genesis)).id;
  appendFileSync(path.join(data, 'first.txt'), 'changed');
  const incremental = (await backUp(genesis, 'incremental')).id;
  appendFileSync(path.join(data, 'first.txt'), 'changed again');
  const kept = path.join(base, 'kept');
  copyTree(data, kept);
  const sound = path.join(base, 'sound');
  copyTree(path.join(genesis.home, 'repository'), sound);
  return { genesis, data, kept, full, incremental, sound };
}

/** All as it was. The repository is verified: a backup that is marked as damaged would be refused for the mark alone. */
export async function mend({ genesis, sound, incremental, data, kept }: Bench): Promise<void> {
  rmSync(path.join(genesis.home, 'restores', 'out'), { recursive: true, force: true });
  rmSync(data, { recursive: true });
  copyTree(kept, data);
  const repository = path.join(genesis.home, 'repository');
  rmSync(repository, { recursive: true });
  copyTree(sound, repository);
  const verified = await verify(genesis, incremental);
  if (verified.state !== 'succeeded')
    throw new Error(`the sound repository does not verify: ${verified.error?.message}`);
}

/** Damage is found when the plan is made (the request is refused) or when the archive is read (the operation fails). */
async function codeOf(
  genesis: Genesis,
  reply: ApiReply<Operation & { readonly code?: string }>,
): Promise<string | undefined> {
  if (reply.status !== 202) return reply.body.code;
  const ended = await genesis.waitForOperation(reply.body.id);
  return ended.state === 'succeeded' ? 'succeeded' : ended.error?.code;
}

/** Restores the incremental backup both ways and verifies it; returns the codes with what was touched. */
export async function attempts({ genesis, data, kept, incremental }: Bench): Promise<Record<string, unknown>> {
  const to = path.join(genesis.home, 'restores', 'out');
  const restore = (target: unknown) =>
    genesis.api<Operation & { readonly code?: string }>('POST', `/backups/${incremental}/restore`, {
      target,
      confirm: 'shop',
      reason: 'a test',
    });
  const codes = {
    // First: once verify has marked the backup, the restores would be refused for that reason alone.
    folder: await codeOf(genesis, await restore({ kind: 'folder', path: to })),
    inPlace: await codeOf(genesis, await restore({ kind: 'in_place' })),
    verify: (await verify(genesis, incremental)).error?.code,
  };
  return {
    ...codes,
    dataTouched: differences(kept, data),
    folderMade: existsSync(to),
    leftBehind: [...leftovers(path.dirname(data)), ...readdirSync(path.dirname(to))],
  };
}

/** What `attempts` gives when all was refused and nothing touched. */
export const refused = (code: unknown) => ({
  folder: code,
  inPlace: code,
  verify: code,
  dataTouched: [],
  folderMade: false,
  leftBehind: [],
});
