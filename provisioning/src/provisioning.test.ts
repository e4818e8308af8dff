import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { jest } from '@jest/globals';
import { parse } from 'yaml';
import { Config } from '@genesis-dr/exporter/config';
import { generate, type StackOptions } from './index.ts';
import { contentOf } from './testing.ts';

jest.setTimeout(30_000);
const folder = mkdtempSync(path.join(tmpdir(), 'genesis-prom-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function promtoolCheck(config: Config): { status: number | null; output: string } {
  for (const file of generate(config)) {
    const target = path.join(folder, file.path);
    mkdirSync(path.dirname(target), { recursive: true });
    writeFileSync(target, file.content);
    writeFileSync(path.join(path.dirname(target), 'genesis-metrics-token'), 'secret', { mode: 0o600 });
    if (!target.endsWith('prometheus.yml')) continue;
    const ended = spawnSync('promtool', ['check', 'config', target], { encoding: 'utf8', timeout: 30_000 });
    if (ended.error !== undefined)
      throw new Error('cannot run promtool: install the Debian package prometheus', { cause: ended.error });
    return { status: ended.status, output: ended.stdout + ended.stderr };
  }
  throw new Error('nothing was generated');
}

interface Job {
  readonly static_configs: readonly { readonly targets: readonly string[] }[];
  readonly [key: string]: unknown;
}

function jobOf(input: Record<string, unknown>, options: StackOptions = {}): Job {
  const [file] = generate(Config.parse(input), options);
  const document = parse(file?.content ?? '') as { scrape_configs: Job[] };
  const [job] = document.scrape_configs;
  if (job === undefined) throw new Error('no scrape job');
  return job;
}

const beyond = { listen: '0.0.0.0:9847', insecure: true };

describe('prometheus.yml', () => {
  it.each([
    ['on loopback', {}],
    ['beyond loopback', { api: beyond }],
    ['with names that need quoting', { cluster: 'a: "b"', rules: { job: "it's" } }],
  ])('passes promtool %s', (_, input) => {
    expect(promtoolCheck(Config.parse(input))).toEqual({ status: 0, output: expect.stringContaining('SUCCESS') });
  });

  it('keeps the labels of the exporter and scrapes where it listens', () => {
    expect(jobOf({ cluster: 'c1', api: { listen: '[::1]:9000' }, collectors: { scrape_interval: '1s' } })).toEqual({
      job_name: 'genesis_dr',
      honor_labels: true,
      scrape_interval: '1s',
      metrics_path: '/metrics',
      static_configs: [{ targets: ['[::1]:9000'], labels: { cluster: 'c1' } }],
    });
  });

  it('sends a token only beyond loopback, and not where metrics are open', () => {
    expect(jobOf({})).not.toHaveProperty('authorization');
    expect(jobOf({ api: beyond })['authorization']).toEqual({
      type: 'Bearer',
      credentials_file: 'genesis-metrics-token',
    });
    expect(jobOf({ api: beyond, metrics: { open: true } })).not.toHaveProperty('authorization');
  });

  it.each([
    [{ listen: '0.0.0.0:9847', insecure: true }, 'localhost:9847'],
    [{ listen: '[::]:9847', insecure: true, hosts: ['dr.example'] }, 'dr.example:9847'],
    [{ listen: '192.0.2.7:9847', insecure: true, hosts: ['dr.example'] }, '192.0.2.7:9847'],
  ])('calls an address, not a wildcard: %j', (api, target) => {
    expect(jobOf({ api }).static_configs[0]?.targets).toEqual([target]);
  });

  it('speaks TLS where the exporter does, trusting its certificate', () => {
    const api = { listen: '0.0.0.0:9847', tls: { cert: '/etc/genesis/tls.crt', key: '/etc/genesis/tls.key' } };
    expect(jobOf({ api })).toMatchObject({ scheme: 'https', tls_config: { ca_file: '/etc/genesis/tls.crt' } });
  });

  it('takes the rest of the stack from its options', () => {
    const [file] = generate(Config.parse({ cluster: 'c1' }), {
      alertmanagers: ['127.0.0.1:1'],
      environment: 'lab',
      ruleFiles: ['r.yml'],
    });
    expect(parse(file?.content ?? '')).toMatchObject({
      global: { external_labels: { cluster: 'c1', environment: 'lab' } },
      rule_files: ['r.yml'],
      alerting: { alertmanagers: [{ static_configs: [{ targets: ['127.0.0.1:1'] }] }] },
    });
  });

  const fleet = {
    cluster: 'c1',
    provisioning: {
      environment: 'lab',
      alertmanagers: ['am1:9093'],
      jobs: {
        node: ['node1:9100', 'node2:9100'],
        postgresql: ['pg:9187'],
        redis: ['redis:9121'],
        application: { targets: ['api1:8000'], metrics_path: '/m' },
      },
    },
  };

  it('scrapes what is configured beside Genesis, each instance with its port, and passes promtool', () => {
    const [file] = generate(Config.parse(fleet));
    const { scrape_configs: jobs } = parse(file?.content ?? '') as { scrape_configs: Job[] };
    const targets = jobs.map((job) => [job['job_name'], job.static_configs[0]?.targets]);

    expect(targets.slice(1)).toEqual([
      ['prometheus', ['localhost:9090']],
      ['alertmanager', ['am1:9093']],
      ['node', ['node1:9100', 'node2:9100']],
      ['postgresql', ['pg:9187']],
      ['redis', ['redis:9121']],
      ['tabular-api', ['api1:8000']],
    ]);
    expect(jobs.at(-1)).toMatchObject({ metrics_path: '/m' });
    expect(jobs.every((job) => !('relabel_configs' in job))).toBe(true);
    expect(promtoolCheck(Config.parse(fleet)).status).toBe(0);
  });

  it('leaves out jobs without targets, and Prometheus itself where only others are named', () => {
    const jobs = (options: StackOptions): unknown[] => {
      const [file] = generate(Config.parse({}), options);
      return (parse(file?.content ?? '') as { scrape_configs: Job[] }).scrape_configs.map((job) => job['job_name']);
    };

    expect(jobs({})).toEqual(['genesis_dr', 'prometheus', 'alertmanager']);
    expect(jobs({ alertmanagers: ['127.0.0.1:1'] })).toEqual(['genesis_dr', 'alertmanager']);
  });

  it.each(['node1', 'http://node1:9100', 'user:secret@node1:9100'])('refuses %s as a target', (target) => {
    expect(Config.safeParse({ provisioning: { jobs: { node: [target] } } }).success).toBe(false);
  });
});

describe('what Grafana reads', () => {
  const files = generate(
    Config.parse({ prometheus: { url: 'http://prom:9090' }, collectors: { scrape_interval: '30s' } }),
  );
  const read = (file: string): unknown => parse(contentOf(files, `provisioning/generated/${file}`));

  it('has the data source with the uid that dashboards look for', () => {
    expect(read('grafana/datasources/genesis.yaml')).toMatchObject({
      datasources: [
        { uid: 'genesis-prometheus', url: 'http://prom:9090', isDefault: true, jsonData: { timeInterval: '30s' } },
      ],
    });
  });

  it('has a provider of the dashboards', () => {
    expect(read('grafana/dashboards/genesis.yaml')).toMatchObject({
      providers: [{ type: 'file', folderUid: 'genesis-dr', options: { path: '/etc/genesis-dr/dashboards' } }],
    });
  });

  it('keeps the plugin apart, with tokens from the environment only', () => {
    expect(read('grafana-plugin/apps.yaml')).toMatchObject({
      apps: [
        {
          type: 'genesis-dr-app',
          jsonData: { apiUrl: 'http://127.0.0.1:9847' },
          secureJsonData: { readToken: '$__env{GENESIS_READ_TOKEN}' },
        },
      ],
    });
    expect(files.filter(({ path: name }) => name.includes('grafana/plugins'))).toEqual([]);
  });

  it('turns off what phones home or logs bodies', () => {
    expect(contentOf(files, 'provisioning/generated/grafana/grafana.env')).toMatch(/^GF_DATAPROXY_LOGGING=false$/m);
  });
});
