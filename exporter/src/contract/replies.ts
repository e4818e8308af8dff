import { z } from 'zod';
import type { ActionId } from './actions.ts';
import { backupStatuses, backupTypes, type BackupFile, type CatalogueEntry } from './backup.ts';
import { liveReplies } from './live.ts';
import {
  actorVias,
  identityModes,
  operationKinds,
  operationStates,
  roles,
  type DrillRecord,
  type Operation,
  type OperationFailure,
  type Plan,
} from './operation.ts';
import type { Readiness } from './readiness.ts';
import { AlertsReply, AuditVerifyReply, ChainReply, RecoverableReply } from './page-replies.ts';
import { QualityReply } from './database-replies.ts';
import { errorCode, Failure, freeForm, time } from './reply-parts.ts';
import type { NewestBackup } from './service-replies.ts';
import { ServicePlaybooksReply } from './playbook-replies.ts';
import { AutomationPauseReply, FailoverReply } from './failover-replies.ts';
import {
  ScalingBacktestReply,
  ScalingHistoryReply,
  ScalingLoadReply,
  ScalingOverrideReply,
  ScalingPreviewReply,
  ScalingReply,
} from './scaling-replies.ts';
import { MaintenanceReply, PauseReply, ReadinessReply, ServiceReply, StatusReply } from './service-replies.ts';
import { SlaReport } from './sla.ts';
import type { MaintenanceWindow, NewestBackup as NewestBackupShape, Pause } from './snapshot.ts';

/** What the API answers, described once: the OpenAPI document, its page and typed clients follow from here. */

const ActorReply = z
  .object({
    name: z.string(),
    role: z.enum([...roles, 'system']),
    via: z.enum(actorVias),
  })
  .meta({ id: 'Actor' });

export const OperationReply = z
  .object({
    id: z.string(),
    kind: z.enum(operationKinds),
    service: z.string(),
    params: freeForm,
    actor: ActorReply,
    reason: z.string().nullable(),
    idempotencyKey: z.string().nullable(),
    state: z.enum(operationStates),
    createdAt: time,
    startedAt: time.nullable(),
    endedAt: time.nullable(),
    steps: z.array(
      z.object({
        name: z.string(),
        state: z.enum(['running', 'succeeded', 'failed']),
        startedAt: time,
        endedAt: time.nullable(),
        detail: z.string().nullable(),
      }),
    ),
    progress: z
      .object({
        phase: z.string(),
        entriesDone: z.number(),
        bytesDone: z.number(),
        bytesTotal: z.number().nullable(),
        bytesPerSecond: z.number().nullable(),
        secondsLeft: z.number().nullable(),
      })
      .nullable(),
    result: freeForm.nullable().describe('A backup has {backupId}, a restore {target}, a drill {drillId, passed}.'),
    error: Failure.nullable(),
    approval: z.object({ expiresAt: time }).optional().describe('It waits for a second person until then.'),
  })
  .meta({ id: 'Operation' });

export const PlanReply = z
  .object({
    kind: z.enum(operationKinds),
    service: z.string(),
    steps: z.array(z.string()),
    blockers: z.array(z.object({ code: errorCode, message: z.string(), hint: z.string() })),
    warnings: z.array(z.string()),
    destructive: z.boolean(),
    stops: z.array(z.string()).describe('What does not run, or is not to be used, meanwhile.'),
    expected: z
      .discriminatedUnion('known', [
        z.object({ known: z.literal(true), seconds: z.number(), source: z.string() }),
        z.object({ known: z.literal(false), why: z.string() }),
      ])
      .describe('How long it should take, and what that rests on.'),
    bytes: z.number().nullable().describe('To be read or written, whichever is the work; null: not known.'),
    atStake: z.array(z.string()).describe('Data that would be lost or changed; empty: none.'),
    wayBack: z.string().describe('How to go back afterwards.'),
    confirm: z.string().nullable().describe('What has to be sent as `confirm`; null: nothing.'),
    reasonRequired: z.boolean(),
    role: z.enum(['operator', 'admin']).describe('The least role that may do it.'),
    facts: freeForm,
    etag: z.string().describe('Send it back as planEtag.'),
  })
  .meta({ id: 'Plan' });

