import { readFile } from 'node:fs/promises';
import pg from 'pg';
import { fail, ok, OpError, type Outcome } from '../../contract/errors.ts';
import type { PostgresServer } from '../postgres-target.ts';
import { isoOf } from './types.ts';

/** Sessions with a PostgreSQL server. Every failure is a value; no message holds the password. */

export interface ConnectOptions {
  /** Default: that of the server. */
  readonly database?: string;
  /** The server ends each statement after this; 0: never. */
  readonly statementTimeoutMs: number;
  readonly connectTimeoutMs: number;
  /** Ends the connection, and with it what runs on it. */
  readonly signal: AbortSignal;
  readonly applicationName?: string;
  /** Settings of the session; they win over those of role and database. Names as PostgreSQL writes them. */
  readonly settings?: Readonly<Record<string, string>>;
}

export interface PgSession {
  /**
   * Rows of one statement: moments as ISO text with milliseconds, bigint and numeric as text, json parsed. Errors: `postgres_failed`
   * (details.sqlstate), `postgres_unreachable` (the connection broke or the server does not answer), `cancelled`.
   */
  query<R>(sql: string, params?: readonly unknown[]): Promise<Outcome<readonly R[]>>;
  /** Never fails: a connection that does not close is torn down. */
  end(): Promise<void>;
}

/** A server that is frozen sends no timeout of its own: so long after it should have, the session is given up. */
const graceMs = 5_000;
const endTimeoutMs = 2_000;

/**
 * Opens one session. Errors: `postgres_unreachable`: nobody answers, or the server is starting, stopping or full; `postgres_failed`
 * (details.sqlstate): it answers and says no (password, role, database); `cancelled`.
 */
export async function connect(server: PostgresServer, options: ConnectOptions): Promise<Outcome<PgSession>> {
  const where = `${server.host}:${server.port}`;
  if (options.signal.aborted) return fail('cancelled', `${where} was not asked: cancelled`);
  // A socket has no TLS: nobody stands between.
  const ca = await readAuthority(server.host.startsWith('/') ? null : server.tlsCa);
  if (!ca.ok) return ca;
  const client = new pg.Client(clientConfig(server, ca.value, options));
  const session = createSession(client, where, options);
  const connected = await session.guard(client.connect(), options.connectTimeoutMs, 'connect');
  return connected.ok ? ok(session) : connected;
}

/** Opens a session, works with it and closes it whatever happens. */
export async function withSession<T>(
  server: PostgresServer,
  options: ConnectOptions,
  work: (session: PgSession) => Promise<Outcome<T>>,
): Promise<Outcome<T>> {
  const session = await connect(server, options);
  if (!session.ok) return session;
  try {
    return await work(session.value);
  } finally {
    await session.value.end();
  }
}

async function readAuthority(file: string | null): Promise<Outcome<string | null>> {
  if (file === null) return ok(null);
  try {
    return ok(await readFile(file, 'utf8'));
  } catch (cause) {
    return fail('postgres_unreachable', `cannot read the authority ${file} of its certificate`, { cause });
  }
}

function clientConfig(server: PostgresServer, ca: string | null, options: ConnectOptions): pg.ClientConfig {
  const settings = {
    datestyle: 'ISO',
    timezone: 'UTC',
    statement_timeout: String(options.statementTimeoutMs),
    ...options.settings,
  };
  return {
    host: server.host,
    port: server.port,
    user: server.user,
    database: options.database ?? server.database,
    // Always given, and as a function: else the driver would look into the environment and ~/.pgpass.
    password: () => server.password ?? '',
    ssl: ca === null ? false : { ca, rejectUnauthorized: true },
    application_name: options.applicationName ?? 'genesis',
    options: Object.entries(settings)
      .map(([name, value]) => `-c ${name}=${escapeOption(value)}`)
      .join(' '),
    keepAlive: true,
    types: { getTypeParser },
  };
}

/** The server splits the text at blanks that no backslash precedes. */
function escapeOption(value: string): string {
  return value.replaceAll(/[\\\s]/g, (c) => `\\${c}`);
}

const momentTypes = new Set<number>([pg.types.builtins.TIMESTAMP, pg.types.builtins.TIMESTAMPTZ]);
/** The driver would make a Date of the reader's own midnight. */
const asText = new Set<number>([pg.types.builtins.DATE]);

function getTypeParser(oid: number, format?: 'text' | 'binary'): (value: string) => unknown {
  if (momentTypes.has(oid)) return isoOf;
  if (asText.has(oid)) return (value) => value;
  return pg.types.getTypeParser(oid, format ?? 'text') as (value: string) => unknown;
}

