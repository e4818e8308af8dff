import type { DockerApi } from './api.ts';
import { isDead, type Seen } from './containers.ts';
import type { DockerOptions } from './options.ts';
import type { SwarmLook } from './swarm.ts';

/** What the containers' definition and state put at risk. Pure. */
export function containerWarnings(seen: readonly Seen[], { port, image, labels }: DockerOptions): readonly string[] {
  const warnings: string[] = [];
  const alive = seen.filter((one) => !isDead(one));
  const newest = alive.at(-1)?.container;
  const hasCheck = (newest?.State.Health?.Status || null) !== null;
  if (port === null && !hasCheck)
    warnings.push(
      'neither docker.port nor a health check says when a container is ready: that it runs counts as ready',
    );
  if (newest === undefined && image === null)
    warnings.push('no container has the labels and docker.image is not set: none could be made');
  const volumes = newest?.HostConfig['Binds'];
  if (image === null && Array.isArray(volumes) && volumes.length > 0)
    warnings.push(
      `new containers share the folders of the newest one (${volumes.length}): it has to bear several writers`,
    );
  for (const one of seen.filter(isDead))
    warnings.push(`${one.instance.name} has ended and is still there: ${one.instance.detail ?? ''}`);
  const composed = Object.keys(labels).some((label) => label.startsWith('com.docker.compose.'));
  if (composed) warnings.push('Compose keeps these containers, too: its next `up` sets their number back');
  return warnings;
}

export function serviceWarnings({ service }: SwarmLook): readonly string[] {
  const warnings: string[] = [];
  const template = service.Spec.TaskTemplate?.ContainerSpec;
  if (!template?.Healthcheck)
    warnings.push(`service ${service.Spec.Name} defines no health check: a task counts as ready as soon as it runs`);
  const update = service.UpdateStatus?.State ?? null;
  if (update !== null && update !== 'completed')
    warnings.push(`an update of ${service.Spec.Name} is ${update}: ${service.UpdateStatus?.Message ?? ''}`);
  return warnings;
}

/** Podman 4.3.1 has 1.41. */
export async function versionWarnings(api: DockerApi, signal: AbortSignal): Promise<readonly string[]> {
  const version = await api.version(signal);
  if (!version.ok) return [version.error.message];
  const [major = 0, minor = 0] = (version.value.ApiVersion ?? '').split('.').map(Number);
  return major > 1 || (major === 1 && minor >= 41)
    ? []
    : [`the Engine API ${version.value.ApiVersion ?? '(no version)'} is older than 1.41, with which this was tried`];
}
