import { existsSync, readdirSync, renameSync } from 'node:fs';
import path from 'node:path';
import { failoverConformance } from '../src/engines/failover/conformance.ts';
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

// The native engine moves the primary of real servers: crash, switchover, frozen, rewound, cloned anew, out of reach.

afterAll(async () => {
  await stopServers();
  await cleanUp();
}, 60_000);

failoverConformance('the native PostgreSQL engine', async () => {
  const primary = await startPostgres({ folder: tempFolder('gfc-') });
  await primary.sql('CREATE TABLE written (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY)');
  const standby = await startStandby(primary, { name: 'standby' });
  const servers = [primary, standby];
  const find = (name: string): TestServer => {
    const found = servers.find((server) => server.name === name);
    if (found === undefined) throw new Error(`no server ${name}`);
    return found;
  };
  return {
    engine,
    cluster: failoverCluster(servers),
    primary: primary.name,
    standby: standby.name,
    write: (name) => tryWrite(find(name)),
    freeze: (name) => freezeServer(find(name).data),
    stop: stopServers,
  };
});

describe('a primary with two standbys, one of them synchronous', () => {
  let [a, b, c]: TestServer[] = [];
  let cluster: FailoverCluster;
  const context = failoverContext();
  const server = (which: TestServer | undefined): TestServer => {
    if (which === undefined) throw new Error('the servers did not start');
    return which;
  };
  const node = (which: TestServer | undefined): FailoverNode => failoverNode(server(which));

  beforeAll(async () => {
    a = await startPostgres({ folder: tempFolder('gfo-'), name: 'a' });
    await a.sql('CREATE TABLE written (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY)');
    b = await startStandby(a, { name: 'b', slot: 'b' });
    c = await startStandby(a, { name: 'c' });
    cluster = failoverCluster([a, b, c]);
    await a.configure({ synchronous_standby_names: "'FIRST 1 (b)'" });
  }, 60_000);

  it('shows who streams from whom, and whose confirmation commits wait for', async () => {
    const probes = await waitUntil('the synchronous standby is known', async () => {
      const all = await Promise.all([a, b, c].map((each) => engine.probe(cluster, node(each), context.signal)));
      return all[0]?.synchronousStandbys?.length === 1 && all;
    });

    expect(probes[0]).toMatchObject({ role: 'primary', timeline: 1, synchronousStandbys: ['b'], problem: null });
    for (const probe of probes.slice(1)) expect(probe).toMatchObject({ role: 'standby', upstream: 'a', problem: null });
  });

  it('warns of what its settings put at risk', async () => {
    expect(await engine.warnings(cluster, context.signal)).toEqual([
      'c streams without a slot: the primary may remove log that it still needs',
      'b has no synchronous_standby_names, a has: as the primary its commits wait for nobody',
      'c has no synchronous_standby_names, a has: as the primary its commits wait for nobody',
    ]);
  });

  it('crash: fenced by proof, promoted without losing an acknowledged row, the other standby repointed', async () => {
    const canary = await startCanary(server(a), { everyMs: 5 });
    await waitUntil('rows are written', () => canary.acknowledged.length > 50);

    await server(a).kill();
    const proof = valueOf(await engine.fence(cluster, node(a), context));
    const begun = performance.now();
    const promoted = valueOf(await engine.promote(cluster, node(b), context));
    const promotedMs = performance.now() - begun;
    await canary.stop();
    const followed = valueOf(await engine.follow(cluster, node(c), node(b), context));

    expect(proof).toMatchObject({ method: 'process' });
    expect(promoted.timeline).toBe(2);
    const rows = await server(b).sql<{ id: string }>('SELECT id::text AS id FROM canary');
    const found = new Set(rows.map(({ id }) => Number(id)));
    expect(canary.acknowledged.filter(({ id }) => !found.has(id))).toEqual([]);
    expect(await engine.probe(cluster, node(c), context.signal)).toMatchObject({ upstream: 'b', timeline: 2 });
    process.stdout.write(`promoted in ${Math.round(promotedMs)} ms; fenced in ${proof.seconds} s; ${followed}\n`);
  });

  it('the old primary comes back without its own rows; its port and its name are still its own', async () => {
    const back = valueOf(await engine.rejoin(cluster, node(a), node(b), { allowClone: false }, context));

    expect(back).toMatch(/^a (was rewound|has nothing of its own)/);
    expect(await engine.probe(cluster, node(a), context.signal)).toMatchObject({
      role: 'standby',
      upstream: 'b',
      timeline: 2,
      problem: null,
    });
    const slots = await server(b).sql('SELECT slot_name FROM pg_replication_slots WHERE active ORDER BY 1');
    expect(slots).toEqual([{ slot_name: 'a' }, { slot_name: 'c' }]);
    expect(await server(a).sql('SELECT slot_name FROM pg_replication_slots')).toEqual([]);
  });

  it('what it wrote on its own is taken out, and nothing is left beside its folder', async () => {
    for (const each of [a, c]) await server(each).stop();
    await server(b).sql('CREATE TABLE lost AS SELECT generate_series(1, 20000) AS id');
    await server(b).kill();
    for (const each of [a, c]) await server(each).start();
    valueOf(await engine.fence(cluster, node(b), context));
    valueOf(await engine.promote(cluster, node(a), context));
    valueOf(await engine.follow(cluster, node(c), node(a), context));

    const back = valueOf(await engine.rejoin(cluster, node(b), node(a), { allowClone: false }, context));

    expect(back).toMatch(/^b was rewound/);
    expect(await server(b).sql(`SELECT to_regclass('lost')::text AS lost`)).toEqual([{ lost: null }]);
    expect(readdirSync(path.dirname(server(b).data))).toEqual(['data']);
  });

  it('switchover: nothing is lost, and the old primary needs no rewinding', async () => {
    const canary = await startCanary(server(a), { everyMs: 5 });
    await waitUntil('rows are written', () => canary.acknowledged.length > 50);
    const begun = performance.now();

    const { lastBytes } = valueOf(await engine.demote(cluster, node(a), context));
    const caughtUp = await engine.probe(cluster, node(b), context.signal);
    valueOf(await engine.promote(cluster, node(b), context));
    const tookMs = performance.now() - begun;
    await canary.stop();
    const back = valueOf(await engine.rejoin(cluster, node(a), node(b), { allowClone: false }, context));
    valueOf(await engine.follow(cluster, node(c), node(b), context));

    expect(caughtUp.receivedBytes).toBeGreaterThan(lastBytes ?? Infinity);
    const rows = await server(b).sql<{ id: string }>('SELECT id::text AS id FROM canary');
    const found = new Set(rows.map(({ id }) => Number(id)));
    expect(canary.acknowledged.filter(({ id }) => !found.has(id))).toEqual([]);
    expect(back).toMatch(/^a has nothing of its own/);
    process.stdout.write(`switchover to writable in ${Math.round(tookMs)} ms\n`);
  });

  it('a demoted primary goes back to its place when nobody was promoted', async () => {
    valueOf(await engine.demote(cluster, node(b), context));
    valueOf(await engine.promote(cluster, node(b), context));

    expect(await tryWrite(server(b))).toBe(true);
    for (const each of [a, c]) valueOf(await engine.follow(cluster, node(each), node(b), context));
  });

  it('a frozen primary is fenced, and comes back as no primary whoever starts it', async () => {
    await freezeServer(server(b).data);
    expect(await engine.probe(cluster, node(b), context.signal)).toMatchObject({ reach: 'silent' });

    const proof = valueOf(await engine.fence(cluster, node(b), context));
    await server(b).start();

    expect(proof.method).toBe('process');
    expect(await engine.provenDown(cluster, node(b), context)).toBeNull();
    expect(await tryWrite(server(b))).toBe(false);
    expect(await engine.probe(cluster, node(b), context.signal)).toMatchObject({ role: 'standby', writable: false });
    valueOf(await engine.promote(cluster, node(a), context));
    valueOf(await engine.rejoin(cluster, node(b), node(a), { allowClone: false }, context));
  });

  it('a node whose way back is gone is cloned anew where that is allowed, and only then', async () => {
    await server(a).configure({ synchronous_standby_names: "''" });
    valueOf(await engine.fence(cluster, node(b), context));
    const rewinding = `${server(b).data}.genesis-rewinding`;
    await server(a).sql('CREATE TABLE more AS SELECT 1 AS id');
    renameSync(server(b).data, rewinding); // as when Genesis dies while pg_rewind works

    const refused = await engine.rejoin(cluster, node(b), node(a), { allowClone: false }, context);
    const back = valueOf(await engine.rejoin(cluster, node(b), node(a), { allowClone: true }, context));

    expect(!refused.ok && refused.error.code).toBe('failover_failed');
    expect(back).toMatch(/^b was cloned anew/);
    expect(existsSync(rewinding)).toBe(false);
    expect(await server(b).sql('SELECT count(*)::int AS n FROM more')).toEqual([{ n: 1 }]);
  });

  it('a node elsewhere is fenced by the word of its confirmation, and by nothing else', async () => {
    const commands = node(a).commands;
    const elsewhere = { ...node(a), data: null };
    const fenceBy = (confirmDown: readonly string[] | null) =>
      engine.fence(cluster, { ...elsewhere, commands: { ...commands, stop: ['/bin/true'], confirmDown } }, context);

    const codes = [];
    for (const confirmation of [null, ['/bin/echo', 'up'], ['/bin/false'], ['/nonexistent/program']]) {
      const outcome = await fenceBy(confirmation);
      codes.push(outcome.ok ? 'ok' : outcome.error.code);
    }
    expect(codes).toEqual(Array(4).fill('fencing_unproven'));
    expect(valueOf(await fenceBy(['/bin/echo', 'down']))).toMatchObject({ method: 'command' });
    expect(await tryWrite(server(a))).toBe(true);
  });
});
