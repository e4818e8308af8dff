import { z } from 'zod';
import { ArchiveOptions } from '../engines/backup/archive/options.ts';
import { duration, size } from './units.ts';

const name = z
  .string()
  .regex(/^[a-z0-9]([a-z0-9_-]{0,61}[a-z0-9])?$/, { error: 'must be 1-63 of a-z, 0-9, - and _, not at either end - or _' });
const labelValue = z.string().min(1).max(63);
const absolutePath = z.string().refine((p) => p.startsWith('/') && !p.includes('\0'), { error: 'must be an absolute path' });
/** A secret is never in the file itself: `env:NAME` or `file:/path`. */
export const SecretRef = z
  .string()
  .regex(/^(env:[A-Za-z_][A-Za-z0-9_]*|file:\/.+)$/, { error: 'must be env:NAME or file:/absolute/path, never the secret itself' });
const cron = z.string().min(1).describe('Cron expression with five fields (or six, seconds first).');
const command = z
  .array(z.string().min(1))
  .min(1)
  .describe('Program and arguments; no shell runs, the environment is cleared.');

export const Component = z.strictObject({
  paths: z.array(absolutePath).min(1).describe('Absolute paths of trees or files.'),
  excludes: z.array(z.string().min(1)).default([]).describe('Glob patterns against the path inside its tree, e.g. "**/*.tmp".'),
});

export const Schedules = z
  .strictObject({
    full: cron.nullable().default('0 2 * * *'),
    incremental: cron.nullable().default('*/30 * * * *'),
    timezone: z.string().default('UTC').describe('IANA time zone of the expressions.'),
  })
  .prefault({});

export const Retention = z
  .strictObject({
    full_days: z.number().positive().default(30),
    incremental_days: z.number().positive().default(7),
    full_count: z.int().min(1).default(10).describe('Fulls at most; the newest are kept. A backup that a kept one builds upon stays.'),
  })
  .prefault({});

export const Limits = z
  .strictObject({
    nice: z.int().min(0).max(19).nullable().default(null).describe('CPU niceness of the backup work.'),
    io: z.enum(['idle', 'best-effort']).nullable().default(null).describe('I/O class of the service unit.'),
    bandwidth: size().nullable().default(null).describe('Source bytes read a second, e.g. 50MiB.'),
    concurrency: z.int().min(1).max(64).default(4).describe('Frames compressed at the same time.'),
  })
  .prefault({});

export const Backup = z
  .strictObject({
    ...ArchiveOptions.shape,
    repository: absolutePath.nullable().default(null).describe('Folder of the backups; default <home>/repository.'),
    components: z
      .record(name, Component)
      .default({})
      .describe('What is backed up, by name (data, config, plugins, database, models, …); each can be restored alone.'),
    schedules: Schedules,
    retention: Retention,
    limits: Limits,
    encryption: z
      .strictObject({ key: SecretRef.describe('At least 16 characters, or 64 hex digits.') })
      .nullable()
      .default(null)
      .describe('Seals every archive and file list; without the key nothing can be restored.'),
    verify_after: z.boolean().default(true).describe('Read every backup back right after it was made.'),
  })
  .prefault({});

export const Copy = z.strictObject({
  name,
  path: absolutePath.describe('A folder on another disk or a mount.'),
  offsite: z.boolean().default(false).describe('It stands at another place; only then may it earn the offsite part of readiness.'),
  mountpoint: z.boolean().default(false).describe('The folder must be a mount point or below one that is not /; else it counts as disconnected.'),
});

export const Drills = z
  .strictObject({
    schedule: cron.nullable().default('0 4 * * 0'),
    timezone: z.string().default('UTC'),
    check: z
      .strictObject({ command, timeout: duration().default(300) })
      .nullable()
      .default(null)
      .describe('Run in the restored folder ($GENESIS_RESTORE_DIR); exit 0 passes.'),
  })
  .prefault({});

