import { readFileSync, readdirSync } from 'node:fs';
import path from 'node:path';
import type { BackupRecord } from '../../src/contract/backup.ts';
import type { Outcome } from '../../src/contract/errors.ts';
import { createPgDumpEngine } from '../../src/engines/backup/pg-dump/engine.ts';
import type { BackupRequest, EngineDeps, RepositoryRef, RunContext } from '../../src/engines/backup/port.ts';
import type { PgDumpSettings } from '../../src/engines/backup/product.ts';
import type { PostgresTarget } from '../../src/engines/postgres-target.ts';
import { systemClock, systemRandom } from '../../src/runtime/clock.ts';
import { systemExec } from '../../src/runtime/exec.ts';
import { silentLog } from '../../src/runtime/testing.ts';
import { startPostgres, stopServers, type TestServer } from './postgres.ts';
import { cleanUp, tempFolder } from './processes.ts';

// One server with databases worth dumping, and the engine `pg_dump` beside it.

export const dumpDeps: EngineDeps = { clock: systemClock, random: systemRandom, exec: systemExec, log: silentLog };
export const engine = createPgDumpEngine(dumpDeps);
export const quiet: RunContext = { signal: new AbortController().signal, onProgress: () => undefined };
export const all = { components: [], paths: [] };
export const secret = 'role-secret-0815';

let number = 0;

export interface DumpOptions {
  readonly key?: Buffer | null;
  readonly settings?: Partial<PgDumpSettings>;
  readonly target?: Partial<PostgresTarget>;
  readonly name?: string;
  /** Default: a folder called `name`. */
  readonly at?: string;
}

export interface DumpBench {
  readonly server: TestServer;
  readonly folder: string;
  repositoryOf(options?: DumpOptions): RepositoryRef;
  prepared(options?: DumpOptions): Promise<RepositoryRef>;
  /** Of the server, but the templates. */
  databases(): Promise<string[]>;
}

export function valueOf<T>(outcome: Outcome<T>): T {
  if (outcome.ok) return outcome.value;
  throw new Error(`${outcome.error.code}: ${outcome.error.message} ${JSON.stringify(outcome.error.details ?? {})}`);
}
export function codeOf(outcome: Outcome<unknown>): string {
  return outcome.ok ? 'ok' : outcome.error.code;
}

export function nextId(): string {
  number += 1;
  return `backup_20261122_020000_${number.toString(16).padStart(8, '0')}`;
}

export function requestOf(repository: RepositoryRef): BackupRequest {
  return {
    id: nextId(),
    service: 'shop',
    type: 'full',
    parent: null,
    repository,
    components: [],
    compareContent: false,
    limits: { nice: 10, bandwidthBytesPerSecond: null, concurrency: 2 },
    auditHead: null,
    configYaml: 'name: shop\n',
  };
}

export function backUp(repository: RepositoryRef, context = quiet): Promise<Outcome<BackupRecord>> {
  return engine.backup(requestOf(repository), context);
}

export function dumpFolder(repository: RepositoryRef, id: string): string {
  return path.join(repository.path, 'pg_dump/shop', id);
}

/** Every file below, as text. */
export function textBelow(at: string): string {
  return readdirSync(at, { recursive: true, withFileTypes: true })
    .filter((e) => e.isFile())
    .map((e) => readFileSync(path.join(e.parentPath, e.name), 'latin1'))
    .join('\n');
}

/** To be ended with `endDumps`. */
export async function startDumps(): Promise<DumpBench> {
  const folder = tempFolder('genesis-pgdump-');
  const server = await startPostgres({ folder, settings: { log_statement: 'all' } });
  await server.sql(`create role shop login password '${secret}'; create role reader`);
  await server.sql('create database app owner shop');
  await server.sql(
    "alter database app set search_path to shop, public; alter role reader in database app set work_mem to '8MB'",
  );
  await server.sql('revoke connect on database app from public; grant connect on database app to reader');
  await server.sql(
    `create schema shop;
     create table shop.orders (id int primary key, at timestamptz not null, note text);
     insert into shop.orders select n, now(), repeat('x', n % 50) from generate_series(1, 5000) n;
     create table shop."Odd ""name""" (a int); insert into shop."Odd ""name""" values (1), (2);
     create materialized view shop.sums as select count(*) from shop.orders`,
    'app',
  );
  await server.sql('create database "odd=name %" template template0');
  await server.sql('create table t (a int); insert into t values (7)', 'odd=name %');
  const repositoryOf = ({
    key = null,
    settings = {},
    target = {},
    name = 'repository',
    ...o
  }: DumpOptions = {}): RepositoryRef => {
    const at = o.at ?? path.join(folder, name);
    return {
      path: at,
      key,
      product: {
        service: 'shop',
        index: 0,
        places: [{ name: 'repository', path: at, remote: null, passphrase: null }],
        folder: path.join(folder, 'engine'),
        postgres: { ...server.target(), ...target },
        pgbackrest: null,
        pgDump: { format: 'directory', jobs: 2, databases: ['app'], ...settings },
        restic: null,
        retention: { fullCount: 7, fullDays: 30, incrementalDays: 7 },
        drill: null,
      },
    };
  };
  return {
    server,
    folder,
    repositoryOf,
    async prepared(options = {}) {
      const repository = repositoryOf(options);
      valueOf(await engine.prepare(repository, quiet.signal));
      return repository;
    },
    async databases() {
      const rows = await server.sql<{ name: string }>(
        'select datname as name from pg_database where not datistemplate order by 1',
      );
      return rows.map((r) => r.name);
    },
  };
}

export async function endDumps(): Promise<void> {
  await stopServers();
  await cleanUp();
}