const BackupWarning = z.object({
  kind: z.enum(['changed', 'vanished', 'unreadable', 'other']),
  path: z.string(),
  message: z.string(),
});

export const BackupReply = z
  .object({
    id: z.string(),
    service: z.string(),
    engine: z.string(),
    type: z.enum(backupTypes),
    parent: z.string().nullable(),
    status: z.enum(backupStatuses),
    startedAt: time,
    endedAt: time,
    components: z.array(
      z.object({
        name: z.string(),
        status: z.enum(backupStatuses),
        entries: z.number(),
        bytes: z.number(),
        addedBytes: z.number(),
        storedBytes: z.number(),
        warnings: z.number(),
        skipped: z.record(z.string(), z.number()),
        error: z.string().nullable(),
      }),
    ),
    entries: z.number(),
    bytes: z.number(),
    addedBytes: z.number(),
    storedBytes: z.number(),
    checksum: z.string(),
    encrypted: z.boolean(),
    keyFingerprint: z.string().nullable(),
    warnings: z.array(BackupWarning).describe('At most 100. Empty for viewers: they may not see file names.'),
    warningCount: z.number(),
    keep: z.boolean(),
    note: z.string().nullable(),
    verifiedAt: time.nullable(),
    verifyResult: z.enum(['passed', 'failed']).nullable(),
    drilledAt: time.nullable(),
    copies: z.array(z.string()),
  })
  .meta({ id: 'Backup' });

export const BackupFileReply = z
  .object({
    path: z.string(),
    component: z.string(),
    kind: z.enum(['file', 'directory', 'symlink', 'hardlink']),
    bytes: z.number(),
    mode: z.number(),
    modifiedAt: time,
    uid: z.number(),
    gid: z.number(),
    sha256: z.string().nullable(),
    linkTarget: z.string().nullable(),
  })
  .meta({ id: 'BackupFile' });

export const DrillReply = z
  .object({
    id: z.string(),
    service: z.string(),
    testType: z.literal('restore'),
    backupId: z.string().nullable(),
    operationId: z.string(),
    startedAt: time,
    endedAt: time,
    passed: z.boolean(),
    rtoSeconds: z.number().nullable(),
    rpoSeconds: z.number().nullable(),
    entriesCompared: z.number(),
    bytesCompared: z.number(),
    differences: z.array(z.string()).describe('For viewers only their number: they may not see file names.'),
    check: z.object({ exitCode: z.number(), output: z.string() }).nullable(),
    source: z.string(),
    failure: Failure.nullable(),
    levels: z
      .array(
        z.object({
          level: z.union([z.literal(1), z.literal(2), z.literal(3), z.literal(4), z.literal(5)]),
          name: z.string(),
          result: z.enum(['passed', 'failed', 'skipped']),
          seconds: z.number(),
          detail: z.string(),
        }),
      )
      .describe('Of a database; empty for file trees.'),
    phases: z.array(z.object({ name: z.enum(['restore', 'start', 'recover', 'check']), seconds: z.number() })),
    recoveryTarget: z.string().nullable(),
    restoredTo: time.nullable().describe('The newest moment seen in the restored data.'),
    qualityId: z.string().nullable(),
  })
  .meta({ id: 'Drill' });

export const AuditReply = z
  .object({
    seq: z.number(),
    at: time,
    actor: z.string(),
    role: z.string(),
    via: z.string(),
    action: z.string(),
    service: z.string().nullable(),
    target: z.string().nullable(),
    result: z.enum(['intent', 'succeeded', 'failed', 'denied']),
    reason: z.string().nullable(),
    operationId: z.string().nullable(),
    remote: z.string().nullable(),
    details: freeForm.nullable(),
    hash: z.string(),
    verified: z
      .boolean()
      .nullable()
      .describe('Whether a signature of Grafana names the person; null: no person behind a proxy.'),
  })
  .meta({ id: 'AuditEntry' });

