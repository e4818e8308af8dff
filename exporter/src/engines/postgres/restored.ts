import { chownSync, lstatSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { readdir, realpath, stat } from 'node:fs/promises';
import { dirname, join, sep } from 'node:path';
import { fail, ok, type Outcome } from '../../contract/errors.ts';
import type { Exec } from '../../ports/index.ts';
import type { UnixUser } from '../postgres-target.ts';

/** What a restored data folder is and holds, read before anything of it is started. */

export interface ControlFacts {
  readonly systemId: string;
  /** e.g. `in archive recovery`, `shut down`. */
  readonly state: string;
  readonly timeline: number;
  readonly checksums: boolean;
  readonly maxPreparedTransactions: number;
  readonly maxLocksPerTransaction: number;
  readonly walSegmentBytes: number;
  readonly walLevel: string;
  readonly trackCommitTimestamp: string;
  readonly walLogHints: string;
}

/** Errors: `restore_failed`: pg_control is missing or damaged. */
export async function readControl(
  exec: Exec,
  bin: string,
  data: string,
  o: { readonly signal: AbortSignal; readonly runAs: UnixUser | null },
): Promise<Outcome<ControlFacts>> {
  const run = await exec.run(join(bin, 'pg_controldata'), ['-D', data], {
    timeoutMs: 30_000,
    signal: o.signal,
    ...(o.runAs === null ? {} : { runAs: o.runAs }),
  });
  if (!run.ok) return run;
  const facts = parseControl(run.value.stdout);
  // A damaged file is told by a warning beside figures that mean nothing, with exit code 0.
  const warning = /warning:.*/i.exec(`${run.value.stdout}\n${run.value.stderr}`)?.[0] ?? null;
  if (run.value.exitCode !== 0 || facts === null || warning !== null)
    return fail(
      'restore_failed',
      `pg_control of the restored cluster cannot be used: ${warning ?? run.value.stderr.trim()}`,
    );
  return ok(facts);
}

/** Output of pg_controldata in English; null: a line is missing. */
export function parseControl(text: string): ControlFacts | null {
  const lines = new Map(
    text.split('\n').flatMap((line) => {
      const colon = line.indexOf(':');
      return colon < 0 ? [] : [[line.slice(0, colon).trim(), line.slice(colon + 1).trim()] as const];
    }),
  );
  const number = (name: string): number => Number(lines.get(name) ?? Number.NaN);
  const facts: ControlFacts = {
    systemId: lines.get('Database system identifier') ?? '',
    state: lines.get('Database cluster state') ?? '',
    timeline: number("Latest checkpoint's TimeLineID"),
    checksums: number('Data page checksum version') > 0,
    maxPreparedTransactions: number('max_prepared_xacts setting'),
    maxLocksPerTransaction: number('max_locks_per_xact setting'),
    walSegmentBytes: number('Bytes per WAL segment'),
    walLevel: lines.get('wal_level setting') ?? '',
    trackCommitTimestamp: lines.get('track_commit_timestamp setting') ?? '',
    walLogHints: lines.get('wal_log_hints setting') ?? '',
  };
  const numbers = [facts.timeline, facts.maxPreparedTransactions, facts.maxLocksPerTransaction, facts.walSegmentBytes];
  const texts = [facts.systemId, facts.walLevel, facts.trackCommitTimestamp, facts.walLogHints];
  return texts.includes('') || numbers.some(Number.isNaN) ? null : facts;
}

/** Names at the top of a data folder that the throwaway server never opens; packages link them into /etc. */
const neverOpened = /\.(conf|crt|key|pem|crl)$/;

/**
 * Links of the data folder and of its tablespaces that lead out of `folder`: the server would write into somebody else's files.
 * Both paths are real ones. At most 10.
 */
export async function linksOut(folder: string, data: string): Promise<readonly string[]> {
  const found: string[] = [];
  const open = [data];
  const seen = new Set<string>();
  for (let at = open.pop(); at !== undefined && found.length < 10; at = open.pop()) {
    if (seen.has(at)) continue;
    seen.add(at);
    for (const entry of await readdir(at, { withFileTypes: true })) {
      const isLink = entry.isSymbolicLink();
      // Nearly all are plain files, of which there may be hundreds of thousands.
      if (!isLink && !entry.isDirectory()) continue;
      const path = join(at, entry.name);
      if (!isLink) {
        open.push(path);
        continue;
      }
      const target = await realpath(path).catch(() => null);
      if (target === null || !isInside(folder, target)) {
        if (at === data && neverOpened.test(entry.name)) continue;
        found.push(`${path} → ${target ?? 'nothing'}`);
      } else if ((await stat(target)).isDirectory()) open.push(target);
    }
  }
  return found;
}

export function isInside(folder: string, path: string): boolean {
  return path === folder || path.startsWith(folder.endsWith(sep) ? folder : folder + sep);
}

// The rest reads and writes at once: a file of a few lines costs ten times as much when a thread takes its turn for each of its calls.

/** The first folder on the way to `path` that the user may not pass; null: none. */
export function unpassable(path: string, user: UnixUser): string | null {
  for (let at = path; ; at = dirname(at)) {
    const s = statSync(at);
    const bit = s.uid === user.uid ? 0o100 : s.gid === user.gid ? 0o010 : 0o001;
    if ((s.mode & bit) === 0) return at;
    if (at === dirname(at)) return null;
  }
}

/** Writes a file that must not be followed anywhere: what stood under the name is removed first. */
export function writeOwn(file: string, text: string, owner: UnixUser | null): void {
  rmSync(file, { force: true });
  writeFileSync(file, text, { mode: 0o600, flag: 'wx' });
  if (owner !== null) chownSync(file, owner.uid, owner.gid);
}

/** Null when there is none; a link is none either. */
export function readPlain(file: string): string | null {
  return lstatSync(file, { throwIfNoEntry: false })?.isFile() === true ? readFileSync(file, 'utf8') : null;
}
