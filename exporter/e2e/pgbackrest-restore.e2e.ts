import { jest } from '@jest/globals';
import { existsSync, mkdirSync, readFileSync, readdirSync, realpathSync, renameSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import type { BackupRecord } from '../src/contract/backup.ts';
import { ownedFolder, startPostgres, stopServers } from './support/postgres.ts';
import { codeOf, createBench, onRestored, quiet, valueOf, type PgbackrestBench } from './support/pgbackrest.ts';
import { cleanUp, sleep, waitUntil } from './support/processes.ts';

// Restores in place and beside, of a cluster with a tablespace outside of its data folder.

jest.setTimeout(120_000);

let bench: PgbackrestBench;
let backup: BackupRecord;
let tablespace: string;
/** Between the rows `good` and `bad`. */
let moment: string;

beforeAll(async () => {
  bench = await createBench();
  tablespace = ownedFolder(path.join(bench.folder, 'outside'));
  await bench.server.sql(`CREATE TABLESPACE outside LOCATION '${tablespace}'`);
  await bench.server.sql('CREATE TABLE kept (what text) TABLESPACE outside');
  backup = await bench.backUp('full');
  await bench.server.sql("INSERT INTO kept VALUES ('good')");
  await sleep(1200);
  moment = new Date(Math.floor(Date.now() / 1000) * 1000).toISOString();
  await sleep(1200);
  await bench.server.sql("INSERT INTO kept VALUES ('bad')");
  await bench.switchWal();
}, 120_000);
afterAll(async () => {
  await stopServers();
  await cleanUp();
});

const inPlace = () => ({
  kind: 'in_place' as const,
  roots: [{ component: 'cluster', root: 'cluster', path: bench.server.data }],
});
const rowsLive = async () =>
  (await bench.server.sql<{ what: string }>('SELECT what FROM kept')).map(({ what }) => what);

it('beside: a cluster of its own, tablespaces inside its folder, archiving off, the live one untouched', async () => {
  const folder = bench.newFolder();
  const plan = valueOf(
    await bench.engine.planRestore(bench.repository(0), backup.id, { components: [], paths: [] }, quiet.signal),
  );
  const report = valueOf(
    await bench.restore(backup.id, { kind: 'folder', path: folder }, { type: 'time', at: moment }),
  );
  const data = path.join(folder, 'cluster');
  const rows = await onRestored(bench, data, async (query) => query('SELECT what FROM kept'));
  const links = readdirSync(path.join(data, 'pg_tblspc'));

  expect(plan.roots.map((root) => root.path)).toEqual([bench.server.data, tablespace]);
  expect(rows).toEqual(['good']);
  expect(report.replaced).toEqual([]);
  expect(readdirSync(folder).sort()).toEqual(['cluster', 'tablespaces']);
  expect(links).toHaveLength(1);
  expect(realpathSync(path.join(data, 'pg_tblspc', links[0] ?? ''))).toBe(path.join(folder, 'tablespaces', 'outside'));
  const auto = readFileSync(path.join(data, 'postgresql.auto.conf'), 'utf8');
  expect(auto).toContain("archive_mode = 'off'");
  expect(auto).not.toMatch(/restore_command|recovery_target/);
  expect(await rowsLive()).toEqual(['good', 'bad']);
});

it('refuses a folder that is not empty, and a running server', async () => {
  const folder = bench.newFolder();
  mkdirSync(folder);
  writeFileSync(path.join(folder, 'mine'), '');

  expect(codeOf(await bench.restore(backup.id, { kind: 'folder', path: folder }, { type: 'latest' }))).toBe(
    'target_not_empty',
  );
  expect(codeOf(await bench.restore(backup.id, inPlace(), { type: 'latest' }))).toBe('target_running');
  expect(readdirSync(folder)).toEqual(['mine']);
  expect(bench.server.running()).toBe(true);
});

it('refuses a data folder of another cluster, and one that holds something else', async () => {
  const other = await startPostgres({ folder: path.join(bench.folder, 'foreign'), name: 'foreign' });
  await other.stop();
  const strange = ownedFolder(path.join(bench.folder, 'strange'));
  writeFileSync(path.join(strange, 'thesis.txt'), 'years of work');
  const into = async (data: string) =>
    codeOf(
      await bench.engine.restore(
        {
          operationId: 'opforeign',
          repository: bench.repository(0, { postgres: { data }, folder: path.join(bench.folder, 'engine-foreign') }),
          backupId: backup.id,
          selection: { components: [], paths: [] },
          target: { kind: 'in_place', roots: [{ component: 'cluster', root: 'cluster', path: data }] },
          restoreOwner: true,
          recovery: { type: 'latest' },
        },
        quiet,
      ),
    );

  expect(await into(other.data)).toBe('target_foreign');
  expect(await into(strange)).toBe('target_foreign');
  expect(readdirSync(strange)).toEqual(['thesis.txt']);
});

it('in place: to a second before the mistake; the old cluster stays beside until the new one is up', async () => {
  await bench.server.stop();
  const report = valueOf(await bench.restore(backup.id, inPlace(), { type: 'time', at: moment }));
  const oldCluster = report.replaced[0] ?? '';
  const tooEarly = valueOf(await bench.engine.clean(bench.repository(0), quiet.signal));
  await bench.server.start();

  expect(await rowsLive()).toEqual(['good']);
  expect(report.replaced.map((p) => path.basename(p))).toEqual([
    expect.stringMatching(/^data\.genesis-old-op\d+$/),
    expect.stringMatching(/^outside\.genesis-old-op\d+$/),
  ]);
  expect(tooEarly).toBe(0);
  expect(existsSync(path.join(oldCluster, 'PG_VERSION'))).toBe(true);
  expect(readdirSync(path.dirname(bench.server.data)).filter((n) => n.startsWith('.genesis'))).toEqual([]);
  const mode = await bench.server.sql<{ archive: string; recovery: boolean }>(
    "SELECT current_setting('archive_mode') AS archive, pg_is_in_recovery() AS recovery",
  );
  expect(mode).toEqual([{ archive: 'on', recovery: false }]);
  // The new timeline is archived with its history: windows go on.
  await bench.server.sql("INSERT INTO kept VALUES ('new')");
  await bench.switchWal();
  await waitUntil('the history of the new timeline is archived', async () =>
    existsSync(path.join(bench.folder, 'repository/archive/main/15-1/00000002.history')),
  );
  const { pitr } = await bench.inspect();
  expect(pitr?.gaps).toEqual([]);
  expect(pitr?.windows.some(({ timeline }) => timeline === 2)).toBe(true);
  expect(valueOf(await bench.engine.clean(bench.repository(0), quiet.signal))).toBe(2);
  expect(existsSync(oldCluster)).toBe(false);
});

it('goes along the new timeline to what was written since, and back to the moment on the old one', async () => {
  await sleep(1100);
  const folder = bench.newFolder();
  valueOf(await bench.restore(backup.id, { kind: 'folder', path: folder }, { type: 'latest' }));
  const newest = await onRestored(bench, path.join(folder, 'cluster'), async (query) => query('SELECT what FROM kept'));
  const again = bench.newFolder();
  valueOf(await bench.restore(backup.id, { kind: 'folder', path: again }, { type: 'immediate' }));
  const oldest = await onRestored(bench, path.join(again, 'cluster'), async (query) => query('SELECT what FROM kept'));

  expect(newest).toEqual(['good', 'new']);
  expect(oldest).toEqual([]);
});

it('in place where the data folder is lost; and back to wholly the old after a crash between two renames', async () => {
  await bench.server.stop();
  renameSync(bench.server.data, `${bench.server.data}-lost`);
  const report = valueOf(await bench.restore(backup.id, inPlace(), { type: 'latest' }));
  expect(report.replaced.map((p) => path.basename(p))).toEqual([expect.stringMatching(/^outside/)]);
  // As a crash leaves it that came after the first rename of the next restore.
  const { data } = bench.server;
  const staging = path.join(path.dirname(data), '.genesis-restore-opcrash');
  mkdirSync(path.join(staging, 'work'), { recursive: true });
  const items = [
    { live: data, staged: path.join(staging, 'work/cluster'), old: `${data}.genesis-old-opcrash`, hadOld: true },
  ];
  mkdirSync(items[0]?.staged ?? '');
  writeFileSync(path.join(staging, 'intent.json'), JSON.stringify({ format: 1, operationId: 'opcrash', items }));
  renameSync(data, items[0]?.old ?? '');
  const recovered = valueOf(await bench.engine.recover('opcrash', [data], quiet.signal));
  await bench.server.start();

  expect(recovered).toBe('rolled_back');
  expect(existsSync(staging)).toBe(false);
  expect(await rowsLive()).toEqual(['good', 'new']);
  expect(valueOf(await bench.engine.recover('opcrash', [data], quiet.signal))).toBe('nothing');
});
