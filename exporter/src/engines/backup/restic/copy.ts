import { OpError, type Outcome } from '../../../contract/errors.ts';
import type { EngineDeps, RepositoryRef, RunContext } from '../port.ts';
import { asOutcome } from '../archive/repository.ts';
import { loadBackup, type ResticCache } from './catalogue.ts';
import { errorOf, longTimeoutMs, runRestic } from './run.ts';
import { bothEnvironments, storeOf } from './store.ts';
import { checkStore } from './verify.ts';

/**
 * See `BackupEngine.copy`: `restic copy`, which leaves out what an interrupted run brought over; the manifest last. A snapshot's tree is
 * a hash over all of its content and names, and must be the same there; then the target is checked as a verification does.
 */
export function copyBackup(
  deps: EngineDeps,
  cache: ResticCache,
  from: RepositoryRef,
  to: RepositoryRef,
  backupId: string,
  context: RunContext,
): Promise<Outcome<void>> {
  return asOutcome(async () => {
    const source = await loadBackup(deps, cache, from, backupId, context.signal);
    const target = storeOf(to);
    const environment = bothEnvironments(source.store, target);
    const bytesTotal = source.record.bytes;
    const copySnapshots = async (ids: readonly string[]): Promise<void> => {
      const result = await runRestic(deps, target, {
        args: ['copy', '--from-repo', source.store.url, ...source.store.options, ...ids],
        signal: context.signal,
        timeoutMs: longTimeoutMs,
        environment,
      });
      if (result.exitCode !== 0) throw asCopyError(errorOf(target, result, `copying ${backupId}`, 'copy_failed'));
    };
    context.onProgress({ phase: 'copy', entriesDone: 0, bytesDone: 0, bytesTotal });
    await copySnapshots([...source.snapshots.values()].map((s) => s.id));
    await copySnapshots([source.manifestSnapshot]);
    context.onProgress({ phase: 'verify', entriesDone: 0, bytesDone: bytesTotal, bytesTotal });
    const copied = await asOutcome(() => loadBackup(deps, cache, to, backupId, context.signal));
    if (!copied.ok) throw new OpError('copy_failed', `the copy of ${backupId} is not whole: ${copied.error.message}`);
    if (copied.value.record.checksum !== source.record.checksum)
      throw new OpError('copy_failed', `the manifest of ${backupId} reads back differently`);
    for (const [name, snapshot] of source.snapshots)
      if (copied.value.snapshots.get(name)?.tree !== snapshot.tree)
        throw new OpError('copy_failed', `component ${name} of ${backupId} has another content in the copy`);
    const checked = await checkStore(deps, target, context.signal);
    if (!checked.sound)
      throw new OpError('copy_failed', `the repository of the copy is damaged: ${checked.faults[0] ?? ''}`);
  });
}

/** restic does not say on which side it could not read. */
function asCopyError(error: OpError): OpError {
  const { code } = error;
  if (code === 'disk_full' || code === 'key_wrong' || code === 'operation_conflict' || code === 'backup_corrupt')
    return error;
  return new OpError('copy_failed', error.message, { cause: error });
}
