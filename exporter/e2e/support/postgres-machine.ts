import { chmodSync, chownSync, existsSync, mkdirSync, readdirSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import pg from 'pg';
import type { UnixUser } from '../../src/engines/postgres-target.ts';

// What this machine has for servers of PostgreSQL: programs, a user, folders, sessions.

export const mend = 'install the Debian packages postgresql-15 and postgresql-contrib';

/** Programs of the newest PostgreSQL on this machine. Throws, with the mend, where there is none. */
export function postgresBin(): string {
  const root = '/usr/lib/postgresql';
  const versions = existsSync(root)
    ? readdirSync(root).filter((v) => existsSync(path.join(root, v, 'bin/postgres')))
    : [];
  const newest = versions.map(Number).sort((a, b) => b - a)[0];
  if (newest === undefined) throw new Error(`no PostgreSQL server in ${root}: ${mend}`);
  return path.join(root, String(newest), 'bin');
}

/** PostgreSQL refuses root: then its own user, or nobody. Undefined for an ordinary user, who is good enough. */
export function serverOwner(): UnixUser | undefined {
  if (process.getuid?.() !== 0) return undefined;
  const line = readFileSync('/etc/passwd', 'utf8')
    .split('\n')
    .find((entry) => entry.startsWith('postgres:'));
  const [, , uid, gid] = line?.split(':') ?? [];
  return { uid: Number(uid ?? 65_534), gid: Number(gid ?? 65_534) };
}

/** Program and arguments that run as that user; setpriv execs, so that the pid is the program's. */
export function asUser(owner: UnixUser | undefined, file: string, args: readonly string[]): [string, string[]] {
  if (owner === undefined) return [file, [...args]];
  return ['setpriv', [`--reuid=${owner.uid}`, `--regid=${owner.gid}`, '--clear-groups', file, ...args]];
}

/** A folder that belongs to the server's user and that this user can reach. */
export function ownedFolder(folder: string, owner: UnixUser | undefined = serverOwner()): string {
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  if (owner === undefined) return folder;
  chownSync(folder, owner.uid, owner.gid);
  const top = path.resolve(tmpdir());
  for (let at = path.dirname(path.resolve(folder)); at !== top && at.startsWith(`${top}/`); at = path.dirname(at))
    chmodSync(at, 0o711);
  return folder;
}

/** A session that survives the end of its server without an unheard error event. */
export async function connect(
  server: { readonly socketFolder: string; readonly port: number; readonly user: string },
  database = 'postgres',
): Promise<pg.Client> {
  const session = new pg.Client({
    host: server.socketFolder,
    port: server.port,
    user: server.user,
    database,
    connectionTimeoutMillis: 5000,
    application_name: 'genesis-test',
  });
  session.on('error', () => {});
  await session.connect();
  return session;
}
