import { fail, ok, type Outcome } from '../../contract/errors.ts';
import type { PostgresServer } from '../postgres-target.ts';
import { connect, type ConnectOptions, type PgSession } from './client.ts';

/** How to get into a throwaway server: as its superuser, with settings that no restored role or database has changed. */

export interface SandboxAddress {
  readonly socketFolder: string;
  readonly port: number;
}

export interface SessionOptions {
  /** Role and database that are likely to exist. */
  readonly user?: string;
  readonly database?: string;
  readonly signal: AbortSignal;
}

/** Settings of the session that its role or database may have been given, and that would change what the checks see or load. */
const calmSettings = {
  session_preload_libraries: '',
  local_preload_libraries: '',
  lock_timeout: '0',
  idle_in_transaction_session_timeout: '0',
  default_transaction_read_only: 'off',
  role: 'none',
};

/** For sessions with a throwaway server as its superuser. */
export function calmly(signal: AbortSignal, statementTimeoutMs: number, database?: string): ConnectOptions {
  return {
    statementTimeoutMs,
    // It is our own server on a machine that may be busy: slow is no finding.
    connectTimeoutMs: 60_000,
    signal,
    applicationName: 'genesis-drill',
    settings: calmSettings,
    ...(database === undefined ? {} : { database }),
  };
}

export function serverOf(options: SessionOptions, address: SandboxAddress, user: string): PostgresServer {
  return {
    host: address.socketFolder,
    port: address.port,
    user,
    password: null,
    database: options.database ?? 'postgres',
    tlsCa: null,
  };
}

/** Any role may ask who is superuser; which roles and databases exist is known only by trying. */
export async function superuserSession(
  options: SessionOptions,
  address: SandboxAddress,
): Promise<Outcome<PgSession & { readonly user: string }>> {
  const users = [...new Set([options.user ?? 'postgres', 'postgres'])];
  const databases = [...new Set([options.database ?? 'postgres', 'postgres', 'template1'])];
  let refused: Outcome<never> = fail('postgres_failed', 'no role of the restored server lets us in');
  for (const user of users) {
    const session = await firstSession(options, address, user, databases);
    if (!session.ok) {
      if (session.error.code !== 'postgres_failed') return session;
      refused = session;
      continue;
    }
    const found = await session.value.query<{ name: string; inRecovery: boolean }>(
      `SELECT rolname AS name, pg_catalog.pg_is_in_recovery() AS "inRecovery" FROM pg_catalog.pg_roles
        WHERE rolsuper AND rolcanlogin ORDER BY rolname = $1 DESC, oid LIMIT 1`,
      [user],
    );
    const row = found.ok ? found.value[0] : undefined;
    if (row !== undefined && !row.inRecovery && row.name === user) return ok({ ...session.value, user });
    await session.value.end();
    if (!found.ok) return found;
    if (row === undefined) return fail('postgres_failed', 'no superuser of the restored server may log in');
    if (row.inRecovery) return fail('postgres_unreachable', 'recovery has not ended');
    if (!users.includes(row.name)) users.push(row.name);
  }
  return refused;
}

const noSuchDatabase = '3D000';
const noRight = '42501';

async function firstSession(
  options: SessionOptions,
  address: SandboxAddress,
  user: string,
  databases: readonly string[],
): Promise<Outcome<PgSession>> {
  let session: Outcome<PgSession> = fail('postgres_failed', 'the restored server has no database to connect to');
  for (const database of databases) {
    const calm = calmly(options.signal, 30_000, database);
    session = await connect(serverOf(options, address, user), calm);
    // Only a superuser may say what is loaded; any other role is good enough to ask who that is.
    if (!session.ok && session.error.details?.['sqlstate'] === noRight)
      session = await connect(serverOf(options, address, user), { ...calm, settings: { role: 'none' } });
    if (session.ok || session.error.details?.['sqlstate'] !== noSuchDatabase) return session;
  }
  return session;
}
