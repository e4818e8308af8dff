import type { Outcome } from '../contract/errors.ts';

/** Time comes in from outside, so that decisions can be tested at any moment. */
export interface Clock {
  now(): Date;
  /** Resolves early, without an error, when the signal aborts. */
  sleep(ms: number, signal: AbortSignal): Promise<void>;
}

export interface ExecOptions {
  readonly timeoutMs: number;
  readonly signal: AbortSignal;
  readonly cwd?: string;
  /** The whole environment of the child; PATH is added when absent, nothing else is inherited. */
  readonly env?: Readonly<Record<string, string>>;
  /** Whom it runs as; only root may name another one. */
  readonly runAs?: { readonly uid: number; readonly gid: number };
  /** Each line of standard output as it comes, e.g. the progress of a long run. */
  readonly onLine?: (line: string) => void;
  /** Written to the child's standard input. */
  readonly input?: string;
  /** Bound on what is kept of each stream, bytes (default 64 KiB, the tail is kept). */
  readonly maxOutputBytes?: number;
  /** Texts replaced by *** in the kept output. */
  readonly redact?: readonly string[];
}

export interface ExecResult {
  readonly exitCode: number;
  readonly stdout: string;
  readonly stderr: string;
  readonly truncated: boolean;
}

/**
 * Child processes: argument arrays (never a shell), own process group, killed whole on timeout or abort.
 * A non-zero exit is a value, not an error. Errors: `exec_failed` (could not start, killed by a signal), `exec_timeout`, `cancelled`.
 */
export interface Exec {
  run(file: string, args: readonly string[], options: ExecOptions): Promise<Outcome<ExecResult>>;
}

/** A pid alone is given to somebody else sooner or later: with its start and its boot it is one process for ever. */
export interface ProcessId {
  readonly pid: number;
  /** Clock ticks between the start of the machine and that of the process. */
  readonly startTicks: number;
  /** Identity of this run of the machine. */
  readonly boot: string;
}

export interface SpawnOptions {
  readonly cwd: string;
  /** The whole environment of the child; only PATH is inherited, when absent here. */
  readonly env: Readonly<Record<string, string>>;
  /** Both streams are appended there, mode 0600. */
  readonly logFile: string;
}

/**
 * Child processes that outlive the program that started them, each with a session and process group of its own. Argument arrays, never a
 * shell. Nobody waits for their end: who wants to know looks.
 */
export interface Spawner {
  /** Errors: `exec_failed` (could not start). */
  spawn(file: string, args: readonly string[], options: SpawnOptions): Promise<Outcome<ProcessId>>;
  /** False: it has ended, or its number belongs to another process by now. Errors: `exec_failed`: nobody can tell. */
  isRunning(id: ProcessId): Promise<Outcome<boolean>>;
  /**
   * Every running process whose environment began with this value of the variable, and the variables asked for. `leader`: it has a session
   * of its own, the others were started by one that has. Processes of others, which this user may not look into, are left out.
   */
  find(variable: string, value: string, others: readonly string[]): Promise<Outcome<readonly FoundProcess[]>>;
  /** False: it is gone. Errors: `exec_failed` (not permitted). */
  signal(id: ProcessId, signal: NodeJS.Signals): Promise<Outcome<boolean>>;
  /**
   * Processor time that it has used since its start, with that of its children that have ended, in seconds. Null: it is gone. Errors:
   * `exec_failed`: nobody can tell.
   */
  processorSeconds(id: ProcessId): Promise<Outcome<number | null>>;
}

export interface FoundProcess {
  readonly id: ProcessId;
  readonly leader: boolean;
  readonly env: Readonly<Record<string, string>>;
}

export interface Random {
  bytes(length: number): Buffer;
  /** Hex text of `length` bytes. */
  hex(length: number): string;
}

/** Callers pass a signal and say what becomes of redirects. */
export type HttpFetch = (url: string, init: RequestInit) => Promise<Response>;

/** Constant message, data apart. Secrets never reach it. */
export interface Log {
  debug(message: string, data?: Readonly<Record<string, unknown>>): void;
  info(message: string, data?: Readonly<Record<string, unknown>>): void;
  warn(message: string, data?: Readonly<Record<string, unknown>>): void;
  error(message: string, data?: Readonly<Record<string, unknown>>): void;
}
