import { chmod, mkdir, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { inRepository } from '../../core/backup-choice.ts';
import { chooseDrillTarget, targetInWords } from '../../core/drill-choice.ts';
import { fail, ok, type Outcome } from '../../contract/errors.ts';
import type { CatalogueEntry } from '../../contract/backup.ts';
import { drillLevels, type DrillLevel, type DrillRecord, type Operation } from '../../contract/operation.ts';
import type { RecoveryTarget } from '../../contract/postgres.ts';
import type { ProvenServer, RepositoryRef } from '../../engines/backup/port.ts';
import { sweepSandboxes } from '../../engines/postgres/sandbox.ts';
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
  readonly recovery: RecoveryTarget;
}

/** What was learned so far; a failed drill keeps what it got to. */
interface Evidence {
  entriesCompared: number;
  bytesCompared: number;
  differences: readonly string[];
  check: DrillRecord['check'];
  rtoSeconds: number | null;
  rpoSeconds: number | null;
  levels: DrillRecord['levels'];
  phases: DrillRecord['phases'];
  recoveryTarget: string | null;
  restoredTo: string | null;
  qualityId: string | null;
}

async function findTarget(deps: HandlerDeps, request: DrillAsk): Promise<Outcome<DrillTarget>> {
  const service = await deps.service(request.service);
  if (!service.ok) return service;
  const entries = await deps.store.backups.ofService(request.service);
  const { engine: kind, repository, copies } = { ...service.value, engine: service.value.config.backup.engine };
  const copy = copies.find((c) => c.name === request.copy);
  if (request.copy !== null && copy === undefined)
    return fail('not_found', `${request.service} has no copy called ${request.copy}`);
  const isMade = deps.engine(kind).abilities.copies === 'made';
  const own = isMade ? inRepository(entries) : entries;
  const there = copy === undefined ? own : entries.filter((e) => e.copies.includes(copy.name));
  const chosen = chooseDrillTarget(there, {
    wanted: request.backupId ?? null,
    recovery: request.recovery ?? null,
    windows: deps.engine(kind).abilities.pitr ? deps.pitrOf(request.service) : null,
    variety: request.isScheduled === true ? (service.value.config.postgres?.drill.variety ?? 0) : 0,
    dice: [deps.random.bytes(4).readUInt32LE() / 2 ** 32, deps.random.bytes(4).readUInt32LE() / 2 ** 32],
  });
  if (request.backupId !== undefined && chosen.entry === null)
    return fail('backup_unknown', `${request.service} has no usable backup ${request.backupId} there`);
  return ok({
    service: service.value,
    entry: chosen.entry,
    from: copy?.ref ?? repository,
    source: copy?.name ?? 'repository',
    recovery: chosen.recovery,
  });
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
      const engine = deps.engine(service.config.backup.engine);
      return ok({
        steps: [
          ...(engine.prove === undefined
            ? ['restore into a private folder', 'compare every file']
            : provenSteps(service.config.postgres?.drill.level ?? 4)),
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
      await removeDrillFolder(join(deps.home.drillsFolder, operation.id));
      return { state: 'interrupted', left: 'the private folder of the drill was removed' };
    },
  };
}

/** Leftovers of drills that a crash cut off: they hold a copy of the data and must not stay. */
export async function removeDrillLeftovers(deps: Pick<HandlerDeps, 'home'>): Promise<number> {
  const names = await readdir(deps.home.drillsFolder);
  for (const name of names) await removeDrillFolder(join(deps.home.drillsFolder, name));
  return names.length;
}

/** A server that a killed process left running in it goes first: it would go on writing into a folder that is gone. */
async function removeDrillFolder(folder: string): Promise<void> {
  await sweepSandboxes(folder);
  await rm(folder, { recursive: true, force: true });
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
    levels: [],
    phases: [],
    recoveryTarget: null,
    restoredTo: null,
    qualityId: null,
  };
  const folder = join(deps.home.drillsFolder, operation.id);
  const proven = await prove(deps, target.value, folder, startedAt, evidence, tools);
  const cleaned = await tools.step('clean up', async () => {
    await removeDrillFolder(folder);
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
  if (engine.prove !== undefined) return proveProduct(deps, target, folder, startedAt, evidence, tools);
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

function provenSteps(highest: number): string[] {
  return Object.entries(drillLevels)
    .filter(([level]) => Number(level) <= highest)
    .map(([level, name]) => `level ${level}: ${name}`);
}

/** A database: the engine restores, starts and checks it; what the levels found is the evidence. */
async function proveProduct(
  deps: HandlerDeps,
  { entry, service, from, recovery }: DrillTarget,
  folder: string,
  startedAt: Date,
  evidence: Evidence,
  tools: RunTools,
): Promise<Outcome<void>> {
  const engine = deps.engine(service.config.backup.engine);
  if (entry === null || engine.prove === undefined) return fail('no_backup', 'there is nothing to restore');
  evidence.recoveryTarget = targetInWords(recovery);
  const quality =
    service.config.quality.enabled && (service.config.postgres?.drill.level ?? 4) >= 5
      ? async (server: ProvenServer): Promise<DrillLevel> => {
          const judged = await deps.compareQuality(service.config.name, server, tools);
          evidence.qualityId = judged.reportId;
          return judged.level;
        }
      : null;
  const proof = await engine.prove(
    { operationId: tools.operationId, repository: from, backupId: entry.id, recovery, folder },
    { ...tools.context, step: (name, work) => tools.step(name, work), quality },
  );
  if (!proof.ok) return proof;
  const { passed, levels, phases, restoredTo, entries, bytes } = proof.value;
  Object.assign(evidence, { levels, phases, restoredTo, entriesCompared: entries, bytesCompared: bytes });
  const failed = levels.find((level) => level.result === 'failed') ?? levels.find((l) => l.result === 'skipped');
  if (!passed)
    return fail(
      'drill_failed',
      failed === undefined ? 'a level did not pass' : `level ${failed.level}: ${failed.detail}`,
    );
  const checked = await runCheck(deps, service, folder, evidence, tools);
  if (!checked.ok) return checked;
  // The recovery ends where the restored server was proven; what measures the data's likeness is no part of a recovery.
  const likeness = levels.find((level) => level.level === 5)?.seconds ?? 0;
  evidence.rtoSeconds = (+deps.clock.now() - +startedAt) / 1000 - likeness;
  if (recovery.type === 'latest')
    evidence.rpoSeconds = lossAt(startedAt, restoredTo ?? entry.startedAt, proof.value.archivedTo);
  return ok(undefined);
}

/** What was archived after the drill began came back too, and says nothing of a disaster at its beginning. Null: not known. */
function lossAt(startedAt: Date, restoredTo: string, archivedTo: string | undefined): number | null {
  const age = (at: string): number => (+startedAt - Date.parse(at)) / 1000;
  if (archivedTo === undefined) return age(restoredTo) < 0 ? null : age(restoredTo);
  return Math.max(0, age(restoredTo), age(archivedTo));
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
