import { Document, isMap, isScalar } from 'yaml';
import { formatDuration, type Config } from '@genesis-dr/exporter/config';
import { head, yamlFile, type File } from '../file.ts';
import { dashboardProviderFile, dataSourceFile, pluginFile, pluginId, prometheusSource } from '../grafana.ts';
import { prometheusDocument, type PrometheusPlace } from '../prometheus.ts';
import { container, containerConfigTexts, exporterHost } from './exporter.ts';
import { lokiDocument, tempoDocument } from './logs.ts';
import * as services from './services.ts';

export type { ComposeOptions } from './services.ts';

const { folder } = services;

/** The file that holds Grafana's first password. Made once with random text by the command, never part of the generated files. */
export const passwordFile = `${folder}/secrets/grafana-admin-password`;

/**
 * Everything for `docker compose up` beside the rules, routes and dashboards, which it mounts from the same output: the compose file,
 * its overrides for TLS and for the plugin, and what the containers read.
 */
export function composeFiles(config: Config, options: services.ComposeOptions): File[] {
  const scrapeInterval = formatDuration(config.collectors.scrape_interval);
  const texts = containerConfigTexts(config);
  const sources = [
    prometheusSource('http://prometheus:9090', scrapeInterval),
    { name: 'Logs (Loki)', uid: 'genesis-loki', type: 'loki', url: 'http://loki:3100', jsonData: {} },
    { name: 'Traces (Tempo)', uid: 'genesis-tempo', type: 'tempo', url: 'http://tempo:3200', jsonData: {} },
  ];
  return [
    { path: `${folder}/docker-compose.yml`, content: head + composeText(config, options) },
    tlsOverride(),
    pluginOverride(),
    { path: `${folder}/genesis.yaml`, content: exporterHead(false) + texts.plain },
    { path: `${folder}/genesis.tls.yaml`, content: exporterHead(true) + texts.tls },
    yamlFile(`${folder}/prometheus.yml`, prometheusDocument(config, place(config, false))),
    yamlFile(`${folder}/prometheus.tls.yml`, prometheusDocument(config, place(config, true))),
    dataSourceFile(`${folder}/grafana/datasources/genesis.yaml`, sources, [
      'Loki and Tempo answer only while their profiles run.',
    ]),
    dashboardProviderFile(`${folder}/grafana/dashboards/genesis.yaml`, '/etc/genesis-dr/dashboards'),
    pluginFile(`${folder}/grafana-plugin/genesis.yaml`, `http://${exporterHost}:${container.port}`, composeTokens, [
      'Mounted by docker-compose.plugin.yml.',
    ]),
    pluginFile(
      `${folder}/grafana-plugin-tls/genesis.yaml`,
      `https://${exporterHost}:${container.port}`,
      composeTokens,
      ['Mounted by docker-compose.plugin.yml where GENESIS_PLUGIN_SETTINGS names this folder.'],
    ),
    yamlFile(`${folder}/loki.yaml`, lokiDocument),
    yamlFile(`${folder}/tempo.yaml`, tempoDocument),
    { path: `${folder}/secrets/.gitignore`, content: `${head}*\n!.gitignore\n` },
  ];
}

const composeTokens = {
  viewer: '$__file{/run/genesis-tokens/viewer}',
  operator: '$__file{/run/genesis-tokens/operator}',
  admin: '$__file{/run/genesis-tokens/admin}',
};

function place(config: Config, tls: boolean): PrometheusPlace {
  const { environment, jobs } = config.provisioning;
  return {
    genesis: `${exporterHost}:${container.port}`,
    scheme: tls ? 'https' : 'http',
    caFile: tls ? `${container.tls}/ca.crt` : null,
    // metrics.open: nobody else is on that network, and a token could only be made after the first start.
    tokenFile: null,
    ruleFiles: ['rules/*.yml'],
    alertmanagers: ['alertmanager:9093'],
    environment,
    jobs: { ...jobs, prometheus: ['localhost:9090'], node: ['node-exporter:9100', ...jobs.node] },
  };
}

function exporterHead(tls: boolean): string {
  const why = tls
    ? '# Made for the container, with TLS.\n'
    : '# Made for the container. insecure: true is right only on the internal network of docker-compose.yml.\n';
  return head + why;
}

function composeText(config: Config, options: services.ComposeOptions): string {
  const volumes = ['genesis-home', 'genesis-tokens', 'prometheus-data', 'alertmanager-data', 'grafana-data'];
  const stack = {
    services: {
      [exporterHost]: services.exporter(config, options),
      prometheus: services.prometheus(),
      alertmanager: services.alertmanager(config),
      grafana: services.grafana(),
      'node-exporter': services.nodeExporter(),
      loki: services.loki(),
      tempo: services.tempo(),
    },
    networks: { genesis: { internal: true }, monitoring: {} },
    volumes: Object.fromEntries([...volumes, 'loki-data', 'tempo-data'].map((name) => [name, {}])),
    secrets: { grafana_admin_password: { file: './secrets/grafana-admin-password' } },
  };
  // docker-compose 1.29 reads YAML 1.1, where an unquoted 10001:0 is a number to the base of sixty.
  const document = new Document(stack, { schema: 'yaml-1.1', aliasDuplicateObjects: false });
  document.commentBefore = usage.join('\n');
  for (const [path, text] of comments) commentOn(document, path, text);
  return document.toString({ lineWidth: 0 });
}