/** A token without its hash. */
export const TokenReply = z
  .object({
    id: z.string(),
    name: z.string(),
    role: z.enum(roles),
    createdAt: time,
    createdBy: z.string(),
    expiresAt: time.nullable(),
    lastUsedAt: time.nullable(),
    revokedAt: time.nullable(),
  })
  .meta({ id: 'Token' });
export type TokenReply = z.infer<typeof TokenReply>;

export const MeReply = z
  .object({
    name: z.string(),
    role: z.enum(roles),
    via: z.enum(actorVias),
    actions: z.array(z.string()).describe('Ids of the actions this role may call.'),
    version: z.string(),
    identity: z
      .object({
        mode: z.enum(identityModes),
        verified: z.boolean().nullable().describe('null: no person behind a proxy.'),
        problem: Failure.nullable().describe('Why the person is not proven.'),
      })
      .describe('What is known of the person behind Grafana.'),
  })
  .meta({ id: 'Me' });
export type MeReply = z.infer<typeof MeReply>;

export const LoginCodeReply = z
  .object({ code: z.string(), url: z.string(), expiresAt: time })
  .meta({ id: 'LoginCode', description: 'Works once, for ten minutes, from this machine.' });
export type LoginCodeReply = z.infer<typeof LoginCodeReply>;

const next = z.string().nullable();

/** Newest first; `next` is the cursor of the following page, null at the end. */
function page<T extends z.ZodType>(item: T) {
  return z.object({ items: z.array(item), next });
}

function countedPage<T extends z.ZodType>(item: T) {
  return z.object({ items: z.array(item), next, total: z.number().describe('Of all that match the filter.') });
}

/** `schema: null`: not JSON of one shape but a stream of `type`. */
export interface ReplyShape {
  readonly status: 200 | 201 | 202;
  readonly schema: z.ZodType | null;
  readonly type?: string;
  readonly description?: string;
}

