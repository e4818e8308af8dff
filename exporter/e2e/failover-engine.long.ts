import type { FailoverCluster, FailoverNode } from '../src/engines/failover/port.ts';
import {
  failoverCluster,
  failoverContext,
  failoverNode,
  freezeServer,
  postgresFailover as engine,
  tryWrite,
} from './support/failover-postgres.ts';
import { valueOf } from './support/outcomes.ts';
import { startCanary, startPostgres, startStandby, stopServers, type TestServer } from './support/postgres.ts';
import { cleanUp, tempFolder, waitUntil } from './support/processes.ts';

// The faults of a native pair and of a cascade, one after the other on real servers, with every acknowledged row looked for afterwards.

const context = failoverContext();
const table = 'CREATE TABLE written (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY)';

const node = (server: TestServer): FailoverNode => failoverNode(server);

/** Rows that the old primary has acknowledged and the new one does not have. */
async function lostOf(acknowledged: readonly { readonly id: number }[], primary: TestServer): Promise<number[]> {
  const rows = await primary.sql<{ id: string }>('SELECT id::text AS id FROM canary');
  const found = new Set(rows.map(({ id }) => Number(id)));
  return acknowledged.filter(({ id }) => !found.has(id)).map(({ id }) => id);
}

afterEach(async () => {
  await stopServers();
}, 60_000);
afterAll(cleanUp, 60_000);

const crashes: readonly [string, (primary: TestServer) => Promise<unknown>][] = [
  ['kill -9 of the postmaster', (primary) => primary.kill()],
  ['every process frozen', (primary) => freezeServer(primary.data)],
  ['stopped at once', (primary) => primary.stop('immediate')],
];

it('ten failovers of a synchronous pair under load lose no acknowledged row, whatever befalls the primary', async () => {
  const a = await startPostgres({ folder: tempFolder('gfl-'), name: 'a', settings: { wal_keep_size: "'256MB'" } });
  const b = await startStandby(a, { name: 'b', slot: 'b' });
  const cluster = failoverCluster([a, b]);
  let [primary, standby] = [a, b];
  const promotedMs: number[] = [];
  for (let round = 0; round < 10; round += 1) {
    await primary.sql(`ALTER SYSTEM SET synchronous_standby_names = '${standby.name}'`);
    await primary.sql('SELECT pg_reload_conf()');
    await waitUntil('it is synchronous', async () => {
      const rows = await primary.sql(`SELECT 1 FROM pg_stat_replication WHERE sync_state = 'sync'`);
      return rows.length === 1;
    });
    const canary = await startCanary(primary, { everyMs: 2 });
    await waitUntil('rows are written', () => canary.acknowledged.length > 100);
    const [what, befall] = crashes[round % crashes.length] ?? ['nothing', async () => {}];
    await befall(primary);

    valueOf(await engine.fence(cluster, node(primary), context));
    await standby.sql(`ALTER SYSTEM SET synchronous_standby_names = ''`);
    await standby.sql('SELECT pg_reload_conf()');
    const begun = performance.now();
    valueOf(await engine.promote(cluster, node(standby), context));
    promotedMs.push(Math.round(performance.now() - begun));
    await canary.stop();
    expect([what, await lostOf(canary.acknowledged, standby)]).toEqual([what, []]);
    valueOf(await engine.rejoin(cluster, node(primary), node(standby), { allowClone: false }, context));
    [primary, standby] = [standby, primary];
  }
  process.stdout.write(`ten promotions: ${promotedMs.join(', ')} ms\n`);
}, 300_000);

