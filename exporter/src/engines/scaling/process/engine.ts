import { fail, ok, toOpError, type Outcome } from '../../../contract/errors.ts';
import type { Fleet, Instance } from '../../../contract/scaling.ts';
import type { Clock, HttpFetch, Log, Spawner } from '../../../ports/index.ts';
import type { ScaleRequest, ScalingEngine } from '../port.ts';
import { exclusively, isBusy } from '../turns.ts';
import { staying, victimsOf } from '../victims.ts';
import { addressOf, askHealth, askLoad } from './look.ts';
import type { ProcessOptions } from './options.ts';
import { scale } from './scale.ts';
import { tidy, type Place } from './tidy.ts';
import { createUsage } from './usage.ts';
import { warningsOf } from './warnings.ts';
import { newNames, readWorkers, type Worker } from './workers.ts';

export interface ProcessDeps {
  readonly spawner: Spawner;
  readonly clock: Clock;
  readonly fetch: HttpFetch;
  readonly log: Log;
  readonly service: string;
  /** Folder of this engine's own files, absolute; it exists. */
  readonly home: string;
}

export interface Workshop {
  readonly options: ProcessOptions;
  readonly deps: ProcessDeps;
  readonly place: Place;
}

/**
 * Worker processes of this machine. They outlive Genesis, and are known again by the files in `home` and by a marker in their environment.
 * A worker that has ended is gone from the fleet; nothing is started in its place until somebody scales.
 */
export function createProcessEngine(options: ProcessOptions, deps: ProcessDeps): ScalingEngine {
  const { service, home, spawner } = deps;
  const usage = createUsage(deps);
  const shop: Workshop = { options, deps, place: { service, home, spawner } };
  return {
    name: 'process',
    choosesRemoved: true,
    fleet: (signal) => guarded(() => fleetNow(shop, signal)),
    scale: (request, context) =>
      guarded(() => {
        if (context.signal.aborted) return Promise.resolve(fail('cancelled', 'nothing was changed: cancelled'));
        return exclusively(home, () => scale(shop, request, context));
      }),
    dryRun: (request, signal) => guarded(() => plan(shop, request, signal)),
    warnings: () => warningsOf(options),
    // Memory is the machine's: nobody has told how much a worker may take.
    readMetric: (kind) => (kind === 'cpu' ? usage.read() : Promise.resolve(null)),
    close: () => Promise.resolve(),
  };
}

/** Files that cannot be read or written are an expected failure here. */
async function guarded<T>(work: () => Promise<Outcome<T>>): Promise<Outcome<T>> {
  try {
    return await work();
  } catch (thrown) {
    const error = toOpError(thrown, 'scaling_failed');
    if (error.code === 'internal') throw thrown;
    return fail('scaling_failed', `the files of the workers cannot be used: ${error.message}`, { cause: thrown });
  }
}

async function fleetNow(shop: Workshop, signal: AbortSignal): Promise<Outcome<Fleet>> {
  const { home } = shop.deps;
  // Who scales just now keeps the files in order; else what a crash left is found here.
  if (!isBusy(home)) {
    const running = await exclusively(home, () => tidy(shop.place));
    return running.ok ? ok(await fleetOf(shop, running.value, signal)) : running;
  }
  const { workers } = await readWorkers(home);
  const seen: Worker[] = [];
  for (const worker of workers) {
    const runs = worker.process === null ? ok(true) : await shop.deps.spawner.isRunning(worker.process);
    if (!runs.ok) return runs;
    if (runs.value) seen.push(worker);
  }
  return ok(await fleetOf(shop, seen, signal));
}

/** Looks at each of these workers. */
export async function fleetOf(shop: Workshop, workers: readonly Worker[], signal: AbortSignal): Promise<Fleet> {
  const seen = await Promise.all(workers.map((worker) => instanceOf(shop, worker, signal)));
  return { instances: seen.filter((one) => one !== null), wanted: null, ownedBy: null };
}

/** Null: it ended in this moment. */
async function instanceOf({ options, deps }: Workshop, worker: Worker, signal: AbortSignal): Promise<Instance | null> {
  const { name, port, process: id } = worker;
  const about = { name, startedAt: worker.startedAt, address: addressOf(options, port), protectedBy: null };
  if (id === null) return { ...about, state: 'starting', load: null, detail: 'it is being started' };
  const [health, load] = await Promise.all([
    askHealth(deps.fetch, options, port, signal),
    askLoad(deps.fetch, options, port, signal),
  ]);
  // Afterwards: the one that answered may be another program that got the port of one that has ended.
  const runs = await deps.spawner.isRunning(id);
  if (!runs.ok) return { ...about, state: 'unknown', load, detail: runs.error.message };
  if (!runs.value) return null;
  const detail = `process ${id.pid}${health.problem === null ? '' : `: ${health.problem}`}`;
  if (worker.endingSince !== null) return { ...about, state: 'draining', load, detail };
  if (signal.aborted) return { ...about, state: 'unknown', load, detail: `process ${id.pid}: the look was cancelled` };
  if (health.well) return { ...about, state: 'ready', load, detail };
  return { ...about, state: worker.wasReady ? 'unready' : 'starting', load, detail };
}

async function plan(
  shop: Workshop,
  { desired, remove, drainSeconds }: ScaleRequest,
  signal: AbortSignal,
): Promise<Outcome<readonly string[]>> {
  const fleet = await fleetNow(shop, signal);
  if (!fleet.ok) return fleet;
  const there = staying(fleet.value);
  const { service } = shop.deps;
  if (there.length === desired) return ok([`${service} has ${there.length} workers: nothing would be done`]);
  if (there.length < desired) {
    const names = newNames(service, new Set(fleet.value.instances.map(({ name }) => name)), desired - there.length);
    return ok(names.map((name) => `would start ${name}: ${shop.options.command[0]}`));
  }
  const { drain_signal: how } = shop.options;
  return ok(
    victimsOf(fleet.value, desired, remove).map(
      (name) => `would end ${name} by ${how}, and by force after ${drainSeconds} s`,
    ),
  );
}
