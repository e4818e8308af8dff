import { z } from 'zod';
import { backupTypes, backupStatuses } from './backup.ts';
import { operationKinds, operationStates, roles, type Role } from './operation.ts';

const serviceName = z.string().min(1).max(63);

const limit = z.coerce.number().int().min(1).max(500).default(50);
const cursor = z.string().max(500).optional();
const queryFlag = z
  .enum(['true', 'false'])
  .transform((v) => v === 'true')
  .optional();
const reason = z.string().trim().min(1).max(500);
/** Wire durations are seconds. */
const seconds = z.number().int().min(1);

/** A window that is forgotten mutes alerts: it closes by itself after a week at the latest. */
export const maxMaintenanceSeconds = 7 * 86400;

/** Common to every action that can be looked at first. */
const planned = {
  dryRun: z.boolean().default(false).describe('Answer with the plan, its blockers and its etag; nothing is done.'),
  planEtag: z
    .string()
    .max(100)
    .optional()
    .describe('Etag of the plan that was looked at; refused with plan_stale when it no longer holds.'),
};
const destructive = {
  ...planned,
  confirm: z.string().max(63).optional().describe('Must equal the name of the service.'),
  reason: reason.optional(),
};

export const RestoreTargetBody = z.discriminatedUnion('kind', [
  z.strictObject({
    kind: z.literal('folder'),
    path: z
      .string()
      .min(1)
      .max(4096)
      .optional()
      .describe('New folder below restore.roots; default <root>/<backup id>-<operation id>.'),
  }),
  z.strictObject({ kind: z.literal('in_place') }),
]);

/**
 * Every route of /api/v1. `roles`: who may call it (a later check may ask for more: see `adminWhen`).
 * Replies of actions are 202 with an Operation, or 200 with a Plan for dry runs.
 */
