import { join } from 'node:path';
import { fail, ok, type Outcome } from '../contract/errors.ts';
import type { Config, ServiceConfig } from '../config/schema.ts';
import type { ComponentSource, Limits, RepositoryRef } from '../engines/backup/port.ts';
import type { Home } from './home.ts';

/** A service as the file says it, with folders made absolute and keys resolved. */
export interface ResolvedService {
  readonly config: ServiceConfig;
  readonly repository: RepositoryRef;
  readonly copies: readonly ResolvedCopy[];
  readonly components: readonly ComponentSource[];
  readonly limits: Limits;
}

export interface ResolvedCopy {
  readonly name: string;
  readonly ref: RepositoryRef;
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
  return service.backup.repository ?? home.repositoryFolder;
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
  if (service.backup.encryption !== null) {
    const text = secrets.resolve(service.backup.encryption.key);
    if (!text.ok) return text;
    key = await secrets.deriveKey(service.backup.engine, text.value);
  }
  return ok({
    config: service,
    repository: { path: repositoryPath(service, home), key },
    copies: service.copies.map((c) => ({
      name: c.name,
      ref: { path: c.path, key },
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

/** Where a restore may create new folders. */
export function restoreRoots(config: Config, home: Home): readonly string[] {
  return config.restore.roots.length > 0 ? config.restore.roots : [join(home.path, 'restores')];
}
