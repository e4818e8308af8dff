import { spawn, type ChildProcessByStdio } from 'node:child_process';
import type { Readable, Writable } from 'node:stream';
import { fail, ok, type Outcome } from '../contract/errors.ts';
import type { Exec, ExecOptions, ExecResult } from '../ports/index.ts';
import { readLines } from './lines.ts';

const defaultPath = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';

/** Keeps the tail: the last words of a failing command are the ones that tell why. */
class Tail {
  #chunks: Buffer[] = [];
  #bytes = 0;
  truncated = false;
  readonly #max: number;

  constructor(max: number) {
    this.#max = max;
  }

  add(chunk: Buffer): void {
    this.#chunks.push(chunk);
    this.#bytes += chunk.length;
    while (this.#chunks.length > 1 && this.#bytes - (this.#chunks[0]?.length ?? 0) >= this.#max) {
      this.#bytes -= this.#chunks.shift()?.length ?? 0;
      this.truncated = true;
    }
  }

  text(redact: readonly string[]): string {
    const all = Buffer.concat(this.#chunks);
    if (all.length > this.#max) this.truncated = true;
    let text = all.subarray(Math.max(0, all.length - this.#max)).toString('utf8');
    for (const secret of redact) if (secret.length > 0) text = text.replaceAll(secret, '***');
    return text;
  }
}

/** Kills the whole process group: a hook that started children must not leave them behind. */
function killGroup(pid: number | undefined, signal: NodeJS.Signals): void {
  if (pid === undefined) return;
  try {
    process.kill(-pid, signal);
  } catch (thrown) {
    if ((thrown as NodeJS.ErrnoException).code !== 'ESRCH') throw thrown;
  }
}

async function run(file: string, args: readonly string[], o: ExecOptions): Promise<Outcome<ExecResult>> {
  if (o.signal.aborted) return fail('cancelled', `${file} was not started: cancelled`);
  const redact = o.redact ?? [];
  const [stdout, stderr] = [new Tail(o.maxOutputBytes ?? 65_536), new Tail(o.maxOutputBytes ?? 65_536)];
  return new Promise((resolve) => {
    const child = spawn(file, [...args], {
      cwd: o.cwd ?? '/',
      env: { PATH: defaultPath, LC_ALL: 'C.UTF-8', ...o.env },
      ...(o.runAs === undefined ? {} : { uid: o.runAs.uid, gid: o.runAs.gid }),
      detached: true, // own process group, see killGroup
      stdio: [o.input === undefined ? 'ignore' : 'pipe', 'pipe', 'pipe'],
      shell: false,
    }) as ChildProcessByStdio<Writable | null, Readable, Readable>;
    let ended: 'timeout' | 'abort' | null = null;
    let hardKill: NodeJS.Timeout | undefined;
    const stop = (why: 'timeout' | 'abort'): void => {
      ended ??= why;
      killGroup(child.pid, 'SIGTERM');
      hardKill ??= setTimeout(() => killGroup(child.pid, 'SIGKILL'), 3_000);
    };
    const timer = setTimeout(() => stop('timeout'), o.timeoutMs);
    const onAbort = (): void => stop('abort');
    o.signal.addEventListener('abort', onAbort, { once: true });
    const settle = (outcome: Outcome<ExecResult>): void => {
      clearTimeout(timer);
      clearTimeout(hardKill);
      o.signal.removeEventListener('abort', onAbort);
      resolve(outcome);
    };
    child.stdout.on('data', (c: Buffer) => stdout.add(c));
    const { onLine } = o;
    if (onLine !== undefined) {
      const lines = readLines(child.stdout, onLine);
      child.on('exit', () => lines.drain());
    }
    child.stderr.on('data', (c: Buffer) => stderr.add(c));
    // A child that never reads its input closes the pipe; its exit code tells the rest.
    child.stdin?.on('error', () => undefined);
    child.stdin?.end(o.input);
    child.on('error', (error) =>
      settle(fail('exec_failed', `${file} could not be started: ${error.message}`, { cause: error })),
    );
    child.on('close', (code, signal) => {
      const texts = {
        stdout: stdout.text(redact),
        stderr: stderr.text(redact),
        truncated: stdout.truncated || stderr.truncated,
      };
      if (ended === 'timeout')
        return settle(fail('exec_timeout', `${file} did not end within ${o.timeoutMs / 1000} s`, { details: texts }));
      if (ended === 'abort') return settle(fail('cancelled', `${file} was stopped: cancelled`));
      if (code === null)
        return settle(fail('exec_failed', `${file} was ended by ${signal ?? 'a signal'}`, { details: texts }));
      settle(ok({ exitCode: code, ...texts }));
    });
  });
}

export const systemExec: Exec = { run };
