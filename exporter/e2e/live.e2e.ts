import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { generate as generateAlertmanager } from '@genesis-dr/alertmanager';
import { generate as generateProvisioning } from '@genesis-dr/provisioning';
import { generate as generateRules } from '@genesis-dr/rules';
import { WebSocket } from 'ws';
import { Config } from '../src/config/index.ts';
import type { Dashboard, DashboardMetric, LiveAlert } from '../src/contract/live.ts';
import type { AuditEntry } from '../src/store/port.ts';
import { backUp, shopConfig } from './support/actions.ts';
import { startGenesis, type ApiReply, type Genesis } from './support/genesis.ts';
import { metric } from './support/metrics.ts';
import { cleanUp, freePort, sleep, tempFolder, waitUntil } from './support/processes.ts';
import { startAlertmanager, startPrometheus, startWebhook, writeFiles } from './support/prometheus.ts';

const maintenance = 'genesis_maintenance_active';

describe('live data', () => {
  let genesis: Genesis;
  const home = tempFolder('genesis-home-');

  const dashboard = async (query = ''): Promise<Dashboard> =>
    (await genesis.api<Dashboard>('GET', `/dashboard/metrics${query}`, undefined, { role: 'viewer' })).body;
  const one = (name: string, query = ''): Promise<ApiReply<DashboardMetric>> =>
    genesis.api<DashboardMetric>('GET', `/dashboard/metrics/${name}${query}`, undefined, { role: 'viewer' });
  const alerts = async (): Promise<readonly LiveAlert[]> =>
    (await genesis.api<{ alerts: LiveAlert[] }>('GET', '/dashboard/alerts', undefined, { role: 'viewer' })).body.alerts;
  const define = (fields: Readonly<Record<string, unknown>>) =>
    genesis.api<{ alert_id: string; status: string }>('POST', '/dashboard/alerts', fields, { role: 'operator' });
  const connect = (token: string, headers: Readonly<Record<string, string>> = {}): WebSocket =>
    new WebSocket(`${genesis.url.replace('http', 'ws')}/ws/dashboard`, {
      headers: { authorization: `Bearer ${token}`, ...headers },
    });

  beforeAll(async () => {
    const data = path.join(tempFolder('genesis-data-'), 'shop');
    mkdirSync(data);
    writeFileSync(path.join(data, 'orders.json'), '[1, 2, 3]');
    const top = {
      collectors: { dr_interval: '500ms', system_interval: '1s', alert_interval: '500ms' },
      live: { push_interval: '500ms', alert_window: '2s', alerts: 3, clients: 2 },
    };
    genesis = await startGenesis({ home, config: shopConfig(data, { top }) });
    await backUp(genesis);
  }, 120_000);
  afterAll(cleanUp, 60_000);

  it('are pushed over a WebSocket, at once and then again and again, newer each time', async () => {
    await waitUntil('something is recorded', async () => (await dashboard()).metrics[recorded] !== undefined);
    const socket = connect(genesis.tokens.viewer);
    const seen: Dashboard[] = [];
    socket.on('message', (text: Buffer) => seen.push(JSON.parse(text.toString('utf8')) as Dashboard));

    await waitUntil('four messages came', () => seen.length >= 4);

    const counts = seen.map((message) =>
      (message.metrics[recorded]?.time_series ?? []).reduce((sum, bucket) => sum + bucket.count, 0),
    );
    expect(counts[0]).toBeGreaterThan(0);
    expect(counts.at(-1)).toBeGreaterThan(counts[0] ?? Infinity);
    expect(seen[0]?.alerts).toEqual({ active: [], total: 0, active_count: 0 });
    expect(await metric(genesis, 'genesis_live_series')).toEqual([expect.any(Number)]);
    await waitUntil(
      'the metric shows the client',
      async () => (await metric(genesis, 'genesis_live_clients'))[0] === 1,
    );
    socket.close();
    await waitUntil('and that it left', async () => (await metric(genesis, 'genesis_live_clients'))[0] === 0);
  }, 60_000);

  it('are refused to pages of other sites and to strangers', async () => {
    const refused = (token: string, headers: Readonly<Record<string, string>>): Promise<number | undefined> =>
      new Promise((resolve) => {
        const socket = connect(token, headers);
        socket.on('error', () => undefined);
        socket.on('unexpected-response', (_request, response) => resolve(response.statusCode));
      });

    expect(await refused(genesis.tokens.viewer, { origin: 'https://evil.example' })).toBe(403);
    expect(await refused('wrong', {})).toBe(401);
  });

  it('become aggregates of a window, of the series that are asked for', async () => {
    const all = await dashboard(
      '?duration_minutes=5&aggregation=max&metrics=genesis_backups,genesis_rto_seconds,nonsense',
    );
    expect(all.metrics['genesis_backups']).toMatchObject({ kind: 'gauge', unit: 'count', max_1h: 1, value: 1 });
    // No drill ever passed, so nobody knows how long a recovery takes: that is no 0.
    expect(all.missing).toEqual([
      { name: 'genesis_rto_seconds', reason: 'not_recorded' },
      { name: 'nonsense', reason: 'metric_unknown' },
    ]);

    const shop = (await one('genesis_backups', '?tags=service=shop&aggregation=count')).body;
    expect(shop.series).toMatchObject([{ labels: { service: 'shop', region: 'local' }, last: 1 }]);
    expect(shop.value).toBeGreaterThan(1);
    expect((await one('genesis_backups', '?tags=service=other')).body).toMatchObject({
      value: null,
      current_value: null,
      time_series: [],
      missing: 'not_recorded',
      series_count: 0,
    });
    const requests = await waitUntil('the rate of a counter is known', async () => {
      await metric(genesis, 'genesis_live_points');
      const { body } = await one('genesis_http_requests_total', '?aggregation=max&tags=route=/metrics');
      return (body.value ?? 0) > 0 ? body : undefined;
    });
    expect(requests).toMatchObject({ kind: 'rate', unit: 'count_per_second', missing: null });
    expect((await one('genesis_backups', '?aggregation=median')).status).toBe(422);
    expect((await one('nonsense')).status).toBe(404);
  });

  it('fire an alert that was defined at run time, resolve it, tell of both and keep it over a crash', async () => {
    const events = await eventsOf(genesis);
    const defined = await define({ metric: maintenance, condition: '>=', threshold: 1, message: 'shop is muted' });
    expect([defined.status, defined.body]).toEqual([
      201,
      { alert_id: expect.stringMatching(/^alert_/), status: 'created' },
    ]);
    const id = defined.body.alert_id;
    const found = async (): Promise<LiveAlert | undefined> => (await alerts()).find((alert) => alert.id === id);
    await waitUntil('it is evaluated', async () => (await found())?.state === 'inactive');
    expect(await metric(genesis, 'genesis_runtime_alert_active', { alert_id: id })).toEqual([0]);

    await genesis.api('POST', '/services/shop/maintenance', { seconds: 600, reason: 'new disks' });

    const active = await waitUntil('it fires', async () => {
      const alert = await found();
      return alert?.state === 'active' ? alert : undefined;
    });
    expect(active).toMatchObject({
      value: 1,
      series: { service: 'shop' },
      message: 'shop is muted',
      resolved_at: null,
    });
    const labels = { alert_id: id, metric: maintenance, severity: 'warning' };
    await waitUntil('the metric', async () => (await metric(genesis, 'genesis_runtime_alert_active', labels))[0] === 1);
    expect((await dashboard()).alerts).toMatchObject({ total: 1, active_count: 1, active: [{ id }] });

    await genesis.kill9();
    genesis = await startGenesis({ home });
    expect(await found()).toMatchObject({ active: true, triggered_at: active.triggered_at });
    const after = await eventsOf(genesis);
    await waitUntil('it is active still', async () => (await found())?.state === 'active');
    await genesis.api('DELETE', '/services/shop/maintenance');
    const resolved = await waitUntil('it is resolved', async () => {
      const alert = await found();
      return alert?.state === 'resolved' ? alert : undefined;
    });

    expect(resolved).toMatchObject({ active: false, triggered_at: active.triggered_at });
    expect(Date.parse(resolved.resolved_at ?? '')).toBeGreaterThan(Date.parse(active.triggered_at ?? ''));
    await waitUntil('the events', () => after.text().includes('"notice":"resolved"'));
    expect(events.text()).toContain('"notice":"triggered"');
    expect(after.text()).not.toContain('"notice":"triggered"');
    expect(genesis.output()).toContain('a run-time alert is resolved');
    events.end();
    after.end();
  }, 120_000);

  it('has alerts changed and removed by operators, with a trace of each', async () => {
    const [alert] = await alerts();
    const route = `/dashboard/alerts/${alert?.id}`;
    expect((await genesis.api('PATCH', route, { threshold: 5 }, { role: 'viewer' })).status).toBe(403);

    const changed = await genesis.api<LiveAlert>('PATCH', route, { threshold: 5 }, { role: 'operator' });

    expect(changed.body).toMatchObject({ condition: '>= 5', state: 'inactive', triggered_at: null });
    for (const [status, times] of [
      [201, 2],
      [409, 1],
    ] as const)
      for (let i = 0; i < times; i += 1)
        expect((await define({ metric: maintenance, condition: '>', threshold: i })).status).toBe(status);
    expect((await genesis.api('DELETE', route, undefined, { role: 'operator' })).status).toBe(200);
    expect((await genesis.api('DELETE', route, undefined, { role: 'operator' })).status).toBe(404);
    expect(await alerts()).toHaveLength(2);
    const rows = await genesis.api<{ items: AuditEntry[] }>('GET', '/audit?actor=operator&result=succeeded');
    expect(rows.body.items.map(({ action }) => action)).toEqual(
      expect.arrayContaining(['createRuntimeAlert', 'changeRuntimeAlert', 'deleteRuntimeAlert']),
    );
  });
});

