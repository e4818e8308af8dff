import type { Outcome } from '../../../contract/errors.ts';
import type { RepositoryRef, RunContext, VerifyReport } from '../port.ts';
import { runReadJob } from './read-job.ts';

/** Reads every byte of the backup and of those it builds upon, in a thread of its own. Promises as `BackupEngine.verify`. */
export function verifyBackup(
  repository: RepositoryRef,
  backupId: string,
  context: RunContext,
): Promise<Outcome<VerifyReport>> {
  return runReadJob({ kind: 'verify', repository, backupId }, context);
}
