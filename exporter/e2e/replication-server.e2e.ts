import type { ReplicationFacts } from '../src/contract/postgres.ts';
import type { PostgresTarget } from '../src/engines/postgres-target.ts';
import type { ReplicationSettings } from '../src/engines/replication/port.ts';
import { createReplicationEngines } from '../src/engines/replication/registry.ts';
import { valueOf } from './support/outcomes.ts';
import { startPostgres, startStandby, stopServers, type TestServer } from './support/postgres.ts';
import { cleanUp, tempFolder, waitUntil } from './support/processes.ts';

// What one reading of a real server says: rights, roles, the archive and the statistics.

const clock = { now: () => new Date(), sleep: () => Promise.resolve() };
const engine = createReplicationEngines({ clock }).postgres;
const heartbeat = { schema: 'genesis', intervalSeconds: 5 };
const settings: ReplicationSettings = { heartbeat, lagDegradedSeconds: 10 };
const { signal } = new AbortController();

let primary: TestServer;
let standby: TestServer;

async function observe(target: PostgresTarget): Promise<ReplicationFacts> {
  return valueOf(await engine.observe(target, settings, new Map(), signal)).facts;
}

beforeAll(async () => {
  primary = await startPostgres({
    folder: tempFolder('gpg-'),
    walSegmentMb: 1,
    archiveCommand: 'false',
    settings: { shared_preload_libraries: "'pg_stat_statements'", archive_timeout: '0' },
  });
  standby = await startStandby(primary, { name: 'one' });
}, 60_000);

afterAll(async () => {
  await stopServers();
  await cleanUp();
}, 60_000);

describe('a role without rights', () => {
  const asWatcher = (): PostgresTarget => {
    const target = primary.target([standby]);
    return { ...target, user: 'watcher', standbys: target.standbys.map((each) => ({ ...each, user: 'watcher' })) };
  };

  it('is told what it lacks, and nothing that it cannot see is 0', async () => {
    await primary.sql('CREATE ROLE watcher LOGIN');
    await waitUntil('the role is on the standby', async () => {
      const rows = await standby.sql("SELECT 1 FROM pg_roles WHERE rolname = 'watcher'");
      return rows.length === 1;
    });

    const facts = await observe(asWatcher());
    expect(facts).toMatchObject({ isPrimary: true, heartbeatAt: null, archiver: { readySegments: null } });
    expect(facts.problem).toContain('GRANT pg_monitor');
    expect(facts.replicas).toMatchObject([
      { name: 'one', connected: true, lagBytes: 0, lagSeconds: 0, syncState: null },
    ]);
    const beat = await engine.beat(asWatcher(), heartbeat, 'host-a', signal);
    expect(!beat.ok && [beat.error.code, beat.error.message]).toEqual([
      'postgres_failed',
      'permission denied for database postgres',
    ]);
  });

  it('sees all and writes the row once it has the rights', async () => {
    await primary.sql('GRANT pg_monitor TO watcher; CREATE SCHEMA genesis AUTHORIZATION watcher');

    const at = valueOf(await engine.beat(asWatcher(), heartbeat, 'host-a', signal));
    const facts = await waitUntil('the standby shows the row', async () => {
      const seen = await observe(asWatcher());
      return typeof seen.replicas[0]?.heartbeatLagSeconds === 'number' && seen.replicas[0].lagBytes === 0
        ? seen
        : undefined;
    });
    expect(facts).toMatchObject({ heartbeatAt: at, heartbeatProblem: null, problem: null });
    expect(facts.replicas).toMatchObject([{ name: 'one', state: 'streaming', lagSeconds: 0, problem: null }]);
    expect(await primary.sql('SELECT id, by FROM genesis.heartbeat')).toEqual([{ id: 1, by: 'host-a' }]);
  });
});

