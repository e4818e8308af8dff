import { decideRetention } from '../../core/retention.ts';
import type { BackupRecord, BackupType, CatalogueEntry } from '../../contract/backup.ts';
import { fail, ok, type OpError, type Outcome } from '../../contract/errors.ts';
import type { Operation } from '../../contract/operation.ts';
import type { BackupEngine } from '../../engines/backup/port.ts';
import type { Clock } from '../../ports/index.ts';
import { showService } from '../../config/index.ts';
import { blocker, type Handler, type HandlerDeps, type PlanDraft } from '../handler.ts';
import type { RunTools } from '../run-tools.ts';
import type { ResolvedService } from '../services.ts';
import { choose, prepareKnown, wantedComponents, type BackupAsk } from './backup-repository.ts';
import { saveExtras } from './extras.ts';

/** `backup_YYYYMMDD_HHMMSS_<8 hex>`, UTC. */
export function backupId(at: Date, hex8: string): string {
  const digits = at.toISOString().replace(/[-:]/g, '');
  return `backup_${digits.slice(0, 8)}_${digits.slice(9, 15)}_${hex8}`;
}

/**
 * Start times of one service only grow, even when the clock was set back: "newest" and "as of" must never name older data.
 */
export function monotonicClock(clock: Clock, after: string | null): Clock {
  const floorMs = after === null ? 0 : Date.parse(after) + 1;
  return { now: () => new Date(Math.max(+clock.now(), floorMs)), sleep: (ms, signal) => clock.sleep(ms, signal) };
}

function newestStart(entries: readonly CatalogueEntry[]): string | null {
  return entries.reduce<string | null>((max, e) => (max === null || e.startedAt > max ? e.startedAt : max), null);
}

export function createBackupHandler(deps: HandlerDeps): Handler<BackupAsk> {
  return {
    serviceOf: async (request) => {
      const service = await deps.service(request.service);
      return service.ok ? ok(service.value.config.name) : service;
    },
    plan: (request) => planBackup(deps, request),
    run: (request, operation, tools) => runBackup(deps, request, operation, tools),
    recover: (request) => recoverBackup(deps, request),
  };
}

/** What is backed up is then the server of the section `postgres`, not paths. */
function isOfDatabase(service: ResolvedService): boolean {
  return service.config.backup.engine === 'pgbackrest' || service.config.backup.engine === 'pg_dump';
}

async function planBackup(deps: HandlerDeps, request: BackupAsk): Promise<Outcome<PlanDraft>> {
  const service = await deps.service(request.service);
  if (!service.ok) return service;
  const engine = deps.engine(service.value.config.backup.engine);
  const choice = await choose(deps, service.value, request);
  const unknown = (request.components ?? []).filter((n) => !service.value.components.some((c) => c.name === n));
  const components = wantedComponents(service.value, request);
  return ok({
    steps: [
      'prepare the repository',
      `copy (${choice.type})`,
      'write the catalogue entry',
      'verify',
      'retention',
      ...(engine.abilities.extras ? ['save configuration and state'] : []),
    ],
    blockers: [
      ...(engine.abilities.types.includes(request.type)
        ? []
        : [
            blocker(
              'not_supported',
              `the engine ${engine.name} makes no ${request.type} backups, only ${engine.abilities.types.join(', ')}`,
            ),
          ]),
      ...unknown.map((n) => blocker('bad_request', `${request.service} has no component ${n}`)),
      ...(engine.abilities.components && service.value.components.length === 0 && !isOfDatabase(service.value)
        ? [blocker('source_missing', `${request.service} has no components: nothing to back up`)]
        : []),
    ],
    warnings: choice.changedBecause === null ? [] : [`a full backup is made: ${choice.changedBecause}`],
    facts: {
      type: choice.type,
      parent: choice.parent,
      repository: service.value.repository.path,
      components: components.map((c) => c.name),
    },
    consequences: {
      stops: [`no other backup of ${request.service} can start meanwhile; the service itself goes on`],
      // How much has changed is only known when it was read.
      bytes: null,
      atStake: [],
      wayBack: 'delete the new backup: nothing else is changed',
      isLike: ({ type }) => type === choice.type,
    },
  });
}

