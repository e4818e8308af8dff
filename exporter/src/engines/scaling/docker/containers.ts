import { fail, ok, type Outcome } from '../../../contract/errors.ts';
import type { Instance, InstanceState } from '../../../contract/scaling.ts';
import { oneLine } from '../../health/words.ts';
import type { DockerApi } from './api.ts';
import { statusOf } from './api.ts';
import type { Loads } from './load.ts';
import type { Container } from './objects.ts';
import type { DockerOptions } from './options.ts';
import type { CheckReady } from './ready.ts';
import { madeLabel } from './template.ts';

/** The containers with the labels, as they are now. */
export interface Seen {
  readonly container: Container;
  readonly instance: Instance;
}

/** What is known beside what the product says. */
export interface Memory {
  /** Ids of those that were ready once. */
  readonly ready: Set<string>;
  /** Ids of those that were told to end. */
  readonly ending: Set<string>;
  /** What was seen of their usage. */
  readonly loads: Loads;
}

export async function lookAtContainers(
  api: DockerApi,
  options: DockerOptions,
  { check, memory }: { readonly check: CheckReady; readonly memory: Memory },
  signal: AbortSignal,
): Promise<Outcome<readonly Seen[]>> {
  // Without labels every container of the host would be an instance.
  if (Object.keys(options.labels).length === 0)
    return fail('scaling_failed', 'docker.labels is empty: nothing says which containers are instances');
  const listed = await api.list(options.labels, signal);
  if (!listed.ok) return listed;
  const found = await Promise.all(listed.value.map(({ Id }) => api.inspect(Id, signal)));
  const seen: Promise<Seen>[] = [];
  for (const one of found) {
    // It has gone since it was listed.
    if (statusOf(one) === 404) continue;
    if (!one.ok) return one;
    const container = one.value;
    seen.push(instanceOf(container, options, { check, memory }).then((instance) => ({ container, instance })));
  }
  const all = await Promise.all(seen);
  return ok(all.sort(byAge));
}

/** Docker leaves out zeros at the end of a second's parts, and Podman writes local time: the texts themselves have no order. */
function byAge({ container: a }: Seen, { container: b }: Seen): number {
  return Date.parse(a.Created) - Date.parse(b.Created) || a.Created.localeCompare(b.Created);
}

export function nameOf(container: Container): string {
  return container.Name.replace(/^\//, '');
}

/** It does not run and does not begin to by itself. */
export function isDead({ container: { State } }: Seen): boolean {
  return ['exited', 'dead', 'stopped', 'created', 'configured', 'initialized'].includes(State.Status);
}

export function isOurs({ container }: Seen, service: string): boolean {
  return container.Config.Labels?.[madeLabel] === service;
}

export function isDraining({ instance }: Seen): boolean {
  return instance.state === 'draining';
}

async function instanceOf(
  container: Container,
  options: DockerOptions,
  { check, memory }: { readonly check: CheckReady; readonly memory: Memory },
): Promise<Instance> {
  const address = addressOf(container, options.port);
  const { state, detail } = await stateOf(container, address, options, { check, memory });
  if (state === 'ready') memory.ready.add(container.Id);
  const started = container.State.StartedAt ?? '';
  return {
    name: nameOf(container),
    state,
    // Before its first start Docker says the year 1.
    startedAt: Date.parse(started) > 0 ? new Date(started).toISOString() : null,
    address,
    load: null,
    protectedBy: null,
    detail,
  };
}

interface Verdict {
  readonly state: InstanceState;
  readonly detail: string | null;
}

async function stateOf(
  container: Container,
  address: string | null,
  options: DockerOptions,
  { check, memory }: { readonly check: CheckReady; readonly memory: Memory },
): Promise<Verdict> {
  const { State } = container;
  if (memory.ending.has(container.Id) || ['stopping', 'removing'].includes(State.Status))
    return { state: 'draining', detail: 'it ends' };
  if (['created', 'configured', 'initialized'].includes(State.Status))
    return { state: 'starting', detail: 'it was made and not started' };
  if (State.Status !== 'running') return { state: 'unready', detail: endOf(container) };
  // Both where both are there: a check of the container's own knows more, a port is what traffic needs.
  const health = State.Health?.Status || null;
  const failing = health !== null && health !== 'healthy' && health !== 'none' ? `its health check: ${health}` : null;
  const why = failing ?? (await check(address, options));
  if (why === null) return { state: 'ready', detail: null };
  const failed = health === 'unhealthy' || memory.ready.has(container.Id) || (container.RestartCount ?? 0) > 0;
  return { state: failed ? 'unready' : 'starting', detail: why };
}

export function endOf({ State, RestartCount }: Container): string {
  const often = RestartCount ? `, restarted ${RestartCount} times` : '';
  const memory = State.OOMKilled === true ? ', for want of memory' : '';
  const code = State.ExitCode === null || State.ExitCode === undefined ? '' : ` with ${State.ExitCode}`;
  return oneLine(`${State.Status}${code}${memory}${often}${State.Error ? `: ${State.Error}` : ''}`);
}

/** Its own address, else the port of this host that leads to it. */
export function addressOf({ NetworkSettings, HostConfig }: Container, port: number | null): string | null {
  if (port === null) return null;
  if (HostConfig.NetworkMode === 'host') return `127.0.0.1:${port}`;
  const ip = Object.values(NetworkSettings.Networks ?? {}).find(({ IPAddress }) => IPAddress)?.IPAddress;
  if (ip) return `${ip}:${port}`;
  const bound = NetworkSettings.Ports?.[`${port}/tcp`]?.find(({ HostPort }) => HostPort);
  if (bound === undefined) return null;
  const host = !bound.HostIp || bound.HostIp === '0.0.0.0' || bound.HostIp === '::' ? '127.0.0.1' : bound.HostIp;
  return `${host.includes(':') ? `[${host}]` : host}:${bound.HostPort ?? ''}`;
}
