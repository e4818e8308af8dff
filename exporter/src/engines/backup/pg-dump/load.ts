import { closeSync, fstatSync, openSync } from 'node:fs';
import { readFile, writeFile } from 'node:fs/promises';
import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { OpError } from '../../../contract/errors.ts';
import type { EngineDeps, RepositoryRef, RunContext } from '../port.ts';
import { openSealed } from '../archive/crypto.ts';
import { asOutcome } from '../archive/repository.ts';
import { withSession, type PgSession } from '../../postgres/client.ts';
import type { PgPrograms } from '../../postgres/programs.ts';
import type { PostgresServer } from '../../postgres-target.ts';
import { compareCounts, parseCounts, type CountComparison } from './count.ts';
import { listDump } from './dump.ts';
import { nameOnDisk, type DatabaseDump, type StoredFile } from './manifest.ts';
import { longTimeoutMs, runSound } from './programs.ts';
import type { StoredDump } from './repository.ts';
import { connectionString, must } from './server.ts';
import { tocForDrill } from './toc.ts';
import { withDump } from './verify.ts';

/** Where dumps are loaded. */
export interface LoadTarget {
  readonly deps: EngineDeps;
  readonly programs: PgPrograms;
  readonly server: PostgresServer;
  readonly jobs: number;
  /** A throwaway server that must not reach out: its private folder. Null: a real server. */
  readonly drillFolder: string | null;
}

export function sessionOptions(database: string, signal: AbortSignal) {
  return { database, statementTimeoutMs: 0, connectTimeoutMs: 15_000, signal, applicationName: 'genesis-restore' };
}

/** Runs `work` with a session; its failures are thrown. */
export async function inSession<T>(
  server: PostgresServer,
  database: string,
  signal: AbortSignal,
  work: (session: PgSession) => Promise<T>,
): Promise<T> {
  return must(await withSession(server, sessionOptions(database, signal), (session) => asOutcome(() => work(session))));
}

/**
 * Loads a dump into the existing, empty database `name` and counts what came: every table must have the rows that the snapshot of
 * the dump had. Throws `backup_corrupt`, `restore_failed` (pg_restore complained, rows are missing), `cancelled`.
 */
export async function loadDatabase(
  target: LoadTarget,
  repository: RepositoryRef,
  stored: StoredDump,
  database: DatabaseDump,
  name: string,
  context: RunContext,
): Promise<CountComparison> {
  const counts = parseCounts((await readStored(stored, database.rows)).toString('utf8'));
  const work = (dump: string): Promise<void> => runRestore(target, dump, name, context.signal);
  await withDump(repository, stored, database, 'whole', context, work, target.drillFolder ?? undefined);
  const compared = await inSession(target.server, name, context.signal, async (session) => {
    const comparison = await compareCounts(session, counts);
    // A restored database has no statistics: its first queries would be planned blindly.
    must(await session.query('analyze'));
    return comparison;
  });
  if (compared.differences.length === 0) return compared;
  throw new OpError(
    'restore_failed',
    `${database.name} is not what was dumped: ${compared.differences.slice(0, 3).join('; ')}`,
    {
      details: { differences: compared.differences.slice(0, 100) },
    },
  );
}

async function runRestore(target: LoadTarget, dump: string, name: string, signal: AbortSignal): Promise<void> {
  const { deps, programs, server, drillFolder } = target;
  const args = [`--dbname=${connectionString(name)}`, '--exit-on-error', '--no-password', `--jobs=${target.jobs}`];
  if (drillFolder !== null) {
    const { text } = await listDump({ deps, programs, signal }, dump);
    const file = join(drillFolder, `toc-${createHash('sha256').update(name).digest('hex').slice(0, 16)}.list`);
    await writeFile(file, tocForDrill(text).list, { mode: 0o600 });
    args.push(`--use-list=${file}`, '--no-tablespaces');
  }
  await runSound(
    {
      exec: deps.exec,
      bin: programs.bin,
      program: 'pg_restore',
      args: [...args, dump],
      server,
      database: name,
      nice: drillFolder === null ? null : 10,
      timeoutMs: longTimeoutMs,
      signal,
    },
    'restore_failed',
  );
}

/** A small stored file whole, clear and proven. Throws `backup_corrupt`. */
export async function readStored(stored: StoredDump, file: StoredFile): Promise<Buffer> {
  const path = join(stored.folder, nameOnDisk(file, stored.key !== null));
  const content = stored.key === null ? await readFile(path) : readSealedFile(path, stored.key);
  if (createHash('sha256').update(content).digest('hex') === file.plainSha256) return content;
  throw new OpError('backup_corrupt', `${path} was changed: its SHA-256 differs`);
}

function readSealedFile(path: string, key: Buffer): Buffer {
  const fd = openSync(path, 'r');
  try {
    const sealed = openSealed(fd, fstatSync(fd).size, key, path);
    return sealed.read(0, sealed.plainBytes);
  } finally {
    closeSync(fd);
  }
}
