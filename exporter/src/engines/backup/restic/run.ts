import { OpError, type ErrorCode } from '../../../contract/errors.ts';
import type { ExecResult } from '../../../ports/index.ts';
import type { EngineDeps } from '../port.ts';
import { guarded } from '../guard.ts';
import { makeFolder } from '../archive/durable-write.ts';
import type { ResticStore } from './store.ts';

export const shortTimeoutMs = 120_000;
export const longTimeoutMs = 24 * 3_600_000;

export interface ResticRun {
  readonly args: readonly string[];
  readonly signal: AbortSignal;
  readonly timeoutMs: number;
  readonly onLine?: (line: string) => void;
  readonly input?: string;
  readonly maxOutputBytes?: number;
  readonly nice?: number | null;
  readonly concurrency?: number;
  /** Beside that of the store. */
  readonly environment?: Readonly<Record<string, string>>;
}

/** Somebody else's backup or check may hold the repository for minutes: that is no failure yet. */
const lockTries = 10;
const lockWaitMs = 30_000;

/**
 * The result whatever the exit code is. A lock that a dead restic of this machine left is removed, once; those of living ones are
 * waited for, five minutes at most. Throws `program_missing`, exec errors.
 */
export async function runRestic(deps: EngineDeps, store: ResticStore, run: ResticRun): Promise<ExecResult> {
  let result = await runOnce(deps, store, run);
  if (result.exitCode === 0 || !isLocked(result)) return result;
  // Without --remove-all only locks go whose process is dead here, or that nobody has refreshed for half an hour.
  await runOnce(deps, store, { args: ['unlock'], signal: run.signal, timeoutMs: shortTimeoutMs });
  for (let tries = 0; ; tries += 1) {
    result = await runOnce(deps, store, run);
    if (result.exitCode === 0 || !isLocked(result) || tries === lockTries) return result;
    await deps.clock.sleep(lockWaitMs, run.signal);
  }
}

async function runOnce(deps: EngineDeps, store: ResticStore, run: ResticRun): Promise<ExecResult> {
  await makeFolder(store.ref.folder);
  const nice = run.nice === null || run.nice === undefined ? [] : ['nice', '-n', String(run.nice)];
  const command = [...nice, store.settings.program, '--repo', store.url, ...store.options, ...run.args];
  const [file = '', ...args] = [...(await guarded(deps.exec)), ...command];
  const outcome = await deps.exec.run(file, args, {
    timeoutMs: run.timeoutMs,
    signal: run.signal,
    env: {
      ...store.environment,
      ...(run.concurrency === undefined ? {} : { GOMAXPROCS: String(run.concurrency) }),
      ...run.environment,
    },
    redact: store.secrets,
    ...(run.onLine === undefined ? {} : { onLine: run.onLine }),
    ...(run.input === undefined ? {} : { input: run.input }),
    ...(run.maxOutputBytes === undefined ? {} : { maxOutputBytes: run.maxOutputBytes }),
  });
  const isMissing = outcome.ok
    ? [126, 127].includes(outcome.value.exitCode) && /^(setpriv|nice): /m.test(outcome.value.stderr)
    : outcome.error.code === 'exec_failed' && /could not be started/.test(outcome.error.message);
  if (isMissing)
    throw new OpError('program_missing', `${store.settings.program} cannot be started: install restic 0.14 or later`);
  if (!outcome.ok) throw outcome.error;
  return outcome.value;
}

function isLocked(result: ExecResult): boolean {
  return /repository is already locked/.test(result.stderr);
}

/** What restic 0.14 says for each expected failure; all of them exit with 1. */
const causes: readonly (readonly [RegExp, ErrorCode])[] = [
  [/wrong password or no key found/, 'key_wrong'],
  [/repository is already locked/, 'operation_conflict'],
  [/no space left on device|disk quota exceeded/i, 'disk_full'],
  [/Is there a repository at the following location|unable to open config file/, 'repository_unreadable'],
  [/no matching ID found|invalid id/, 'backup_unknown'],
  [
    /ciphertext verification failed|hash does not match|invalid data returned|unable to load (tree|index)|does not match id|not found in (repository|index)/i,
    'backup_corrupt',
  ],
];

/** The failure that a result tells of, in restic's own words. */
export function errorOf(store: ResticStore, result: ExecResult, what: string, fallback: ErrorCode): OpError {
  const said = wordsOf(result);
  const code = causes.find(([pattern]) => pattern.test(result.stderr))?.[1] ?? fallback;
  const retryable = code === 'operation_conflict';
  return new OpError(code, `${what} in ${store.url}: ${said || `restic ended with ${result.exitCode}`}`, { retryable });
}

function wordsOf({ stderr }: ExecResult): string {
  const lines = stderr
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '' && !/^(Is there a repository|Warning: )/.test(line));
  const fatal = lines.filter((line) => line.startsWith('Fatal: '));
  return (fatal.length > 0 ? fatal : lines).slice(-3).join('; ').slice(0, 600);
}

/** Throws what the result tells of unless it ended with 0. */
export async function runSound(
  deps: EngineDeps,
  store: ResticStore,
  run: ResticRun,
  what: string,
  fallback: ErrorCode,
): Promise<ExecResult> {
  const result = await runRestic(deps, store, run);
  if (result.exitCode === 0) return result;
  throw errorOf(store, result, what, fallback);
}
