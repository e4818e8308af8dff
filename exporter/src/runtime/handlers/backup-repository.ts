import { chooseBackup } from '../../core/backup-choice.ts';
import type { CatalogueEntry } from '../../contract/backup.ts';
import { fail, ok, type Outcome } from '../../contract/errors.ts';
import type { BackupEngine } from '../../engines/backup/port.ts';
import type { OperationRequest } from '../app.ts';
import type { HandlerDeps } from '../handler.ts';
import type { ResolvedService } from '../services.ts';

/** What a backup has to know of its repository: that it is the one that was there, and what can be built upon. */

export type BackupAsk = Extract<OperationRequest, { kind: 'backup' }>;

export function wantedComponents(service: ResolvedService, request: BackupAsk): ResolvedService['components'] {
  const wanted = request.components;
  return wanted === null || wanted.length === 0
    ? service.components
    : service.components.filter((c) => wanted.includes(c.name));
}

/** `present`: ids that the repository is known to hold at this moment; absent: it is asked. */
export async function choose(
  deps: HandlerDeps,
  service: ResolvedService,
  request: BackupAsk,
  present?: ReadonlySet<string>,
): Promise<ReturnType<typeof chooseBackup>> {
  // One that builds upon nothing is chosen without a look at what is there.
  const buildsUpon = request.type === 'incremental' || request.type === 'differential';
  const entries = buildsUpon ? await entriesPresent(deps, service, present) : [];
  const names = wantedComponents(service, request).map((c) => c.name);
  return chooseBackup(request.type, entries, {
    componentNames: names,
    encrypted: service.repository.key !== null,
    keyFingerprint: null,
  });
}

/**
 * Only what the repository holds can be built upon: after a disaster the catalogue also knows backups that stand in a copy
 * alone, and a manifest may have been lost since the two were last compared.
 */
async function entriesPresent(
  deps: HandlerDeps,
  service: ResolvedService,
  present?: ReadonlySet<string>,
): Promise<readonly CatalogueEntry[]> {
  const entries = await deps.store.backups.ofService(service.config.name);
  const ids = present === undefined ? await idsIn(deps, service) : ok(present);
  // Nothing was made there yet, or it cannot be read: then the backup itself says what is wrong.
  if (!ids.ok) return entries;
  return entries.filter((entry) => ids.value.has(entry.id));
}

async function idsIn(deps: HandlerDeps, service: ResolvedService): Promise<Outcome<ReadonlySet<string>>> {
  const { name, backup } = service.config;
  const engine = deps.engine(backup.engine);
  const { signal } = new AbortController();
  if (engine.glance !== undefined) {
    const seen = await engine.glance(service.repository, signal);
    if (!seen.ok) return seen;
    return seen.value.state === 'ready' ? ok(seen.value.ids) : fail('repository_unreadable', 'nothing was made there');
  }
  const listing = await engine.inspect(service.repository, name, signal);
  return listing.ok ? ok(new Set(listing.value.records.map((record) => record.id))) : listing;
}

/** Set once a repository was made there by this state: from then on an empty folder is a missing mount, not a new start. */
export const repositorySeenPrefix = 'repository_seen:';

/**
 * Value: the ids that it holds, where the engine tells them by the way. Errors: `repository_unreadable` when the repository that was there
 * is not; those of the engine.
 */
export async function prepareKnown(
  deps: HandlerDeps,
  service: ResolvedService,
  engine: BackupEngine,
  signal: AbortSignal,
): Promise<Outcome<ReadonlySet<string> | undefined>> {
  const { path } = service.repository;
  const fact = `${repositorySeenPrefix}${service.config.name}`;
  const seen = await (engine.glance ?? engine.probe)(service.repository, signal);
  const isReady = seen.ok && seen.value.state === 'ready';
  if ((await deps.store.facts.get(fact)) === path && !isReady) {
    // A wrong key or a missing program is mended otherwise than a missing disk.
    if (!seen.ok && seen.error.code !== 'repository_unreadable') return seen;
    return fail(
      'repository_unreadable',
      `the repository that was at ${path} is gone: mount it again, or start over from a copy with \`genesis catalogue rebuild --from COPY\``,
    );
  }
  const ids = isReady && 'ids' in seen.value ? seen.value.ids : undefined;
  const prepared = ids === undefined ? await engine.prepare(service.repository, signal) : ok(undefined);
  if (!prepared.ok) return prepared;
  await deps.store.facts.set(fact, path);
  return ok(ids);
}
