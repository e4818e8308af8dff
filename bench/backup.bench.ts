import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { enableCompileCache } from 'node:module';
import { cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { createArchiveEngine } from '../exporter/src/engines/backup/archive/engine.ts';
import type { BackupEngine, BackupRequest, RepositoryRef } from '../exporter/src/engines/backup/port.ts';
import { buildTree, changeOnePercent, filesOf } from './backup-tree.ts';

/**
 * Backup speed against `tar -I 'zstd -T0'` and restic on one tree: 12,000 files of this repository's node_modules, generated logs and JSON (backup-tree.ts).
 * Interleaved pairs, order swapped in every second one; both sides end with `sync -f`. The engine runs in this process as it does in
 * the service (its worker's start counts, Node's own does not); restic encrypts, ours is plain unless --sealed.
 *
 *   node bench/backup.bench.ts [--pairs 7] [--sealed] [--folder DIR] [--logs 24] [--only full|incremental|unchanged] [--small]
 *
 * --small: all of node_modules, a tree of many small files and the worst case.
 */
const { values: options } = parseArgs({
  options: {
    pairs: { type: 'string', default: '7' },
    logs: { type: 'string', default: '24' },
    folder: { type: 'string', default: tmpdir() },
    only: { type: 'string' },
    sealed: { type: 'boolean', default: false },
    small: { type: 'boolean', default: false },
  },
});
// As the `genesis` binary does.
enableCompileCache();
const pairs = Number(options.pairs);
const work = mkdtempSync(join(options.folder, 'genesis-bench-'));
const tree = join(work, 'tree');
const never = new AbortController().signal;
const context = { signal: never, onProgress: () => undefined };

const engine: BackupEngine = createArchiveEngine({
  clock: { now: () => new Date(), sleep: () => Promise.resolve() },
  exec: { run: () => Promise.reject(new Error('no commands here')) },
  random: { bytes: (n) => randomBytes(n), hex: (n) => randomBytes(n).toString('hex') },
  log: { debug: () => undefined, info: () => undefined, warn: () => undefined, error: () => undefined },
});
const key = options.sealed ? randomBytes(32) : null;

function sync(): void {
  execFileSync('sync', ['-f', work]);
}

interface Sample {
  readonly seconds: number;
  /** Processor time of this process and its children, all threads: tells work from waiting on a busy machine. */
  readonly cpuSeconds: number;
  /** What was written; null where it is not known. */
  readonly bytes: number | null;
}

/** utime, stime, cutime and cstime of /proc/self/stat, in ticks of 10 ms. */
function cpuSeconds(): number {
  const fields = readFileSync('/proc/self/stat', 'utf8')
    .replace(/^.*\) /s, '')
    .split(' ');
  return fields.slice(11, 15).reduce((sum, ticks) => sum + Number(ticks), 0) / 100;
}

async function timed(run: () => Promise<number | null> | number | null): Promise<Sample> {
  sync();
  const begin = performance.now();
  const cpu = cpuSeconds();
  const bytes = await run();
  sync();
  return { seconds: (performance.now() - begin) / 1000, cpuSeconds: cpuSeconds() - cpu, bytes };
}

let made = 0;
function request(repository: RepositoryRef, parent: string | null): BackupRequest {
  made += 1;
  return {
    id: `backup_20261122_000000_${made.toString(16).padStart(8, '0')}`,
    service: 'bench',
    type: parent === null ? 'full' : 'incremental',
    parent,
    repository,
    components: [{ name: 'data', paths: [tree], excludes: [] }],
    compareContent: false,
    limits: { nice: null, bandwidthBytesPerSecond: null, concurrency: 4 },
    auditHead: null,
    configYaml: null,
  };
}

async function backUp(repository: RepositoryRef, parent: string | null): Promise<{ id: string; bytes: number }> {
  const outcome = await engine.backup(request(repository, parent), context);
  if (!outcome.ok) throw outcome.error;
  return { id: outcome.value.id, bytes: outcome.value.storedBytes };
}

async function newRepository(name: string): Promise<RepositoryRef> {
  const repository = { path: join(work, name), key };
  const outcome = await engine.prepare(repository, never);
  if (!outcome.ok) throw outcome.error;
  return repository;
}

const resticEnv = {
  PATH: process.env['PATH'],
  RESTIC_PASSWORD: 'bench',
  RESTIC_REPOSITORY: join(work, 'restic'),
  RESTIC_CACHE_DIR: join(work, 'restic-cache'),
};
function restic(...args: string[]): null {
  execFileSync('restic', args, { env: resticEnv, stdio: ['ignore', 'ignore', 'inherit'] });
  return null;
}

interface Comparison {
  readonly name: string;
  readonly goal: number;
  readonly ours: Sample[];
  readonly theirs: Sample[];
}

