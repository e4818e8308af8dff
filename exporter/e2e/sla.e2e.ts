import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { generate as generateProvisioning } from '@genesis-dr/provisioning';
import { generate as generateRules } from '@genesis-dr/rules';
import { Config } from '../src/config/index.ts';
import type { SlaAnswers, SlaReport, SlaStatus } from '../src/contract/sla.ts';
import { backUp } from './support/actions.ts';
import { genesisCommand, startGenesis, type Genesis } from './support/genesis.ts';
import { cleanUp, freePort, tempFolder, waitUntil } from './support/processes.ts';
import { startPrometheus, writeFiles, type PrometheusServer } from './support/prometheus.ts';

/** Seconds where the defaults are hours; the rules are the shipped ones. `ledger` has nothing to back up: its promises are broken. */
function configuration(data: string, prometheus: string): Record<string, unknown> {
  const idle = { full: null, incremental: null };
  const relaxed = { backup_sla: '30d', rpo_sla: '30d' };
  return {
    cluster: 'e2e',
    services: [
      {
        name: 'shop',
        backup: { components: { data: { paths: [data] } }, schedules: idle },
        drills: { schedule: null },
        objectives: relaxed,
      },
      { name: 'ledger', backup: { schedules: idle }, drills: { schedule: null }, objectives: relaxed },
    ],
    collectors: { dr_interval: '1s', scrape_interval: '1s' },
    rules: { evaluation_interval: '1s' },
    prometheus: { url: prometheus, timeout: '5s' },
  };
}

describe('service levels with the shipped rules on a real Prometheus', () => {
  let genesis: Genesis;
  let prometheus: PrometheusServer;
  let port: number;
  let rules: string;

  const report = async (query = ''): Promise<SlaReport> => {
    const reply = await genesis.api<SlaReport>('GET', `/sla${query}`, undefined, { role: 'viewer' });
    if (reply.status !== 200) throw new Error(`${reply.status}: ${reply.text}`);
    return reply.body;
  };
  const itemOf = async (service: string, sla: string): Promise<SlaStatus> => {
    const found = (await report()).items.find((item) => item.service === service && item.sla === sla);
    if (found === undefined) throw new Error(`no ${sla} of ${service}`);
    return found;
  };
  const startServer = () =>
    startPrometheus({ configFile: path.join(rules, 'provisioning/generated/prometheus.yml'), port });

  beforeAll(async () => {
    const data = path.join(tempFolder('genesis-data-'), 'shop');
    mkdirSync(data);
    writeFileSync(path.join(data, 'orders.json'), '[1, 2, 3]');
    port = await freePort();
    const raw = configuration(data, `http://127.0.0.1:${port}`);
    genesis = await startGenesis({ config: raw });
    const config = Config.parse({ ...raw, api: { listen: new URL(genesis.url).host } });
    rules = tempFolder('genesis-stack-');
    writeFiles(rules, [...generateRules(config), ...generateProvisioning(config)]);
  }, 120_000);
  afterAll(cleanUp, 60_000);

  it('tells the current values while Prometheus is not there, and says so', async () => {
    await backUp(genesis);
    const item = await waitUntil('the backup is seen', async () => {
      const seen = await itemOf('shop', 'backup_sla');
      return seen.current === null ? undefined : seen;
    });

    expect(item).toMatchObject({
      compliant: true,
      target: 30 * 86400,
      objective: 0.99,
      compliance: { known: false, reason: 'unreachable' },
      coverage: { known: false, reason: 'unreachable' },
      budgetRemaining: { known: false, reason: 'unreachable' },
    });
    expect((await report()).history).toEqual({
      available: false,
      unknown: expect.stringMatching(/^unknown: Prometheus cannot be reached: /),
    });
  }, 60_000);

  it('tells compliance beside its coverage from what the rules recorded', async () => {
    prometheus = await startServer();
    const watched = { deadlineMs: 60_000, processes: [genesis.process, prometheus.process] };

    const kept = await waitUntil(
      'the records of what is kept',
      async () => {
        const item = await itemOf('shop', 'rpo_sla');
        return item.budgetRemaining.known ? item : undefined;
      },
      watched,
    );
    expect(kept.compliance).toEqual({ known: true, value: 1 });
    expect(kept.budgetRemaining).toEqual({ known: true, value: 1 });
    // A few seconds of thirty days: nearly nothing is covered yet, and it is not hidden.
    const coverage = kept.coverage.known ? kept.coverage.value : NaN;
    expect(coverage).toBeGreaterThan(0);
    expect(coverage).toBeLessThan(0.001);

    const broken = await waitUntil(
      'the records of what is broken',
      async () => {
        const item = await itemOf('ledger', 'backup_sla');
        return item.budgetRemaining.known ? item : undefined;
      },
      watched,
    );
    expect(broken).toMatchObject({ current: null, compliant: false, reason: 'there is no backup yet' });
    expect(broken.compliance).toEqual({ known: true, value: 0 });
    expect(broken.budgetRemaining.known ? broken.budgetRemaining.value : NaN).toBeCloseTo(-99, 6);
  }, 120_000);

  it('leaves unknown what nobody knows: without a drill the time to recover', async () => {
    expect(await itemOf('shop', 'rto_sla')).toMatchObject({
      current: null,
      compliant: null,
      compliance: { known: false, reason: 'empty' },
    });
    expect((await report()).history).toEqual({ available: true, unknown: null });
  });

  it('gives the documents’ form, where the worst service decides', async () => {
    const reply = await fetch(`${genesis.url}/api/sla`, {
      headers: { authorization: `Bearer ${genesis.tokens.viewer}` },
    });
    const answers = (await reply.json()) as SlaAnswers;

    expect(answers.backup_sla).toEqual({ compliant: false, current: null, target: 30 * 86400, unknown: null });
    expect(answers.replication_sla).toEqual({
      compliant: null,
      current: null,
      target: 300,
      unknown: 'shop: no copy is configured',
    });
    expect((await fetch(`${genesis.url}/api/sla`)).status).toBe(401);
  });

  it('shows the table, and one service of it', async () => {
    const table = await genesisCommand(genesis.home, ['sla', 'shop']);

    expect(table.exitCode).toBe(0);
    expect(table.output).toMatch(/^SERVICE +SLA +CURRENT +TARGET +NOW +30 DAYS +COVERAGE +OBJECTIVE +BUDGET LEFT\n/);
    expect(table.output).toMatch(/\nshop +rpo_sla +\S+ +30d +yes +100\.00% +\S+ +99\.00% +100\.00%\n/);
    expect(table.output).not.toContain('ledger');
    const json = await genesisCommand(genesis.home, ['sla', '--json']);
    expect((JSON.parse(json.output) as SlaReport).items).toHaveLength(12);
    expect((await genesisCommand(genesis.home, ['sla', 'nope'])).exitCode).toBe(5);
  }, 60_000);

  it('falls back to unknown, not to the last known, when Prometheus goes', async () => {
    await prometheus.stop();

    expect((await itemOf('shop', 'backup_sla')).compliance).toMatchObject({ known: false, reason: 'unreachable' });
    const table = await genesisCommand(genesis.home, ['sla']);
    expect(table.exitCode).toBe(0);
    expect(table.output).toContain('over 30 days: unknown: Prometheus cannot be reached');
  }, 60_000);
});
