import type { Board, BoardContext, Row } from '../board.ts';
import { serviceLinks } from '../links.ts';
import type { Limits } from '../limits.ts';
import { countdownSteps, limit, noneSteps, panel, target, value } from '../panel.ts';
import {
  increaseBy,
  largest,
  linesShown,
  maxBy,
  minBy,
  objective,
  scoped,
  serviceKey,
  since,
  smallest,
} from '../query.ts';
import { detail } from './backup-table.ts';

const age = since(serviceKey, 'genesis_backup_last_success_timestamp_seconds');
const links = serviceLinks('line');
/** Three of the width of the board, low: titles are read in full. */
const figure = { width: 8, height: 3 } as const;
const byType = ['cluster', 'service', 'backup_type'] as const;

function now(limits: Limits): Row {
  return {
    title: 'Now',
    panels: [
      panel.stat(
        'Time since last backup',
        's',
        'Age of the newest usable backup of the service that is worst off.',
        value(`max(${age})`, 'age'),
        { ...figure, noValue: 'no backup known' },
      ),
      panel.stat(
        'Next backup countdown',
        's',
        'Time until the next scheduled backup of any chosen service; below zero it is overdue.',
        value(`min(${scoped('genesis_backup_next_in_seconds')})`, 'next'),
        { ...figure, steps: countdownSteps, noValue: 'no schedule known' },
      ),
      panel.stat(
        'Last attempt failed',
        'none',
        'Backup types whose last attempt failed; stays until one succeeds.',
        value(`sum(1 - ${minBy(byType, 'genesis_backup_last_status')})`, 'types'),
        { ...figure, steps: noneSteps, noValue: 'no attempt known' },
      ),
      panel.stat(
        'Backups in the last day',
        'none',
        'Backups that succeeded in the last 24 hours, as far as Prometheus saw it: what ended before its first look is not counted.',
        value(`sum(${increaseBy(serviceKey, 'genesis_backup_total', '1d', { result: 'success' })})`, 'backups'),
        { ...figure, decimals: 0 },
      ),
      panel.stat(
        'Longest since a verification',
        's',
        'Longest time since a backup of a service was read back and found whole.',
        value(`max(${since(serviceKey, 'genesis_backup_last_verified_timestamp_seconds')})`, 'age'),
        { ...figure, noValue: 'no verification known' },
      ),
      panel.stat(
        'Least free repository',
        'percentunit',
        'Free share of the fullest repository.',
        value(
          `min(${minBy(serviceKey, 'genesis_backup_repository_free_bytes')} / on (cluster, service) (${maxBy(serviceKey, 'genesis_backup_repository_size_bytes')} > 0))`,
          'free',
        ),
        {
          ...figure,
          steps: [
            { from: null, color: 'red' },
            { from: limits.repository_free_critical, color: 'yellow' },
            { from: limits.repository_free, color: 'green' },
          ],
        },
      ),
    ],
  };
}

