import type { BackupRecord } from '../../contract/backup.ts';
import type { DrillRecord } from '../../contract/operation.ts';
import type { QualityReport } from '../../contract/quality.ts';
import type { TableProfile } from '../../core/quality/profile.ts';
import type { MeasuredEvent, NewAuditEntry, NewOperation, StoredAlert, TokenRow } from '../port.ts';

// Rows of every kind for tests, with what matters to a test given.

/** The minute `n` of the tests' day. */
export function at(minute: number): string {
  return new Date(Date.UTC(2026, 10, 22, 2) + minute * 60_000).toISOString();
}

export function auditOf(fields: Partial<NewAuditEntry> = {}): NewAuditEntry {
  return {
    at: at(0),
    actor: 'ada',
    role: 'operator',
    via: 'token',
    action: 'backup',
    service: 'app',
    target: null,
    result: 'intent',
    reason: null,
    operationId: null,
    remote: '127.0.0.1',
    details: { type: 'full' },
    ...fields,
  };
}

export function operationOf(fields: Partial<NewOperation> & { readonly id: string }): NewOperation {
  return {
    kind: 'backup',
    service: 'app',
    params: { type: 'full' },
    actor: { name: 'system', role: 'system', via: 'schedule' },
    reason: null,
    idempotencyKey: null,
    requestHash: 'hash',
    createdAt: at(0),
    ...fields,
  };
}

export function backupOf(fields: Partial<BackupRecord> & { readonly id: string }): BackupRecord {
  return {
    service: 'app',
    engine: 'archive',
    type: 'full',
    parent: null,
    status: 'completed',
    startedAt: at(0),
    endedAt: at(1),
    components: [],
    entries: 3,
    bytes: 2 ** 40,
    addedBytes: 5,
    storedBytes: 4,
    checksum: 'c',
    encrypted: false,
    keyFingerprint: null,
    warnings: [],
    warningCount: 0,
    ...fields,
  };
}

export function drillOf(fields: Partial<DrillRecord> & { readonly id: string }): DrillRecord {
  return {
    service: 'app',
    testType: 'restore',
    backupId: 'b1',
    operationId: 'o1',
    startedAt: at(0),
    endedAt: at(1),
    passed: true,
    rtoSeconds: 1.5,
    rpoSeconds: 60,
    entriesCompared: 3,
    bytesCompared: 9,
    differences: [],
    check: null,
    source: 'primary',
    failure: null,
    levels: [],
    phases: [],
    recoveryTarget: null,
    restoredTo: null,
    qualityId: null,
    ...fields,
  };
}

export function eventOf(fields: Partial<MeasuredEvent> & { readonly service: string }): MeasuredEvent {
  return {
    kind: 'backup',
    at: at(0),
    labels: { backup_type: 'full', result: 'success' },
    durationSeconds: null,
    ...fields,
  };
}

export function qualityOf(fields: Partial<QualityReport> & { readonly id: string }): QualityReport {
  const table = {
    name: 'public.orders',
    score: 0.9,
    rows: 10,
    rowsSource: 10,
    sampled: 10,
    sampledSource: 10,
    sampleError: 0,
    duplicates: 0,
    schemaDrift: [],
    correlationDifference: null,
    privacyRisk: null,
    divergence: 0.1,
    columns: [],
    findings: ['10 rows'],
  };
  return {
    service: 'app',
    at: at(0),
    drillId: 'drill_1',
    against: 'source',
    score: 0.9,
    parts: { completeness: 1, uniqueness: 1, validity: 1, distribution: 0.9, correlation: 1, volume: 1 },
    privacyRisk: null,
    divergence: 0.1,
    tables: [table],
    limits: { minScore: 0.8, maxPrivacyRisk: 0.3, maxDivergence: 0.2 },
    alerts: [],
    findings: [],
    seconds: 1.5,
    seed: 42,
    ...fields,
  };
}

export function profileOf(name: string): TableProfile {
  return {
    name,
    size: { rows: 3, counted: true },
    rows: 3,
    units: null,
    duplicates: 0,
    columns: [
      {
        name: 'amount',
        type: 'numeric',
        nullable: false,
        sensitive: false,
        form: 'numeric',
        present: 3,
        missing: 0,
        invalid: 0,
        distinct: 3,
        distribution: { points: [1, 2, 3], count: 3, mean: 2, deviation: 1 },
        categories: { '1': 1, '2': 1, '3': 1 },
      },
    ],
    left: [],
    correlation: { columns: ['amount'], coefficients: [] },
    sensitive: null,
  };
}

export function alertOf(fields: Partial<StoredAlert['definition']> & { readonly id: string }): StoredAlert {
  const definition = {
    metric: 'genesis_system_cpu_usage_ratio',
    tags: {},
    condition: '>' as const,
    threshold: 0.8,
    severity: 'warning' as const,
    message: 'busy; "quoted"',
    createdAt: at(0),
    createdBy: 'ada',
    ...fields,
  };
  const memory = {
    active: false,
    held: null,
    flapping: false,
    triggeredAt: null,
    resolvedAt: null,
    series: null,
    changes: [],
  };
  return { definition, memory };
}

export function tokenOf(fields: Partial<TokenRow> & { readonly id: string }): TokenRow {
  return {
    name: 'ci',
    role: 'operator',
    hash: 'h',
    createdAt: at(0),
    createdBy: 'ada',
    expiresAt: null,
    lastUsedAt: null,
    revokedAt: null,
    ...fields,
  };
}