export const actions = {
  me: { method: 'GET', path: '/me', roles: ['viewer', 'operator', 'admin'], summary: 'Who am I, and what may I do' },
  status: {
    method: 'GET',
    path: '/status',
    roles: ['viewer', 'operator', 'admin'],
    summary: 'Overall status by component',
  },
  listServices: {
    method: 'GET',
    path: '/services',
    roles: ['viewer', 'operator', 'admin'],
    summary: 'Services with their snapshot',
  },
  getService: {
    method: 'GET',
    path: '/services/{name}',
    roles: ['viewer', 'operator', 'admin'],
    summary: 'One service',
  },
  pauseService: {
    method: 'POST',
    path: '/services/{name}/pause',
    roles: ['operator', 'admin'],
    summary: 'Hold scheduled work until it expires',
    body: z.strictObject({ seconds: seconds.max(30 * 86400), reason }),
  },
  resumeService: {
    method: 'POST',
    path: '/services/{name}/resume',
    roles: ['operator', 'admin'],
    summary: 'End a pause',
    body: z.strictObject({}),
  },
  listMaintenance: {
    method: 'GET',
    path: '/maintenance',
    roles: ['viewer', 'operator', 'admin'],
    summary: 'Open maintenance windows',
  },
  startMaintenance: {
    method: 'POST',
    path: '/services/{name}/maintenance',
    roles: ['operator', 'admin'],
    summary: 'Mute the alerts of a service until the window closes by itself; scheduled work goes on',
    body: z.strictObject({
      seconds: seconds.max(maxMaintenanceSeconds, {
        error: `a maintenance window lasts at most 7 days (${maxMaintenanceSeconds} seconds)`,
      }),
      reason,
    }),
  },
  endMaintenance: {
    method: 'DELETE',
    path: '/services/{name}/maintenance',
    roles: ['operator', 'admin'],
    summary: 'Close the maintenance window of a service now',
  },
  confirmKey: {
    method: 'POST',
    path: '/services/{name}/key-confirmation',
    roles: ['admin'],
    summary: 'Record that the encryption key is kept elsewhere too',
    body: z.strictObject({
      fingerprint: z.string().regex(/^[0-9a-f]{8,64}$/, { error: 'must be the fingerprint of the key' }),
    }),
  },
  listBackups: {
    method: 'GET',
    path: '/backups',
    roles: ['viewer', 'operator', 'admin'],
    summary: 'The catalogue, newest first',
    query: z.strictObject({
      service: serviceName.optional(),
      type: z.enum(backupTypes).optional(),
      status: z.enum(backupStatuses).optional(),
      verified: z.enum(['passed', 'failed', 'never']).optional(),
      keep: queryFlag,
      sort: z.enum(['startedAt', '-startedAt', 'storedBytes', '-storedBytes']).optional(),
      limit,
      cursor,
    }),
  },
  getBackup: { method: 'GET', path: '/backups/{id}', roles: ['viewer', 'operator', 'admin'], summary: 'One backup' },
  listBackupFiles: {
    method: 'GET',
    path: '/backups/{id}/files',
    roles: ['operator', 'admin'],
    summary: 'Files of a backup in path order',
    query: z.strictObject({
      prefix: z.string().max(4096).default(''),
      limit: z.coerce.number().int().min(1).max(2000).default(200),
      cursor: z.string().max(4200).optional(),
    }),
  },
  startBackup: {
    method: 'POST',
    path: '/backups',
    roles: ['operator', 'admin'],
    summary: 'Back up a service now',
    body: z.strictObject({
      service: serviceName,
      type: z.enum(backupTypes).default('incremental'),
      components: z.array(z.string()).max(100).optional(),
      note: z.string().max(500).optional(),
      ...planned,
    }),
  },
  verifyBackup: {
    method: 'POST',
    path: '/backups/{id}/verify',
    roles: ['operator', 'admin'],
    summary: 'Read a backup back and compare every hash',
    body: z.strictObject({ copy: z.string().max(63).optional(), ...planned }),
  },
  restoreBackup: {
    method: 'POST',
    path: '/backups/{id}/restore',
    roles: ['operator', 'admin'],
    summary: 'Restore into a new folder, or in place (admin, confirm and reason)',
    body: z.strictObject({
      target: RestoreTargetBody,
      components: z.array(z.string()).max(100).default([]),
      paths: z.array(z.string().max(4096)).max(1000).default([]),
      copy: z.string().max(63).optional().describe('Restore from this copy instead of the repository.'),
      ...destructive,
    }),
    adminWhen: 'target.kind is in_place',
  },
  patchBackup: {
    method: 'PATCH',
    path: '/backups/{id}',
    roles: ['operator', 'admin'],
    summary: 'Keep (or, as admin, unkeep) a backup, note on it',
    body: z.strictObject({ keep: z.boolean().optional(), note: z.string().max(500).nullable().optional() }),
    adminWhen: 'keep is false',
  },
  deleteBackup: {
    method: 'DELETE',
    path: '/backups/{id}',
    roles: ['admin'],
    summary: 'Delete a backup from the repository and its copies',
    body: z.strictObject({ ...destructive }),
  },
  startDrill: {
    method: 'POST',
    path: '/services/{name}/drills',
    roles: ['operator', 'admin'],
    summary: 'Restore the newest backup into a private folder, compare, check, measure',
    body: z.strictObject({ copy: z.string().max(63).optional(), ...planned }),
  },
  listDrills: {
    method: 'GET',
    path: '/drills',
    roles: ['viewer', 'operator', 'admin'],
    summary: 'Drills with their evidence',
    query: z.strictObject({ service: serviceName.optional(), limit, cursor }),
  },
  listOperations: {
    method: 'GET',
    path: '/operations',
    roles: ['viewer', 'operator', 'admin'],
    summary: 'The journal, newest first',
    query: z.strictObject({
      service: serviceName.optional(),
      kind: z.enum(operationKinds).optional(),
      state: z.enum(operationStates).optional(),
      limit,
      cursor,
    }),
  },
  getOperation: {
    method: 'GET',
    path: '/operations/{id}',
    roles: ['viewer', 'operator', 'admin'],
    summary: 'One operation with its steps and progress',
  },
  cancelOperation: {
    method: 'POST',
    path: '/operations/{id}/cancel',
    roles: ['operator', 'admin'],
    summary: 'Cancel (operators: what they started)',
    body: z.strictObject({ reason: reason.optional() }),
    adminWhen: 'it was started by somebody else',
  },
  events: {
    method: 'GET',
    path: '/events',
    roles: ['viewer', 'operator', 'admin'],
    summary: 'Server-sent events: operations and snapshots',
  },
  listAudit: {
    method: 'GET',
    path: '/audit',
    roles: ['admin'],
    summary: 'The audit log, newest first',
    query: z.strictObject({
      action: z.string().max(60).optional(),
      actor: z.string().max(100).optional(),
      service: serviceName.optional(),
      result: z.enum(['intent', 'succeeded', 'failed', 'denied']).optional(),
      limit,
      cursor,
    }),
  },
  readiness: {
    method: 'GET',
    path: '/readiness',
    roles: ['viewer', 'operator', 'admin'],
    summary: 'Could we recover right now, and why not',
    query: z.strictObject({ service: serviceName.optional() }),
  },
  sla: {
    method: 'GET',
    path: '/sla',
    roles: ['viewer', 'operator', 'admin'],
    summary: 'What is promised, whether it holds now, and for how much of 30 days it did',
    query: z.strictObject({ service: serviceName.optional() }),
  },
  listTokens: { method: 'GET', path: '/tokens', roles: ['admin'], summary: 'Tokens, never their secrets' },
  createToken: {
    method: 'POST',
    path: '/tokens',
    roles: ['admin'],
    summary: 'A new token; the secret is shown once',
    body: z.strictObject({
      name: z.string().regex(/^[A-Za-z0-9._-]{1,63}$/),
      role: z.enum(roles),
      expiresInSeconds: seconds.max(10 * 365 * 86400).optional(),
    }),
  },
  revokeToken: { method: 'DELETE', path: '/tokens/{id}', roles: ['admin'], summary: 'Revoke a token' },
  setLogLevel: {
    method: 'POST',
    path: '/log-level',
    roles: ['admin'],
    summary: 'Switch the log level while running',
    body: z.strictObject({ level: z.enum(['debug', 'info', 'warn', 'error']) }),
  },
} as const satisfies Record<string, Action>;

export interface Action {
  readonly method: 'GET' | 'POST' | 'PATCH' | 'DELETE';
  /** Below /api/v1. */
  readonly path: string;
  readonly roles: readonly Role[];
  readonly summary: string;
  readonly body?: z.ZodType;
  readonly query?: z.ZodType;
  /** In words: when only an admin may. */
  readonly adminWhen?: string;
}

export type ActionId = keyof typeof actions;
type WithBody = { [K in ActionId]: (typeof actions)[K] extends { body: z.ZodType } ? K : never }[ActionId];
/** What a client sends. */
export type ActionBody<K extends WithBody> = (typeof actions)[K] extends { body: infer B extends z.ZodType }
  ? z.input<B>
  : never;
