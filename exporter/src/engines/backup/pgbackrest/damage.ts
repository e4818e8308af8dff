import { chownSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { sameUserOptions } from '../../postgres/programs.ts';
import type { ArchiveListing } from './segments.ts';
import type { Session } from './session.ts';

/**
 * WAL files whose content a verification found damaged. A listing shows only names, so this is kept from one verification to the
 * next, and the scan treats these files as missing; one that was replaced since counts again.
 */

const Damage = z.record(z.string(), z.array(z.object({ path: z.string(), atMs: z.number(), bytes: z.number() })));
type Damage = z.infer<typeof Damage>;

const fileName = 'damaged-wal.json';

/**
 * `INFO: invalid checksum '15-1/0000000100000000/0000…-<sum>.zst'` or `INFO: invalid result 15-1/…: why` on standard error of `verify`:
 * the paths of WAL, each once.
 */
export function damagedPaths(stderr: string): readonly string[] {
  const named = /INFO: [a-z ]+'?(\d[\d.]*-\d+\/[0-9A-F]{16}\/[0-9A-F]{24}-[0-9a-f]{40}(?:\.[a-z0-9]+)?)/g;
  return [...new Set([...stderr.matchAll(named)].map((match) => match[1] ?? ''))];
}

/** Of one repository: replaces what was known. `listing` is that of one archive folder, `id` its name. */
export function rememberDamage(
  session: Session,
  listings: ReadonlyMap<string, ArchiveListing>,
  paths: readonly string[],
): void {
  const found = [...listings].flatMap(([id, { files }]) =>
    files
      .filter(({ path }) => paths.includes(`${id}/${path}`))
      .map(({ path, atMs, bytes }) => ({ path: `${id}/${path}`, atMs, bytes })),
  );
  const all = read(session);
  if (found.length === 0 && all[session.place.name] === undefined) return;
  const { [session.place.name]: _, ...others } = all;
  const next: Damage = found.length === 0 ? others : { ...others, [session.place.name]: found };
  const file = join(session.stanza.product.folder, fileName);
  writeFileSync(`${file}.tmp`, JSON.stringify(next), { mode: 0o600, flush: true });
  const owner = sameUserOptions(session.stanza.postgres).runAs;
  if (owner !== undefined) chownSync(`${file}.tmp`, owner.uid, owner.gid);
  renameSync(`${file}.tmp`, file);
}

/** The listing of one archive folder without the files that are known to be damaged as they stand. */
export function withoutDamaged(session: Session, id: string, listing: ArchiveListing): ArchiveListing {
  const damaged = read(session)[session.place.name] ?? [];
  if (damaged.length === 0) return listing;
  const isDamaged = (file: ArchiveListing['files'][number]): boolean =>
    damaged.some((d) => d.path === `${id}/${file.path}` && d.atMs === file.atMs && d.bytes === file.bytes);
  return { files: listing.files.filter((file) => !isDamaged(file)) };
}

function read(session: Session): Damage {
  try {
    const parsed = Damage.safeParse(JSON.parse(readFileSync(join(session.stanza.product.folder, fileName), 'utf8')));
    return parsed.success ? parsed.data : {};
  } catch {
    return {}; // none was ever found, or the file is damaged itself: the next verification writes it anew
  }
}
