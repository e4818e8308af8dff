import { z } from 'zod';
import { duration, notation } from './units.ts';

// What Prometheus is told, and how often figures are read.

export const Rules = z
  .strictObject({
    job: z.string().min(1).default('genesis_dr').describe('Prometheus job name of the exporter.'),
    evaluation_interval: duration().default(30).describe('How often Prometheus evaluates the rule groups.'),
    for: z
      .record(z.string(), duration())
      .default({})
      .describe('Overrides the waiting time of an alert by its name, e.g. BackupTooOld: 10s.'),
    thresholds: z
      .record(z.string(), z.number().min(0))
      .default({})
      .describe('Overrides a limit of the alerts by its name, e.g. cpu_usage: 0.9; docs/alerting.md lists them.'),
    runbook_base_url: z
      .string()
      .meta(notation('url'))
      .default('https://genesis-dr.example/runbooks')
      .describe('Where the folder docs/runbooks is published; alerts link to it.'),
    grafana_url: z
      .string()
      .meta(notation('url'))
      .default('http://localhost:3000')
      .describe('Grafana as people reach it; alerts link to its dashboards and to the pages of the app.'),
  })
  .prefault({})
  .describe('What `genesis generate` writes into the Prometheus rules.');

export const Collectors = z
  .strictObject({
    dr_interval: duration().default(10).describe('Backups, copies, drills, readiness.'),
    wal_interval: duration()
      .default(60)
      .describe('Scan of the WAL archive for gaps; it lists every segment of every repository.'),
    system_interval: duration().default(15).describe('CPU, memory, disks, network.'),
    application_interval: duration().default(30).describe('Applications.'),
    business_interval: duration().default(300).describe('Business figures.'),
    scrape_interval: duration()
      .default(15)
      .describe('How often Prometheus scrapes; goes into the generated prometheus.yml.'),
    alert_interval: duration().default(30).describe('How often alert definitions of the API are evaluated.'),
  })
  .prefault({})
  .describe('How often each kind of figure is read. Levels older than three intervals are left out, not guessed.');
