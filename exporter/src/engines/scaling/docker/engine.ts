import { fail, ok, type Outcome } from '../../../contract/errors.ts';
import type { Clock, HttpFetch } from '../../../ports/index.ts';
import type { ScaleRequest, ScalingEngine } from '../port.ts';
import { exclusively } from '../turns.ts';
import { openDockerApi, type DockerApi, type OpenDockerApi } from './api.ts';
import type { Memory } from './containers.ts';
import { shareOf } from './load.ts';
import type { DockerOptions } from './options.ts';
import { createCheckReady } from './ready.ts';
import { fleetOf, lookAt, lookWithLoads, planContainers, scaleContainers, type Yard } from './scale.ts';
import { lookAtService, scaleService, swarmFleet, type Swarm } from './swarm.ts';
import { bodyOf } from './template.ts';
import { containerWarnings, serviceWarnings, versionWarnings } from './warnings.ts';

export interface DockerDeps {
  readonly clock: Clock;
  readonly fetch: HttpFetch;
  /** Name of the service: new containers are called after it. */
  readonly service: string;
}

/** Containers with labels on one host, or the replicas of a Swarm service. */
export function createDockerEngine(
  options: DockerOptions,
  deps: DockerDeps,
  open: OpenDockerApi = openDockerApi,
): ScalingEngine {
  const memory: Memory = { ready: new Set(), ending: new Set(), loads: new Map() };
  let opened: Promise<DockerApi> | null = null;
  const reach = () => (opened ??= open(options.socket));
  return options.mode === 'service'
    ? serviceEngine(options, deps, reach)
    : containersEngine(options, deps, memory, reach);
}

function containersEngine(
  options: DockerOptions,
  { clock, fetch, service }: DockerDeps,
  memory: Memory,
  reach: () => Promise<DockerApi>,
): ScalingEngine {
  const check = createCheckReady(fetch);
  const yardOf = async (): Promise<Yard> => ({ api: await reach(), options, service, clock, check, memory });
  const key = `docker ${options.socket} ${JSON.stringify(options.labels)}`;
  return {
    name: 'docker',
    choosesRemoved: true,
    async fleet(signal) {
      const seen = await lookWithLoads(await yardOf(), signal);
      return seen.ok ? ok(fleetOf(seen.value)) : seen;
    },
    async readMetric(kind, signal) {
      const seen = await lookWithLoads(await yardOf(), signal);
      const now = clock.now();
      return seen.ok
        ? shareOf(kind, seen.value, memory.loads, now)
        : { at: now.toISOString(), known: false, why: 'unreachable', detail: seen.error.message };
    },
    scale: (request, context) =>
      // Nothing at the product says how many there should be: two at once would count each other's.
      exclusively(key, async () => {
        const wrong = wrongRequest(request, context.signal);
        return wrong ?? scaleContainers(await yardOf(), request, context);
      }),
    async dryRun(request, signal) {
      const wrong = wrongRequest(request, signal);
      return wrong ?? describe(await yardOf(), request, signal);
    },
    async warnings(signal) {
      const yard = await yardOf();
      const seen = await lookAt(yard, signal);
      if (!seen.ok) return [seen.error.message];
      return [...containerWarnings(seen.value, options), ...(await versionWarnings(yard.api, signal))];
    },
    close: async () => undefined,
  };
}

function serviceEngine(options: DockerOptions, { clock }: DockerDeps, reach: () => Promise<DockerApi>): ScalingEngine {
  const swarmOf = async (): Promise<Swarm> => ({ api: await reach(), options, clock });
  return {
    name: 'docker',
    // Swarm ends the newest of the node that has most.
    choosesRemoved: false,
    async fleet(signal) {
      const seen = await lookAtService(await swarmOf(), signal);
      return seen.ok ? ok(swarmFleet(seen.value, options.port)) : seen;
    },
    async scale(request, context) {
      const wrong = wrongRequest(request, context.signal);
      return wrong ?? scaleService(await swarmOf(), request, context);
    },
    async dryRun(request, signal) {
      const seen = await lookAtService(await swarmOf(), signal);
      if (!seen.ok) return seen;
      const { replicas, service } = seen.value;
      if (replicas === request.desired)
        return ok([`${service.Spec.Name} is set to ${replicas} already: nothing is changed`]);
      return ok([`${service.Spec.Name} would be set from ${replicas} to ${request.desired} replicas`]);
    },
    async warnings(signal) {
      const { api } = await swarmOf();
      const seen = await lookAtService({ api, options, clock }, signal);
      if (!seen.ok) return [seen.error.message];
      return [...serviceWarnings(seen.value), ...(await versionWarnings(api, signal))];
    },
    close: async () => undefined,
  };
}

async function describe(yard: Yard, request: ScaleRequest, signal: AbortSignal): Promise<Outcome<readonly string[]>> {
  const seen = await lookWithLoads(yard, signal);
  if (!seen.ok) return seen;
  const plan = planContainers(seen.value, request, yard.service);
  const newest = seen.value.at(-1)?.container ?? null;
  const body = plan.make === 0 ? ok({}) : bodyOf(yard.options, yard.service, newest);
  if (!body.ok) return body;
  const image = (body.value as { Image?: string }).Image ?? '';
  const lines = [
    ...plan.clear.map(({ instance }) => `${instance.name} has ended (${instance.detail ?? ''}) and would be removed`),
    ...plan.end.map(({ instance }) => `${instance.name} would get ${request.drainSeconds} s to end and be removed`),
    ...(plan.make === 0 ? [] : [`${plan.make} containers would be made from ${image} and started`]),
  ];
  return ok(lines.length === 0 ? [`${request.desired} containers run already: nothing is changed`] : lines);
}

function wrongRequest({ desired }: ScaleRequest, signal: AbortSignal): Outcome<never> | null {
  if (signal.aborted) return fail('cancelled', 'nothing was scaled: cancelled');
  return Number.isInteger(desired) && desired >= 0
    ? null
    : fail('scaling_failed', `${desired} is no number of instances`);
}
