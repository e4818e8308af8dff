import { execFileSync, spawnSync } from 'node:child_process';
import { chownSync, existsSync, readFileSync, readlinkSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import type pg from 'pg';
import type { PostgresTarget, UnixUser } from '../../src/engines/postgres-target.ts';
import { lookForServers, parseStat, signalServers } from '../../src/engines/failover/postgres/sight.ts';
import { asUser, connect, mend, ownedFolder, postgresBin, serverOwner } from './postgres-machine.ts';
import { freePort, run, startProcess, tempFolder, waitUntil, type RunningProcess } from './processes.ts';

export { idsAt, startCanary, type Canary } from './canary.ts';
export { asUser, ownedFolder, postgresBin, serverOwner } from './postgres-machine.ts';

// Real PostgreSQL servers for tests: private folders, free ports, stopped by pid and by nothing else.

const superuser = 'postgres';

export type StopMode = 'smart' | 'fast' | 'immediate';

export interface ServerOptions {
  /** Where its folder is made; on the path to it, folders below the temporary one are made passable for the server's user. */
  readonly folder: string;
  /** Folder within, and how failures call it. Default `primary`. */
  readonly name?: string;
  /** Lines of postgresql.conf: name → value as it stands behind the `=`; texts need their own quotes. */
  readonly settings?: Readonly<Record<string, string>>;
  /** Lines of pg_hba.conf put before those that trust everyone on this machine. */
  readonly hba?: readonly string[];
  /** Switches archiving on. */
  readonly archiveCommand?: string;
  /** MiB; small ones make WAL turn over quickly. Default 16, as PostgreSQL's. */
  readonly walSegmentMb?: number;
}

export interface StandbyOptions {
  /** Its application_name. */
  readonly name: string;
  /** Physical slot that is made on the primary; none when absent. */
  readonly slot?: string;
  /** Default: beside the primary. */
  readonly folder?: string;
  readonly settings?: Readonly<Record<string, string>>;
  /** Port on 127.0.0.1 that it streams through instead of the primary's own, e.g. a link that the test can cut. */
  readonly viaPort?: number;
}

export interface TestServer {
  readonly name: string;
  readonly data: string;
  readonly port: number;
  readonly socketFolder: string;
  /** Superuser of the database, trusted without a password on the socket and on 127.0.0.1. */
  readonly user: string;
  /** Folder of the programs of the newest installed PostgreSQL. */
  readonly bin: string;
  /** Whom the server runs as where the tests are root; files that it shall read or write must be theirs. */
  readonly asOwner: UnixUser | undefined;
  readonly pid: number;
  running(): boolean;
  /** The server as engines are given it. */
  target(standbys?: readonly TestServer[]): PostgresTarget;
  /** Rows of the last statement as `pg` parses them. */
  sql<R extends Record<string, unknown> = Record<string, unknown>>(text: string, database?: string): Promise<R[]>;
  /** Runs a program of PostgreSQL as the server's user, connected by PGHOST, PGPORT and PGUSER. Throws on another exit code than 0. */
  program(name: string, args: readonly string[], deadlineMs?: number): Promise<string>;
  /** Adds lines to postgresql.conf (the last one of a name counts) and has it read again. */
  configure(settings: Readonly<Record<string, string>>): Promise<void>;
  /** After `stop` or `kill`. */
  start(): Promise<void>;
  /** Default fast. */
  stop(mode?: StopMode): Promise<void>;
  /** kill -9 of the postmaster; resolves when its children have gone too. */
  kill(): Promise<void>;
  output(): string;
}

const servers = new Set<TestServer>();

/** For afterAll, before `cleanUp`: stops every server of this file, the newest first. */
export async function stopServers(): Promise<void> {
  for (const server of [...servers].reverse()) {
    await server.stop('immediate');
    await endStrays(server.data);
    removeSegment(server.data);
  }
  servers.clear();
}

/** The postmaster that something else than the test has started on its folder; null: none runs. */
function adopted(data: string): number | null {
  const file = path.join(data, 'postmaster.pid');
  const pid = existsSync(file) ? Number(readFileSync(file, 'utf8').split('\n')[0]) : 0;
  if (!(pid > 0) || hasEnded(pid)) return null;
  return readlinkSync(`/proc/${pid}/cwd`) === data ? pid : null;
}

/** PostgreSQL takes a postmaster that was killed for alive until its parent has taken note; some containers have none that does. */
function removeDeadLocks({ data, socketFolder, port }: Place): void {
  if (adopted(data) !== null) return;
  for (const file of [path.join(data, 'postmaster.pid'), path.join(socketFolder, `.s.PGSQL.${port}.lock`)])
    rmSync(file, { force: true });
}

/** One whose parent has not taken note has ended, too. */
function hasEnded(pid: number): boolean {
  try {
    return parseStat(pid, readFileSync(`/proc/${pid}/stat`, 'utf8')) === null;
  } catch {
    return true;
  }
}

/** Servers that something else than the test has started on its folder. */
async function endStrays(data: string): Promise<void> {
  const beside = ['', '.genesis-rewinding', '.genesis-old'].map((suffix) => `${data}${suffix}`);
  for (const folder of beside) {
    const strays = (await lookForServers(folder))?.processes ?? [];
    await signalServers(strays, 'SIGKILL');
    await gone(strays.map(({ pid }) => pid));
  }
}

/** A server that was killed leaves a small segment of shared memory for its successor to find; here none comes. */
function removeSegment(data: string): void {
  const file = path.join(data, 'postmaster.pid');
  if (!existsSync(file)) return; // it stopped in order
  const [, id] = /^\s*\d+\s+(\d+)\s*$/.exec(readFileSync(file, 'utf8').split('\n')[6] ?? '') ?? [];
  if (id !== undefined) spawnSync('ipcrm', ['-m', id], { stdio: 'ignore' });
}

function confOf(settings: Readonly<Record<string, string>>): string {
  return Object.entries(settings)
    .map(([name, value]) => `${name} = ${value}\n`)
    .join('');
}

/** Durable enough for kill -9 of processes; only a crash of the machine would lose something. */
function baseSettings(port: number, socketFolder: string): Record<string, string> {
  return {
    port: String(port),
    listen_addresses: "'127.0.0.1'",
    unix_socket_directories: `'${socketFolder}'`,
    fsync: 'off',
    // In the data folder: what a killed server leaves goes with it.
    dynamic_shared_memory_type: 'mmap',
    shared_buffers: '32MB',
    max_connections: '60',
    wal_level: 'replica',
    max_wal_senders: '8',
    max_replication_slots: '8',
    hot_standby: 'on',
    max_wal_size: '256MB',
    timezone: "'UTC'",
    log_timezone: "'UTC'",
    log_min_messages: 'warning',
  };
}

const trusting = [
  'local all all trust',
  'host all all 127.0.0.1/32 trust',
  'local replication all trust',
  'host replication all 127.0.0.1/32 trust',
];

interface Place {
  readonly name: string;
  readonly folder: string;
  readonly port: number;
  readonly data: string;
  readonly socketFolder: string;
  readonly bin: string;
  readonly owner: UnixUser | undefined;
}

async function placeOf(name: string, folder: string): Promise<Place> {
  const owner = serverOwner();
  const own = ownedFolder(path.join(folder, name), owner);
  // Its path must stay below 100 bytes whatever the test's folder is.
  const socketFolder = ownedFolder(tempFolder('gsock-'), owner);
  return {
    name,
    folder: own,
    port: await freePort(),
    data: path.join(own, 'data'),
    socketFolder,
    bin: postgresBin(),
    owner,
  };
}

async function runProgram(
  place: Pick<Place, 'bin' | 'owner'>,
  name: string,
  args: readonly string[],
  options: { readonly env?: Readonly<Record<string, string>>; readonly deadlineMs?: number } = {},
): Promise<string> {
  const [file, argv] = asUser(place.owner, path.join(place.bin, name), args);
  const ended = await run({
    name,
    file,
    args: argv,
    cwd: '/',
    mend,
    env: { LC_ALL: 'C', TZ: 'UTC', ...options.env },
    deadlineMs: options.deadlineMs ?? 60_000,
  });
  if (ended.exitCode !== 0) throw new Error(`${name} ended with ${ended.exitCode}:\n${ended.output.slice(-4000)}`);
  return ended.output;
}

function writeOwned(place: Place, file: string, text: string): void {
  writeFileSync(file, text, { mode: 0o600 });
  if (place.owner !== undefined) chownSync(file, place.owner.uid, place.owner.gid);
}

/** A new cluster with checksums (UTF8, locale C) that has been started and answers. */
export async function startPostgres(options: ServerOptions): Promise<TestServer> {
  const place = await placeOf(options.name ?? 'primary', options.folder);
  const segment = options.walSegmentMb === undefined ? [] : [`--wal-segsize=${options.walSegmentMb}`];
  const flags = ['--data-checksums', '--auth=trust', '--encoding=UTF8', '--locale=C', '--no-sync', '--no-instructions'];
  await runProgram(place, 'initdb', ['-D', place.data, '-U', superuser, ...flags, ...segment]);
  const archive: Readonly<Record<string, string>> =
    options.archiveCommand === undefined ? {} : { archive_mode: 'on', archive_command: quoted(options.archiveCommand) };
  const settings = { ...baseSettings(place.port, place.socketFolder), ...archive, ...options.settings };
  writeOwned(place, path.join(place.data, 'postgresql.conf'), confOf(settings));
  writeOwned(place, path.join(place.data, 'pg_hba.conf'), `${[...(options.hba ?? []), ...trusting].join('\n')}\n`);
  const server = serverOf(place);
  await server.start();
  return server;
}

/** A streaming standby, made with pg_basebackup, that has connected to its primary. */
export async function startStandby(primary: TestServer, options: StandbyOptions): Promise<TestServer> {
  const place = await placeOf(options.name, options.folder ?? path.dirname(path.dirname(primary.data)));
  const slot = options.slot === undefined ? [] : ['--create-slot', `--slot=${options.slot}`];
  const from = ['-h', '127.0.0.1', '-p', String(primary.port), '-U', superuser];
  const how = ['-D', place.data, '--wal-method=stream', '--checkpoint=fast', '--no-sync', ...slot];
  await runProgram(place, 'pg_basebackup', [...from, ...how], { deadlineMs: 120_000 });
  const via = options.viaPort ?? primary.port;
  const settings = {
    ...baseSettings(place.port, place.socketFolder),
    primary_conninfo: `'host=127.0.0.1 port=${via} user=${superuser} application_name=${options.name}'`,
    ...(options.slot === undefined ? {} : { primary_slot_name: `'${options.slot}'` }),
    // A link that is back is used again at once; the default of 5 s only makes tests slower.
    wal_retrieve_retry_interval: "'500ms'",
    ...options.settings,
  };
  writeOwned(place, path.join(place.data, 'postgresql.conf'), confOf(settings));
  writeOwned(place, path.join(place.data, 'standby.signal'), '');
  const server = serverOf(place);
  await server.start();
  await waitUntil(`${options.name} streams`, async () => {
    const rows = await primary.sql<{ state: string }>(
      `SELECT state FROM pg_stat_replication WHERE application_name = '${options.name}' AND state = 'streaming'`,
    );
    return rows.length === 1;
  });
  return server;
}

function quoted(text: string): string {
  return `'${text.replaceAll("'", "''")}'`;
}

const stopSignals = { smart: 'SIGTERM', fast: 'SIGINT', immediate: 'SIGQUIT' } as const;

function serverOf(place: Place): TestServer {
  let current: RunningProcess | null = null;
  const { name, data, port, socketFolder, bin, owner } = place;
  const client = { PGHOST: socketFolder, PGPORT: String(port), PGUSER: superuser, PGDATABASE: 'postgres' };
  const sql: TestServer['sql'] = async <R extends Record<string, unknown>>(text: string, database?: string) => {
    const session = await connect(server, database);
    try {
      const answer = (await session.query(text)) as unknown as pg.QueryResult<R> | pg.QueryResult<R>[];
      return (Array.isArray(answer) ? answer.at(-1)?.rows : answer.rows) ?? [];
    } finally {
      await session.end();
    }
  };
  const server: TestServer = {
    name,
    data,
    port,
    socketFolder,
    user: superuser,
    bin,
    asOwner: owner,
    get pid() {
      if (current === null) throw new Error(`${name} was never started`);
      return current.running() ? current.pid : (adopted(data) ?? current.pid);
    },
    running: () => current?.running() === true || adopted(data) !== null,
    target: (standbys = []) => ({
      ...connectionOf(server),
      data,
      bin,
      runAs: owner ?? null,
      standbys: standbys.map((standby) => ({ ...connectionOf(standby), name: standby.name })),
    }),
    sql,
    program: (program, args, deadlineMs) =>
      runProgram(place, program, args, { env: client, ...(deadlineMs === undefined ? {} : { deadlineMs }) }),
    async configure(settings) {
      const file = path.join(data, 'postgresql.conf');
      writeOwned(place, file, readFileSync(file, 'utf8') + confOf(settings));
      if (server.running()) await sql('SELECT pg_reload_conf()');
    },
    async start() {
      if (server.running()) return;
      removeDeadLocks(place);
      current = await launch(place);
      servers.add(server);
      await answers(server, current);
    },
    async stop(mode = 'fast') {
      if (current === null || !server.running()) return;
      const { pid } = server;
      const children = childrenOf(pid);
      if (current.running()) await current.stop(stopSignals[mode], 30_000);
      else process.kill(pid, stopSignals[mode]);
      await gone([pid, ...children]);
    },
    async kill() {
      if (current === null || !server.running()) return;
      const { pid } = server;
      const children = childrenOf(pid);
      if (current.running()) await current.kill9();
      else process.kill(pid, 'SIGKILL');
      await gone([pid, ...children]);
    },
    output: () => current?.output() ?? '',
  };
  return server;
}

function connectionOf(server: TestServer): Omit<PostgresTarget, 'data' | 'bin' | 'runAs' | 'standbys'> {
  const { socketFolder: host, port, user } = server;
  return { host, port, user, password: null, database: 'postgres', tlsCa: null };
}

function launch(place: Place): Promise<RunningProcess> {
  const [file, args] = asUser(place.owner, path.join(place.bin, 'postgres'), ['-D', place.data]);
  return startProcess({ name: place.name, file, args, cwd: place.data, mend, env: { LC_ALL: 'C', TZ: 'UTC' } });
}

/** A standby answers once it is consistent; a primary after its crash recovery. */
async function answers(server: TestServer, process: RunningProcess): Promise<void> {
  await waitUntil(`${server.name} answers`, async () => (await server.sql('SELECT 1')).length === 1, {
    deadlineMs: 60_000,
    processes: [process],
  });
}

function childrenOf(pid: number): readonly number[] {
  try {
    return execFileSync('ps', ['-o', 'pid=', '--ppid', String(pid)], { encoding: 'utf8' })
      .split('\n')
      .map((line) => Number(line.trim()))
      .filter((child) => child > 0);
  } catch {
    return []; // ps exits with 1 when there is none
  }
}

/** Backends notice the end of their postmaster by themselves; until then they hold its shared memory. */
async function gone(pids: readonly number[]): Promise<void> {
  await waitUntil('the children of the server have ended', () => pids.every(hasEnded), {
    deadlineMs: 20_000,
    intervalMs: 50,
  });
}
