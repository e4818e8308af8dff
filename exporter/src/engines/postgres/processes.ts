import { closeSync, openSync, readSync } from 'node:fs';
import { open, readdir, readFile, readlink } from 'node:fs/promises';
import { basename, join } from 'node:path';

/** Which processes belong to a throwaway server, read from /proc; elsewhere than on Linux none are known. */

export interface ProcessFacts {
  readonly pid: number;
  readonly parent: number;
  /** Kernel ticks since boot: with the pid it names one process for ever. */
  readonly started: number;
  readonly command: readonly string[];
  /** Null where this process may not know. */
  readonly folder: string | null;
  /** Data folder in the mark that a throwaway server's children inherit; null: none, or not to be read. */
  readonly mark: string | null;
}

/** Environment variable of the server and of every program that it starts: its data folder. */
export const markName = 'GENESIS_SANDBOX';
/** cluster_name of every throwaway server: its argument, and in the title of each of its processes. Nothing else is ever touched. */
export const clusterName = 'genesis-drill';

/** Every program that runs and was not started before `since` (kernel ticks since boot); threads of the kernel are left out. */
export async function readProcesses(since = 0): Promise<readonly ProcessFacts[]> {
  const names = await readdir('/proc').catch(() => []);
  const found: ProcessFacts[] = [];
  // One after the other, with one buffer: all at once took 30 MB for a moment.
  for (const name of names) {
    if (!/^\d+$/.test(name)) continue;
    const process = await readProcess(Number(name), since);
    if (process !== null) found.push(process);
  }
  return found;
}

type Standing = Pick<ProcessFacts, 'pid' | 'parent' | 'started'>;

const kernelThread = 0x0020_0000;
const statBuffer = Buffer.alloc(4096);

/** Null: it is gone, has ended, or is a thread of the kernel. */
function readStanding(pid: number): Standing | null {
  const stat = readStat(pid);
  if (stat === null) return null;
  // The name in brackets may hold anything, brackets too: what follows the last one is plain.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ', 20);
  const [state = '', parent = ''] = fields;
  if (state === 'Z' || state === 'X' || (Number(fields[6]) & kernelThread) !== 0) return null;
  return { pid, parent: Number(parent), started: Number(fields[19]) };
}

/** At once: unlike the other files of a process this one waits for no lock of it, and a thread's turn costs ten times the reading. */
function readStat(pid: number): string | null {
  try {
    const file = openSync(`/proc/${pid}/stat`, 'r');
    try {
      return statBuffer.toString('latin1', 0, readSync(file, statBuffer, 0, statBuffer.length, 0));
    } finally {
      closeSync(file);
    }
  } catch {
    return null; // gone meanwhile
  }
}

/** Null: it is gone, has ended, was started before `since`, or is a thread of the kernel. */
export async function readProcess(pid: number, since = 0): Promise<ProcessFacts | null> {
  const standing = readStanding(pid);
  if (standing === null || standing.started < since) return null;
  const at = `/proc/${pid}`;
  const command = (await readWords(`${at}/cmdline`)) ?? [];
  const environment = (await readWords(`${at}/environ`)) ?? [];
  const mark = environment.find((entry) => entry.startsWith(`${markName}=`));
  // Only what is left of a server is known by where it stands.
  const folder = isOfSandbox(command) ? await readlink(`${at}/cwd`).catch(() => null) : null;
  return {
    ...standing,
    command,
    // The kernel's word for a folder that was removed under it.
    folder: folder?.replace(/ \(deleted\)$/, '') ?? null,
    mark: mark === undefined ? null : mark.slice(markName.length + 1),
  };
}

const wordsBytes = 8192;
/** What the kernel gives of a command line and of an environment has no other bound. */
const mostWordsBytes = 2 ** 21;

/** Texts that end with a zero byte; null: the file may not be read, or is gone. */
async function readWords(path: string): Promise<readonly string[] | null> {
  const file = await open(path, 'r').catch(() => null);
  if (file === null) return null;
  try {
    const chunks: Buffer[] = [];
    for (let bytes = 0; bytes < mostWordsBytes;) {
      const { bytesRead, buffer } = await file.read(Buffer.allocUnsafe(wordsBytes), 0, wordsBytes, null);
      chunks.push(buffer.subarray(0, bytesRead));
      bytes += bytesRead;
      if (bytesRead === 0) break;
    }
    return Buffer.concat(chunks).toString('utf8').split('\0').slice(0, -1);
  } catch {
    return null; // gone meanwhile
  } finally {
    await file.close();
  }
}

function isOfSandbox(command: readonly string[]): boolean {
  return command.some((word) => word.includes(clusterName));
}

export interface ServerProcesses {
  readonly data: string;
  /** Postmasters: a signal to one reaches what it started, while it lives. */
  readonly postmasters: readonly number[];
  /** All of them, the postmasters too. */
  readonly all: readonly ProcessFacts[];
}

