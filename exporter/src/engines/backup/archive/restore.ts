import type { Outcome } from '../../../contract/errors.ts';
import type { RepositoryRef, RestorePlanFacts, RestoreReport, RestoreRequest, RunContext, Selection } from '../port.ts';
import { runReadJob } from './read-job.ts';

/** Restores of the engine `archive`, as `BackupEngine` promises them; the work is done in a thread of its own. */

export function planRestore(
  repository: RepositoryRef,
  backupId: string,
  selection: Selection,
  signal: AbortSignal,
): Promise<Outcome<RestorePlanFacts>> {
  return runReadJob({ kind: 'plan', repository, backupId, selection }, { signal, onProgress: () => undefined });
}

export function restoreBackup(request: RestoreRequest, context: RunContext): Promise<Outcome<RestoreReport>> {
  return runReadJob({ kind: 'restore', request }, context);
}

export function recoverRestore(
  operationId: string,
  roots: readonly string[],
  signal: AbortSignal,
): Promise<Outcome<'nothing' | 'rolled_back' | 'completed'>> {
  return runReadJob({ kind: 'recover', operationId, roots }, { signal, onProgress: () => undefined });
}
