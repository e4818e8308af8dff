import type { HealthFacts } from '../contract/health.ts';
import { known, unknown } from '../contract/observed.ts';
import { OpError } from '../contract/errors.ts';
import type { PitrFacts, ReplicaFacts, ReplicationFacts } from '../contract/postgres.ts';
import type { ServiceSnapshot } from '../contract/snapshot.ts';
import { ago, serviceWith, testNow } from '../contract/testing.ts';
import { assessReadiness } from './readiness.ts';
import { databaseChecks } from './readiness-database.ts';

const pitr = (change: Partial<PitrFacts> = {}): ServiceSnapshot['pitr'] =>
  known(ago(2), {
    windows: [{ from: ago(9000), to: ago(30), timeline: 1, repository: 'repository' }],
    gaps: [],
    newestRestorableAt: ago(30),
    oldestRestorableAt: ago(9000),
    segments: 120,
    blockIncremental: 'on',
    version: '2.51',
    ...change,
  });
const replica = (change: Partial<ReplicaFacts> = {}): ReplicaFacts => ({
  name: 'standby-1',
  connected: true,
  state: 'streaming',
  syncState: 'async',
  writeLagSeconds: null,
  flushLagSeconds: null,
  replayLagSeconds: null,
  heartbeatLagSeconds: 1,
  lagSeconds: 1,
  lagBytes: 0,
  queueBytes: 0,
  slot: null,
  problem: null,
  ...change,
});
const archiver = {
  readySegments: 0,
  lastArchivedAt: ago(30),
  lastArchivedWal: 'x',
  lastFailedAt: null,
  lastFailedWal: null,
  failedCount: 0,
};
const replication = (change: Partial<ReplicationFacts> = {}): ServiceSnapshot['replication'] =>
  known(ago(2), { replicas: [replica()], archiver, ...change } as ReplicationFacts);
const health = (state: HealthFacts['state']): HealthFacts => ({
  state,
  checks: [
    {
      name: 'api',
      kind: 'http',
      critical: true,
      state: state === 'unknown' ? null : state,
      since: null,
      last: {
        at: ago(1),
        state: state === 'unknown' ? 'error' : state,
        responseSeconds: 0.01,
        detail: 'HTTP 503 after 12 ms',
      },
      consecutiveFailures: 0,
      consecutiveSuccesses: 0,
    },
  ],
});
const blind = unknown(ago(2), new OpError('postgres_unreachable', 'nobody answers'));
const whole = { pitr: pitr(), replication: replication(), health: health('healthy') };

function resultOf(id: string, change: Partial<ServiceSnapshot>): string | undefined {
  const input = {
    service: serviceWith({ ...whole, ...change }),
    auditWritable: true,
    configOk: true,
    hasComponents: true,
    copiesConfigured: [],
  };
  return assessReadiness(input, testNow).checks.find((check) => check.id === id)?.result;
}

const gap = {
  repository: 'repository',
  timeline: 1,
  firstSegment: 'a',
  lastSegment: 'a',
  segments: 1,
  from: null,
  to: null,
};

describe('readiness of a database', () => {
  it('passes every check of a database that is well', () => {
    expect(databaseChecks.map(({ id }) => resultOf(id, {}))).toEqual(databaseChecks.map(() => 'passed'));
  });

  it('asks none of them where there is no database and no health check', () => {
    const none = { pitr: null, replication: null, health: null };
    expect(databaseChecks.map(({ id }) => resultOf(id, none))).toEqual(databaseChecks.map(() => undefined));
  });

  it.each([
    ['wal_continuous', { pitr: pitr({ gaps: [gap] }) }, 'failed'],
    ['wal_continuous', { pitr: pitr({ windows: [] }) }, 'failed'],
    ['wal_continuous', { pitr: blind }, 'unknown'],
    ['wal_archived', { replication: replication({ archiver: null }) }, 'failed'],
    ['wal_archived', { replication: replication({ archiver: { ...archiver, lastFailedAt: ago(5) } }) }, 'failed'],
    ['wal_archived', { replication: replication({ archiver: { ...archiver, lastArchivedAt: null } }) }, 'failed'],
    ['wal_archived', { replication: replication({ archiver: { ...archiver, readySegments: 40 } }) }, 'failed'],
    ['wal_archived', { replication: replication({ archiver: { ...archiver, readySegments: null } }) }, 'unknown'],
    ['wal_archived', { replication: blind }, 'unknown'],
    ['block_incremental', { pitr: pitr({ blockIncremental: 'unsupported' }) }, 'failed'],
    ['replicas_current', { replication: replication({ replicas: [replica({ connected: false })] }) }, 'failed'],
    ['replicas_current', { replication: replication({ replicas: [replica({ lagSeconds: null })] }) }, 'unknown'],
    ['replicas_current', { replication: replication({ replicas: [replica({ lagSeconds: 900 })] }) }, 'failed'],
    ['replicas_current', { replication: replication({ replicas: [] }) }, undefined],
    ['service_healthy', { health: health('degraded') }, 'failed'],
    ['service_healthy', { health: health('unknown') }, 'unknown'],
  ] as const)('%s', (id, change, expected) => {
    expect(resultOf(id, change)).toBe(expected);
  });
});
