import type { CheckKind, CheckState, ProbeResult } from '../../contract/health.ts';
import type { Clock, HttpFetch } from '../../ports/index.ts';
import type { PostgresServer } from '../postgres-target.ts';

/** What is probed: secrets resolved, paths absolute, durations in milliseconds. */
export interface PostgresCheck {
  readonly kind: 'postgres';
  readonly server: PostgresServer;
  /** A standby that is further behind is degraded, seconds. */
  readonly lagDegradedSeconds: number;
}

export interface RedisCheck {
  readonly kind: 'redis';
  /** Name, address, or the absolute path of its socket. */
  readonly host: string;
  readonly port: number;
  readonly db: number;
  /** Never into argv, logs or details. */
  readonly password: string | null;
  readonly tls: boolean;
}

export interface HttpCheck {
  readonly kind: 'http';
  readonly url: string;
  /** Adds the token and trusts the authority of the check; does not follow redirects. */
  readonly fetch: HttpFetch;
  readonly status: readonly number[];
  readonly contains: string | null;
  /** Key of a JSON answer that holds the version. */
  readonly versionField: string | null;
}

export interface TcpCheck {
  readonly kind: 'tcp';
  readonly host: string;
  readonly port: number;
}

/** At least one of `pidFile` and `command` is set. */
export interface ProcessCheck {
  readonly kind: 'process';
  readonly pidFile: string | null;
  readonly command: string | null;
  readonly maxRssBytes: number | null;
}

export interface DiskCheck {
  readonly kind: 'disk';
  readonly path: string;
  /** Shares, 0 to 1. */
  readonly minFree: number;
  readonly warnFree: number;
  /** Null: nothing is written. Else what tells this check from all others that may write to the same folder. */
  readonly writeAs: string | null;
}

export type CheckTarget = PostgresCheck | RedisCheck | HttpCheck | TcpCheck | ProcessCheck | DiskCheck;
export type TargetOf<K extends CheckKind> = Extract<CheckTarget, { readonly kind: K }>;

/** What a probe saw, before the time that it took is judged. */
export interface Seen {
  readonly state: CheckState;
  /** Something answered, however badly: its time is a response time. */
  readonly answered: boolean;
  /** Words with figures; never a secret. */
  readonly detail: string;
}

export interface ProbeContext {
  /** Aborted at the timeout, and when nobody waits any more. */
  readonly signal: AbortSignal;
  readonly timeoutMs: number;
}

/**
 * Looks once. What is wrong with the thing is `unhealthy`, what kept the probe from looking (a secret, a permission, no sockets left
 * here) is `error`. Need not watch the time: the caller does, and takes what is thrown for `error`.
 */
export type Probe<K extends CheckKind> = (target: TargetOf<K>, context: ProbeContext) => Promise<Seen>;

export interface ProbeLimits {
  readonly timeoutMs: number;
  /** A slower answer is degraded; null: any within the timeout. */
  readonly slowMs: number | null;
}

export interface ProbeDeps {
  readonly clock: Clock;
  /** Monotonic, milliseconds. */
  nowMs(): number;
}

export interface StartedProbe {
  /** Resolves within the timeout; never rejects. */
  readonly result: Promise<ProbeResult>;
  /** Resolves when the probe really came back: a call into a dead disk cannot be taken back, and must not be made twice. */
  readonly settled: Promise<void>;
}
