import { mkdtempSync, rmSync } from 'node:fs';
import { enableCompileCache } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { startPostgres, stopServers } from '../exporter/e2e/support/postgres.ts';
import { reportInWords, reportOf } from '../exporter/src/core/quality/report.ts';
import type { CompareRequest } from '../exporter/src/engines/quality/compare-servers.ts';
import { compareInThread } from '../exporter/src/engines/quality/compare-thread.ts';

/**
 * Quality of a large table against its source: time and memory. A real PostgreSQL holds the table and a copy of its database (the same
 * pages, as a physical restore gives), and then a copy whose rows stand in another order, as a logical one does.
 * This process does what Genesis does, so its resident memory is the figure.
 *
 *   node bench/quality.bench.ts [--rows 10000000] [--folder DIR] [--logical]
 */
const { values: options } = parseArgs({
  options: {
    rows: { type: 'string', default: '10000000' },
    folder: { type: 'string', default: tmpdir() },
    logical: { type: 'boolean', default: false },
  },
});
// As the service does it.
enableCompileCache();
const bounds = { seconds: 60, rssBytes: 200_000_000 };
const rows = Number(options.rows);
const folder = mkdtempSync(join(options.folder, 'genesis-bench-'));
const limits = { minScore: 0.8, maxPrivacyRisk: 0.3, maxDivergence: 0.2 };

const table = (order: string): string => `
  create table measurements as
  select i as id, timestamptz '2026-01-01' + i * interval '1 second' as at, (i * 7919 % 100003)::float8 / 100 as reading,
         (i * 104729 % 999983)::numeric / 1000 as amount, (i * 31 % 1000)::int as sensor, (i % 7)::smallint as kind,
         (array['new', 'paid', 'sent', 'done'])[1 + i % 4] as state, 'customer ' || (i * 15485863 % 1000003) as name,
         i % 3 = 0 as flag, case when i % 10 = 0 then null else 'note ' || i % 5000 end as note
  from generate_series(1, ${rows}::bigint) i ${order}`;

let highest = 0;
const watch = setInterval(() => (highest = Math.max(highest, process.memoryUsage().rss)), 50);
try {
  const server = await startPostgres({
    folder,
    settings: { shared_buffers: "'128MB'", max_wal_size: "'4GB'", wal_level: 'minimal', max_wal_senders: '0' },
  });
  const target = server.target();
  await server.sql('create database source');
  await server.sql(table(''), 'source');
  const [size] = await server.sql<{ bytes: string }>(
    "select pg_relation_size('measurements')::text as bytes",
    'source',
  );
  console.log(`${rows} rows, ${(Number(size?.bytes) / 1e6).toFixed(0)} MB`);
  await server.sql('create database physical template source');
  const measured = { physical: await measure('physical'), ...(options.logical ? { logical: await logical() } : {}) };
  const isWithin = Object.values(measured).every((m) => m.seconds < bounds.seconds && m.rssBytes < bounds.rssBytes);
  console.log(JSON.stringify({ rows, ...measured, bounds, isWithin }, null, 2));
  process.exitCode = isWithin ? 0 : 1;

  async function logical() {
    await server.sql('create database logical');
    await server.sql(table('order by hashint8(i)'), 'logical');
    return measure('logical');
  }

  async function measure(restored: string) {
    const request: CompareRequest = {
      source: { ...target, database: 'source' },
      restored: { ...target, database: restored },
      tables: [{ name: 'public.measurements', sensitive: ['name'], types: {}, ranges: {} }],
      leftOut: [],
      settings: { significance: 0.05, effect: 0.1, categories: 20, limits },
      sampleRows: 100_000,
      seed: 42,
      timeoutMs: bounds.seconds * 1000,
    };
    const start = performance.now();
    const compared = await compareInThread(request, new AbortController().signal);
    const seconds = (performance.now() - start) / 1000;
    if (!compared.ok) throw compared.error;
    const told = { id: 'bench', service: 'bench', at: '', drillId: null, against: 'source', findings: [] } as const;
    const report = reportOf(compared.value.tables, { ...told, limits, seconds, seed: request.seed });
    console.log(reportInWords(report));
    const [seen] = report.tables;
    const { sampled = 0, sampleError = 1, privacyRisk = null } = seen ?? {};
    return {
      seconds,
      rssBytes: highest,
      score: report.score,
      divergence: report.divergence,
      privacyRisk,
      sampled,
      sampleError,
    };
  }
} finally {
  clearInterval(watch);
  await stopServers();
  rmSync(folder, { recursive: true, force: true });
}
