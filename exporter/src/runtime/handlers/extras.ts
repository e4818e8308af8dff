import { ok, type Outcome } from '../../contract/errors.ts';
import type { BackupEngine, RepositoryRef } from '../../engines/backup/port.ts';
import type { HandlerDeps } from '../handler.ts';

/**
 * Genesis backs up itself: the configuration (references, never secrets), its whole state and the head of the audit log go into
 * the repository and every copy, so that a copy alone is enough to come back and can tell where the audit log stood.
 */
export async function saveExtras(
  deps: HandlerDeps,
  engine: BackupEngine,
  to: RepositoryRef,
  signal: AbortSignal,
): Promise<Outcome<void>> {
  const head = await deps.auditHead();
  const saved = await engine.saveExtra(
    to,
    [
      { name: 'genesis.yaml', content: Buffer.from(deps.configText()) },
      { name: 'state.db', content: await deps.store.export() },
      { name: 'audit-head.json', content: Buffer.from(`${JSON.stringify(head)}\n`) },
    ],
    signal,
  );
  return saved.ok ? ok(undefined) : saved;
}
