import type { Row } from '../board.ts';
import { serviceLinks } from '../links.ts';
import { panel, target, upOrDown, value, yesOrNo } from '../panel.ts';
import { largest, linesShown, maxBy, minBy, scoped, serviceKey, shareOf, since, smallest } from '../query.ts';

// Rows about servers of PostgreSQL and their standbys, on the board about replication.

const byCopy = ['cluster', 'service', 'replica'] as const;
const links = serviceLinks('line');
const copy = '{{service}} {{replica}}';
/** Of what copies and standbys both have, the standbys: only they have a state of their own. */
const standbyOnly = (expr: string): string =>
  `${expr} and on (${byCopy.join(', ')}) ${maxBy(byCopy, 'genesis_replication_state')}`;

export const standbys: Row = {
  title: 'Standbys of PostgreSQL',
  panels: [
    panel.table(
      'Each standby',
      'What the primary and the standby itself say. A standby that is gone has no lag here: nobody knows it.',
      byCopy,
      [
        {
          title: 'Connected',
          expr: standbyOnly(maxBy(byCopy, 'genesis_replication_connected')),
          unit: 'none',
          words: yesOrNo,
        },
        {
          title: 'In sync',
          expr: standbyOnly(minBy(byCopy, 'genesis_replication_synced')),
          unit: 'none',
          words: yesOrNo,
        },
        { title: 'Lag', expr: standbyOnly(maxBy(byCopy, 'genesis_replication_lag_seconds')), unit: 's' },
        { title: 'Not replayed', expr: maxBy(byCopy, 'genesis_replication_lag_bytes'), unit: 'bytes' },
        { title: 'To send', expr: maxBy(byCopy, 'genesis_replication_queue_bytes'), unit: 'bytes' },
        { title: 'Kept by its slot', expr: maxBy(byCopy, 'genesis_replication_slot_retained_bytes'), unit: 'bytes' },
        { title: 'Room of its slot', expr: minBy(byCopy, 'genesis_replication_slot_safe_bytes'), unit: 'bytes' },
        {
          title: 'Degraded',
          expr: maxBy(byCopy, 'genesis_replication_degraded'),
          unit: 'none',
          words: { '1': { text: 'yes', color: 'orange' }, '0': { text: 'no', color: 'green' } },
        },
        {
          title: 'Slot in use',
          expr: maxBy(byCopy, 'genesis_replication_slot_active'),
          unit: 'none',
          words: yesOrNo,
        },
        {
          title: 'Commits wait for it',
          expr: maxBy(byCopy, 'genesis_replication_synchronous'),
          unit: 'none',
          words: { '1': { text: 'yes', color: 'blue' }, '0': { text: 'no', color: 'text' } },
        },
      ],
      { keyLinks: { service: serviceLinks('row') }, noValue: 'unknown' },
    ),
    panel.timeseries(
      'WAL not replayed',
      'bytes',
      `What the primary has written and a standby has not replayed: the ${linesShown} furthest behind.`,
      value(largest(linesShown, maxBy(byCopy, 'genesis_replication_lag_bytes')), copy),
      { links, min: 0, noValue: 'no standby seen' },
    ),
    panel.timeseries(
      'WAL kept for slots',
      'bytes',
      `What the primary keeps until a standby has it: the ${linesShown} largest. It fills the disk of the primary, or the slot is lost.`,
      value(largest(linesShown, maxBy(byCopy, 'genesis_replication_slot_retained_bytes')), copy),
      { links, min: 0, noValue: 'no slot seen' },
    ),
    panel.timeseries(
      'Write, flush and replay as the primary measures them',
      's',
      'Time until the slowest standby of each service had written, flushed and replayed recent WAL. Nothing while idle or disconnected; the lag above stays true then.',
      [
        value(maxBy(serviceKey, 'genesis_replication_write_lag_seconds'), '{{service}} written'),
        target(maxBy(serviceKey, 'genesis_replication_flush_lag_seconds'), '{{service}} on disk'),
        target(maxBy(serviceKey, 'genesis_replication_replay_lag_seconds'), '{{service}} replayed'),
      ],
      { links, min: 0, noValue: 'none measured' },
    ),
    panel.timeseries(
      'Slots by state',
      'none',
      'Unreserved ones are about to be lost; a standby with a lost one has to be made anew.',
      value(`sum by (state) (${maxBy([...byCopy, 'state'], 'genesis_replication_slot_state')})`, '{{state}}'),
      { min: 0, noValue: 'no slot seen' },
    ),
    panel.timeseries(
      'Age of the heartbeat on the primary',
      's',
      'What tells the lag when a link is cut. It grows when the row is not written.',
      [
        value(largest(linesShown, since(serviceKey, 'genesis_replication_heartbeat_timestamp_seconds')), '{{service}}'),
        target(`max(${maxBy(serviceKey, 'genesis_replication_heartbeat_interval_seconds')})`, 'longest interval'),
      ],
      { links, min: 0, width: 24, noValue: 'no heartbeat seen' },
    ),
  ],
};

