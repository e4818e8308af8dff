import { mkdirSync } from 'node:fs';
import path from 'node:path';
import { generate as generateAlertmanager } from '@genesis-dr/alertmanager';
import { generate as generateRules } from '@genesis-dr/rules';
import { parse } from 'yaml';
import { Config } from '../src/config/index.ts';
import { genesisCommand, writeConfig } from './support/genesis.ts';
import {
  messageSecrets,
  notEmpty,
  startMessageSinks,
  type MessageSinks,
  type WebhookMessage,
} from './support/messages.ts';
import { cleanUp, freePort, sleep, tempFolder, waitUntil } from './support/processes.ts';
import { startAlertmanager, writeFiles, type AlertmanagerServer } from './support/prometheus.ts';

type Labels = Readonly<Record<string, string>>;

/** Labels and annotations of an alert as the generated rules give them; templates of annotations are left as they are. */
function ruleOf(config: Config, name: string): { labels: Labels; annotations: Labels } {
  const rules = generateRules(config)
    .filter((file) => file.path.endsWith('.yml'))
    .flatMap((file) => (parse(file.content) as { groups: { rules: { alert?: string }[] }[] }).groups)
    .flatMap((group) => group.rules as { alert?: string; labels: Labels; annotations: Labels }[]);
  const found = rules.find((rule) => rule.alert === name);
  if (found === undefined) throw new Error(`no generated rule raises ${name}`);
  return found;
}

