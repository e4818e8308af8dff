import { OpError, type Outcome } from '../../../contract/errors.ts';
import type { EngineDeps, RepositoryRef, RunContext, VerifyReport } from '../port.ts';
import { asOutcome } from '../archive/repository.ts';
import { loadBackup, type ResticCache } from './catalogue.ts';
import { readCheck, type CheckReport } from './output.ts';
import { errorOf, longTimeoutMs, runRestic } from './run.ts';
import { storeOf, type ResticStore } from './store.ts';

const maxFaults = 100;
const dayMs = 86_400_000;
const unitBytes: Readonly<Record<string, number>> = { '': 1, K: 2 ** 10, M: 2 ** 20, G: 2 ** 30, T: 2 ** 40 };

/**
 * What of the packs is read back today: `2/10` names a tenth, and always the same one would leave nine unread for ever, so that each
 * day takes the next. Pure.
 */
export function subsetOf(setting: string, now: Date): string {
  const [, part, parts] = /^(\d+)\/(\d+)$/.exec(setting) ?? [];
  if (part === undefined || parts === undefined || Number(parts) < 1) return setting;
  const day = Math.floor(+now / dayMs);
  return `${((Number(part) - 1 + day) % Number(parts)) + 1}/${parts}`;
}

/** About how much of a backup of that size such a check reads. Pure. */
export function subsetBytes(setting: string, bytes: number): number {
  const percent = /^([\d.]+)%$/.exec(setting)?.[1];
  if (percent !== undefined) return Math.round((bytes * Math.min(100, Number(percent))) / 100);
  const parts = /^\d+\/(\d+)$/.exec(setting)?.[1];
  if (parts !== undefined) return Math.round(bytes / Math.max(1, Number(parts)));
  const [, size, unit] = /^(\d+)([KMGT]?)$/.exec(setting) ?? [];
  return Math.min(bytes, Number(size ?? 0) * (unitBytes[unit ?? ''] ?? 1));
}

/** Runs restic's check over the whole repository. Throws what kept it from being done: a wrong password, a lock, nothing there. */
export async function checkStore(deps: EngineDeps, store: ResticStore, signal: AbortSignal): Promise<CheckReport> {
  const subset = subsetOf(store.settings.readDataSubset, deps.clock.now());
  const result = await runRestic(deps, store, {
    args: ['check', `--read-data-subset=${subset}`],
    signal,
    timeoutMs: longTimeoutMs,
    maxOutputBytes: 2 ** 20,
  });
  const hindrance = errorOf(store, result, 'checking the repository', 'io_failed');
  if (
    result.exitCode !== 0 &&
    ['key_wrong', 'operation_conflict', 'repository_unreadable', 'disk_full'].includes(hindrance.code)
  )
    throw hindrance;
  return readCheck(result);
}

/**
 * See `BackupEngine.verify`: restic checks the structure of the whole repository and reads back the share of its packs that is
 * configured (the settings say how much). A fault anywhere fails it: packs belong to several backups.
 */
export function verifyBackup(
  deps: EngineDeps,
  cache: ResticCache,
  repository: RepositoryRef,
  backupId: string,
  context: RunContext,
): Promise<Outcome<VerifyReport>> {
  return asOutcome(async () => {
    const fault = (message: string): VerifyReport['faults'][number] => ({
      backupId,
      component: null,
      path: null,
      message,
    });
    const loaded = await asOutcome(() => loadBackup(deps, cache, repository, backupId, context.signal));
    if (!loaded.ok && loaded.error.code !== 'backup_corrupt') throw loaded.error;
    const store = storeOf(repository);
    const total = loaded.ok ? loaded.value.record.bytes : 0;
    context.onProgress({
      phase: 'verify',
      entriesDone: 0,
      bytesDone: 0,
      bytesTotal: subsetBytes(store.settings.readDataSubset, total),
    });
    const report = await checkStore(deps, store, context.signal);
    const faults = [...(loaded.ok ? [] : [fault(loaded.error.message)]), ...report.faults.map(fault)];
    if (context.signal.aborted) throw new OpError('cancelled', 'the verification was cancelled');
    return {
      backupId,
      passed: faults.length === 0,
      chain: [backupId],
      entries: loaded.ok ? loaded.value.record.entries : 0,
      bytes: subsetBytes(store.settings.readDataSubset, total),
      faults: faults.slice(0, maxFaults),
    };
  });
}
