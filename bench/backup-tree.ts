import { createHash } from 'node:crypto';
import { appendFileSync, cpSync, mkdirSync, readdirSync, utimesSync, writeFileSync } from 'node:fs';
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

/** Of one package at most: otherwise a few packages of thousands of icons or translations would be the tree. */
const filesOfPackage = 100;

/** Relative paths of the packages; those of a scope each for itself, links (the workspace's own) left out. */
function packagesOf(modules: string): string[] {
  const folders = (folder: string): string[] =>
    readdirSync(folder, { withFileTypes: true }).flatMap((e) => (e.isDirectory() ? [e.name] : []));
  return folders(modules)
    .filter((name) => !name.startsWith('.'))
    .flatMap((name) =>
      name.startsWith('@') ? folders(join(modules, name)).map((inner) => join(name, inner)) : [name],
    );
}

/** Copies the first `most` regular files below `from`, in byte order of their paths' segments, with the folders and links on the way; returns how many there were. */
function copyFirst(from: string, to: string, most: number): number {
  mkdirSync(to, { recursive: true });
  let copied = 0;
  for (const entry of readdirSync(from, { withFileTypes: true }).sort((a, b) => (a.name < b.name ? -1 : 1))) {
    if (copied >= most) break;
    const source = join(from, entry.name);
    const target = join(to, entry.name);
    if (entry.isDirectory()) copied += copyFirst(source, target, most - copied);
    else cpSync(source, target, { verbatimSymlinks: true, preserveTimestamps: true });
    if (entry.isFile()) copied += 1;
  }
  return copied;
}

function copyModules(modules: string, to: string, moduleFiles: number): void {
  const digest = (name: string): string => createHash('sha256').update(name).digest('hex');
  const packages = packagesOf(modules).sort((a, b) => (digest(a) < digest(b) ? -1 : 1));
  let left = moduleFiles;
  for (const name of packages) {
    if (left <= 0) return;
    left -= copyFirst(join(modules, name), join(to, name), Math.min(left, filesOfPackage));
  }
}

/**
 * Exactly `moduleFiles` files of this repository's node_modules, `logs` web server logs of 16 MiB and 2,000 JSON files of 5 to 30 KiB:
 * code, text that grows, and records. Of each package the first 100 files are taken, packages in the order of their names' hashes: that
 * keeps number, sizes and kinds when dependencies come and go (by name alone, two thirds were icons of one scope). `moduleFiles`
 * Infinity takes all of node_modules, which is a tree of small files.
 */
export function buildTree(tree: string, logs: number, moduleFiles = 12_000): void {
  const modules = join(dirname(fileURLToPath(import.meta.url)), '../node_modules');
  if (moduleFiles === Infinity)
    cpSync(modules, join(tree, 'node_modules'), { recursive: true, verbatimSymlinks: true, preserveTimestamps: true });
  else copyModules(modules, join(tree, 'node_modules'), moduleFiles);
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
