import { z } from 'zod';
import { backupOrders, backupStatuses, backupTypes } from './backup.ts';
import { RecoveryTargetBody } from './database-replies.ts';
import { liveActions } from './live.ts';
import { operationKinds, operationStates, roles } from './operation.ts';
import {
  cursor,
  destructive,
  from,
  limit,
  maxMaintenanceSeconds,
  planned,
  queryFlag,
  reason,
  search,
  seconds,
  serviceName,
  to,
} from './action-parts.ts';
import { failoverActions } from './failover-actions.ts';
import { routes, type Route } from './routes.ts';
import { scalingActions } from './scaling-actions.ts';

export { maxMaintenanceSeconds } from './action-parts.ts';

const auditFilter = {
  action: z.string().max(60).optional(),
  actor: z.string().max(300).optional(),
  service: serviceName.optional(),
  result: z.enum(['intent', 'succeeded', 'failed', 'denied']).optional(),
  operationId: z.string().max(100).optional(),
  q: search.describe('Part of actor, action, service, target or reason.'),
  from,
  to,
};

/** A database of a configured server: a body brings no address and no password. */
const DatabaseOfService = z.strictObject({ service: serviceName, database: z.string().min(1).max(63) });

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
  z.strictObject({
    kind: z.literal('database'),
    name: z
      .string()
      .min(1)
      .max(63)
      .optional()
      .describe('Name of the database; default a new one named after the dumped one and the time.'),
    existing: z.boolean().default(false).describe('It is there already, and empty.'),
  }),
]);

/**
 * Every route of /api/v1. `roles`: who may call it (a later check may ask for more: see `adminWhen`).
 * Replies of actions are 202 with an Operation, or 200 with a Plan for dry runs.
 */
