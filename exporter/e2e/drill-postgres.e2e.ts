import { appendFileSync, existsSync, readdirSync, rmSync, symlinkSync } from 'node:fs';
import path from 'node:path';
import { findLauncherTools } from '../src/engines/postgres/launcher.ts';
import { sweepSandboxes } from '../src/engines/postgres/sandbox.ts';
import { serversWhere } from '../src/engines/postgres/processes.ts';
import {
  archiveInto,
  baseCopy,
  drillDeps,
  flipByte,
  levelOf,
  proofOf,
  proofSettings,
  proveCopy,
  recordingContext,
} from './support/drill-postgres.ts';
import {
  ownedFolder,
  startCanary,
  startPostgres,
  stopServers,
  type Canary,
  type TestServer,
} from './support/postgres.ts';
import { checkout, cleanUp, sleep, startProcess, tempFolder, waitUntil } from './support/processes.ts';

// A drill of a database that could do harm from where it is restored: it has a tablespace, a subscription, a background job, foreign
// servers and an event trigger that writes to one of them.

let folder: string;
let archive: ReturnType<typeof archiveInto>;
let other: TestServer;
let live: TestServer;
let canary: Canary;
let tablespace: string;

const reachable = (host: string, port: number, name: string): string => `
  CREATE SERVER ${name} FOREIGN DATA WRAPPER postgres_fdw OPTIONS (host '${host}', port '${port}', dbname 'postgres');
  CREATE USER MAPPING FOR postgres SERVER ${name} OPTIONS (user 'postgres', password_required 'false');
  CREATE FOREIGN TABLE audit_${name} (who text, what text) SERVER ${name} OPTIONS (table_name 'audit');`;

beforeAll(async () => {
  folder = tempFolder('gdrill-');
  archive = archiveInto(folder);
  const logged = { wal_level: 'logical', log_connections: 'on' };
  other = await startPostgres({ folder, name: 'other', settings: logged });
  live = await startPostgres({
    folder,
    name: 'live',
    archiveCommand: archive.command,
    settings: { ...logged, shared_preload_libraries: "'pg_cron,pg_stat_statements'", cluster_name: "'live'" },
  });
  await other.sql(
    'CREATE TABLE audit (who text, what text); CREATE TABLE feed (id int PRIMARY KEY); INSERT INTO feed VALUES (1)',
  );
  await other.sql('CREATE PUBLICATION feed FOR TABLE feed');
  tablespace = ownedFolder(path.join(folder, 'space'), live.asOwner);
  await live.sql(`CREATE TABLESPACE space LOCATION '${tablespace}'`);
  await live.sql(`
    CREATE TABLE orders TABLESPACE space AS SELECT g AS id, md5(g::text) AS x FROM generate_series(1, 20000) g;
    CREATE INDEX orders_x ON orders (x) TABLESPACE space;
    CREATE TABLE items AS SELECT g AS id, md5(g::text) AS x FROM generate_series(1, 20000) g;
    CREATE INDEX items_x ON items (x);
    CREATE TABLE feed (id int PRIMARY KEY);
    CREATE TABLE cron_ran (who text);
    CREATE ROLE genesis LOGIN;
    CREATE EXTENSION pg_stat_statements;
    CREATE EXTENSION pg_cron;
    CREATE EXTENSION postgres_fdw;
    CREATE EXTENSION dblink;
    CREATE FUNCTION reaches() RETURNS boolean LANGUAGE plpgsql AS $$
    BEGIN
      PERFORM dblink_connect('host=127.0.0.1 port=${other.port} user=postgres connect_timeout=2');
      RETURN true;
    EXCEPTION WHEN OTHERS THEN
      RETURN false;
    END $$;
    ${reachable('127.0.0.1', other.port, 'tcp')}
    ${reachable(other.socketFolder, other.port, 'sock')}`);
  await live.sql(
    `SELECT cron.schedule('* * * * *', $$INSERT INTO cron_ran VALUES (current_setting('cluster_name'))$$)`,
  );
  await live.sql(
    `CREATE SUBSCRIPTION feed CONNECTION 'host=127.0.0.1 port=${other.port} user=postgres dbname=postgres' PUBLICATION feed`,
  );
  await live.sql(`
    CREATE FUNCTION tell() RETURNS event_trigger LANGUAGE plpgsql AS $$
    BEGIN
      INSERT INTO audit_tcp VALUES (current_setting('cluster_name'), tg_tag);
      INSERT INTO audit_sock VALUES (current_setting('cluster_name'), tg_tag);
    END $$;
    CREATE EVENT TRIGGER tell ON ddl_command_end EXECUTE FUNCTION tell();`);
  canary = await startCanary(live);
  await waitUntil('the subscription has its row', async () => (await live.sql('SELECT 1 FROM feed')).length === 1);
}, 90_000);