/** Runs both sides `pairs` times, each first in every second pair; one warm-up of each is thrown away. */
async function compare(
  name: string,
  goal: number,
  sides: { before?: (round: number) => void; ours: () => Promise<number>; theirs: () => number | null },
): Promise<Comparison> {
  const ours: Sample[] = [];
  const theirs: Sample[] = [];
  for (let round = 0; round <= pairs; round += 1) {
    sides.before?.(round);
    const first = round % 2 === 0 ? sides.ours : sides.theirs;
    const a = await timed(first);
    const b = await timed(first === sides.ours ? sides.theirs : sides.ours);
    if (round === 0) continue;
    ours.push(first === sides.ours ? a : b);
    theirs.push(first === sides.ours ? b : a);
    console.error(
      `${name} ${round}/${pairs}: ours ${ours.at(-1)?.seconds.toFixed(2)} s, theirs ${theirs.at(-1)?.seconds.toFixed(2)} s`,
    );
  }
  return { name, goal, ours, theirs };
}

function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  const upper = sorted[middle] ?? NaN;
  return sorted.length % 2 === 1 ? upper : ((sorted[middle - 1] ?? NaN) + upper) / 2;
}

async function compareFull(): Promise<Comparison> {
  let n = 0;
  return compare('full vs tar+zstd', 1.1, {
    ours: async () => (await backUp(await newRepository(`full-${(n += 1)}`), null)).bytes,
    theirs: () => {
      const file = join(work, `tar-${n}.tar.zst`);
      execFileSync('tar', ['-I', 'zstd -T0', '-cf', file, '-C', work, 'tree']);
      return statSync(file).size;
    },
    before: (round) => {
      for (const name of readdirSync(work))
        if (/^(full|tar)-/.test(name)) rmSync(join(work, name), { recursive: true });
      n = round * 2;
    },
  });
}

async function compareIncremental(changed: boolean): Promise<Comparison> {
  const label = changed ? 'changed' : 'unchanged';
  rmSync(resticEnv.RESTIC_REPOSITORY, { recursive: true, force: true });
  restic('init', '-q');
  restic('backup', '-q', tree);
  const repository = await newRepository(`chain-${label}`);
  let last = await backUp(repository, null);
  const files = filesOf(tree);
  return compare(
    changed ? 'incremental, 1 % changed, vs restic' : 'incremental, unchanged, vs restic',
    changed ? 1 : 0.5,
    {
      before: (round) => {
        if (changed) changeOnePercent(files, round);
      },
      ours: async () => {
        last = await backUp(repository, last.id);
        return last.bytes;
      },
      theirs: () => restic('backup', '-q', tree),
    },
  );
}

function report(comparison: Comparison): Record<string, string | number> {
  const { name, goal, ours, theirs } = comparison;
  const ratio = median(ours.map((sample, i) => sample.seconds / (theirs[i]?.seconds ?? NaN)));
  const seconds = (samples: readonly Sample[]): string => {
    const all = samples.map((s) => s.seconds);
    return `${median(all).toFixed(2)} (${Math.min(...all).toFixed(2)}-${Math.max(...all).toFixed(2)})`;
  };
  const mebibytes = (samples: readonly Sample[]): string => {
    const known = samples.flatMap((s) => (s.bytes === null ? [] : [s.bytes]));
    return known.length === 0 ? 'not read' : (median(known) / 2 ** 20).toFixed(1);
  };
  const cpu = (samples: readonly Sample[]): string => median(samples.map((s) => s.cpuSeconds)).toFixed(2);
  return {
    what: name,
    'ours s': seconds(ours),
    'theirs s': seconds(theirs),
    ratio: ratio.toFixed(2),
    goal,
    held: ratio <= goal ? 'yes' : 'NO',
    'ours cpu s': cpu(ours),
    'theirs cpu s': cpu(theirs),
    'ours MiB': mebibytes(ours),
    'theirs MiB': mebibytes(theirs),
  };
}

try {
  buildTree(tree, Number(options.logs), options.small ? Infinity : undefined);
  const files = filesOf(tree);
  const bytes = files.reduce((sum, file) => sum + statSync(file).size, 0);
  const rows: Record<string, string | number>[] = [];
  if (options.only === undefined || options.only === 'full') rows.push(report(await compareFull()));
  if (options.only === undefined || options.only === 'incremental') rows.push(report(await compareIncremental(true)));
  if (options.only === undefined || options.only === 'unchanged') rows.push(report(await compareIncremental(false)));
  console.table(rows);
  const machine = { node: process.version, cpu: cpus()[0]?.model, cores: cpus().length };
  console.log(
    JSON.stringify({
      machine,
      pairs,
      sealed: options.sealed,
      files: files.length,
      mebibytes: Math.round(bytes / 2 ** 20),
      rows,
    }),
  );
} finally {
  rmSync(work, { recursive: true, force: true });
}
