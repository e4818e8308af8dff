import { execFileSync } from 'node:child_process';
import { readdirSync, statSync } from 'node:fs';
import path from 'node:path';
import type { BackupRecord, BackupType } from '../../src/contract/backup.ts';
import type { Outcome } from '../../src/contract/errors.ts';
import type { RecoveryTarget } from '../../src/contract/postgres.ts';
import { archiveCommand } from '../../src/engines/backup/pgbackrest/conf.ts';
import { createPgbackrestEngine } from '../../src/engines/backup/pgbackrest/engine.ts';
import type {
  BackupEngine,
  EngineDeps,
  ProofContext,
  RepositoryListing,
  RepositoryRef,
  RestoreTarget,
  RunContext,
} from '../../src/engines/backup/port.ts';
import type { ProofSettings, ProductRef } from '../../src/engines/backup/product.ts';
import type { PostgresTarget } from '../../src/engines/postgres-target.ts';
import { systemClock, systemRandom } from '../../src/runtime/clock.ts';
import { systemExec } from '../../src/runtime/exec.ts';
import { silentLog } from '../../src/runtime/testing.ts';
import { asUser, ownedFolder, serverOwner, startPostgres, startStandby, type TestServer } from './postgres.ts';
import { sleep, tempFolder, waitUntil } from './processes.ts';

/** A real server that archives into real repositories of pgBackRest, and the engine on them. */

export const engineDeps: EngineDeps = { clock: systemClock, random: systemRandom, exec: systemExec, log: silentLog };
export const quiet: RunContext = { signal: new AbortController().signal, onProgress: () => undefined };
const all = { components: [], paths: [] };

export interface PgbackrestBench {
  readonly engine: BackupEngine;
  readonly folder: string;
  readonly server: TestServer;
  /** A repository by its place: 0 `repository`, 1 `second`; with other values where something shall be wrong. */
  repository(index: number, changes?: Changes): RepositoryRef;
  backUp(type?: BackupType, index?: number): Promise<BackupRecord>;
  inspect(index?: number): Promise<RepositoryListing>;
  restore(
    backupId: string,
    target: RestoreTarget,
    recovery: RecoveryTarget,
    index?: number,
  ): ReturnType<BackupEngine['restore']>;
  /** A folder for a restore beside, which does not exist yet. */
  newFolder(): string;
  /** Ends the segment and waits until it stands in the repositories; gives its name. */
  switchWal(): Promise<string>;
  /** Path of the archived file of a segment. */
  archived(segment: string, index?: number): string;
}

export interface Changes {
  readonly passphrase?: string;
  readonly folder?: string;
  readonly postgres?: Partial<PostgresTarget>;
  readonly drill?: Partial<ProofSettings>;
  readonly path?: string;
}

const drillSettings: ProofSettings = {
  level: 4,
  tables: [{ name: 'public.canary', minRows: 1 }],
  assertions: [],
  canary: { database: null, table: 'public.canary', column: 'at' },
  maxAgeSeconds: 60,
  statementTimeoutSeconds: 60,
  allowedLibraries: [],
  minFreeBytes: 2 ** 20,
  variety: 0,
};

export interface BenchOptions {
  readonly repositories?: number;
  readonly passphrase?: string | null;
  readonly settings?: Readonly<Record<string, string>>;
}