const trends: Row = {
  title: 'Age and size',
  panels: [
    panel.timeseries(
      'Backup age trend',
      's',
      `Age of the newest usable backup: the ${linesShown} oldest of each moment, the tightest backup_sla, and where BackupTooOld fires.`,
      [
        value(largest(linesShown, age), '{{service}}'),
        target(`min(${objective('backup_sla')})`, 'backup_sla'),
        limit(`min(${maxBy(serviceKey, 'genesis_backup_age_threshold_seconds')})`, 'BackupTooOld'),
      ],
      { links, min: 0, noValue: 'none known' },
    ),
    panel.timeseries(
      'Backup size history',
      'bytes',
      `What the last successful backup takes in the repository: the ${linesShown} largest.`,
      value(largest(linesShown, maxBy(byType, 'genesis_backup_size_bytes')), '{{service}} {{backup_type}}'),
      { links, min: 0, noValue: 'none known' },
    ),
    panel.timeseries(
      'Size against the usual',
      'percentunit',
      'Size of the newest backup over the median of the last ten of its type: far from 100 % means that something is missing, or was added.',
      value(
        `${maxBy(byType, 'genesis_backup_size_bytes')} / on (cluster, service, backup_type) (${maxBy(byType, 'genesis_backup_baseline_size_bytes')} > 0)`,
        '{{service}} {{backup_type}}',
      ),
      { links, min: 0, noValue: 'needs three backups of a type' },
    ),
    panel.timeseries(
      'Content against what is stored',
      'bytes',
      'What all backups take in the repositories, and the content that the newest backups protect.',
      [
        value(`sum(${maxBy(serviceKey, 'genesis_backup_stored_bytes')})`, 'stored'),
        value(`sum(max by (cluster, service) (${scoped('genesis_backup_content_bytes')}))`, 'protected content'),
      ],
      { min: 0 },
    ),
    panel.timeseries(
      'Free space of repositories',
      'bytes',
      `Free space where the repository of a service stands: the ${linesShown} with least.`,
      value(smallest(linesShown, minBy(serviceKey, 'genesis_backup_repository_free_bytes')), '{{service}}'),
      { links, min: 0 },
    ),
    panel.timeseries(
      'Backups in the catalogue',
      'none',
      'Usable backups of each service.',
      value(smallest(linesShown, maxBy(serviceKey, 'genesis_backups')), '{{service}}'),
      { links, min: 0, decimals: 0 },
    ),
  ],
};

const runs: Row = {
  title: 'Runs',
  panels: [
    panel.timeseries(
      'Backups a day',
      'none',
      'Backups that succeeded in the 24 hours before each moment.',
      value(
        largest(linesShown, increaseBy(serviceKey, 'genesis_backup_total', '1d', { result: 'success' })),
        '{{service}}',
      ),
      { links, min: 0, decimals: 0 },
    ),
    panel.bars(
      'Backups by result',
      'none',
      'Backups that ended, by result.',
      value(
        `sum by (result) (${increaseBy(['cluster', 'service', 'result'], 'genesis_backup_total', '$__rate_interval')})`,
        '{{result}}',
      ),
      { min: 0 },
    ),
    panel.timeseries(
      'Duration of the last backup',
      's',
      `How long the last successful backup took: the ${linesShown} longest.`,
      value(largest(linesShown, maxBy(byType, 'genesis_backup_last_duration_seconds')), '{{service}} {{backup_type}}'),
      { links, min: 0, noValue: 'none known' },
    ),
    panel.durations(
      'Backup durations',
      's',
      'Distribution of how long backups took.',
      value(
        `sum by (le) (${increaseBy(['cluster', 'service', 'le'], 'genesis_backup_duration_seconds_bucket', '$__rate_interval')})`,
        '{{le}}',
      ),
    ),
    panel.bars(
      'Verifications by result',
      'none',
      'Backups that were read back and compared hash by hash.',
      value(
        `sum by (result) (${increaseBy(['cluster', 'service', 'result'], 'genesis_backup_verifications_total', '$__rate_interval')})`,
        '{{result}}',
      ),
      { min: 0 },
    ),
    panel.timeseries(
      'Mean verification time',
      's',
      'Mean time that reading a backup back took over the last 30 days.',
      value(
        `${increaseBy(serviceKey, 'genesis_backup_verification_seconds_total', '30d')} / on (cluster, service) (${increaseBy(serviceKey, 'genesis_backup_verifications_total', '30d')} > 0)`,
        '{{service}}',
      ),
      { links, min: 0, noValue: 'none seen in thirty days' },
    ),
  ],
};

export function backupStatus({ limits }: BoardContext): Board {
  return {
    uid: 'backup-status',
    title: 'Backup Status',
    description:
      'Is the newest backup of every service young, whole and of the usual size, and when does the next one run?',
    range: '7d',
    refresh: '1m',
    scope: ['cluster', 'region', 'service'],
    page: 'backups',
    rows: [now(limits), trends, runs, detail],
  };
}
