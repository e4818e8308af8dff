import { execFileSync } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import { cpSync, mkdirSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { enableCompileCache } from 'node:module';
import { cpus, tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { createArchiveEngine } from '../exporter/src/engines/backup/archive/engine.ts';
import type { BackupEngine } from '../exporter/src/engines/backup/port.ts';

/**
 * Restore speed against `tar --zstd -xf` of the same archive. Interleaved pairs, order swapped in every second one. Both end with
 * `sync -f`; every result is compared with the source. Genesis proves every file by its SHA-256 on the way, tar checks nothing: a second
 * column adds to tar what would make it as safe, `sha256sum` of the archive before it is unpacked.
 * The engine runs in this process as it does in the service (the start of its thread counts, Node's own does not).
 *
 *   node bench/restore.bench.ts [--pairs 7] [--sealed] [--folder DIR] [--logs 6]
 */
const { values: options } = parseArgs({
  options: {
    pairs: { type: 'string', default: '7' },
    logs: { type: 'string', default: '6' },
    folder: { type: 'string', default: tmpdir() },
    sealed: { type: 'boolean', default: false },
  },
});
// As the service does it.
enableCompileCache();
const pairs = Number(options.pairs);
const work = mkdtempSync(join(options.folder, 'genesis-bench-'));
const tree = join(work, 'tree');
const out = join(work, 'out');
const backupId = 'backup_20260101_000000_00000001';
const context = { signal: new AbortController().signal, onProgress: () => undefined };
const repository = { path: join(work, 'repository'), key: options.sealed ? randomBytes(32) : null };

const engine: BackupEngine = createArchiveEngine({
  clock: { now: () => new Date(), sleep: () => Promise.resolve() },
  exec: { run: () => Promise.reject(new Error('no commands here')) },
  random: { bytes: (n) => randomBytes(n), hex: (n) => randomBytes(n).toString('hex') },
  log: { debug: () => undefined, info: () => undefined, warn: () => undefined, error: () => undefined },
});

/** Log lines whose numbers come from a hash: the same at every run, and about as compressible as real ones. */
function logText(seed: string, bytes: number): string {
  const lines: string[] = [];
  for (let size = 0, i = 0; size < bytes; i += 1) {
    const sum = createHash('sha256').update(`${seed}/${i}`).digest('hex');
    const line = `2026-11-22T0${i % 10}:00:00Z host-${i % 7} web[${i % 9999}]: GET /api/v1/items/${sum.slice(0, 12)} ${200 + (i % 3)} ${sum.slice(12, 16)} ms\n`;
    lines.push(line);
    size += line.length;
  }
  return lines.join('');
}

async function prepare(): Promise<string> {
  const modules = join(dirname(fileURLToPath(import.meta.url)), '../node_modules');
  cpSync(modules, join(tree, 'node_modules'), { recursive: true, verbatimSymlinks: true, preserveTimestamps: true });
  mkdirSync(join(tree, 'logs'));
  for (let i = 0; i < Number(options.logs); i += 1)
    writeFileSync(join(tree, 'logs', `web-${i}.log`), logText(`log ${i}`, 16 * 2 ** 20));
  const prepared = await engine.prepare(repository, context.signal);
  if (!prepared.ok) throw prepared.error;
  const made = await engine.backup(
    {
      id: backupId,
      service: 'bench',
      type: 'full',
      parent: null,
      repository,
      components: [{ name: 'data', paths: [tree], excludes: [] }],
      compareContent: false,
      limits: { nice: null, bandwidthBytesPerSecond: null, concurrency: cpus().length },
      auditHead: null,
      configYaml: null,
    },
    context,
  );
  if (!made.ok) throw made.error;
  console.log(
    `${made.value.entries} entries, ${(made.value.bytes / 1e6).toFixed(0)} MB, ${(made.value.storedBytes / 1e6).toFixed(0)} MB stored, ${cpus().length} CPUs`,
  );
  // tar cannot read a sealed archive: it gets a plain one of the same tree.
  const plain = join(work, 'plain.tar.zst');
  execFileSync('tar', ['-I', 'zstd -T0 -3', '-cf', plain, '-C', work, 'tree']);
  return options.sealed ? plain : join(repository.path, 'backups/bench', backupId, 'data.tar.zst');
}

async function runGenesis(): Promise<number> {
  const start = performance.now();
  const restored = await engine.restore(
    {
      operationId: 'bench',
      repository,
      backupId,
      selection: { components: [], paths: [] },
      target: { kind: 'folder', path: out },
      restoreOwner: process.getuid?.() === 0,
    },
    context,
  );
  const seconds = (performance.now() - start) / 1000;
  if (!restored.ok) throw restored.error;
  checkAndClear(join(out, 'data/tree'));
  return seconds;
}

/** `checked`: the archive's SHA-256 is computed first, as one would who wants to know what he unpacks. */
function runTar(archive: string, checked: boolean): number {
  const start = performance.now();
  if (checked) execFileSync('sha256sum', [archive]);
  mkdirSync(out);
  execFileSync('tar', ['--zstd', '-xpf', archive, '-C', out]);
  execFileSync('sync', ['-f', out]);
  const seconds = (performance.now() - start) / 1000;
  checkAndClear(join(out, 'tree'));
  return seconds;
}

function checkAndClear(result: string): void {
  execFileSync('diff', ['-r', '--no-dereference', tree, result]);
  rmSync(out, { recursive: true });
  execFileSync('sync', ['-f', work]);
}

function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1
    ? (sorted[middle] ?? NaN)
    : ((sorted[middle - 1] ?? NaN) + (sorted[middle] ?? NaN)) / 2;
}

try {
  const archive = await prepare();
  const seconds: Record<'genesis' | 'tar' | 'tarChecked', number[]> = { genesis: [], tar: [], tarChecked: [] };
  const sides: (() => Promise<void>)[] = [
    async () => void seconds.genesis.push(await runGenesis()),
    () => Promise.resolve(void seconds.tar.push(runTar(archive, false))),
    () => Promise.resolve(void seconds.tarChecked.push(runTar(archive, true))),
  ];
  for (let pair = 0; pair < pairs; pair += 1) {
    for (const side of pair % 2 === 0 ? sides : [...sides].reverse()) await side();
    console.log(
      `pair ${pair + 1}: genesis ${seconds.genesis.at(-1)?.toFixed(2)} s, tar ${seconds.tar.at(-1)?.toFixed(2)} s, sha256sum + tar ${seconds.tarChecked.at(-1)?.toFixed(2)} s`,
    );
  }
  const ratios = (of: readonly number[]): number => median(seconds.genesis.map((s, i) => s / (of[i] ?? NaN)));
  const result = {
    pairs,
    sealed: options.sealed,
    archiveBytes: statSync(archive).size,
    medianSeconds: {
      genesis: median(seconds.genesis),
      tar: median(seconds.tar),
      tarChecked: median(seconds.tarChecked),
    },
    medianRatio: { toTar: ratios(seconds.tar), toTarChecked: ratios(seconds.tarChecked) },
    bound: 1.15,
  };
  console.log(JSON.stringify(result, null, 2));
} finally {
  rmSync(work, { recursive: true, force: true });
}
