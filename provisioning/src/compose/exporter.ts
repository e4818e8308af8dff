import { showDifferences, type Config, type ServiceConfig } from '@genesis-dr/exporter/config';

/** Places and ids inside of the image; the Dockerfile says the same. */
export const container = {
  user: '10001',
  home: '/var/lib/genesis',
  tokens: '/var/lib/genesis/tokens',
  config: '/etc/genesis/genesis.yaml',
  tls: '/etc/genesis/tls',
  /** In memory: what it starts from. */
  run: '/run/genesis',
  port: 9847,
} as const;

export const exporterHost = 'genesis';

/** The configuration as it is inside of the container: other addresses, the same promises. */
export function containerConfig(config: Config, tls: boolean): Config {
  return {
    ...config,
    services: config.services.map(withDemoData),
    api: {
      ...config.api,
      listen: `0.0.0.0:${container.port}`,
      hosts: [...new Set([exporterHost, ...config.api.hosts])],
      insecure: !tls,
      tls: tls ? { cert: `${container.run}/server.crt`, key: `${container.run}/server.key` } : null,
    },
    metrics: { ...config.metrics, open: true },
    prometheus: { ...config.prometheus, url: 'http://prometheus:9090' },
  };
}

/** The demonstration that a first start makes has no data of its own in a container: it gets the folder of the home. */
function withDemoData(service: ServiceConfig): ServiceConfig {
  if (service.name !== 'demo-files' || Object.keys(service.backup.components).length > 0) return service;
  const components = { data: { paths: [`${container.home}/demo-data`], excludes: [] } };
  return { ...service, backup: { ...service.backup, components } };
}

/** The text of both files, without TLS and with it. */
export function containerConfigTexts(config: Config): { readonly plain: string; readonly tls: string } {
  const text = (tls: boolean): string => showDifferences(containerConfig(config, tls));
  return { plain: text(false), tls: text(true) };
}

export interface Mounts {
  /** Folders of the machine that are only read: what is protected. */
  readonly sources: readonly string[];
  /** Folders that are written: repositories, copies, restores. */
  readonly stores: readonly string[];
  /** Files that hold secrets. */
  readonly secretFiles: readonly string[];
  /** Names of environment variables that hold secrets, passed on. */
  readonly variables: readonly string[];
}

/** What of the machine Genesis needs to see, at the paths that its configuration names. */
export function exporterMounts(config: Config): Mounts {
  const services = config.services;
  const keys = services.flatMap(({ backup }) => (backup.encryption === null ? [] : [backup.encryption.key]));
  return {
    sources: unique(services.flatMap(({ backup }) => Object.values(backup.components).flatMap(({ paths }) => paths))),
    stores: unique([
      ...services.flatMap(({ backup }) => (backup.repository === null ? [] : [backup.repository])),
      ...services.flatMap(({ copies }) => copies.map(({ path }) => path)),
      ...config.restore.roots,
    ]),
    secretFiles: unique(keys.filter((key) => key.startsWith('file:')).map((key) => key.slice('file:'.length))),
    variables: unique(keys.filter((key) => key.startsWith('env:')).map((key) => key.slice('env:'.length))),
  };
}

function unique(texts: readonly string[]): string[] {
  return [...new Set(texts)].sort();
}
