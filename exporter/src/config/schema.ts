import { z } from 'zod';
import { ArchiveOptions } from '../engines/backup/archive/options.ts';
import { PgDumpOptions } from '../engines/backup/pg-dump/options.ts';
import { PgbackrestOptions } from '../engines/backup/pgbackrest/options.ts';
import { ResticOptions } from '../engines/backup/restic/options.ts';
import { AlertmanagerConfig } from './schema-alertmanager.ts';
import { Failover } from './schema-failover.ts';
import { GrafanaServer } from './schema-grafana.ts';
import { Health } from './schema-health.ts';
import { Live } from './schema-live.ts';
import { Collectors, Rules } from './schema-monitoring.ts';
import { Playbooks } from './schema-playbooks.ts';
import { Postgres, Remote } from './schema-postgres.ts';
import { Provisioning } from './schema-provisioning.ts';
import { Quality } from './schema-quality.ts';
import { Scaling } from './schema-scaling.ts';
import { PrometheusServer, Sla } from './schema-sla.ts';
import { absolutePath, SecretRef } from './secret-ref.ts';
import { duration, notation, size } from './units.ts';

export { AlertmanagerConfig, Collectors, Rules, SecretRef };

// Every key has a description: docs/reference/configuration.md is made of them, and a test wants one for each.

const name = z.string().regex(/^[a-z0-9]([a-z0-9_-]{0,61}[a-z0-9])?$/, {
  error: 'must be 1-63 of a-z, 0-9, - and _, beginning and ending with a letter or digit',
});
const labelValue = z.string().min(1).max(63);
const cron = z.string().min(1).meta(notation('cron'));
const timezone = z.string().default('UTC').describe('IANA time zone of the schedule, e.g. Europe/Berlin.');
const command = z.array(z.string().min(1)).min(1);

export const Component = z.strictObject({
  paths: z.array(absolutePath).min(1).describe('Absolute paths of trees or files.'),
  excludes: z
    .array(z.string().min(1))
    .default([])
    .describe('Glob patterns against the path inside its tree, e.g. "**/*.tmp".'),
});

export const Schedules = z
  .strictObject({
    full: cron
      .nullable()
      .default('0 2 * * *')
      .describe(
        'When a full backup starts: cron with five fields, or six with seconds first. null: never by schedule.',
      ),
    differential: cron
      .nullable()
      .default(null)
      .describe('When a differential backup starts (pgbackrest only). null: never by schedule.'),
    incremental: cron
      .nullable()
      .default('*/30 * * * *')
      .describe('When an incremental backup starts; same notation. null: never by schedule.'),
    timezone,
  })
  .prefault({})
  .describe('When backups start. Missed runs are caught up once; two of a service never run at the same time.');

export const Retention = z
  .strictObject({
    full_days: z.number().positive().default(30).describe('Days a full backup is kept.'),
    incremental_days: z
      .number()
      .positive()
      .default(7)
      .describe('Days an incremental backup is kept; at most full_days.'),
    full_count: z
      .int()
      .min(1)
      .default(10)
      .describe('Full backups at most; the newest are kept. A backup that a kept one builds upon always stays.'),
  })
  .prefault({})
  .describe('How long backups are kept. The newest verified one is never deleted, nor what a kept one needs.');

export const Limits = z
  .strictObject({
    nice: z
      .int()
      .min(0)
      .max(19)
      .nullable()
      .default(null)
      .describe('CPU niceness of the backup work, unless the process is nicer already; null: 5.'),
    io: z
      .enum(['idle', 'best-effort'])
      .nullable()
      .default(null)
      .describe('I/O class that `genesis service install` writes into the unit; null: best-effort, lowest priority.'),
    bandwidth: size().nullable().default(null).describe('Source bytes read a second, e.g. 50MiB; null: no bound.'),
    concurrency: z.int().min(1).max(64).default(4).describe('Frames compressed at the same time.'),
  })
  .prefault({})
  .describe('What backup work may take of the machine.');

export const engineNames = ['archive', 'pgbackrest', 'pg_dump', 'restic'] as const;

