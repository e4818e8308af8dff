import type { CatalogueEntry } from '../contract/backup.ts';
import { type Outcome, ok } from '../contract/errors.ts';
import type { RepositoryListing } from '../engines/backup/port.ts';
import type { HandlerDeps } from './handler.ts';
import { enterCopies, seenFact } from './handlers/copy.ts';
import { isConnected } from './mounts.ts';
import type { ResolvedService } from './services.ts';

export interface ReconcileReport {
  /** In the repository, not in the catalogue: entered. */
  readonly entered: readonly string[];
  /** In the catalogue, but its manifest is gone or damaged: marked as failed verification, never as usable. */
  readonly lost: readonly string[];
}

/**
 * Makes the catalogue say what the repository really holds. A repository that cannot be read changes nothing: what is not
 * seen is not gone.
 */
export async function reconcileService(
  deps: HandlerDeps,
  name: string,
  signal: AbortSignal,
): Promise<Outcome<ReconcileReport>> {
  const service = await deps.service(name);
  if (!service.ok) return service;
  const engine = deps.engine(service.value.config.backup.engine);
  const listing = await engine.inspect(service.value.repository, name, signal);
  const entries = await deps.store.backups.ofService(name);
  if (!listing.ok) {
    // Nothing was ever made there: the first backup prepares it.
    if (entries.length === 0) return ok({ entered: [], lost: [] });
    return listing;
  }
  if (engine.abilities.copies === 'made') return reconcileMade(deps, service.value, entries, listing.value, signal);
  const knownIds = new Set(entries.map((e) => e.id));
  const present = new Set(listing.value.records.map((r) => r.id));
  const entered: string[] = [];
  for (const record of listing.value.records.filter((r) => !knownIds.has(r.id))) {
    await deps.store.backups.put(record);
    if (record.type === 'snapshot') await deps.store.backups.setKeep(record.id, true, null);
    entered.push(record.id);
  }
  const lost: string[] = [];
  for (const entry of entries.filter((e) => !present.has(e.id) && e.verifyResult !== 'failed')) {
    await deps.store.backups.setVerified(entry.id, deps.clock.now().toISOString(), 'failed');
    lost.push(entry.id);
  }
  if (entered.length > 0)
    deps.log.warn('backups found in the repository were entered into the catalogue', {
      service: name,
      backups: entered,
    });
  if (lost.length > 0)
    deps.log.error('backups of the catalogue are gone or damaged in the repository', { service: name, backups: lost });
  await reconcileCopies(deps, service.value, signal);
  return ok({ entered, lost });
}

/**
 * Where each copy is a repository of its own: the catalogue has the backups of all of them. What a repository that could be read no
 * longer lists was expired by the product and leaves the catalogue.
 */
async function reconcileMade(
  deps: HandlerDeps,
  service: ResolvedService,
  entries: readonly CatalogueEntry[],
  own: RepositoryListing,
  signal: AbortSignal,
): Promise<Outcome<ReconcileReport>> {
  const { name } = service.config;
  const engine = deps.engine(service.config.backup.engine);
  const entered = own.records.filter(({ id }) => !entries.some((e) => e.id === id)).map(({ id }) => id);
  for (const record of own.records) await deps.store.backups.put(record);
  const present = new Map<string | null, ReadonlySet<string>>([[null, new Set(own.records.map(({ id }) => id))]]);
  for (const copy of service.copies) {
    const seen = (await deps.store.facts.get(seenFact(name, copy.name))) !== null;
    if (!(await isConnected(copy, seen, engine, signal))) continue;
    const listing = await engine.inspect(copy.ref, name, signal);
    if (!listing.ok) continue;
    entered.push(...(await enterCopies(deps, copy.name, listing.value.records)));
    present.set(copy.name, new Set(listing.value.records.map(({ id }) => id)));
  }
  const gone = entries.filter(({ id, copies }) => present.get(copies[0] ?? null)?.has(id) === false);
  for (const { id } of gone) await deps.store.backups.remove(id);
  if (gone.length > 0)
    deps.log.warn('backups that their repository no longer lists left the catalogue', {
      service: name,
      backups: gone.map(({ id }) => id),
    });
  return ok({ entered, lost: gone.map(({ id }) => id) });
}

async function reconcileCopies(deps: HandlerDeps, service: ResolvedService, signal: AbortSignal): Promise<void> {
  const engine = deps.engine(service.config.backup.engine);
  const holders = new Map<string, Set<string>>();
  const looked = new Set<string>();
  for (const copy of service.copies) {
    const seen = (await deps.store.facts.get(seenFact(service.config.name, copy.name))) !== null;
    if (!seen || !(await isConnected(copy, seen, engine, signal))) continue;
    const listing = await engine.inspect(copy.ref, service.config.name, signal);
    if (!listing.ok) continue;
    looked.add(copy.name);
    for (const record of listing.value.records)
      holders.set(record.id, (holders.get(record.id) ?? new Set()).add(copy.name));
  }
  for (const entry of await deps.store.backups.ofService(service.config.name)) {
    // A copy that could not be looked at keeps what is known of it.
    const kept = entry.copies.filter((c) => !looked.has(c));
    const copies = [...new Set([...kept, ...(holders.get(entry.id) ?? [])])].sort();
    if (copies.join('\n') !== entry.copies.join('\n')) await deps.store.backups.setCopies(entry.id, copies);
  }
}
