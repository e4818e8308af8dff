import { z } from 'zod';
import { backupStatuses, backupTypes } from './backup.ts';
import { PitrReply } from './database-replies.ts';
import { time } from './reply-parts.ts';
import { unknownReasons } from './sla.ts';

/** What the pages ask beside the catalogue and the journal: alerts, what can be reached, chains, the state of the audit log. */

/** A value, or why there is none; never a default. */
export function reading<T extends z.ZodType>(value: T) {
  return z.discriminatedUnion('known', [
    z.object({ known: z.literal(true), value }),
    z.object({ known: z.literal(false), reason: z.enum(unknownReasons), message: z.string() }),
  ]);
}

export const AlertReply = z
  .object({
    fingerprint: z.string(),
    name: z.string(),
    severity: z.string().describe('critical, warning or info.'),
    service: z.string().nullable(),
    component: z.string().nullable(),
    state: z.enum(['active', 'suppressed']).describe('suppressed: nobody is notified, see silenced and inhibited.'),
    silenced: z.boolean(),
    inhibited: z.boolean().describe('Held back because another alert says the same or more.'),
    summary: z.string().nullable(),
    description: z.string().nullable(),
    startsAt: time,
    updatedAt: time,
    links: z
      .object({ runbook: z.string().nullable(), dashboard: z.string().nullable(), page: z.string().nullable() })
      .describe('http or https addresses; null where the alert names none.'),
  })
  .meta({ id: 'Alert' });
export type AlertReply = z.infer<typeof AlertReply>;

export const AlertsReply = z
  .object({
    at: time.describe('When Alertmanager was asked.'),
    source: z.string().describe('Address of the Alertmanager.'),
    alerts: reading(z.array(AlertReply)).describe('Critical ones first. Unknown is not "none".'),
  })
  .meta({ id: 'Alerts' });
export type AlertsReply = z.infer<typeof AlertsReply>;

export const RecoverablePoint = z
  .object({
    backupId: z.string(),
    dataAt: time.describe('The moment the restored data stands for.'),
    endedAt: time,
    type: z.enum(backupTypes),
    bytes: z.number(),
    storedBytes: z.number(),
    verified: z.enum(['passed', 'never']),
    verifiedAt: time.nullable(),
    drilledAt: time.nullable(),
    keep: z.boolean(),
    copies: z.array(z.string()),
    components: z.array(z.string()).describe('Those that it holds whole.'),
    base: z.string().describe('The full backup that it rests on; itself where it is one.'),
    chainLength: z.number().describe('Backups that a restore reads; backups/{id}/chain names them.'),
  })
  .meta({ id: 'RecoverablePoint' });
export type RecoverablePoint = z.infer<typeof RecoverablePoint>;

export const RecoverableReply = z
  .object({
    service: z.string(),
    at: time,
    dataFrom: time.nullable().describe('Oldest moment that can be brought back; null: none.'),
    dataTo: time.nullable(),
    points: z.array(RecoverablePoint).describe('Oldest first. What was written after a point is not in it.'),
    unusable: z
      .array(z.object({ backupId: z.string(), dataAt: time, why: z.string() }))
      .describe('Backups that cannot be restored; at most 200, newest first.'),
    gaps: z
      .array(z.object({ from: time, to: time, seconds: z.number() }))
      .describe('Stretches without a point that are longer than allowedSeconds; the last one reaches until now.'),
    allowedSeconds: z.number().describe('The backup_sla of the service.'),
    pitr: PitrReply.nullable().describe(
      'Windows whose every moment can be brought back, and the WAL that is missing between them; null: not with this engine, or not known now.',
    ),
    truncated: z.boolean().describe('There are older points than those shown.'),
  })
  .meta({ id: 'Recoverable' });
export type RecoverableReply = z.infer<typeof RecoverableReply>;

export const BackupBrief = z
  .object({
    id: z.string(),
    type: z.enum(backupTypes),
    parent: z.string().nullable(),
    status: z.enum(backupStatuses),
    startedAt: time,
    endedAt: time,
    bytes: z.number(),
    storedBytes: z.number(),
    verifyResult: z.enum(['passed', 'failed']).nullable(),
    verifiedAt: time.nullable(),
    keep: z.boolean(),
  })
  .meta({ id: 'BackupBrief' });
export type BackupBrief = z.infer<typeof BackupBrief>;

export const ChainReply = z
  .object({
    ancestors: z.array(BackupBrief).describe('What it builds upon, the full one first.'),
    dependents: z.array(BackupBrief).describe('What builds upon it, at any distance, oldest first.'),
    complete: z.boolean().describe('False: a backup that it builds upon is not in the catalogue.'),
    missing: z.array(z.string()).describe('Ids of those.'),
  })
  .meta({ id: 'BackupChain' });
export type ChainReply = z.infer<typeof ChainReply>;

export const AuditVerifyReply = z
  .object({
    state: z
      .enum(['intact', 'broken'])
      .describe('Whether each row follows the one before; `genesis audit verify` compares heads kept elsewhere, too.'),
    rows: z.number(),
    brokenAt: z.number().nullable().describe('The first row that does not follow.'),
    checkedAt: time,
    head: z.object({ count: z.number(), hash: z.string(), at: time }).nullable().describe('null: the log is empty.'),
  })
  .meta({ id: 'AuditVerification' });
export type AuditVerifyReply = z.infer<typeof AuditVerifyReply>;
