import { documentedMetrics } from '../src/contract/testing.ts';
import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { generate as generateAlertmanager } from '@genesis-dr/alertmanager';
import { generate as generateProvisioning } from '@genesis-dr/provisioning';
import { generate as generateRules } from '@genesis-dr/rules';
import { Config } from '../src/config/index.ts';
import type { Operation } from '../src/contract/operation.ts';
import { startGenesis, type Genesis } from './support/genesis.ts';
import { cleanUp, freePort, tempFolder, waitUntil } from './support/processes.ts';
import { startAlertmanager, startPrometheus, startWebhook, writeFiles } from './support/prometheus.ts';
import type { AlertmanagerServer, PrometheusServer, WebhookServer } from './support/prometheus.ts';

/** Seconds where the defaults are hours; rules, routes and the exporter are the shipped ones. */
function configuration(data: string, webhookUrl: string): Record<string, unknown> {
  return {
    cluster: 'e2e',
    services: [
      {
        name: 'shop',
        team: 'storefront',
        backup: {
          components: { data: { paths: [data] } },
          schedules: { full: '0 2 * * *', incremental: '*/3 * * * * *' },
          verify_after: false,
        },
        drills: { schedule: null },
        objectives: { backup_sla: '10s' },
      },
    ],
    collectors: { dr_interval: '1s', scrape_interval: '1s' },
    rules: { evaluation_interval: '1s', for: { BackupTooOld: '2s', GenesisBackupSLAViolation: '10m' } },
    alertmanager: { group_wait: '1s', group_interval: '1s', webhook_url: webhookUrl },
  };
}

describe('the shipped rules on a real Prometheus and Alertmanager', () => {
  let genesis: Genesis;
  let prometheus: PrometheusServer;
  let alertmanager: AlertmanagerServer;
  let webhook: WebhookServer;

  beforeAll(async () => {
    const data = path.join(tempFolder('genesis-data-'), 'shop');
    mkdirSync(data);
    for (let i = 0; i < 20; i++) writeFileSync(path.join(data, `order-${i}.json`), JSON.stringify({ order: i }));

    webhook = await startWebhook();
    const raw = configuration(data, webhook.url);
    genesis = await startGenesis({ config: raw });

    const config = Config.parse({ ...raw, api: { listen: new URL(genesis.url).host } });
    const stack = tempFolder('genesis-stack-');
    const alertmanagerPort = await freePort();
    writeFiles(stack, [
      ...generateRules(config),
      ...generateAlertmanager(config),
      ...generateProvisioning(config, { alertmanagers: [`127.0.0.1:${alertmanagerPort}`], environment: 'e2e' }),
    ]);
    alertmanager = await startAlertmanager({
      configFile: path.join(stack, 'alertmanager/generated/alertmanager.yml'),
      port: alertmanagerPort,
    });
    prometheus = await startPrometheus({ configFile: path.join(stack, 'provisioning/generated/prometheus.yml') });
  }, 120_000);

  afterAll(async () => {
    await webhook?.stop();
    await cleanUp();
  }, 60_000);

  const watched = () => ({ processes: [genesis.process, prometheus.process, alertmanager.process] });
  const delivered = (alertname: string, status: 'firing' | 'resolved') =>
    webhook.alerts().find((alert) => alert.labels['alertname'] === alertname && alert.status === status);

  it('answers genesis_backup_total > 0 within 15 s of a finished backup', async () => {
    await waitUntil(
      'prometheus scrapes genesis',
      async () => (await prometheus.query('up == 1')).length === 1,
      watched(),
    );
    const started = await genesis.api<Operation>('POST', '/backups', { service: 'shop', type: 'full' });
    // A scheduled run may hold the service at this moment: then that one counts.
    expect([202, 409]).toContain(started.status);
    const backup =
      started.status === 202
        ? await genesis.waitForOperation(started.body.id)
        : await waitUntil('a scheduled backup ends', async () => {
            const reply = await genesis.api<{ items: Operation[] }>('GET', '/operations?kind=backup&state=succeeded');
            return reply.body.items[0];
          });
    expect(backup).toMatchObject({ state: 'succeeded' });

    const samples = await waitUntil(
      'prometheus knows of the backup',
      async () => {
        const found = await prometheus.query('genesis_backup_total > 0');
        return found.length > 0 ? found : undefined;
      },
      { ...watched(), deadlineMs: 15_000 },
    );
    expect(samples[0]?.metric).toMatchObject({ cluster: 'e2e', service: 'shop', job: 'genesis_dr' });
    expect(samples[0]?.metric).not.toHaveProperty('exported_service');
  }, 120_000);

  it('registers every documentedMetrics metric under its name and type', async () => {
    const page = (await genesis.get('/metrics')).text;
    const types = Object.fromEntries(
      [...page.matchAll(/^# TYPE (\S+) (\S+)$/gm)].map(([, name, type]) => [name, type]),
    );

    expect(types).toMatchObject(documentedMetrics);
    for (const name of Object.keys(documentedMetrics)) expect(page).toMatch(new RegExp(`^# HELP ${name} \\S`, 'm'));
  });

  it('evaluates every rule without an error, and records the age of the newest backup', async () => {
    const age = await waitUntil(
      'the age is recorded',
      async () => (await prometheus.query('service:genesis_backup_age_seconds:min'))[0],
      watched(),
    );
    expect(age.metric).toMatchObject({ cluster: 'e2e', service: 'shop' });

    type Group = { name: string; rules: { name: string; health: string; lastError?: string }[] };
    // The hourly group, here every two minutes, is not waited for: it is only not to fail.
    const groups = await waitUntil(
      'every quick rule is evaluated',
      async () => {
        const found = (await prometheus.api<{ groups: Group[] }>('/api/v1/rules')).groups;
        const quick = found.filter((group) => group.name !== 'genesis_hourly').flatMap((group) => group.rules);
        return quick.every((rule) => rule.health !== 'unknown') ? found : undefined;
      },
      watched(),
    );
    const failing = groups.flatMap((group) => group.rules).filter((rule) => rule.health === 'err' || rule.lastError);
    expect(failing).toEqual([]);
  }, 60_000);

  it('delivers BackupTooOld while backups are held, and its resolution when they run again', async () => {
    expect(delivered('BackupTooOld', 'firing')).toBeUndefined();

    const paused = await genesis.api('POST', '/services/shop/pause', { seconds: 600, reason: 'alerting test' });
    expect(paused.status).toBe(200);
    const firing = await waitUntil('BackupTooOld is delivered', () => delivered('BackupTooOld', 'firing'), {
      ...watched(),
      deadlineMs: 60_000,
    });
    expect(firing.labels).toMatchObject({
      severity: 'warning',
      component: 'backup',
      system: 'genesis-dr',
      cluster: 'e2e',
      service: 'shop',
      team: 'storefront',
    });
    expect(firing.annotations['summary']).toMatch(/^Newest backup of shop is \d+.*s old$/);
    expect(delivered('BackupTooOld', 'resolved')).toBeUndefined();

    const resumed = await genesis.api('POST', '/services/shop/resume', {});
    expect(resumed.status).toBeLessThan(300);
    await waitUntil('the resolution is delivered', () => delivered('BackupTooOld', 'resolved'), {
      ...watched(),
      deadlineMs: 60_000,
    });
  }, 150_000);

  it('keeps the Watchdog firing without telling anybody', async () => {
    expect(await prometheus.query('ALERTS{alertname="GenesisDRWatchdog",alertstate="firing"}')).toHaveLength(1);
    expect(delivered('GenesisDRWatchdog', 'firing')).toBeUndefined();
  });
});
