import { readFile, readdir, stat } from 'node:fs/promises';
import { basename } from 'node:path';

/** Linux counts the start of a process in these, whatever the kernel's own tick is. */
const ticksPerSecond = 100;
/** Of a program's name the kernel keeps so many bytes. */
const keptBytes = 15;

export interface ProcessFacts {
  readonly pid: number;
  /** As the kernel shows it, at most 15 bytes. */
  readonly command: string;
  /** File name of the first argument; null where there is none (kernel threads). */
  readonly program: string | null;
  /** Unix milliseconds, as the wall clock stands now. */
  readonly startedMs: number;
  /** Null: the kernel does not tell (its own threads have none). */
  readonly rssBytes: number | null;
  /** Ended, and only its entry is left. */
  readonly zombie: boolean;
}

/** The fields of /proc/<pid>/stat that are needed; null where the text is none. The name may hold spaces and brackets. */
export function parseStat(text: string): {
  readonly command: string;
  readonly state: string;
  readonly startTicks: number;
  /** Of itself and of its children that have ended, user and system. */
  readonly processorSeconds: number;
} | null {
  const open = text.indexOf('(');
  const close = text.lastIndexOf(')');
  if (open === -1 || close < open) return null;
  // Field 3 (state) stands first here: field n is at n - 3.
  const rest = text.slice(close + 2).split(' ');
  const startTicks = Number(rest[19]);
  return Number.isFinite(startTicks)
    ? {
        command: text.slice(open + 1, close),
        state: rest[0] ?? '',
        startTicks,
        processorSeconds: rest.slice(11, 15).reduce((sum, ticks) => sum + Number(ticks), 0) / ticksPerSecond,
      }
    : null;
}

/** Unix milliseconds of the start of this machine, from /proc/stat; null where it does not tell. */
export function parseBootMs(text: string): number | null {
  const seconds = /^btime (\d+)$/m.exec(text)?.[1];
  return seconds === undefined ? null : Number(seconds) * 1000;
}

/** Resident memory from /proc/<pid>/status, bytes; null for kernel threads and zombies, which have none. */
export function parseRssBytes(text: string): number | null {
  const kib = /^VmRSS:\s+(\d+) kB$/m.exec(text)?.[1];
  return kib === undefined ? null : Number(kib) * 1024;
}

/** Whether the kernel shows the program under this name: its own name for it, or the file name that it was started as. */
export function isCalled(facts: Pick<ProcessFacts, 'command' | 'program'>, name: string): boolean {
  const kept = Buffer.from(name).subarray(0, keptBytes).toString('utf8');
  if (facts.program === name) return true;
  // A longer name is cut by the kernel: then the file name has to agree as well, where there is one.
  return facts.command === kept && (kept === name || facts.program === null);
}

/** Null: there is no such process (any more). Throws where /proc cannot be read. */
export async function readProcess(pid: number, bootMs: number, root = '/proc'): Promise<ProcessFacts | null> {
  try {
    const [statText, status, arguments_] = await Promise.all([
      readFile(`${root}/${pid}/stat`, 'utf8'),
      readFile(`${root}/${pid}/status`, 'utf8'),
      readFile(`${root}/${pid}/cmdline`, 'utf8'),
    ]);
    const parsed = parseStat(statText);
    if (parsed === null) return null;
    const first = arguments_.split('\0')[0] ?? '';
    return {
      pid,
      command: parsed.command,
      program: first === '' ? null : basename(first),
      startedMs: bootMs + (parsed.startTicks * 1000) / ticksPerSecond,
      rssBytes: parseRssBytes(status),
      zombie: parsed.state === 'Z' || parsed.state === 'X',
    };
  } catch (thrown) {
    const { code } = thrown as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'ESRCH') return null;
    throw thrown;
  }
}

/** Null where there is no /proc as Linux has it. */
export async function readBootMs(root = '/proc'): Promise<number | null> {
  try {
    return parseBootMs(await readFile(`${root}/stat`, 'utf8'));
  } catch {
    return null;
  }
}

/** Every process of that name but this one. One that cannot be read is left out: with `hidepid` others' are not even listed. */
export async function processesCalled(name: string, bootMs: number, root = '/proc'): Promise<readonly ProcessFacts[]> {
  const found: ProcessFacts[] = [];
  for (const entry of await readdir(root)) {
    if (!/^\d+$/.test(entry) || Number(entry) === process.pid) continue;
    const facts = await readProcess(Number(entry), bootMs, root).catch(() => null);
    if (facts !== null && isCalled(facts, name)) found.push(facts);
  }
  return found;
}

export async function writtenMs(path: string): Promise<number> {
  return (await stat(path)).mtimeMs;
}
