import { Config } from '../../src/config/index.ts';
import { reportOf } from '../../src/core/quality/report.ts';
import { plainTable, type TableSettings } from '../../src/core/quality/settings.ts';
import type { QualityReport, TableReport } from '../../src/contract/quality.ts';
import { compareServers, type CompareRequest } from '../../src/engines/quality/compare-servers.ts';
import type { PostgresTarget } from '../../src/engines/postgres-target.ts';
import type { QualityDeps } from '../../src/runtime/quality.ts';
import type { ResolvedService } from '../../src/runtime/services.ts';
import type { Store } from '../../src/store/port.ts';
import { openForTest } from '../../src/store/sqlite/testing.ts';
import { startPostgres, stopServers, type TestServer } from './postgres.ts';
import { cleanUp, tempFolder } from './processes.ts';

// A database with every type, copies of it, and what compares them.

export const limits = { minScore: 0.8, maxPrivacyRisk: 0.3, maxDivergence: 0.2 };
export const orders = 6000;

export const qualitySchema = `
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

export interface QualityBench {
  readonly server: TestServer;
  readonly folder: string;
  /** A copy of the source, changed by these statements. */
  copyOf(name: string, changes?: string): Promise<string>;
  requestOf(restored: string, change?: Partial<CompareRequest>): CompareRequest;
  compare(restored: string, change?: Partial<CompareRequest>): Promise<QualityReport>;
}

/** A server with the database `source`. To be ended with `endQuality`. */
export async function startQuality(): Promise<QualityBench> {
  const folder = tempFolder('gqual-');
  const server = await startPostgres({ folder });
  await server.sql('CREATE DATABASE source');
  await server.sql(qualitySchema, 'source');
  const requestOf = (restored: string, change: Partial<CompareRequest> = {}): CompareRequest => {
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
  };
  return {
    server,
    folder,
    async copyOf(name, changes = '') {
      await server.sql(`CREATE DATABASE ${name} TEMPLATE source`);
      if (changes !== '') await server.sql(changes, name);
      return name;
    },
    requestOf,
    async compare(restored, change = {}) {
      const compared = await compareServers(requestOf(restored, change), new AbortController().signal);
      if (!compared.ok) throw compared.error;
      const told = { id: 'q', service: 's', at: '', drillId: null, against: 'source', seconds: 0 } as const;
      return reportOf(compared.value.tables, { ...told, findings: compared.value.findings, limits, seed: 42 });
    },
  };
}

export async function endQuality(): Promise<void> {
  await stopServers();
  await cleanUp();
}

export function tableOf(report: QualityReport, name: string): TableReport {
  const found = report.tables.find((table) => table.name === name);
  if (found === undefined) throw new Error(`no ${name} in ${report.tables.map((table) => table.name).join(', ')}`);
  return found;
}

export const named = (...names: string[]): TableSettings[] => names.map((name) => plainTable(`public.${name}`));

/** The service `shop` of this database, with a state of its own in the folder, as the server compares it. */
export async function qualityService(
  target: PostgresTarget,
  folder: string,
  quality: Readonly<Record<string, unknown>>,
): Promise<{ readonly deps: QualityDeps; readonly resolved: ResolvedService; readonly store: Store }> {
  const store = await openForTest(`${folder}/state-${Object.keys(quality).length}.db`);
  const { host, port, user, database } = target;
  const config = Config.parse({
    services: [{ name: 'shop', postgres: { host, port, user, database }, quality: { enabled: true, ...quality } }],
  });
  const random = { bytes: (n: number) => Buffer.alloc(n, 7), hex: (n: number) => '07'.repeat(n) };
  const log = { debug: () => undefined, info: () => undefined, warn: () => undefined, error: () => undefined };
  const deps = { clock: { now: () => new Date(), sleep: async () => undefined }, random, log, store };
  return { deps, resolved: { config: config.services[0], postgres: target } as unknown as ResolvedService, store };
}
