import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Outcome } from '../../../contract/errors.ts';
import { OpError } from '../../../contract/errors.ts';
import type { EngineDeps, RepositoryRef, RunContext, VerifyReport } from '../port.ts';
import { makeFolder } from '../archive/durable-write.ts';
import { openPartial } from '../archive/partials.ts';
import { asOutcome } from '../archive/repository.ts';
import { findPrograms, type PgPrograms } from '../../postgres/programs.ts';
import { listDump } from './dump.ts';
import { bringOut, faultOf, type Pass } from './files.ts';
import { dumpPath, stagingPrefix } from './layout.ts';
import { nameOnDisk, storedFiles, type DatabaseDump } from './manifest.ts';
import { loadDump, type StoredDump } from './repository.ts';
import { must, productOf } from './server.ts';

const maxFaults = 100;
type Fault = VerifyReport['faults'][number];

/** See `BackupEngine.verify`: every hash, then whether pg_restore can read the table of contents of each dump, as long as it was. */
export function verifyDump(
  deps: EngineDeps,
  repository: RepositoryRef,
  backupId: string,
  context: RunContext,
): Promise<Outcome<VerifyReport>> {
  return asOutcome(async () => {
    let stored: StoredDump;
    try {
      stored = await loadDump(repository, backupId);
    } catch (thrown) {
      if (!(thrown instanceof OpError) || thrown.code !== 'backup_corrupt') throw thrown;
      return report(backupId, 0, 0, [{ backupId, component: null, path: null, message: thrown.message }]);
    }
    const programs = must(await findPrograms(deps.exec, productOf(repository).target.bin, context.signal));
    const total = storedFiles(stored.manifest).reduce((sum, file) => sum + file.bytes, 0);
    const progress = progressOf(context, 'verify', total);
    const { faults, bytes } = await hashFaults(stored, progress);
    if (faults.length === 0) faults.push(...(await tocFaults(deps, repository, programs, stored, context)));
    const entries = stored.manifest.databases.reduce((sum, d) => sum + d.tables, 0);
    return report(backupId, entries, bytes, faults);
  });
}

function report(backupId: string, entries: number, bytes: number, faults: readonly Fault[]): VerifyReport {
  return {
    backupId,
    passed: faults.length === 0,
    chain: [backupId],
    entries,
    bytes,
    faults: faults.slice(0, maxFaults),
  };
}

/** A pass that tells its progress in bytes. */
export function progressOf(context: RunContext, phase: 'verify' | 'restore' | 'compare' | 'copy', total: number): Pass {
  let done = 0;
  return {
    signal: context.signal,
    onBytes: (bytes) => {
      done += bytes;
      context.onProgress({ phase, entriesDone: 0, bytesDone: done, bytesTotal: total });
    },
  };
}

async function hashFaults(stored: StoredDump, pass: Pass): Promise<{ faults: Fault[]; bytes: number }> {
  const { manifest, folder, key } = stored;
  const owner = new Map(manifest.databases.flatMap((d) => [...d.dump, d.rows].map((file) => [file, d.name] as const)));
  const faults: Fault[] = [];
  let bytes = 0;
  for (const file of storedFiles(manifest)) {
    const name = nameOnDisk(file, key !== null);
    const message = await faultOf(join(folder, name), file, pass);
    if (message === null) bytes += file.bytes;
    else
      faults.push({
        backupId: manifest.id,
        component: owner.get(file) ?? null,
        path: name,
        message: `${name} ${message}`,
      });
  }
  return { faults, bytes };
}

async function tocFaults(
  deps: EngineDeps,
  repository: RepositoryRef,
  programs: PgPrograms,
  stored: StoredDump,
  context: RunContext,
): Promise<Fault[]> {
  const faults: Fault[] = [];
  for (const database of stored.manifest.databases) {
    const message = await withDump(repository, stored, database, 'toc', context, async (dump) => {
      try {
        const { entries } = await listDump({ deps, programs, signal: context.signal }, dump);
        const { tocEntries } = database;
        return entries === tocEntries ? null : `pg_restore --list shows ${entries} entries, there were ${tocEntries}`;
      } catch (thrown) {
        if (thrown instanceof OpError && thrown.code === 'backup_corrupt') return thrown.message;
        throw thrown;
      }
    });
    if (message !== null) faults.push({ backupId: stored.manifest.id, component: database.name, path: null, message });
  }
  return faults;
}

/**
 * Gives the path of a dump as pg_restore can read it: where it stands, or brought out of its seal into a folder in `parent` for the time
 * of the work. `toc`: only what its table of contents needs.
 */
export async function withDump<T>(
  repository: RepositoryRef,
  stored: StoredDump,
  database: DatabaseDump,
  part: 'toc' | 'whole',
  context: RunContext,
  work: (dump: string) => Promise<T>,
  parent = productOf(repository).ref.folder,
): Promise<T> {
  const path = dumpPath(database.name);
  if (stored.key === null) return work(join(stored.folder, path));
  await makeFolder(parent);
  const staging = join(parent, `${stagingPrefix}out-${stored.manifest.id}-${process.pid}-${(staged += 1)}`);
  const close = openPartial(staging);
  try {
    await mkdir(staging, { mode: 0o700 });
    const pass: Pass = { signal: context.signal, onBytes: () => undefined };
    for (const file of database.dump) {
      if (part === 'toc' && database.format === 'directory' && !file.path.endsWith('/toc.dat')) continue;
      await bringOut(join(stored.folder, nameOnDisk(file, true)), file, stored.key, join(staging, file.path), pass);
    }
    return await work(join(staging, path));
  } finally {
    await rm(staging, { recursive: true, force: true });
    close();
  }
}
let staged = 0;
