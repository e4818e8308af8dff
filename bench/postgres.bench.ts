import { rmSync, writeFileSync } from 'node:fs';
import { cpus, loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { cleanUp, tempFolder } from '../exporter/e2e/support/processes.ts';
import { stopServers } from '../exporter/e2e/support/postgres.ts';
import type { DrillRecord, Operation } from '../exporter/src/contract/operation.ts';
import { median, told } from './support/cost.ts';
import { createBench, service, tables, type Bench, type Sample } from './support/pgbackrest.ts';

/**
 * Backup and restore of a PostgreSQL by Genesis' running server, asked through its API, against pgBackRest alone with the same options
 * on the same database and repository. Interleaved pairs, order swapped in every second one; both end with `sync -f`, every backup is
 * looked up in `info`, every restored cluster has its rows counted, and both go again. A restore ends, on both sides, with a cluster
 * that was recovered to the end of the WAL and stopped. Last, one drill of the newest backup up to level 4. The last column is the median of the
 * pairs' own shares.
 *
 *   node bench/postgres.bench.ts [--scale 67] [--pairs 7] [--only full,incremental,read-back,restore,drill] [--write FILE]
 *   node bench/postgres.bench.ts --gigabytes 5      the drill alone, of a database of that size
 *
 * `--profile DIR`: Node's processor profile of the server goes there.
 * `read-back`: full backups with the verification that is on by default, against `backup` and `verify` of pgBackRest.
 */
const { values: options } = parseArgs({
  options: {
    scale: { type: 'string', default: '67' },
    pairs: { type: 'string', default: '7' },
    only: { type: 'string' },
    gigabytes: { type: 'string' },
    write: { type: 'string' },
    profile: { type: 'string' },
  },
});
/** Of pgbench, for a thousand million bytes. */
const scalePerGigabyte = 67;
const bounds = { ownShare: 0.03, fixedSeconds: 1, peakMiB: 200 };
const scale =
  options.gigabytes === undefined ? Number(options.scale) : Math.round(Number(options.gigabytes) * scalePerGigabyte);
const pairs = Number(options.pairs);
const all = ['full', 'incremental', 'read-back', 'restore', 'drill'];
const wanted = options.only?.split(',') ?? (options.gigabytes === undefined ? all : ['drill']);
const loads: number[] = [];

interface Row {
  readonly name: string;
  readonly genesis: readonly Sample[];
  readonly bare: readonly Sample[];
}

async function compare(
  name: string,
  before: () => Promise<void>,
  genesis: (round: number) => Promise<Sample>,
  bare: (round: number) => Promise<Sample>,
): Promise<Row> {
  const row = { name, genesis: [] as Sample[], bare: [] as Sample[] };
  for (let round = 0; round < pairs; round += 1) {
    const sides = [
      async () => void row.genesis.push(await genesis(round)),
      async () => void row.bare.push(await bare(round)),
    ];
    for (const side of round % 2 === 0 ? sides : sides.reverse()) {
      await before();
      await side();
    }
    loads.push(loadavg()[0] ?? NaN);
    const [ours, theirs] = [row.genesis.at(-1), row.bare.at(-1)];
    console.error(
      `${name} ${round + 1}: Genesis ${ours?.seconds.toFixed(2)} s (own processor ${ours?.own?.toFixed(2)} s, commands ${ours?.engine.toFixed(2)} s), alone ${theirs?.seconds.toFixed(2)} s (${theirs?.engine.toFixed(2)} s)`,
    );
  }
  return row;
}

/** Looked up, then removed: every pair meets the same repository. */
async function settle(bench: Bench, type: string): Promise<void> {
  const made = await bench.newest();
  if (made.type !== type) throw new Error(`the newest backup is ${made.label} (${made.type}), not ${type}`);
  await bench.remove(made.label);
}

function compareBackups(bench: Bench, type: 'full' | 'incremental', verify: boolean): Promise<Row> {
  const short = { full: 'full', incremental: 'incr' }[type];
  const names = { full: 'full backup', incremental: `incremental, 1 of ${tables} files changed` };
  return compare(
    verify ? 'full backup and its verification' : names[type],
    () => bench.change(),
    async (round) => {
      const { operation, sample } = await bench.ask('/backups', { service, type });
      if (round === 0) tellSteps(operation);
      await settle(bench, short);
      return sample;
    },
    async () => {
      const sample = await bench.bareBackup(type, verify);
      await settle(bench, short);
      return sample;
    },
  );
}

async function compareRestores(bench: Bench, folder: string, id: string, label: string): Promise<Row> {
  const check = async (target: string): Promise<void> => {
    const rows = await bench.rowsIn(join(target, 'cluster'));
    if (rows !== scale * 100_000) throw new Error(`${rows} rows came back`);
    rmSync(target, { recursive: true });
  };
  return compare(
    'restore beside, recovered to the newest state',
    async () => {},
    async (round) => {
      const target = join(folder, 'home', 'restores', `genesis-${round}`);
      const body = { target: { kind: 'folder', path: target } };
      const { operation, sample } = await bench.ask(`/backups/${id}/restore`, body);
      if (round === 0) tellSteps(operation);
      await check(target);
      return sample;
    },
    async (round) => {
      const target = join(folder, `alone-${round}`);
      const sample = await bench.bareRestore(label, target);
      await check(target);
      return sample;
    },
  );
}

function tellSteps({ steps }: Operation): void {
  for (const { name, startedAt, endedAt } of steps)
    console.error(`  ${name}: ${((Date.parse(endedAt ?? '') - Date.parse(startedAt)) / 1000).toFixed(2)} s`);
}

async function drill(bench: Bench): Promise<string[]> {
  // The others were removed without its knowledge.
  await bench.ask('/backups', { service, type: 'full' });
  const { operation, sample } = await bench.ask(`/services/${service}/drills`, {});
  const { items } = await bench.get<{ items: readonly DrillRecord[] }>(`/drills?operationId=${operation.id}`);
  const [record] = items;
  if (record?.passed !== true) throw new Error(JSON.stringify(record));
  const levels = record.levels.filter(({ result }) => result === 'passed').length;
  return [
    '',
    `Drill of it (${levels} levels passed): ${sample.seconds.toFixed(1)} s to the removed folder on disk, measured RTO ${record.rtoSeconds?.toFixed(1)} s`,
    `(${record.phases.map(({ name, seconds }) => `${name} ${seconds.toFixed(1)} s`).join(', ')}), measured RPO ${record.rpoSeconds?.toFixed(1)} s, ${record.entriesCompared} files,`,
    `${(record.bytesCompared / 1e9).toFixed(2)} GB. Processor: Genesis itself ${sample.own?.toFixed(2)} s, the commands ${sample.engine.toFixed(1)} s (${percent((sample.own ?? NaN) / sample.engine)}).`,
  ];
}

function percent(share: number): string {
  return `${(share * 100).toFixed(1)} %`;
}

function rowText({ name, genesis, bare }: Row): string {
  const seconds = (of: readonly Sample[]): number[] => of.map((sample) => sample.seconds);
  const own = genesis.map((sample) => sample.own ?? NaN);
  const engine = bare.map((sample) => sample.engine);
  const shares = own.map((seconds, i) => (100 * seconds) / (engine[i] ?? NaN));
  const differences = genesis.map((sample, i) => sample.seconds - (bare[i]?.seconds ?? NaN));
  return [
    name,
    told(seconds(genesis)),
    told(seconds(bare)),
    told(differences),
    told(own),
    told(genesis.map((sample) => sample.engine)),
    told(engine),
    `${told(shares, 1)} %`,
  ]
    .map((cell) => `| ${cell} `)
    .join('')
    .concat('|');
}

const tableHead = [
  '',
  '| | Genesis s | alone s | difference s | own processor s | its commands’ | alone’s | own / alone’s |',
  '|---|---|---|---|---|---|---|---|',
];

/** On a machine with other work an operation takes longer, and each second of it has the share of a server that does nothing. */
function besidesIdle({ name, genesis, bare }: Row, { seconds, own }: Sample): string {
  const perSecond = (own ?? NaN) / seconds;
  const besides = genesis.map((sample) => (sample.own ?? NaN) - sample.seconds * perSecond);
  const shares = besides.map((own, i) => own / (bare[i]?.engine ?? NaN));
  return `Without the ${(perSecond * 1000).toFixed(1)} ms a second that it takes when idle, ${name}: ${median(besides).toFixed(2)} s, ${percent(median(shares))}.`;
}

function idleText(when: string, { seconds, own, engine }: Sample): string {
  return `Idle for ${seconds} s ${when} it took ${own?.toFixed(2)} s of processor, its commands ${engine.toFixed(2)} s.`;
}

interface Idle {
  /** A quarter of a minute after the start. */
  readonly first: Sample;
  /** At the end. */
  readonly warm: Sample;
}

function report(bench: Bench, rows: readonly Row[], { first, warm }: Idle, drilled: readonly string[]): string {
  const command = `node bench/postgres.bench.ts --scale ${scale} --pairs ${pairs}${wanted.length === all.length ? '' : ` --only ${wanted.join(',')}`}`;
  const [load, most] = [median(loads), Math.max(...loads)];
  return [
    `\`${command}\`; Node ${process.version}, ${cpus().length} cores, ${cpus()[0]?.model.trim()}, ${new Date().toISOString().slice(0, 10)}, load ${load.toFixed(1)} (most ${most.toFixed(1)}).`,
    `Database ${(bench.bytes / 1e9).toFixed(2)} GB, pgbench scale ${scale}, zst, process-max 2. Medians of ${pairs} pairs (least–most); the difference is that of each pair.`,
    ...(rows.length === 0 ? [] : tableHead),
    ...rows.map(rowText),
    '',
    ...rows.map((row) => besidesIdle(row, warm)),
    ...drilled,
    '',
    `Most memory resident of Genesis’ process: ${bench.peak().toFixed(0)} MiB (bound ${bounds.peakMiB}), at the first start, which compiles, ${bench.firstStart().toFixed(0)} MiB.`,
    idleText('after its start', first),
    idleText('at the end', warm),
    '',
  ].join('\n');
}

async function measure(): Promise<void> {
  const folder = tempFolder('genesis-bench-');
  const profile = options.profile === undefined ? undefined : `--cpu-prof --cpu-prof-dir=${options.profile}`;
  const bench = await createBench(folder, scale, profile);
  console.error(`loaded: ${(bench.bytes / 1e9).toFixed(2)} GB`);
  await bench.start({ verify: false });
  const idleAtFirst = await bench.idle(20);
  const first = await bench.ask('/backups', { service, type: 'full' });
  const { label } = await bench.newest();
  const rows: Row[] = [];
  // Fulls come after: once a later full was removed, pgBackRest makes no more incrementals of the one before.
  if (wanted.includes('incremental')) rows.push(await compareBackups(bench, 'incremental', false));
  if (wanted.includes('restore'))
    rows.push(await compareRestores(bench, folder, String(first.operation.result?.['backupId']), label));
  if (wanted.includes('full')) rows.push(await compareBackups(bench, 'full', false));
  if (wanted.includes('read-back')) {
    await bench.start({ verify: true });
    rows.push(await compareBackups(bench, 'full', true));
  }
  loads.push(loadavg()[0] ?? NaN);
  const drilled = wanted.includes('drill') ? await drill(bench) : [];
  const text = report(bench, rows, { first: idleAtFirst, warm: await bench.idle(20) }, drilled);
  process.stdout.write(text);
  if (options.write !== undefined) writeFileSync(options.write, text);
  await bench.stop();
}

try {
  console.error(`in ${tmpdir()}`);
  await measure();
} finally {
  await stopServers();
  await cleanUp();
}