afterAll(async () => {
  await canary.stop();
  await stopServers();
  await cleanUp();
});

/** All that has been written is in the archive, and nothing more is written. */
async function archived(): Promise<void> {
  const [row] = await live.sql<{ wal: string }>('SELECT pg_walfile_name(pg_switch_wal()) AS wal');
  await waitUntil('the last segment is archived', () => existsSync(path.join(archive.folder, row?.wal ?? '')));
}

/** What a drill must leave as it is, from outside: who connected, which rows, slots and archived files there are. */
async function facts(): Promise<unknown> {
  const strangers = (server: TestServer): string[] =>
    server
      .output()
      .split('\n')
      .filter((line) => /connection authorized/.test(line) && !line.includes('genesis-test'))
      // The live server's own job connects to it at each full minute, whatever else goes on.
      .filter((line) => !/:0[0-3]\.\d+ UTC .*application_name=pg_cron/.test(line));
  const sum = (table: string): string =>
    `(SELECT count(*) || coalesce(md5(string_agg(t::text, ',' ORDER BY t::text)), '') FROM ${table} t)`;
  const [rows] = await live.sql(
    `SELECT ${sum('orders')} AS orders, ${sum('items')} AS items, ${sum('feed')} AS feed, ${sum('cron.job')} AS jobs`,
  );
  const [otherRows] = await other.sql(`SELECT ${sum('audit')} AS audit, ${sum('feed')} AS feed`);
  return {
    rows,
    otherRows,
    slots: await other.sql('SELECT slot_name, active_pid, plugin FROM pg_replication_slots ORDER BY 1'),
    ownSlots: await live.sql('SELECT slot_name FROM pg_replication_slots'),
    followers: await other.sql('SELECT pid, application_name FROM pg_stat_replication ORDER BY 1'),
    archive: readdirSync(archive.folder).sort(),
    connections: [strangers(live), strangers(other)],
    timeline: await live.sql('SELECT timeline_id FROM pg_control_checkpoint()'),
  };
}

const insideTheCopy = [
  ['archiving is off', `SELECT current_setting('archive_mode') = 'off'`],
  ['nobody listens', `SELECT current_setting('listen_addresses') = ''`],
  [
    'no job and no subscription runs',
    `SELECT count(*) = 0 FROM pg_stat_activity WHERE backend_type ~ 'cron|logical|walsender|parallel'`,
  ],
  ['the job is there', 'SELECT count(*) = 1 FROM cron.job'],
  ['no job ran here', `SELECT count(*) = 0 FROM cron_ran WHERE who <> 'live'`],
  ['the event trigger is off', `SELECT bool_and(evtenabled = 'D') FROM pg_event_trigger`],
  ['the subscription is off', 'SELECT bool_and(NOT subenabled AND subslotname IS NULL) FROM pg_subscription'],
  ['only the allowed library is loaded', `SELECT current_setting('shared_preload_libraries') = 'pg_stat_statements'`],
  ['the tablespace is a copy', `SELECT pg_tablespace_location(oid) <> '' FROM pg_tablespace WHERE spcname = 'space'`],
  ['the feed came with it', 'SELECT count(*) = 1 FROM feed'],
].map(([name = '', sql = '']) => ({ name, database: null, sql }));

