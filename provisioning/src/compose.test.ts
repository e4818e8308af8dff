import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { parse } from 'yaml';
import { Config } from '@genesis-dr/exporter/config';
import { images } from './compose/images.ts';
import { generateFor, passwordFile } from './index.ts';
import { contentOf, partsOf, runTool, written } from './testing.ts';

const below = 'provisioning/generated/genesis-dr-compose';
const version = '1.2.3';
const input = {
  services: [
    {
      name: 'shop',
      backup: {
        repository: '/var/backups/shop',
        components: { data: { paths: ['/srv/a: $b', '/srv/shop'] } },
        encryption: { key: 'env:SHOP_KEY' },
      },
      copies: [{ name: 'second', path: '/mnt/second' }],
    },
  ],
  alertmanager: { slack: { api_url_file: '/etc/genesis/slack-url' } },
};
const config = Config.parse(input);
const files = generateFor('compose', config, partsOf(config), { version });
const folder = written(files);
const place = path.join(folder, below);
// The command makes it beside the generated files.
writeFileSync(path.join(folder, passwordFile), 'a password\n');
afterAll(() => rmSync(folder, { recursive: true, force: true }));

interface Volume {
  readonly type: string;
  readonly source: string;
  readonly target: string;
  readonly read_only?: boolean;
}
interface Service {
  readonly image: string;
  readonly user?: string;
  readonly networks: Readonly<Record<string, unknown>>;
  readonly ports?: readonly string[];
  readonly read_only?: boolean;
  readonly cap_drop?: readonly string[];
  readonly healthcheck?: unknown;
  readonly environment?: Readonly<Record<string, unknown>>;
  readonly volumes: readonly (string | Volume)[];
}
interface Stack {
  readonly services: Readonly<Record<string, Service>>;
  readonly networks: Readonly<Record<string, { readonly internal?: boolean }>>;
  readonly secrets: Readonly<Record<string, { readonly file: string }>>;
}

/** As docker-compose 1.29 understands it. */
function resolved(overrides: readonly string[] = [], env = {}): Stack {
  const named = ['docker-compose.yml', ...overrides].flatMap((name) => ['-f', name]);
  const ran = runTool('docker-compose', 'docker-compose', [...named, 'config'], place, { SHOP_KEY: 'k', ...env });
  expect(ran).toMatchObject({ status: 0, stderr: expect.not.stringMatching(/invalid|error/i) });
  return parse(ran.stdout) as Stack;
}

