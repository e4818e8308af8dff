import { fail, ok, type Outcome } from '../../contract/errors.ts';
import type { CatalogueEntry } from '../../contract/backup.ts';
import type { RepositoryRef } from '../../engines/backup/port.ts';
import type { OperationRequest } from '../app.ts';
import type { Handler, HandlerDeps, PlanDraft } from '../handler.ts';
import type { ResolvedService } from '../services.ts';

type VerifyAsk = Extract<OperationRequest, { kind: 'verify' }>;

/** A backup with its service and the repository (or copy) it is to be read from. */
export interface LocatedBackup {
  readonly entry: CatalogueEntry;
  readonly service: ResolvedService;
  readonly from: RepositoryRef;
  /** `repository` or the name of the copy. */
  readonly source: string;
  /** It is a copy that is a repository of its own, and the backup stands only there. */
  readonly isOwn?: boolean;
}

/** Errors: `backup_unknown`, `service_unknown`, `not_found` (the copy), key errors. */
export async function locateBackup(
  deps: HandlerDeps,
  backupId: string,
  copy: string | null,
): Promise<Outcome<LocatedBackup>> {
  const entry = await deps.store.backups.get(backupId);
  if (entry === null) return fail('backup_unknown', `no backup is called ${backupId}`);
  const service = await deps.service(entry.service);
  if (!service.ok) return service;
  const isMade = deps.engine(service.value.config.backup.engine).abilities.copies === 'made';
  // Where a copy is a repository of its own, its backups stand there and nowhere else.
  const place = copy ?? (isMade ? (entry.copies[0] ?? null) : null);
  if (place === null)
    return ok({ entry, service: service.value, from: service.value.repository, source: 'repository' });
  const found = service.value.copies.find((c) => c.name === place);
  if (found === undefined) return fail('not_found', `${entry.service} has no copy called ${place}`);
  return ok({ entry, service: service.value, from: found.ref, source: place, isOwn: isMade });
}

async function planVerify(deps: HandlerDeps, request: VerifyAsk): Promise<Outcome<PlanDraft>> {
  const located = await locateBackup(deps, request.backupId, request.copy);
  if (!located.ok) return located;
  const { entry, source } = located.value;
  return ok({
    steps: [`read ${entry.id} and what it builds upon from ${source}`],
    blockers: [],
    warnings: [],
    facts: { backupId: entry.id, source, checksum: entry.checksum },
    consequences: {
      stops: [],
      bytes: entry.bytes,
      atStake: [],
      wayBack: 'nothing is changed: verifying only reads',
      isLike: ({ copy }) => copy === request.copy,
    },
  });
}

export function createVerifyHandler(deps: HandlerDeps): Handler<VerifyAsk> {
  return {
    serviceOf: async (request) => {
      const located = await locateBackup(deps, request.backupId, request.copy);
      return located.ok ? ok(located.value.entry.service) : located;
    },
    plan: (request) => planVerify(deps, request),
    run: async (request, _operation, tools) => {
      const located = await locateBackup(deps, request.backupId, request.copy);
      if (!located.ok) return located;
      const { entry, service, from, source, isOwn = false } = located.value;
      const startedMs = +deps.clock.now();
      const engine = deps.engine(service.config.backup.engine);
      const outcome = await tools.step('verify', async () => {
        const report = await engine.verify(from, entry.id, tools.context);
        if (!report.ok) return report;
        // Damage in a copy says nothing about the repository; only the repository's own reading marks the catalogue.
        if (source === 'repository' || isOwn)
          await deps.store.backups.setVerified(
            entry.id,
            deps.clock.now().toISOString(),
            report.value.passed ? 'passed' : 'failed',
          );
        if (!report.value.passed)
          return fail(
            'backup_corrupt',
            `${entry.id} in ${source} is damaged: ${report.value.faults[0]?.message ?? 'unknown damage'}`,
            { details: { faults: report.value.faults } },
          );
        return ok(report.value);
      });
      if (!outcome.ok && outcome.error.code === 'cancelled') return outcome;
      await deps.measure({
        kind: 'verify',
        service: entry.service,
        at: deps.clock.now().toISOString(),
        labels: {
          region: service.config.region,
          engine: service.config.backup.engine,
          result: outcome.ok ? 'success' : 'failure',
        },
        durationSeconds: (+deps.clock.now() - startedMs) / 1000,
      });
      return outcome.ok
        ? ok({
            backupId: entry.id,
            source,
            passed: true,
            entries: outcome.value.entries,
            bytes: outcome.value.bytes,
            chain: outcome.value.chain,
          })
        : outcome;
    },
    recover: async () => ({ state: 'interrupted', left: 'nothing: verifying only reads' }),
  };
}
