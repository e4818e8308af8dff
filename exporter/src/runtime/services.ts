import { join } from 'node:path';
import { fail, ok, type Outcome } from '../contract/errors.ts';
import { repositoryOf } from '../config/places.ts';
import type { Config, ServiceConfig } from '../config/schema.ts';
import type { ComponentSource, Limits, RepositoryRef } from '../engines/backup/port.ts';
import type { Home } from './home.ts';
import { makePassable } from './passable.ts';
import type { PostgresTarget } from '../engines/postgres-target.ts';
import { resolvePostgres, resolveProduct, type ServicePlaces } from './product.ts';

/** A service as the file says it, with folders made absolute and keys resolved. */
export interface ResolvedService {
  readonly config: ServiceConfig;
  readonly repository: RepositoryRef;
  readonly copies: readonly ResolvedCopy[];
  readonly components: readonly ComponentSource[];
  readonly limits: Limits;
  /** The PostgreSQL server of the service; null: none is configured. */
  readonly postgres: PostgresTarget | null;
}

export interface ResolvedCopy {
  readonly name: string;
  readonly ref: RepositoryRef;
  /** It stands in an object store or on a server: there is no folder to look at. */
  readonly remote: boolean;
  readonly offsite: boolean;
  readonly mountpoint: boolean;
}

export interface SecretReader {
  /** `env:NAME` or `file:/path` to its text. Errors: `key_missing`, `config_insecure`. */
  resolve(ref: string): Outcome<string>;
  /** The repository key of an engine; derived once per text, because derivation is slow on purpose. */
  deriveKey(engine: string, text: string): Promise<Buffer>;
}

export function repositoryPath(service: ServiceConfig, home: Home): string {
  return repositoryOf(service, home.path);
}

/** Never backed up by accident: the home (it holds the state and repositories) is left out of every source, but for the demo data. */
function withHomeExcluded(component: { paths: string[]; excludes: string[] }, home: Home): readonly string[] {
  const inside = component.paths
    .filter((path) => home.path === path || home.path.startsWith(path.endsWith('/') ? path : `${path}/`))
    .map((path) => `${home.path.slice(path.length).replace(/^\//, '')}/`)
    .filter((pattern) => pattern !== '/');
  return [...component.excludes, ...inside];
}

export async function resolveService(
  config: Config,
  name: string,
  home: Home,
  secrets: SecretReader,
): Promise<Outcome<ResolvedService>> {
  const service = config.services.find((s) => s.name === name);
  if (service === undefined) return fail('service_unknown', `no service is called ${name}`);
  let key: Buffer | null = null;
  let passphrase: string | null = null;
  if (service.backup.encryption !== null) {
    const text = secrets.resolve(service.backup.encryption.key);
    if (!text.ok) return text;
    passphrase = text.value;
    key = await secrets.deriveKey(service.backup.engine, text.value);
  }
  const postgres =
    service.postgres === null ? ok(null) : resolvePostgres(service.postgres, (ref) => secrets.resolve(ref));
  if (!postgres.ok) return postgres;
  const product = resolveProductOf(service, passphrase, home, secrets);
  if (!product.ok) return product;
  const refAt = (index: number, path: string): RepositoryRef =>
    product.value === null ? { path, key } : { path, key, product: product.value.at(index) };
  return ok({
    config: service,
    postgres: postgres.value,
    repository: refAt(0, repositoryPath(service, home)),
    copies: service.copies.map((c, index) => ({
      name: c.name,
      ref: refAt(index + 1, c.path),
      remote: c.remote !== null,
      offsite: c.offsite,
      mountpoint: c.mountpoint,
    })),
    components: Object.entries(service.backup.components).map(([component, source]) => ({
      name: component,
      paths: source.paths,
      excludes: withHomeExcluded(source, home),
    })),
    limits: {
      nice: service.backup.limits.nice,
      bandwidthBytesPerSecond: service.backup.limits.bandwidth,
      concurrency: service.backup.limits.concurrency,
    },
  });
}

/** After a failover the server of the service is another one: backups, heartbeats and statistics follow the node that serves. */
export function atPrimary(service: ResolvedService, primary: string | null): ResolvedService {
  const { postgres, config } = service;
  const nodes = config.failover?.nodes ?? [];
  const node = nodes.find(({ name }) => name === primary);
  if (postgres === null || node === undefined || node.host === null) return service;
  if (node.host === postgres.host && node.port === postgres.port) return service;
  const { data: _, standbys, ...server } = postgres;
  const known = standbys.filter(({ host, port }) => host !== node.host || port !== node.port);
  const configured = config.postgres;
  const before = nodes.find(({ host, port }) => host === configured?.host && port === configured.port);
  const returned =
    before === undefined || before.host === null
      ? []
      : [{ ...server, host: before.host, port: before.port, name: before.name }];
  return {
    ...service,
    postgres: { ...server, host: node.host, port: node.port, data: node.data, standbys: [...returned, ...known] },
  };
}

/** File archives need none of it, and a server of theirs that cannot be resolved must not keep them from being made. */
function resolveProductOf(
  service: ServiceConfig,
  passphrase: string | null,
  home: Home,
  secrets: SecretReader,
): Outcome<ServicePlaces | null> {
  if (service.backup.engine === 'archive') return ok(null);
  if (service.postgres !== null && process.getuid?.() === 0) {
    const passable = makePassable(home);
    if (!passable.ok) return passable;
  }
  return resolveProduct(service, repositoryPath(service, home), passphrase, home, (ref) => secrets.resolve(ref));
}

/** Where a restore may create new folders. */
export function restoreRoots(config: Config, home: Home): readonly string[] {
  return config.restore.roots.length > 0 ? config.restore.roots : [join(home.path, 'restores')];
}
