import { alertmanagerSecretPaths, type Config } from '@genesis-dr/exporter/config';
import { grafanaSettings } from '../grafana.ts';
import { container, exporterHost, exporterMounts } from './exporter.ts';
import { images } from './images.ts';

type Service = Record<string, unknown>;

/** Folder of the output that the compose file stands in, seen from the root of the output, and the way back. */
export const folder = 'provisioning/generated/genesis-dr-compose';
const root = '../../..';

/** What none of them needs: the rights of root, to gain rights, to write to its own image. */
const hardened = {
  read_only: true,
  cap_drop: ['ALL'],
  security_opt: ['no-new-privileges:true'],
  restart: 'unless-stopped',
};

const probe = (url: string): Service => ({
  test: ['CMD', 'wget', '--quiet', '--spider', url],
  interval: '15s',
  timeout: '5s',
  retries: 5,
  start_period: '20s',
});

/** A dollar sign of a configured text would be a variable to Compose. */
const literal = (text: string): string => text.replaceAll('$', '$$$$');
/** Short syntax splits at colons; the long one takes every path. */
const bind = (source: string, target: string, writable = false): Service => ({
  type: 'bind',
  source: literal(source),
  target: literal(target),
  read_only: !writable,
});
const volume = (source: string, target: string): Service => ({ type: 'volume', source, target });

export interface ComposeOptions {
  readonly version: string;
  /** Checkout to build the image from, where the configuration names none. */
  readonly build?: string;
}

/** Copies the files it starts from into memory: Genesis trusts only what belongs to its own user or root. */
export function startCommand(tls: boolean): string[] {
  const files = tls
    ? [container.config, `${container.tls}/server.crt`, `${container.tls}/server.key`]
    : [container.config];
  const copy = `umask 077 && cp ${files.join(' ')} ${container.run}/`;
  return ['/bin/sh', '-c', `${copy} && exec genesis --config ${container.run}/genesis.yaml serve`];
}

export function exporter(config: Config, options: ComposeOptions): Service {
  const { sources, stores, secretFiles, variables } = exporterMounts(config);
  const { image } = config.provisioning.compose;
  const build = config.provisioning.compose.build ?? options.build ?? null;
  return {
    image: literal(image ?? `genesis-dr:${options.version}`),
    ...(build === null ? {} : { build: { context: literal(build) } }),
    ...hardened,
    init: true,
    user: `${container.user}:${container.user}`,
    entrypoint: startCommand(false),
    environment: { GENESIS_HOME: container.home, ...Object.fromEntries(variables.map((name) => [name, null])) },
    volumes: [
      bind('./genesis.yaml', container.config),
      volume('genesis-home', container.home),
      volume('genesis-tokens', container.tokens),
      ...sources.map((path) => bind(path, path)),
      ...secretFiles.map((path) => bind(path, path)),
      ...stores.map((path) => bind(path, path, true)),
    ],
    tmpfs: [`${container.run}:mode=0700,uid=${container.user},gid=${container.user}`, '/tmp'],
    networks: ['genesis'],
    stop_grace_period: '30s',
    healthcheck: {
      test: ['CMD', 'genesis-health'],
      interval: '15s',
      timeout: '5s',
      retries: 5,
      start_period: '30s',
    },
  };
}

export function prometheus(): Service {
  return {
    image: images.prometheus,
    ...hardened,
    command: [
      '--config.file=/etc/prometheus/prometheus.yml',
      '--storage.tsdb.path=/prometheus',
      // Objectives are kept over 30 days, and a little more is needed to see the whole of them.
      '--storage.tsdb.retention.time=40d',
      `--web.external-url=http://localhost:${port('PROMETHEUS', 9090)}`,
    ],
    volumes: [
      bind('./prometheus.yml', '/etc/prometheus/prometheus.yml'),
      bind(`${root}/rules/generated`, '/etc/prometheus/rules'),
      volume('prometheus-data', '/prometheus'),
    ],
    ports: [publish('PROMETHEUS', 9090)],
    networks: ['genesis', 'monitoring'],
    depends_on: { [exporterHost]: { condition: 'service_healthy' }, alertmanager: { condition: 'service_healthy' } },
    healthcheck: probe('http://127.0.0.1:9090/-/ready'),
  };
}