describe('docker-compose.yml', () => {
  const stack = resolved();

  it('has every program with a pinned image', () => {
    expect(Object.fromEntries(Object.entries(stack.services).map(([name, { image }]) => [name, image]))).toEqual({
      genesis: `genesis-dr:${version}`,
      prometheus: images.prometheus,
      alertmanager: images.alertmanager,
      grafana: images.grafana,
      'node-exporter': images.nodeExporter,
      loki: images.loki,
      tempo: images.tempo,
    });
    for (const { image } of Object.values(stack.services)) expect(image).toMatch(/:v?\d+\.\d+\.\d+$/);
  });

  it('keeps to what Compose 1.29 and 2 both read', () => {
    const document = parse(contentOf(files, `${below}/docker-compose.yml`)) as Record<string, unknown>;

    expect(Object.keys(document)).toEqual(['services', 'networks', 'volumes', 'secrets']);
  });

  it('shows Genesis to Prometheus and Grafana only', () => {
    const sharing = Object.entries(stack.services).filter(([, { networks }]) => 'genesis' in networks);

    expect(sharing.map(([name]) => name).sort()).toEqual(['genesis', 'grafana', 'prometheus']);
    expect(Object.keys(stack.services['genesis']?.networks ?? {})).toEqual(['genesis']);
    expect(stack.networks['genesis']).toEqual({ internal: true });
    expect(stack.services['genesis']).not.toHaveProperty('ports');
    expect(contentOf(files, `${below}/docker-compose.yml`)).toMatch(
      /insecure: true.*so that[\s\S]*no port is published/,
    );
  });

  it('publishes ports on this machine only', () => {
    const ports = Object.values(stack.services).flatMap((service) => service.ports ?? []);

    expect(ports.sort()).toEqual(['127.0.0.1:3000:3000/tcp', '127.0.0.1:9090:9090/tcp', '127.0.0.1:9093:9093/tcp']);
  });

  it('gives no container more than it needs', () => {
    for (const service of Object.values(stack.services))
      expect(service).toMatchObject({ read_only: true, cap_drop: ['ALL'] });
    expect(stack.services['genesis']?.user).toBe('10001:10001');
    // YAML 1.1 would read the plain text as a number to the base of sixty.
    expect(stack.services['grafana']?.user).toBe('10001:0');
  });

  it('has a health check wherever an image can run one', () => {
    const without = Object.entries(stack.services).filter(([, { healthcheck }]) => healthcheck === undefined);

    expect(without.map(([name]) => name).sort()).toEqual(['loki', 'tempo']);
  });

  it('mounts only what is in the output, or what the configuration names', () => {
    // docker-compose prints what it would read again: a dollar sign is doubled.
    const configured = ['/srv/a: $$b', '/srv/shop', '/var/backups/shop', '/mnt/second', '/etc/genesis/slack-url'];
    const mounted = Object.values(stack.services)
      .flatMap((service) => service.volumes)
      .flatMap((volume) => (typeof volume !== 'string' && volume.type === 'bind' ? [volume.source] : []));
    const own = mounted.filter((source) => source.startsWith(folder));

    expect(mounted.filter((source) => !own.includes(source)).sort()).toEqual([...configured].sort());
    expect(own.length).toBeGreaterThan(8);
    for (const source of [...own, ...Object.values(stack.secrets).map(({ file }) => file)])
      expect({ source, there: existsSync(source) }).toEqual({ source, there: true });
  });

  it('only reads what is protected, and writes to repositories and copies', () => {
    const volumes = stack.services['genesis']?.volumes ?? [];
    const writable = volumes.filter((one) => typeof one !== 'string' && one.type === 'bind' && one.read_only !== true);

    expect(writable.map((one) => (one as Volume).target).sort()).toEqual(['/mnt/second', '/var/backups/shop']);
  });

  it('passes secrets on by name, and holds none', () => {
    expect(stack.services['genesis']?.environment).toMatchObject({ SHOP_KEY: 'k' });
    for (const file of files) expect(file.content).not.toMatch(/SHOP_KEY[=:] ?\S*k\b/);
    expect(files.map((file) => file.path)).not.toContain(passwordFile);
  });

  it('with TLS mounts the other configuration and the certificate', () => {
    const certificates = path.join(folder, 'tls');
    mkdirSync(certificates);
    const { services } = resolved(['docker-compose.tls.yml'], { GENESIS_TLS_DIR: certificates });
    const sources = (name: string): string =>
      JSON.stringify((services[name]?.volumes ?? []).map((one) => (typeof one === 'string' ? one : one.source)));

    expect(sources('genesis')).toContain('genesis.tls.yaml');
    expect(sources('genesis')).not.toContain('genesis-dr-compose/genesis.yaml');
    expect(sources('prometheus')).toContain('prometheus.tls.yml');
    expect(sources('grafana')).toContain('ca.crt');
  });

  it('with the plugin mounts it with its settings', () => {
    const { services } = resolved(['docker-compose.plugin.yml'], { GENESIS_PLUGIN_DIR: folder });

    expect(JSON.stringify(services['grafana']?.volumes)).toContain('/var/lib/grafana/plugins/genesis-dr-app');
    expect(existsSync(path.join(place, 'grafana-plugin/genesis.yaml'))).toBe(true);
  });
});

describe('what the containers read', () => {
  const configOf = (name: string): Config => Config.parse(parse(readFileSync(path.join(place, name), 'utf8')));

  it('is a configuration that Genesis takes, without TLS and with it', () => {
    expect(configOf('genesis.yaml')).toMatchObject({
      api: { listen: '0.0.0.0:9847', insecure: true, tls: null, hosts: ['genesis'] },
      metrics: { open: true },
      prometheus: { url: 'http://prometheus:9090' },
      services: [{ name: 'shop', backup: { encryption: { key: 'env:SHOP_KEY' } } }],
    });
    const plain = configOf('genesis.yaml');
    const { insecure, tls } = configOf('genesis.tls.yaml').api;
    expect({ ...configOf('genesis.tls.yaml'), api: null }).toEqual({ ...plain, api: null });
    expect({ ...plain.api, insecure, tls }).toEqual(configOf('genesis.tls.yaml').api);
    expect(configOf('genesis.tls.yaml')).toMatchObject({
      api: { insecure: false, tls: { cert: '/run/genesis/server.crt', key: '/run/genesis/server.key' } },
    });
  });

  it('gives the demonstration its own data', () => {
    const demo = Config.parse({ services: [{ name: 'demo-files' }] });
    const made = generateFor('compose', demo, [], { version });

    expect(parse(contentOf(made, `${below}/genesis.yaml`))).toMatchObject({
      services: [{ backup: { components: { data: { paths: ['/var/lib/genesis/demo-data'] } } } }],
    });
  });

  it.each(['prometheus.yml', 'prometheus.tls.yml'])('is a %s that promtool takes', (name) => {
    const ran = runTool('promtool', 'prometheus', ['check', 'config', '--syntax-only', name], place);

    expect(ran).toMatchObject({ status: 0, stdout: expect.stringContaining('SUCCESS') });
  });

  it('loads the generated rules where they are mounted', () => {
    expect(parse(contentOf(files, `${below}/prometheus.yml`))).toMatchObject({
      rule_files: ['rules/*.yml'],
      scrape_configs: expect.arrayContaining([
        expect.objectContaining({ job_name: 'genesis_dr', honor_labels: true }),
        expect.objectContaining({
          job_name: 'node',
          static_configs: [expect.objectContaining({ targets: ['node-exporter:9100'] })],
        }),
      ]),
    });
  });
});
