/**
 * How long the API takes to answer the list of backups from a catalogue of many: median and slowest of the replies over HTTP, by what
 * is asked. The plugin shows rows within 500 ms of the reply; the reply itself is to take less than 100 ms.
 *
 *   node bench/catalogue.bench.ts [backups=10000] [requests=40]
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import { fakeApp, secrets } from '../exporter/src/api/testing/fake-app.ts';
import { startTestServer } from '../exporter/src/api/testing/test-server.ts';
import type { BackupRecord } from '../exporter/src/contract/backup.ts';
import { ok } from '../exporter/src/contract/errors.ts';
import { recoverable } from '../exporter/src/core/recoverable.ts';
import { openForTest } from '../exporter/src/store/sqlite/testing.ts';

const [backups = 10_000, requests = 40] = process.argv.slice(2).map(Number);
const folder = mkdtempSync(join(tmpdir(), 'genesis-catalogue-'));
const beganMs = Date.parse('2026-01-01T00:00:00.000Z');
const services = ['shop', 'files', 'orders'];

/** Every half hour one of three services; sizes and durations are spread, each incremental builds upon the one before. */
function recordOf(n: number): BackupRecord {
  const startedAt = new Date(beganMs + n * 1_800_000).toISOString();
  const id = (of: number): string => `backup_${String(of).padStart(8, '0')}_abcdef01`;
  const isFull = n % 144 < services.length;
  const bytes = ((n * 104_729) % 1_000_003) * 1000;
  const component = {
    status: 'completed',
    entries: 1000,
    bytes,
    addedBytes: 10,
    storedBytes: 5,
    warnings: 0,
    error: null,
  } as const;
  return {
    id: id(n),
    service: services[n % services.length] ?? '',
    engine: 'archive',
    type: isFull ? 'full' : 'incremental',
    parent: isFull ? null : id(n - services.length),
    status: 'completed',
    startedAt,
    endedAt: new Date(Date.parse(startedAt) + ((n * 7919) % 600_000)).toISOString(),
    components: ['data', 'config', 'plugins'].map((name) => ({ name, skipped: {}, ...component })),
    entries: 3000,
    bytes: bytes * 3,
    addedBytes: 30,
    storedBytes: 15 + n,
    checksum: n.toString(16).padStart(64, '0'),
    encrypted: false,
    keyFingerprint: null,
    warnings: [],
    warningCount: 0,
  };
}

const questions = [
  '/api/v1/backups',
  '/api/v1/backups?limit=500',
  '/api/v1/backups?sort=-durationSeconds&limit=100',
  '/api/v1/backups?sort=service&limit=100',
  '/api/v1/backups?service=shop&type=full&verified=never&sort=-bytes',
  '/api/v1/backups?q=0042',
  '/api/v1/backups?q=nothing+like+it',
  '/api/v1/services/shop/recoverable',
];

const store = await openForTest(join(folder, 'state', 'genesis.db'));
const app = fakeApp();
app.backups = (filter) => store.backups.list(filter);
app.recoverable = async (service, wish) =>
  ok(recoverable(service, await store.backups.ofService(service), wish, 14_400, new Date()));
const server = await startTestServer(app);
try {
  for (let n = 0; n < backups; n += 1) await store.backups.put(recordOf(n));
  console.log(
    `${backups} backups, ${requests} requests each, ${cpus().length} x ${cpus()[0]?.model ?? 'unknown processor'}`,
  );
  for (const target of questions) {
    const tookMs: number[] = [];
    let bytes = 0;
    for (let n = 0; n < requests; n += 1) {
      const started = performance.now();
      const reply = await server.send(target, { token: secrets.operator });
      tookMs.push(performance.now() - started);
      if (reply.status !== 200) throw new Error(`${target}: ${reply.status} ${reply.text}`);
      bytes = reply.text.length;
    }
    const sorted = tookMs.toSorted((a, b) => a - b);
    const show = (value: number | undefined): string => (value ?? Number.NaN).toFixed(1).padStart(7);
    console.log(
      `${target.padEnd(72)} median ${show(sorted[Math.floor(requests / 2)])} ms, slowest ${show(sorted.at(-1))} ms, ${bytes} bytes`,
    );
  }
} finally {
  await server.close();
  await store.close();
  rmSync(folder, { recursive: true });
}
