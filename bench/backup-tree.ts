import { createHash } from 'node:crypto';
import { appendFileSync, cpSync, mkdirSync, readdirSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The tree that backup and restore are measured on; the same on every machine but for node_modules. */

/** Deterministic text: the same seed gives the same bytes on every machine. */
function createNumbers(seed: string): () => number {
  let counter = 0;
  let block = Buffer.alloc(0);
  return () => {
    if (block.length < 4)
      block = createHash('sha256')
        .update(`${seed}/${(counter += 1)}`)
        .digest();
    const value = block.readUInt32LE(0);
    block = block.subarray(4);
    return value;
  };
}

function logLines(seed: string, bytes: number): string {
  const next = createNumbers(seed);
  const verbs = ['GET', 'POST', 'PUT', 'DELETE'];
  const parts: string[] = [];
  for (let size = 0; size < bytes;) {
    const n = next();
    const line = `2026-11-${(n % 28) + 1}T${(n >> 5) % 24}:${n % 60}:${(n >> 3) % 60}.${n % 1000}Z host-${n % 7} web[${n % 30000}]: ${verbs[n % 4]} /api/v1/items/${next()}?q=${next().toString(36)} ${200 + (n % 5) * 100} ${n % 90000} ${(next() / 1e6).toFixed(3)}ms\n`;
    parts.push(line);
    size += line.length;
  }
  return parts.join('');
}

function jsonRecord(seed: string): string {
  const next = createNumbers(seed);
  const rows = Array.from({ length: 60 + (next() % 200) }, () => ({
    id: next(),
    name: `item ${next() % 5000}`,
    price: next() / 1e5,
    tags: [next().toString(36), next().toString(36)],
  }));
  return JSON.stringify(rows, null, 1);
}

/**
 * Packages of this repository's node_modules, `logs` web server logs of 16 MiB and 2,000 JSON files of 5 to 30 KiB: code, text that
 * grows, and records. `moduleFiles`: packages are taken in the order of their names until they hold so many files, so that the tree
 * stays the same kind of tree when dependencies come; Infinity takes all, which is a tree of small files.
 */
export function buildTree(tree: string, logs: number, moduleFiles = 12_000): void {
  const modules = join(dirname(fileURLToPath(import.meta.url)), '../node_modules');
  let taken = 0;
  for (const name of readdirSync(modules).sort()) {
    if (taken >= moduleFiles) break;
    const copy = join(tree, 'node_modules', name);
    cpSync(join(modules, name), copy, { recursive: true, verbatimSymlinks: true, preserveTimestamps: true });
    taken += statSync(copy, { throwIfNoEntry: false })?.isDirectory() === true ? filesOf(copy).length : 0;
  }
  mkdirSync(join(tree, 'logs'));
  for (let i = 0; i < logs; i += 1)
    writeFileSync(join(tree, 'logs', `web-${i}.log`), logLines(`log ${i}`, 16 * 2 ** 20));
  for (let i = 0; i < 2000; i += 1) {
    mkdirSync(join(tree, 'json', String(i % 40)), { recursive: true });
    writeFileSync(join(tree, 'json', String(i % 40), `${i}.json`), jsonRecord(`json ${i}`));
  }
}

/** Every regular file, in a stable order. */
export function filesOf(folder: string): string[] {
  return readdirSync(folder, { withFileTypes: true, recursive: true })
    .filter((e) => e.isFile())
    .map((e) => join(e.parentPath, e.name))
    .sort();
}

/** Changes one file in a hundred, another hundredth each round: appends to small ones, rewrites the time of none. */
export function changeOnePercent(files: readonly string[], round: number): void {
  for (let i = round % 100; i < files.length; i += 100) {
    const file = files[i];
    if (file === undefined) continue;
    appendFileSync(file, `\n${round} ${i}`);
    utimesSync(file, new Date(), new Date());
  }
}