async function runBackup(
  deps: HandlerDeps,
  request: BackupAsk,
  operation: Operation,
  tools: RunTools,
): Promise<Outcome<Readonly<Record<string, unknown>>>> {
  const resolved = await deps.service(request.service);
  if (!resolved.ok) return resolved;
  const service = resolved.value;
  const startedMs = +deps.clock.now();
  const outcome = await makeBackup(deps, service, request, tools);
  const type = outcome.ok ? outcome.value.type : request.type;
  const measure = (result: string): Promise<void> =>
    deps.measure({
      kind: 'backup',
      service: service.config.name,
      at: deps.clock.now().toISOString(),
      labels: { backup_type: type, region: service.config.region, engine: service.config.backup.engine, result },
      durationSeconds: (+deps.clock.now() - startedMs) / 1000,
    });
  if (!outcome.ok) {
    // A cancelled backup is neither a success nor a fault of the backup system.
    if (outcome.error.code !== 'cancelled') {
      await measure('failure');
      await rememberAttempt(deps, service.config.name, type, false);
    }
    return outcome;
  }
  const record = outcome.value;
  await measure('success');
  await rememberAttempt(deps, service.config.name, type, true);
  const engine = deps.engine(service.config.backup.engine);
  const verified = await verifyNew(deps, service, engine, record, tools);
  const expired = await tools.step('retention', (note) =>
    applyRetention(deps, service, engine, operation.id, note, tools.signal),
  );
  const extras = engine.abilities.extras
    ? await tools.step('save configuration and state', () => saveExtras(deps, engine, service.repository, tools.signal))
    : ok(undefined);
  if (verified !== null) return { ok: false, error: verified };
  return ok({
    backupId: record.id,
    type: record.type,
    status: record.status,
    bytes: record.bytes,
    addedBytes: record.addedBytes,
    storedBytes: record.storedBytes,
    entries: record.entries,
    warnings: record.warningCount,
    expired: expired.ok ? expired.value : null,
    stateSaved: engine.abilities.extras ? extras.ok : null,
  });
}

async function makeBackup(
  deps: HandlerDeps,
  service: ResolvedService,
  request: BackupAsk,
  tools: RunTools,
): Promise<Outcome<BackupRecord>> {
  const entries = await deps.store.backups.ofService(service.config.name);
  const clock = monotonicClock(deps.clock, newestStart(entries));
  const engine = deps.engine(service.config.backup.engine, clock);
  const prepared = await tools.step('prepare the repository', () => prepareKnown(deps, service, engine, tools.signal));
  if (!prepared.ok) return prepared;
  const choice = await choose(deps, service, request, prepared.value);
  const id = backupId(clock.now(), deps.random.hex(4));
  const copied = await tools.step('copy', async (note) => {
    note(choice.changedBecause === null ? `${choice.type} ${id}` : `full ${id}: ${choice.changedBecause}`);
    return engine.backup(
      {
        id,
        service: service.config.name,
        type: choice.type,
        parent: choice.parent,
        repository: service.repository,
        components: wantedComponents(service, request),
        compareContent: service.config.backup.compare_content,
        limits: service.limits,
        ...(prepared.value === undefined ? {} : { present: prepared.value }),
        auditHead: await deps.auditHead(),
        // A repository of a product keeps nothing beside its backups.
        configYaml: engine.abilities.copies === 'made' ? null : showService(service.config),
      },
      tools.context,
    );
  });
  if (!copied.ok) return copied;
  const listed = await tools.step('write the catalogue entry', async () => {
    await deps.store.backups.put(copied.value);
    const keep = copied.value.type === 'snapshot';
    if (keep || request.note !== null) await deps.store.backups.setKeep(copied.value.id, keep, request.note);
    return ok(undefined);
  });
  return listed.ok ? copied : listed;
}

async function rememberAttempt(deps: HandlerDeps, service: string, type: BackupType, success: boolean): Promise<void> {
  await deps.store.facts.set(
    `last_attempt:${service}:${type}`,
    JSON.stringify({ endedAt: deps.clock.now().toISOString(), success }),
  );
}

