import type { ArchiverFacts, DatabaseFacts } from '../postgres.ts';
import { serviceGauge, type MetricUnit, type SampleValue } from './family.ts';
import { flag } from './reading.ts';

/** The server whose archive is watched: the one that is configured as the primary. */
const node = 'primary';

/** One sample of the archive of the primary; absent where archiving is off. */
function ofArchiver(help: string, unit: MetricUnit, value: (archiver: ArchiverFacts) => SampleValue) {
  return serviceGauge({
    help,
    unit,
    labels: ['node'],
    read: ({ replication }, emit) => {
      const archiver = replication?.archiver ?? null;
      if (archiver !== null) emit(value(archiver), node);
    },
  });
}

/** One sample a service whose statistics are read. */
function ofServer(help: string, unit: MetricUnit, value: (facts: DatabaseFacts) => SampleValue) {
  return serviceGauge({ help, unit, read: ({ database }, emit) => emit(database === null ? null : value(database)) });
}

/** One sample a database, at most twenty. */
function ofDatabases(help: string, unit: MetricUnit, value: (database: DatabaseFacts['databases'][number]) => number) {
  return serviceGauge({
    help,
    unit,
    labels: ['database'],
    read: (reading, emit) => {
      for (const database of reading.database?.databases ?? []) emit(value(database), database.name);
    },
  });
}

/** A total that the server counts and this only reads. */
function counted<F extends object>(family: F): Omit<F, 'type'> & { readonly type: 'counter' } {
  return { ...family, type: 'counter' };
}

/** Whether the newest segment that was tried could not be archived. Pure. */
function isFailing({ lastFailedAt, lastArchivedAt }: ArchiverFacts): boolean {
  if (lastFailedAt === null) return false;
  return lastArchivedAt === null || Date.parse(lastFailedAt) > Date.parse(lastArchivedAt);
}

export const databaseMetrics = {
  genesis_database_up: serviceGauge({
    help: 'Whether the server that is configured as the primary answers and accepts writes.',
    unit: 'boolean',
    read: ({ service, replication }, emit) => {
      if (service.replication === null) return;
      // A reading that failed says that it does not answer; an old one says nothing.
      emit(service.replication.known ? flag(replication?.isPrimary) : 0);
    },
  }),

  genesis_wal_archive_ready_segments: ofArchiver(
    'WAL segments that wait to be archived.',
    'count',
    (archiver) => archiver.readySegments,
  ),
  genesis_wal_archive_last_success_timestamp_seconds: ofArchiver(
    'When a WAL segment was last archived.',
    'timestamp',
    (archiver) => archiver.lastArchivedAt,
  ),
  genesis_wal_archive_failing: ofArchiver(
    'Whether the WAL segment that was tried last could not be archived.',
    'boolean',
    (archiver) => flag(isFailing(archiver)),
  ),

  genesis_database_connections: ofServer('Connections of clients.', 'count', (facts) => facts.connectionsUsed),
  genesis_database_connections_max: ofServer(
    'Connections that the server allows (max_connections).',
    'count',
    (facts) => facts.connectionsMax,
  ),
  genesis_database_locks_waiting: ofServer('Locks that somebody waits for.', 'count', (facts) => facts.locksWaiting),
  genesis_database_longest_transaction_seconds: ofServer(
    'Age of the oldest open transaction; absent when there is none.',
    'seconds',
    (facts) => facts.longestTransactionSeconds,
  ),
  genesis_database_size_bytes: ofDatabases('Size of the database.', 'bytes', (database) => database.bytes),
  genesis_database_commits_total: counted(
    ofDatabases('Transactions committed since the statistics of the database were reset.', 'count', (d) => d.commits),
  ),
  genesis_database_rollbacks_total: counted(
    ofDatabases(
      'Transactions rolled back since the statistics of the database were reset.',
      'count',
      (d) => d.rollbacks,
    ),
  ),
  genesis_database_table_size_bytes: serviceGauge({
    help: 'Size of each of the twenty largest tables with its indexes.',
    unit: 'bytes',
    labels: ['table'],
    read: ({ database }, emit) => {
      for (const table of database?.tables ?? []) emit(table.bytes, table.name);
    },
  }),
  genesis_database_slowest_query_seconds: ofServer(
    'Mean time of the slowest of the twenty queries that cost most; which it is, is in the API.',
    'seconds',
    ({ queries }) => (queries === null || queries.length === 0 ? null : Math.max(...queries.map((q) => q.meanSeconds))),
  ),
} as const;