export const Backup = z
  .strictObject({
    engine: z
      .enum(engineNames)
      .default('archive')
      .describe(
        'archive: file trees, embedded. pgbackrest: PostgreSQL with any moment back. pg_dump: PostgreSQL as SQL. restic: file trees, deduplicated.',
      ),
    ...ArchiveOptions.shape,
    pgbackrest: PgbackrestOptions.prefault({}).describe('Of the engine pgbackrest.'),
    pg_dump: PgDumpOptions.prefault({}).describe('Of the engine pg_dump.'),
    restic: ResticOptions.prefault({}).describe('Of the engine restic.'),
    repository: absolutePath
      .nullable()
      .default(null)
      .describe('Folder of the backups, or the path inside `remote`; null: <home>/repository.'),
    remote: Remote.nullable()
      .default(null)
      .describe('Object store or server that holds the repository (pgbackrest, restic). null: a folder.'),
    components: z
      .record(name, Component)
      .default({})
      .describe('What is backed up, by name (data, config, plugins, database, models, …); each can be restored alone.'),
    schedules: Schedules,
    retention: Retention,
    limits: Limits,
    encryption: z
      .strictObject({
        key: SecretRef.describe('Secret of at least 16 characters, or 64 hex digits: env:NAME or file:/path.'),
      })
      .nullable()
      .default(null)
      .describe('Seals every archive and file list; without the key nothing can be restored. null: not encrypted.'),
    verify_after: z.boolean().default(true).describe('Read every backup back right after it was made.'),
  })
  .prefault({})
  .describe('What is backed up, when, and how long it is kept.');

export const Copy = z.strictObject({
  name: name.describe('Name of the copy: the label `replica` of its metrics.'),
  path: absolutePath.describe('A folder on another disk or a mount, or the path inside `remote`.'),
  remote: Remote.nullable()
    .default(null)
    .describe('Object store or server that holds the copy (pgbackrest, restic). null: a folder.'),
  offsite: z
    .boolean()
    .default(false)
    .describe('It stands at another place; only then may it earn the offsite part of readiness.'),
  mountpoint: z
    .boolean()
    .default(false)
    .describe('The folder must be a mount point or below one that is not /; else it counts as disconnected.'),
});

export const Drills = z
  .strictObject({
    schedule: cron
      .nullable()
      .default('0 4 * * 0')
      .describe('When a restore drill starts: cron as for backups. null: never by schedule.'),
    timezone,
    check: z
      .strictObject({
        command: command.describe('Program and arguments; no shell runs, the environment is cleared.'),
        timeout: duration().default(300).describe('Ended, with all it started, after this.'),
      })
      .nullable()
      .default(null)
      .describe(
        'Run in the restored folder ($GENESIS_RESTORE_DIR); exit 0 passes. null: files are compared, nothing is run.',
      ),
  })
  .prefault({})
  .describe('Restores of the newest backup into a private folder, to prove that it can be done and how long it takes.');

export const RestoreHooks = z
  .strictObject({
    stop: command
      .nullable()
      .default(null)
      .describe('Program and arguments run before data is replaced in place, e.g. [/usr/bin/systemctl, stop, shop].'),
    start: command
      .nullable()
      .default(null)
      .describe('Program and arguments run afterwards, also when the restore failed.'),
    timeout: duration().default(120).describe('Each of the two is ended after this.'),
  })
  .prefault({})
  .describe('Commands around a restore in place. They come only from this file, never from a request.');

export const Objectives = z
  .strictObject({
    backup_sla: duration()
      .default(4 * 3600)
      .describe('The newest backup is never older. Warning at this age; BackupTooOld fires at twice it.'),
    replication_sla: duration().default(300).describe('Copies are never further behind.'),
    readiness_sla: z.number().min(0).max(1).default(0.8).describe('Readiness score, 0 to 1, never lower.'),
    test_frequency_sla: duration()
      .default(30 * 86400)
      .describe('A restore drill passes at least this often.'),
    rpo_sla: duration().default(3600).describe('Data loss at most; below the backup interval only with replication.'),
    rto_sla: duration()
      .default(4 * 3600)
      .describe('Time to recover at most.'),
  })
  .prefault({})
  .describe('What the service promises; metrics and alerts compare facts with it.');

