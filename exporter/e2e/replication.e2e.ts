import type { ReplicaFacts, ReplicationFacts } from '../src/contract/postgres.ts';
import type { Observed } from '../src/contract/observed.ts';
import { startGenesis, type Genesis } from './support/genesis.ts';
import { startLink, type Link } from './support/link.ts';
import { metric } from './support/metrics.ts';
import { startPostgres, startStandby, stopServers, type TestServer } from './support/postgres.ts';
import { cleanUp, startProcess, tempFolder, waitUntil, type RunningProcess } from './support/processes.ts';
import { asUser } from './support/postgres.ts';
import path from 'node:path';

// A primary with five standbys under load; four of them meet a fault each, at the same time. What the product says has to be true within
// fifteen seconds, by its own collector and at its shipped intervals.

const withinMs = 15_000;
const names = ['well', 'cut-off', 'frozen', 'paused', 'killed'] as const;
type Name = (typeof names)[number];

let primary: TestServer;
let genesis: Genesis;
let load: RunningProcess;
const standbys = new Map<Name, TestServer>();
const links = new Map<'cut-off' | 'frozen', Link>();

function standby(name: Name): TestServer {
  const found = standbys.get(name);
  if (found === undefined) throw new Error(`no standby ${name}`);
  return found;
}

function link(name: 'cut-off' | 'frozen'): Link {
  const found = links.get(name);
  if (found === undefined) throw new Error(`no link ${name}`);
  return found;
}

async function facts(): Promise<ReplicationFacts> {
  const reply = await genesis.api<{ replication: Observed<ReplicationFacts> | null }>('GET', '/services/shop');
  const { replication } = reply.body;
  if (replication?.known !== true) throw new Error(`replication is not known: ${reply.text}`);
  return replication.value;
}

async function replica(name: Name): Promise<ReplicaFacts> {
  const found = (await facts()).replicas.find((r) => r.name === name);
  if (found === undefined) throw new Error(`no replica ${name} is shown`);
  return found;
}

/** Waits until the product says so, at most the promised time after `since`. */
async function says(name: Name, since: number, truth: (seen: ReplicaFacts) => boolean): Promise<ReplicaFacts> {
  let last: ReplicaFacts | null = null;
  try {
    return await waitUntil(
      `the truth about ${name}`,
      async () => {
        last = await replica(name);
        return truth(last) ? last : undefined;
      },
      { deadlineMs: Math.max(0, since + withinMs - performance.now()), intervalMs: 250 },
    );
  } catch (error) {
    throw new Error(`${name} after ${withinMs} ms: ${JSON.stringify(last)}`, { cause: error });
  }
}

async function startLoad(): Promise<RunningProcess> {
  const connection = ['-h', primary.socketFolder, '-p', String(primary.port), '-U', primary.user];
  const how = ['--client=2', '--rate=100', '--time=600', '--no-vacuum', 'postgres'];
  const [file, args] = asUser(primary.asOwner, path.join(primary.bin, 'pgbench'), [...connection, ...how]);
  return startProcess({ name: 'pgbench', file, args, cwd: '/', mend: 'install the Debian package postgresql-contrib' });
}

beforeAll(async () => {
  const folder = tempFolder('gpg-');
  primary = await startPostgres({ folder, walSegmentMb: 1, archiveCommand: 'true', settings: { max_wal_size: '8MB' } });
  await primary.program('pgbench', ['--initialize', '--scale=1', '--quiet']);
  for (const name of ['cut-off', 'frozen'] as const) links.set(name, await startLink(primary.port));
  for (const name of names) {
    const through = name === 'cut-off' || name === 'frozen' ? { viaPort: link(name).port } : {};
    standbys.set(name, await startStandby(primary, { name, slot: name.replaceAll('-', '_'), ...through }));
  }
  load = await startLoad();
  genesis = await startGenesis({
    config: {
      services: [
        {
          name: 'shop',
          backup: { schedules: { full: null, incremental: null } },
          postgres: {
            host: primary.socketFolder,
            port: primary.port,
            user: primary.user,
            standbys: [...standbys.values()].map(({ name, socketFolder, port }) => ({
              name,
              host: socketFolder,
              port,
            })),
          },
        },
      ],
    },
  });
}, 120_000);

afterAll(async () => {
  await genesis?.stop();
  await load?.stop();
  await stopServers();
  for (const each of links.values()) await each.stop();
  await cleanUp();
}, 60_000);

describe('replication that is well', () => {
  it('shows every standby connected, close behind, and its slot', async () => {
    const began = performance.now();
    for (const name of names) {
      const seen = await says(
        name,
        began,
        (r) => r.connected && r.lagSeconds !== null && r.heartbeatLagSeconds !== null,
      );
      expect(seen).toMatchObject({ state: 'streaming', syncState: 'async', slot: { active: true }, problem: null });
      expect(seen.lagSeconds).toBeLessThan(10);
    }
    expect(await facts()).toMatchObject({ isPrimary: true, timeline: 1, heartbeatProblem: null, problem: null });
    expect(await metric(genesis, 'genesis_replication_connected', { service: 'shop' })).toEqual([1, 1, 1, 1, 1]);
    expect(await metric(genesis, 'genesis_database_up', { service: 'shop' })).toEqual([1]);
    expect(await metric(genesis, 'genesis_database_connections_max', { service: 'shop' })).toEqual([60]);
  });
});

