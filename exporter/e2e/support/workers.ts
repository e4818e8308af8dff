import { spawn } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import type { ScaleRequest, ScalingContext, ScalingEngine } from '../../src/engines/scaling/port.ts';
import { ProcessOptions } from '../../src/engines/scaling/process/options.ts';
import { createProcessEngine, type ProcessDeps } from '../../src/engines/scaling/process/engine.ts';
import { markerOf, markerVariable } from '../../src/engines/scaling/process/workers.ts';
import { systemClock } from '../../src/runtime/clock.ts';
import { systemSpawner } from '../../src/runtime/spawner.ts';
import { valueOf } from './outcomes.ts';
import { freePort, sleep, tempFolder } from './processes.ts';

// HTTP workers for scaling tests: a small program of Node's own parts, started by the engine `process`.

/**
 * Answers `/` after `?ms=` with its name; `/health` with 200 once the file `broken` is not there, `/metrics` with requests in work.
 * SIGTERM: no new connections, the requests in work are answered; it stays when the file `stubborn` is there.
 */
const program = `
import { createServer } from 'node:http';
import { existsSync } from 'node:fs';
const [port, folder] = [Number(process.env.PORT), process.argv[2]];
const started = Date.now();
const late = Number(process.argv[3] ?? 0);
let busy = 0, done = 0, extra = 0;
const server = createServer((request, reply) => {
  const url = new URL(request.url, 'http://localhost');
  if (url.pathname === '/health') {
    const well = Date.now() - started >= late && (well0 || !existsSync(folder + '/broken'));
    if (well) well0 = true;
    reply.statusCode = well ? 200 : 503;
    return reply.end(well ? 'ready' : 'not yet');
  }
  if (url.pathname === '/load') extra = Number(url.searchParams.get('is'));
  if (url.pathname === '/env') return reply.end(JSON.stringify(process.env));
  if (url.pathname === '/metrics')
    return reply.end('# TYPE worker_busy gauge\\nworker_busy{name="' + process.env.INSTANCE + '"} ' + (busy + extra) + '\\nworker_done_total ' + done + '\\n');
  busy += 1;
  setTimeout(() => { busy -= 1; done += 1; reply.end(process.env.INSTANCE); }, Number(url.searchParams.get('ms') ?? 5));
});
let well0 = false;
server.listen(port, '127.0.0.1', () => console.log('listening on ' + port));
process.on('SIGTERM', () => {
  console.log('asked to end');
  if (existsSync(folder + '/stubborn')) return;
  server.close(() => process.exit(0));
});
`;

/** Path of the program, written into this folder. */
export function writeWorkerProgram(folder: string): string {
  const file = path.join(folder, 'worker.mjs');
  writeFileSync(file, program);
  return file;
}

export interface Workers {
  readonly service: string;
  /** Folder of the engine. */
  readonly home: string;
  readonly options: ProcessOptions;
  /** A new engine on the same home, as after a restart of Genesis. */
  engine(): ScalingEngine;
  /** New workers do not get ready (`broken`), or do not end when they are asked (`stubborn`). */
  set(what: 'broken' | 'stubborn', on: boolean): void;
  /** Pids of those that run, seen past the engine. */
  pids(): readonly number[];
  /** Kills them all, each by its pid. */
  killAll(): void;
}