test('a dangerous database is proven to level 4, and nobody outside notices', async () => {
  await live.sql('CREATE SEQUENCE noticed');
  const told = await other.sql(`SELECT who FROM audit WHERE what = 'CREATE SEQUENCE'`);
  expect(told).toEqual([{ who: 'live' }, { who: 'live' }]);
  const copy = await baseCopy(live, { below: folder, archive: archive.folder, tablespaces: [tablespace] });
  await sleep(1000);
  await canary.stop();
  await archived();
  expect(await live.sql('SELECT reaches() AS yes')).toEqual([{ yes: true }]);
  const before = await facts();
  const context = recordingContext();
  // Some containers allow no own network; the level says so.
  const tools = await findLauncherTools(drillDeps, live.asOwner ?? null, context.signal);
  const noNetwork = { name: 'nobody is reached', database: null, sql: 'SELECT NOT reaches()' };

  const settings = {
    ...proofSettings,
    tables: [
      { name: 'public.orders', minRows: 20_000 },
      { name: 'public.noticed', minRows: 0 },
      { name: 'public.items', minRows: 1 },
    ],
    assertions: tools.unshare === null ? insideTheCopy : [...insideTheCopy, noNetwork],
  };
  const proof = proofOf(await proveCopy(live, copy, { settings, user: 'genesis' }, context));

  expect(proof.levels.map((l) => `${l.level} ${l.result}: ${l.detail}`)).toEqual([
    expect.stringMatching(/^1 passed/),
    expect.stringMatching(/^2 passed: PostgreSQL 15\.\d+ recovered to latest in .* timeline 2/),
    expect.stringMatching(
      /^3 passed: page checksums: \d+ pages read, none bad; .*switched off: 1 event triggers, 1 subscriptions, 1 foreign-data wrappers/,
    ),
    expect.stringMatching(/^4 passed: .*assertion the feed came with it is true/),
    expect.stringMatching(/^5 skipped: not configured/),
  ]);
  expect(proof.passed).toBe(true);
  expect(proof.phases.map((p) => p.name)).toEqual(['start', 'recover', 'check']);
  expect(Date.parse(proof.restoredTo ?? '')).toBeGreaterThanOrEqual(canary.acknowledged.at(-1)?.at ?? Infinity);
  expect(context.steps).toEqual([
    'start and recover: succeeded',
    'check pages and indexes: succeeded',
    'check the data: succeeded',
  ]);
  expect(await serversWhere((data) => data.startsWith(copy.folder))).toEqual([]);
  expect(await facts()).toEqual(before);
}, 60_000);

test('a tablespace that would be the live one is refused before anything is started', async () => {
  const copy = await baseCopy(live, { below: folder, name: 'unmapped', tablespaces: [tablespace] });
  const link = path.join(copy.data, 'pg_tblspc', readdirSync(path.join(copy.data, 'pg_tblspc'))[0] ?? '');
  rmSync(link);
  symlinkSync(tablespace, link);

  const proof = proofOf(await proveCopy(live, copy));

  expect(proof.passed).toBe(false);
  expect(levelOf(proof, 2)).toMatchObject({ result: 'failed', detail: expect.stringContaining(tablespace) });
  expect(levelOf(proof, 3).result).toBe('skipped');
}, 60_000);

test.each([
  ['heap', 'items'],
  ['index', 'items_x'],
])(
  'a flipped byte in a page of a %s fails level 3 and names the file',
  async (_kind, relation) => {
    const copy = await baseCopy(live, { below: folder, name: `flipped-${relation}`, tablespaces: [tablespace] });
    const [row] = await live.sql<{ file: string }>(`SELECT pg_relation_filepath('${relation}') AS file`);
    flipByte(path.join(copy.data, row?.file ?? ''), 3 * 8192 + 8000);

    const proof = proofOf(await proveCopy(live, copy));

    expect(proof.passed).toBe(false);
    expect(levelOf(proof, 2).result).toBe('passed');
    expect(levelOf(proof, 3)).toMatchObject({ result: 'failed', detail: expect.stringContaining(row?.file ?? '') });
    expect(levelOf(proof, 4)).toMatchObject({ result: 'skipped', detail: 'level 3 did not pass' });
  },
  60_000,
);

test('a target after the end of WAL fails level 2 with the words of the server', async () => {
  const recovery = { recovery_target_time: '2099-01-01 00:00:00+00' };
  const copy = await baseCopy(live, {
    below: folder,
    name: 'beyond',
    archive: archive.folder,
    tablespaces: [tablespace],
    recovery,
  });
  await archived();

  const proof = proofOf(await proveCopy(live, copy, { target: { type: 'time', at: '2099-01-01T00:00:00.000Z' } }));

  expect(proof.passed).toBe(false);
  expect(levelOf(proof, 2)).toMatchObject({
    result: 'failed',
    detail: expect.stringMatching(
      /target was reached: WAL for it is missing; log: .*recovery ended before configured/s,
    ),
  });
  expect(await serversWhere((data) => data.startsWith(copy.folder))).toEqual([]);
}, 60_000);

