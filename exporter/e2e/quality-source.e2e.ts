import type { QualityReport } from '../src/contract/quality.ts';
import { compareInThread } from '../src/engines/quality/compare-thread.ts';
import { startPostgres, startStandby, type TestServer } from './support/postgres.ts';
import { sleep } from './support/processes.ts';
import {
  endQuality,
  limits,
  named,
  orders,
  qualitySchema,
  startQuality,
  tableOf,
  type QualityBench,
} from './support/quality.ts';

// Data that cannot simply be compared: the source has gone on since, or does not let itself be read.

let quality: QualityBench;
let server: TestServer;
let folder: string;
const compare = (...of: Parameters<QualityBench['compare']>): Promise<QualityReport> => quality.compare(...of);

beforeAll(async () => {
  quality = await startQuality();
  ({ server, folder } = quality);
  await quality.copyOf('same');
}, 60_000);
afterAll(endQuality);

describe('a source that goes on', () => {
  it('is compared as it was when the restored data was, and a loss is seen all the same', async () => {
    const live = await startPostgres({ folder, name: 'live' });
    await live.sql('CREATE DATABASE source');
    await live.sql(qualitySchema, 'source');
    await live.sql('VACUUM FREEZE orders', 'source');
    const restored = await startStandby(live, { name: 'restored' });
    await restored.sql('SELECT pg_promote()');
    await live.sql(
      `INSERT INTO orders SELECT id + 100000, customer, total + 5000, tax, state, mood, placed + interval '1 year', note FROM orders;
       INSERT INTO orders SELECT id + 200000, customer, total + 9000, tax, state, mood, placed + interval '2 years', note FROM orders WHERE id < 100000;
       UPDATE customers SET city = city WHERE true; UPDATE parted SET id = id WHERE id % 2 = 0;
       CREATE TABLE younger AS SELECT * FROM orders`,
      'source',
    );
    const change = {
      source: { ...live.target(), database: 'source' },
      restored: { ...restored.target(), database: 'source' },
    };

    const healthy = await compare('source', change);
    await restored.sql('DELETE FROM orders WHERE id % 3 = 0', 'source');
    const lost = await compare('source', change);

    expect(healthy.tables.map(({ name, score }) => [name, score])).toEqual(
      healthy.tables.map(({ name }) => [name, expect.closeTo(1, 1)]),
    );
    expect(healthy.findings).toContain('younger than the restored data: public.younger');
    expect(tableOf(healthy, 'public.orders')).toMatchObject({ rows: orders, rowsSource: orders * 3, divergence: 0 });
    expect(tableOf(healthy, 'public.orders').findings[0]).toBe(
      `compared with the ${orders} rows of the source that have not changed since`,
    );
    expect(tableOf(lost, 'public.orders').score).toBeLessThan(limits.minScore);
    expect(lost.score).toBeLessThan(limits.minScore);
  }, 60_000);
});

describe('what cannot be read', () => {
  it('counts as bad, and the rest is compared all the same', async () => {
    await server.sql('CREATE ROLE reader LOGIN; GRANT SELECT ON customers TO reader', 'same');
    const restored = { ...server.target(), database: 'same', user: 'reader' };

    const report = await compare('same', { restored, tables: named('orders', 'customers') });

    expect(tableOf(report, 'public.orders')).toMatchObject({
      score: 0,
      findings: ['the restored table cannot be read: permission denied for table orders'],
    });
    expect(tableOf(report, 'public.customers').score).toBe(1);
    expect(report.score).toBeLessThan(limits.minScore);
  });

  it('is not waited for: a lock, and the end of the time', async () => {
    await server.sql('CREATE TABLE held (id int)', 'same');
    const held = server.sql('BEGIN; LOCK TABLE held; SELECT pg_sleep(7)', 'same');
    await sleep(300);

    const locked = await compare('same', {
      source: { ...server.target(), database: 'same' },
      tables: named('held', 'customers'),
    });
    const late = await compare('same', { tables: named('orders'), timeoutMs: 1 });

    expect(tableOf(locked, 'public.held').findings.join()).toContain('lock timeout');
    expect(tableOf(locked, 'public.customers').score).toBe(1);
    expect(late.score).toBe(0);
    await held;
  }, 60_000);

  it('fails the comparison where the server does not answer, and ends at once when it is cancelled', async () => {
    const nobody = { ...server.target(), port: 1 };
    const aborter = new AbortController();
    const cancelled = compareInThread(quality.requestOf('same'), aborter.signal);
    setTimeout(() => aborter.abort(), 150);

    expect(
      await compareInThread(quality.requestOf('same', { source: nobody }), new AbortController().signal),
    ).toMatchObject({
      ok: false,
      error: { code: 'postgres_unreachable' },
    });
    expect(await cancelled).toMatchObject({ ok: false, error: { code: 'cancelled' } });
  });

  it('is not a table with a part on another server, which would be asked', async () => {
    const foreign = await quality.copyOf(
      'foreign_part',
      `CREATE EXTENSION postgres_fdw; CREATE SERVER far FOREIGN DATA WRAPPER postgres_fdw OPTIONS (host '127.0.0.1', port '1');
       CREATE FOREIGN TABLE parted_3 PARTITION OF parted FOR VALUES FROM ('2027-01-01') TO ('2028-01-01') SERVER far`,
    );

    const report = await compare(foreign, { tables: named('parted', 'customers') });

    expect(tableOf(report, 'public.parted').score).toBe(0);
    expect(tableOf(report, 'public.customers').score).toBe(1);
  });
});