/** `lateMs`: so long a worker takes until it is ready. */
export async function workersIn(
  folder: string,
  options: {
    readonly service?: string;
    readonly lateMs?: number;
    readonly ports?: number;
    readonly change?: Partial<ProcessOptions>;
    readonly deps?: Partial<ProcessDeps>;
  } = {},
): Promise<Workers> {
  const { service = 'web', lateMs = 0, ports = 6, change, deps } = options;
  const home = tempFolder('gwork-');
  const file = writeWorkerProgram(folder);
  const first = await freePort();
  const settings = ProcessOptions.parse({
    command: [process.execPath, file, folder, String(lateMs)],
    ports: [first, first + ports - 1],
    health_path: '/health',
    load_path: '/metrics',
    load_metric: 'worker_busy',
    ...change,
  });
  const marker = `${markerVariable}=${markerOf(service, home)}`;
  const pids = (): readonly number[] => running(marker);
  return {
    service,
    home,
    options: settings,
    engine: () =>
      createProcessEngine(settings, {
        spawner: systemSpawner,
        clock: systemClock,
        fetch,
        log: silent,
        service,
        home,
        ...deps,
      }),
    set: (what, on) => {
      const flag = path.join(folder, what);
      if (on) writeFileSync(flag, '');
      else if (existsSync(flag)) rmSync(flag);
    },
    pids,
    killAll: () => {
      for (const pid of pids()) process.kill(pid, 'SIGKILL');
    },
  };
}

/** A log that nobody reads. */
export const silent = { debug: () => undefined, info: () => undefined, warn: () => undefined, error: () => undefined };

function running(marker: string): readonly number[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .filter((pid) => {
      try {
        const isDead = / [ZX] /.test(readFileSync(`/proc/${pid}/stat`, 'utf8').replace(/^.*\)/s, ''));
        return !isDead && readFileSync(`/proc/${pid}/environ`, 'utf8').split('\0').includes(marker);
      } catch {
        return false; // gone, or somebody else's
      }
    });
}

/** Keeps the notes of a scaling. */
export function scalingContext(signal = new AbortController().signal): ScalingContext & { readonly notes: string[] } {
  const notes: string[] = [];
  return { signal, operation: 'op-test', notes, note: (detail) => void notes.push(detail) };
}

/** A Genesis of its own process that scales these workers, and is killed so long after it has begun. */
export async function killedWhileScaling(workers: Workers, desired: number, afterMs: number): Promise<void> {
  const source = path.resolve(import.meta.dirname, '../../src');
  const from = (file: string): string => JSON.stringify(pathToFileURL(path.join(source, file)).href);
  const { options, service, home } = workers;
  const program = `
    import { createProcessEngine } from ${from('engines/scaling/process/engine.ts')};
    import { systemClock } from ${from('runtime/clock.ts')};
    import { systemSpawner } from ${from('runtime/spawner.ts')};
    const log = { debug() {}, info() {}, warn() {}, error() {} };
    const deps = { spawner: systemSpawner, clock: systemClock, fetch, log, ...${JSON.stringify({ service, home })} };
    const engine = createProcessEngine(${JSON.stringify(options)}, deps);
    const request = { desired: ${desired}, remove: [], readySeconds: 20, drainSeconds: 5 };
    process.stdout.write('begins');
    await engine.scale(request, { signal: new AbortController().signal, operation: 'op', note() {} });
    await new Promise((resolve) => setTimeout(resolve, 60_000));`;
  const genesis = spawn(process.execPath, ['--input-type=module', '-e', program], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  await new Promise((resolve) => genesis.stdout.once('data', resolve));
  await sleep(afterMs);
  const ended = new Promise((resolve) => genesis.once('exit', resolve));
  genesis.kill('SIGKILL');
  await ended;
}

/** That many, with patience for a busy machine. */
export const request = (desired: number, change: Partial<ScaleRequest> = {}): ScaleRequest => ({
  desired,
  remove: [],
  readySeconds: 20,
  drainSeconds: 5,
  ...change,
});

/** What came of it, with its notes. Throws what went wrong. */
export async function scaled(engine: ScalingEngine, desired: number, change: Partial<ScaleRequest> = {}) {
  const context = scalingContext();
  const done = valueOf(await engine.scale(request(desired, change), context));
  return { ...done, notes: context.notes };
}
/** `name state` of each. */
export const statesOf = async (engine: ScalingEngine): Promise<readonly string[]> =>
  valueOf(await engine.fleet(new AbortController().signal)).instances.map(({ name, state }) => `${name} ${state}`);