export const Service = z.strictObject({
  name: name.describe('Name of the service: the label `service` of its metrics. 1-63 of a-z, 0-9, - and _.'),
  component: labelValue.default('data').describe('Label `component` for grouping and alert routing.'),
  tier: labelValue.default('standard').describe('Label `tier`, e.g. critical, standard.'),
  region: labelValue.default('local').describe('Label `region`: where the service runs.'),
  team: labelValue.default('default').describe('Label `team`: who is called.'),
  backup: Backup,
  copies: z
    .array(Copy)
    .default([])
    .describe('Further folders to which every backup is copied, and from which it can be restored.'),
  drills: Drills,
  restore: RestoreHooks,
  postgres: Postgres.nullable()
    .default(null)
    .describe('The PostgreSQL server of the service, its standbys and what a drill proves. null: it has none.'),
  health: Health,
  quality: Quality,
  failover: Failover.nullable()
    .default(null)
    .describe('Who takes over when the primary is lost, and what must be proven before. null: nobody.'),
  scaling: Scaling.nullable()
    .default(null)
    .describe('How many instances run, and what that number follows. null: Genesis does not scale it.'),
  playbooks: Playbooks,
  objectives: Objectives,
});

export const Api = z
  .strictObject({
    listen: z
      .string()
      .default('127.0.0.1:9847')
      .describe(
        'address:port; anything but loopback needs tls or insecure: true. GENESIS_LISTEN in the environment wins.',
      ),
    hosts: z
      .array(z.string().min(1))
      .default([])
      .describe('Further Host names that requests may carry, e.g. dr.example.org; others get 421.'),
    insecure: z
      .boolean()
      .default(false)
      .describe('Listen beyond loopback without TLS; tokens then travel in the clear.'),
    tls: z
      .strictObject({
        cert: absolutePath.describe('Certificate chain, PEM.'),
        key: absolutePath.describe('Private key, PEM; readable by its owner only.'),
      })
      .nullable()
      .default(null)
      .describe('Serve HTTPS with these files. null: HTTP.'),
    session_idle: duration().default(1800).describe('A login in the browser ends after this time without a request.'),
    session_max: duration()
      .default(12 * 3600)
      .describe('A login in the browser ends after this time in any case.'),
    event_streams: z.int().min(1).max(1000).default(20).describe('Event streams open at the same time.'),
    requests_per_minute: z
      .int()
      .min(1)
      .default(600)
      .describe('Requests of one client address; more get 429. All users of one Grafana share its address.'),
    failed_logins_per_minute: z.int().min(1).default(10).describe('Failed logins of one client address; more get 429.'),
  })
  .prefault({})
  .describe('Where pages, metrics and API are served, and to whom.');

export const Config = z.strictObject({
  cluster: labelValue.default('default').describe('Label `cluster` of every genesis_* series.'),
  services: z.array(Service).default([]).describe('What is protected.'),
  api: Api,
  metrics: z
    .strictObject({ open: z.boolean().default(false).describe('Serve /metrics without a token beyond loopback.') })
    .prefault({})
    .describe('The page that Prometheus scrapes.'),
  restore: z
    .strictObject({
      roots: z
        .array(absolutePath)
        .default([])
        .describe('Folders below which a restore may create a new one; empty: <home>/restores.'),
    })
    .prefault({})
    .describe('Where restores that do not go in place may write.'),
  collectors: Collectors,
  live: Live,
  log: z
    .strictObject({
      level: z.enum(['debug', 'info', 'warn', 'error']).default('info').describe('Least level that is logged.'),
    })
    .prefault({})
    .describe('Structured log on standard error.'),
  operations: z
    .strictObject({
      max_workers: z.int().min(1).max(200).default(20).describe('Operations that run at the same time; one a service.'),
    })
    .prefault({})
    .describe('Bounds on the work itself.'),
  rules: Rules,
  sla: Sla,
  prometheus: PrometheusServer,
  grafana: GrafanaServer,
  alertmanager: AlertmanagerConfig,
  provisioning: Provisioning,
});

export type Config = z.output<typeof Config>;
export type ServiceConfig = z.output<typeof Service>;
