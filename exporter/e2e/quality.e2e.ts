import { Config } from '../src/config/index.ts';
import { reportOf } from '../src/core/quality/report.ts';
import { plainTable, type TableSettings } from '../src/core/quality/settings.ts';
import type { QualityReport, TableReport } from '../src/contract/quality.ts';
import { compareServers, type CompareRequest } from '../src/engines/quality/compare-servers.ts';
import { compareInThread } from '../src/engines/quality/compare-thread.ts';
import { compareForDrill, compareQuality } from '../src/runtime/quality.ts';
import type { ResolvedService } from '../src/runtime/services.ts';
import { openForTest } from '../src/store/sqlite/testing.ts';
import { startPostgres, startStandby, stopServers, type TestServer } from './support/postgres.ts';
import { cleanUp, sleep, tempFolder } from './support/processes.ts';

// Quality of data on a real PostgreSQL: the source, copies of it, and what was done to them.

const limits = { minScore: 0.8, maxPrivacyRisk: 0.3, maxDivergence: 0.2 };
const orders = 6000;

const schema = `
  CREATE TYPE mood AS ENUM ('calm', 'busy');
  CREATE DOMAIN amount AS numeric(12,2);
  CREATE TABLE customers (id bigint PRIMARY KEY, name text NOT NULL, mail text, city text);
  INSERT INTO customers SELECT i, 'name ' || i * 7919 % 100003, 'm' || i || '@example.org', 'city ' || i % 30 FROM generate_series(1, 1000) i;
  CREATE TABLE orders (id bigint PRIMARY KEY, customer bigint, total amount, tax amount, state text, mood mood, placed timestamptz, note text);
  INSERT INTO orders SELECT i, i * 31 % 1000, (i * 7919 % 100003) / 100.0, (i * 7919 % 100003) / 500.0, (ARRAY['new', 'paid', 'sent', 'done'])[1 + i % 4],
    CASE WHEN i % 3 = 0 THEN 'calm' ELSE 'busy' END::mood, timestamptz '2026-01-01' + i * interval '1 minute',
    CASE WHEN i % 10 = 0 THEN NULL ELSE 'note ' || i % 500 END FROM generate_series(1, ${orders}) i;
  CREATE TABLE "odd "" . name" ("a ""b" int, "select" text);
  INSERT INTO "odd "" . name" VALUES (1, NULL), (NULL, E'x\\u001fy'), (2, '');
  CREATE TABLE everything (i2 smallint, f4 real, f8 double precision, n numeric, huge numeric, m money, d date, t time, tz timetz, ts timestamp, iv interval,
    b boolean, u uuid, ip inet, j json, jb jsonb, bytes bytea, xs int[], p point, r int4range, bits bit(3), x xml, dom amount,
    large text, g int GENERATED ALWAYS AS (i2 * 2) STORED);
  ALTER TABLE everything ALTER large SET STORAGE EXTERNAL;
  INSERT INTO everything SELECT i % 7, CASE WHEN i = 5 THEN 'NaN'::real ELSE i END, CASE WHEN i = 6 THEN 'Infinity'::float8 ELSE i END, i * 1e20, CASE i WHEN 1 THEN '1e400' WHEN 2 THEN '-1e400' WHEN 3 THEN '1e-400' WHEN 4 THEN 'NaN' WHEN 5 THEN NULL ELSE i::text END::numeric, i::int::money,
    CASE WHEN i = 7 THEN 'infinity'::date ELSE date '2026-01-01' + i END, time '10:00' + i * interval '1 second', '10:00+02', timestamp '2026-01-01', i * interval '1 hour',
    i % 2 = 0, md5(i::text)::uuid, '10.0.0.1', json_build_object('i', i), jsonb_build_object('i', i), decode(md5(i::text), 'hex'), ARRAY[i, i + 1],
    point(i, i), int4range(i, i + 5), B'101', xmlelement(name a, i), i, repeat(md5(i::text), 1000) FROM generate_series(1, 300) i;
  CREATE TABLE parted (id int, at date) PARTITION BY RANGE (at);
  CREATE TABLE parted_1 PARTITION OF parted FOR VALUES FROM ('2026-01-01') TO ('2026-07-01');
  CREATE TABLE parted_2 PARTITION OF parted FOR VALUES FROM ('2026-07-01') TO ('2027-01-01');
  INSERT INTO parted SELECT i, date '2026-01-01' + i % 365 FROM generate_series(1, 1000) i;
  CREATE MATERIALIZED VIEW cities AS SELECT city, count(*) FROM customers GROUP BY city;
  CREATE VIEW seen AS SELECT * FROM orders;
  CREATE TABLE empty (id int);`;

