import { jest } from '@jest/globals';
import { existsSync, mkdirSync, renameSync, statSync } from 'node:fs';
import path from 'node:path';
import type { BackupRecord } from '../src/contract/backup.ts';
import { createPgbackrestEngine } from '../src/engines/backup/pgbackrest/engine.ts';
import { idsAt, startCanary, stopServers, type Canary } from './support/postgres.ts';
import {
  consistentAt,
  createBench,
  engineDeps,
  proofContext,
  quiet,
  readCanary,
  valueOf,
  type PgbackrestBench,
} from './support/pgbackrest.ts';
import { cleanUp, sleep, waitUntil } from './support/processes.ts';

// pgBackRest and PostgreSQL as Debian ships them: a server that archives into two repositories while a canary writes.

jest.setTimeout(120_000);

let bench: PgbackrestBench;
let canary: Canary;
let full: BackupRecord;
let incremental: BackupRecord;

beforeAll(async () => {
  bench = await createBench({ repositories: 2, passphrase: 'corréct horse # = battery' });
  canary = await startCanary(bench.server);
  full = await bench.backUp('full');
  await bench.backUp('differential');
  await sleep(1500);
  incremental = await bench.backUp('incremental');
  await sleep(2500);
  await bench.switchWal();
  await sleep(1200);
  await bench.switchWal();
}, 120_000);
afterAll(async () => {
  await canary.stop();
  await stopServers();
  await cleanUp();
});

it('lists what pgBackRest made, from its own catalogue, with a window without a gap', async () => {
  // A new engine knows nothing: everything is read from the repository.
  const listing = valueOf(await createPgbackrestEngine(engineDeps).inspect(bench.repository(0), 'shop', quiet.signal));

  expect(listing.records.map(({ type }) => type)).toEqual(['incremental', 'differential', 'full']);
  expect(listing.records[0]).toEqual(incremental);
  expect(listing.records[2]).toMatchObject({ id: full.id, encrypted: true, parent: null, status: 'completed' });
  expect(listing.records[1]?.parent).toBe(full.id);
  expect(listing.damaged).toEqual([]);
  expect(listing.freeBytes).toBeGreaterThan(0);
  expect(listing.pitr).toMatchObject({ gaps: [], blockIncremental: 'unsupported', version: '2.45' });
  expect(listing.pitr?.windows).toHaveLength(1);
  expect(listing.pitr?.windows[0]).toMatchObject({ timeline: 1, repository: 'repository' });
  expect(listing.pitr?.oldestRestorableAt).toBe(consistentAt(full));
});

it('keeps its files to itself: the folder and the configuration with the passphrase are the server user’s alone', () => {
  const folder = bench.repository(0).product?.folder ?? '';

  expect(statSync(folder).mode & 0o777).toBe(0o700);
  expect(statSync(path.join(folder, 'pgbackrest.conf')).mode & 0o777).toBe(0o600);
});

it('verifies', async () => {
  const report = valueOf(await bench.engine.verify(bench.repository(0), incremental.id, quiet));

  expect(report).toMatchObject({ passed: true, faults: [] });
  expect(report.chain).toHaveLength(3);
  expect(report.entries).toBeGreaterThan(900);
});

it.each([0.35, 0.8])('brings back a second of the window, at %d of it, and not a row more or less', async (share) => {
  const { pitr } = await bench.inspect();
  const [from, to] = [Date.parse(pitr?.windows[0]?.from ?? ''), Date.parse(pitr?.windows[0]?.to ?? '')];
  const at = new Date(Math.round((from + (to - from) * share) / 1000) * 1000).toISOString();
  const folder = bench.newFolder();
  const recovery = { type: 'time', at } as const;
  const plan = valueOf(
    await bench.engine.planRestore(
      bench.repository(0),
      incremental.id,
      { components: [], paths: [], recovery },
      quiet.signal,
    ),
  );

  const report = valueOf(await bench.restore(incremental.id, { kind: 'folder', path: folder }, recovery));
  const rows = await readCanary(bench, path.join(folder, 'cluster'));

  expect(plan.recovery).toMatchObject({ reachable: true, dataAsOf: at });
  expect(idsAt(canary, Date.parse(at))).toContainEqual(rows.map(({ id }) => id));
  expect(Date.parse(report.dataAsOf ?? '')).toBeLessThanOrEqual(Date.parse(at));
});