export function alertmanager(config: Config): Service {
  const secretFiles = [...new Set(alertmanagerSecretPaths(config.alertmanager).map(({ file }) => file))].sort();
  return {
    image: images.alertmanager,
    ...hardened,
    command: [
      '--config.file=/etc/alertmanager/alertmanager.yml',
      '--storage.path=/alertmanager',
      // One Alertmanager has nobody to gossip with.
      '--cluster.listen-address=',
      `--web.external-url=http://localhost:${port('ALERTMANAGER', 9093)}`,
    ],
    volumes: [
      bind(`${root}/alertmanager/generated`, '/etc/alertmanager'),
      ...secretFiles.map((path) => bind(path, path)),
      volume('alertmanager-data', '/alertmanager'),
    ],
    ports: [publish('ALERTMANAGER', 9093)],
    networks: ['monitoring'],
    healthcheck: probe('http://127.0.0.1:9093/-/ready'),
  };
}

export function grafana(): Service {
  return {
    image: images.grafana,
    ...hardened,
    // The user of Genesis, so that it can read the tokens for the plugin; the group is that of the image.
    user: `${container.user}:0`,
    environment: {
      ...grafanaSettings,
      GF_DASHBOARDS_DEFAULT_HOME_DASHBOARD_PATH: '/etc/genesis-dr/dashboards/dr-overview.json',
      GF_SECURITY_ADMIN_PASSWORD__FILE: '/run/secrets/grafana_admin_password',
      GF_SERVER_ROOT_URL: `http://localhost:${port('GRAFANA', 3000)}/`,
    },
    secrets: ['grafana_admin_password'],
    volumes: [
      bind('./grafana/datasources', '/etc/grafana/provisioning/datasources'),
      bind('./grafana/dashboards', '/etc/grafana/provisioning/dashboards'),
      bind(`${root}/dashboards/generated`, '/etc/genesis-dr/dashboards'),
      volume('grafana-data', '/var/lib/grafana'),
    ],
    tmpfs: ['/tmp'],
    ports: [publish('GRAFANA', 3000)],
    networks: ['genesis', 'monitoring'],
    depends_on: { prometheus: { condition: 'service_healthy' } },
    healthcheck: probe('http://127.0.0.1:3000/api/health'),
  };
}

export function nodeExporter(): Service {
  return {
    image: images.nodeExporter,
    ...hardened,
    command: ['--path.rootfs=/host', '--path.procfs=/host/proc', '--path.sysfs=/host/sys'],
    pid: 'host',
    volumes: ['/:/host:ro,rslave'],
    networks: ['monitoring'],
    healthcheck: probe('http://127.0.0.1:9100/'),
  };
}

/** Not started without the profile. Their images hold no program that could probe them from inside. */
export function loki(): Service {
  return {
    image: images.loki,
    ...hardened,
    profiles: ['logs'],
    command: ['-config.file=/etc/loki/loki.yaml'],
    volumes: [bind('./loki.yaml', '/etc/loki/loki.yaml'), volume('loki-data', '/loki')],
    tmpfs: ['/tmp'],
    networks: ['monitoring'],
  };
}

export function tempo(): Service {
  return {
    image: images.tempo,
    ...hardened,
    profiles: ['traces'],
    command: ['-config.file=/etc/tempo/tempo.yaml'],
    volumes: [bind('./tempo.yaml', '/etc/tempo/tempo.yaml'), volume('tempo-data', '/var/tempo')],
    tmpfs: ['/tmp'],
    networks: ['monitoring'],
  };
}

/** Of this machine only: who is elsewhere comes through a proxy that asks for a login. */
function publish(name: string, inside: number): string {
  return `127.0.0.1:${port(name, inside)}:${inside}`;
}

function port(name: string, usual: number): string {
  return `\${GENESIS_${name}_PORT:-${usual}}`;
}
