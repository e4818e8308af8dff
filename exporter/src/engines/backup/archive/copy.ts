import type { Outcome } from '../../../contract/errors.ts';
import type { RepositoryRef, RunContext } from '../port.ts';
import { runReadJob } from './read-job.ts';

/** Brings one backup into another repository, in a thread of its own. Promises as `BackupEngine.copy`. */
export function copyBackup(
  from: RepositoryRef,
  to: RepositoryRef,
  backupId: string,
  context: RunContext,
): Promise<Outcome<void>> {
  return runReadJob({ kind: 'copy', from, to, backupId }, context);
}
