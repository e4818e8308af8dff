import type { BackupEngine, EngineAbilities, EngineDeps } from '../port.ts';
import { readAuditHeads } from './audit-heads.ts';
import { runBackup } from './backup.ts';
import { compareFolder } from './compare.ts';
import { copyBackup } from './copy.ts';
import { loadExtraFile, saveExtras } from './extras.ts';
import { listFiles } from './files.ts';
import { probeRepository } from './probe.ts';
import { cleanRepository, inspectRepository, prepareRepository, removeBackup, type RecordCache } from './repository.ts';
import { planRestore, recoverRestore, restoreBackup } from './restore.ts';
import { verifyBackup } from './verify.ts';

export const archiveAbilities: EngineAbilities = {
  types: ['full', 'incremental', 'snapshot'],
  components: true,
  files: true,
  pitr: false,
  inPlace: true,
  intoDatabase: false,
  copies: 'copied',
  extras: true,
  listingIsTruth: false,
};

/** The embedded engine: file trees as tar in zstd frames. The format on disk: docs/reference/repository-format.md. */
export function createArchiveEngine(deps: EngineDeps): BackupEngine {
  const cache: RecordCache = new Map();
  return {
    name: 'archive',
    abilities: archiveAbilities,
    probe: probeRepository,
    prepare: (repository) => prepareRepository(deps.clock, repository),
    inspect: (repository, service, signal) => inspectRepository(cache, repository, service, signal),
    backup: (request, context) => runBackup(deps, request, context),
    verify: verifyBackup,
    files: listFiles,
    planRestore,
    restore: restoreBackup,
    recover: recoverRestore,
    compare: compareFolder,
    remove: (repository, backupId) => removeBackup(cache, repository, backupId),
    copy: copyBackup,
    clean: cleanRepository,
    saveExtra: (repository, files, signal) => saveExtras(deps.random, repository, files, signal),
    loadExtra: (repository, name) => loadExtraFile(repository, name),
    auditHeads: (repository, service) => readAuditHeads(cache, repository, service),
  };
}
