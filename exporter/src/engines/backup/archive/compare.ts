import type { Outcome } from '../../../contract/errors.ts';
import type { CompareReport, RepositoryRef, RunContext } from '../port.ts';
import { runReadJob } from './read-job.ts';

/** Compares a restored folder with the backup's list, in a thread of its own. Promises as `BackupEngine.compare`. */
export function compareFolder(
  repository: RepositoryRef,
  backupId: string,
  folder: string,
  context: RunContext,
): Promise<Outcome<CompareReport>> {
  return runReadJob({ kind: 'compare', repository, backupId, folder }, context);
}