describe('faults, all at the same time and under load', () => {
  let began = 0;
  beforeAll(async () => {
    await standby('paused').sql('SELECT pg_wal_replay_pause()');
    link('cut-off').cut();
    link('frozen').freeze();
    await standby('killed').kill();
    began = performance.now();
  });

  it('says of a link that was cut: disconnected, further behind each second, WAL to send', async () => {
    const seen = await says(
      'cut-off',
      began,
      (r) => !r.connected && (r.lagSeconds ?? 0) >= 2 && (r.queueBytes ?? 0) > 0,
    );
    expect(seen).toMatchObject({ state: 'disconnected', slot: { active: false }, replayLagSeconds: null });
    expect(seen.problem).toContain('no connection from cut-off');
    expect(await metric(genesis, 'genesis_replication_connected', { replica: 'cut-off' })).toEqual([0]);
  });

  it('says of a server that was killed: disconnected, and nothing about its lag', async () => {
    const seen = await says('killed', began, (r) => !r.connected);
    expect(seen).toMatchObject({ state: 'disconnected', lagSeconds: null, lagBytes: null, heartbeatLagSeconds: null });
    expect(seen.problem).toContain('it cannot be asked');
    expect(await metric(genesis, 'genesis_replication_lag_seconds', { replica: 'killed' })).toEqual([]);
    expect(await metric(genesis, 'genesis_replication_synced', { replica: 'killed' })).toEqual([0]);
  });

  it('says of a link that is dead without a word: nothing is confirmed, further behind each second', async () => {
    const seen = await says('frozen', began, (r) => !r.connected && (r.lagSeconds ?? 0) >= 2);
    expect(seen.state).toBe('disconnected');
    expect(seen.problem).toMatch(/frozen has confirmed nothing for \d+ s/);
  });

  it('says of a paused replay: paused, connected, nothing to send, further behind each second and then degraded', async () => {
    const seen = await says('paused', began, (r) => r.state === 'paused' && (r.lagSeconds ?? 0) >= 10);
    expect(seen.connected).toBe(true);
    expect(seen.lagBytes).toBeGreaterThan(0);
    expect(seen.problem).toContain('replay is paused on paused');
    expect(await metric(genesis, 'genesis_replication_degraded', { replica: 'paused' })).toEqual([1]);
  });

  it('says nothing bad of the one that is well', async () => {
    expect(await replica('well')).toMatchObject({ connected: true, state: 'streaming', problem: null });
    expect(await metric(genesis, 'genesis_replication_degraded', { replica: 'well' })).toEqual([0]);
  });
});

describe('when the faults are mended and all writing stops', () => {
  it('says that those which came back are connected and not behind, though nobody writes any more', async () => {
    await standby('paused').sql('SELECT pg_wal_replay_resume()');
    for (const each of links.values()) each.mend();
    await load.stop();
    const began = performance.now();

    for (const name of ['well', 'cut-off', 'frozen', 'paused'] as const) {
      const seen = await says(name, began, (r) => r.state === 'streaming' && r.lagSeconds === 0 && r.lagBytes === 0);
      expect(seen).toMatchObject({ connected: true, queueBytes: 0, problem: null });
    }
    // The row goes on: an hour later an idle database must look as it does now.
    const { heartbeatAt } = await facts();
    await waitUntil('the next heartbeat', async () => (await facts()).heartbeatAt !== heartbeatAt);
    expect((await replica('well')).lagSeconds).toBeLessThan(10);
    expect((await replica('killed')).lagSeconds).toBeNull();
  });
});

describe('a slot that is full', () => {
  it('says that the slot of the dead standby is lost', async () => {
    expect((await replica('killed')).slot).toMatchObject({
      active: false,
      walStatus: expect.stringMatching(/reserved|extended/),
    });
    await primary.configure({ max_slot_wal_keep_size: '2MB' });
    for (let segment = 0; segment < 12; segment += 1)
      await primary.sql("SELECT pg_logical_emit_message(false, 'fill', repeat('x', 900000)); SELECT pg_switch_wal()");
    await primary.sql('CHECKPOINT');
    const began = performance.now();

    const seen = await says('killed', began, (r) => r.slot?.walStatus === 'lost');
    expect(seen.problem).toContain('slot killed is lost');
    expect(await metric(genesis, 'genesis_replication_slot_state', { replica: 'killed', state: 'lost' })).toEqual([1]);
    expect((await replica('well')).slot?.walStatus).not.toBe('lost');
  });
});

describe('the primary itself', () => {
  it('is down: nothing is said of its standbys, and the server is not up', async () => {
    await primary.kill();
    const began = performance.now();

    await waitUntil(
      'the truth about the primary',
      async () => (await metric(genesis, 'genesis_database_up', { service: 'shop' }))[0] === 0,
      { deadlineMs: Math.max(0, began + withinMs - performance.now()) },
    );
    expect(await metric(genesis, 'genesis_replication_lag_seconds', { service: 'shop' })).toEqual([]);
  });
});
