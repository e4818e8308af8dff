import { generate as generateAlertmanager } from '@genesis-dr/alertmanager';
import path from 'node:path';
import { Config } from '../src/config/index.ts';
import { notEmpty, startMessageSinks, type MessageSinks } from './support/messages.ts';
import { cleanUp, sleep, tempFolder, waitUntil } from './support/processes.ts';
import { startAlertmanager, writeFiles, type AlertmanagerServer } from './support/prometheus.ts';

describe('quiet hours of a real Alertmanager', () => {
  let alertmanager: AlertmanagerServer;
  let sinks: MessageSinks;

  beforeAll(async () => {
    const folder = tempFolder('genesis-quiet-');
    sinks = await startMessageSinks(folder);
    const config = Config.parse({
      alertmanager: {
        ...sinks.config,
        group_wait: '1s',
        group_interval: '1s',
        quiet_hours: { time_zone: 'Europe/Berlin', periods: [{ from: '00:00', to: '24:00' }] },
      },
    });
    writeFiles(folder, generateAlertmanager(config));
    alertmanager = await startAlertmanager({
      configFile: path.join(folder, 'alertmanager/generated/alertmanager.yml'),
    });
  }, 60_000);

  afterAll(async () => {
    await sinks?.stop();
    await cleanUp();
  }, 60_000);

  it('hold warnings back, from the webhook neither them nor anything else, and never a critical alert', async () => {
    const common = { system: 'genesis-dr', cluster: 'default', service: 'shop' };
    const alerts = [
      { labels: { ...common, alertname: 'LowDRReadiness', severity: 'warning', component: 'readiness' } },
      { labels: { ...common, alertname: 'GenesisBackupMissing', severity: 'critical', component: 'backup' } },
    ];
    const reply = await fetch(`${alertmanager.url}/api/v2/alerts`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(alerts),
    });
    expect(reply.status).toBe(200);
    const watched = { processes: [alertmanager.process], deadlineMs: 20_000 };
    await waitUntil('Slack', () => notEmpty(sinks.slack('GenesisBackupMissing')), watched);
    await waitUntil('PagerDuty', () => notEmpty(sinks.pages('GenesisBackupMissing')), watched);
    await waitUntil('e-mail', () => notEmpty(sinks.mails('GenesisBackupMissing')), watched);
    await waitUntil('webhook', () => notEmpty(sinks.webhooks('LowDRReadiness')), watched);
    await sleep(2_500);

    expect(sinks.slack('LowDRReadiness')).toEqual([]);
  }, 60_000);
});