it('backs up into a second repository, whose freshness is its own', async () => {
  valueOf(await bench.engine.copy(bench.repository(0), bench.repository(1), incremental.id, quiet));
  const second = await bench.inspect(1);

  expect(second.records).toHaveLength(1);
  expect(second.records[0]).toMatchObject({ type: 'full', encrypted: false });
  expect(second.pitr?.windows[0]).toMatchObject({ repository: 'second' });
  expect((await bench.inspect(0)).records).toHaveLength(3);
});

it('goes on archiving and backing up into one repository while the other is away, and brings that up to date afterwards', async () => {
  const away = path.join(bench.folder, 'second');
  renameSync(away, `${away}.away`);
  const segment = async (): Promise<string> => {
    const rows = await bench.server.sql<{ name: string }>('SELECT pg_walfile_name(pg_switch_wal()) AS name');
    await sleep(600);
    return rows[0]?.name ?? '';
  };
  const names = [await segment(), await segment()];
  await waitUntil('both are in the first', () => names.every((name) => existsSync(bench.archived(name, 0))));
  await bench.backUp('incremental');
  const first = (await bench.inspect(0)).pitr;
  renameSync(`${away}.away`, away);
  await waitUntil('both are in the second', () => names.every((name) => existsSync(bench.archived(name, 1))), {
    deadlineMs: 60_000,
  });

  expect(first?.gaps).toEqual([]);
  expect((await bench.inspect(1)).pitr?.gaps).toEqual([]);
});

it('proves the newest state level by level', async () => {
  const folder = path.join(bench.folder, 'drill');
  mkdirSync(folder, { mode: 0o700 });
  await bench.switchWal();
  const proof = valueOf(
    (await bench.engine.prove?.(
      {
        operationId: 'drill',
        repository: bench.repository(0),
        backupId: incremental.id,
        recovery: { type: 'latest' },
        folder,
      },
      proofContext(),
    )) ?? { ok: false, error: new Error('no prove') as never },
  );

  expect(proof.levels.map(({ level, result }) => `${level} ${result}`)).toEqual([
    '1 passed',
    '2 passed',
    '3 passed',
    '4 passed',
    '5 skipped',
  ]);
  expect(proof.passed).toBe(true);
  expect(proof.phases.map(({ name }) => name)).toEqual(['restore', 'start', 'recover', 'check']);
});

it('refuses a moment before the window, behind its end, and a backup that others build upon is not removed', async () => {
  const plan = async (at: string) =>
    valueOf(
      await bench.engine.planRestore(
        bench.repository(0),
        incremental.id,
        { components: [], paths: [], recovery: { type: 'time', at } },
        quiet.signal,
      ),
    ).recovery;

  expect(await plan('2020-01-01T00:00:00.000Z')).toMatchObject({ reachable: false });
  expect(await plan('2100-01-01T00:00:00.000Z')).toMatchObject({ reachable: false });
  expect(await bench.engine.remove(bench.repository(0), full.id, quiet.signal)).toMatchObject({
    ok: false,
    error: { code: 'backup_needed' },
  });
});

it('removes a backup and the WAL that nothing needs any more', async () => {
  const next = await bench.backUp('full');
  const before = (await bench.inspect()).records;
  for (const { id } of before.filter(({ type }) => type === 'incremental' || type === 'differential'))
    valueOf(await bench.engine.remove(bench.repository(0), id, quiet.signal));
  valueOf(await bench.engine.remove(bench.repository(0), full.id, quiet.signal));
  const after = await bench.inspect();

  expect(after.records.map(({ id }) => id)).toEqual([next.id]);
  expect(after.pitr?.oldestRestorableAt).toBe(consistentAt(next));
  expect(after.pitr?.segments).toBeLessThan(4);
});

it('makes a full where pgBackRest refuses an increment, because the newest full was removed', async () => {
  const newer = await bench.backUp('full');
  valueOf(await bench.engine.remove(bench.repository(0), newer.id, quiet.signal));

  expect(await bench.backUp('incremental')).toMatchObject({ type: 'full', parent: null });
  expect(await bench.backUp('incremental')).toMatchObject({ type: 'incremental' });
});