/** Reads back only what this backup wrote would be enough for its own archive; the engine reads the chain too, which is what a restore needs. */
async function verifyNew(
  deps: HandlerDeps,
  service: ResolvedService,
  engine: BackupEngine,
  record: BackupRecord,
  tools: RunTools,
): Promise<OpError | null> {
  if (!service.config.backup.verify_after) return null;
  const verified = await tools.step('verify', async (note) => {
    const report = await engine.verify(service.repository, record.id, tools.context);
    if (!report.ok) return report;
    await deps.store.backups.setVerified(
      record.id,
      deps.clock.now().toISOString(),
      report.value.passed ? 'passed' : 'failed',
    );
    note(`${report.value.entries} entries, ${report.value.bytes} bytes read back`);
    if (!report.value.passed)
      return fail('backup_corrupt', `${record.id} was damaged as soon as it was written`, {
        details: { faults: report.value.faults },
      });
    return ok(undefined);
  });
  return verified.ok ? null : verified.error;
}

async function applyRetention(
  deps: HandlerDeps,
  service: ResolvedService,
  engine: BackupEngine,
  operationId: string,
  note: (text: string) => void,
  signal: AbortSignal,
): Promise<Outcome<number>> {
  const all = await deps.store.backups.ofService(service.config.name);
  const places = engine.abilities.copies === 'made' ? byPlace(all) : [all];
  const r = service.config.backup.retention;
  const policy = { fullDays: r.full_days, incrementalDays: r.incremental_days, fullCount: r.full_count };
  const inUse = deps.backupsInUse(operationId);
  const expired = places.flatMap((entries) => decideRetention(entries, policy, deps.clock.now(), inUse));
  for (const { id } of expired) {
    const removed = await removeEverywhere(deps, service, engine, id, signal);
    if (!removed.ok) return removed;
  }
  note(expired.length === 0 ? 'nothing to expire' : expired.map((e) => `${e.id}: ${e.reason}`).join('; '));
  return ok(expired.length);
}

/** The repository and each copy that is one of its own keep their own count. */
function byPlace(entries: readonly CatalogueEntry[]): readonly (readonly CatalogueEntry[])[] {
  return [...Map.groupBy(entries, ({ copies }) => copies[0] ?? '').values()];
}

/** From the repository, then the catalogue, then each copy; a copy that is away is told the next time it is seen. */
export async function removeEverywhere(
  deps: HandlerDeps,
  service: ResolvedService,
  engine: BackupEngine,
  id: string,
  signal: AbortSignal,
): Promise<Outcome<void>> {
  if (engine.abilities.copies === 'made') {
    const entry = await deps.store.backups.get(id);
    const copy = service.copies.find(({ name }) => entry?.copies.includes(name));
    const gone = await engine.remove(copy?.ref ?? service.repository, id, signal);
    if (!gone.ok && gone.error.code !== 'backup_unknown') return gone;
    await deps.store.backups.remove(id);
    return ok(undefined);
  }
  for (const copy of service.copies)
    await deps.store.facts.set(`expired:${service.config.name}:${copy.name}:${id}`, deps.clock.now().toISOString());
  const removed = await engine.remove(service.repository, id, signal);
  if (!removed.ok && removed.error.code !== 'backup_unknown') return removed;
  await deps.store.backups.remove(id);
  return ok(undefined);
}

/** What the crash left: a half written folder (removed), or a whole backup that the catalogue does not know yet (entered). */
async function recoverBackup(deps: HandlerDeps, request: BackupAsk): Promise<{ state: 'interrupted'; left: string }> {
  const service = await deps.service(request.service);
  if (!service.ok) return { state: 'interrupted', left: `not looked at: ${service.error.message}` };
  const engine = deps.engine(service.value.config.backup.engine);
  const cleaned = await engine.clean(service.value.repository, new AbortController().signal);
  const listing = await engine.inspect(service.value.repository, request.service, new AbortController().signal);
  if (!cleaned.ok || !listing.ok)
    return { state: 'interrupted', left: 'the repository could not be read; it is looked at again when it can be' };
  const knownIds = new Set((await deps.store.backups.ofService(request.service)).map((e) => e.id));
  const found = listing.value.records.filter((r) => !knownIds.has(r.id));
  for (const record of found) await deps.store.backups.put(record);
  const entered =
    found.length === 0 ? '' : `; ${found.map((r) => r.id).join(', ')} was complete and is in the catalogue`;
  return { state: 'interrupted', left: `${cleaned.value} half written folder(s) removed${entered}` };
}
