import path from 'node:path';
import type { CatalogueEntry } from '../../src/contract/backup.ts';
import type { Operation } from '../../src/contract/operation.ts';
import type { CallOptions, Genesis } from './genesis.ts';
import { sleep } from './processes.ts';

export interface ShopOptions {
  /** Keys of the service's `backup`, added to or replacing the defaults of the tests. */
  readonly backup?: Readonly<Record<string, unknown>>;
  /** Other keys of the service. */
  readonly service?: Readonly<Record<string, unknown>>;
  /** Keys of the file's top level. */
  readonly top?: Readonly<Record<string, unknown>>;
}

/** A configuration with one service `shop` that does nothing by itself: the tests ask for each operation. */
export function shopConfig(data: string | readonly string[], options: ShopOptions = {}): Record<string, unknown> {
  const paths = typeof data === 'string' ? [data] : data;
  return {
    services: [
      {
        name: 'shop',
        backup: { components: { data: { paths } }, schedules: { full: null, incremental: null }, ...options.backup },
        drills: { schedule: null },
        ...options.service,
      },
    ],
    api: { requests_per_minute: 1_000_000 },
    ...options.top,
  };
}

const turnMs = 30_000;

/**
 * Asks for an operation, waits for its end and returns it, however it ended. A schedule may hold the service just then, and a refusal for
 * that reason is right: asked again until it is free. Throws when it was not accepted for another reason.
 */
export async function perform(
  genesis: Genesis,
  method: string,
  route: string,
  body: unknown,
  options: CallOptions & { readonly deadlineMs?: number } = {},
): Promise<Operation> {
  const until = performance.now() + turnMs;
  for (;;) {
    const reply = await genesis.api<Operation & { readonly code?: string }>(method, route, body, options);
    if (reply.status === 202) return genesis.waitForOperation(reply.body.id, options.deadlineMs ?? 120_000);
    if (reply.body.code !== 'operation_conflict' || performance.now() > until)
      throw new Error(`${method} ${route}: ${reply.status} ${reply.text}`);
    await sleep(100);
  }
}

/** A backup that succeeds. Throws with the operation when it does not. */
export async function backUp(
  genesis: Genesis,
  type: 'full' | 'incremental' = 'full',
  service = 'shop',
): Promise<CatalogueEntry> {
  const operation = await perform(genesis, 'POST', '/backups', { service, type });
  if (operation.state !== 'succeeded')
    throw new Error(`the backup ended ${operation.state}: ${JSON.stringify(operation, null, 1)}`);
  const entry = await genesis.api<CatalogueEntry>('GET', `/backups/${String(operation.result?.['backupId'])}`);
  if (entry.status !== 200) throw new Error(`${entry.status}: ${entry.text}`);
  return entry.body;
}

export function verify(genesis: Genesis, id: string): Promise<Operation> {
  return perform(genesis, 'POST', `/backups/${id}/verify`, {});
}

export function restoreInPlace(genesis: Genesis, id: string): Promise<Operation> {
  return perform(genesis, 'POST', `/backups/${id}/restore`, {
    target: { kind: 'in_place' },
    confirm: 'shop',
    reason: 'a test',
  });
}

/** Into a new folder below the home's restores. */
export function restoreToFolder(genesis: Genesis, id: string, name: string): Promise<Operation> {
  return perform(genesis, 'POST', `/backups/${id}/restore`, {
    target: { kind: 'folder', path: path.join(genesis.home, 'restores', name) },
  });
}

/** The whole catalogue, newest first. */
export async function catalogue(genesis: Genesis): Promise<readonly CatalogueEntry[]> {
  const reply = await genesis.api<{ items: CatalogueEntry[] }>('GET', '/backups?limit=500');
  if (reply.status !== 200) throw new Error(`${reply.status}: ${reply.text}`);
  return reply.body.items;
}

/** Where a backup stands in the repository of a home that was configured by `shopConfig`. */
export function backupFolderOf(home: string, id: string, service = 'shop'): string {
  return path.join(home, 'repository', 'backups', service, id);
}
