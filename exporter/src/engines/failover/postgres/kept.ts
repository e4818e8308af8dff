import { readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { ok, type Outcome } from '../../../contract/errors.ts';
import {
  exists,
  makeFolder,
  ownerOf,
  renameDurably,
  runAsOwner,
  textOf,
  writeDurably,
  keepFromWriting,
} from './local.ts';
import { followingConf, type Conninfo } from './conninfo.ts';
import type { Work } from './work.ts';

/**
 * What belongs to the node and not to its data: its configuration, its certificates, how it was started. pg_rewind and pg_basebackup bring
 * those of the primary where they lie in the data folder: with its port, say.
 */

/** Folders beside the data folder, on its file system. */
export function besideOf(data: string): {
  readonly kept: string;
  readonly recovering: string;
  readonly rewinding: string;
  readonly cloning: string;
  readonly cloned: string;
  readonly old: string;
} {
  return {
    kept: `${data}.genesis-kept`,
    recovering: `${data}.genesis-recovering`,
    rewinding: `${data}.genesis-rewinding`,
    cloning: `${data}.genesis-cloning`,
    cloned: `${data}.genesis-cloned`,
    old: `${data}.genesis-old`,
  };
}

const own = /^(postmaster\.opts|conf\.d|.*\.(conf|crt|key|pem))$/;

/** Anew each time: the node's files may have changed since an earlier attempt. */
export async function keepOwnFiles(work: Work, data: string, from = data): Promise<Outcome<void>> {
  const { kept } = besideOf(data);
  const part = `${kept}-part`;
  await rm(kept, { recursive: true, force: true });
  const owner = ownerOf(work, from);
  await makeFolder(part, owner);
  const files = (await readdir(from)).filter((name) => own.test(name)).map((name) => join(from, name));
  const copied = files.length === 0 ? ok(undefined) : await runAsOwner(work, from, 'cp', ['-a', '--', ...files, part]);
  return copied.ok ? renameDurably(part, kept) : copied;
}

/** Puts them into `folder`, which then follows by `conninfo` whenever it is started. */
export async function settle(
  work: Work,
  data: string,
  folder: string,
  conninfo: Conninfo,
  slot: string | null,
): Promise<Outcome<void>> {
  await keepFromWriting(folder);
  const { kept } = besideOf(data);
  if (exists(kept)) {
    const copied = await runAsOwner(work, folder, 'cp', ['-a', '--', `${kept}/.`, folder]);
    if (!copied.ok) return copied;
  }
  await followBy(folder, conninfo, slot);
  return ok(undefined);
}

export async function followBy(folder: string, conninfo: Conninfo, slot: string | null): Promise<void> {
  const file = join(folder, 'postgresql.auto.conf');
  await writeDurably(file, followingConf((await textOf(file)) ?? '', conninfo, slot));
}