/** What each action answers when it succeeds; `dryRun: true` answers 200 with a Plan instead of 202. */
export const replies = {
  me: { status: 200, schema: MeReply },
  status: { status: 200, schema: StatusReply },
  listServices: { status: 200, schema: page(ServiceReply) },
  getService: { status: 200, schema: ServiceReply },
  recoverable: { status: 200, schema: RecoverableReply },
  pauseService: { status: 200, schema: PauseReply },
  listMaintenance: { status: 200, schema: page(MaintenanceReply) },
  startMaintenance: { status: 200, schema: MaintenanceReply },
  endMaintenance: {
    status: 200,
    schema: z.object({ service: z.string(), ended: z.boolean().describe('False: no window was open.') }),
  },
  confirmKey: {
    status: 200,
    schema: z.object({ service: z.string(), fingerprint: z.string(), confirmed: z.literal(true) }),
  },
  resumeService: { status: 200, schema: z.object({ service: z.string(), paused: z.literal(false) }) },
  listBackups: { status: 200, schema: countedPage(BackupReply) },
  getBackup: { status: 200, schema: BackupReply },
  backupChain: { status: 200, schema: ChainReply },
  listBackupFiles: { status: 200, schema: page(BackupFileReply) },
  startBackup: { status: 202, schema: OperationReply },
  verifyBackup: { status: 202, schema: OperationReply },
  restoreBackup: { status: 202, schema: OperationReply },
  patchBackup: { status: 200, schema: BackupReply },
  deleteBackup: { status: 202, schema: OperationReply },
  startDrill: { status: 202, schema: OperationReply },
  startQuality: { status: 202, schema: OperationReply },
  listQuality: { status: 200, schema: page(QualityReply) },
  listDrills: { status: 200, schema: page(DrillReply) },
  listOperations: { status: 200, schema: countedPage(OperationReply) },
  getOperation: { status: 200, schema: OperationReply },
  cancelOperation: { status: 202, schema: OperationReply },
  approveOperation: { status: 202, schema: OperationReply },
  getFailover: { status: 200, schema: FailoverReply },
  startFailover: { status: 202, schema: OperationReply },
  startSwitchover: {
    status: 202,
    schema: OperationReply,
    description: 'The operation; 201 with the schedule where `at` was sent',
  },
  cancelSwitchover: { status: 200, schema: z.object({ service: z.string(), cancelled: z.boolean() }) },
  fenceNode: { status: 202, schema: OperationReply },
  rejoinNode: { status: 202, schema: OperationReply },
  pauseFailover: { status: 200, schema: AutomationPauseReply },
  resumeFailover: {
    status: 200,
    schema: z.object({ service: z.string(), resumed: z.boolean().describe('False: it was not paused.') }),
  },
  getScaling: { status: 200, schema: ScalingReply },
  getScalingHistory: { status: 200, schema: ScalingHistoryReply },
  getScalingLoad: { status: 200, schema: ScalingLoadReply },
  setScaling: { status: 202, schema: OperationReply },
  pauseScaling: { status: 200, schema: AutomationPauseReply },
  resumeScaling: {
    status: 200,
    schema: z.object({ service: z.string(), resumed: z.boolean().describe('False: it was not paused.') }),
  },
  previewScalingPolicy: { status: 200, schema: ScalingPreviewReply },
  setScalingPolicy: { status: 200, schema: ScalingOverrideReply },
  resetScalingPolicy: { status: 200, schema: ScalingOverrideReply },
  backtestScaling: { status: 200, schema: ScalingBacktestReply },
  listPlaybooks: { status: 200, schema: ServicePlaybooksReply },
  runPlaybook: { status: 202, schema: OperationReply },
  events: {
    status: 200,
    schema: null,
    type: 'text/event-stream',
    description: 'A stream of events `operation`, `snapshot` and `alert` (one of those defined at run time changed)',
  },
  listAlerts: { status: 200, schema: AlertsReply },
  listAudit: { status: 200, schema: page(AuditReply) },
  verifyAudit: { status: 200, schema: AuditVerifyReply },
  exportAudit: {
    status: 200,
    schema: null,
    type: 'text/csv',
    description: 'A file; application/json where that was asked for',
  },
  readiness: { status: 200, schema: page(ReadinessReply) },
  sla: { status: 200, schema: SlaReport },
  listTokens: { status: 200, schema: page(TokenReply) },
  createToken: {
    status: 201,
    schema: z.object({ token: TokenReply, secret: z.string().describe('Shown only here.') }),
  },
  revokeToken: { status: 200, schema: z.object({ id: z.string(), revoked: z.literal(true) }) },
  setLogLevel: { status: 200, schema: z.object({ level: z.string() }) },
  ...liveReplies,
} as const satisfies Record<ActionId, ReplyShape>;

/** The compiler compares each wire form with the interface that the program works with. */
type Fits<Wire, Model extends Wire> = [Wire, Model];
export type WireFits = [
  Fits<z.infer<typeof OperationReply>['state'], Operation['state']>,
  Fits<keyof z.infer<typeof OperationReply>, keyof Operation>,
  Fits<keyof Operation, keyof z.infer<typeof OperationReply>>,
  Fits<keyof z.infer<typeof BackupReply>, keyof CatalogueEntry>,
  Fits<keyof CatalogueEntry, keyof z.infer<typeof BackupReply>>,
  Fits<keyof z.infer<typeof BackupFileReply>, keyof BackupFile>,
  Fits<keyof BackupFile, keyof z.infer<typeof BackupFileReply>>,
  Fits<keyof z.infer<typeof DrillReply>, keyof DrillRecord>,
  Fits<keyof DrillRecord, keyof z.infer<typeof DrillReply>>,
  Fits<keyof z.infer<typeof PlanReply>, keyof Plan>,
  Fits<keyof Plan, keyof z.infer<typeof PlanReply>>,
  Fits<keyof z.infer<typeof ReadinessReply>, keyof Readiness>,
  Fits<keyof z.infer<typeof NewestBackup>, keyof NewestBackupShape>,
  Fits<keyof z.infer<typeof PauseReply>, keyof Pause>,
  Fits<keyof z.infer<typeof MaintenanceReply>, keyof MaintenanceWindow>,
  Fits<keyof z.infer<typeof Failure>, keyof OperationFailure>,
];
