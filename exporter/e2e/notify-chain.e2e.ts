import { existsSync } from 'node:fs';
import path from 'node:path';
import { generate as generateAlertmanager } from '@genesis-dr/alertmanager';
import { generate as generateProvisioning } from '@genesis-dr/provisioning';
import { generate as generateRules } from '@genesis-dr/rules';
import { Config } from '../src/config/index.ts';
import { startGenesis, type Genesis } from './support/genesis.ts';
import { messageSecrets, notEmpty, startMessageSinks, type MessageSinks } from './support/messages.ts';
import { cleanUp, freePort, sleep, tempFolder, waitUntil } from './support/processes.ts';
import { startAlertmanager, startPrometheus, writeFiles } from './support/prometheus.ts';
import type { AlertmanagerServer, PrometheusServer } from './support/prometheus.ts';

/** Seconds where the defaults are minutes; exporter, rules, routes and messages are the shipped ones. */
function configuration(data: string, alertmanager: Readonly<Record<string, unknown>>): Record<string, unknown> {
  return {
    cluster: 'chain',
    services: [
      {
        name: 'shop',
        team: 'storefront',
        backup: {
          components: { data: { paths: [data] } },
          schedules: { full: '*/3 * * * * *', incremental: null },
        },
        drills: { schedule: null },
      },
    ],
    collectors: { dr_interval: '1s', scrape_interval: '1s' },
    rules: {
      evaluation_interval: '1s',
      grafana_url: 'https://grafana.example',
      runbook_base_url: 'https://runbooks.example',
      for: { GenesisBackupMissing: '2s', GenesisDRExporterDown: '3s' },
    },
    alertmanager: { group_wait: '1s', group_interval: '1s', ...alertmanager },
  };
}

describe('a backup that really fails', () => {
  let genesis: Genesis;
  let prometheus: PrometheusServer;
  let alertmanager: AlertmanagerServer;
  let sinks: MessageSinks;

  beforeAll(async () => {
    const folder = tempFolder('genesis-chain-');
    sinks = await startMessageSinks(folder);
    // What is to be backed up is not there, so that no backup ever succeeds.
    const data = path.join(folder, 'never-mounted');
    const raw = configuration(data, sinks.config);
    genesis = await startGenesis({ config: raw });
    expect(existsSync(data)).toBe(false);

    const config = Config.parse({ ...raw, api: { listen: new URL(genesis.url).host } });
    const port = await freePort();
    writeFiles(folder, [
      ...generateRules(config),
      ...generateAlertmanager(config),
      ...generateProvisioning(config, { alertmanagers: [`127.0.0.1:${port}`] }),
    ]);
    alertmanager = await startAlertmanager({
      configFile: path.join(folder, 'alertmanager/generated/alertmanager.yml'),
      port,
    });
    prometheus = await startPrometheus({
      configFile: path.join(folder, 'provisioning/generated/prometheus.yml'),
      // What fires before Alertmanager is discovered (5 s) is sent again after this; the default is a minute.
      flags: ['--rules.alert.resend-delay=2s'],
    });
  }, 120_000);

  afterAll(async () => {
    await sinks?.stop();
    await cleanUp();
  }, 60_000);

  const watched = () => ({ processes: [prometheus.process, alertmanager.process], deadlineMs: 60_000 });

  it('is told by Slack, PagerDuty, e-mail and webhook, with its links', async () => {
    const name = 'GenesisBackupMissing';
    const [message] = await waitUntil('Slack', () => notEmpty(sinks.slack(name)), watched());
    const [page] = await waitUntil('PagerDuty', () => notEmpty(sinks.pages(name)), watched());
    const [mail] = await waitUntil('e-mail', () => notEmpty(sinks.mails(name)), watched());
    const [hook] = await waitUntil('webhook', () => notEmpty(sinks.webhooks(name)), watched());
    const summary = 'shop has never been backed up';

    expect(message?.channel).toBe('#dr-alerts');
    expect(message?.attachments[0]).toMatchObject({
      title: `[CRITICAL] ${name}: shop (chain)`,
      text: expect.stringContaining(`*${summary}*\n`),
      actions: [
        { text: 'Runbook', url: `https://runbooks.example/${name}` },
        { text: 'Dashboard', url: expect.stringMatching(/^https:\/\/grafana\.example\/d\/.*var-service=shop/) },
        { text: 'Genesis DR', url: expect.stringMatching(/^https:\/\/grafana\.example\/a\/genesis-dr-app\/.*shop/) },
      ],
    });
    expect(page).toMatchObject({
      routing_key: messageSecrets.routingKey,
      payload: { summary: `${summary} (chain)`, severity: 'critical', component: 'backup', group: 'chain/shop' },
      links: [{ text: 'Runbook' }, { text: 'Dashboard' }, { text: 'Genesis DR' }],
    });
    expect(mail?.to).toEqual(['dr-team@example.org']);
    expect(mail?.body).toContain(summary);
    expect(hook?.alerts[0]?.labels).toMatchObject({ service: 'shop', team: 'storefront', severity: 'critical' });
    await waitUntil('a beat', () => notEmpty(sinks.http.received('/deadman')), watched());
  }, 120_000);

  it('keeps its messages when the exporter is killed: one page about that, no false end, the rest silent', async () => {
    const before = sinks.pages('GenesisBackupMissing').length;
    await genesis.process.kill9();
    await waitUntil('the exporter is told', () => notEmpty(sinks.pages('GenesisDRExporterDown')), watched());
    const missing = await waitUntil(
      'what nobody can know any more is inhibited',
      async () => {
        const filter = encodeURIComponent('alertname="GenesisBackupMissing"');
        const reply = await fetch(`${alertmanager.url}/api/v2/alerts?filter=${filter}`);
        const [alert] = (await reply.json()) as { status: { state: string; inhibitedBy: string[] } }[];
        return alert !== undefined && alert.status.inhibitedBy.length > 0 ? alert : null;
      },
      watched(),
    );
    await sleep(4_000);

    expect(missing.status.state).toBe('suppressed');
    expect(sinks.pages('GenesisDRExporterDown')).toHaveLength(1);
    expect(sinks.pages('GenesisBackupMissing')).toHaveLength(before);
    expect(sinks.pages().filter(({ event_action }) => event_action === 'resolve')).toEqual([]);
    expect(sinks.slack('RESOLVED')).toEqual([]);
    expect(sinks.mails('RESOLVED')).toEqual([]);
  }, 120_000);
});