const usage = [
  '',
  ' Start:            docker compose up -d          (or docker-compose up -d; from 1.29 on)',
  ' Grafana:          http://localhost:3000, user admin, password in secrets/grafana-admin-password',
  ' Genesis:          docker compose exec genesis genesis --config /run/genesis/genesis.yaml status',
  ' With TLS:         docker compose -f docker-compose.yml -f docker-compose.tls.yml up -d',
  ' With the plugin:  docker compose -f docker-compose.yml -f docker-compose.plugin.yml up -d',
  ' Logs and traces:  docker compose --profile logs --profile traces up -d',
  ' After a change of genesis.yaml: generate again, then docker compose up -d --force-recreate',
  '',
];

const comments: readonly (readonly [readonly string[], string])[] = [
  [
    ['services', exporterHost],
    ' Speaks HTTP without TLS (insecure: true), so that one command starts everything without making certificates first. That is\n' +
      ' defensible only because its sole network is internal, is shared with Prometheus and Grafana alone, and no port is published:\n' +
      ' nobody else can reach it or listen. Where containers of others may join this network, use docker-compose.tls.yml.',
  ],
  [
    ['services', 'grafana'],
    ' Behind it stand the actions of Genesis: keep its port on this machine, or put TLS in front of it.',
  ],
  [
    ['services', 'node-exporter'],
    ' Sees the processes, disks and memory of the machine; its network figures are those of its own container.',
  ],
  [
    ['services', 'loki'],
    ' Profile logs. Nothing of Genesis sends to it by itself: point your log shipper at loki:3100.',
  ],
  [
    ['services', 'tempo'],
    ' Profile traces. Nothing of Genesis sends to it by itself: point your OTLP exporter at tempo:4317.',
  ],
  [['networks', exporterHost], ' Genesis, Prometheus and Grafana. Internal: no way in from outside, and none out.'],
];

function commentOn(document: Document, path: readonly string[], text: string): void {
  const parent = document.getIn(path.slice(0, -1), true);
  if (!isMap(parent)) throw new Error(`nothing at ${path.join('.')} to comment on`);
  for (const { key } of parent.items) {
    if (isScalar(key) && key.value === path.at(-1)) key.commentBefore = text;
  }
}

/** Certificates come from outside: server.crt (for the name genesis), server.key, ca.crt; readable for user 10001. */
function tlsOverride(): File {
  const certificates = '${GENESIS_TLS_DIR:?the folder with server.crt, server.key and ca.crt}';
  const ca = `${certificates}/ca.crt`;
  const target = `${container.tls}/ca.crt`;
  const document = {
    services: {
      [exporterHost]: {
        entrypoint: services.startCommand(true),
        volumes: [`./genesis.tls.yaml:${container.config}:ro`, `${certificates}:${container.tls}:ro`],
      },
      prometheus: {
        volumes: ['./prometheus.tls.yml:/etc/prometheus/prometheus.yml:ro', `${ca}:${target}:ro`],
      },
      grafana: {
        environment: { SSL_CERT_DIR: `/etc/ssl/certs:${container.tls}` },
        volumes: [`${ca}:${target}:ro`],
      },
    },
  };
  return yamlFile(`${folder}/docker-compose.tls.yml`, document, [
    'Genesis with TLS: GENESIS_TLS_DIR=/path docker compose -f docker-compose.yml -f docker-compose.tls.yml up -d',
    'server.crt must be valid for the name genesis; ca.crt proves it. All three must be readable for user 10001.',
  ]);
}

/** Grafana refuses to start on settings of a plugin that it does not have, so both come together. */
function pluginOverride(): File {
  const plugin = '${GENESIS_PLUGIN_DIR:?the folder of the built plugin, which holds plugin.json}';
  const document = {
    services: {
      grafana: {
        environment: { GF_PLUGINS_ALLOW_LOADING_UNSIGNED_PLUGINS: pluginId },
        depends_on: { [exporterHost]: { condition: 'service_healthy' } },
        volumes: [
          `${plugin}:/var/lib/grafana/plugins/${pluginId}:ro`,
          '${GENESIS_PLUGIN_SETTINGS:-./grafana-plugin}:/etc/grafana/provisioning/plugins:ro',
          'genesis-tokens:/run/genesis-tokens:ro',
        ],
      },
    },
  };
  return yamlFile(`${folder}/docker-compose.plugin.yml`, document, [
    'The app plugin in Grafana: GENESIS_PLUGIN_DIR=/path docker compose -f docker-compose.yml -f docker-compose.plugin.yml up -d',
    'Together with docker-compose.tls.yml also set GENESIS_PLUGIN_SETTINGS=./grafana-plugin-tls.',
    'Grafana reads the tokens that Genesis made at its first start; after a token was replaced, restart Grafana.',
  ]);
}