export async function createBench(options: BenchOptions = {}): Promise<PgbackrestBench> {
  const owner = serverOwner();
  const folder = tempFolder('genesis-pgbr-');
  const own = ownedFolder(path.join(folder, 'own'), owner);
  const engineFolder = path.join(own, 'engine');
  const server = await startPostgres({
    folder,
    archiveCommand: archiveCommand(engineFolder, 'main', 'pgbackrest'),
    ...(options.settings === undefined ? {} : { settings: options.settings }),
  });
  const names = ['repository', 'second', 'third'].slice(0, options.repositories ?? 1);
  let count = 0;
  const bench: PgbackrestBench = {
    engine: createPgbackrestEngine(engineDeps),
    folder: own,
    server,
    repository: (index, changes = {}) => {
      const at = (name: string): string => path.join(own, name);
      const product: ProductRef = {
        service: 'shop',
        index,
        places: names.map((name, i) => ({
          name,
          path: i === index && changes.path !== undefined ? changes.path : at(name),
          remote: null,
          // Only the first is sealed, so that both forms are met.
          passphrase: i > 0 ? null : (changes.passphrase ?? options.passphrase ?? null),
        })),
        folder: changes.folder ?? engineFolder,
        postgres: { ...server.target(), ...changes.postgres },
        pgbackrest: {
          stanza: 'main',
          processMax: 2,
          archiveTimeoutSeconds: 20,
          ioTimeoutSeconds: 15,
          startFast: true,
          program: 'pgbackrest',
        },
        pgDump: null,
        restic: null,
        retention: { fullCount: 7, fullDays: 30, incrementalDays: 7 },
        drill: { ...drillSettings, ...changes.drill },
      };
      return { path: at(names[index] ?? 'repository'), key: null, product };
    },
    backUp: async (type = 'full', index = 0) => {
      const repository = bench.repository(index);
      valueOf(await bench.engine.prepare(repository, quiet.signal));
      return valueOf(await bench.engine.backup(requestOf(repository, type), quiet));
    },
    inspect: async (index = 0) => valueOf(await bench.engine.inspect(bench.repository(index), 'shop', quiet.signal)),
    restore: (backupId, target, recovery, index = 0) =>
      bench.engine.restore(
        {
          operationId: `op${(count += 1)}`,
          repository: bench.repository(index),
          backupId,
          selection: all,
          target,
          restoreOwner: true,
          recovery,
        },
        quiet,
      ),
    newFolder: () => path.join(own, `restored-${(count += 1)}`),
    switchWal: async () => {
      const rows = await server.sql<{ name: string }>('SELECT pg_walfile_name(pg_current_wal_lsn()) AS name');
      await server.sql("SELECT pg_create_restore_point('genesis_switch')");
      await server.sql('SELECT pg_switch_wal()');
      const name = rows[0]?.name ?? '';
      await waitUntil(`${name} is archived`, async () => {
        const seen = await server.sql<{ done: boolean }>(
          `SELECT coalesce(last_archived_wal >= '${name}', false) AS done FROM pg_stat_archiver`,
        );
        return seen[0]?.done === true;
      });
      return name;
    },
    archived: (segment, index = 0) => {
      const root = path.join(own, names[index] ?? '', 'archive', 'main', '15-1');
      const log = segment.slice(0, 16);
      const name = readdirSync(path.join(root, log)).find((n) => n.startsWith(`${segment}-`));
      if (name === undefined) throw new Error(`${segment} is not in ${root}`);
      return path.join(root, log, name);
    },
  };
  return bench;
}

export function requestOf(repository: RepositoryRef, type: BackupType): Parameters<BackupEngine['backup']>[0] {
  return {
    id: 'backup_20261122_020000_00000001',
    service: 'shop',
    type,
    parent: null,
    repository,
    components: [],
    compareContent: false,
    limits: { nice: null, bandwidthBytesPerSecond: null, concurrency: 2 },
    auditHead: null,
    configYaml: null,
  };
}

export function valueOf<T>(outcome: Outcome<T>): T {
  if (outcome.ok) return outcome.value;
  throw new Error(`${outcome.error.code}: ${outcome.error.message} ${JSON.stringify(outcome.error.details ?? {})}`);
}

/** Backups are dated in whole seconds: surely consistent in the next one. */
export function consistentAt({ endedAt }: BackupRecord): string {
  return new Date(Date.parse(endedAt) + 1000).toISOString();
}

export function codeOf(outcome: Outcome<unknown>): string {
  return outcome.ok ? 'ok' : outcome.error.code;
}

export function proofContext(signal = quiet.signal): ProofContext {
  return { signal, onProgress: () => undefined, quality: null, step: (_name, work) => work(() => undefined) };
}

export interface CanaryRow {
  readonly id: number;
  readonly at: number;
}

/** Starts a restored cluster as a plain server and gives the rows of the canary, oldest first. */
export async function readCanary(bench: PgbackrestBench, data: string): Promise<CanaryRow[]> {
  return onRestored(bench, data, async (query) =>
    query("SELECT id || ' ' || (extract(epoch FROM at) * 1000)::bigint FROM canary ORDER BY id").map((line) => {
      const [id, at] = line.split(' ').map(Number);
      return { id: id ?? 0, at: at ?? 0 };
    }),
  );
}

/** Single-user mode: no port, no socket, nothing to wait for; the cluster has to be cleanly stopped. */
export async function onRestored<T>(
  bench: PgbackrestBench,
  data: string,
  work: (query: (sql: string) => string[]) => Promise<T>,
): Promise<T> {
  const query = (sql: string): string[] => {
    const [file, args] = asUser(bench.server.asOwner, path.join(bench.server.bin, 'postgres'), [
      '--single',
      '-D',
      data,
      '-c',
      'archive_mode=off',
      'postgres',
    ]);
    const text = execFileSync(file, args, {
      input: `${sql}\n`,
      encoding: 'utf8',
      cwd: '/',
      stdio: ['pipe', 'pipe', 'pipe'],
    });
    return [...text.matchAll(/= "([^"]*)"/g)].map((match) => match[1] ?? '');
  };
  return work(query);
}

export { sleep, startStandby, statSync };
