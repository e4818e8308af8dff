import { fail, ok, type Outcome } from '../../../contract/errors.ts';
import type { ScalingContext } from '../port.ts';
import type { Workshop } from './engine.ts';
import { askHealth } from './look.ts';
import {
  logFileOf,
  markerOf,
  markerVariable,
  nameVariable,
  newNames,
  ownNameVariable,
  portVariable,
  removeWorker,
  writeWorker,
  type Worker,
} from './workers.ts';

const pollMs = 100;

/** Starts `count` workers beside those that run, on these ports. `exec_failed`: one cannot be started; details.added: those that were before it. */
export async function startWorkers(
  shop: Workshop,
  running: readonly Worker[],
  count: number,
  ports: readonly number[],
  context: ScalingContext,
): Promise<Outcome<readonly Worker[]>> {
  if (count <= 0) return ok([]);
  const { options, deps } = shop;
  const [first, last] = options.ports;
  if (ports.length < count)
    return fail(
      'scaling_failed',
      `${count} ports are needed and ${ports.length} of ${first} to ${last} are free on ${options.host}: nothing was started`,
    );
  const names = newNames(deps.service, new Set(running.map(({ name }) => name)), count);
  const started: Worker[] = [];
  for (const [index, name] of names.entries()) {
    const details = { added: started.map((one) => one.name) };
    if (context.signal.aborted)
      return fail('cancelled', `cancelled when ${started.length} of ${count} workers were started`, { details });
    const worker = await startOne(shop, name, ports[index] as number); // as many as names
    if (!worker.ok) return fail(worker.error.code, worker.error.message, { details, cause: worker.error });
    started.push(worker.value);
    context.note(`${name}: process ${worker.value.process?.pid} was started on port ${worker.value.port}`);
  }
  return ok(started);
}

async function startOne({ options, deps }: Workshop, name: string, port: number): Promise<Outcome<Worker>> {
  const { home, service, clock, spawner } = deps;
  const planned: Worker = {
    name,
    port,
    process: null,
    startedAt: clock.now().toISOString(),
    wasReady: false,
    endingSince: null,
    askedAt: null,
  };
  // On disk first: a crash from here on leaves a name that the marker of the process is compared with.
  await writeWorker(home, planned);
  const put = (text: string): string => text.replaceAll('{port}', String(port)).replaceAll('{name}', name);
  const [file = '', ...args] = options.command.map(put);
  const id = await spawner.spawn(file, args, {
    cwd: options.cwd ?? home,
    env: {
      ...options.env,
      [portVariable]: String(port),
      [nameVariable]: name,
      [ownNameVariable]: name,
      [markerVariable]: markerOf(service, home),
    },
    logFile: logFileOf(home, name),
  });
  if (!id.ok) {
    await removeWorker(home, name);
    return id;
  }
  const worker = { ...planned, process: id.value };
  await writeWorker(home, worker);
  return ok(worker);
}

/** Waits until each is well, has ended, or the time is over. Errors: `instance_not_ready` with details.added, `cancelled`. */
export async function awaitReady(
  { options, deps }: Pick<Workshop, 'options' | 'deps'>,
  workers: readonly Worker[],
  readySeconds: number,
  context: ScalingContext,
): Promise<Outcome<void>> {
  const pending = new Map(workers.map((worker) => [worker, 'it was not looked at']));
  const ended: string[] = [];
  const deadline = performance.now() + readySeconds * 1000;
  while (pending.size > 0 && performance.now() < deadline) {
    if (context.signal.aborted)
      return fail('cancelled', 'cancelled while new workers were not ready yet', {
        details: { added: namesOf(pending) },
      });
    // All at once: one that takes a connection and says nothing must not use up the time of the others.
    const looks = await Promise.all([...pending.keys()].map((worker) => lookAt({ options, deps }, worker, context)));
    for (const { worker, runs, health } of looks) {
      if (!runs.ok) return runs;
      if (!runs.value) {
        ended.push(worker.name);
        pending.delete(worker);
      } else if (health.well) {
        await writeWorker(deps.home, { ...worker, wasReady: true });
        context.note(`${worker.name}: ready`);
        pending.delete(worker);
      } else pending.set(worker, health.problem ?? '');
    }
    if (pending.size > 0) await deps.clock.sleep(pollMs, context.signal);
  }
  if (ended.length === 0 && pending.size === 0) return ok(undefined);
  const late = [...pending].map(([{ name }, problem]) => `${name}: ${problem}`).join('; ');
  const words = [
    ...ended.map((name) => `${name} has ended before it was ready, see ${logFileOf(deps.home, name)}`),
    ...(late === '' ? [] : [`not ready within ${readySeconds} s: ${late}`]),
  ];
  return fail('instance_not_ready', words.join('; '), { details: { added: [...ended, ...namesOf(pending)] } });
}

async function lookAt(
  { options, deps }: Pick<Workshop, 'options' | 'deps'>,
  worker: Worker,
  { signal }: ScalingContext,
) {
  const health = await askHealth(deps.fetch, options, worker.port, signal);
  const runs = worker.process === null ? ok(false) : await deps.spawner.isRunning(worker.process);
  return { worker, health, runs };
}

function namesOf(workers: ReadonlyMap<Worker, string>): readonly string[] {
  return [...workers.keys()].map(({ name }) => name);
}
