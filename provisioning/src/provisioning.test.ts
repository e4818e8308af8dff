import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { jest } from '@jest/globals';
import { parse } from 'yaml';
import { Config } from '@genesis-dr/exporter/config';
import { generate, generateCommitted, type StackOptions } from './index.ts';

jest.setTimeout(30_000);
const checkout = path.resolve(import.meta.dirname, '../..');
const folder = mkdtempSync(path.join(tmpdir(), 'genesis-prom-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function promtoolCheck(config: Config): { status: number | null; output: string } {
  for (const file of generate(config)) {
    const target = path.join(folder, file.path);
    mkdirSync(path.dirname(target), { recursive: true });
    writeFileSync(target, file.content);
    writeFileSync(path.join(path.dirname(target), 'genesis-metrics-token'), 'secret', { mode: 0o600 });
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

  it('is committed as it is generated', () => {
    for (const file of generateCommitted())
      expect(readFileSync(path.join(checkout, file.path), 'utf8')).toBe(file.content);
  });
});