export const RestoreHooks = z
  .strictObject({
    stop: command.nullable().default(null).describe('Run before data is replaced in place.'),
    start: command.nullable().default(null).describe('Run afterwards, also when the restore failed.'),
    timeout: duration().default(120),
  })
  .prefault({});

export const Objectives = z
  .strictObject({
    backup_sla: duration().default(4 * 3600).describe('Newest backup never older; BackupTooOld fires at twice this.'),
    replication_sla: duration().default(300).describe('Copies and replicas never further behind.'),
    readiness_sla: z.number().min(0).max(1).default(0.8),
    test_frequency_sla: duration().default(30 * 86400).describe('A passed restore drill at least this often.'),
    rpo_sla: duration().default(3600).describe('Data loss at most.'),
    rto_sla: duration().default(4 * 3600).describe('Time to recover at most.'),
  })
  .prefault({});

export const Service = z.strictObject({
  name,
  component: labelValue.default('data'),
  tier: labelValue.default('standard'),
  region: labelValue.default('local'),
  team: labelValue.default('default'),
  backup: Backup,
  copies: z.array(Copy).default([]),
  drills: Drills,
  restore: RestoreHooks,
  objectives: Objectives,
});

export const Api = z
  .strictObject({
    listen: z.string().default('127.0.0.1:9847').describe('address:port; anything but loopback needs tls or insecure: true.'),
    hosts: z.array(z.string().min(1)).default([]).describe('Further Host names that requests may carry.'),
    insecure: z.boolean().default(false).describe('Listen beyond loopback without TLS.'),
    tls: z.strictObject({ cert: absolutePath, key: absolutePath }).nullable().default(null),
    session_idle: duration().default(1800),
    session_max: duration().default(12 * 3600),
    event_streams: z.int().min(1).max(1000).default(20).describe('Event streams open at the same time.'),
    requests_per_minute: z.int().min(1).default(600).describe('Per client address.'),
    failed_logins_per_minute: z.int().min(1).default(10).describe('Per client address.'),
  })
  .prefault({});

export const Rules = z
  .strictObject({
    job: z.string().default('genesis_dr').describe('Prometheus job name of the exporter.'),
    evaluation_interval: duration().default(30),
    for: z.record(z.string(), duration()).default({}).describe('Overrides the waiting time of an alert by its name, e.g. BackupTooOld: 10s.'),
    runbook_base_url: z.string().default('https://genesis-dr.example/runbooks'),
  })
  .prefault({});

export const AlertmanagerConfig = z
  .strictObject({
    group_wait: duration().default(30),
    group_interval: duration().default(300),
    repeat_interval: duration().default(4 * 3600),
    webhook_url: z.url().nullable().default(null).describe('Receives every alert; further receivers come with their own keys.'),
  })
  .prefault({});

export const Config = z.strictObject({
  cluster: labelValue.default('default'),
  services: z.array(Service).default([]),
  api: Api,
  metrics: z.strictObject({ open: z.boolean().default(false).describe('Serve /metrics without a token beyond loopback.') }).prefault({}),
  restore: z
    .strictObject({ roots: z.array(absolutePath).default([]).describe('Folders below which restores may create new ones; default <home>/restores.') })
    .prefault({}),
  collectors: z
    .strictObject({
      dr_interval: duration().default(10),
      system_interval: duration().default(15),
      application_interval: duration().default(30),
      business_interval: duration().default(300),
      scrape_interval: duration().default(15),
      alert_interval: duration().default(30),
    })
    .prefault({}),
  log: z.strictObject({ level: z.enum(['debug', 'info', 'warn', 'error']).default('info') }).prefault({}),
  operations: z
    .strictObject({ max_workers: z.int().min(1).max(200).default(20).describe('Operations that run at the same time; one a service.') })
    .prefault({}),
  rules: Rules,
  alertmanager: AlertmanagerConfig,
});

export type Config = z.output<typeof Config>;
export type ServiceConfig = z.output<typeof Service>;
