import { plainTable } from '../src/core/quality/settings.ts';
import type { QualityReport } from '../src/contract/quality.ts';
import { compareInThread } from '../src/engines/quality/compare-thread.ts';
import type { TestServer } from './support/postgres.ts';
import { endQuality, limits, named, orders, startQuality, tableOf, type QualityBench } from './support/quality.ts';

// Quality of data on a real PostgreSQL: the source, copies of it, and what was done to them.

let quality: QualityBench;
let server: TestServer;
const compare = (...of: Parameters<QualityBench['compare']>): Promise<QualityReport> => quality.compare(...of);

beforeAll(async () => {
  quality = await startQuality();
  ({ server } = quality);
}, 60_000);
afterAll(endQuality);

describe('data and its source', () => {
  it('are alike where nothing was changed, whatever the types', async () => {
    const report = await compare(await quality.copyOf('same'));

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
    const report = await compare(await quality.copyOf(name, changes), { tables: named('orders', 'customers') });

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

    const orders = tableOf(await compare(await quality.copyOf('stated'), { tables: [table] }), 'public.orders');

    expect(orders.columns.find(({ name }) => name === 'note')?.findings).toContain('5400 values are not numeric');
    expect(orders.columns.find(({ name }) => name === 'total')?.outOfRange).toBeGreaterThan(2000);
  });
});

describe('masked data', () => {
  const table = { ...plainTable('public.customers'), sensitive: ['name', 'mail'] };

  it('is safe when nobody is in it, and at risk as far as somebody is', async () => {
    const masked = await quality.copyOf(
      'masked',
      "UPDATE customers SET name = md5(name), mail = md5(mail) || '@example.org'",
    );
    const partly = await quality.copyOf('partly', "UPDATE customers SET name = 'x', mail = md5(mail) WHERE id % 2 = 0");
    const risk = async (name: string) => (await compare(name, { tables: [table] })).privacyRisk;

    expect(await risk(masked)).toBe(0);
    expect(await risk(partly)).toBe(0.5);
    expect(await risk('same')).toBe(1);
    expect((await compare('same', { tables: [table] })).alerts).toContain('HighPrivacyRisk');
  });

  it('never has a text of a sensitive column in what is kept', async () => {
    const compared = await compareInThread(
      quality.requestOf('same', { tables: [table] }),
      new AbortController().signal,
    );

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