/** The driver's own types do not know the mode yet. */
function oneStatement(text: string, params: readonly unknown[]): pg.QueryConfig {
  return { text, values: [...params], queryMode: 'extended' } as pg.QueryConfig;
}

interface GuardedSession extends PgSession {
  /** The work's outcome, or what ended the session meanwhile. */
  guard<T>(work: Promise<T>, timeoutMs: number, doing: 'connect' | 'query'): Promise<Outcome<T>>;
}

function createSession(client: pg.Client, where: string, options: ConnectOptions): GuardedSession {
  let broken: OpError | null = null;
  const waiting = new Set<(error: OpError) => void>();
  const giveUp = (error: OpError): void => {
    broken ??= error;
    tearDown(client);
    for (const tell of waiting) tell(broken);
    waiting.clear();
  };
  const onAbort = (): void => giveUp(new OpError('cancelled', `the session with ${where} was cancelled`));
  options.signal.addEventListener('abort', onAbort, { once: true });
  // Without a listener an idle session whose server goes away would end the process.
  client.on('error', (error: Error) => giveUp(unreachable(where, error.message, error)));

  const guard: GuardedSession['guard'] = async (work, timeoutMs, doing) => {
    // Whoever loses the race must not be an unhandled rejection.
    const result = work.then(ok, (thrown: unknown) => ({
      ok: false as const,
      error: broken ?? errorOf(thrown, where, doing),
    }));
    if (broken !== null) return { ok: false, error: broken };
    let tell: (error: OpError) => void = () => undefined;
    const ended = new Promise<Outcome<never>>((resolve) => {
      tell = (error) => resolve({ ok: false, error });
      waiting.add(tell);
    });
    const timer =
      timeoutMs === 0
        ? undefined
        : setTimeout(() => giveUp(unreachable(where, `no answer within ${timeoutMs / 1000} s`)), timeoutMs);
    const outcome = await Promise.race([result, ended]);
    clearTimeout(timer);
    waiting.delete(tell);
    if (!outcome.ok && doing === 'connect') giveUp(outcome.error);
    return outcome;
  };

  const queryTimeoutMs = options.statementTimeoutMs === 0 ? 0 : options.statementTimeoutMs + graceMs;
  return {
    guard,
    query: async <R>(sql: string, params?: readonly unknown[]) => {
      if (broken !== null) return { ok: false, error: broken };
      // With parameters, even none, the server takes one statement only.
      const run = params === undefined ? client.query(sql) : client.query(oneStatement(sql, params));
      const result = await guard(run, queryTimeoutMs, 'query');
      if (!result.ok) return result;
      // Several statements in one text give one result each; the last one counts.
      const last = Array.isArray(result.value) ? (result.value as pg.QueryResult[]).at(-1) : result.value;
      return ok((last?.rows ?? []) as readonly R[]);
    },
    end: async () => {
      options.signal.removeEventListener('abort', onAbort);
      if (broken === null) await guard(client.end(), endTimeoutMs, 'query');
      tearDown(client);
    },
  };
}

/** The driver waits for the server to close; one that is frozen never does. */
function tearDown(client: pg.Client): void {
  const { connection } = client as unknown as { connection?: { stream?: { destroy(): void } } };
  connection?.stream?.destroy();
}

function unreachable(where: string, why: string, cause?: unknown): OpError {
  return new OpError('postgres_unreachable', `${where}: ${why}`, {
    retryable: true,
    ...(cause === undefined ? {} : { cause }),
  });
}

/** Classes of SQLSTATE that say that the server cannot be worked with now: connection, shutting down or starting, too many clients. */
const goneStates = /^(08|57P0|53300)/;

function errorOf(thrown: unknown, where: string, doing: 'connect' | 'query'): OpError {
  const error = thrown as Error & { readonly code?: unknown; readonly severity?: unknown };
  const message = error.message === '' ? String(error.code ?? error.name) : error.message;
  const sqlstate = typeof error.code === 'string' && typeof error.severity === 'string' ? error.code : null;
  if (sqlstate === null) return unreachable(where, message, thrown);
  const code = goneStates.test(sqlstate) ? 'postgres_unreachable' : 'postgres_failed';
  return new OpError(code, doing === 'connect' ? `${where}: ${message}` : message, {
    details: { sqlstate },
    retryable: code === 'postgres_unreachable',
    cause: thrown,
  });
}
