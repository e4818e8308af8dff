import type { z } from 'zod';
import type { RestoreTargetBody } from '../../contract/actions.ts';
import type { CatalogueEntry } from '../../contract/backup.ts';
import { ok } from '../../contract/errors.ts';
import type { Role } from '../../contract/operation.ts';
import type { OperationRequest } from '../../runtime/app.ts';
import { faultsError } from '../errors.ts';
import { answer, optionsOf, paged, paramOf, present, submit, type Handlers } from './call.ts';

/** Viewers may not see file names, and warnings name files; `warningCount` still says how many there are. */
function visibleTo(role: Role, entry: CatalogueEntry): CatalogueEntry {
  return role === 'viewer' ? { ...entry, warnings: [] } : entry;
}

function placeOf(target: z.output<typeof RestoreTargetBody>): Extract<OperationRequest, { kind: 'restore' }>['target'] {
  switch (target.kind) {
    case 'folder':
      return { kind: 'folder', path: target.path ?? null };
    case 'in_place':
      return { kind: 'in_place' };
    case 'database':
      return { kind: 'database', name: target.name ?? null, existing: target.existing };
  }
}

export const backupHandlers = {
  async listBackups(call) {
    const page = await call.app.backups(present(call.query));
    return paged(
      call,
      page.items.map((entry) => visibleTo(call.identity.role, entry)),
      page.next,
      page.total,
    );
  },
  async backupChain(call) {
    return answer(await call.app.chain(paramOf(call, 'id')));
  },
  async getBackup(call) {
    const found = await call.app.backup(paramOf(call, 'id'));
    return found.ok ? ok({ status: 200, body: visibleTo(call.identity.role, found.value) }) : found;
  },
  async listBackupFiles(call) {
    const { prefix, q, folders = false, limit, cursor = null } = call.query;
    const folder = folders && prefix !== '' && !prefix.endsWith('/') ? `${prefix}/` : prefix;
    const query = { prefix: folder, limit, cursor, direct: folders, ...(q === undefined ? {} : { contains: q }) };
    const found = await call.app.files(paramOf(call, 'id'), query);
    return found.ok ? paged(call, found.value.files, found.value.next) : found;
  },
  async startBackup(call) {
    const { service, type, components, note, ...wishes } = call.body;
    return submit(call, { kind: 'backup', service, type, components: components ?? null, note: note ?? null }, wishes);
  },
  async verifyBackup(call) {
    const { copy, ...wishes } = call.body;
    return submit(call, { kind: 'verify', backupId: paramOf(call, 'id'), copy: copy ?? null }, wishes);
  },
  async restoreBackup(call) {
    const { target, components, paths, copy, recovery, ...wishes } = call.body;
    const place = placeOf(target);
    const request = {
      kind: 'restore' as const,
      backupId: paramOf(call, 'id'),
      copy: copy ?? null,
      components,
      paths,
      target: place,
      ...(recovery === undefined ? {} : { recovery }),
    };
    return submit(call, request, wishes);
  },
  async patchBackup(call) {
    const { reason, ...wanted } = call.body;
    const change = present(wanted);
    if (Object.keys(change).length === 0)
      throw faultsError('the body changes nothing', [{ path: '', message: 'give keep, note or both' }]);
    return answer(await call.app.setKeep(paramOf(call, 'id'), change, optionsOf(call, { reason })));
  },
  async deleteBackup(call) {
    return submit(call, { kind: 'delete', backupId: paramOf(call, 'id') }, call.body);
  },
} satisfies Partial<Handlers>;