let server: TestServer;
let folder: string;

beforeAll(async () => {
  folder = tempFolder('gqual-');
  server = await startPostgres({ folder });
  await server.sql('CREATE DATABASE source');
  await server.sql(schema, 'source');
}, 60_000);

afterAll(async () => {
  await stopServers();
  await cleanUp();
});

/** A copy of the source, changed by these statements. */
async function copyOf(name: string, changes = ''): Promise<string> {
  await server.sql(`CREATE DATABASE ${name} TEMPLATE source`);
  if (changes !== '') await server.sql(changes, name);
  return name;
}

function requestOf(restored: string, change: Partial<CompareRequest> = {}): CompareRequest {
  const target = server.target();
  return {
    source: { ...target, database: 'source' },
    restored: { ...target, database: restored },
    tables: [],
    leftOut: [],
    settings: { significance: 0.05, effect: 0.1, categories: 20, limits },
    sampleRows: 100_000,
    seed: 42,
    timeoutMs: 30_000,
    ...change,
  };
}

async function compare(restored: string, change: Partial<CompareRequest> = {}): Promise<QualityReport> {
  const compared = await compareServers(requestOf(restored, change), new AbortController().signal);
  if (!compared.ok) throw compared.error;
  const told = { id: 'q', service: 's', at: '', drillId: null, against: 'source', seconds: 0 } as const;
  return reportOf(compared.value.tables, { ...told, findings: compared.value.findings, limits, seed: 42 });
}

function tableOf(report: QualityReport, name: string): TableReport {
  const found = report.tables.find((table) => table.name === name);
  if (found === undefined) throw new Error(`no ${name} in ${report.tables.map((table) => table.name).join(', ')}`);
  return found;
}

const named = (...names: string[]): TableSettings[] => names.map((name) => plainTable(`public.${name}`));

describe('data and its source', () => {
  it('are alike where nothing was changed, whatever the types', async () => {
    const report = await compare(await copyOf('same'));

    expect(report.tables.map(({ name, score }) => [name, score]).sort()).toEqual([
      ['public.cities', 1],
      ['public.customers', 1],
      ['public.everything', expect.closeTo(1, 1)],
      ['public.odd " . name', 1],
      ['public.orders', 1],
      ['public.parted', 1],
    ]);
    expect(report).toMatchObject({ divergence: 0, privacyRisk: null, alerts: [] });
    expect(report.tables.flatMap(({ columns }) => columns.filter(({ test }) => test?.matches === false))).toEqual([]);
    expect(tableOf(report, 'public.parted')).toMatchObject({ rows: 1000, rowsSource: 1000, sampled: 1000 });
    const kinds = Object.fromEntries(tableOf(report, 'public.orders').columns.map(({ name, kind }) => [name, kind]));
    expect(kinds).toEqual({
      id: 'numeric',
      customer: 'numeric',
      total: 'numeric',
      tax: 'numeric',
      state: 'categorical',
      mood: 'categorical',
      placed: 'time',
      note: 'text',
    });
    // Not a number is no number on both sides.
    expect(tableOf(report, 'public.everything').columns.find(({ name }) => name === 'f4')?.outOfRange).toBe(1);
  });

  it.each([
    ['lost_rows', 'DELETE FROM orders WHERE id % 2 = 0', /3000 rows, 6000 rows in the source/],
    ['lost_column', 'ALTER TABLE orders DROP COLUMN total CASCADE', /column total is missing/],
    ['nulled', 'UPDATE orders SET state = NULL', /100.0 % are missing, 0.0 % in the source/],
    ['all_new', "UPDATE orders SET state = 'new'", /distributed unlike the source: Cramér’s V/],
    ['scaled', 'UPDATE orders SET total = total * 10', /distributed unlike the source: D /],
    [
      'retyped',
      'DROP VIEW seen; ALTER TABLE orders ALTER total TYPE text',
      /column total is text, public.amount in the source/,
    ],
    ['cut', 'UPDATE orders SET note = left(note, 3)', /distributed unlike the source: D /],
    [
      'doubled',
      'ALTER TABLE orders DROP CONSTRAINT orders_pkey; INSERT INTO orders SELECT * FROM orders',
      /6000 rows are like another one, 0 in/,
    ],
    ['unrelated', 'UPDATE orders o SET tax = x.tax FROM orders x WHERE x.id = o.id * 7919 % 6000 + 1', null],
    ['emptied', 'TRUNCATE orders', /empty, and the source is not/],
    ['gone', 'DROP TABLE orders CASCADE', /the table is missing in the restored data/],
  ])('differ and are told so: %s', async (name, changes, finding) => {
    const report = await compare(await copyOf(name, changes), { tables: named('orders', 'customers') });

    expect(report.score).toBeLessThan(limits.minScore);
    expect(report.alerts).toContain('LowDataQualityScore');
    const table = tableOf(report, 'public.orders');
    const findings = [...table.findings, ...table.schemaDrift, ...table.columns.flatMap((column) => column.findings)];
    if (finding !== null) expect(findings.join('; ')).toMatch(finding);
    expect(tableOf(report, 'public.customers').score).toBe(1);
  });

  it('are judged by what the configuration says of columns', async () => {
    const table = {
      ...plainTable('public.orders'),
      types: { note: 'numeric' },
      ranges: { total: { min: 0, max: 500 } },
    } as const;

    const orders = tableOf(await compare(await copyOf('stated'), { tables: [table] }), 'public.orders');

    expect(orders.columns.find(({ name }) => name === 'note')?.findings).toContain('5400 values are not numeric');
    expect(orders.columns.find(({ name }) => name === 'total')?.outOfRange).toBeGreaterThan(2000);
  });
});