describe('the heartbeat', () => {
  it('is one row that moves', async () => {
    const first = valueOf(await engine.beat(primary.target(), heartbeat, 'host-b', signal));
    const second = valueOf(await engine.beat(primary.target(), heartbeat, 'host-b', signal));

    expect(Date.parse(second)).toBeGreaterThan(Date.parse(first));
    expect(await primary.sql('SELECT by FROM genesis.heartbeat')).toEqual([{ by: 'host-b' }]);
  });

  it('does not wait for a synchronous standby that is away', async () => {
    await primary.configure({ synchronous_standby_names: "'away'" });
    const began = performance.now();

    valueOf(await engine.beat(primary.target(), heartbeat, 'host-b', signal));
    expect(performance.now() - began).toBeLessThan(2500);
    await primary.configure({ synchronous_standby_names: "''" });
  });

  it('gives up on a table that somebody holds, in time', async () => {
    const holder = primary.sql('BEGIN; LOCK TABLE genesis.heartbeat; SELECT pg_sleep(5); COMMIT');
    await waitUntil('it is locked', async () => {
      const rows = await primary.sql("SELECT 1 FROM pg_locks WHERE mode = 'AccessExclusiveLock' AND granted");
      return rows.length > 0;
    });

    const beat = await engine.beat(primary.target(), heartbeat, 'host-b', signal);
    expect(!beat.ok && beat.error.message).toContain('statement timeout');
    await holder;
  });

  it('is never written on a standby, which is no primary either', async () => {
    const target = { ...primary.target(), ...standby.target(), standbys: [] };

    const beat = await engine.beat(target, heartbeat, 'host-b', signal);
    expect(!beat.ok && beat.error.message).toBe(
      'the server accepts no writes: it is a standby, or it was made read-only',
    );
    const facts = await observe(target);
    expect(facts).toMatchObject({ isPrimary: false, timeline: 1, replicas: [] });
    expect(facts.problem).toContain('is in recovery');
  });
});

describe('a standby of a standby', () => {
  it('is connected, with its own lag', async () => {
    const second = await startStandby(standby, { name: 'two' });
    valueOf(await engine.beat(primary.target(), heartbeat, 'host-a', signal));

    const facts = await waitUntil('it shows the row', async () => {
      const seen = await observe(primary.target([standby, second]));
      return seen.replicas[1]?.lagSeconds === 0 ? seen : undefined;
    });
    expect(facts.replicas).toMatchObject([
      { name: 'one', connected: true, problem: null },
      { name: 'two', connected: true, state: 'streaming', problem: 'two follows another server than the primary' },
    ]);
    await second.kill();
    const after = await observe(primary.target([standby, second]));
    expect(after.replicas[1]).toMatchObject({ name: 'two', connected: false, lagSeconds: null });
  });
});

describe('the archive', () => {
  it('says that archiving fails and how much waits', async () => {
    await primary.sql('SELECT pg_switch_wal()');

    const facts = await waitUntil('archiving has failed', async () => {
      const seen = await observe(primary.target());
      return typeof seen.archiver?.lastFailedAt === 'string' ? seen : undefined;
    });
    expect(facts.archiver?.readySegments).toBeGreaterThan(0);
    expect(facts.archiver?.failedCount).toBeGreaterThan(0);
    expect(facts.archiver?.lastFailedWal).toMatch(/^[0-9A-F]{24}$/);
  });
});

describe('the statistics', () => {
  it('count connections, locks and transactions, and know sizes and the slowest queries without their secrets', async () => {
    await primary.sql('CREATE EXTENSION pg_stat_statements');
    await primary.sql(
      "CREATE TABLE big AS SELECT g, repeat('x', 100) AS text FROM generate_series(1, 20000) g; ANALYZE",
    );
    await primary.sql("ALTER ROLE watcher PASSWORD 'hidden-from-everyone'");
    const open = primary.sql('BEGIN; LOCK TABLE big; SELECT pg_sleep(3); COMMIT');
    await waitUntil(
      'it is open',
      async () => (await primary.sql("SELECT 1 FROM pg_locks WHERE relation = 'big'::regclass")).length,
    );

    const { facts } = valueOf(await engine.statistics(primary.target(), null, signal));
    expect(facts.version).toMatch(/^1\d/);
    expect(facts.connectionsMax).toBe(60);
    expect(facts.connectionsUsed).toBeGreaterThanOrEqual(2);
    expect(facts.longestTransactionSeconds).toBeGreaterThan(0);
    expect(facts.databases).toMatchObject([{ name: 'postgres' }]);
    expect(facts.databases[0]?.bytes).toBeGreaterThan(1_000_000);
    // A table that is locked cannot be measured; nothing else suffers.
    expect(facts.tables).toEqual([]);
    await open;
    const later = valueOf(await engine.statistics(primary.target(), null, signal));
    expect(later.facts.tables[0]).toMatchObject({ name: 'public.big', rows: 20_000 });
    expect(later.facts.queries?.some(({ text }) => text === 'ALTER ROLE …')).toBe(true);
    expect(JSON.stringify(later)).not.toContain('hidden-from-everyone');
  });
});

describe('a server that is gone', () => {
  it('is an error and no facts', async () => {
    await primary.stop('immediate');

    const seen = await engine.observe(primary.target(), settings, new Map(), signal);
    expect(!seen.ok && seen.error.code).toBe('postgres_unreachable');
    const statistics = await engine.statistics(primary.target(), null, signal);
    expect(!statistics.ok && statistics.error.code).toBe('postgres_unreachable');
  });
});
