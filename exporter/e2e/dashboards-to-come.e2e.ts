import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { stringify } from 'yaml';
import { generate as generateDashboards } from '@genesis-dr/dashboards';
import { generate as generateRules } from '@genesis-dr/rules';
import { Config } from '../src/config/index.ts';
import { startEveryMetric } from './support/every-metric.ts';
import { askPanels, faultsOf, readBoards, type PanelAnswer } from './support/panels.ts';
import { cleanUp, tempFolder, waitUntil } from './support/processes.ts';
import { startPrometheus, writeFiles, type PrometheusServer } from './support/prometheus.ts';

const config = Config.parse({
  cluster: 'e2e',
  services: [{ name: 'shop' }, { name: 'blog' }],
  rules: { evaluation_interval: '1s', for: { RPOViolation: '1s', HighReplicationLag: '1s' } },
});

/** The figures are made up: this proves the queries, not the features. Two targets say the same, as two exporters would. */
describe('panels when every metric there will ever be has a sample, twice', () => {
  const targets: Awaited<ReturnType<typeof startEveryMetric>>[] = [];
  let prometheus: PrometheusServer;
  let answers: readonly PanelAnswer[];

  beforeAll(async () => {
    targets.push(await startEveryMetric(), await startEveryMetric());
    const stack = tempFolder('genesis-stack-');
    mkdirSync(path.join(stack, 'prometheus'));
    const configFile = path.join(stack, 'prometheus/prometheus.yml');
    writeFiles(stack, generateRules(config));
    writeFileSync(configFile, stringify(prometheusFile(targets.map(({ address }) => address))));
    prometheus = await startPrometheus({ configFile });
    await waitUntil(
      'rules have fired and recorded',
      async () => {
        const needed = ['ALERTS{alertname="RPOViolation",alertstate="firing"}', 'sla:genesis_services_compliant:ratio'];
        for (const expr of needed) if ((await prometheus.query(expr)).length === 0) return false;
        return Number((await prometheus.query('min(count_over_time(up[1m]))'))[0]?.value) >= 8;
      },
      { processes: [prometheus.process], deadlineMs: 90_000 },
    );
    answers = await askPanels(prometheus, readBoards(generateDashboards(config)), {
      cluster: '.*',
      region: '.*',
      service: '.*',
      metric: 'genesis_system_cpu_usage_ratio',
      interval: '1m',
    });
  }, 180_000);

  afterAll(async () => {
    for (const target of targets) await target.stop();
    await cleanUp();
  }, 60_000);

  it('get data without an error, every one', () => {
    expect(answers.filter(({ error }) => error !== null)).toEqual([]);
    expect(answers.filter(({ series }) => series.length === 0).map(({ name, expr }) => `${name}  ${expr}`)).toEqual([]);
  });

  it('get numbers, the labels that they name, and one result for each row', () => {
    expect(faultsOf(answers)).toEqual([]);
  });

  it('count what two exporters say once', () => {
    const shown = (name: string) => answers.find((answer) => answer.name === name)?.series.map(({ values }) => values);

    expect(shown('dr-overview/Services: services')).toEqual([[2]]);
    expect(shown('regions/Services by region: Services')).toEqual([[1], [1]]);
    expect(shown('dr-overview/Not ready enough: services')).toEqual([[2]]);
  });
});

function prometheusFile(addresses: readonly string[]): unknown {
  return {
    global: { scrape_interval: '1s', evaluation_interval: '1s' },
    rule_files: ['../rules/generated/*.yml'],
    scrape_configs: [{ job_name: config.rules.job, honor_labels: true, static_configs: [{ targets: addresses }] }],
  };
}