describe('an alert that was defined at run time', () => {
  afterAll(cleanUp, 60_000);

  it('reaches people through Prometheus and Alertmanager, and so does its end', async () => {
    const webhook = await startWebhook();
    const raw = {
      cluster: 'e2e',
      services: [],
      collectors: { dr_interval: '500ms', alert_interval: '500ms', scrape_interval: '1s' },
      live: { alert_window: '2s' },
      rules: { evaluation_interval: '1s' },
      alertmanager: { group_wait: '1s', group_interval: '1s', webhook_url: webhook.url },
    };
    const genesis = await startGenesis({ config: raw });
    const config = Config.parse({ ...raw, api: { listen: new URL(genesis.url).host } });
    const stack = tempFolder('genesis-stack-');
    const port = await freePort();
    writeFiles(stack, [
      ...generateRules(config),
      ...generateAlertmanager(config),
      ...generateProvisioning(config, { alertmanagers: [`127.0.0.1:${port}`], environment: 'e2e' }),
    ]);
    const configFile = path.join(stack, 'alertmanager/generated/alertmanager.yml');
    const alertmanager = await startAlertmanager({ configFile, port });
    const prometheus = await startPrometheus({ configFile: path.join(stack, 'provisioning/generated/prometheus.yml') });
    const watched = { deadlineMs: 90_000, processes: [genesis.process, prometheus.process, alertmanager.process] };
    const delivered = (status: 'firing' | 'resolved') =>
      webhook
        .alerts()
        .find((alert) => alert.labels['alertname'] === 'GenesisRuntimeAlertCritical' && alert.status === status);

    const body = { metric: 'genesis_services', condition: '==', threshold: 0, severity: 'critical' };
    const defined = await genesis.api<{ alert_id: string }>('POST', '/dashboard/alerts', body, { role: 'operator' });
    const fired = await waitUntil('it is delivered', () => delivered('firing'), watched);
    await genesis.api('PATCH', `/dashboard/alerts/${defined.body.alert_id}`, { threshold: 5 }, { role: 'operator' });
    await waitUntil('its end is delivered', () => delivered('resolved'), watched);

    expect(fired.labels).toMatchObject({
      alert_id: defined.body.alert_id,
      metric: 'genesis_services',
      severity: 'critical',
      cluster: 'e2e',
    });
    await webhook.stop();
  }, 200_000);
});

const recorded = 'genesis_dr_readiness_score';

/** What the event stream says from now on. */
async function eventsOf(genesis: Genesis): Promise<{ text(): string; end(): void }> {
  const controller = new AbortController();
  const headers = { authorization: `Bearer ${genesis.tokens.viewer}` };
  const response = await fetch(`${genesis.url}/api/v1/events`, { headers, signal: controller.signal });
  let text = '';
  const decoder = new TextDecoder();
  void (async () => {
    for await (const chunk of response.body ?? []) text += decoder.decode(chunk as Uint8Array, { stream: true });
  })().catch(() => undefined);
  await sleep(1);
  return { text: () => text, end: () => controller.abort() };
}
