import { z } from 'zod';
import { protectedServer } from './secret-ref.ts';
import { duration, notation } from './units.ts';

// What share of the time an objective must hold, and where its history is read.

const share = (value: number) =>
  z.number().min(0.5).max(0.9999, 'must be below 1: nothing holds always, and no budget could be left').default(value);

export const Sla = z
  .strictObject({
    objectives: z
      .strictObject({
        backup_sla: share(0.99).describe('Share of the minutes in which the newest backup is young enough.'),
        replication_sla: share(0.99).describe('Share of the minutes in which copies are close enough.'),
        readiness_sla: share(0.95).describe('Share of the minutes in which readiness is high enough.'),
        test_frequency_sla: share(0.99).describe(
          'Share of the minutes in which the last passed drill is young enough.',
        ),
        rpo_sla: share(0.99).describe('Share of the minutes in which no more data than promised would be lost.'),
        rto_sla: share(0.99).describe('Share of the minutes in which recovery takes no longer than promised.'),
      })
      .prefault({})
      .describe('How much of 30 days each objective must hold, 0 to 1; the rest is the error budget.'),
    missing_data: z
      .enum(['exclude', 'bad'])
      .default('exclude')
      .describe('Minutes of which nothing is known: left out (coverage tells how many), or counted as broken.'),
  })
  .prefault({})
  .describe('Compliance over 30 days, recorded by the generated Prometheus rules.');

export const PrometheusServer = z
  .strictObject({
    url: z
      .url({ protocol: /^https?$/, error: 'must be an http or https address' })
      .meta(notation('url'))
      .nullable()
      .default(null)
      .describe(
        'Prometheus that evaluates the generated rules, e.g. http://127.0.0.1:9090. null: compliance over time is unknown.',
      ),
    timeout: duration().default(10).describe('A query that takes longer counts as unanswered.'),
    ...protectedServer('Prometheus'),
  })
  .prefault({})
  .describe('Where history is read: SLA compliance, `genesis doctor`.');
