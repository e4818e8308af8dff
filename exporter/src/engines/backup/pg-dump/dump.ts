import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { OpError } from '../../../contract/errors.ts';
import type { EngineDeps } from '../port.ts';
import type { PgDumpSettings } from '../product.ts';
import { connect, type PgSession } from '../../postgres/client.ts';
import type { PgPrograms } from '../../postgres/programs.ts';
import type { PostgresTarget } from '../../postgres-target.ts';
import { countRows, listTables, type RowCounts, type TableName } from './count.ts';
import { sizeBelow } from './files.ts';
import { dumpPath, rowsPath } from './layout.ts';
import { longTimeoutMs, runSound } from './programs.ts';
import { must, type DatabaseFound, type ServerFacts } from './server.ts';
import { readToc, warningsIn } from './toc.ts';

export interface DumpTools {
  readonly deps: EngineDeps;
  readonly programs: PgPrograms;
  readonly target: PostgresTarget;
  readonly settings: PgDumpSettings;
  readonly server: ServerFacts;
  readonly nice: number | null;
  readonly signal: AbortSignal;
}

export interface Dumped {
  readonly tables: number;
  readonly seconds: number;
  readonly lsn: string;
  readonly snapshotAt: string;
  readonly tocEntries: number;
  /** What pg_dump warned of. */
  readonly warnings: readonly string[];
}

interface Snapshot {
  readonly id: string;
  readonly lsn: string;
  readonly at: string;
}

/** A DDL statement that never ends must not hold the backup for ever. */
const lockWait = '120s';

/**
 * Dumps one database into `<folder>/<name>/dump` and counts the rows of its tables in the same snapshot, into `rows.json` beside.
 * Throws `backup_failed`, `disk_full`, `cancelled`, errors of the session and of exec.
 */
export async function dumpDatabase(
  tools: DumpTools,
  found: DatabaseFound,
  folder: string,
  onSize: (bytes: number) => void,
): Promise<Dumped> {
  const { deps, signal } = tools;
  const dump = join(folder, dumpPath(found.name));
  await mkdir(dirname(dump), { recursive: true, mode: 0o700 });
  const startedMs = +deps.clock.now();
  const session = must(
    await connect(tools.target, { database: found.name, statementTimeoutMs: 0, connectTimeoutMs: 15_000, signal }),
  );
  try {
    const snapshot = await takeSnapshot(session);
    const tables = await listTables(session);
    const watch = watchSize(tools, dump, onSize);
    try {
      const command = { database: found.name, dump, snapshot: snapshot.id };
      const { counts, warnings } = await dumpAndCount(tools, session, tables, command);
      await writeFile(join(folder, rowsPath(found.name)), JSON.stringify(counts), { mode: 0o600, flag: 'wx' });
      await watch.stop();
      const tocEntries = await checkToc(tools, found.name, dump, tables.length);
      const seconds = (+deps.clock.now() - startedMs) / 1000;
      return { tables: tables.length, seconds, lsn: snapshot.lsn, snapshotAt: snapshot.at, tocEntries, warnings };
    } finally {
      await watch.stop();
    }
  } finally {
    await session.end();
  }
}

async function takeSnapshot(session: PgSession): Promise<Snapshot> {
  must(await session.query('begin isolation level repeatable read read only'));
  // The transaction idles while pg_dump works, and row security must not hide rows from the counts.
  must(await session.query('set local idle_in_transaction_session_timeout = 0'));
  must(await session.query('set local row_security = off'));
  must(await session.query(`set local lock_timeout = '${lockWait}'`));
  const rows = must(
    await session.query<Snapshot>(
      `select pg_export_snapshot() as id, clock_timestamp() as at,
              case when pg_is_in_recovery() then pg_last_wal_replay_lsn() else pg_current_wal_lsn() end::text as lsn`,
    ),
  );
  const snapshot = rows[0];
  if (snapshot === undefined) throw new OpError('postgres_failed', 'the server exported no snapshot');
  return snapshot;
}

interface DumpCommand {
  readonly database: string;
  readonly dump: string;
  readonly snapshot: string;
}

/** Both read what the snapshot shows, so that the counts are those of the dump. When one fails the other is ended before it is told. */
async function dumpAndCount(
  tools: DumpTools,
  session: PgSession,
  tables: readonly TableName[],
  command: DumpCommand,
): Promise<{ readonly counts: RowCounts; readonly warnings: readonly string[] }> {
  const ended = new AbortController();
  const dumping = runDump({ ...tools, signal: AbortSignal.any([tools.signal, ended.signal]) }, command);
  const counting = countRows(session, tables);
  try {
    const [warnings, counts] = await Promise.all([dumping, counting]);
    return { counts, warnings };
  } catch (thrown) {
    ended.abort();
    await session.end();
    await Promise.allSettled([dumping, counting]);
    throw thrown;
  }
}

/** What pg_dump warned of. */
async function runDump(tools: DumpTools, { database, dump, snapshot }: DumpCommand): Promise<readonly string[]> {
  const { settings, server } = tools;
  const parallel = settings.format === 'directory' ? [`--jobs=${settings.jobs}`] : [];
  const result = await runSound(
    {
      exec: tools.deps.exec,
      bin: tools.programs.bin,
      program: 'pg_dump',
      args: [
        `--format=${settings.format}`,
        `--file=${dump}`,
        `--snapshot=${snapshot}`,
        `--lock-wait-timeout=${lockWait}`,
        '--no-password',
        ...parallel,
        // A standby has no content of unlogged tables.
        ...(server.inRecovery ? ['--no-unlogged-table-data'] : []),
      ],
      server: tools.target,
      database,
      nice: tools.nice,
      timeoutMs: longTimeoutMs,
      signal: tools.signal,
    },
    'backup_failed',
  );
  return warningsIn(result.stderr);
}

/** A dump that ends well and lacks a table's data would be found at the restore only. */
async function checkToc(tools: DumpTools, database: string, dump: string, tables: number): Promise<number> {
  const toc = await listDump(tools, dump);
  if (toc.tableData >= tables) return toc.entries;
  throw new OpError(
    'backup_failed',
    `the dump of ${database} holds the data of ${toc.tableData} tables, ${tables} were there`,
  );
}

export async function listDump(
  tools: Pick<DumpTools, 'deps' | 'programs' | 'signal'>,
  dump: string,
): Promise<{ readonly entries: number; readonly tableData: number; readonly text: string }> {
  const listed = await runSound(
    {
      exec: tools.deps.exec,
      bin: tools.programs.bin,
      program: 'pg_restore',
      args: ['--list', dump],
      server: null,
      database: '',
      nice: null,
      timeoutMs: 600_000,
      signal: tools.signal,
    },
    'backup_corrupt',
  );
  if (listed.truncated) throw new OpError('backup_failed', `the table of contents of ${dump} is too long to be read`);
  return { ...readToc(listed.stdout), text: listed.stdout };
}

/** Tells the size of what was written so far, every second: pg_dump itself says nothing on its way. */
function watchSize(tools: DumpTools, dump: string, onSize: (bytes: number) => void): { stop(): Promise<void> } {
  const stopped = new AbortController();
  const loop = (async () => {
    while (!stopped.signal.aborted) {
      await tools.deps.clock.sleep(1000, stopped.signal);
      if (!stopped.signal.aborted) onSize(await sizeBelow(dump));
    }
  })();
  return {
    stop: () => {
      stopped.abort();
      return loop;
    },
  };
}
