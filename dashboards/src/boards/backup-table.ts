import type { Row } from '../board.ts';
import { serviceLinks } from '../links.ts';
import { countdownSteps, limitSteps, panel, passedOrFailed, yesOrNo } from '../panel.ts';
import { maxBy, minBy, objective, serviceKey, shareOf, since } from '../query.ts';

const age = since(serviceKey, 'genesis_backup_last_success_timestamp_seconds');

/** What is known of each service's backups: a row of the backup board. */
export const detail: Row = {
  title: 'Each service',
  panels: [
    panel.table(
      'Backups of each service',
      'Age against backup_sla, next run, verification and key. Click a service for its other boards and for what can be done.',
      serviceKey,
      [
        { title: 'Age', expr: age, unit: 's' },
        {
          title: 'Since last try',
          expr: since(serviceKey, 'genesis_backup_last_attempt_timestamp_seconds'),
          unit: 's',
        },
        {
          title: 'Scheduled every',
          expr: minBy(serviceKey, 'genesis_backup_schedule_interval_seconds'),
          unit: 's',
          noValue: 'not scheduled',
        },
        {
          title: 'Of backup_sla',
          expr: shareOf(age, objective('backup_sla')),
          unit: 'percentunit',
          steps: limitSteps,
          noValue: '–',
        },
        {
          title: 'Next in',
          noValue: 'not scheduled',
          expr: minBy(serviceKey, 'genesis_backup_next_in_seconds'),
          unit: 's',
          steps: countdownSteps,
        },
        {
          title: 'Last try',
          expr: minBy(serviceKey, 'genesis_backup_last_status'),
          unit: 'none',
          words: passedOrFailed,
        },
        { title: 'Verified', expr: since(serviceKey, 'genesis_backup_last_verified_timestamp_seconds'), unit: 's' },
        {
          title: 'Of verify limit',
          noValue: '–',
          expr: shareOf(
            since(serviceKey, 'genesis_backup_last_verified_timestamp_seconds'),
            maxBy(serviceKey, 'genesis_backup_verify_threshold_seconds'),
          ),
          unit: 'percentunit',
          steps: limitSteps,
        },
        {
          title: 'Verification',
          noValue: 'unknown',
          expr: maxBy(serviceKey, 'genesis_backup_verification_failed'),
          unit: 'none',
          words: { '0': { text: 'no fault found', color: 'green' }, '1': { text: 'damaged', color: 'red' } },
        },
        {
          title: 'Oldest restorable',
          noValue: 'none',
          expr: since(serviceKey, 'genesis_backup_oldest_timestamp_seconds'),
          unit: 's',
        },
        {
          title: 'Key kept elsewhere',
          noValue: '–',
          expr: minBy(serviceKey, 'genesis_backup_key_confirmed'),
          unit: 'none',
          words: yesOrNo,
        },
      ],
      { keyLinks: { service: serviceLinks('row') }, noValue: 'never' },
    ),
  ],
};
