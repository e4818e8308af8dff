import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { asUser, ownedFolder, startPostgres, type TestServer } from '../../exporter/e2e/support/postgres.ts';
import { connect } from '../../exporter/e2e/support/postgres-machine.ts';
import { startGenesis, type Genesis } from '../../exporter/e2e/support/genesis.ts';
import { checkout, sleep, startProcess, waitUntil } from '../../exporter/e2e/support/processes.ts';
import type { Operation } from '../../exporter/src/contract/operation.ts';
import { archiveCommand } from '../../exporter/src/engines/backup/pgbackrest/conf.ts';
import { parseInfo } from '../../exporter/src/engines/backup/pgbackrest/info.ts';
import { peakMiB, processorOf, syncSeconds } from './cost.ts';

/** One database of pgbench with one repository, backed up and restored by Genesis' server or by pgBackRest alone. */

const run = promisify(execFile);
export const service = 'bench';
export const tables = 20;

export type BackupKind = 'full' | 'incremental';

export interface Sample {
  readonly seconds: number;
  /** Processor seconds of Genesis' own process; null: it had no part. */
  readonly own: number | null;
  /** Those of the commands. */
  readonly engine: number;
}

export interface Bench {
  readonly server: TestServer;
  readonly bytes: number;
  pid(): number;
  /** Of all runs of Genesis' server so far but the first start, MiB. */
  peak(): number;
  /** Of the start that found nothing compiled, and the quarter of a minute after it, MiB. */
  firstStart(): number;
  /** Ends the server of Genesis, if one runs, and starts it; verification after each backup is on or off. */
  start(o: { readonly verify: boolean }): Promise<void>;
  stop(): Promise<void>;
  ask(route: string, body: unknown): Promise<{ readonly operation: Operation; readonly sample: Sample }>;
  get<T>(route: string): Promise<T>;
  idle(seconds: number): Promise<Sample>;
  bareBackup(type: BackupKind, verify: boolean): Promise<Sample>;
  bareRestore(label: string, folder: string): Promise<Sample>;
  newest(): Promise<{ readonly label: string; readonly type: string; readonly stored: number }>;
  remove(label: string): Promise<void>;
  /** Updates a twentieth of the accounts: rewrites one file of twenty. */
  change(): Promise<void>;
  rowsIn(data: string): Promise<number>;
}

