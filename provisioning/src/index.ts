import { stringify } from 'yaml';
import { Config, formatDuration, isLoopback, parseListen } from '@genesis-dr/exporter/config';

/** `path` is relative to the output folder; for the committed files that is the root of the repository. */
export interface File {
  readonly path: string;
  readonly content: string;
}

/** What the monitoring stack has beside Genesis. */
export interface StackOptions {
  /** host:port of each Alertmanager; default `localhost:9093`. */
  readonly alertmanagers?: readonly string[];
  /** External label `environment`; default `production`. */
  readonly environment?: string;
  /** Rule files, relative to prometheus.yml; default the generated ones. */
  readonly ruleFiles?: readonly string[];
  /** Token of role `metrics`, needed beyond loopback, relative to prometheus.yml; default `genesis-metrics-token`. */
  readonly credentialsFile?: string;
}

const head = '# Generated from genesis.yaml by `genesis generate`: do not edit.\n';

/** Configuration of a Prometheus 2.42 or later that scrapes the exporter, loads the generated rules and alerts. */
export function generate(config: Config, options: StackOptions = {}): File[] {
  const scrapeInterval = formatDuration(config.collectors.scrape_interval);
  const document = {
    global: {
      scrape_interval: scrapeInterval,
      evaluation_interval: formatDuration(config.rules.evaluation_interval),
      external_labels: { cluster: config.cluster, environment: options.environment ?? 'production' },
    },
    rule_files: options.ruleFiles ?? ['../../rules/generated/*.yml'],
    alerting: { alertmanagers: [{ static_configs: [{ targets: options.alertmanagers ?? ['localhost:9093'] }] }] },
    scrape_configs: [scrapeJob(config, scrapeInterval, options.credentialsFile ?? 'genesis-metrics-token')],
  };
  return [{ path: 'provisioning/generated/prometheus.yml', content: head + stringify(document, { lineWidth: 0 }) }];
}

/** The committed files: what a default configuration with one service gives. */
export function generateCommitted(): File[] {
  return generate(Config.parse({ services: [{ name: 'demo-files' }] }));
}

function scrapeJob(config: Config, scrapeInterval: string, credentialsFile: string): Record<string, unknown> {
  const { target, loopback } = scrapeTarget(config);
  return {
    job_name: config.rules.job,
    // The exporter's own labels cluster and service count; without this they would become exported_service and no rule would match.
    honor_labels: true,
    scrape_interval: scrapeInterval,
    metrics_path: '/metrics',
    ...(config.api.tls === null ? {} : { scheme: 'https', tls_config: { ca_file: config.api.tls.cert } }),
    ...(loopback || config.metrics.open
      ? {}
      : { authorization: { type: 'Bearer', credentials_file: credentialsFile } }),
    static_configs: [{ targets: [target], labels: { cluster: config.cluster } }],
  };
}

/** Where the exporter can be reached: a wildcard address is listened on, but is no address to call. */
function scrapeTarget(config: Config): { target: string; loopback: boolean } {
  const address = parseListen(config.api.listen);
  if (address === null) throw new Error(`api.listen ${config.api.listen} passed the schema but is no address`);
  const loopback = isLoopback(address.host);
  const host = ['0.0.0.0', '::'].includes(address.host) ? (config.api.hosts[0] ?? 'localhost') : address.host;
  const bracketed = host.includes(':') && !host.startsWith('[') ? `[${host}]` : host;
  return { target: `${bracketed}:${address.port}`, loopback };
}
