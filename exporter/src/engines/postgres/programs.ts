import { access, constants, readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { fail, ok, type Outcome } from '../../contract/errors.ts';
import type { Exec } from '../../ports/index.ts';
import type { PostgresTarget, UnixUser } from '../postgres-target.ts';

/** The installed programs of PostgreSQL: which ones, and whom they run as. */

export interface PgPrograms {
  /** Absolute folder of postgres, pg_dump, pg_amcheck … */
  readonly bin: string;
  /** e.g. `15.18` or `17beta1`. */
  readonly version: string;
  readonly major: number;
  /** Whether the server itself is there, not only its clients. */
  readonly server: boolean;
}

/** Where packages put one folder for each major version: Debian, Red Hat. */
const versioned: readonly {
  readonly folder: string;
  readonly inside: (name: string) => { bin: string; major: number } | null;
}[] = [
  {
    folder: '/usr/lib/postgresql',
    inside: (name) => (/^\d+$/.test(name) ? { bin: `/usr/lib/postgresql/${name}/bin`, major: Number(name) } : null),
  },
  {
    folder: '/usr',
    inside: (name) => {
      const major = /^pgsql-(\d+)$/.exec(name)?.[1];
      return major === undefined ? null : { bin: `/usr/${name}/bin`, major: Number(major) };
    },
  },
];
/** Debian's /usr/bin has wrappers that choose a version by themselves, but no server: it comes last. */
const plain = ['/usr/local/pgsql/bin', '/usr/local/sbin', '/usr/local/bin', '/usr/sbin', '/usr/bin'];

/**
 * The programs in `bin`, or the newest that are installed: those of `major` where it is given. Errors: `program_missing`,
 * `version_mismatch` (details.found), exec errors.
 */
export async function findPrograms(
  exec: Exec,
  bin: string | null,
  signal: AbortSignal,
  major: number | null = null,
): Promise<Outcome<PgPrograms>> {
  const folders = bin === null ? [...(await versionedFolders(major)), ...plain] : [bin];
  const found: PgPrograms[] = [];
  for (const folder of folders) {
    const programs = await readPrograms(exec, folder, signal);
    if (!programs.ok) {
      if (programs.error.code === 'program_missing') continue;
      return programs;
    }
    if (major === null || programs.value.major === major) return programs;
    found.push(programs.value);
  }
  const wanted = major === null ? 'PostgreSQL' : `PostgreSQL ${major}`;
  if (found.length > 0)
    return fail(
      'version_mismatch',
      `${wanted} is needed; installed: ${found.map((p) => `${p.version} in ${p.bin}`).join(', ')}`,
      {
        details: { found: found.map((p) => p.version) },
      },
    );
  return fail('program_missing', `no programs of ${wanted} in ${bin ?? folders.join(', ')}`);
}

async function versionedFolders(major: number | null): Promise<readonly string[]> {
  const found: { bin: string; major: number }[] = [];
  for (const { folder, inside } of versioned)
    for (const name of await namesIn(folder)) {
      const match = inside(name);
      if (match !== null) found.push(match);
    }
  const newestFirst = found.sort((a, b) => b.major - a.major);
  return (major === null ? newestFirst : newestFirst.filter((f) => f.major === major)).map((f) => f.bin);
}

async function namesIn(folder: string): Promise<readonly string[]> {
  return readdir(folder).catch(() => []);
}

/** `pg_dump (PostgreSQL) 15.18 (Debian 15.18-0+deb12u1)` → version and major; null: not PostgreSQL's. */
export function parseVersion(text: string): { readonly version: string; readonly major: number } | null {
  const version = /\(PostgreSQL\) (\d+[0-9a-z.]*)/.exec(text)?.[1];
  return version === undefined ? null : { version, major: Number.parseInt(version, 10) };
}

/** What each server's program has said of itself. */
const asked = new WeakMap<Exec, Map<string, PgPrograms>>();

async function readPrograms(exec: Exec, bin: string, signal: AbortSignal): Promise<Outcome<PgPrograms>> {
  const known = asked.get(exec) ?? new Map<string, PgPrograms>();
  asked.set(exec, known);
  for (const name of ['postgres', 'pg_dump'] as const) {
    const file = join(bin, name);
    const identity = await identityOf(file);
    if (identity === null) continue;
    const found = known.get(identity);
    if (found !== undefined) return ok(found);
    const run = await exec.run(file, ['--version'], { timeoutMs: 10_000, signal });
    if (!run.ok) return run;
    const parsed = parseVersion(run.value.stdout);
    if (parsed === null) continue;
    const programs = { bin, ...parsed, server: name === 'postgres' };
    // A client's name may stand for a script that chooses the version anew each time; a server's is the program itself.
    if (programs.server) known.set(identity, programs);
    return ok(programs);
  }
  return fail('program_missing', `no programs of PostgreSQL in ${bin}`);
}

/** Another one once the program was replaced; null: there is none that may be run. */
async function identityOf(file: string): Promise<string | null> {
  try {
    await access(file, constants.X_OK);
    const { dev, ino, size, mtimeMs } = await stat(file);
    return [file, dev, ino, size, mtimeMs].join(' ');
  } catch {
    return null;
  }
}

/** Major version of the cluster in a data folder. Errors: `restore_failed`: it is none. */
export async function majorOfData(data: string): Promise<Outcome<number>> {
  const text = await readFile(join(data, 'PG_VERSION'), 'utf8').catch(() => null);
  const major = Number.parseInt(text ?? '', 10);
  return Number.isInteger(major)
    ? ok(major)
    : fail('restore_failed', `${data} holds no cluster: PG_VERSION is missing or unreadable`);
}

/** For ExecOptions: whom programs of PostgreSQL run as where this process is root; as itself otherwise. */
export function sameUserOptions(target: Pick<PostgresTarget, 'runAs'>): { readonly runAs?: UnixUser } {
  return process.getuid?.() === 0 && target.runAs !== null ? { runAs: target.runAs } : {};
}
