import { chmod, mkdir, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { newestUsable } from '../../core/backup-choice.ts';
import { fail, ok, type Outcome } from '../../contract/errors.ts';
import type { CatalogueEntry } from '../../contract/backup.ts';
import type { DrillRecord, Operation } from '../../contract/operation.ts';
import type { RepositoryRef } from '../../engines/backup/port.ts';
import type { OperationRequest } from '../app.ts';
import { blocker, toFailure, type Handler, type HandlerDeps } from '../handler.ts';
import type { RunTools } from '../run-tools.ts';
import type { ResolvedService } from '../services.ts';

type DrillAsk = Extract<OperationRequest, { kind: 'drill' }>;

interface DrillTarget {
  readonly service: ResolvedService;
  readonly entry: CatalogueEntry | null;
  readonly from: RepositoryRef;
  readonly source: string;
}

/** What was learned so far; a failed drill keeps what it got to. */
interface Evidence {
  entriesCompared: number;
  bytesCompared: number;
  differences: readonly string[];
  check: DrillRecord['check'];
  rtoSeconds: number | null;
  rpoSeconds: number | null;
}

async function findTarget(deps: HandlerDeps, request: DrillAsk): Promise<Outcome<DrillTarget>> {
  const service = await deps.service(request.service);
  if (!service.ok) return service;
  const entries = await deps.store.backups.ofService(request.service);
  if (request.copy === null)
    return ok({
      service: service.value,
      entry: newestUsable(entries),
      from: service.value.repository,
      source: 'repository',
    });
  const copy = service.value.copies.find((c) => c.name === request.copy);
  if (copy === undefined) return fail('not_found', `${request.service} has no copy called ${request.copy}`);
  const there = entries.filter((e) => e.copies.includes(copy.name));
  return ok({ service: service.value, entry: newestUsable(there), from: copy.ref, source: copy.name });
}

export function createDrillHandler(deps: HandlerDeps): Handler<DrillAsk> {
  return {
    serviceOf: async (request) => {
      const service = await deps.service(request.service);
      return service.ok ? ok(service.value.config.name) : service;
    },
    plan: async (request) => {
      const target = await findTarget(deps, request);
      if (!target.ok) return target;
      const { entry, source, service } = target.value;
      return ok({
        steps: [
          'restore into a private folder',
          'compare every file',
          ...(service.config.drills.check === null ? [] : ['run the check command']),
          'record the evidence',
          'clean up',
        ],
        blockers: entry === null ? [blocker('no_backup', `${request.service} has no usable backup in ${source}`)] : [],
        warnings: [],
        facts: { backupId: entry?.id ?? null, source, bytes: entry?.bytes ?? null, dataAsOf: entry?.startedAt ?? null },
        consequences: {
          stops: [],
          bytes: entry?.bytes ?? null,
          atStake: [],
          wayBack: 'nothing is changed: it works in a private folder, which is removed',
          isLike: ({ copy }) => copy === request.copy,
        },
      });
    },
    run: (request, operation, tools) => runDrill(deps, request, operation, tools),
    recover: async (_request, operation) => {
      await rm(join(deps.home.drillsFolder, operation.id), { recursive: true, force: true });
      return { state: 'interrupted', left: 'the private folder of the drill was removed' };
    },
  };
}

/** Leftovers of drills that a crash cut off: they hold a copy of the data and must not stay. */
export async function removeDrillLeftovers(deps: Pick<HandlerDeps, 'home'>): Promise<number> {
  const names = await readdir(deps.home.drillsFolder);
  for (const name of names) await rm(join(deps.home.drillsFolder, name), { recursive: true, force: true });
  return names.length;
}

async function runDrill(
  deps: HandlerDeps,
  request: DrillAsk,
  operation: Operation,
  tools: RunTools,
): Promise<Outcome<Readonly<Record<string, unknown>>>> {
  const target = await findTarget(deps, request);
  if (!target.ok) return target;
  const startedAt = deps.clock.now();
  const evidence: Evidence = {
    entriesCompared: 0,
    bytesCompared: 0,
    differences: [],
    check: null,
    rtoSeconds: null,
    rpoSeconds: null,
  };
  const folder = join(deps.home.drillsFolder, operation.id);
  const proven = await prove(deps, target.value, folder, startedAt, evidence, tools);
  const cleaned = await tools.step('clean up', async () => {
    await rm(folder, { recursive: true, force: true });
    return ok(undefined);
  });
  if (!proven.ok && proven.error.code === 'cancelled') return proven;
  const record: DrillRecord = {
    id: `drill_${operation.id}`,
    service: request.service,
    testType: 'restore',
    backupId: target.value.entry?.id ?? null,
    operationId: operation.id,
    startedAt: startedAt.toISOString(),
    endedAt: deps.clock.now().toISOString(),
    passed: proven.ok,
    source: target.value.source,
    failure: proven.ok ? null : toFailure(proven.error),
    ...evidence,
  };
  await deps.store.drills.put(record);
  if (record.passed && record.backupId !== null) {
    await deps.store.backups.setDrilled(record.backupId, record.endedAt);
    // Every byte came back and matched its hash: that is a verification too.
    if (record.source === 'repository') await deps.store.backups.setVerified(record.backupId, record.endedAt, 'passed');
  }
  await deps.measure({
    kind: 'drill',
    service: request.service,
    at: record.endedAt,
    labels: {
      test_type: 'restore',
      region: target.value.service.config.region,
      result: record.passed ? 'success' : 'failure',
    },
    durationSeconds: (Date.parse(record.endedAt) - +startedAt) / 1000,
  });
  if (!proven.ok) return proven;
  return ok({
    drillId: record.id,
    passed: true,
    backupId: record.backupId,
    rtoSeconds: record.rtoSeconds,
    rpoSeconds: record.rpoSeconds,
    entriesCompared: record.entriesCompared,
    bytes: record.bytesCompared,
    cleanedUp: cleaned.ok,
  });
}

async function prove(
  deps: HandlerDeps,
  target: DrillTarget,
  folder: string,
  startedAt: Date,
  evidence: Evidence,
  tools: RunTools,
): Promise<Outcome<void>> {
  const { entry, service } = target;
  if (entry === null) return fail('no_backup', `${service.config.name} has no usable backup in ${target.source}`);
  const engine = deps.engine(service.config.backup.engine);
  await mkdir(folder, { mode: 0o700 });
  await chmod(folder, 0o700);
  const data = join(folder, 'data');
  const restored = await tools.step('restore into a private folder', () =>
    engine.restore(
      {
        operationId: tools.operationId,
        repository: target.from,
        backupId: entry.id,
        selection: { components: [], paths: [] },
        target: { kind: 'folder', path: data },
        restoreOwner: process.getuid?.() === 0,
      },
      tools.context,
    ),
  );
  if (!restored.ok) return restored;
  const compared = await tools.step('compare every file', async (note) => {
    const report = await engine.compare(target.from, entry.id, data, tools.context);
    if (!report.ok) return report;
    evidence.entriesCompared = report.value.entries;
    evidence.bytesCompared = report.value.bytes;
    evidence.differences = report.value.differences;
    note(`${report.value.entries} entries, ${report.value.bytes} bytes compared`);
    const first = report.value.differences[0];
    return first === undefined ? ok(undefined) : fail('drill_failed', `the restored data differs: ${first}`);
  });
  if (!compared.ok) return compared;
  const checked = await runCheck(deps, service, data, evidence, tools);
  if (!checked.ok) return checked;
  evidence.rtoSeconds = (+deps.clock.now() - +startedAt) / 1000;
  evidence.rpoSeconds = Math.max(0, (+startedAt - Date.parse(entry.startedAt)) / 1000);
  return ok(undefined);
}

async function runCheck(
  deps: HandlerDeps,
  service: ResolvedService,
  data: string,
  evidence: Evidence,
  tools: RunTools,
): Promise<Outcome<void>> {
  const check = service.config.drills.check;
  const [file, ...args] = check?.command ?? [];
  if (check === null || file === undefined) return ok(undefined);
  return tools.step('run the check command', async (note) => {
    const done = await deps.exec.run(file, args, {
      timeoutMs: check.timeout * 1000,
      signal: tools.signal,
      cwd: data,
      env: { GENESIS_RESTORE_DIR: data },
    });
    if (!done.ok) return done;
    const output = `${done.value.stdout}${done.value.stderr}`.slice(-4000);
    evidence.check = { exitCode: done.value.exitCode, output };
    note(`exit ${done.value.exitCode}`);
    return done.value.exitCode === 0
      ? ok(undefined)
      : fail('check_failed', `the check command ended with exit code ${done.value.exitCode}`, { details: { output } });
  });
}
