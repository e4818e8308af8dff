import { readdir, readFile, stat } from 'node:fs/promises';
import { basename } from 'node:path';

/**
 * Which processes on this machine are servers on one data folder, read from /proc. A folder is known by its inode, not by its name: a
 * container may see it under another one.
 */

export interface ServerProcess {
  readonly pid: number;
  readonly parent: number;
  /** Kernel ticks since boot: with the pid it names one process for ever. */
  readonly started: string;
  /** SIGSTOP, or a debugger: it will obey nothing but SIGKILL. */
  readonly frozen: boolean;
}

export interface Sight {
  readonly processes: readonly ServerProcess[];
  /** Servers whose folder this user may not know: it may be this one. */
  readonly hidden: readonly number[];
}

interface Seen extends ServerProcess {
  readonly command: readonly string[];
  /** `device:inode` of its working folder; null: not to be read. */
  readonly folder: string | null;
}

/** Null: the folder is not there or cannot be read, so that nothing is known about its processes. */
export async function lookForServers(data: string): Promise<Sight | null> {
  const own = await identityOf(data);
  // Only who may read the folder may also see whose processes work in it.
  const isCluster = (await readFile(`${data}/PG_VERSION`, 'utf8').catch(() => null)) !== null;
  if (own === null || !isCluster) return null;
  const names = (await readdir('/proc')).filter((name) => /^\d+$/.test(name));
  const seen = (await Promise.all(names.map((name) => readServer(Number(name))))).filter((p) => p !== null);
  return sightAmong(seen, own, data);
}

/** Pure. */
export function sightAmong(seen: readonly Seen[], own: string, data: string): Sight {
  const processes = seen.filter((p) => p.folder === own);
  const elsewhere = new Set(
    seen.filter((p) => p.folder === null && ![null, data].includes(dataArgument(p.command))).map((p) => p.pid),
  );
  const hidden = seen.filter((p) => p.folder === null && !elsewhere.has(p.pid) && !elsewhere.has(p.parent));
  return {
    processes: processes.map(({ pid, parent, started, frozen }) => ({ pid, parent, started, frozen })),
    hidden: hidden.map((p) => p.pid),
  };
}

/** Those that no other of them has started. */
export function postmastersOf(processes: readonly ServerProcess[]): readonly ServerProcess[] {
  const pids = new Set(processes.map((p) => p.pid));
  return processes.filter((p) => !pids.has(p.parent));
}

async function identityOf(path: string): Promise<string | null> {
  return stat(path, { bigint: true }).then(
    (seen) => `${seen.dev}:${seen.ino}`,
    () => null,
  );
}

async function readServer(pid: number): Promise<Seen | null> {
  const at = `/proc/${pid}`;
  const line = await readFile(`${at}/cmdline`, 'utf8').catch(() => '');
  const command = line.split('\0').filter((word) => word !== '');
  if (!isServer(command)) return null;
  const [text, folder] = await Promise.all([readFile(`${at}/stat`, 'utf8').catch(() => null), identityOf(`${at}/cwd`)]);
  if (text === null) return null;
  const process = parseStat(pid, text);
  return process === null ? null : { ...process, command, folder };
}

/** `/usr/…/postgres -D …`, and titles of its children: `postgres: walwriter`. A shell or an editor in the folder is none. */
function isServer([program = '']: readonly string[]): boolean {
  return program.startsWith('postgres: ') || ['postgres', 'postmaster'].includes(basename(program));
}

function dataArgument(command: readonly string[]): string | null {
  const at = command.indexOf('-D');
  return at < 0 ? null : (command[at + 1] ?? null);
}

/** Null: it has ended and only its parent has not heard of it. Pure. */
export function parseStat(pid: number, text: string): ServerProcess | null {
  // The name in brackets may hold anything, brackets too: what follows the last one is plain.
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
  const [state = '', parent = ''] = fields;
  if (state === 'Z' || state === 'X') return null;
  return { pid, parent: Number(parent), started: fields[19] ?? '', frozen: state === 'T' || state === 't' };
}

/** Whether the process of that pid has ended and nobody has taken note: PostgreSQL takes it for alive. */
export async function isZombie(pid: number): Promise<boolean> {
  const text = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => null);
  return text !== null && parseStat(pid, text) === null;
}

/** Sends the signal to those that are still the same processes. Returns what could not be signalled, in words. */
export async function signalServers(
  processes: readonly ServerProcess[],
  signal: NodeJS.Signals,
): Promise<string | null> {
  for (const { pid, started } of processes) {
    const text = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => null);
    if (text === null || parseStat(pid, text)?.started !== started) continue;
    try {
      process.kill(pid, signal);
    } catch (thrown) {
      const { code } = thrown as NodeJS.ErrnoException;
      if (code !== 'ESRCH') return `this user may not signal the process ${pid} (${code})`;
    }
  }
  return null;
}