describe('messages of a real Alertmanager with the generated configuration', () => {
  let alertmanager: AlertmanagerServer;
  let sinks: MessageSinks;
  let home: string;
  let config: Config;

  beforeAll(async () => {
    home = tempFolder('genesis-notify-');
    sinks = await startMessageSinks(home);
    const port = await freePort();
    const waits = { group_wait: '1s', group_interval: '1s' };
    const raw = { cluster: 'e2e', alertmanager: { url: `http://127.0.0.1:${port}`, ...waits, ...sinks.config } };
    writeConfig(home, raw);
    config = Config.parse(raw);
    const files = path.join(home, 'monitoring');
    mkdirSync(files);
    writeFiles(files, generateAlertmanager(config));
    alertmanager = await startAlertmanager({
      configFile: path.join(files, 'alertmanager/generated/alertmanager.yml'),
      port,
    });
  }, 60_000);

  afterAll(async () => {
    await sinks?.stop();
    await cleanUp();
  }, 60_000);

  const watched = () => ({ processes: [alertmanager.process], deadlineMs: 20_000 });
  async function send(alerts: readonly { name: string; labels?: Labels; annotations?: Labels; ends?: Date }[]) {
    const body = alerts.map(({ name, labels, annotations, ends }) => {
      const rule = ruleOf(config, name);
      return {
        labels: { cluster: 'e2e', ...rule.labels, alertname: name, ...labels },
        annotations: { ...rule.annotations, ...annotations },
        generatorURL: 'http://127.0.0.1:9/graph',
        ...(ends === undefined ? {} : { endsAt: ends.toISOString() }),
      };
    });
    const reply = await fetch(`${alertmanager.url}/api/v2/alerts`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(body),
    });
    expect({ status: reply.status, text: await reply.text() }).toEqual({ status: 200, text: expect.anything() });
  }

  async function stateOf(name: string, labels: Labels): Promise<string | undefined> {
    const filter = Object.entries({ alertname: name, ...labels })
      .map(([label, value]) => `filter=${encodeURIComponent(`${label}="${value}"`)}`)
      .join('&');
    const reply = await fetch(`${alertmanager.url}/api/v2/alerts?${filter}`);
    return ((await reply.json()) as { status: { state: string } }[])[0]?.status.state;
  }

  const links = {
    runbook_url: 'https://genesis-dr.example/runbooks/GenesisBackupMissing',
    dashboard_url: 'http://localhost:3000/d/backup-status?var-service=shop',
    plugin_url: 'http://localhost:3000/a/genesis-dr-app/backups',
  };
  const missing = {
    name: 'GenesisBackupMissing',
    labels: { service: 'shop', region: 'local', team: 'storefront' },
    annotations: { summary: 'shop has never been backed up', description: 'Nothing <could> be restored.', ...links },
  };

  it('tells a critical alert to Slack, PagerDuty, e-mail and webhook, with text, links and buttons', async () => {
    await send([missing]);
    const [message] = await waitUntil('Slack', () => notEmpty(sinks.slack('GenesisBackupMissing')), watched());
    const [page] = await waitUntil('PagerDuty', () => notEmpty(sinks.pages('GenesisBackupMissing')), watched());
    const [mail] = await waitUntil('e-mail', () => notEmpty(sinks.mails('GenesisBackupMissing')), watched());
    const [hook] = await waitUntil('webhook', () => notEmpty(sinks.webhooks('GenesisBackupMissing')), watched());

    expect(message).toMatchObject({ channel: '#dr-alerts' });
    expect(message?.attachments[0]).toMatchObject({
      title: '[CRITICAL] GenesisBackupMissing: shop (e2e)',
      text: expect.stringMatching(/^\*shop has never been backed up\*\nNothing &lt;could&gt; be restored\.\n_since /),
      color: '#d00000',
      actions: [
        { type: 'button', text: 'Runbook', url: links.runbook_url },
        { type: 'button', text: 'Dashboard', url: links.dashboard_url },
        { type: 'button', text: 'Genesis DR', url: links.plugin_url },
      ],
    });
    expect(page).toMatchObject({
      routing_key: messageSecrets.routingKey,
      event_action: 'trigger',
      client: 'Genesis DR',
      client_url: links.dashboard_url,
      payload: {
        summary: 'shop has never been backed up (e2e)',
        severity: 'critical',
        class: 'GenesisBackupMissing',
        component: 'backup',
        group: 'e2e/shop',
      },
      links: [
        { href: links.runbook_url, text: 'Runbook' },
        { href: links.dashboard_url, text: 'Dashboard' },
        { href: links.plugin_url, text: 'Genesis DR' },
      ],
    });
    expect(mail).toMatchObject({ to: ['dr-team@example.org'], login: `genesis:${messageSecrets.mailPassword}` });
    expect(mail?.headers).toMatchObject({
      from: 'genesis@example.org',
      subject: '[CRITICAL] GenesisBackupMissing: shop (e2e)',
    });
    expect(mail?.body).toContain('Content-Type: text/plain');
    expect(mail?.body).toContain('Content-Type: text/html');
    expect(mail?.body).toContain('Nothing &lt;could&gt; be restored.');
    expect(mail?.body).toContain(`<a href="${links.dashboard_url}"`);
    expect(hook).toMatchObject({
      receiver: 'dr_webhook',
      status: 'firing',
      groupLabels: { alertname: 'GenesisBackupMissing', cluster: 'e2e', service: 'shop' },
    });
    expect(sinks.slack().length).toBe(1);
  }, 60_000);

  it('tells everybody of its end', async () => {
    await send([{ ...missing, ends: new Date() }]);
    const resolved = (text: string) => `[RESOLVED] ${text}: shop (e2e)`;
    const title = resolved('GenesisBackupMissing');
    const [message] = await waitUntil('Slack', () => notEmpty(sinks.slack(title)), watched());
    const ended = () => sinks.pages('GenesisBackupMissing').filter(({ event_action }) => event_action === 'resolve');
    await waitUntil('PagerDuty', () => ended().length > 0, watched());
    await waitUntil('e-mail', () => notEmpty(sinks.mails(title)), watched());
    await waitUntil(
      'webhook',
      () => sinks.webhooks('GenesisBackupMissing').some((w) => w.status === 'resolved'),
      watched(),
    );

    expect(message?.attachments[0]?.color).toBe('#2eb886');
    expect(ended()[0]?.dedup_key).toBe(sinks.pages()[0]?.dedup_key);
  }, 60_000);

  it('makes one message of the alerts of a service, and lists ten of twelve', async () => {
    const replicas = Array.from({ length: 12 }, (_, at) => `copy-${at + 10}`);
    await send(
      replicas.map((replica) => ({
        name: 'GenesisReplicationBroken',
        labels: { service: 'shop', replica },
        annotations: { summary: `Copy ${replica} is disconnected`, description: '' },
      })),
    );
    await send([{ name: 'GenesisReplicationBroken', labels: { service: 'other', replica: 'nas' } }]);
    await waitUntil('both services', () => sinks.pages('GenesisReplicationBroken').length >= 2, watched());
    await waitUntil('Slack', () => sinks.slack('GenesisReplicationBroken').length >= 2, watched());

    const shop = sinks.slack('GenesisReplicationBroken: shop');
    expect(shop.map(({ attachments }) => attachments[0]?.title)).toEqual([
      '[CRITICAL x12] GenesisReplicationBroken: shop (e2e)',
    ]);
    expect(shop[0]?.attachments[0]?.text.match(/\*Copy copy-\d+ is disconnected\*/g)).toHaveLength(10);
    expect(shop[0]?.attachments[0]?.text).toContain('and 2 more');
    expect(new Set(sinks.pages('GenesisReplicationBroken').map(({ dedup_key }) => dedup_key)).size).toBe(2);
  }, 60_000);

  it('tells a warning to its own channel and to the webhook only', async () => {
    await send([{ name: 'LowDRReadiness', labels: { service: 'ledger' } }]);
    const [message] = await waitUntil('Slack', () => notEmpty(sinks.slack('LowDRReadiness')), watched());
    await waitUntil('webhook', () => notEmpty(sinks.webhooks('LowDRReadiness')), watched());

    expect(message).toMatchObject({ channel: '#dr-warnings' });
    expect(message?.attachments[0]).toMatchObject({ color: '#f2a900' });
    expect(sinks.mails('LowDRReadiness')).toEqual([]);
    expect(sinks.pages('LowDRReadiness')).toEqual([]);
  }, 60_000);

  it('feeds the dead man’s switch at once, and tells nobody else of the Watchdog', async () => {
    await send([{ name: 'GenesisDRWatchdog' }]);
    const [beat] = await waitUntil('beat', () => notEmpty(sinks.http.received<WebhookMessage>('/deadman')), watched());

    expect(beat).toMatchObject({ receiver: 'dr_deadman', status: 'firing' });
    expect([sinks.webhooks('GenesisDRWatchdog'), sinks.slack('Watchdog'), sinks.mails('Watchdog')]).toEqual([
      [],
      [],
      [],
    ]);
  }, 60_000);

  it('escalates to those named for it', async () => {
    await send([{ name: 'GenesisDREscalation', labels: { service: 'shop', escalated: 'GenesisBackupMissing' } }]);
    const [mail] = await waitUntil('e-mail', () => notEmpty(sinks.mails('GenesisDREscalation')), watched());

    expect(mail?.to).toEqual(['head@example.org']);
    expect(sinks.slack('GenesisDREscalation')).toEqual([]);
  }, 60_000);

  it('silences the services of a dead region and nothing else', async () => {
    await send([{ name: 'GenesisRegionDown', labels: { region: 'eu' } }]);
    await waitUntil('the region is told', () => notEmpty(sinks.pages('GenesisRegionDown')), watched());
    const affected = { service: 'eu-shop', region: 'eu' };
    await send([
      { name: 'HighReplicationLag', labels: affected },
      { name: 'GenesisSplitBrainSuspected', labels: affected },
      { name: 'GenesisDREscalation', labels: { ...affected, escalated: 'HighReplicationLag' } },
      { name: 'HighReplicationLag', labels: { service: 'us-shop', region: 'us' } },
      { name: 'HighReplicationLag', labels: { service: 'nowhere' } },
    ]);
    await waitUntil('the others are told', () => sinks.pages('HighReplicationLag').length >= 2, watched());
    await waitUntil('split brain is told', () => notEmpty(sinks.pages('GenesisSplitBrainSuspected')), watched());

    expect(await stateOf('HighReplicationLag', affected)).toBe('suppressed');
    expect(await stateOf('GenesisSplitBrainSuspected', affected)).toBe('active');
    expect(await stateOf('GenesisDREscalation', affected)).toBe('active');
    expect(await stateOf('HighReplicationLag', { service: 'us-shop' })).toBe('active');
    expect(await stateOf('HighReplicationLag', { service: 'nowhere' })).toBe('active');
    expect(await stateOf('GenesisReplicationBroken', { service: 'other' })).toBe('active');
    expect(sinks.pages('HighReplicationLag').map(({ payload }) => payload['group'])).not.toContain('e2e/eu-shop');
  }, 60_000);

  it('silences by a stalled collector only what it feeds, and by a critical alert its own warnings', async () => {
    await send([{ name: 'GenesisDRCollectorStalled', labels: { collector: 'drills' } }]);
    await waitUntil('the collector is told', () => notEmpty(sinks.pages('GenesisDRCollectorStalled')), watched());
    await send([
      { name: 'DRTestOverdue', labels: { service: 'ledger' } },
      { name: 'GenesisBackupFailed', labels: { service: 'ledger' } },
      { name: 'GenesisReplicationLagWarning', labels: { service: 'other' } },
    ]);
    await waitUntil('the failed backup is told', () => notEmpty(sinks.slack('GenesisBackupFailed')), watched());

    expect(await stateOf('DRTestOverdue', { service: 'ledger' })).toBe('suppressed');
    expect(await stateOf('GenesisBackupFailed', { service: 'ledger' })).toBe('active');
    // GenesisReplicationBroken of the same service has been firing since an earlier test.
    expect(await stateOf('GenesisReplicationLagWarning', { service: 'other' })).toBe('suppressed');
  }, 60_000);

  it('silences the rest when the exporter is down, but no region, failover, host or escalation', async () => {
    await send([{ name: 'GenesisDRExporterDown', labels: { job: 'genesis_dr' } }]);
    await waitUntil('the exporter is told', () => notEmpty(sinks.pages('GenesisDRExporterDown')), watched());
    await send([
      { name: 'RPOViolation', labels: { service: 'late' } },
      { name: 'HighMemoryUsage', labels: { instance: 'db1:9100' } },
    ]);
    await waitUntil('the host is told', () => notEmpty(sinks.pages('HighMemoryUsage')), watched());
    await sleep(2_500);

    expect(await stateOf('RPOViolation', { service: 'late' })).toBe('suppressed');
    expect(await stateOf('HighReplicationLag', { service: 'us-shop' })).toBe('suppressed');
    expect(await stateOf('GenesisDRCollectorStalled', { collector: 'drills' })).toBe('suppressed');
    expect(await stateOf('GenesisRegionDown', { region: 'eu' })).toBe('active');
    expect(await stateOf('GenesisSplitBrainSuspected', { service: 'eu-shop' })).toBe('active');
    expect(await stateOf('HighMemoryUsage', { instance: 'db1:9100' })).toBe('active');
    expect(sinks.pages('RPOViolation')).toEqual([]);
    expect(sinks.pages('GenesisDRExporterDown')).toHaveLength(1);
    // Nothing that fires was ever told to be over.
    expect(sinks.pages().filter(({ event_action }) => event_action === 'resolve')).toHaveLength(1);
  }, 60_000);

  describe('genesis notify test', () => {
    it('sends a marked message by Alertmanager to every target of the receiver, and says so', async () => {
      const { exitCode, output } = await genesisCommand(home, ['notify', 'test', 'dr_critical']);

      expect({ exitCode, output }).toEqual({
        exitCode: 0,
        output: expect.stringMatching(
          /^dr_critical: Slack #dr-alerts: delivered: Alertmanager handed it over\ndr_critical: PagerDuty \(127.0.0.1:\d+\): delivered: .*\n$/,
        ),
      });
      expect(sinks.slack('[TEST] GenesisNotifyTest (e2e)')).toHaveLength(1);
      expect(sinks.pages('GenesisNotifyTest')[0]?.payload).toMatchObject({
        severity: 'info',
        summary: '[TEST] Test message: nothing is wrong (e2e)',
      });
      expect(output).not.toMatch(/secret|nobody-may-see/);
    }, 60_000);

    it('tries each receiver when none is named', async () => {
      const { exitCode, output } = await genesisCommand(home, ['notify', 'test', '--json']);
      const { deliveries } = JSON.parse(output) as { deliveries: { receiver: string; kind: string; state: string }[] };

      expect(exitCode).toBe(0);
      expect(deliveries.map(({ receiver, kind, state }) => `${receiver} ${kind} ${state}`)).toEqual([
        'dr_team email delivered',
        'dr_critical slack delivered',
        'dr_critical pagerduty delivered',
        'dr_warning slack delivered',
        'dr_escalation email delivered',
        'dr_webhook webhook delivered',
        'dr_deadman webhook delivered',
      ]);
      expect(sinks.mails('[TEST]').map(({ to }) => to)).toEqual([['dr-team@example.org'], ['head@example.org']]);
    }, 90_000);

    it('ends with 1 and names the target that refuses it', async () => {
      sinks.http.answer('/pagerduty', 400);
      const { exitCode, output } = await genesisCommand(home, ['notify', 'test', 'dr_critical', '--timeout', '10s']);
      sinks.http.answer('/pagerduty', 200);

      expect({ exitCode, output }).toEqual({
        exitCode: 1,
        output: expect.stringMatching(
          /Slack #dr-alerts: delivered.*\n.*PagerDuty \(.*\): FAILED: the target refused it/,
        ),
      });
    }, 60_000);

    it('goes straight to the targets when Alertmanager is gone, and is a failure all the same', async () => {
      const before = sinks.slack().length;
      await alertmanager.stop();
      const { exitCode, output } = await genesisCommand(home, ['notify', 'test', 'dr_critical']);
      const straight = await genesisCommand(home, ['notify', 'test', 'dr_webhook', '--straight']);

      expect({ exitCode, output }).toEqual({
        exitCode: 1,
        output: expect.stringMatching(
          /Alertmanager: FAILED: Alertmanager at 127.0.0.1:\d+ does not answer: ECONNREFUSED.*\n.*Slack #dr-alerts: delivered: .*\n.*PagerDuty .*: delivered: .*the incident is resolved again/,
        ),
      });
      expect(sinks.slack().length).toBe(before + 1);
      expect(straight).toEqual({ exitCode: 0, output: expect.stringContaining('delivered: 127.0.0.1:') });
      expect(output).not.toMatch(/secret|nobody-may-see/);
    }, 60_000);
  });
});
