import { appendFileSync, existsSync, readdirSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { serversWhere } from '../src/engines/postgres/processes.ts';
import { sweepSandboxes } from '../src/engines/postgres/sandbox.ts';
import {
  archiveInto,
  baseCopy,
  flipByte,
  levelOf,
  proofOf,
  proofSettings,
  proveCopy,
  type BaseCopy,
} from './support/drill-postgres.ts';
import { ownedFolder, startCanary, startPostgres, stopServers, type TestServer } from './support/postgres.ts';
import { checkout, cleanUp, sleep, startProcess, tempFolder, waitUntil } from './support/processes.ts';

// Many drills of a healthy system under load, and the list of damage: no false "failed" in the one, no false "passed" in the other.

let folder: string;
let archive: ReturnType<typeof archiveInto>;
let live: TestServer;

beforeAll(async () => {
  folder = tempFolder('gdlong-');
  archive = archiveInto(folder);
  live = await startPostgres({ folder, archiveCommand: archive.command, walSegmentMb: 1 });
  await live.program('pgbench', ['-i', '-s', '3', '-q']);
}, 120_000);

afterAll(async () => {
  await stopServers();
  await cleanUp();
});

async function archived(): Promise<string> {
  const [row] = await live.sql<{ wal: string }>('SELECT pg_walfile_name(pg_switch_wal()) AS wal');
  const name = row?.wal ?? '';
  await waitUntil('the last segment is archived', () => existsSync(path.join(archive.folder, name)));
  return name;
}

const tables = [{ name: 'public.pgbench_accounts', minRows: 300_000 }];

test('20 drills in a row of a healthy server under load: all pass, none takes the server along', async () => {
  const failures: unknown[] = [];
  for (let round = 0; round < 20; round += 1) {
    const writer = await startCanary(live);
    const load = live.program('pgbench', ['-c', '2', '-T', '3', '-n'], 60_000);
    const copy = await baseCopy(live, { below: folder, name: `round${round}`, archive: archive.folder });
    await load;
    await writer.stop();
    await archived();
    const settings = { ...proofSettings, tables, maxAgeSeconds: 10 };
    const proof = proofOf(await proveCopy(live, copy, { settings }));
    if (!proof.passed) failures.push(proof.levels);
    rmSync(copy.folder, { recursive: true });
  }
  expect(failures).toEqual([]);
  expect(live.running()).toBe(true);
  expect(await serversWhere((data) => data.startsWith(folder))).toEqual([]);
}, 900_000);

/** A copy with several segments of WAL and canary rows after it; nothing is written any more. */
async function copyWithWal(
  name: string,
): Promise<{ readonly copy: BaseCopy; readonly wal: readonly string[]; readonly newest: number }> {
  // An archive of its own: damage to it is damage of this copy alone.
  const copy = await baseCopy(live, { below: folder, name, archive: archive.folder });
  const before = new Set(readdirSync(archive.folder));
  const writer = await startCanary(live);
  for (let i = 0; i < 4; i += 1) {
    await sleep(500);
    await archived();
  }
  await writer.stop();
  await archived();
  const wal = readdirSync(archive.folder).filter((file) => /^[0-9A-F]{24}$/.test(file) && !before.has(file));
  return { copy, wal: wal.sort(), newest: writer.acknowledged.at(-1)?.at ?? 0 };
}

type Damage = (copy: BaseCopy, wal: readonly string[]) => void;
const inArchive = (name: string | undefined): string => path.join(archive.folder, name ?? 'none');
// WAL that the copy itself needs to become consistent stands in its backup label.
const damages: readonly (readonly [string, Damage, failedLevel: 2 | 3 | 4])[] = [
  ['the first segment after the copy is missing', (_copy, wal) => rmSync(inArchive(wal[0])), 4],
  ['a segment in the middle is missing', (_copy, wal) => rmSync(inArchive(wal[1])), 4],
  ['a segment is cut short', (_copy, wal) => truncateSync(inArchive(wal[1]), 4096), 2],
  ['pg_control is cut short', (copy) => truncateSync(path.join(copy.data, 'global/pg_control'), 100), 2],
  ['pg_control has a flipped byte', (copy) => flipByte(path.join(copy.data, 'global/pg_control'), 40), 2],
  ['another version', (copy) => writeFileSync(path.join(copy.data, 'PG_VERSION'), '14\n'), 2],
  ['PG_VERSION is missing', (copy) => rmSync(path.join(copy.data, 'PG_VERSION')), 2],
  ['backup_label is missing', (copy) => rmSync(path.join(copy.data, 'backup_label')), 2],
];

test.each(damages)(
  'damage is caught: %s',
  async (name, damage, failedLevel) => {
    const { copy, wal, newest } = await copyWithWal(`damage-${name.replaceAll(/\W+/g, '-')}`);
    damage(copy, wal);
    const settings = { ...proofSettings, tables, maxAgeSeconds: 0.6 };

    const outcome = await proveCopy(live, copy, {
      settings,
      bin: live.bin,
      startedAt: new Date(newest + 100).toISOString(),
    });

    const proof = proofOf(outcome);
    expect(proof.passed).toBe(false);
    expect([proof.levels.find((l) => l.result === 'failed')?.level, proof.levels]).toEqual([
      failedLevel,
      expect.anything(),
    ]);
    rmSync(copy.folder, { recursive: true });
  },
  120_000,
);

test('without page checksums a damaged index is found all the same, and the level says what was not checked', async () => {
  const plain = await startPostgres({ folder, name: 'plain' });
  await plain.sql('CREATE TABLE t AS SELECT g AS id, md5(g::text) AS x FROM generate_series(1, 20000) g');
  await plain.sql('CREATE INDEX t_x ON t (x); CREATE TABLE canary AS SELECT now() AS at');
  await plain.stop();
  await plain.program('pg_checksums', ['--disable', '-D', plain.data]);
  await plain.start();
  const [row] = await plain.sql<{ file: string }>(`SELECT pg_relation_filepath('t_x') AS file`);
  const good = await baseCopy(plain, {
    below: ownedFolder(path.join(folder, 'plain-drills'), plain.asOwner),
    name: 'good',
  });
  const bad = await baseCopy(plain, { below: path.join(folder, 'plain-drills'), name: 'bad' });
  flipByte(path.join(bad.data, row?.file ?? ''), 3 * 8192 + 8000);

  const healthy = proofOf(await proveCopy(plain, good));
  const damaged = proofOf(await proveCopy(plain, bad));

  expect(levelOf(healthy, 3)).toMatchObject({
    result: 'passed',
    detail: expect.stringContaining('page checksums: not checked'),
  });
  expect(levelOf(damaged, 3)).toMatchObject({ result: 'failed', detail: expect.stringContaining('t_x') });
}, 120_000);

test('a healthy cluster with odd roles, databases and settings is no false failure, and none of its settings comes into force', async () => {
  const odd = await startPostgres({ folder, name: 'odd' });
  const harm = path.join(ownedFolder(path.join(folder, 'harm'), odd.asOwner), 'done');
  const shop = 'Shop "1"';
  await odd.sql('CREATE DATABASE "Shop ""1"""');
  await odd.sql(`
    CREATE ROLE weak;
    CREATE ROLE copier SUPERUSER LOGIN;
    CREATE ROLE genesis LOGIN;
    CREATE ROLE boss SUPERUSER LOGIN;
    ALTER ROLE boss SET statement_timeout = '1ms';
    ALTER ROLE boss SET session_preload_libraries = 'missing';
    ALTER ROLE boss SET default_transaction_read_only = on;
    ALTER ROLE boss SET role = 'weak';`);
  await odd.sql(
    'CREATE TABLE canary AS SELECT now() AS at; CREATE TABLE t AS SELECT generate_series(1, 1000) AS id',
    shop,
  );
  await odd.sql('CREATE INDEX t_id ON t (id)', shop);
  await odd.sql('ALTER ROLE copier RENAME TO zz_copier; ALTER ROLE postgres NOLOGIN');
  const copy = await baseCopy(odd, { below: folder, name: 'odd-drill', user: 'zz_copier' });
  appendFileSync(path.join(copy.data, 'postgresql.conf'), "include '/not/there'\nno_such_setting = 1\n");
  const settings = {
    archive_mode: 'always',
    archive_command: `touch ${harm}`,
    archive_cleanup_command: `touch ${harm}`,
    recovery_end_command: `touch ${harm}`,
    listen_addresses: '*',
    shared_buffers: '900GB',
    shared_preload_libraries: 'missing',
    primary_conninfo: `host=${odd.socketFolder} port=${odd.port} user=zz_copier`,
    ignore_checksum_failure: 'on',
    data_directory: odd.data,
  };
  const lines = Object.entries(settings).map(([name, value]) => `${name} = '${value}'\n`);
  appendFileSync(path.join(copy.data, 'postgresql.auto.conf'), lines.join(''));
  const restored = readFileSync(path.join(copy.data, 'postgresql.auto.conf'), 'utf8');
  // A copy of a standby: it must neither follow its primary nor wait for it.
  writeFileSync(path.join(copy.data, 'standby.signal'), '');

  const proof = proofOf(
    await proveCopy(odd, copy, {
      user: 'genesis',
      database: shop,
      settings: { ...proofSettings, maxAgeSeconds: 600, tables: [{ name: 'public.t', minRows: 1000 }] },
    }),
  );

  expect(proof.levels.filter((l) => l.result === 'failed')).toEqual([]);
  expect(proof.passed).toBe(true);
  expect(existsSync(harm)).toBe(false);
  expect(readFileSync(path.join(copy.data, 'postgresql.auto.conf'), 'utf8')).toBe(restored);
  expect(await odd.sql('SELECT 1', shop).catch((error: Error) => error.message)).toMatch(/not permitted to log in/);
}, 120_000);

test.each([200, 700, 1200, 1800, 2500, 3200])(
  'kill -9 of the drill after %d ms: nothing is left after the sweep, whatever it was doing',
  async (ms) => {
    const copy = await baseCopy(live, { below: folder, name: `killed${ms}`, archive: archive.folder });
    await archived();
    const script = `
      import { proveCopy } from ${JSON.stringify(path.join(checkout, 'exporter/e2e/support/drill-postgres.ts'))};
      process.stdout.write('begun');
      for (;;) await proveCopy({ asOwner: ${JSON.stringify(live.asOwner)} }, ${JSON.stringify(copy)});`;
    const drill = await startProcess({
      name: 'drill',
      file: process.execPath,
      args: ['--input-type=module', '-e', script],
    });
    await waitUntil('the drill has begun', () => drill.output().includes('begun'), { processes: [drill] });
    await sleep(ms);
    await drill.kill9();

    expect(await sweepSandboxes(copy.folder)).toMatchObject({ ok: true });

    expect(await serversWhere((data) => data.startsWith(copy.folder))).toEqual([]);
    rmSync(copy.folder, { recursive: true });
    expect(live.running()).toBe(true);
  },
  60_000,
);