/** The servers whose data folder `isOurs`, with everything that they started. Pure. */
export function serversAmong(
  all: readonly ProcessFacts[],
  isOurs: (data: string) => boolean,
): readonly ServerProcesses[] {
  const owner = new Map<number, string>();
  const byPid = new Map(all.map((process) => [process.pid, process]));
  const postmasters = new Map<number, string>();
  for (const process of all) {
    const isMarked = isOfSandbox(process.command);
    const named = isMarked ? dataArgument(process.command) : null;
    if (named !== null && isOurs(named)) postmasters.set(process.pid, named);
    const isOrphan = isMarked && basename(process.command[0] ?? '').startsWith('postgres');
    const data = named ?? process.mark ?? (isOrphan ? process.folder : null);
    if (data !== null && isOurs(data)) owner.set(process.pid, data);
  }
  // Until nothing is added: a child may stand before its parent in the list.
  for (let before = -1; before !== owner.size;) {
    before = owner.size;
    for (const process of all) {
      const data = owner.get(process.parent);
      if (data !== undefined && !owner.has(process.pid)) owner.set(process.pid, data);
    }
  }
  return [...new Set(owner.values())].map((data) => ({
    data,
    postmasters: [...postmasters].filter(([, of]) => of === data).map(([pid]) => pid),
    all: [...owner].flatMap(([pid, of]) => (of === data ? (byPid.get(pid) ?? []) : [])),
  }));
}

/** The folder of `postgres -D FOLDER`, with or without a launcher before it; null: another program. */
function dataArgument(command: readonly string[]): string | null {
  const server = command.findIndex((word) => basename(word) === 'postgres');
  if (server < 0 || command[server + 1] !== '-D') return null;
  return command[server + 2] ?? null;
}

/** The postmaster of ours that this process is; null where it is another one by now. */
export async function postmasterWhere(pid: number, isOurs: (data: string) => boolean): Promise<ProcessFacts | null> {
  const process = await readProcess(pid);
  const isPostmaster = process !== null && postmastersOf(serversAmong([process], isOurs)).length > 0;
  return isPostmaster ? process : null;
}

function postmastersOf(servers: readonly ServerProcesses[]): readonly ProcessFacts[] {
  return servers.flatMap(({ postmasters, all }) => all.filter(({ pid }) => postmasters.includes(pid)));
}

/** Of the server on the data folder: its own file names it; all processes are looked at only where that one is not it. */
export async function findPostmasters(data: string): Promise<readonly ProcessFacts[]> {
  const isOurs = (other: string): boolean => other === data;
  const text = await readFile(join(data, 'postmaster.pid'), 'utf8').catch(() => '');
  const named = await postmasterWhere(Number.parseInt(text, 10), isOurs);
  return named !== null ? [named] : postmastersOf(await serversWhere(isOurs));
}

/** Of the processes that were not started before `since`. */
export async function serversWhere(isOurs: (data: string) => boolean, since = 0): Promise<readonly ServerProcesses[]> {
  return serversAmong(await readProcesses(since), isOurs);
}

/** Sends a signal; a process that has just gone is fine. */
export function signalAll(pids: readonly number[], signal: NodeJS.Signals): void {
  for (const pid of pids) {
    try {
      process.kill(pid, signal);
    } catch (thrown) {
      if ((thrown as NodeJS.ErrnoException).code !== 'ESRCH') throw thrown;
    }
  }
}

const roundMs = 50;
/** A postmaster gets 6 s: it kills its own after 5. */
const [obeyRounds, mostRounds] = [120, 200];

export interface Killed {
  /** Pids that are still there after all. */
  readonly left: readonly number[];
  /** Servers that there were. */
  readonly servers: number;
}

/**
 * Ends servers and everything they started: first as PostgreSQL stops at once (SIGQUIT, no writing), then by force. All processes are
 * looked at before, and again once those that were found have gone; in between only these are. `since`: when the first of them was
 * started, where that is known; what is older is nobody's child of theirs.
 */
export async function killServers(
  isOurs: (data: string) => boolean,
  sleep: (ms: number) => Promise<void>,
  since = 0,
): Promise<Killed> {
  const told = new Set<string>();
  const data = new Set<string>();
  let alive: readonly ServerProcesses[] = [];
  for (let round = 0; round < mostRounds; round += 1) {
    // A child that a dying server had just started is found by its mark.
    if (alive.length === 0) alive = await serversWhere(isOurs, since);
    if (alive.length === 0) return { left: [], servers: data.size };
    for (const server of alive) data.add(server.data);
    signalRound(alive, told, round >= obeyRounds);
    await sleep(roundMs);
    alive = stillAlive(alive);
  }
  const left = (await serversWhere(isOurs, since)).flatMap(({ all }) => all);
  return { left: left.map(({ pid }) => pid), servers: data.size };
}

/** What has a postmaster is left to it; orphans get no time. */
function signalRound(alive: readonly ServerProcesses[], told: Set<string>, byForce: boolean): void {
  for (const { postmasters, all } of alive) {
    const untold = all.filter((one) => postmasters.includes(one.pid) && !told.has(nameOf(one)));
    for (const one of untold) told.add(nameOf(one));
    signalAll(
      untold.map(({ pid }) => pid),
      'SIGQUIT',
    );
    if (byForce || postmasters.length === 0)
      signalAll(
        all.map(({ pid }) => pid),
        'SIGKILL',
      );
  }
}

function stillAlive(servers: readonly ServerProcesses[]): readonly ServerProcesses[] {
  return servers.flatMap(({ data, postmasters, all }) => {
    const alive = all.filter(({ pid, started }) => readStanding(pid)?.started === started);
    if (alive.length === 0) return [];
    return [{ data, postmasters: postmasters.filter((pid) => alive.some((one) => one.pid === pid)), all: alive }];
  });
}

function nameOf({ pid, started }: Pick<ProcessFacts, 'pid' | 'started'>): string {
  return `${pid}@${started}`;
}
