import { spawn, type ChildProcess } from 'node:child_process';
import { closeSync, openSync, readFileSync } from 'node:fs';
import { createServer } from 'node:net';

export interface ChildOptions {
  /** How messages call it. */
  readonly name: string;
  readonly file: string;
  readonly args: readonly string[];
  readonly cwd: string;
  /** The whole environment: nothing else is inherited. */
  readonly env: Readonly<Record<string, string>>;
  /** Both streams go there; begun anew. Readable by the owner only: servers may log what is nobody else's business. */
  readonly logFile: string;
  /** `setpriv` of util-linux, by which the kernel ends the child when we are killed; null where there is none. */
  readonly setpriv: string | null;
}

export interface Child {
  readonly name: string;
  readonly pid: number;
  readonly logFile: string;
  running(): boolean;
  /** Resolves with a sentence on how it ended: `ended with exit code 1`, `was ended by SIGKILL`. */
  readonly ended: Promise<string>;
  lastLines(most: number): readonly string[];
  /** Sends the signal to its process group, so that what it started goes with it. Nothing happens when it is gone. */
  signal(signal: 'SIGTERM' | 'SIGKILL'): void;
}

/** Starts a program in a process group of its own. Rejects with the system's error when it cannot be started. */
export async function startChild(options: ChildOptions): Promise<Child> {
  const log = openSync(options.logFile, 'w', 0o600);
  const [file, args] =
    options.setpriv === null
      ? [options.file, options.args]
      : [options.setpriv, ['--pdeathsig', 'TERM', '--', options.file, ...options.args]];
  let child: ChildProcess;
  try {
    child = spawn(file, [...args], {
      cwd: options.cwd,
      env: { ...options.env },
      stdio: ['ignore', log, log],
      detached: true,
    });
  } finally {
    closeSync(log);
  }
  const ended = new Promise<string>((resolve) => {
    child.once('exit', (code, signal) =>
      resolve(signal === null ? `ended with exit code ${code}` : `was ended by ${signal}`),
    );
  });
  await new Promise<void>((resolve, reject) => {
    child.once('spawn', resolve);
    child.once('error', reject);
  });
  const pid = child.pid as number; // set: the event has come
  return {
    name: options.name,
    pid,
    logFile: options.logFile,
    running: () => child.exitCode === null && child.signalCode === null,
    ended,
    lastLines: (most) => lastLinesOf(options.logFile, most),
    signal: (signal) => signalGroup(pid, signal),
  };
}

/** The group may outlive its leader: then what is left of it is meant. */
function signalGroup(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(-pid, signal);
  } catch (thrown) {
    if ((thrown as NodeJS.ErrnoException).code !== 'ESRCH') throw thrown;
  }
}

function lastLinesOf(file: string, most: number): readonly string[] {
  try {
    return readFileSync(file, 'utf8').trimEnd().split('\n').slice(-most);
  } catch {
    return []; // somebody removed it: there is nothing to show
  }
}

const stopWithinMs = 8_500;
const killWithinMs = 1_000;

/** SIGTERM to all at once, SIGKILL to what is left after 8.5 s or when `hurry` resolves. Resolves when all are gone. */
export async function stopAll(children: readonly Child[], hurry: Promise<void>): Promise<void> {
  const allEnded = Promise.all(children.map((child) => child.ended));
  for (const child of children) child.signal('SIGTERM');
  await Promise.race([allEnded, hurry, passed(stopWithinMs)]);
  // Also where the leader is gone: it may have left somebody behind in its group.
  for (const child of children) child.signal('SIGKILL');
  await Promise.race([allEnded, passed(killWithinMs)]);
}

function passed(ms: number): Promise<void> {
  return new Promise((resolve) => void setTimeout(resolve, ms).unref());
}

/** Calls back on each Ctrl-C, SIGTERM and when the terminal goes away; returns the function that ends it. */
export function onStop(listener: () => void): () => void {
  const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;
  for (const signal of signals) process.on(signal, listener);
  return () => {
    for (const signal of signals) process.off(signal, listener);
  };
}

/** A port of this address that is free now: the wanted one, or with null any. Null: the wanted one is taken. */
export function freePort(host: string, wanted: number | null): Promise<number | null> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', (error: NodeJS.ErrnoException) =>
      error.code === 'EADDRINUSE' || error.code === 'EACCES' ? resolve(null) : reject(error),
    );
    server.listen({ host, port: wanted ?? 0, exclusive: true }, () => {
      const address = server.address();
      server.close(() => (address !== null && typeof address === 'object' ? resolve(address.port) : resolve(null)));
    });
  });
}
