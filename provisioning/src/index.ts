import { Config, formatDuration } from '@genesis-dr/exporter/config';
import { composeFiles, type ComposeOptions } from './compose/index.ts';
import { yamlFile, type File } from './file.ts';
import { dashboardProviderFile, dataSourceFile, pluginFile, prometheusSource, settingsFile } from './grafana.ts';
import { kubernetesFiles } from './kubernetes/index.ts';
import { mixinFiles } from './mixin.ts';
import { genesisTarget, prometheusDocument } from './prometheus.ts';

export { passwordFile } from './compose/index.ts';
export { images } from './compose/images.ts';
export type { File } from './file.ts';

/** For whom the files are made: somebody who runs the programs, Docker Compose, or the Prometheus operator. */
export const targets = ['files', 'compose', 'kubernetes'] as const;
export type Target = (typeof targets)[number];

/** What the monitoring stack has beside Genesis; each default is the configured one. */
export interface StackOptions {
  /** host:port of each Alertmanager. */
  readonly alertmanagers?: readonly string[];
  /** host:port by which Prometheus scrapes itself; where `alertmanagers` is given, default none: who names one knows both. */
  readonly prometheus?: readonly string[];
  /** External label `environment`. */
  readonly environment?: string;
  /** Rule files, relative to prometheus.yml; default the generated ones. */
  readonly ruleFiles?: readonly string[];
  /** Token of role `metrics`, needed beyond loopback, relative to prometheus.yml. */
  readonly credentialsFile?: string;
}

/** prometheus.yml, then what Grafana reads, for programs that run beside Genesis. Works with Prometheus 2.42 and later. */
export function generate(config: Config, options: StackOptions = {}): File[] {
  const { provisioning } = config;
  const { target, loopback } = genesisTarget(config);
  const scheme = config.api.tls === null ? 'http' : 'https';
  const self = options.prometheus ?? (options.alertmanagers === undefined ? provisioning.jobs.prometheus : []);
  const document = prometheusDocument(config, {
    genesis: target,
    scheme,
    caFile: config.api.tls?.cert ?? null,
    tokenFile: loopback || config.metrics.open ? null : (options.credentialsFile ?? provisioning.token_file),
    ruleFiles: options.ruleFiles ?? ['../../rules/generated/*.yml'],
    alertmanagers: options.alertmanagers ?? provisioning.alertmanagers,
    environment: options.environment ?? provisioning.environment,
    jobs: { ...provisioning.jobs, prometheus: [...self] },
  });
  const url = config.prometheus.url ?? `http://${provisioning.jobs.prometheus[0] ?? 'localhost:9090'}`;
  const grafana = 'provisioning/generated/grafana';
  return [
    yamlFile('provisioning/generated/prometheus.yml', document),
    dataSourceFile(`${grafana}/datasources/genesis.yaml`, [
      prometheusSource(url, formatDuration(config.collectors.scrape_interval)),
    ]),
    dashboardProviderFile(`${grafana}/dashboards/genesis.yaml`, provisioning.dashboards_folder),
    settingsFile(`${grafana}/grafana.env`),
    pluginFile(
      'provisioning/generated/grafana-plugin/apps.yaml',
      `${scheme}://${target}`,
      {
        viewer: '$__env{GENESIS_READ_TOKEN}',
        operator: '$__env{GENESIS_OPERATE_TOKEN}',
        admin: '$__env{GENESIS_ADMIN_TOKEN}',
      },
      [
        'Belongs into the folder provisioning/plugins of a Grafana that has the plugin; without it Grafana does not start.',
        'The tokens come from the environment of Grafana; $__file{/path} reads them from files.',
      ],
    ),
  ];
}

/** Everything for one target. `options.version` is that of genesis, the tag of its image; `parts`: what the generators of rules, routes and dashboards made of the same configuration. */
export function generateFor(
  target: Target,
  config: Config,
  parts: readonly File[],
  options: ComposeOptions,
): readonly File[] {
  switch (target) {
    case 'files':
      return [...parts, ...generate(config), ...mixinFiles(config.rules.job, parts)];
    case 'compose':
      return [...parts, ...composeFiles(config, options)];
    case 'kubernetes':
      return kubernetesFiles(config, parts);
  }
}

/** The committed files: what a default configuration with one service gives for every target. */
export function generateCommitted(parts: readonly File[], options: ComposeOptions): File[] {
  const config = Config.parse({ services: [{ name: 'demo-files' }] });
  const others = (['files', 'compose', 'kubernetes'] as const)
    .flatMap((target) => generateFor(target, config, parts, { ...options, build: '../../..' }))
    .filter((file) => file.path.startsWith('provisioning/'));
  return [...new Map(others.map((file) => [file.path, file])).values()];
}
