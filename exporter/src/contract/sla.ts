import { z } from 'zod';
import { time } from './reply-parts.ts';
import { slaNames } from './snapshot.ts';

/** Service levels as the API tells them: what is promised, what is, and how it was over 30 days. */

/** Why a figure of Prometheus is not known. */
export const unknownReasons = [
  'not_configured',
  'unreachable',
  'timeout',
  'refused',
  'too_large',
  'malformed',
  'empty',
  'not_a_number',
  'several_series',
] as const;
export type UnknownReason = (typeof unknownReasons)[number];

/** A value, or why there is none; never a default. */
export type Reading<T> =
  | { readonly known: true; readonly value: T }
  | { readonly known: false; readonly reason: UnknownReason; readonly message: string };

export function knownReading<T>(value: T): Reading<T> {
  return { known: true, value };
}

export function unknownReading(reason: UnknownReason, message: string): Reading<never> {
  return { known: false, reason, message };
}

const RatioReading = z
  .discriminatedUnion('known', [
    z.object({ known: z.literal(true), value: z.number() }),
    z.object({ known: z.literal(false), reason: z.enum(unknownReasons), message: z.string() }),
  ])
  .meta({ id: 'RatioReading' });

export const SlaStatus = z
  .object({
    service: z.string(),
    sla: z.enum(slaNames),
    unit: z.enum(['seconds', 'ratio']).describe('Of current and target.'),
    current: z.number().nullable().describe('As the snapshot has it; null: see reason.'),
    target: z.number(),
    compliant: z.boolean().nullable().describe('Whether it holds now; null: not known.'),
    reason: z.string().nullable().describe('Why there is no current value, or why compliance is not known.'),
    objective: z.number().describe('Share of 30 days in which it must hold, 0 to 1.'),
    compliance: RatioReading.describe(
      'Share of the counted minutes of 30 days in which it held; read it beside coverage.',
    ),
    coverage: RatioReading.describe(
      'Share of 30 days of which anything is known. Low coverage: compliance says little yet.',
    ),
    budgetRemaining: RatioReading.describe('Error budget left: 1 untouched, 0 used up, below 0 overdrawn.'),
    burn: z
      .array(z.object({ window: z.string(), rate: RatioReading }))
      .describe('How fast the budget is used, by window: 1 uses it up in exactly 30 days.'),
  })
  .meta({ id: 'SlaStatus' });
export type SlaStatus = z.infer<typeof SlaStatus>;

export const SlaReport = z
  .object({
    items: z.array(SlaStatus),
    at: time.describe('When the current values were read.'),
    history: z
      .object({ available: z.boolean(), unknown: z.string().nullable().describe('Why Prometheus told nothing.') })
      .describe('Whether Prometheus answered.'),
  })
  .meta({ id: 'SlaReport' });
export type SlaReport = z.infer<typeof SlaReport>;

/** The service levels of the documents' own endpoint, /api/sla. */
export const documentedSlas = ['backup_sla', 'replication_sla', 'readiness_sla', 'test_frequency_sla'] as const;
export type DocumentedSla = (typeof documentedSlas)[number];

const SlaAnswer = z.object({
  compliant: z.boolean().nullable().describe('False: a service breaks it. null: not known of every service.'),
  current: z.number().nullable().describe('Of the service that is furthest from its target.'),
  target: z.number().nullable(),
  unknown: z.string().nullable().describe('Why it is not known; null when it is.'),
});

/** `{compliant, current, target, unknown}` by service level. */
export const SlaAnswers = z
  .object({
    backup_sla: SlaAnswer,
    replication_sla: SlaAnswer,
    readiness_sla: SlaAnswer,
    test_frequency_sla: SlaAnswer,
  })
  .meta({ id: 'SlaAnswers' });
export type SlaAnswers = z.infer<typeof SlaAnswers>;
