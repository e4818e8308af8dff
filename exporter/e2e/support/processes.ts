import { spawn, type ChildProcess } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';

/** Root of the checkout. */
export const checkout = path.resolve(import.meta.dirname, '../../..');

const keptOutput = 256 * 1024;

export interface ProcessOptions {
  /** How failures call it. */
  readonly name: string;
  readonly file: string;
  readonly args: readonly string[];
  /** Whole environment; PATH and HOME are added when absent, nothing else is inherited. */
  readonly env?: Readonly<Record<string, string>>;
  readonly cwd?: string;
  /** Said when the program is not installed, e.g. `install the Debian package prometheus`. */
  readonly mend?: string;
}

export interface RunningProcess {
  readonly name: string;
  readonly pid: number;
  /** Both streams in order of arrival, the last 256 KiB. */
  output(): string;
  running(): boolean;
  /** Null when a signal ended it. */
  readonly exited: Promise<number | null>;
  /** Sends the signal and waits; kills the process group when it is still there after the deadline. */
  stop(signal?: NodeJS.Signals, deadlineMs?: number): Promise<number | null>;
  /** kill -9 of this process alone (not of its children), and waits for its end. */
  kill9(): Promise<void>;
}

const started = new Set<RunningProcess>();
const folders = new Set<string>();

// A test run that dies must not leave servers behind: they are in process groups of their own.
process.once('exit', () => {
  for (const child of started) killGroup(child.pid);
});

function killGroup(pid: number): void {
  try {
    process.kill(-pid, 'SIGKILL');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error; // already gone is what we want
  }
}

/** Starts a program in a process group of its own. Throws, with the mend, when it cannot be started. */
export async function startProcess(options: ProcessOptions): Promise<RunningProcess> {
  const child = spawn(options.file, options.args, {
    ...(options.cwd === undefined ? {} : { cwd: options.cwd }),
    env: { PATH: process.env['PATH'] ?? '/usr/bin:/bin', HOME: process.env['HOME'] ?? '/', ...options.env },
    stdio: ['ignore', 'pipe', 'pipe'],
    detached: true,
  });
  const output = collect(child);
  const exited = endOf(child);
  await new Promise<void>((resolve, reject) => {
    child.once('spawn', resolve);
    child.once('error', (cause) =>
      reject(
        new Error(`${options.name}: cannot start ${options.file}${options.mend ? `: ${options.mend}` : ''}`, { cause }),
      ),
    );
  });
  const handle = handleOf(options.name, child, exited, output);
  started.add(handle);
  void exited.then(() => started.delete(handle));
  return handle;
}

/** 'close' comes when the pipes have been read to their end; a grandchild that keeps them open is not waited for. */
function endOf(child: ChildProcess): Promise<number | null> {
  return new Promise((resolve) => {
    child.once('exit', (code) => setTimeout(resolve, 500, code).unref());
    child.once('close', (code) => resolve(code));
  });
}

function collect(child: ChildProcess): () => string {
  let text = '';
  const add = (chunk: Buffer): void => {
    text = (text + chunk.toString('utf8')).slice(-keptOutput);
  };
  child.stdout?.on('data', add);
  child.stderr?.on('data', add);
  return () => text;
}

function handleOf(
  name: string,
  child: ChildProcess,
  exited: Promise<number | null>,
  output: () => string,
): RunningProcess {
  const pid = child.pid as number; // set: the 'spawn' event has come
  const running = (): boolean => child.exitCode === null && child.signalCode === null;
  return {
    name,
    pid,
    output,
    running,
    exited,
    async stop(signal = 'SIGTERM', deadlineMs = 15_000) {
      if (!running()) return exited;
      child.kill(signal);
      const late = setTimeout(() => killGroup(pid), deadlineMs);
      const code = await exited;
      clearTimeout(late);
      return code;
    },
    async kill9() {
      if (running()) child.kill('SIGKILL');
      await exited;
    },
  };
}

/** Runs a program to its end. Never throws for an exit code. */
export async function run(
  options: ProcessOptions & { readonly deadlineMs?: number },
): Promise<{ exitCode: number | null; output: string }> {
  const child = await startProcess(options);
  const late = setTimeout(() => killGroup(child.pid), options.deadlineMs ?? 60_000);
  const exitCode = await child.exited;
  clearTimeout(late);
  return { exitCode, output: child.output() };
}

export interface WaitOptions {
  /** Default 30 s. */
  readonly deadlineMs?: number;
  /** Default 100 ms. */
  readonly intervalMs?: number;
  /** Their output is shown on failure; the wait ends at once when one of them ends. */
  readonly processes?: readonly RunningProcess[];
}

/**
 * Asks until the answer is neither undefined, null nor false, and returns it. A probe that throws counts as "not yet";
 * at the deadline its last error is shown, with the tails of the processes' output.
 */
export async function waitUntil<T>(
  what: string,
  probe: () => Promise<T | undefined | null | false> | T | undefined | null | false,
  options: WaitOptions = {},
): Promise<T> {
  const deadline = performance.now() + (options.deadlineMs ?? 30_000);
  let last: unknown = 'the answer was empty';
  for (;;) {
    try {
      const answer = await probe();
      if (answer !== undefined && answer !== null && answer !== false) return answer;
    } catch (error) {
      last = error;
    }
    const dead = options.processes?.find((p) => !p.running());
    if (dead !== undefined) throw failure(`${what}: ${dead.name} has ended`, last, options.processes);
    if (performance.now() > deadline)
      throw failure(`${what}: not within ${options.deadlineMs ?? 30_000} ms`, last, options.processes);
    await sleep(options.intervalMs ?? 100);
  }
}

function failure(message: string, last: unknown, processes: readonly RunningProcess[] = []): Error {
  const tails = processes.map((p) => `--- ${p.name} (pid ${p.pid})\n${p.output().slice(-4000)}`);
  const reason = last instanceof Error ? (last.stack ?? last.message) : String(last);
  return new Error([message, `last: ${reason}`, ...tails].join('\n'));
}

export function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

/** A TCP port of the loopback address that was free a moment ago. */
export function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      server.close(() =>
        address !== null && typeof address === 'object' ? resolve(address.port) : reject(new Error('no port')),
      );
    });
  });
}

/** A new folder of mode 0700 that `cleanUp` removes. */
export function tempFolder(prefix = 'genesis-e2e-'): string {
  const folder = mkdtempSync(path.join(tmpdir(), prefix));
  folders.add(folder);
  return folder;
}

/** For afterAll: stops what still runs (newest first) and removes the temporary folders. */
export async function cleanUp(): Promise<void> {
  for (const child of [...started].reverse()) await child.stop('SIGTERM', 10_000);
  for (const folder of folders) rmSync(folder, { recursive: true, force: true });
  folders.clear();
}
