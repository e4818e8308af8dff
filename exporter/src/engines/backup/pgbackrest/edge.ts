import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { findPrograms, sameUserOptions } from '../../postgres/programs.ts';
import { chownSync } from 'node:fs';
import { runCommand, type Session } from './session.ts';

/**
 * The last moment that the archive can bring back. PostgreSQL takes a time as reached only when it meets a commit after it; behind
 * the last one it ends with an error, after everything was restored. So the newest segments are read before.
 */

/** Moments of commits and aborts in the output of `pg_waldump --rmgr=Transaction` (time zone UTC), the newest in Unix milliseconds. */
export function newestTransaction(text: string): number | null {
  let newest: number | null = null;
  for (const match of text.matchAll(
    /desc: (?:COMMIT|ABORT)\w* (\d{4}-\d{2}-\d{2}) (\d{2}:\d{2}:\d{2}(?:\.\d+)?) UTC/g,
  )) {
    const ms = Date.parse(`${match[1]}T${match[2]}Z`);
    if (newest === null || ms > newest) newest = ms;
  }
  return newest;
}

/**
 * The newest transaction in these segments (newest first), until one has any; null where they could not be read (the data folder is
 * gone, a program is missing): then only the replay tells.
 */
export async function lastTransactionIn(session: Session, segments: readonly string[]): Promise<number | null> {
  const { deps, stanza, signal } = session;
  const user = sameUserOptions(stanza.postgres);
  const programs = await findPrograms(deps.exec, stanza.postgres.bin, signal);
  if (!programs.ok) return null;
  const folder = mkdtempSync(join(stanza.product.folder, 'edge-'));
  try {
    if (user.runAs !== undefined) chownSync(folder, user.runAs.uid, user.runAs.gid);
    for (const segment of segments) {
      const file = join(folder, segment);
      const got = await runCommand(session, 'archive-get', [segment, file], { output: 'data' });
      if (!got.ok || !readdirSync(folder).includes(segment)) return null;
      // It ends with an error where the segment ends; what it printed until then counts.
      const dump = await deps.exec.run(join(programs.value.bin, 'pg_waldump'), ['--rmgr=Transaction', file, file], {
        timeoutMs: 60_000,
        signal,
        env: { TZ: 'UTC' },
        maxOutputBytes: 2 ** 20,
        ...user,
      });
      if (!dump.ok) return null;
      const newest = newestTransaction(dump.value.stdout);
      if (newest !== null) return newest;
    }
    return null;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