const byRepository = ['cluster', 'service', 'repository'] as const;
const byNode = ['cluster', 'service', 'node'] as const;
export const wal: Row = {
  title: 'WAL archive of PostgreSQL',
  panels: [
    panel.timeseries(
      'WAL segments that wait for the archive',
      'none',
      'A backlog that grows means that archiving is stuck; an idle database archives nothing and has none.',
      value(largest(linesShown, maxBy(byNode, 'genesis_wal_archive_ready_segments')), '{{service}} {{node}}'),
      { links, min: 0, noValue: 'no PostgreSQL seen' },
    ),
    panel.timeseries(
      'Time since a WAL segment was archived',
      's',
      'Grows on an idle database too: look at the backlog beside it.',
      value(
        largest(linesShown, since(byNode, 'genesis_wal_archive_last_success_timestamp_seconds')),
        '{{service}} {{node}}',
      ),
      { links, min: 0, noValue: 'no PostgreSQL seen' },
    ),
    panel.stateTimeline(
      'Archiving',
      'none',
      'Whether the segment that was tried last was archived. A gap means that nothing was known.',
      value(largest(linesShown, maxBy(byNode, 'genesis_wal_archive_failing')), '{{service}} {{node}}'),
      { words: { '0': { text: 'archived', color: 'green' }, '1': { text: 'refused', color: 'red' } }, links },
    ),
    panel.table(
      'Recovery windows',
      'How far each repository can bring a database back, and what is missing in it. A gap ends the window there.',
      byRepository,
      [
        { title: 'Begins', expr: since(byRepository, 'genesis_recovery_window_start_timestamp_seconds'), unit: 's' },
        { title: 'Ends', expr: since(byRepository, 'genesis_recovery_window_end_timestamp_seconds'), unit: 's' },
        { title: 'Missing segments', expr: maxBy(byRepository, 'genesis_wal_gap_segments'), unit: 'none' },
      ],
      { keyLinks: { service: serviceLinks('row') }, noValue: 'none seen' },
    ),
    panel.timeseries(
      'Missing WAL segments',
      'none',
      'Anything above zero: no moment behind the gap can be reached from a backup before it.',
      value(largest(linesShown, maxBy(byRepository, 'genesis_wal_gap_segments')), '{{service}} {{repository}}'),
      { links, min: 0, noValue: 'no archive seen' },
    ),
    panel.stateTimeline(
      'Increments of blocks',
      'none',
      'Whether increments hold changed blocks or whole files. Nothing where the installed product cannot.',
      value(smallest(linesShown, maxBy(serviceKey, 'genesis_backup_block_incremental')), '{{service}}'),
      {
        width: 12,
        words: { '1': { text: 'blocks', color: 'green' }, '0': { text: 'whole files', color: 'text' } },
        links,
      },
    ),
  ],
};

const byDatabase = ['cluster', 'service', 'database'] as const;
/** Every exporter reads the same totals of the server: one of them is taken. */
const transactions = (name: 'genesis_database_commits_total' | 'genesis_database_rollbacks_total'): string =>
  `sum(max without (instance) (rate(${scoped(name)}[$__rate_interval])))`;
const byTable = ['cluster', 'service', 'table'] as const;
export const database: Row = {
  title: 'Databases',
  panels: [
    panel.stateTimeline(
      'Primary',
      'none',
      'Whether the server that is configured as the primary answers and accepts writes.',
      value(smallest(linesShown, maxBy(serviceKey, 'genesis_database_up')), '{{service}}'),
      { words: upOrDown, links },
    ),
    panel.timeseries(
      'Connections in use',
      'percentunit',
      `Connections of clients of those that the server allows: the ${linesShown} fullest.`,
      value(
        largest(
          linesShown,
          shareOf(
            maxBy(serviceKey, 'genesis_database_connections'),
            maxBy(serviceKey, 'genesis_database_connections_max'),
          ),
        ),
        '{{service}}',
      ),
      { links, min: 0, max: 1, noValue: 'no PostgreSQL seen' },
    ),
    panel.timeseries(
      'Locks that are waited for',
      'none',
      'More than a few for more than a moment: look for the oldest transaction.',
      value(largest(linesShown, maxBy(serviceKey, 'genesis_database_locks_waiting')), '{{service}}'),
      { links, min: 0, noValue: 'no PostgreSQL seen' },
    ),
    panel.timeseries(
      'Oldest transaction',
      's',
      'It holds its locks, and what it may still read cannot be cleaned up.',
      value(largest(linesShown, maxBy(serviceKey, 'genesis_database_longest_transaction_seconds')), '{{service}}'),
      { links, min: 0, noValue: 'none is open' },
    ),
    panel.timeseries(
      'Transactions a second',
      'none',
      'Committed and rolled back, of all databases shown.',
      [
        value(transactions('genesis_database_commits_total'), 'committed'),
        target(transactions('genesis_database_rollbacks_total'), 'rolled back'),
      ],
      { min: 0, noValue: 'no PostgreSQL seen' },
    ),
    panel.timeseries(
      'Size of databases',
      'bytes',
      `What the ${linesShown} largest databases take on disk.`,
      value(largest(linesShown, maxBy(byDatabase, 'genesis_database_size_bytes')), '{{service}} {{database}}'),
      { links, min: 0, noValue: 'no PostgreSQL seen' },
    ),
    panel.timeseries(
      'Size of tables',
      'bytes',
      `What the ${linesShown} largest tables take with their indexes.`,
      value(largest(linesShown, maxBy(byTable, 'genesis_database_table_size_bytes')), '{{service}} {{table}}'),
      { links, min: 0, noValue: 'no PostgreSQL seen' },
    ),
    panel.timeseries(
      'Slowest query',
      's',
      'Mean time of the slowest of the twenty queries that cost most; the page of the service says which.',
      value(largest(linesShown, maxBy(serviceKey, 'genesis_database_slowest_query_seconds')), '{{service}}'),
      { links, min: 0, width: 24, noValue: 'pg_stat_statements is not there' },
    ),
  ],
};