/** `nodeOptions` are given to Genesis' server, e.g. for a profile. */
export async function createBench(folder: string, scale: number, nodeOptions?: string): Promise<Bench> {
  const home = join(folder, 'home');
  const conf = join(home, 'engines', service, 'pgbackrest.conf');
  const server = await startPostgres({
    folder,
    // Loading is no part of what is measured.
    archiveCommand: '/bin/true',
    settings: { fsync: 'on', shared_buffers: '256MB', max_wal_size: '4GB', maintenance_work_mem: '256MB' },
  });
  const load = ['-i', '-q', '-s', String(scale), `--partitions=${tables}`, '-I', 'dtgvp', 'postgres'];
  await server.program('pgbench', load, 3_600_000);
  await server.sql('CHECKPOINT');
  const [size] = await server.sql<{ bytes: string }>('SELECT pg_database_size(current_database()) AS bytes');
  await server.configure({
    archive_command: `'${archiveCommand(join(home, 'engines', service), service, 'pgbackrest')}'`,
  });
  const state: { genesis: Genesis | null; peak: number; firstStart: number } = {
    genesis: null,
    peak: 0,
    firstStart: 0,
  };
  const running = (): Genesis => {
    if (state.genesis === null) throw new Error('Genesis does not run');
    return state.genesis;
  };
  const stop = async (): Promise<void> => {
    if (state.genesis === null) return;
    state.peak = Math.max(state.peak, peakMiB(state.genesis.pid));
    await state.genesis.stop();
    state.genesis = null;
  };
  const pgbackrest = async (...args: string[]): Promise<string> => {
    const [file, argv] = asUser(server.asOwner, 'pgbackrest', [`--config=${conf}`, `--stanza=${service}`, ...args]);
    const { stdout } = await run(file, argv, { cwd: '/', env: bareEnvironment, maxBuffer: 2 ** 26 });
    return stdout;
  };
  const quiet = ['--log-level-console=off', '--log-level-stderr=warn'];
  const newest = async (): ReturnType<Bench['newest']> => {
    const info = parseInfo(await pgbackrest(...quiet, '--repo=1', 'info', '--output=json'), service);
    const last = info.ok ? info.value?.backup.at(-1) : undefined;
    if (last === undefined || last.error === true) throw new Error('the newest backup is missing or has errors');
    return { label: last.label, type: last.type, stored: last.info.repository.delta ?? 0 };
  };
  return {
    server,
    bytes: Number(size?.bytes),
    pid: () => running().pid,
    peak: () => Math.max(state.peak, state.genesis === null ? 0 : peakMiB(state.genesis.pid)),
    firstStart: () => state.firstStart,
    async start({ verify }) {
      await stop();
      const cache = join(folder, 'compile-cache');
      const env = { NODE_COMPILE_CACHE: cache, ...(nodeOptions === undefined ? {} : { NODE_OPTIONS: nodeOptions }) };
      const config = configOf(server, verify);
      const program = join(checkout, 'exporter/bin/genesis.mjs');
      // The very first start compiles everything: it is told apart, for it is not what runs for months.
      if (!existsSync(cache)) {
        const first = await startGenesis({ home, config, env, program });
        await sleep(15_000);
        state.firstStart = peakMiB(first.pid);
        await first.stop();
      }
      state.genesis = await startGenesis({ home, config, env, program });
      // Its first minute is not like the others: first observations are made.
      await sleep(15_000);
    },
    stop,
    ask: (route, body) => askGenesis(running(), folder, route, body),
    get: async <T>(route: string) => (await running().api<T>('GET', route)).body,
    async idle(seconds) {
      const before = processorOf(running().pid);
      await sleep(seconds * 1000);
      const after = processorOf(running().pid);
      return { seconds, own: after.own - before.own, engine: after.children - before.children };
    },
    bareBackup: (type, verify) =>
      bare(folder, async () => {
        const kind = `--type=${{ full: 'full', incremental: 'incr' }[type]}`;
        await pgbackrest(...quiet, '--repo=1', 'backup', kind, '--start-fast', '--no-expire-auto');
        if (verify) await pgbackrest(...quiet, '--repo=1', 'verify', '--output=text', '--verbose');
      }),
    bareRestore: (label, target) =>
      bare(folder, async () => {
        const data = join(ownedFolder(target, server.asOwner), 'cluster');
        const how = ['--archive-mode=off', '--type=default', `--lock-path=${join(target, 'lock')}`];
        await pgbackrest(...quiet, '--repo=1', 'restore', `--set=${label}`, `--pg1-path=${data}`, ...how);
        await recoverBare(server, data, target);
      }),
    newest,
    async remove(label) {
      await pgbackrest(...quiet, '--repo=1', 'expire', `--set=${label}`);
    },
    async change() {
      // Vacuumed, so that the file keeps its size whatever was done before.
      await server.sql('UPDATE pgbench_accounts_1 SET abalance = abalance + 1');
      await server.sql('VACUUM pgbench_accounts_1');
      await server.sql('CHECKPOINT');
    },
    rowsIn: (data) => countRows(server, data),
  };
}

const bareEnvironment = { PATH: process.env['PATH'] ?? '/usr/bin:/bin', LC_ALL: 'C.UTF-8' };

function configOf(server: TestServer, verify: boolean): Record<string, unknown> {
  const { host, port, user } = server.target();
  return {
    services: [
      {
        name: service,
        backup: {
          engine: 'pgbackrest',
          schedules: { full: null, incremental: null },
          retention: { full_count: 1000 },
          verify_after: verify,
        },
        drills: { schedule: null },
        postgres: { host, port, user, data: server.data, drill: { level: 4, max_age: '1h' } },
      },
    ],
    api: { requests_per_minute: 1_000_000 },
  };
}

/** What the end of an operation sets off (readings, metrics) is part of its cost. */
const aftermathMs = 1000;

/**
 * Follows the event stream, as the console does: each question would cost 2 to 3 ms. The end is the operation's own, by the clock that
 * began the measurement.
 */
