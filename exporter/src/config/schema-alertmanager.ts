import { z } from 'zod';
import { duration, notation } from './units.ts';

// Who is told of an alert, how and when.

export const AlertmanagerConfig = z
  .strictObject({
    group_wait: duration().default(30).describe('Wait before the first notification of a group.'),
    group_interval: duration().default(300).describe('Wait before news of a group that was already notified.'),
    repeat_interval: duration()
      .default(4 * 3600)
      .describe('Wait before an unchanged notification is repeated.'),
    webhook_url: z
      .url({ protocol: /^https?$/, error: 'must be an http or https address' })
      .meta(notation('url'))
      .nullable()
      .default(null)
      .describe('Receives every alert; without user and password. null: nobody is notified.'),
    escalation: z
      .strictObject({
        after: duration().default(1800).describe('A critical alert that fires longer raises GenesisDREscalation.'),
        receiver: z
          .string()
          .min(1)
          .nullable()
          .default(null)
          .describe('Receiver of GenesisDREscalation, told every hour. null: dr_critical.'),
      })
      .prefault({})
      .describe('Who is called when nobody mends a critical alert.'),
  })
  .prefault({})
  .describe('What `genesis generate` writes into the Alertmanager configuration.');
