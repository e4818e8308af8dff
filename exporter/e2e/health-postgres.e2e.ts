import path from 'node:path';
import type { PostgresCheck } from '../src/engines/health/port.ts';
import { probeNow } from '../src/engines/health/testing.ts';
import { ownedFolder, startPostgres, startStandby, stopServers, type TestServer } from './support/postgres.ts';
import { cleanUp, tempFolder, waitUntil } from './support/processes.ts';

const password = 'correct-horse';

describe('the health check of a PostgreSQL server', () => {
  let primary: TestServer;
  let standby: TestServer;

  const checkOf = (server: TestServer, change: Partial<PostgresCheck['server']> = {}): PostgresCheck => {
    const { host, port, user, database, tlsCa } = server.target();
    return {
      kind: 'postgres',
      server: { host, port, user, database, tlsCa, password: null, ...change },
      lagDegradedSeconds: 1,
    };
  };
  /** A role without any right but to log in, by password over TCP. */
  const asWatcher = (server: TestServer, change: Partial<PostgresCheck['server']> = {}): PostgresCheck =>
    checkOf(server, { host: '127.0.0.1', user: 'watcher', password, ...change });

  beforeAll(async () => {
    const folder = ownedFolder(path.join(tempFolder('genesis-health-pg-'), 'pg'));
    primary = await startPostgres({
      folder,
      hba: ['host all watcher 127.0.0.1/32 scram-sha-256'],
      settings: { max_connections: '12', superuser_reserved_connections: '3', max_wal_senders: '3' },
    });
    await primary.sql(`CREATE ROLE watcher LOGIN PASSWORD '${password}'`);
    await primary.sql('CREATE TABLE notes (at timestamptz)');
    standby = await startStandby(primary, {
      name: 'second',
      settings: { max_connections: '12', superuser_reserved_connections: '3', max_wal_senders: '3' },
    });
  }, 90_000);
  afterAll(async () => {
    await stopServers();
    await cleanUp();
  }, 60_000);

  it('is healthy of a primary and of a standby that follows, also for a role without rights', async () => {
    await primary.sql('INSERT INTO notes VALUES (now())');
    await waitUntil('the standby has replayed it', async () => (await standby.sql('SELECT 1 FROM notes')).length === 1);

    const [first, second] = await Promise.all([probeNow(asWatcher(primary)), probeNow(asWatcher(standby))]);

    expect(first.detail).toMatch(/^PostgreSQL 15\.\d+, primary after/);
    expect(second.detail).toMatch(/^PostgreSQL 15\.\d+, standby, all received is replayed after/);
    expect([first.state, second.state]).toEqual(['healthy', 'healthy']);
  });

  it('is an error with a wrong password, role or database, which says nothing about the server', async () => {
    const seen = await Promise.all([
      probeNow(asWatcher(primary, { password: 'wrong-horse' })),
      probeNow(asWatcher(primary, { password: null })),
      probeNow(checkOf(primary, { user: 'nobody-of-that-name' })),
      probeNow(checkOf(primary, { database: 'none' })),
    ]);

    expect(seen.map(({ state }) => state)).toEqual(['error', 'error', 'error', 'error']);
    expect(seen[1]?.detail).toMatch(/^the server wants a password, and none is configured after/);
    expect(JSON.stringify(seen)).not.toContain('horse');
  });

  it('is degraded of a standby that does not replay, and says how far it is behind', async () => {
    await standby.sql('SELECT pg_wal_replay_pause()');
    await primary.sql('INSERT INTO notes VALUES (now())');
    // What it has received must be seen to differ from what it has replayed.
    const late = await waitUntil('it is seen', async () => {
      const seen = await probeNow(asWatcher(standby));
      return seen.state === 'degraded' ? seen : undefined;
    });

    expect(late.detail).toMatch(/standby, [\d.]+ s behind, allowed are 1 s after/);
    await standby.sql('SELECT pg_wal_replay_resume()');
    await waitUntil('it follows again', async () => (await probeNow(asWatcher(standby))).state === 'healthy');
  });

  it('is unhealthy when no further client is taken', async () => {
    const held = Array.from({ length: 9 }, () =>
      // Some of them are refused themselves.
      primary.program('psql', ['-c', 'SELECT pg_sleep(3)']).catch(() => undefined),
    );
    const full = await waitUntil(
      'no client is taken',
      async () => {
        const seen = await probeNow(asWatcher(primary));
        return seen.state === 'unhealthy' ? seen : undefined;
      },
      { intervalMs: 50, deadlineMs: 5000 },
    );

    expect(full.detail).toMatch(/too many|remaining connection slots/);
    await Promise.all(held);
    await waitUntil('clients are taken again', async () => (await probeNow(asWatcher(primary))).state === 'healthy');
  }, 30_000);

  it('is unhealthy without a primary, and degraded of its standby: how far behind it is cannot be known', async () => {
    await primary.kill();

    const gone = await probeNow(asWatcher(primary));
    const alone = await waitUntil('the standby notices', async () => {
      const seen = await probeNow(asWatcher(standby));
      return seen.state === 'degraded' ? seen : undefined;
    });

    expect(gone).toMatchObject({ state: 'unhealthy', responseSeconds: null });
    expect(gone.detail).toContain('ECONNREFUSED');
    expect(alone.detail).toMatch(/standby that receives nothing, newest transaction \d+ s old after/);
  });

  it('is unhealthy of a server that hangs', async () => {
    process.kill(standby.pid, 'SIGSTOP');

    const seen = await probeNow(asWatcher(standby), { timeoutMs: 500 });
    process.kill(standby.pid, 'SIGCONT');

    expect(seen).toMatchObject({ state: 'unhealthy', responseSeconds: null });
    expect(seen.detail).toMatch(/no answer within/);
  });
});
