import { readFile, rm } from 'node:fs/promises';
import { OpError } from '../../../contract/errors.ts';
import { quoteIdentifier } from '../../postgres/types.ts';
import type { DumpTools } from './dump.ts';
import { lastWords, runClient } from './programs.ts';
import { errorsIn } from './toc.ts';

const endMark = 'PostgreSQL database cluster dump complete';

/**
 * Roles, their memberships and settings, and tablespaces, into `file`. A role that may not read password hashes dumps the rest, and
 * the warning says so. Throws `backup_failed`, exec errors.
 */
export async function dumpGlobals(tools: DumpTools, file: string): Promise<{ readonly warning: string | null }> {
  const tried = await runGlobals(tools, file, []);
  if (tried === null) return { warning: null };
  if (!/permission denied for (table|relation) pg_authid/.test(tried)) throw new OpError('backup_failed', tried);
  await rm(file, { force: true });
  const again = await runGlobals(tools, file, ['--no-role-passwords']);
  if (again !== null) throw new OpError('backup_failed', again);
  return { warning: `passwords of roles are not in the backup: ${tools.target.user} may not read them` };
}

/** Null when the file is whole, else what was said. */
async function runGlobals(tools: DumpTools, file: string, extra: readonly string[]): Promise<string | null> {
  const result = await runClient({
    exec: tools.deps.exec,
    bin: tools.programs.bin,
    program: 'pg_dumpall',
    args: ['--globals-only', `--file=${file}`, '--no-password', `--database=${tools.target.database}`, ...extra],
    server: tools.target,
    database: tools.target.database,
    nice: tools.nice,
    timeoutMs: 600_000,
    signal: tools.signal,
  });
  if (result.exitCode !== 0 || errorsIn(result.stderr).length > 0)
    return `pg_dumpall ended with ${result.exitCode}: ${lastWords(result)}`;
  const text = await readFile(file, 'utf8');
  return text.includes(endMark) ? null : 'pg_dumpall wrote a file without its end';
}

/**
 * The globals as a throwaway server may have them: without hashes of passwords (a failing statement would stand in its log),
 * without tablespaces (they name folders of the live server) and without the role that it has already.
 */
export function globalsForDrill(text: string, superuser: string): string {
  const own = `CREATE ROLE ${quoteIfNeeded(superuser)};`;
  return text
    .split('\n')
    .filter((line) => line !== own && line !== `CREATE ROLE ${quoteIdentifier(superuser)};`)
    .filter((line) => !/^(CREATE|ALTER|COMMENT ON|SECURITY LABEL\b.* ON) TABLESPACE /.test(line))
    .filter((line) => !/^(GRANT|REVOKE) .* ON TABLESPACE /.test(line))
    .map((line) => (/^ALTER ROLE .* WITH /.test(line) ? line.replace(/ PASSWORD '[^']*'/, '') : line))
    .join('\n');
}

/** A role of the globals that may log in and is superuser: the throwaway server is made for it. */
export function superuserOf(text: string): string {
  const found = /^ALTER ROLE ("(?:[^"]|"")+"|\S+) WITH SUPERUSER .*\bLOGIN\b/m.exec(text)?.[1];
  if (found === undefined) return 'postgres';
  return found.startsWith('"') ? found.slice(1, -1).replaceAll('""', '"') : found;
}

function quoteIfNeeded(name: string): string {
  return /^[a-z_][a-z0-9_]*$/.test(name) ? name : quoteIdentifier(name);
}
