import { fail, ok } from '../../../contract/errors.ts';
import type { BackupEngine, EngineAbilities, EngineDeps } from '../port.ts';
import { loadExtraFile, saveExtras } from '../archive/extras.ts';
import { probeRepository } from '../archive/probe.ts';
import { asOutcome, prepareRepository } from '../archive/repository.ts';
import { runDumpBackup } from './backup.ts';
import { copyDump } from './copy.ts';
import { auditHeadsOfDumps, cleanDumps, inspectDumps, loadDump, removeDump, type DumpCache } from './repository.ts';
import { proveDump } from './prove.ts';
import { restoreInPlace, restoreIntoDatabase } from './restore-database.ts';
import { compareDumpFiles, restoreDumpFiles, selectDatabases } from './restore-folder.ts';
import { verifyDump } from './verify.ts';

export const pgDumpAbilities: EngineAbilities = {
  types: ['full', 'snapshot'],
  components: true,
  files: false,
  pitr: false,
  inPlace: true,
  intoDatabase: true,
  copies: 'copied',
  extras: true,
  listingIsTruth: false,
};

/** Logical backups of a PostgreSQL server: pg_dump of each database and pg_dumpall of what they share. */
export function createPgDumpEngine(deps: EngineDeps): BackupEngine {
  const cache: DumpCache = new Map();
  return {
    name: 'pg_dump',
    abilities: pgDumpAbilities,
    probe: probeRepository,
    prepare: (repository) => prepareRepository(deps.clock, repository),
    inspect: (repository, service, signal) => inspectDumps(cache, repository, service, signal),
    backup: (request, context) => runDumpBackup(deps, request, context),
    verify: (repository, backupId, context) => verifyDump(deps, repository, backupId, context),
    files: () => Promise.resolve(fail('not_supported', 'a pg_dump backup holds databases, not files')),
    planRestore: (repository, backupId, selection) =>
      asOutcome(async () => {
        const { manifest } = await loadDump(repository, backupId);
        const databases = selectDatabases(manifest, selection);
        const files = databases.flatMap((d) => [...d.dump, d.rows]);
        return {
          chain: [manifest.id],
          // A root is a database: its path is the name that it has on the server.
          roots: databases.map(({ name }) => ({ component: name, root: name, path: name })),
          entries: databases.reduce((sum, d) => sum + d.tables, 0),
          bytes: databases.reduce((sum, d) => sum + d.bytes, 0),
          readBytes: files.reduce((sum, file) => sum + file.bytes, 0),
        };
      }),
    restore: (request, context) =>
      asOutcome(async () => {
        const stored = await loadDump(request.repository, request.backupId);
        const { target } = request;
        if (target.kind === 'folder') return restoreDumpFiles(stored, request, target.path, context);
        if (target.kind === 'in_place') return restoreInPlace(deps, stored, request, context);
        return restoreIntoDatabase(deps, stored, request, target, context);
      }),
    // The swap is one transaction of the server: a crash leaves nothing half done that could be put right here.
    recover: () => Promise.resolve(ok('nothing')),
    compare: (repository, backupId, folder, context) =>
      asOutcome(async () => compareDumpFiles(await loadDump(repository, backupId), folder, context)),
    prove: (request, context) => proveDump(deps, request, context),
    remove: (repository, backupId) => removeDump(cache, repository, backupId),
    copy: copyDump,
    clean: cleanDumps,
    saveExtra: (repository, files, signal) => saveExtras(deps.random, repository, files, signal),
    loadExtra: (repository, name) => loadExtraFile(repository, name),
    auditHeads: (repository, service) => auditHeadsOfDumps(cache, repository, service),
  };
}