async function askGenesis(
  genesis: Genesis,
  folder: string,
  route: string,
  body: unknown,
): Promise<{ operation: Operation; sample: Sample }> {
  const events = await listen(genesis);
  try {
    await syncSeconds(folder);
    const before = processorOf(genesis.pid);
    const beginMs = Date.now();
    const asked = await genesis.api<Operation>('POST', route, body);
    if (asked.status !== 202) throw new Error(`${route}: ${asked.status} ${asked.text}`);
    const operation = await events.endOf(asked.body.id);
    const toldMs = Date.now();
    if (operation.state !== 'succeeded') throw new Error(JSON.stringify(operation, null, 1));
    const endMs = Date.parse(operation.endedAt ?? '');
    if (!(endMs >= beginMs && endMs <= toldMs)) throw new Error(`it says that it ended at ${operation.endedAt}`);
    const seconds = (endMs - beginMs) / 1000 + (await syncSeconds(folder));
    await sleep(Math.max(0, aftermathMs - (Date.now() - toldMs)));
    const after = processorOf(genesis.pid);
    return { operation, sample: { seconds, own: after.own - before.own, engine: after.children - before.children } };
  } finally {
    events.close();
  }
}

/** The stream of events; what came before it is asked for is kept. */
async function listen(genesis: Genesis): Promise<{ endOf(id: string): Promise<Operation>; close(): void }> {
  const controller = new AbortController();
  const answer = await fetch(`${genesis.url}/api/v1/events`, {
    headers: { authorization: `Bearer ${genesis.tokens.admin}` },
    signal: controller.signal,
  });
  if (!answer.ok || answer.body === null) throw new Error(`/events: ${answer.status}`);
  // Locked at once: Node ends a body that nobody reads yet when the answer it came with is collected.
  const frames = framesOf(answer.body.pipeThrough(new TextDecoderStream()));
  return {
    close: () => controller.abort(),
    async endOf(id) {
      for await (const frame of frames) {
        const data = /^event: operation\ndata: (.*)$/m.exec(frame)?.[1];
        if (data === undefined) continue;
        const operation = JSON.parse(data) as Operation;
        if (operation.id === id && operation.endedAt !== null) return operation;
      }
      throw new Error('the stream of events was closed');
    },
  };
}

async function* framesOf(texts: ReadableStream<string>): AsyncGenerator<string> {
  let rest = '';
  for await (const text of texts) {
    const frames = (rest + text).split('\n\n');
    rest = frames.pop() ?? '';
    yield* frames;
  }
}

async function bare(folder: string, work: () => Promise<void>): Promise<Sample> {
  await syncSeconds(folder);
  const before = processorOf(process.pid);
  const begin = performance.now();
  await work();
  await syncSeconds(folder);
  const seconds = (performance.now() - begin) / 1000;
  return { seconds, own: null, engine: processorOf(process.pid).children - before.children };
}

/** What everybody has to do after `pgbackrest restore`: start, wait for the end of recovery, stop. A child, so that its time counts. */
async function recoverBare(server: TestServer, data: string, folder: string): Promise<void> {
  const socketFolder = ownedFolder(join(folder, 's'), server.asOwner);
  const settings = ['listen_addresses=', `unix_socket_directories=${socketFolder}`, 'archive_mode=off'];
  const args = ['-D', data, ...settings.flatMap((setting) => ['-c', setting])];
  const [file, argv] = asUser(server.asOwner, join(server.bin, 'postgres'), args);
  const started = await startProcess({ name: 'alone', file, args: argv, cwd: '/', env: bareEnvironment });
  await waitUntil(
    'recovery has ended',
    async () => {
      const session = await connect({ socketFolder, port: server.port, user: server.user });
      const answer = await session.query<{ still: boolean }>('SELECT pg_is_in_recovery() AS still');
      await session.end();
      return answer.rows[0]?.still === false;
    },
    { deadlineMs: 3_600_000, processes: [started] },
  );
  await started.stop('SIGINT', 600_000);
}

/** Single-user mode: no port, nothing to wait for; the restored cluster was stopped cleanly. */
async function countRows(server: TestServer, data: string): Promise<number> {
  const args = ['--single', '-D', data, '-c', 'archive_mode=off', 'postgres'];
  const [file, argv] = asUser(server.asOwner, join(server.bin, 'postgres'), args);
  const counted = run(file, argv, { cwd: '/', env: bareEnvironment });
  counted.child.stdin?.end('SELECT count(*) FROM pgbench_accounts\n');
  return Number(/= "(\d+)"/.exec((await counted).stdout)?.[1]);
}
