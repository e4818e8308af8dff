import { existsSync, rmSync, statSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import type { DrillRecord, Operation } from '../../src/contract/operation.ts';
import { archiveCommand } from '../../src/engines/backup/pgbackrest/conf.ts';
import { startGenesis, type Genesis } from './genesis.ts';
import { metric } from './metrics.ts';
import { startCanary, startPostgres, type Canary, type TestServer } from './postgres.ts';
import { sleep, tempFolder, waitUntil } from './processes.ts';
import { randomOf } from './tree.ts';

/**
 * A database with a writer, and drills and restores of it timed from the outside: by this process' clock, by the files that commands of
 * the configuration leave, and by the rows that the live server acknowledged.
 */

const service = 'shop-db';
const archiveSeconds = 8;
/** Moments between two segments at which a drill begins; GENESIS_SEED makes others. */
const random = randomOf(Number(process.env['GENESIS_SEED'] ?? 20_261_122));

/** What Genesis says, and what was measured without it. */
export interface Pair {
  readonly genesis: number;
  readonly outside: number;
}

export interface TimedDrill {
  readonly record: DrillRecord;
  /** From the request until the restored data was proven. */
  readonly rto: Pair;
  /** From the newest row that was archived at the request to the request: what would have been lost just then. */
  readonly rpo: Pair;
  /** From the request until nothing of the drill is left. */
  readonly whole: Pair;
}

export interface TimedRestore {
  readonly operation: Operation;
  /** From the request until the server answers again. */
  readonly rto: Pair;
  /** Until the restore has ended, as `genesis_recovery_duration_seconds` has it. */
  readonly whole: Pair;
  /** From the newest restored row to the newest row that was acknowledged before the server died. */
  readonly loss: Pair;
}

export interface Stopwatch {
  readonly genesis: Genesis;
  backUp(type: 'full' | 'incremental'): Promise<string>;
  drill(): Promise<TimedDrill>;
  /** Kills the server and restores the newest state in place. */
  restore(backupId: string): Promise<TimedRestore>;
  stop(): Promise<void>;
}

/** Within 5 % of what the stopwatch shows, or one second. */
export function allowedSeconds(outside: number): number {
  return Math.max(1, outside * 0.05);
}

export function differenceOf({ genesis, outside }: Pair): number {
  return Math.abs(genesis - outside);
}

interface Files {
  /** Written by the drill's check: its time is when the check ended. */
  readonly checked: string;
  /** The start command waits from here … */
  readonly wanted: string;
  /** … until this is there. */
  readonly started: string;
}

export async function startStopwatch(): Promise<Stopwatch> {
  const folder = tempFolder('genesis-watch-');
  const home = path.join(folder, 'home');
  const server = await startPostgres({
    folder,
    archiveCommand: archiveCommand(path.join(home, 'engines', service), service, 'pgbackrest'),
    settings: { archive_timeout: String(archiveSeconds) },
  });
  const canary = await startCanary(server);
  const positions = watchPositions(server);
  const files: Files = {
    checked: path.join(folder, 'checked'),
    wanted: path.join(folder, 'wanted'),
    started: path.join(folder, 'started'),
  };
  const genesis = await startGenesis({ home, config: configOf(server, folder, files) });
  return {
    genesis,
    backUp: async (type) => {
      const { operation } = await timed(genesis, '/backups', { service, type });
      return String(operation.result?.['backupId']);
    },
    drill: () => timedDrill(genesis, server, canary, positions.seen, files),
    restore: (backupId) => timedRestore(genesis, server, canary, files, backupId),
    stop: async () => {
      await canary.stop();
      await positions.stop();
      await genesis.stop();
    },
  };
}

function configOf(server: TestServer, folder: string, files: Files): Record<string, unknown> {
  const { host, port, user } = server.target();
  return {
    services: [
      {
        name: service,
        backup: { engine: 'pgbackrest', schedules: { full: null, incremental: null } },
        drills: {
          schedule: null,
          check: { command: script(path.join(folder, 'check.sh'), [`touch '${files.checked}'`]) },
        },
        restore: { start: startCommand(folder, files) },
        postgres: {
          host,
          port,
          user,
          data: server.data,
          heartbeat: { interval: '1s' },
          drill: { level: 4, canary: { table: 'public.canary', column: 'at' }, max_age: '2m' },
        },
      },
    ],
    api: { requests_per_minute: 1_000_000 },
  };
}

/** The test starts the server, as whoever runs it would. */
function startCommand(folder: string, files: Files): string[] {
  return script(path.join(folder, 'start.sh'), [
    `touch '${files.wanted}'`,
    `while [ ! -e '${files.started}' ]; do sleep 0.02; done`,
  ]);
}

function script(file: string, lines: readonly string[]): string[] {
  writeFileSync(file, ['#!/bin/sh', ...lines, ''].join('\n'), { mode: 0o700 });
  return ['/bin/sh', file];
}

interface Timed {
  readonly operation: Operation;
  readonly beginMs: number;
  /** When its end was seen. */
  readonly endMs: number;
}

async function timed(genesis: Genesis, route: string, body: unknown, meanwhile = async () => {}): Promise<Timed> {
  const beginMs = Date.now();
  const asked = await genesis.api<Operation>('POST', route, body);
  if (asked.status !== 202) throw new Error(`${route}: ${asked.status} ${asked.text}`);
  await meanwhile();
  for (;;) {
    const { body: operation } = await genesis.api<Operation>('GET', `/operations/${asked.body.id}`);
    if (operation.endedAt === null) await sleep(50);
    else if (operation.state === 'succeeded') return { operation, beginMs, endMs: Date.now() };
    else throw new Error(JSON.stringify(operation, null, 1));
  }
}

interface Position {
  readonly atMs: number;
  /** The segment that was written then. */
  readonly segment: string;
}

/** Where the WAL of the server stands, five times a second. */
function watchPositions(server: TestServer): { readonly seen: readonly Position[]; stop(): Promise<void> } {
  const seen: Position[] = [];
  let ended = false;
  const look = async (): Promise<void> => {
    const [row] = await server.sql<{ at: Date; segment: string }>(
      'SELECT clock_timestamp() AS at, pg_walfile_name(pg_current_wal_lsn()) AS segment',
    );
    if (row !== undefined) seen.push({ atMs: Number(row.at), segment: row.segment });
  };
  const loop = (async () => {
    while (!ended) {
      await look().catch(() => {}); // the server is away
      await sleep(200);
    }
  })();
  return {
    seen,
    stop: async () => {
      ended = true;
      await loop;
    },
  };
}

/** Right after a segment was archived, and a little later: the next one is not due while the drill begins. */
async function quietMoment(server: TestServer): Promise<string> {
  const archived = async (): Promise<string> => {
    const [row] = await server.sql<{ name: string | null }>('SELECT last_archived_wal AS name FROM pg_stat_archiver');
    return row?.name?.slice(0, 24) ?? '';
  };
  const before = await archived();
  const now = await waitUntil(
    'the next segment is archived',
    async () => {
      const name = await archived();
      return name !== before && name;
    },
    { deadlineMs: 4 * archiveSeconds * 1000 },
  );
  await sleep(random() * 3000);
  return now;
}

async function timedDrill(
  genesis: Genesis,
  server: TestServer,
  canary: Canary,
  positions: readonly Position[],
  files: Files,
): Promise<TimedDrill> {
  rmSync(files.checked, { force: true });
  const archived = await quietMoment(server);
  const { operation, beginMs, endMs } = await timed(genesis, `/services/${service}/drills`, {});
  const { body } = await genesis.api<{ items: readonly DrillRecord[] }>('GET', `/drills?operationId=${operation.id}`);
  const [record] = body.items;
  if (record === undefined) throw new Error(`no record of the drill ${operation.id}`);
  const untilMs = positions.findLast(({ segment }) => segment <= archived)?.atMs ?? NaN;
  const newestMs = canary.acknowledged.findLast(({ at }) => at <= untilMs)?.at ?? NaN;
  return {
    record,
    rto: { genesis: record.rtoSeconds ?? NaN, outside: (statSync(files.checked).mtimeMs - beginMs) / 1000 },
    rpo: { genesis: record.rpoSeconds ?? NaN, outside: (beginMs - newestMs) / 1000 },
    whole: {
      genesis: (Date.parse(record.endedAt) - Date.parse(record.startedAt)) / 1000,
      outside: (endMs - beginMs) / 1000,
    },
  };
}

async function timedRestore(
  genesis: Genesis,
  server: TestServer,
  canary: Canary,
  files: Files,
  backupId: string,
): Promise<TimedRestore> {
  for (const file of [files.wanted, files.started]) rmSync(file, { force: true });
  const spentBefore = await recoverySeconds(genesis);
  await server.kill();
  const lastMs = canary.acknowledged.at(-1)?.at ?? NaN;
  let answersMs = NaN;
  const { operation, beginMs, endMs } = await timed(
    genesis,
    `/backups/${backupId}/restore`,
    { target: { kind: 'in_place' }, recovery: { type: 'latest' }, confirm: service, reason: 'the server has died' },
    async () => {
      while (!existsSync(files.wanted)) {
        const { body } = await genesis.api<{ items: readonly Operation[] }>('GET', '/operations?limit=1');
        if (body.items[0]?.endedAt !== null) throw new Error(JSON.stringify(body.items[0], null, 1));
        await sleep(50);
      }
      await server.start();
      answersMs = Date.now();
      writeFileSync(files.started, '');
    },
  );
  // Rows of before alone: the writer goes on by itself.
  const [row] = await server.sql<{ at: Date }>(
    `SELECT max(at) AS at FROM canary WHERE at <= to_timestamp(${lastMs + 1} / 1000.0)`,
  );
  const spent = (await recoverySeconds(genesis)) - spentBefore;
  const start = operation.steps.find(({ name }) => name === 'start the service');
  return {
    operation,
    rto: {
      genesis: (Date.parse(start?.endedAt ?? '') - Date.parse(operation.createdAt)) / 1000,
      outside: (answersMs - beginMs) / 1000,
    },
    whole: { genesis: spent, outside: (endMs - beginMs) / 1000 },
    loss: {
      genesis: (lastMs - Date.parse(String(operation.result?.['dataAsOf']))) / 1000,
      outside: (lastMs - Number(row?.at)) / 1000,
    },
  };
}

async function recoverySeconds(genesis: Genesis): Promise<number> {
  const values = await metric(genesis, 'genesis_recovery_duration_seconds_sum', { service, result: 'success' });
  return values[0] ?? 0;
}
