import { fail, ok, type Outcome } from '../../../contract/errors.ts';
import type { Container } from './objects.ts';
import type { DockerOptions } from './options.ts';

/** What a new container is made of. Pure. */

/** Says which containers Genesis made; the value is the service. */
export const madeLabel = 'genesis-dr.io/service';

const copiedConfig = ['Cmd', 'Entrypoint', 'ExposedPorts', 'Healthcheck', 'User', 'WorkingDir', 'Volumes'] as const;
/** Ulimits are not: Podman 4.3.1 does not take back the names that it gives them. */
const copiedHost = [
  'Binds', 'Mounts', 'Tmpfs', 'NetworkMode', 'Memory', 'MemoryReservation', 'NanoCpus', 'CpuShares', 'CpuPeriod', 'CpuQuota', 'CpusetCpus',
  'CapAdd', 'CapDrop', 'SecurityOpt', 'ReadonlyRootfs', 'Privileged', 'ExtraHosts', 'Dns', 'DnsSearch', 'ShmSize', 'Init',
  'PublishAllPorts', 'PidsLimit', 'GroupAdd', 'Sysctls', 'Devices', 'DeviceRequests', 'UsernsMode', 'MemorySwap', 'OomScoreAdj', 'DnsOptions',
  'VolumesFrom', 'LogConfig', 'RestartPolicy', 'Runtime',
] as const; // prettier-ignore
/** The product sets them for each container. */
const ownVariables = /^(HOSTNAME|container)=/;

/**
 * A container like the newest, or one of the configured image. Ports of the host are left to the product: two cannot have one.
 * Errors: `scaling_failed` where nothing says what a new one is.
 */
export function bodyOf(options: DockerOptions, service: string, newest: Container | null): Outcome<object> {
  if (options.image === null && newest === null)
    return fail(
      'scaling_failed',
      `no container has the labels ${labelWords(options.labels)}, and docker.image is not set: nothing says what a new one is`,
    );
  const network = options.network ?? newest?.HostConfig.NetworkMode ?? null;
  if (network?.startsWith('container:'))
    return fail('scaling_failed', `the newest container shares the network of another one: set docker.network`);
  const like = newest === null || options.image !== null ? {} : likeOf(newest);
  const host = newest === null || options.image !== null ? {} : hostLike(newest);
  return ok({
    ...like,
    ...(options.image === null ? {} : { Image: options.image }),
    ...(options.command === null ? {} : { Cmd: options.command }),
    Labels: { ...(newest?.Config.Labels ?? {}), ...options.labels, [madeLabel]: service },
    HostConfig: { ...host, ...(network === null ? {} : { NetworkMode: network }) },
  });
}

function likeOf(newest: Container): object {
  return {
    // The very image that it runs; its tag may have moved on.
    Image: newest.Image,
    ...present(newest.Config, copiedConfig),
    Env: (newest.Config.Env ?? []).filter((pair) => !ownVariables.test(pair)),
  };
}

function hostLike(newest: Container): object {
  const bindings = (newest.HostConfig['PortBindings'] ?? {}) as Record<string, readonly { HostIp?: string }[] | null>;
  const free = Object.entries(bindings).map(([port, hosts]) => [
    port,
    (hosts ?? []).map(({ HostIp }) => ({ HostIp: HostIp ?? '', HostPort: '' })),
  ]);
  const like = Object.entries(present(newest.HostConfig, copiedHost)).filter(([name, value]) =>
    isSaid(newest, name, value),
  );
  return { ...Object.fromEntries(like), PortBindings: Object.fromEntries(free) as object };
}

/** Without what says the same again, which would be refused, and the product's own words for its defaults. */
function isSaid({ HostConfig: host }: Container, name: string, value: unknown): boolean {
  if (name === 'CpuPeriod' || name === 'CpuQuota') return !host['NanoCpus']; // Podman names both
  if (name === 'RestartPolicy') return (value as { Name?: string }).Name !== '';
  return name !== 'Runtime' || value !== 'oci'; // Podman's
}

/** Without what is empty: an empty list of commands would take away the image's own. */
function present(from: Readonly<Record<string, unknown>>, names: readonly string[]): object {
  const isEmpty = (value: unknown) => !value || (Array.isArray(value) && value.length === 0);
  return Object.fromEntries(names.filter((name) => !isEmpty(from[name])).map((name) => [name, from[name]]));
}

export function labelWords(labels: Readonly<Record<string, string>>): string {
  return Object.entries(labels)
    .map(([key, value]) => `${key}=${value}`)
    .join(', ');
}

/** The lowest numbers that are free, e.g. `web-2`. */
export function newName(service: string, taken: ReadonlySet<string>): string {
  for (let n = 1; ; n += 1) if (!taken.has(`${service}-${n}`)) return `${service}-${n}`;
}
