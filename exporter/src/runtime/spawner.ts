import { spawn, type ChildProcess } from 'node:child_process';
import { closeSync, openSync } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';
import { fail, ok, toOpError, type Outcome } from '../contract/errors.ts';
import { parseStat } from '../engines/health/process/proc.ts';
import type { FoundProcess, ProcessId, Spawner, SpawnOptions } from '../ports/index.ts';

const defaultPath = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';
/** Many at once would need as many open files. */
const readAtOnce = 64;

interface Seen {
  readonly startTicks: number;
  readonly processorSeconds: number;
  readonly session: number;
}

/** Null: there is none, or only its entry is left. Throws where the kernel does not let one look. */
async function look(pid: number): Promise<Seen | null> {
  try {
    const text = await readFile(`/proc/${pid}/stat`, 'utf8');
    const parsed = parseStat(text);
    if (parsed === null) throw new Error(`/proc/${pid}/stat has another form than expected`);
    if (parsed.state === 'Z' || parsed.state === 'X') return null;
    // Field 6; field 3 stands first behind the name.
    return {
      startTicks: parsed.startTicks,
      processorSeconds: parsed.processorSeconds,
      session: Number(text.slice(text.lastIndexOf(')') + 2).split(' ')[3]),
    };
  } catch (thrown) {
    const { code } = thrown as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'ESRCH') return null;
    throw thrown;
  }
}

async function bootId(): Promise<string> {
  return (await readFile('/proc/sys/kernel/random/boot_id', 'utf8')).trim();
}

async function start(file: string, args: readonly string[], o: SpawnOptions): Promise<Outcome<ProcessId>> {
  let log: number | null = null;
  try {
    log = openSync(o.logFile, 'a', 0o600);
    const child = spawn(file, [...args], {
      cwd: o.cwd,
      env: { PATH: process.env['PATH'] ?? defaultPath, ...o.env },
      detached: true, // a session of its own: what ends us does not reach it
      stdio: ['ignore', log, log],
      shell: false,
    });
    await new Promise<void>((resolve, reject) => child.once('spawn', resolve).once('error', reject));
    child.unref();
    const id = await identityOf(child);
    return id === null ? fail('exec_failed', `${file} ended as soon as it was started`) : ok(id);
  } catch (thrown) {
    const error = toOpError(thrown);
    return fail('exec_failed', `${file} could not be started: ${error.message}`, { cause: thrown });
  } finally {
    if (log !== null) closeSync(log);
  }
}

async function identityOf(child: ChildProcess): Promise<ProcessId | null> {
  const pid = child.pid as number; // set: it was started
  const seen = await look(pid);
  return seen === null ? null : { pid, startTicks: seen.startTicks, boot: await bootId() };
}

async function running({ pid, startTicks, boot }: ProcessId): Promise<boolean> {
  if ((await bootId()) !== boot) return false;
  return (await look(pid))?.startTicks === startTicks;
}

async function isRunning(id: ProcessId): Promise<Outcome<boolean>> {
  try {
    return ok(await running(id));
  } catch (thrown) {
    return fail('exec_failed', `nobody can tell whether process ${id.pid} runs: ${toOpError(thrown).message}`);
  }
}

async function processorSeconds({ pid, startTicks, boot }: ProcessId): Promise<Outcome<number | null>> {
  try {
    const seen = (await bootId()) === boot ? await look(pid) : null;
    return ok(seen?.startTicks === startTicks ? seen.processorSeconds : null);
  } catch (thrown) {
    return fail('exec_failed', `nobody can tell how busy process ${pid} is: ${toOpError(thrown).message}`);
  }
}

async function signal(id: ProcessId, name: NodeJS.Signals): Promise<Outcome<boolean>> {
  try {
    if (!(await running(id))) return ok(false);
    process.kill(id.pid, name);
    return ok(true);
  } catch (thrown) {
    if ((thrown as NodeJS.ErrnoException).code === 'ESRCH') return ok(false);
    return fail('exec_failed', `${name} could not be sent to process ${id.pid}: ${toOpError(thrown).message}`);
  }
}

async function find(
  variable: string,
  value: string,
  others: readonly string[],
): Promise<Outcome<readonly FoundProcess[]>> {
  try {
    const boot = await bootId();
    const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name)).map(Number);
    const found: FoundProcess[] = [];
    for (let at = 0; at < pids.length; at += readAtOnce) {
      const some = pids.slice(at, at + readAtOnce).map((pid) => one(pid, boot, { variable, value, others }));
      found.push(...(await Promise.all(some)).filter((process) => process !== null));
    }
    return ok(found);
  } catch (thrown) {
    return fail('exec_failed', `the processes of this machine cannot be listed: ${toOpError(thrown).message}`);
  }
}

async function one(
  pid: number,
  boot: string,
  wanted: { readonly variable: string; readonly value: string; readonly others: readonly string[] },
): Promise<FoundProcess | null> {
  const text = await readFile(`/proc/${pid}/environ`, 'utf8').catch(() => null); // gone, or not ours to look into
  if (text === null) return null;
  const all = text.split('\0');
  if (!all.includes(`${wanted.variable}=${wanted.value}`)) return null;
  const seen = await look(pid).catch(() => null);
  if (seen === null) return null;
  const env = wanted.others.flatMap((name) => {
    const entry = all.find((line) => line.startsWith(`${name}=`));
    return entry === undefined ? [] : [[name, entry.slice(name.length + 1)] as const];
  });
  return { id: { pid, startTicks: seen.startTicks, boot }, leader: seen.session === pid, env: Object.fromEntries(env) };
}

/** Linux: what runs is read from /proc. */
export const systemSpawner: Spawner = { spawn: start, isRunning, find, signal, processorSeconds };
