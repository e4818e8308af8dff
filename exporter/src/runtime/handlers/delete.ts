import { ok } from '../../contract/errors.ts';
import type { OperationRequest } from '../app.ts';
import { blocker, type Handler, type HandlerDeps } from '../handler.ts';
import { removeEverywhere } from './backup.ts';
import { locateBackup } from './verify.ts';

type DeleteAsk = Extract<OperationRequest, { kind: 'delete' }>;

export function createDeleteHandler(deps: HandlerDeps): Handler<DeleteAsk> {
  return {
    serviceOf: async (request) => {
      const located = await locateBackup(deps, request.backupId, null);
      return located.ok ? ok(located.value.entry.service) : located;
    },
    plan: async (request) => {
      const located = await locateBackup(deps, request.backupId, null);
      if (!located.ok) return located;
      const { entry, service } = located.value;
      const all = await deps.store.backups.ofService(entry.service);
      const dependents = all.filter((e) => e.parent === entry.id).map((e) => e.id);
      const verified = all.filter((e) => e.verifyResult === 'passed');
      return ok({
        steps: [
          `remove ${entry.id} from ${service.repository.path}`,
          ...service.copies.map((c) => `remove it from copy ${c.name} when it is next reached`),
        ],
        blockers: [
          ...(entry.keep ? [blocker('backup_kept', `${entry.id} is marked keep`)] : []),
          ...(dependents.length > 0
            ? [blocker('backup_needed', `${dependents.join(', ')} build upon ${entry.id}`)]
            : []),
        ],
        warnings: [
          ...(all.length === 1 ? ['this is the only backup of the service'] : []),
          ...(verified.length === 1 && verified[0]?.id === entry.id
            ? ['this is the only verified backup of the service']
            : []),
        ],
        facts: {
          backupId: entry.id,
          checksum: entry.checksum,
          storedBytes: entry.storedBytes,
          dataAsOf: entry.startedAt,
        },
        consequences: {
          stops: [`other work on ${entry.service} waits until it has ended`],
          bytes: entry.storedBytes,
          atStake: [`the state of ${entry.service} as of ${entry.startedAt}`],
          wayBack: 'none: what is deleted cannot be had again from here',
          isLike: () => true,
        },
      });
    },
    run: async (request, _operation, tools) => {
      const located = await locateBackup(deps, request.backupId, null);
      if (!located.ok) return located;
      const { entry, service } = located.value;
      const engine = deps.engine(service.config.backup.engine);
      const removed = await tools.step('delete', () => removeEverywhere(deps, service, engine, entry.id, tools.signal));
      return removed.ok ? ok({ backupId: entry.id, freedBytes: entry.storedBytes }) : removed;
    },
    recover: async (request) => {
      const still = await deps.store.backups.get(request.backupId);
      if (still === null) return { state: 'succeeded', left: 'the backup is gone' };
      const located = await locateBackup(deps, request.backupId, null);
      if (!located.ok) return { state: 'interrupted', left: located.error.message };
      // The manifest goes first: what is half deleted can only be deleted wholly.
      const { service } = located.value;
      const engine = deps.engine(service.config.backup.engine);
      const done = await removeEverywhere(deps, service, engine, request.backupId, new AbortController().signal);
      return done.ok
        ? { state: 'succeeded', left: 'the deletion was finished' }
        : { state: 'interrupted', left: done.error.message };
    },
  };
}
