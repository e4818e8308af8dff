import { OpError, fail } from '../../../contract/errors.ts';
import type { BackupEngine, EngineAbilities, EngineDeps } from '../port.ts';
import { asOutcome } from '../archive/repository.ts';
import { recoverRestore } from '../archive/restore.ts';
import { runResticBackup } from './backup.ts';
import { auditHeadsOf, createCache, inspectStore, loadBackup } from './catalogue.ts';
import { compareRestored } from './compare.ts';
import { copyBackup } from './copy.ts';
import { restoreInPlace } from './in-place.ts';
import { cleanStore, removeBackup } from './leftovers.ts';
import { prepareStore, probeStore } from './repository.ts';
import { restoreToFolder } from './restore.ts';
import { planFacts } from './select.ts';
import { listResticFiles } from './tree.ts';
import { verifyBackup } from './verify.ts';

export const resticAbilities: EngineAbilities = {
  types: ['full', 'incremental', 'snapshot'],
  components: true,
  files: true,
  pitr: false,
  inPlace: true,
  intoDatabase: false,
  copies: 'copied',
  extras: false,
  listingIsTruth: false,
};

/** File trees, deduplicated and encrypted, in a folder or a store that restic 0.14 and later reaches. */
export function createResticEngine(deps: EngineDeps): BackupEngine {
  const cache = createCache();
  return {
    name: 'restic',
    abilities: resticAbilities,
    probe: (repository, signal) => probeStore(deps, repository, signal),
    prepare: (repository, signal) => prepareStore(deps, repository, signal),
    inspect: (repository, service, signal) => inspectStore(deps, cache, repository, service, signal),
    backup: (request, context) => runResticBackup(deps, cache, request, context),
    verify: (repository, backupId, context) => verifyBackup(deps, cache, repository, backupId, context),
    files: (repository, backupId, query, signal) => listResticFiles(deps, cache, repository, backupId, query, signal),
    planRestore: (repository, backupId, selection, signal) =>
      asOutcome(async () =>
        planFacts(deps, await loadBackup(deps, cache, repository, backupId, signal), selection, signal),
      ),
    restore: (request, context) =>
      asOutcome(async () => {
        const stored = await loadBackup(deps, cache, request.repository, request.backupId, context.signal);
        const restore = { deps, stored, request, context };
        if (request.target.kind === 'folder') return restoreToFolder(restore, request.target.path);
        if (request.target.kind === 'in_place') return restoreInPlace(restore);
        throw new OpError('not_supported', 'restic restores files, not databases');
      }),
    recover: recoverRestore,
    compare: (repository, backupId, folder, context) =>
      asOutcome(async () =>
        compareRestored(deps, await loadBackup(deps, cache, repository, backupId, context.signal), folder, context),
      ),
    remove: (repository, backupId, signal) => removeBackup(deps, cache, repository, backupId, signal),
    copy: (from, to, backupId, context) => copyBackup(deps, cache, from, to, backupId, context),
    clean: (repository, signal) => cleanStore(deps, repository, signal),
    saveExtra: () => Promise.resolve(fail('not_supported', 'a restic repository keeps no files of Genesis')),
    loadExtra: () => Promise.resolve(fail('not_found', 'a restic repository keeps no files of Genesis')),
    auditHeads: (repository, service) => auditHeadsOf(deps, cache, repository, service),
  };
}