test('kill -9 of the drill in the middle of recovery: the sweep ends the server and what it started', async () => {
  const copy = await baseCopy(live, {
    below: folder,
    name: 'killed',
    archive: archive.folder,
    tablespaces: [tablespace],
    recovery: { restore_command: 'sleep 600' },
  });
  const script = `
    import { drillDeps, proveCopy } from ${JSON.stringify(path.join(checkout, 'exporter/e2e/support/drill-postgres.ts'))};
    // Without the signal that ends the server with its parent: the sweep must do it alone.
    const { exec } = drillDeps;
    const run = (file, args, o) => exec.run(file, args.filter((a) => a !== '--pdeathsig' && a !== 'QUIT'), o);
    Object.assign(drillDeps, { exec: { run } });
    await proveCopy({ asOwner: ${JSON.stringify(live.asOwner)} }, ${JSON.stringify(copy)});`;
  const drill = await startProcess({
    name: 'drill',
    file: process.execPath,
    args: ['--input-type=module', '-e', script],
  });
  const ours = (): ReturnType<typeof serversWhere> => serversWhere((data) => data.startsWith(copy.folder));
  await waitUntil(
    'recovery waits for its archive',
    async () => (await ours())[0]?.all.some((p) => p.command[0] === 'sleep') === true,
    { processes: [drill] },
  );

  await drill.kill9();
  expect((await ours())[0]?.postmasters).toHaveLength(1);
  expect(await sweepSandboxes(folder)).toEqual({ ok: true, value: 1 });

  expect(await ours()).toEqual([]);
  expect(live.running() && other.running()).toBe(true);
  rmSync(copy.folder, { recursive: true });
}, 60_000);

test('a cancelled drill leaves no process', async () => {
  const copy = await baseCopy(live, {
    below: folder,
    name: 'cancelled',
    archive: archive.folder,
    tablespaces: [tablespace],
    recovery: { restore_command: 'sleep 600' },
  });
  const controller = new AbortController();
  setTimeout(() => controller.abort(), 1500);

  const outcome = await proveCopy(live, copy, {}, recordingContext(controller.signal));

  expect(outcome).toMatchObject({ ok: false, error: { code: 'cancelled' } });
  expect(await serversWhere((data) => data.startsWith(copy.folder))).toEqual([]);
}, 60_000);

test('WAL that is missing in the middle: everything but the canary looks well', async () => {
  const before = await baseCopy(live, {
    below: folder,
    name: 'gap',
    archive: archive.folder,
    tablespaces: [tablespace],
  });
  const writer = await startCanary(live);
  await sleep(700);
  await archived();
  const [row] = await live.sql<{ wal: string }>('SELECT pg_walfile_name(pg_current_wal_lsn()) AS wal');
  await sleep(700);
  await writer.stop();
  await archived();
  rmSync(path.join(archive.folder, row?.wal ?? ''));
  const newest = writer.acknowledged.at(-1)?.at ?? 0;
  const settings = { ...proofSettings, maxAgeSeconds: 0.5 };

  const proof = proofOf(await proveCopy(live, before, { settings, startedAt: new Date(newest + 100).toISOString() }));

  expect(proof.levels.map((l) => l.result)).toEqual(['passed', 'passed', 'passed', 'failed', 'skipped']);
  expect(levelOf(proof, 4).detail).toMatch(/older than the 0\.5 s allowed/);
  expect(proof.passed).toBe(false);
}, 60_000);

test('a moment between two rows of the canary is restored to that moment', async () => {
  const writer = await startCanary(live);
  const place = { below: folder, name: 'moment', archive: archive.folder, tablespaces: [tablespace] };
  const wanted = 5;
  // The copy is made first: a moment before its end cannot be reached.
  const copied = await baseCopy(live, place);
  const from = writer.acknowledged.length;
  await waitUntil('rows after the copy', () => writer.acknowledged.length >= from + wanted + 2);
  await writer.stop();
  await archived();
  const row = writer.acknowledged[from + wanted - 1];
  const at = new Date((row?.at ?? 0) + 50).toISOString();
  appendFileSync(
    path.join(copied.data, 'postgresql.auto.conf'),
    `recovery_target_time = '${at.replace('Z', '+00')}'\n`,
  );

  const proof = proofOf(await proveCopy(live, copied, { target: { type: 'time', at } }));

  expect(proof.levels.filter((l) => l.result === 'failed')).toEqual([]);
  expect(proof.passed).toBe(true);
  expect(levelOf(proof, 2).detail).toMatch(/recovery stopping before (commit|abort)/);
  // Its newest row is the last one before the moment; the transaction committed a little after the row's own time.
  expect(levelOf(proof, 4).detail).toContain(`newest row ${new Date(row?.at ?? 0).toISOString()}`);
  expect(Date.parse(proof.restoredTo ?? '')).toBeLessThanOrEqual(Date.parse(at));
}, 60_000);
