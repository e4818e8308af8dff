/**
 * Durable audit rows per second beside the plainest thing that is as durable: the same rows appended to a file, each
 * followed by fdatasync. Pairs are interleaved, because a shared disk changes its speed from minute to minute.
 *
 *   node bench/store.bench.ts [pairs=9] [rows=400]
 */
import { closeSync, fdatasyncSync, mkdtempSync, openSync, rmSync, writeSync } from 'node:fs';
import { cpus } from 'node:os';
import { join } from 'node:path';
import type { NewAuditEntry, Store } from '../exporter/src/store/port.ts';
import { openForTest } from '../exporter/src/store/sqlite/testing.ts';

const [pairs = 9, rows = 400] = process.argv.slice(2).map(Number);
const warmUpRows = 1_000;
const entry: NewAuditEntry = {
  at: '2026-11-22T02:00:00.000Z',
  actor: 'operator',
  role: 'operator',
  via: 'token',
  action: 'backup.create',
  service: 'demo',
  target: 'backup_20261122_020000_0123abcd',
  result: 'intent',
  reason: 'nightly',
  operationId: 'op_0123456789abcdef',
  remote: '127.0.0.1',
  details: { type: 'full' },
};
const line = Buffer.from(`${JSON.stringify({ seq: 123456, ...entry, hash: '0'.repeat(64) })}\n`);
// In the checkout, not in the temporary folder: that one may be in memory, where nothing is durable.
const folder = mkdtempSync(join(process.cwd(), '.bench-store-'));

function plainFile(n: number): number {
  const file = openSync(join(folder, `plain-${n}`), 'a');
  const started = performance.now();
  for (let row = 0; row < rows; row += 1) {
    writeSync(file, line);
    fdatasyncSync(file);
  }
  const seconds = (performance.now() - started) / 1000;
  closeSync(file);
  return rows / seconds;
}

/** `together`: rows that wait at the same time and share a commit. */
async function auditRows(store: Store, total: number, together: number): Promise<number> {
  const started = performance.now();
  for (let row = 0; row < total; row += together) {
    await Promise.all(Array.from({ length: together }, () => store.audit.append(entry)));
  }
  return (total / (performance.now() - started)) * 1000;
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;
}

function show(name: string, values: readonly number[], digits: number): void {
  const text = (value: number): string => value.toFixed(digits);
  console.log(
    `${name.padEnd(44)} median ${text(median(values)).padStart(8)}  (${text(Math.min(...values))} - ${text(Math.max(...values))})`,
  );
}

try {
  const store = await openForTest(join(folder, 'state', 'genesis.db'));
  // The write-ahead log grows to its lasting size first: a file that grows costs the disk more than one that is rewritten.
  await auditRows(store, warmUpRows, 1);
  const results: { plain: number; single: number; grouped: number }[] = [];
  for (let n = 0; n < pairs; n += 1) {
    // Who goes first alternates.
    const first = n % 2 === 0 ? plainFile(n) : null;
    const single = await auditRows(store, rows, 1);
    const plain = first ?? plainFile(n);
    results.push({ plain, single, grouped: await auditRows(store, rows * 10, 100) });
  }
  const { count, brokenAt } = await store.audit.verify([]);
  await store.close();
  if (count !== warmUpRows + pairs * rows * 11 || brokenAt !== null)
    throw new Error(`the chain does not hold: ${count} rows`);
  console.log(
    `${pairs} interleaved pairs, ${rows} rows of ${line.length} bytes, node ${process.version}, ${cpus().length} cpus`,
  );
  show(
    'file append + fdatasync, rows/s',
    results.map((result) => result.plain),
    0,
  );
  show(
    'audit append, one at a time, rows/s',
    results.map((result) => result.single),
    0,
  );
  show(
    'audit append, 100 waiting at once, rows/s',
    results.map((result) => result.grouped),
    0,
  );
  show(
    'one at a time / file',
    results.map((result) => result.single / result.plain),
    2,
  );
  show(
    '100 at once / file',
    results.map((result) => result.grouped / result.plain),
    2,
  );
} finally {
  rmSync(folder, { recursive: true });
}
