import { ok, type Outcome } from '../../../contract/errors.ts';
import type { FoundProcess, Spawner } from '../../../ports/index.ts';
import {
  boundLog,
  markerOf,
  markerVariable,
  nameVariable,
  ownNameVariable,
  portVariable,
  readWorkers,
  removeWorker,
  writeWorker,
  type Worker,
} from './workers.ts';

/** Brings the files and the processes together: what a crash left, and what has ended by itself. */

export interface Place {
  readonly service: string;
  readonly home: string;
  readonly spawner: Spawner;
}

/** Every process of our workers, also what those started. */
export function processesOf({ service, home, spawner }: Place): Promise<Outcome<readonly FoundProcess[]>> {
  return spawner.find(markerVariable, markerOf(service, home), [ownNameVariable, nameVariable, portVariable]);
}

/** Of the worker that it is, or that started it; '': nobody knows. */
export const nameOf = ({ env }: FoundProcess): string => env[ownNameVariable] ?? env[nameVariable] ?? '';

/**
 * The workers that run: one that is gone loses its file, one without a file gets one. For the holder of the lock only. Errors:
 * `exec_failed`: the processes cannot be looked at, and nothing was changed.
 */
export async function tidy(place: Place): Promise<Outcome<readonly Worker[]>> {
  const { home } = place;
  const all = await processesOf(place);
  if (!all.ok) return all;
  // Of several with a session of their own the first one is the worker, and it has started the others.
  const byAge = all.value.toSorted((a, b) => b.id.startTicks - a.id.startTicks);
  const leaders = new Map(byAge.filter(({ leader }) => leader).map((found) => [nameOf(found), found]));
  const { workers, damaged } = await readWorkers(home);
  const running: Worker[] = [];
  for (const worker of workers) {
    await boundLog(home, worker.name);
    const seen = await resolve(place, worker, leaders.get(worker.name));
    if (!seen.ok) return seen;
    leaders.delete(worker.name);
    if (seen.value === null) await removeWorker(home, worker.name);
    else running.push(seen.value);
  }
  for (const found of leaders.values()) {
    const orphan = orphanOf(found);
    if (orphan === null) continue;
    await writeWorker(home, orphan);
    running.push(orphan);
  }
  for (const name of damaged) if (!running.some((one) => one.name === name)) await removeWorker(home, name);
  return ok(running);
}

/** Null: it is gone. */
async function resolve(
  { home, spawner }: Place,
  worker: Worker,
  found: FoundProcess | undefined,
): Promise<Outcome<Worker | null>> {
  if (worker.process !== null) {
    const runs = await spawner.isRunning(worker.process);
    if (!runs.ok) return runs;
    if (runs.value) return ok(worker);
  }
  // A crash came between its start and the note of its process, or it went into the background by itself.
  if (found === undefined) return ok(null);
  const adopted = { ...worker, process: found.id };
  await writeWorker(home, adopted);
  return ok(adopted);
}

/** Null: it carries our marker and neither name nor port, so that it is none of the workers but what one started. */
function orphanOf(found: FoundProcess): Worker | null {
  const { id, env } = found;
  const [name, port] = [nameOf(found), Number(env[portVariable])];
  if (!/^[\w.-]+-\d+$/.test(name) || !Number.isInteger(port) || port < 1 || port > 65_535) return null;
  return { name, port, process: id, startedAt: null, wasReady: false, endingSince: null, askedAt: null };
}

/** Kills what workers that are gone have left behind, e.g. children of their own: those would hold the port. `kept`: names that run. */
export async function killLeftovers(place: Place, kept: ReadonlySet<string>): Promise<Outcome<void>> {
  const all = await processesOf(place);
  if (!all.ok) return all;
  for (const found of all.value) {
    // Nobody knows whose it is: it may be at work for one that runs.
    if (nameOf(found) === '' || kept.has(nameOf(found))) continue;
    const sent = await place.spawner.signal(found.id, 'SIGKILL');
    if (!sent.ok) return sent;
  }
  return ok(undefined);
}