describe('masked data', () => {
  const table = { ...plainTable('public.customers'), sensitive: ['name', 'mail'] };

  it('is safe when nobody is in it, and at risk as far as somebody is', async () => {
    const masked = await copyOf('masked', "UPDATE customers SET name = md5(name), mail = md5(mail) || '@example.org'");
    const partly = await copyOf('partly', "UPDATE customers SET name = 'x', mail = md5(mail) WHERE id % 2 = 0");
    const risk = async (name: string) => (await compare(name, { tables: [table] })).privacyRisk;

    expect(await risk(masked)).toBe(0);
    expect(await risk(partly)).toBe(0.5);
    expect(await risk('same')).toBe(1);
    expect((await compare('same', { tables: [table] })).alerts).toContain('HighPrivacyRisk');
  });

  it('never has a text of a sensitive column in what is kept', async () => {
    const compared = await compareInThread(requestOf('same', { tables: [table] }), new AbortController().signal);

    const kept = JSON.stringify(compared.ok ? compared.value : null);
    expect(kept).toContain('city 1');
    expect(kept).not.toMatch(/name \d|@example/);
  });
});

describe('samples', () => {
  it('are the same for the same seed, bounded, and say how far they can be trusted', async () => {
    const sampled = (seed: number) => compare('same', { tables: named('orders'), sampleRows: 2000, seed });

    const [a, b, c] = [await sampled(1), await sampled(1), await sampled(2)];

    const seen = tableOf(a, 'public.orders');
    expect(seen.sampled).toBeLessThanOrEqual(2000);
    expect(seen.sampled).toBeGreaterThan(1800);
    expect(seen).toMatchObject({ rows: orders, score: 1 });
    expect(seen.sampleError).toBeCloseTo(0.98 / Math.sqrt(seen.sampled), 6);
    expect(tableOf(b, 'public.orders')).toEqual(seen);
    expect(tableOf(c, 'public.orders').sampled).not.toBe(seen.sampled);
  });

  it('take pages of a large table, and estimate its rows without reading them', async () => {
    await server.sql('CREATE DATABASE large');
    // A row a page: a quarter of a gigabyte with few rows.
    await server.sql(
      `CREATE TABLE wide (id int, filler text); ALTER TABLE wide ALTER filler SET STORAGE PLAIN;
       INSERT INTO wide SELECT i, repeat('x', 4200) FROM generate_series(1, 36000) i`,
      'large',
    );
    const target = { ...server.target(), database: 'large' };

    const report = await compare('large', { source: target, tables: named('wide'), sampleRows: 5000 });

    const wide = tableOf(report, 'public.wide');
    expect(wide).toMatchObject({ rows: null, rowsSource: null, score: 1 });
    expect(wide.sampled).toBeGreaterThan(4000);
    expect(wide.sampled).toBeLessThanOrEqual(5000);
    const about = Number(/about (\d+) rows/.exec(wide.findings.join())?.[1]);
    expect(Math.abs(about - 36_000) / 36_000).toBeLessThan(0.05);
  }, 60_000);
});

