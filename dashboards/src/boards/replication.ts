import type { Board, Row } from '../board.ts';
import { serviceLinks } from '../links.ts';
import { allSteps, limitSteps, noneSteps, panel, target, upOrDown, value, yesOrNo } from '../panel.ts';
import {
  increaseBy,
  largest,
  linesShown,
  maxBy,
  minBy,
  objective,
  scoped,
  serviceKey,
  shareOf,
  since,
  smallest,
} from '../query.ts';
import { database, standbys, wal } from './postgres.ts';

const byCopy = ['cluster', 'service', 'replica'] as const;
const lag = maxBy(byCopy, 'genesis_replication_lag_seconds');
const queue = maxBy(byCopy, 'genesis_replication_queue_size');
const links = serviceLinks('line');
const copy = '{{service}} {{replica}}';

const now: Row = {
  title: 'Now',
  panels: [
    panel.gauge(
      'Worst lag of its SLA',
      'percentunit',
      'Largest share of replication_sla that a service has used up: 100 % is the limit.',
      value(
        `max(${shareOf(maxBy(serviceKey, 'genesis_replication_lag_seconds'), objective('replication_sla'))})`,
        'of replication_sla',
      ),
      { min: 0, max: 1.5, steps: limitSteps, noValue: 'no copy seen', height: 8 },
    ),
    panel.stat('Largest lag', 's', 'Copy or replica that is furthest behind.', value(`max(${lag})`, 'lag'), {
      width: 9,
      noValue: 'no copy seen',
    }),
    panel.stat(
      'Waiting',
      'none',
      'Backups still to be brought into a copy, and WAL segments still to be sent to a standby.',
      value(`sum(${queue})`, 'backups or segments'),
      {
        width: 9,
        noValue: 'no copy seen',
      },
    ),
    panel.stat(
      'Sync status',
      'percentunit',
      'Share of the copies that can be reached and lack nothing.',
      value(`avg(${minBy(byCopy, 'genesis_replication_synced')})`, 'in sync'),
      { width: 9, steps: allSteps, noValue: 'no copy seen' },
    ),
    panel.stat(
      'Unreachable',
      'none',
      'Copies and replicas that cannot be reached now.',
      value(`sum(1 - ${maxBy(byCopy, 'genesis_replication_connected')})`, 'copies'),
      { width: 9, steps: noneSteps, noValue: 'no copy seen' },
    ),
  ],
};

const lags: Row = {
  title: 'Lag and queue',
  panels: [
    panel.timeseries(
      'Replication lag',
      's',
      `How far copies and replicas are behind: the ${linesShown} furthest of each moment, and the tightest replication_sla. Whether a copy can be reached at all is in the sync status.`,
      [value(largest(linesShown, lag), copy), target(`min(${objective('replication_sla')})`, 'replication_sla')],
      { links, min: 0 },
    ),
    panel.timeseries(
      'Queue size',
      'none',
      `Backups still to be brought into a copy, WAL segments to be sent to a standby: the ${linesShown} longest queues.`,
      value(largest(linesShown, queue), copy),
      { links, min: 0 },
    ),
    panel.timeseries(
      'Backlog trend',
      'none',
      'How the queue changes, in backups an hour over half an hour: above zero the copy falls behind.',
      value(
        `3600 * max by (cluster, service, replica) (deriv(${scoped('genesis_replication_queue_size')}[30m]))`,
        copy,
      ),
      { links },
    ),
    panel.timeseries(
      'Age of the newest backup in each copy',
      's',
      'What would be lost if only the copy were left.',
      value(largest(linesShown, since(byCopy, 'genesis_replication_newest_backup_timestamp_seconds')), copy),
      { links, min: 0, noValue: 'none known' },
    ),
  ],
};

const sync: Row = {
  title: 'Sync status over time',
  panels: [
    panel.stateTimeline(
      'Copies in sync',
      'none',
      'Whether each copy can be reached and lacks nothing. A gap means that nothing was known.',
      value(smallest(linesShown, minBy(byCopy, 'genesis_replication_synced')), copy),
      {
        width: 12,
        words: { '1': { text: 'in sync', color: 'green' }, '0': { text: 'behind or lost', color: 'red' } },
        links,
      },
    ),
    panel.stateTimeline(
      'Connections',
      'none',
      'Whether each copy or replica can be reached.',
      value(smallest(linesShown, maxBy(byCopy, 'genesis_replication_connected')), copy),
      { width: 12, words: upOrDown, links },
    ),
  ],
};

const work: Row = {
  title: 'Copying',
  panels: [
    panel.bars(
      'Copied backups by result',
      'none',
      'Backups brought into a copy and verified there.',
      value(
        `sum by (result) (${increaseBy(['cluster', 'service', 'result'], 'genesis_replication_copies_total', '$__rate_interval')})`,
        '{{result}}',
      ),
      { min: 0 },
    ),
    panel.timeseries(
      'Mean copy time',
      's',
      'Mean time that bringing a backup into each copy took over the last 7 days, of those that Prometheus saw end.',
      value(
        `${increaseBy(byCopy, 'genesis_replication_copy_seconds_total', '7d')} / on (cluster, service, replica) (${increaseBy(byCopy, 'genesis_replication_copies_total', '7d')} > 0)`,
        '{{service}} {{replica}}',
      ),
      { links, min: 0, noValue: 'none seen in seven days' },
    ),
    panel.table(
      'Each copy',
      'Lag against replication_sla, queue, place and space of each copy.',
      byCopy,
      [
        { title: 'Connected', expr: maxBy(byCopy, 'genesis_replication_connected'), unit: 'none', words: yesOrNo },
        { title: 'In sync', expr: minBy(byCopy, 'genesis_replication_synced'), unit: 'none', words: yesOrNo },
        { title: 'Lag', expr: lag, unit: 's' },
        { title: 'Waiting', expr: queue, unit: 'none' },
        {
          title: 'On the repository disk',
          expr: maxBy(byCopy, 'genesis_replication_same_disk'),
          unit: 'none',
          words: { '1': { text: 'yes', color: 'red' }, '0': { text: 'no', color: 'green' } },
        },
        { title: 'Free', expr: minBy(byCopy, 'genesis_replication_free_bytes'), unit: 'bytes' },
        {
          title: 'Newest backup',
          expr: since(byCopy, 'genesis_replication_newest_backup_timestamp_seconds'),
          unit: 's',
        },
      ],
      { keyLinks: { service: serviceLinks('row') }, noValue: 'unknown' },
    ),
  ],
};

export const replication: Board = {
  uid: 'replication',
  title: 'Replication Monitor',
  description: 'Are all copies and replicas connected, complete and close behind?',
  range: '24h',
  refresh: '30s',
  scope: ['cluster', 'region', 'service'],
  page: 'backups',
  rows: [now, lags, standbys, sync, work, wal, database],
};
