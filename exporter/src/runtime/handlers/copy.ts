import { fail, ok, toOpError, type OpError, type Outcome } from '../../contract/errors.ts';
import { behindOf } from '../../core/backup-choice.ts';
import type { BackupRecord } from '../../contract/backup.ts';
import type { BackupEngine } from '../../engines/backup/port.ts';
import type { AnyRequest, Handler, HandlerDeps } from '../handler.ts';
import { connectionProblem } from '../mounts.ts';
import type { RunTools } from '../run-tools.ts';
import type { ResolvedCopy, ResolvedService } from '../services.ts';
import { saveExtras } from './extras.ts';

type CopyAsk = Extract<AnyRequest, { kind: 'copy' }>;

interface CopyResult {
  readonly copied: number;
  readonly removed: number;
}

/** Brings every configured copy up to date, oldest backup first so that each chain is whole at any moment. */
export function createCopyHandler(deps: HandlerDeps): Handler<CopyAsk> {
  return {
    serviceOf: async (request) => {
      const service = await deps.service(request.service);
      return service.ok ? ok(service.value.config.name) : service;
    },
    plan: async (request) => {
      const service = await deps.service(request.service);
      if (!service.ok) return service;
      return ok({
        steps: service.value.copies.map((c) => `bring ${c.name} up to date`),
        blockers: [],
        warnings: [],
        facts: {},
        consequences: {
          stops: [],
          bytes: null,
          atStake: [],
          wayBack: 'nothing is changed but the copies',
          isLike: () => true,
        },
      });
    },
    run: async (request, _operation, tools) => {
      const service = await deps.service(request.service);
      if (!service.ok) return service;
      const engine = deps.engine(service.value.config.backup.engine);
      let firstError: OpError | null = null;
      const results: Record<string, unknown> = {};
      for (const copy of service.value.copies) {
        const startedMs = +deps.clock.now();
        const done = await tools.step(`copy to ${copy.name}`, (note) =>
          bringUpToDate(deps, service.value, engine, copy, tools, note),
        );
        results[copy.name] = done.ok ? done.value : { error: done.error.code };
        if (!done.ok && done.error.code === 'cancelled') return done;
        if (!done.ok) firstError ??= done.error;
        await deps.measure({
          kind: 'copy',
          service: request.service,
          at: deps.clock.now().toISOString(),
          labels: { replica: copy.name, region: service.value.config.region, result: done.ok ? 'success' : 'failure' },
          durationSeconds: (+deps.clock.now() - startedMs) / 1000,
        });
      }
      return firstError === null ? ok({ copies: results }) : { ok: false, error: firstError };
    },
    recover: async () => ({ state: 'interrupted', left: 'part of a copy; it is resumed with the next one' }),
  };
}

export const copySeenPrefix = 'copy_seen:';

/** Set once a repository was made in the copy: from then on an empty folder there is a missing mount. */
export function seenFact(service: string, copy: string): string {
  return `${copySeenPrefix}${service}:${copy}`;
}

async function bringUpToDate(
  deps: HandlerDeps,
  service: ResolvedService,
  engine: BackupEngine,
  copy: ResolvedCopy,
  tools: RunTools,
  note: (text: string) => void,
): Promise<Outcome<CopyResult>> {
  const seen = (await deps.store.facts.get(seenFact(service.config.name, copy.name))) !== null;
  const problem = await connectionProblem(copy, seen, engine, tools.signal);
  if (problem !== null) return fail('copy_disconnected', problem, { retryable: true });
  const prepared = await engine.prepare(copy.ref, tools.signal);
  if (!prepared.ok) return prepared;
  if (!seen) await deps.store.facts.set(seenFact(service.config.name, copy.name), deps.clock.now().toISOString());
  const removed = await removeExpired(deps, service, engine, copy, tools.signal);
  if (!removed.ok) return removed;
  if (engine.abilities.copies === 'made') return makeInto(deps, service, engine, copy, tools, note, removed.value);
  const listing = await engine.inspect(copy.ref, service.config.name, tools.signal);
  if (!listing.ok) return listing;
  const there = new Set(listing.value.records.map((r) => r.id));
  const entries = [...(await deps.store.backups.ofService(service.config.name))].reverse();
  let copied = 0;
  for (const entry of entries) {
    if (!there.has(entry.id)) {
      const done = await engine.copy(service.repository, copy.ref, entry.id, tools.context);
      if (!done.ok) return done;
      copied += 1;
    }
    if (!entry.copies.includes(copy.name))
      await deps.store.backups.setCopies(entry.id, [...entry.copies, copy.name].sort());
  }
  if (!engine.abilities.extras) {
    note(`${copied} backup(s) made, ${removed.value} expired removed`);
    return ok({ copied, removed: removed.value });
  }
  const saved = await saveExtras(deps, engine, copy.ref, tools.signal);
  if (!saved.ok) return saved;
  note(`${copied} backup(s) copied and read back, ${removed.value} expired removed`);
  return ok({ copied, removed: removed.value });
}

/** The copy is a repository of its own: one backup into it brings it up to date, however many the other one has made since. */
async function makeInto(
  deps: HandlerDeps,
  service: ResolvedService,
  engine: BackupEngine,
  copy: ResolvedCopy,
  tools: RunTools,
  note: (text: string) => void,
  removed: number,
): Promise<Outcome<CopyResult>> {
  const { name } = service.config;
  const behind = behindOf(await deps.store.backups.ofService(name), copy.name)[0];
  if (behind !== undefined) {
    const made = await engine.copy(service.repository, copy.ref, behind.id, tools.context);
    if (!made.ok) return made;
  }
  const listing = await engine.inspect(copy.ref, name, tools.signal);
  if (!listing.ok) return listing;
  await enterCopies(deps, copy.name, listing.value.records);
  note(`${behind === undefined ? 'no' : 'one'} backup made, ${removed} expired removed`);
  return ok({ copied: behind === undefined ? 0 : 1, removed });
}

/** Enters what stands in a copy that is a repository of its own; each entry names the copy that it stands in. */
export async function enterCopies(
  deps: Pick<HandlerDeps, 'store'>,
  copy: string,
  records: readonly BackupRecord[],
): Promise<readonly string[]> {
  const entered: string[] = [];
  for (const record of records) {
    const known = await deps.store.backups.get(record.id);
    if (known === null) entered.push(record.id);
    await deps.store.backups.put(record);
    if (known?.copies.includes(copy) !== true) await deps.store.backups.setCopies(record.id, [copy]);
  }
  return entered;
}

/** Only what retention or a person deleted goes from a copy: a lost catalogue must never empty it. */
async function removeExpired(
  deps: HandlerDeps,
  service: ResolvedService,
  engine: BackupEngine,
  copy: ResolvedCopy,
  signal: AbortSignal,
): Promise<Outcome<number>> {
  const prefix = `expired:${service.config.name}:${copy.name}:`;
  let removed = 0;
  for (const fact of await deps.store.facts.list(prefix)) {
    const gone = await engine
      .remove(copy.ref, fact.name.slice(prefix.length), signal)
      .catch((thrown: unknown) => ({ ok: false as const, error: toOpError(thrown) }));
    if (!gone.ok && gone.error.code !== 'backup_unknown') return gone;
    await deps.store.facts.remove(fact.name);
    removed += 1;
  }
  return ok(removed);
}
