import type { CatalogueEntry } from '../contract/backup.ts';
import { fail, ok, toOpError, type Outcome } from '../contract/errors.ts';
import type { DrillRecord } from '../contract/operation.ts';
import type { PitrFacts } from '../contract/postgres.ts';
import type { QualitySummary } from '../contract/quality.ts';
import type { CopyFacts, RepositoryFacts } from '../contract/snapshot.ts';
import { behindOf } from '../core/backup-choice.ts';
import { readSpace } from '../engines/backup/space.ts';
import type { HandlerDeps } from './handler.ts';
import { seenFact } from './handlers/copy.ts';
import { connectionProblem, isSameDisk } from './mounts.ts';
import type { ResolvedCopy, ResolvedService } from './services.ts';

/** The last attempt of each backup type, by type; also failed ones, which leave no catalogue entry. */
export type LastAttempts = ReadonlyMap<string, { readonly endedAt: string; readonly success: boolean }>;

/** Turns whatever a reading throws into a failure that is shown, never into an empty reading. */
export async function guarded<T>(read: () => Promise<T>): Promise<Outcome<T>> {
  try {
    return ok(await read());
  } catch (thrown) {
    return { ok: false, error: toOpError(thrown) };
  }
}

export function readEntries(deps: HandlerDeps, service: string): Promise<Outcome<readonly CatalogueEntry[]>> {
  return guarded(() => deps.store.backups.ofService(service));
}

export function readLastAttempts(deps: HandlerDeps, service: string): Promise<Outcome<LastAttempts>> {
  const prefix = `last_attempt:${service}:`;
  return guarded(async () => {
    const facts = await deps.store.facts.list(prefix);
    return new Map(
      facts.map((f) => [f.name.slice(prefix.length), JSON.parse(f.value) as { endedAt: string; success: boolean }]),
    );
  });
}

/**
 * Space where the repository stands. Errors: `repository_unreadable` also when the catalogue knows backups there and there is no
 * repository now: a disk that is not mounted, or a lost repository, must never look like room for the next backup.
 */
export async function readRepository(deps: HandlerDeps, service: string): Promise<Outcome<RepositoryFacts>> {
  const resolved = await deps.service(service);
  if (!resolved.ok) return resolved;
  const { repository, config } = resolved.value;
  const entries = await readEntries(deps, service);
  if (!entries.ok) return entries;
  const probe = await deps.engine(config.backup.engine).probe(repository, new AbortController().signal);
  if (!probe.ok) return probe;
  if (entries.value.length > 0 && probe.value.state === 'empty') {
    const what = `the catalogue has ${entries.value.length} backups in ${repository.path}, but it is no repository now`;
    return fail('repository_unreadable', what);
  }
  return ok({ freeBytes: probe.value.freeBytes, totalBytes: probe.value.totalBytes });
}

/** How far back, and up to when, any moment can be brought back: from a look at every WAL segment's name. */
export async function readPitr(deps: HandlerDeps, service: string): Promise<Outcome<PitrFacts>> {
  const resolved = await deps.service(service);
  if (!resolved.ok) return resolved;
  const { repository, config } = resolved.value;
  const engine = deps.engine(config.backup.engine);
  const listing = await engine.inspect(repository, service, new AbortController().signal);
  if (!listing.ok) return listing;
  const { pitr } = listing.value;
  return pitr === undefined ? fail('repository_unreadable', 'the WAL archive could not be looked at') : ok(pitr);
}

export function readQuality(deps: HandlerDeps, service: string): Promise<Outcome<QualitySummary | null>> {
  return guarded(() => deps.store.quality.latest(service));
}

export function readDrills(deps: HandlerDeps, service: string): Promise<Outcome<readonly DrillRecord[]>> {
  return guarded(async () => (await deps.store.drills.list({ service, limit: 100 })).items);
}

/** One reading for each configured copy, by its name. */
export async function readCopies(
  deps: HandlerDeps,
  service: string,
): Promise<readonly (readonly [string, Outcome<CopyFacts>])[]> {
  const resolved = await deps.service(service);
  const entries = await readEntries(deps, service);
  const names =
    deps
      .config()
      .services.find((s) => s.name === service)
      ?.copies.map((c) => c.name) ?? [];
  return Promise.all(
    names.map(async (name): Promise<readonly [string, Outcome<CopyFacts>]> => {
      if (!resolved.ok) return [name, resolved];
      if (!entries.ok) return [name, entries];
      const copy = resolved.value.copies.find((c) => c.name === name);
      if (copy === undefined) return [name, fail('not_found', `${service} has no copy ${name}`)];
      return [name, await readCopy(deps, resolved.value, copy, entries.value)];
    }),
  );
}

async function readCopy(
  deps: HandlerDeps,
  service: ResolvedService,
  copy: ResolvedCopy,
  entries: readonly CatalogueEntry[],
): Promise<Outcome<CopyFacts>> {
  const seen = (await deps.store.facts.get(seenFact(service.config.name, copy.name))) !== null;
  const engine = deps.engine(service.config.backup.engine);
  const isMade = engine.abilities.copies === 'made';
  const problem = await connectionProblem(copy, seen, engine);
  const waiting = isMade ? behindOf(entries, copy.name) : entries.filter((e) => !e.copies.includes(copy.name));
  const oldestWaiting = waiting.at(-1);
  const space: Outcome<{ readonly freeBytes: number | null }> = copy.remote
    ? ok({ freeBytes: null })
    : await readSpace(copy.ref.path);
  if (!space.ok) return space;
  return ok({
    connected: problem === null,
    ...(problem === null ? {} : { problem }),
    lagSeconds:
      oldestWaiting === undefined ? 0 : Math.max(0, (+deps.clock.now() - Date.parse(oldestWaiting.endedAt)) / 1000),
    queue: waiting.length,
    newestBackupEndedAt: entries.find((e) => e.copies.includes(copy.name))?.endedAt ?? null,
    freeBytes: space.value.freeBytes,
    sameDisk: !copy.remote && (await isSameDisk(copy.ref.path, service.repository.path)),
  });
}
