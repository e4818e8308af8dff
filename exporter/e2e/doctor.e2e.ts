import { writeFileSync } from 'node:fs';
import path from 'node:path';
import type { Diagnosis } from '../src/cli/monitoring/judge.ts';
import { genesisCommand, startGenesis, type Genesis } from './support/genesis.ts';
import { cleanUp, freePort, tempFolder, waitUntil } from './support/processes.ts';
import { startPrometheus, type PrometheusServer } from './support/prometheus.ts';

/** A Prometheus as somebody sets one up by hand who has read no manual. */
function carelessConfig(target: string): string {
  return JSON.stringify({
    global: { scrape_interval: '1s', evaluation_interval: '1s' },
    scrape_configs: [
      { job_name: 'genesis_dr', static_configs: [{ targets: [target], labels: { service: 'monitoring' } }] },
    ],
  });
}

describe('genesis doctor on a Prometheus that was set up by hand', () => {
  let genesis: Genesis;
  let prometheus: PrometheusServer;
  let nobody: string;

  beforeAll(async () => {
    genesis = await startGenesis();
    const file = path.join(tempFolder('genesis-careless-'), 'prometheus.yml');
    writeFileSync(file, carelessConfig(new URL(genesis.url).host));
    prometheus = await startPrometheus({ configFile: file });
    nobody = `http://127.0.0.1:${await freePort()}`;
    await waitUntil('genesis is scraped', async () => (await prometheus.query('up == 1')).length === 1);
  }, 120_000);

  afterAll(cleanUp, 60_000);

  const doctor = (...args: string[]) =>
    genesisCommand(genesis.home, ['doctor', '--prometheus', prometheus.url, '--alertmanager', nobody, ...args]);

  it('names everything that is wrong in one run, each with its mend, and ends with 1', async () => {
    const { exitCode, output } = await doctor('--json');
    const { findings } = JSON.parse(output) as Diagnosis;
    const found = (id: string): string => {
      const finding = findings.find((one) => one.id === id);
      return `${finding?.result}: ${finding?.said} / ${finding?.mend}`;
    };

    expect(exitCode).toBe(1);
    expect(found('exporter_reachable')).toMatch(/^ok/);
    expect(found('same_exporter')).toMatch(/^ok/);
    expect(found('retention')).toMatch(/^fail: it keeps 15d.*retention\.time=40d/);
    expect(found('scrape_interval')).toMatch(/^warn: it is 1s, and 15s is configured/);
    expect(found('label_collision')).toMatch(/^fail: \d+ series have exported_service.*honor_labels: true/);
    expect(found('rules_loaded')).toMatch(/^fail: missing: .*genesis generate/);
    expect(found('alertmanager_connected')).toMatch(/^fail: Prometheus knows none/);
    expect(found('alertmanager_reachable')).toMatch(/^fail: .*ECONNREFUSED/);
    expect(found('watchdog_arrives')).toMatch(/^unknown/);
  }, 60_000);

  it('refuses an address that holds a password', async () => {
    const ended = await genesisCommand(genesis.home, ['doctor', '--prometheus', 'http://me:secret@127.0.0.1:9090']);

    expect(ended.exitCode).toBe(2);
    expect(ended.output).toMatch(/without user and password/);
    expect(ended.output).not.toContain('secret');
  }, 60_000);

  it('says of a stopped exporter that it is down, in its own words and in those of Prometheus', async () => {
    await genesis.stop();
    await waitUntil('Prometheus has seen it', async () => (await prometheus.query('up == 0')).length === 1);

    const { exitCode, output } = await doctor('--quiet');

    expect(exitCode).toBe(1);
    expect(output).toMatch(/^fail +the exporter answers\? no server runs on this home$/m);
    expect(output).toMatch(/^fail +Prometheus scrapes the exporter\? down: .*connection refused/m);
  }, 60_000);
});
