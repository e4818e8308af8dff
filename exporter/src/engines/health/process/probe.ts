import { readFile } from 'node:fs/promises';
import type { Probe, ProcessCheck, Seen } from '../port.ts';
import { codeOf, inBytes } from '../words.ts';
import { isCalled, processesCalled, readBootMs, readProcess, writtenMs, type ProcessFacts } from './proc.ts';

/** The kernel tells the start of the machine in whole seconds, and a daemon may be started a moment after its file was written. */
const slackMs = 5000;

/** Whether the process of a file, or one of a name, runs. Reads /proc: Linux only. */
export const probeProcess: Probe<'process'> = async (target) => {
  const bootMs = await readBootMs();
  if (bootMs === null) return blind('this system has no /proc as Linux has it');
  return target.pidFile === null ? byName(target, bootMs) : byFile(target, target.pidFile, bootMs);
};

function blind(detail: string): Seen {
  return { state: 'error', answered: false, detail };
}

function gone(detail: string): Seen {
  return { state: 'unhealthy', answered: false, detail };
}

async function byName(target: ProcessCheck, bootMs: number): Promise<Seen> {
  const { command } = target;
  if (command === null) return blind('neither a pid file nor a command is configured');
  const running = (await processesCalled(command, bootMs)).filter((facts) => !facts.zombie);
  if (running.length === 0) return gone(`no process is called ${command}`);
  const largest = running.reduce((a, b) => ((b.rssBytes ?? 0) > (a.rssBytes ?? 0) ? b : a));
  const many =
    running.length === 1 ? `process ${largest.pid}` : `${running.length} processes, the largest ${largest.pid}`;
  return judgeMemory(`${command}: ${many}`, largest, target.maxRssBytes);
}

async function byFile(target: ProcessCheck, path: string, bootMs: number): Promise<Seen> {
  let text: string;
  let written: number;
  try {
    text = await readFile(path, 'utf8');
    written = await writtenMs(path);
  } catch (thrown) {
    const code = codeOf(thrown);
    return code === 'ENOENT' || code === 'ENOTDIR'
      ? gone(`there is no ${path}`)
      : blind(`${path} cannot be read: ${code ?? 'unknown error'}`);
  }
  const pid = parsePid(text);
  if (pid === null) return gone(`the first line of ${path} is no process id`);
  const facts = await readProcess(pid, bootMs).catch(() => undefined);
  if (facts === undefined) return blind(`process ${pid} of ${path} cannot be looked at`);
  return judgeProcess(target, { path, pid, writtenMs: written, facts });
}

/** The number in the first line; null where there is none. */
export function parsePid(text: string): number | null {
  const line = (text.split('\n', 1)[0] ?? '').trim();
  const pid = /^\d{1,10}$/.test(line) ? Number(line) : 0;
  return pid > 0 ? pid : null;
}

/** What a pid file and the process of its number say together. */
export function judgeProcess(
  target: Pick<ProcessCheck, 'command' | 'maxRssBytes'>,
  seen: {
    readonly path: string;
    readonly pid: number;
    /** When the file was written, Unix milliseconds. */
    readonly writtenMs: number;
    readonly facts: ProcessFacts | null;
  },
): Seen {
  const { path, pid, facts } = seen;
  if (facts === null) return gone(`process ${pid} of ${path} does not run`);
  if (facts.zombie) return gone(`process ${pid} of ${path} has ended; its parent has not taken notice`);
  if (target.command !== null && !isCalled(facts, target.command))
    return gone(`process ${pid} of ${path} is ${facts.command}, not ${target.command}`);
  // Numbers are used again: whoever wrote the file began before it was written.
  if (facts.startedMs > seen.writtenMs + slackMs)
    return gone(`process ${pid} began after ${path} was written: another one has its number`);
  return judgeMemory(`${facts.command}: process ${pid}`, facts, target.maxRssBytes);
}

function judgeMemory(what: string, { rssBytes }: ProcessFacts, maxRssBytes: number | null): Seen {
  if (rssBytes === null && maxRssBytes !== null) return blind(`${what}: how much memory it takes cannot be read`);
  if (rssBytes === null) return { state: 'healthy', answered: true, detail: what };
  const resident = `${what}, ${inBytes(rssBytes)} resident`;
  return maxRssBytes !== null && rssBytes > maxRssBytes
    ? { state: 'degraded', answered: true, detail: `${resident}, more than ${inBytes(maxRssBytes)}` }
    : { state: 'healthy', answered: true, detail: resident };
}
