import { readdir, readFile, readlink } from 'node:fs/promises';
import { basename } from 'node:path';

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

export async function readProcesses(): Promise<readonly ProcessFacts[]> {
  const names = await readdir('/proc').catch(() => []);
  const all = await Promise.all(names.filter((name) => /^\d+$/.test(name)).map((name) => readProcess(Number(name))));
  return all.filter((p) => p !== null);
}

async function readProcess(pid: number): Promise<ProcessFacts | null> {
  const at = `/proc/${pid}`;
  const [stat, command, folder, environment] = await Promise.all([
    readFile(`${at}/stat`, 'utf8').catch(() => null),
    readFile(`${at}/cmdline`, 'utf8').catch(() => ''),
    readlink(`${at}/cwd`).catch(() => null),
    readFile(`${at}/environ`, 'utf8').catch(() => ''),
  ]);
  if (stat === null) return null;
  // The name in brackets may hold anything, brackets too: what follows the last one is plain.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  const [state = '', parent = ''] = fields;
  if (state === 'Z' || state === 'X') return null;
  const mark = environment.split('\0').find((entry) => entry.startsWith(`${markName}=`));
  return {
    pid,
    parent: Number(parent),
    started: Number(fields[19]),
    command: command.split('\0').slice(0, -1),
    // The kernel's word for a folder that was removed under it.
    folder: folder?.replace(/ \(deleted\)$/, '') ?? null,
    mark: mark === undefined ? null : mark.slice(markName.length + 1),
  };
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
    const isOfSandbox = process.command.some((word) => word.includes(clusterName));
    const named = isOfSandbox ? dataArgument(process.command) : null;
    if (named !== null && isOurs(named)) postmasters.set(process.pid, named);
    const isOrphan = isOfSandbox && basename(process.command[0] ?? '').startsWith('postgres');
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

export async function serversWhere(isOurs: (data: string) => boolean): Promise<readonly ServerProcesses[]> {
  return serversAmong(await readProcesses(), isOurs);
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

/**
 * Ends servers and everything they started: first as PostgreSQL stops at once (SIGQUIT, no writing), then by force.
 * Returns the pids that are still there after all.
 */
export async function killServers(
  isOurs: (data: string) => boolean,
  sleep: (ms: number) => Promise<void>,
): Promise<readonly number[]> {
  const known = new Map<string, number>();
  for (let round = 0; round < 200; round += 1) {
    const all = await readProcesses();
    const servers = serversAmong(all, isOurs);
    for (const process of servers.flatMap((s) => s.all)) known.set(nameOf(process), process.pid);
    // A child that its dead parent handed to init is no longer found by descent: ask for each that was seen.
    const left = all.filter((process) => known.has(nameOf(process)));
    if (left.length === 0) return [];
    const obeying = new Set(servers.filter((s) => s.postmasters.length > 0).flatMap((s) => s.all.map((p) => p.pid)));
    if (round === 0)
      signalAll(
        servers.flatMap((s) => s.postmasters),
        'SIGQUIT',
      );
    // A postmaster gets 6 s: it kills its own after 5. Orphans get none.
    signalAll(
      left.filter((p) => round >= 120 || !obeying.has(p.pid)).map((p) => p.pid),
      'SIGKILL',
    );
    await sleep(50);
  }
  return (await readProcesses()).filter((process) => known.has(nameOf(process))).map((process) => process.pid);
}

function nameOf(process: ProcessFacts): string {
  return `${process.pid}@${process.started}`;
}
