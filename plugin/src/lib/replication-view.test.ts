import type { ReplicaFacts, ReplicationFacts } from '@genesis-dr/exporter/contract';
import { isArchiverFailing, replicaRows, verdictOf, worstVerdict } from './replication-view.ts';

function replicaOf(change: Partial<ReplicaFacts>): ReplicaFacts {
  return {
    name: 'standby1',
    connected: true,
    state: 'streaming',
    syncState: 'async',
    writeLagSeconds: null,
    flushLagSeconds: null,
    replayLagSeconds: null,
    heartbeatLagSeconds: 0.4,
    lagSeconds: 0.4,
    lagBytes: 0,
    queueBytes: 0,
    slot: null,
    problem: null,
    ...change,
  };
}

const lostSlot = { name: 's', active: false, walStatus: 'lost', safeWalSizeBytes: null, retainedBytes: null } as const;

it.each([
  ['current', {}],
  ['lagging', { lagSeconds: 10 }],
  ['catching_up', { state: 'catchup' }],
  ['paused', { state: 'paused', lagSeconds: 0 }],
  ['unknown', { lagSeconds: null }],
  ['disconnected', { connected: false, lagSeconds: 0 }],
  ['disconnected', { state: 'disconnected' }],
  ['slot_lost', { connected: false, slot: lostSlot }],
] as const)('a standby is %s with %j', (verdict, change) => {
  expect(verdictOf(replicaOf(change), 10)).toBe(verdict);
});

it('lists the worst first, and has no verdict without a standby', () => {
  const facts: ReplicationFacts = {
    isPrimary: true,
    timeline: 1,
    walSegmentBytes: 2 ** 24,
    lagDegradedSeconds: 10,
    currentLsn: '0/3000000',
    replicas: [replicaOf({ name: 'b' }), replicaOf({ name: 'a' }), replicaOf({ name: 'gone', connected: false })],
    archiver: null,
    heartbeatIntervalSeconds: null,
    heartbeatAt: null,
    heartbeatProblem: null,
    problem: null,
  };
  const rows = replicaRows(facts);

  expect(rows.map(({ replica }) => replica.name)).toEqual(['gone', 'a', 'b']);
  expect(worstVerdict(rows)).toBe('disconnected');
  expect(worstVerdict([])).toBeNull();
});

it('knows whether the archiver has succeeded since it failed', () => {
  const [early, late] = ['2026-11-22T02:00:00.000Z', '2026-11-22T03:00:00.000Z'];
  expect(isArchiverFailing({ lastArchivedAt: late, lastFailedAt: early })).toBe(false);
  expect(isArchiverFailing({ lastArchivedAt: early, lastFailedAt: late })).toBe(true);
  expect(isArchiverFailing({ lastArchivedAt: null, lastFailedAt: late })).toBe(true);
  expect(isArchiverFailing({ lastArchivedAt: early, lastFailedAt: null })).toBe(false);
});
