import { createHash } from 'node:crypto';
import { open, readdir, readFile, rename, rm, stat, truncate, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { z } from 'zod';

/** What is kept of each worker, so that a Genesis that starts anew knows its own: one file a worker in the engine's home. */

const suffix = '.json';
/** A log that has grown beyond this is begun anew; as much of its end is kept beside it. */
const maxLogBytes = 1024 * 1024;
const keptLogBytes = 256 * 1024;

const moment = z.iso.datetime().nullable();
const Worker = z.object({
  name: z.string().min(1),
  port: z.int().min(1).max(65_535),
  /** Null: it was about to be started. */
  process: z.object({ pid: z.int().min(2), startTicks: z.int().min(0), boot: z.string().min(1) }).nullable(),
  startedAt: moment,
  /** It has answered its health check once. */
  wasReady: z.boolean(),
  /** It was chosen to end. */
  endingSince: moment,
  /** It was asked to end: once only, many programs take a second signal for an order to end at once. */
  askedAt: moment,
});
export type Worker = z.output<typeof Worker>;

/** Variables by which a worker is known among all processes. */
export const markerVariable = 'GENESIS_WORKER';
/** Name of the worker, also in what it starts: `INSTANCE` is a word that a program may give its children anew. */
export const ownNameVariable = 'GENESIS_WORKER_NAME';
export const nameVariable = 'INSTANCE';
export const portVariable = 'PORT';

/** Value of the marker: two Geneses on one machine do not take each other's workers for their own. */
export function markerOf(service: string, home: string): string {
  return `${service}@${createHash('sha256').update(path.resolve(home)).digest('hex').slice(0, 16)}`;
}

export function logFileOf(home: string, name: string): string {
  return path.join(home, `${name}.log`);
}

function fileOf(home: string, name: string): string {
  return path.join(home, `${name}${suffix}`);
}

/** `damaged`: names of files that cannot be read as a worker. Throws where the folder cannot be read. */
export async function readWorkers(
  home: string,
): Promise<{ readonly workers: readonly Worker[]; readonly damaged: readonly string[] }> {
  const names = (await readdir(home)).filter((one) => one.endsWith(suffix)).map((one) => one.slice(0, -suffix.length));
  const workers: Worker[] = [];
  const damaged: string[] = [];
  for (const name of names) {
    const text = await readFile(fileOf(home, name), 'utf8').catch((error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT') return null; // removed meanwhile
      throw error;
    });
    if (text === null) continue;
    const worker = parseWorker(text);
    if (worker?.name === name) workers.push(worker);
    else damaged.push(name);
  }
  return { workers: workers.sort((a, b) => numberOf(a.name) - numberOf(b.name)), damaged };
}

export function parseWorker(text: string): Worker | null {
  try {
    return Worker.safeParse(JSON.parse(text)).data ?? null;
  } catch {
    return null;
  }
}

/** On disk as a whole before it resolves. */
export async function writeWorker(home: string, worker: Worker): Promise<void> {
  const file = fileOf(home, worker.name);
  const part = `${file}.part`;
  const handle = await open(part, 'w', 0o600);
  try {
    await handle.writeFile(`${JSON.stringify(worker)}\n`);
    await handle.sync();
  } finally {
    await handle.close();
  }
  await rename(part, file);
}

export async function removeWorker(home: string, name: string): Promise<void> {
  await rm(fileOf(home, name), { force: true });
}

/** `web-7` is 7. */
function numberOf(name: string): number {
  return Number(/-(\d+)$/.exec(name)?.[1] ?? Number.MAX_SAFE_INTEGER);
}

/** The lowest numbers that are free: names come back, and with them the series of dashboards. */
export function newNames(service: string, taken: ReadonlySet<string>, count: number): readonly string[] {
  const names: string[] = [];
  for (let number = 1; names.length < count; number += 1)
    if (!taken.has(`${service}-${number}`)) names.push(`${service}-${number}`);
  return names;
}

/** The worker writes on at the end of the emptied file; a line that it writes in this very moment is lost. */
export async function boundLog(home: string, name: string): Promise<void> {
  const file = logFileOf(home, name);
  const size = await stat(file).then(
    (seen) => seen.size,
    () => 0,
  );
  if (size <= maxLogBytes) return;
  const handle = await open(file, 'r');
  try {
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(keptLogBytes), 0, keptLogBytes, size - keptLogBytes);
    await writeFile(`${file}.1`, buffer.subarray(0, bytesRead), { mode: 0o600 });
  } finally {
    await handle.close();
  }
  await truncate(file, 0);
}
