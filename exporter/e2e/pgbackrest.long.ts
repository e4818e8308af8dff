import { mkdirSync } from 'node:fs';
import path from 'node:path';
import type { BackupRecord } from '../src/contract/backup.ts';
import { archiveCommand } from '../src/engines/backup/pgbackrest/conf.ts';
import { idsAt, startCanary, startStandby, stopServers, type Canary } from './support/postgres.ts';
import {
  codeOf,
  createBench,
  engineDeps,
  proofContext,
  quiet,
  readCanary,
  requestOf,
  valueOf,
  type PgbackrestBench,
} from './support/pgbackrest.ts';
import { cleanUp, sleep, waitUntil } from './support/processes.ts';

// The long form: more seconds, more drills, and a standby that is promoted by hand while a backup runs.

let bench: PgbackrestBench;
let canary: Canary;

beforeAll(async () => {
  bench = await createBench({ passphrase: 'geheim' });
  canary = await startCanary(bench.server);
}, 120_000);
afterAll(async () => {
  await canary.stop();
  await stopServers();
  await cleanUp();
});

function drillFolder(): string {
  const folder = bench.newFolder();
  mkdirSync(folder, { mode: 0o700 });
  return folder;
}

it('brings back ten random seconds over full, differential and incremental backups, each to the row', async () => {
  const backups: BackupRecord[] = [];
  for (const type of ['full', 'differential', 'incremental', 'incremental'] as const) {
    backups.push(await bench.backUp(type));
    await sleep(4000);
    await bench.switchWal();
  }
  const window = (await bench.inspect()).pitr?.windows[0];
  const [from, to] = [Date.parse(window?.from ?? ''), Date.parse(window?.to ?? '')];
  for (let i = 0; i < 10; i++) {
    const share = engineDeps.random.bytes(4).readUInt32LE() / 2 ** 32;
    const at = new Date(
      Math.ceil(from / 1000) * 1000 + Math.floor(((to - from - 2000) * share) / 1000) * 1000,
    ).toISOString();
    const folder = bench.newFolder();
    const any = backups[i % backups.length];
    valueOf(await bench.restore(any?.id ?? '', { kind: 'folder', path: folder }, { type: 'time', at }));
    const rows = await readCanary(bench, path.join(folder, 'cluster'));

    expect(idsAt(canary, Date.parse(at))).toContainEqual(rows.map(({ id }) => id));
  }
}, 600_000);

it('passes every one of ten drills of a healthy system', async () => {
  const newest = (await bench.inspect()).records[0];
  for (let i = 0; i < 10; i++) {
    await bench.switchWal();
    const proof = valueOf(
      await bench.engine.prove!(
        {
          operationId: `drill${i}`,
          repository: bench.repository(0),
          backupId: newest?.id ?? '',
          recovery: { type: 'latest' },
          folder: drillFolder(),
        },
        proofContext(),
      ),
    );

    expect(proof.levels.filter(({ result }) => result === 'failed')).toEqual([]);
    expect(proof.passed).toBe(true);
  }
}, 600_000);

it('says what is true when a standby is promoted by hand while a backup of the primary runs', async () => {
  const own = path.join(bench.folder, 'engine-standby');
  const standby = await startStandby(bench.server, {
    name: 'standby',
    settings: { archive_mode: 'on', archive_command: `'${archiveCommand(own, 'main', 'pgbackrest')}'` },
  });
  const promoted = bench.repository(0, { postgres: standby.target(), folder: own });
  valueOf(await bench.engine.probe(promoted, quiet.signal));
  const [made] = await Promise.all([
    bench.engine.backup(requestOf(bench.repository(0), 'full'), quiet),
    (async () => {
      await sleep(300);
      await standby.sql('SELECT pg_promote()');
    })(),
  ]);
  await standby.sql('CREATE TABLE split AS SELECT 1');
  await standby.sql('SELECT pg_switch_wal()');
  await waitUntil('the new timeline is archived', async () =>
    (await bench.inspect()).pitr?.windows.some(({ timeline }) => timeline === 2),
  );
  const listing = await bench.inspect();
  const record = listing.records[0];
  const latest = valueOf(
    await bench.engine.planRestore(bench.repository(0), record?.id ?? '', { components: [], paths: [] }, quiet.signal),
  );

  // The backup of the old primary is sound for itself.
  expect(codeOf(made)).toBe('ok');
  expect(valueOf(await bench.engine.verify(bench.repository(0), record?.id ?? '', quiet)).passed).toBe(true);
  expect(listing.pitr?.gaps).toEqual([]);
  expect(new Set(listing.pitr?.windows.map(({ timeline }) => timeline))).toEqual(new Set([1, 2]));
  // The newest state is the new timeline's: from a backup that leads there, be it another one.
  expect(latest.recovery).toMatchObject({ reachable: true, timeline: 2 });
}, 300_000);
