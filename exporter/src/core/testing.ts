import type { CatalogueEntry } from '../contract/backup.ts';
import type { Operation } from '../contract/operation.ts';

/** Builders of tests: a plain value with the few fields that matter said. */
export function entryWith(fields: Partial<CatalogueEntry> & { readonly id: string }): CatalogueEntry {
  const startedAt = fields.startedAt ?? '2026-03-01T02:00:00.000Z';
  return {
    service: 'files',
    engine: 'archive',
    type: 'full',
    parent: null,
    status: 'completed',
    startedAt,
    endedAt: startedAt,
    components: [],
    entries: 1,
    bytes: 10,
    addedBytes: 10,
    storedBytes: 5,
    checksum: 'c'.repeat(64),
    encrypted: false,
    keyFingerprint: null,
    warnings: [],
    warningCount: 0,
    keep: false,
    note: null,
    verifiedAt: null,
    verifyResult: null,
    drilledAt: null,
    copies: [],
    ...fields,
  };
}

export function operationWith(fields: Partial<Operation>): Operation {
  return {
    id: 'op_1',
    kind: 'backup',
    service: 'files',
    params: {},
    actor: { name: 'ann', role: 'operator', via: 'token' },
    reason: null,
    idempotencyKey: null,
    state: 'running',
    createdAt: '2026-03-01T02:00:00.000Z',
    startedAt: '2026-03-01T02:00:00.000Z',
    endedAt: null,
    steps: [],
    progress: null,
    result: null,
    error: null,
    ...fields,
  };
}

export function daysBefore(now: Date, days: number): string {
  return new Date(+now - days * 86_400_000).toISOString();
}