export const actions = {
  me: { ...routes.me, summary: 'Who am I, and what may I do' },
  status: {
    ...routes.status,
    summary: 'Overall status by component',
  },
  listServices: {
    ...routes.listServices,
    summary: 'Services with their snapshot',
  },
  getService: {
    ...routes.getService,
    summary: 'One service',
  },
  recoverable: {
    ...routes.recoverable,
    summary: 'The moments that a restore can bring back, and the gaps between them',
    query: z.strictObject({ from, to, limit: z.coerce.number().int().min(1).max(2000).default(500) }),
  },
  pauseService: {
    ...routes.pauseService,
    summary: 'Hold scheduled work until it expires',
    body: z.strictObject({ seconds: seconds.max(30 * 86400), reason }),
  },
  resumeService: {
    ...routes.resumeService,
    summary: 'End a pause',
    body: z.strictObject({}),
  },
  listMaintenance: {
    ...routes.listMaintenance,
    summary: 'Open maintenance windows',
  },
  startMaintenance: {
    ...routes.startMaintenance,
    summary: 'Mute the alerts of a service until the window closes by itself; scheduled work goes on',
    body: z.strictObject({
      seconds: seconds.max(maxMaintenanceSeconds, {
        error: `a maintenance window lasts at most 7 days (${maxMaintenanceSeconds} seconds)`,
      }),
      reason,
    }),
  },
  endMaintenance: {
    ...routes.endMaintenance,
    summary: 'Close the maintenance window of a service now',
    body: z.strictObject({ reason: reason.optional() }),
  },
  confirmKey: {
    ...routes.confirmKey,
    summary: 'Record that the encryption key is kept elsewhere too',
    body: z.strictObject({
      fingerprint: z.string().regex(/^[0-9a-f]{8,64}$/, { error: 'must be the fingerprint of the key' }),
    }),
  },
  listBackups: {
    ...routes.listBackups,
    summary: 'The catalogue, newest first',
    query: z.strictObject({
      service: serviceName.optional(),
      type: z.enum(backupTypes).optional(),
      status: z.enum(backupStatuses).optional(),
      verified: z.enum(['passed', 'failed', 'never']).optional(),
      drilled: queryFlag,
      keep: queryFlag,
      q: search.describe('Part of the id, the service or the note, or how a component or the checksum begins.'),
      from,
      to,
      sort: z.enum(backupOrders).optional(),
      limit,
      cursor,
    }),
  },
  getBackup: { ...routes.getBackup, summary: 'One backup' },
  backupChain: { ...routes.backupChain, summary: 'What a backup builds upon, and what builds upon it' },
  listBackupFiles: {
    ...routes.listBackupFiles,
    summary: 'Files of a backup in path order',
    query: z.strictObject({
      prefix: z.string().max(4096).default(''),
      q: z.string().min(1).max(200).optional().describe('Part of the path; upper and lower case are the same.'),
      folders: queryFlag.describe('Direct children of the prefix only; what lies deeper shows as its folder.'),
      limit: z.coerce.number().int().min(1).max(2000).default(200),
      cursor: z.string().max(4200).optional(),
    }),
  },
  startBackup: {
    ...routes.startBackup,
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
    ...routes.verifyBackup,
    summary: 'Read a backup back and compare every hash',
    body: z.strictObject({ copy: z.string().max(63).optional(), ...planned }),
  },
  restoreBackup: {
    ...routes.restoreBackup,
    summary: 'Restore into a new folder, or in place (admin, confirm and reason)',
    body: z.strictObject({
      target: RestoreTargetBody,
      components: z.array(z.string()).max(100).default([]),
      paths: z.array(z.string().max(4096)).max(1000).default([]),
      copy: z.string().max(63).optional().describe('Restore from this copy instead of the repository.'),
      recovery: RecoveryTargetBody.optional(),
      ...destructive,
    }),
    adminWhen: 'target.kind is in_place',
  },
  patchBackup: {
    ...routes.patchBackup,
    summary: 'Keep (or, as admin, unkeep) a backup, note on it',
    body: z.strictObject({
      keep: z.boolean().optional(),
      note: z.string().max(500).nullable().optional(),
      reason: reason.optional(),
    }),
    adminWhen: 'keep is false',
  },
  deleteBackup: {
    ...routes.deleteBackup,
    summary: 'Delete a backup from the repository and its copies',
    body: z.strictObject({ ...destructive }),
  },
  startDrill: {
    ...routes.startDrill,
    summary: 'Restore the newest backup into a private folder, compare, check, measure',
    body: z.strictObject({
      copy: z.string().max(63).optional(),
      backupId: z.string().max(100).optional().describe('This backup instead of the newest usable one.'),
      recovery: RecoveryTargetBody.optional(),
      ...planned,
    }),
  },
  startQuality: {
    ...routes.startQuality,
    summary: 'Compare a database with its source: quality, divergence, privacy risk',
    body: z.strictObject({
      restored: DatabaseOfService.describe('What is judged, e.g. a restored or masked copy.'),
      source: DatabaseOfService.nullable()
        .default(null)
        .describe('What it is compared with; null: as quality.against of the service says.'),
      ...planned,
    }),
  },
  listQuality: {
    ...routes.listQuality,
    summary: 'Comparisons of restored data with its source, newest first',
    query: z.strictObject({ limit: z.coerce.number().int().min(1).max(50).default(10), cursor }),
  },
  listDrills: {
    ...routes.listDrills,
    summary: 'Drills with their evidence',
    query: z.strictObject({
      service: serviceName.optional(),
      passed: queryFlag,
      operationId: z.string().max(100).optional(),
      limit,
      cursor,
    }),
  },
  listOperations: {
    ...routes.listOperations,
    summary: 'The journal, newest first',
    query: z.strictObject({
      service: serviceName.optional(),
      kind: z.enum(operationKinds).optional(),
      state: z.enum(operationStates).optional(),
      active: queryFlag.describe('true: queued or running; false: ended.'),
      actor: z.string().max(300).optional(),
      from,
      to,
      limit,
      cursor,
    }),
  },
  getOperation: {
    ...routes.getOperation,
    summary: 'One operation with its steps and progress',
  },
  cancelOperation: {
    ...routes.cancelOperation,
    summary: 'Cancel (operators: what they started)',
    body: z.strictObject({ reason: reason.optional() }),
    adminWhen: 'it was started by somebody else',
  },
  approveOperation: {
    ...routes.approveOperation,
    summary: 'The second person: lets an operation that waits for approval go on, or refuses it',
    body: z.strictObject({ approve: z.boolean().default(true), reason }),
  },
  ...failoverActions,
  ...scalingActions,
  listPlaybooks: {
    ...routes.listPlaybooks,
    summary: 'Recovery playbooks of a service: their actions, what is configured, their last runs',
  },
  runPlaybook: {
    ...routes.runPlaybook,
    summary: 'Try what a playbook lists until the health checks prove that it helped; the id is its issue',
    body: z.strictObject({ ...destructive }),
    adminWhen: 'the playbook may fail over (database_connection_failed)',
  },
  events: {
    ...routes.events,
    summary: 'Server-sent events: operations, snapshots, alerts defined at run time',
  },
  listAlerts: {
    ...routes.listAlerts,
    summary: 'Alerts of Genesis that Alertmanager holds now, or why that is not known',
    query: z.strictObject({ service: serviceName.optional() }),
  },
  listAudit: {
    ...routes.listAudit,
    summary: 'The audit log, newest first',
    query: z.strictObject({
      ...auditFilter,
      seq: z.coerce.number().int().min(1).optional().describe('Only the row of this number.'),
      limit,
      cursor,
    }),
  },
  verifyAudit: {
    ...routes.verifyAudit,
    summary: 'Recompute the hash chain of the audit log',
  },
  exportAudit: {
    ...routes.exportAudit,
    summary: 'The audit log as a file, oldest first',
    query: z.strictObject({ format: z.enum(['csv', 'json']).default('csv'), ...auditFilter }),
  },
  readiness: {
    ...routes.readiness,
    summary: 'Could we recover right now, and why not',
    query: z.strictObject({ service: serviceName.optional() }),
  },
  sla: {
    ...routes.sla,
    summary: 'What is promised, whether it holds now, and for how much of 30 days it did',
    query: z.strictObject({ service: serviceName.optional() }),
  },
  listTokens: { ...routes.listTokens, summary: 'Tokens, never their secrets' },
  createToken: {
    ...routes.createToken,
    summary: 'A new token; the secret is shown once',
    body: z.strictObject({
      name: z.string().regex(/^[A-Za-z0-9._-]{1,63}$/),
      role: z.enum(roles),
      expiresInSeconds: seconds.max(10 * 365 * 86400).optional(),
    }),
  },
  revokeToken: { ...routes.revokeToken, summary: 'Revoke a token' },
  setLogLevel: {
    ...routes.setLogLevel,
    summary: 'Switch the log level while running',
    body: z.strictObject({ level: z.enum(['debug', 'info', 'warn', 'error']) }),
  },
  ...liveActions,
} as const satisfies Record<string, Action>;

export interface Action extends Route {
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
