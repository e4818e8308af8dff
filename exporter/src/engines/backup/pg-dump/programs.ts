import { join } from 'node:path';
import { OpError, type ErrorCode } from '../../../contract/errors.ts';
import type { Exec, ExecResult } from '../../../ports/index.ts';
import { guarded } from '../guard.ts';
import type { PostgresServer } from '../../postgres-target.ts';
import { clientEnvironment, must } from './server.ts';
import { errorsIn, warningsIn } from './toc.ts';

export const longTimeoutMs = 24 * 3_600_000;
const listBytes = 64 * 2 ** 20;

export interface ClientRun {
  readonly exec: Exec;
  /** Folder of the programs. */
  readonly bin: string;
  readonly program: 'pg_dump' | 'pg_dumpall' | 'pg_restore' | 'psql';
  readonly args: readonly string[];
  /** Null: no server is talked to. */
  readonly server: PostgresServer | null;
  readonly database: string;
  /** 0-19; null: as this process. */
  readonly nice: number | null;
  readonly timeoutMs: number;
  readonly signal: AbortSignal;
}

/** The result whatever the exit code is. Throws exec errors. */
export async function runClient(run: ClientRun): Promise<ExecResult> {
  const nice = run.nice === null ? [] : ['nice', '-n', String(run.nice)];
  const program = join(run.bin, run.program);
  const [file = program, ...args] = [...(await guarded(run.exec)), ...nice, program, ...run.args];
  return must(
    await run.exec.run(file, args, {
      timeoutMs: run.timeoutMs,
      signal: run.signal,
      env: run.server === null ? {} : clientEnvironment(run.server, run.database),
      maxOutputBytes: listBytes,
      redact: typeof run.server?.password === 'string' ? [run.server.password] : [],
    }),
  );
}

/** The last lines of what a program said, for messages. */
export function lastWords(result: ExecResult): string {
  const said = [...errorsIn(result.stderr), ...warningsIn(result.stderr)];
  const lines = said.length > 0 ? said : result.stderr.trim().split('\n');
  return lines.slice(0, 3).join('; ').slice(0, 600);
}

/** Throws `code` when it failed or complained: pg_restore exits with 0 after warnings that mean that something is not there. */
export async function runSound(run: ClientRun, code: ErrorCode): Promise<ExecResult> {
  const result = await runClient(run);
  const faults = [...errorsIn(result.stderr), ...(run.program === 'pg_restore' ? warningsIn(result.stderr) : [])];
  if (result.exitCode === 0 && faults.length === 0) return result;
  const words = lastWords(result);
  const noRoom = /No space left on device|Disk quota exceeded|could not (extend|write)[^\n]*space/i.test(result.stderr);
  throw new OpError(noRoom ? 'disk_full' : code, `${run.program} ended with ${result.exitCode}: ${words}`);
}
