import { OpError } from '../errors.ts';
import { known, unknown } from '../observed.ts';
import type { ArchiverFacts, DatabaseFacts, PitrFacts, ReplicaFacts, ReplicationFacts } from '../postgres.ts';
import type { ServiceSnapshot } from '../snapshot.ts';
import { ago, serviceWith, snapshotWith, testNow } from '../testing.ts';
import { levelLimits, metricCatalogue, readService, type ServiceFamily } from './index.ts';

const well: ReplicaFacts = {
  name: 'one',
  connected: true,
  state: 'streaming',
  syncState: 'quorum',
  writeLagSeconds: 0.001,
  flushLagSeconds: 0.002,
  replayLagSeconds: 0.003,
  heartbeatLagSeconds: 4,
  lagSeconds: 0.003,
  lagBytes: 64,
  queueBytes: 40_000_000,
  slot: { name: 'one', active: true, walStatus: 'reserved', safeWalSizeBytes: 900, retainedBytes: 100 },
  problem: null,
};
const gone: ReplicaFacts = {
  name: 'two',
  connected: false,
  state: 'disconnected',
  syncState: null,
  writeLagSeconds: null,
  flushLagSeconds: null,
  replayLagSeconds: null,
  heartbeatLagSeconds: null,
  lagSeconds: null,
  lagBytes: null,
  queueBytes: null,
  slot: { name: 'two', active: false, walStatus: 'lost', safeWalSizeBytes: null, retainedBytes: null },
  problem: 'no connection from two',
};
const archiver: ArchiverFacts = {
  readySegments: 3,
  lastArchivedAt: ago(60),
  lastArchivedWal: '000000010000000000000016',
  lastFailedAt: ago(120),
  lastFailedWal: '000000010000000000000015',
  failedCount: 1,
};
const facts: ReplicationFacts = {
  isPrimary: true,
  timeline: 1,
  currentLsn: '0/1700158',
  walSegmentBytes: 16_777_216,
  lagDegradedSeconds: 10,
  replicas: [well, gone],
  archiver,
  heartbeatIntervalSeconds: 5,
  heartbeatAt: ago(2),
  heartbeatProblem: null,
  problem: null,
};
const database: DatabaseFacts = {
  version: '15.18',
  connectionsUsed: 12,
  connectionsMax: 100,
  locksWaiting: 0,
  longestTransactionSeconds: null,
  databases: [{ name: 'shop', bytes: 8_000_000, commits: 500, rollbacks: 2 }],
  tables: [{ name: 'public.orders', bytes: 5_000_000, rows: 900 }],
  queries: [
    { id: '1', text: 'SELECT 1', calls: 10, totalSeconds: 1, meanSeconds: 0.1 },
    { id: '2', text: 'SELECT 2', calls: 1, totalSeconds: 0.5, meanSeconds: 0.5 },
  ],
};

const failed = unknown(ago(1), new OpError('postgres_unreachable', 'gone'));

/** Samples of a family, as `labels value`; labels without cluster, service and region. */
function samples(name: keyof typeof metricCatalogue, change: Partial<ServiceSnapshot>): string[] {
  const service = serviceWith({ copies: [], ...change });
  const snapshot = snapshotWith({
    services: [service],
    collectors: [
      { name: 'replication', intervalSeconds: 5, success: true, durationSeconds: 0.1, lastSuccessAt: ago(1) },
      { name: 'wal', intervalSeconds: 60, success: true, durationSeconds: 0.1, lastSuccessAt: ago(1) },
      { name: 'copies', intervalSeconds: 10, success: true, durationSeconds: 0.1, lastSuccessAt: ago(1) },
    ],
  });
  const found: string[] = [];
  const family = metricCatalogue[name] as ServiceFamily;
  family.read(readService(service, new Map(), levelLimits(snapshot), +testNow), (value, ...labels) => {
    if (value !== null) found.push([...labels, value].join(' '));
  });
  return found;
}
const replicating = (change: Partial<ReplicationFacts> = {}) => ({
  replication: known(ago(1), { ...facts, ...change }),
});
const withReplica = (change: Partial<ReplicaFacts>) => replicating({ replicas: [{ ...well, ...change }] });

