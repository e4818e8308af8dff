import { z } from 'zod';

/** What bodies and queries of several actions share. */

export const serviceName = z.string().min(1).max(63);
export const nodeName = z.string().min(1).max(63);

export const limit = z.coerce.number().int().min(1).max(500).default(50);
export const cursor = z.string().max(500).optional();
export const queryFlag = z
  .enum(['true', 'false'])
  .transform((v) => v === 'true')
  .optional();
export const reason = z.string().trim().min(1).max(500);
export const moment = z.iso.datetime({ error: 'must be a time like 2026-11-22T02:00:00Z' });
export const from = moment.optional().describe('From this moment on.');
export const to = moment.optional().describe('Before this moment.');
/** What people type into a search field. */
export const search = z.string().trim().min(1).max(200).optional();
/** Wire durations are seconds. */
export const seconds = z.number().int().min(1);

/** A window that is forgotten mutes alerts: it closes by itself after a week at the latest. */
export const maxMaintenanceSeconds = 7 * 86400;

/** Common to every action that can be looked at first. */
export const planned = {
  dryRun: z.boolean().default(false).describe('Answer with the plan, its blockers and its etag; nothing is done.'),
  planEtag: z
    .string()
    .max(100)
    .optional()
    .describe('Etag of the plan that was looked at; refused with plan_stale when it no longer holds.'),
  reason: reason.optional().describe('Goes into the journal and the audit log.'),
};
export const destructive = {
  ...planned,
  confirm: z.string().max(63).optional().describe('Must equal the name of the service.'),
};