describe('a cascade of three', () => {
  let [a, b, c]: TestServer[] = [];
  let cluster: FailoverCluster;
  const three = (): [TestServer, TestServer, TestServer] => {
    if (a === undefined || b === undefined || c === undefined) throw new Error('the servers did not start');
    return [a, b, c];
  };
  beforeEach(async () => {
    a = await startPostgres({ folder: tempFolder('gfl-'), name: 'a', settings: { wal_keep_size: "'256MB'" } });
    await a.sql(table);
    b = await startStandby(a, { name: 'b', slot: 'b' });
    c = await startStandby(b, { name: 'c' });
    cluster = failoverCluster([a, b, c]);
  }, 60_000);

  it('the middle one is promoted: who was below it stays there', async () => {
    const [first, middle, last] = three();
    await first.kill();
    valueOf(await engine.fence(cluster, node(first), context));
    valueOf(await engine.promote(cluster, node(middle), context));

    valueOf(await engine.follow(cluster, node(last), node(middle), context));
    valueOf(await engine.rejoin(cluster, node(first), node(middle), { allowClone: false }, context));
    for (const each of [first, last])
      expect(await engine.probe(cluster, node(each), context.signal)).toMatchObject({ upstream: 'b', timeline: 2 });
  }, 120_000);

  it('the last one is promoted in a switchover: both others follow it', async () => {
    const [first, middle, last] = three();
    await tryWrite(first);
    valueOf(await engine.demote(cluster, node(first), context));
    await waitUntil('the cascade has passed all of it on', async () => {
      const probes = await Promise.all([middle, last].map((each) => engine.probe(cluster, node(each), context.signal)));
      return probes[0]?.receivedBytes === probes[1]?.receivedBytes;
    });
    valueOf(await engine.promote(cluster, node(last), context));

    valueOf(await engine.follow(cluster, node(middle), node(last), context));
    valueOf(await engine.rejoin(cluster, node(first), node(last), { allowClone: false }, context));
    for (const each of [first, middle])
      expect(await engine.probe(cluster, node(each), context.signal)).toMatchObject({ upstream: 'c', problem: null });
  }, 120_000);

  it('a standby that went further than the promoted one is told apart, and rejoins', async () => {
    const [first, middle, last] = three();
    await last.stop();
    await first.sql('CREATE TABLE further AS SELECT generate_series(1, 5000) AS id');
    await waitUntil(
      'the middle one has it',
      async () => (await middle.sql(`SELECT to_regclass('further')`)).length === 1,
    );
    await first.kill();
    valueOf(await engine.fence(cluster, node(first), context));
    const thaw = await freezeServer(middle.data);
    await last.start();
    valueOf(await engine.promote(cluster, node(last), context));
    await thaw();

    const followed = await engine.follow(cluster, node(middle), node(last), context);
    expect(!followed.ok && followed.error.message).toMatch(/b has \d+ bytes that c does not have: it has to rejoin/);
    valueOf(await engine.rejoin(cluster, node(middle), node(last), { allowClone: true }, context));
    expect(await engine.probe(cluster, node(middle), context.signal)).toMatchObject({ upstream: 'c', problem: null });
    expect(await middle.sql(`SELECT to_regclass('further')::text AS t`)).toEqual([{ t: null }]);
  }, 120_000);
});

it('a standby whose slot and log are gone is cloned anew', async () => {
  const a = await startPostgres({ folder: tempFolder('gfl-'), name: 'a', walSegmentMb: 1 });
  const b = await startStandby(a, { name: 'b', slot: 'b' });
  const cluster = failoverCluster([a, b], { timeoutSeconds: 8 });
  await b.stop();
  await a.sql(`SELECT pg_drop_replication_slot('b')`);
  for (let segment = 0; segment < 12; segment += 1) {
    await a.sql('CREATE TABLE more AS SELECT generate_series(1, 20000) AS id; DROP TABLE more; SELECT pg_switch_wal()');
    await a.sql('CHECKPOINT');
  }

  const back = valueOf(await engine.rejoin(cluster, node(b), node(a), { allowClone: true }, context));

  expect(back).toMatch(/^b was cloned anew/);
  expect(await a.sql('SELECT slot_name, active FROM pg_replication_slots')).toEqual([{ slot_name: 'b', active: true }]);
}, 120_000);