describe('metrics of standbys', () => {
  it('have no sample for what is not known of one that is gone', () => {
    expect(samples('genesis_replication_connected', replicating())).toEqual(['one 1', 'two 0']);
    expect(samples('genesis_replication_synced', replicating())).toEqual(['one 1', 'two 0']);
    for (const name of [
      'genesis_replication_lag_seconds',
      'genesis_replication_lag_bytes',
      'genesis_replication_queue_bytes',
      'genesis_replication_queue_size',
      'genesis_replication_degraded',
      'genesis_replication_synchronous',
      'genesis_replication_replay_lag_seconds',
      'genesis_replication_slot_safe_bytes',
    ] as const)
      expect([name, samples(name, replicating()).map((sample) => sample.split(' ')[0])]).toEqual([name, ['one']]);
  });

  it('stand beside those of copies', () => {
    const { copies } = serviceWith();

    expect(samples('genesis_replication_lag_seconds', { ...replicating(), copies })).toEqual(['second 0', 'one 0.003']);
    expect(samples('genesis_replication_same_disk', { ...replicating(), copies })).toEqual(['second 0']);
  });

  it('count whole segments to send', () => {
    expect(samples('genesis_replication_queue_size', replicating())).toEqual(['one 2']);
    expect(samples('genesis_replication_queue_size', replicating({ walSegmentBytes: null }))).toEqual([]);
  });

  it.each([
    ['close behind', {}, ['one 1'], ['one 0']],
    ['at lag_degraded', { lagSeconds: 10 }, ['one 0'], ['one 1']],
    ['catching up', { state: 'catchup' }, ['one 0'], ['one 0']],
    ['paused', { state: 'paused' }, ['one 0'], ['one 0']],
    ['of unknown lag', { lagSeconds: null }, [], []],
    ['cut off, with a known lag', { connected: false, lagSeconds: 60 }, ['one 0'], ['one 1']],
  ] as const)('say of one %s whether it is in sync and degraded', (_, change, synced, degraded) => {
    expect(samples('genesis_replication_synced', withReplica(change))).toEqual(synced);
    expect(samples('genesis_replication_degraded', withReplica(change))).toEqual(degraded);
  });

  it('show one state of each standby and slot', () => {
    expect(samples('genesis_replication_state', replicating()).filter((s) => s.endsWith(' 1'))).toEqual([
      'one streaming 1',
      'two disconnected 1',
    ]);
    expect(samples('genesis_replication_slot_state', replicating()).filter((s) => s.endsWith(' 1'))).toEqual([
      'one reserved 1',
      'two lost 1',
    ]);
  });

  it('go with a reading that is old or failed', () => {
    expect(samples('genesis_replication_connected', { replication: known(ago(16), facts) })).toEqual([]);
    expect(samples('genesis_replication_connected', { replication: failed })).toEqual([]);
  });

  it('say that a server is down when it did not answer or is a standby, and nothing when nobody asked lately', () => {
    expect(samples('genesis_database_up', replicating())).toEqual(['1']);
    expect(samples('genesis_database_up', replicating({ isPrimary: false }))).toEqual(['0']);
    expect(samples('genesis_database_up', { replication: failed })).toEqual(['0']);
    expect(samples('genesis_database_up', { replication: known(ago(16), facts) })).toEqual([]);
    expect(samples('genesis_database_up', { replication: null })).toEqual([]);
  });
});

describe('metrics of the archive', () => {
  it('say that it fails while the last try was a failure', () => {
    expect(samples('genesis_wal_archive_failing', replicating())).toEqual(['primary 0']);
    const failing = { ...archiver, lastFailedAt: ago(1) };
    expect(samples('genesis_wal_archive_failing', replicating({ archiver: failing }))).toEqual(['primary 1']);
    expect(samples('genesis_wal_archive_failing', replicating({ archiver: null }))).toEqual([]);
    expect(samples('genesis_wal_archive_ready_segments', replicating())).toEqual(['primary 3']);
  });
});

describe('metrics of a server', () => {
  const measured = { database: known(ago(1), database) };

  it('show what was read and leave out what is not there', () => {
    expect(samples('genesis_database_connections', measured)).toEqual(['12']);
    expect(samples('genesis_database_longest_transaction_seconds', measured)).toEqual([]);
    expect(samples('genesis_database_size_bytes', measured)).toEqual(['shop 8000000']);
    expect(samples('genesis_database_commits_total', measured)).toEqual(['shop 500']);
    expect(samples('genesis_database_table_size_bytes', measured)).toEqual(['public.orders 5000000']);
    expect(samples('genesis_database_slowest_query_seconds', measured)).toEqual(['0.5']);
    const without = { database: known(ago(1), { ...database, queries: null }) };
    expect(samples('genesis_database_slowest_query_seconds', without)).toEqual([]);
    expect(samples('genesis_database_connections', { database: null })).toEqual([]);
  });
});

describe('metrics of the recovery window', () => {
  const window = (repository: string, from: number, to: number) => ({
    from: ago(from),
    to: ago(to),
    timeline: 1,
    repository,
  });
  const pitr: PitrFacts = {
    windows: [window('repository', 9000, 5000), window('repository', 3000, 60), window('second', 9000, 120)],
    gaps: [
      {
        repository: 'repository',
        timeline: 1,
        firstSegment: '000000010000000000000020',
        lastSegment: '000000010000000000000021',
        segments: 2,
        from: ago(5000),
        to: ago(3500),
      },
    ],
    newestRestorableAt: ago(60),
    oldestRestorableAt: ago(9000),
    segments: 90,
    blockIncremental: 'unsupported',
    version: '2.45',
  };
  const scanned = (change: Partial<PitrFacts> = {}) => ({ pitr: known(ago(1), { ...pitr, ...change }) });

  it('counts missing segments by repository, 0 where none is missing', () => {
    expect(samples('genesis_wal_gap_segments', scanned())).toEqual(['repository 2', 'second 0']);
    expect(samples('genesis_wal_gap_segments', scanned({ windows: [] }))).toEqual(['repository 2']);
    expect(samples('genesis_wal_gap_segments', { pitr: failed })).toEqual([]);
    expect(samples('genesis_wal_gap_segments', { pitr: null })).toEqual([]);
  });

  it('takes the stretch after the last gap for the window', () => {
    expect(samples('genesis_recovery_window_start_timestamp_seconds', scanned())).toEqual([
      `repository ${ago(3000)}`,
      `second ${ago(9000)}`,
    ]);
    expect(samples('genesis_recovery_window_end_timestamp_seconds', scanned())).toEqual([
      `repository ${ago(60)}`,
      `second ${ago(120)}`,
    ]);
  });

  it('says whether increments are of blocks only where they can be', () => {
    expect(samples('genesis_backup_block_incremental', scanned())).toEqual([]);
    expect(samples('genesis_backup_block_incremental', scanned({ blockIncremental: 'on' }))).toEqual(['1']);
    expect(samples('genesis_backup_block_incremental', scanned({ blockIncremental: 'off' }))).toEqual(['0']);
  });
});
