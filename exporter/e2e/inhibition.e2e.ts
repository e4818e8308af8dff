import { createServer, type Server } from 'node:http';
import path from 'node:path';
import { generate as generateAlertmanager } from '@genesis-dr/alertmanager';
import { generate as generateProvisioning } from '@genesis-dr/provisioning';
import { generate as generateRules } from '@genesis-dr/rules';
import { Config } from '../src/config/index.ts';
import { cleanUp, freePort, tempFolder, waitUntil } from './support/processes.ts';
import { startAlertmanager, startPrometheus, startWebhook, writeFiles } from './support/prometheus.ts';
import type { AlertmanagerServer, PrometheusServer, WebhookServer } from './support/prometheus.ts';

interface ListedAlert {
  readonly labels: Readonly<Record<string, string>>;
  readonly status: { readonly state: string; readonly inhibitedBy: readonly string[] };
}

/** An exporter as Prometheus sees it, which can be made to die in the middle of an alert. */
async function startFakeExporter(page: string): Promise<{ address: string; die(): Promise<void> }> {
  const server: Server = createServer((_, reply) => {
    reply.setHeader('content-type', 'text/plain; version=0.0.4; charset=utf-8');
    reply.end(page);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('the fake exporter has no port');
  return {
    address: `127.0.0.1:${address.port}`,
    die: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

const page = `
genesis_replication_lag_seconds{cluster="e2e",service="shop",region="local",replica="nas"} 900
genesis_sla_threshold{cluster="e2e",service="shop",region="local",sla="replication_sla"} 300
`;

describe('an exporter that dies while an alert fires', () => {
  let prometheus: PrometheusServer;
  let alertmanager: AlertmanagerServer;
  let webhook: WebhookServer;
  let exporter: Awaited<ReturnType<typeof startFakeExporter>>;

  beforeAll(async () => {
    webhook = await startWebhook();
    exporter = await startFakeExporter(page);
    const config = Config.parse({
      cluster: 'e2e',
      services: [{ name: 'shop' }],
      api: { listen: exporter.address },
      collectors: { scrape_interval: '1s' },
      rules: { evaluation_interval: '1s', for: { HighReplicationLag: '1s', GenesisDRExporterDown: '1s' } },
      alertmanager: { group_wait: '1s', group_interval: '1s', webhook_url: webhook.url },
    });
    const stack = tempFolder('genesis-stack-');
    const port = await freePort();
    writeFiles(stack, [
      ...generateRules(config),
      ...generateAlertmanager(config),
      ...generateProvisioning(config, { alertmanagers: [`127.0.0.1:${port}`] }),
    ]);
    alertmanager = await startAlertmanager({
      configFile: path.join(stack, 'alertmanager/generated/alertmanager.yml'),
      port,
    });
    prometheus = await startPrometheus({ configFile: path.join(stack, 'provisioning/generated/prometheus.yml') });
  }, 60_000);

  afterAll(async () => {
    await exporter?.die();
    await webhook?.stop();
    await cleanUp();
  }, 60_000);

  it('is reported itself, sends no false resolution, and silences what nobody can know any more', async () => {
    const watched = { processes: [prometheus.process, alertmanager.process], deadlineMs: 40_000 };
    const received = (name: string) => webhook.alerts().filter((alert) => alert.labels['alertname'] === name);
    await waitUntil('the lag is delivered', () => received('HighReplicationLag').length > 0, watched);

    await exporter.die();
    await waitUntil('the dead exporter is delivered', () => received('GenesisDRExporterDown').length > 0, watched);
    const lag = await waitUntil(
      'the lag is inhibited',
      async () => {
        const listed = (await (await fetch(`${alertmanager.url}/api/v2/alerts`)).json()) as ListedAlert[];
        return listed.find(
          (alert) => alert.labels['alertname'] === 'HighReplicationLag' && alert.status.inhibitedBy.length > 0,
        );
      },
      watched,
    );

    expect(lag.status.state).toBe('suppressed');
    expect(received('GenesisDRExporterDown')[0]?.labels).toMatchObject({
      cluster: 'e2e',
      severity: 'critical',
      system: 'genesis-dr',
    });
    expect(received('HighReplicationLag').every((alert) => alert.status === 'firing')).toBe(true);
  }, 90_000);
});
