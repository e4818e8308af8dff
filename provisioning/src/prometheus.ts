import { formatDuration, isLoopback, parseListen, type Config } from '@genesis-dr/exporter/config';

/** Where things stand, as Prometheus sees them. */
export interface PrometheusPlace {
  /** host:port of Genesis. */
  readonly genesis: string;
  readonly scheme: 'http' | 'https';
  /** Certificate that proves Genesis, with scheme https. */
  readonly caFile: string | null;
  /** File with the token of role metrics; null: none is asked for. */
  readonly tokenFile: string | null;
  /** Globs, relative to prometheus.yml. */
  readonly ruleFiles: readonly string[];
  readonly alertmanagers: readonly string[];
  readonly environment: string;
  readonly jobs: Config['provisioning']['jobs'];
}

/** The document prometheus.yml of a Prometheus 2.42 or later: scrapes Genesis and the configured jobs, loads the rules, sends alerts. */
export function prometheusDocument(config: Config, place: PrometheusPlace): Record<string, unknown> {
  const scrapeInterval = formatDuration(config.collectors.scrape_interval);
  return {
    global: {
      scrape_interval: scrapeInterval,
      evaluation_interval: formatDuration(config.rules.evaluation_interval),
      external_labels: { cluster: config.cluster, environment: place.environment },
    },
    rule_files: place.ruleFiles,
    alerting: { alertmanagers: [{ static_configs: [{ targets: place.alertmanagers }] }] },
    scrape_configs: [genesisJob(config, place, scrapeInterval), ...otherJobs(config.cluster, place)],
  };
}

function genesisJob(config: Config, place: PrometheusPlace, scrapeInterval: string): Record<string, unknown> {
  const tls = place.caFile === null ? {} : { tls_config: { ca_file: place.caFile } };
  return {
    job_name: config.rules.job,
    // The exporter's own labels cluster and service count; without this they would become exported_service and no rule would match.
    honor_labels: true,
    scrape_interval: scrapeInterval,
    metrics_path: '/metrics',
    ...(place.scheme === 'http' ? {} : { scheme: 'https', ...tls }),
    ...(place.tokenFile === null ? {} : { authorization: { type: 'Bearer', credentials_file: place.tokenFile } }),
    static_configs: [{ targets: [place.genesis], labels: { cluster: config.cluster } }],
  };
}

function otherJobs(cluster: string, { jobs, alertmanagers }: PrometheusPlace): Record<string, unknown>[] {
  const { application } = jobs;
  const all = [
    { name: 'prometheus', targets: jobs.prometheus },
    { name: 'alertmanager', targets: alertmanagers },
    { name: 'node', targets: jobs.node },
    { name: 'postgresql', targets: jobs.postgresql },
    { name: 'redis', targets: jobs.redis },
    { name: application.job, targets: application.targets, path: application.metrics_path },
  ];
  return all
    .filter(({ targets }) => targets.length > 0)
    .map(({ name, targets, path }) => ({
      job_name: name,
      ...(path === undefined || path === '/metrics' ? {} : { metrics_path: path }),
      static_configs: [{ targets, labels: { cluster } }],
    }));
}

/** Where the exporter can be reached: a wildcard address is listened on, but is no address to call. */
export function genesisTarget(config: Config): { target: string; port: number; loopback: boolean } {
  const address = parseListen(config.api.listen);
  if (address === null) throw new Error(`api.listen ${config.api.listen} passed the schema but is no address`);
  const loopback = isLoopback(address.host);
  const host = ['0.0.0.0', '::'].includes(address.host) ? (config.api.hosts[0] ?? 'localhost') : address.host;
  const bracketed = host.includes(':') && !host.startsWith('[') ? `[${host}]` : host;
  return { target: `${bracketed}:${address.port}`, port: address.port, loopback };
}