describe('a source that goes on', () => {
  it('is compared as it was when the restored data was, and a loss is seen all the same', async () => {
    const live = await startPostgres({ folder, name: 'live' });
    await live.sql('CREATE DATABASE source');
    await live.sql(schema, 'source');
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
    const cancelled = compareInThread(requestOf('same'), aborter.signal);
    setTimeout(() => aborter.abort(), 150);

    expect(await compareInThread(requestOf('same', { source: nobody }), new AbortController().signal)).toMatchObject({
      ok: false,
      error: { code: 'postgres_unreachable' },
    });
    expect(await cancelled).toMatchObject({ ok: false, error: { code: 'cancelled' } });
  });

  it('is not a table with a part on another server, which would be asked', async () => {
    const foreign = await copyOf(
      'foreign_part',
      `CREATE EXTENSION postgres_fdw; CREATE SERVER far FOREIGN DATA WRAPPER postgres_fdw OPTIONS (host '127.0.0.1', port '1');
       CREATE FOREIGN TABLE parted_3 PARTITION OF parted FOR VALUES FROM ('2027-01-01') TO ('2028-01-01') SERVER far`,
    );

    const report = await compare(foreign, { tables: named('parted', 'customers') });

    expect(tableOf(report, 'public.parted').score).toBe(0);
    expect(tableOf(report, 'public.customers').score).toBe(1);
  });
});

describe('level 5 of a drill', () => {
  const now = () => new Date();
  const silent = { debug: () => undefined, info: () => undefined, warn: () => undefined, error: () => undefined };

  async function service(quality: Record<string, unknown>) {
    const store = await openForTest(`${folder}/state-${Object.keys(quality).length}.db`);
    const target = { ...server.target(), database: 'source' };
    const connection = { host: target.host, port: target.port, user: target.user, database: 'source' };
    const config = Config.parse({
      services: [{ name: 'shop', postgres: connection, quality: { enabled: true, ...quality } }],
    });
    const random = { bytes: (n: number) => Buffer.alloc(n, 7), hex: (n: number) => '07'.repeat(n) };
    const deps = { clock: { now, sleep: async () => undefined }, random, log: silent, store };
    const resolved = { config: config.services[0], postgres: target } as unknown as ResolvedService;
    const restored = (database: string) => ({
      socketFolder: target.host,
      port: target.port,
      user: target.user,
      database,
    });
    const tools = { operationId: 'op_1', signal: new AbortController().signal };
    return {
      deps,
      resolved,
      store,
      target,
      drill: (database: string) =>
        compareForDrill(
          deps,
          {
            ...resolved,
            config: { ...resolved.config, quality: { ...resolved.config.quality, database } },
          } as ResolvedService,
          restored(database),
          tools,
        ),
    };
  }

  it('passes and fails by the score, and keeps the report with its drill', async () => {
    const { deps, resolved, store, target } = await service({ tables: [{ name: 'public.orders' }] });
    const signal = new AbortController().signal;

    const good = await compareQuality(
      deps,
      resolved,
      { source: null, restored: { ...target, database: 'same' }, drillId: 'drill_1' },
      signal,
    );
    expect(good.ok && good.value).toMatchObject({ service: 'shop', drillId: 'drill_1', against: 'source', score: 1 });
    expect(await store.quality.latest('shop')).toMatchObject({
      score: 1,
      tables: [{ name: 'public.orders', score: 1 }],
    });
    const bad = await compareQuality(
      deps,
      resolved,
      { source: null, restored: { ...target, database: 'nulled' }, drillId: 'drill_2' },
      signal,
    );
    expect(bad.ok && bad.value.alerts).toEqual(['LowDataQualityScore']);
    await store.close();
  });

  it('asks the live database once, and from then on compares with the profile', async () => {
    const { deps, resolved, store, target } = await service({
      against: 'profile',
      tables: [{ name: 'public.orders' }],
    });
    const signal = new AbortController().signal;
    const run = (database: string, live = target) =>
      compareQuality(
        deps,
        { ...resolved, postgres: live },
        { source: null, restored: { ...target, database }, drillId: null },
        signal,
      );
    const gone = { ...target, port: 1 };

    const first = await run('same');
    const second = await run('same', gone);
    const third = await run('nulled', gone);
    const fourth = await run('same', gone);

    expect(first.ok && first.value.findings).toEqual([
      'there was no profile yet: the live database was asked this once',
    ]);
    expect(second.ok && second.value).toMatchObject({ against: 'profile', score: 1 });
    expect(third.ok && third.value.score).toBeLessThan(0.8);
    // What was found bad did not become the measure.
    expect(fourth.ok && fourth.value.score).toBe(1);
    await store.close();
  });

  it('says why it failed, also when nothing could be compared', async () => {
    const { drill, store } = await service({});

    const none = await drill('no_such_database');

    expect(none).toMatchObject({ reportId: null, level: { level: 5, result: 'failed' } });
    expect(none.level.detail).toContain('could not be compared: ');
    await store.close();
  });
});
