import { fail, ok, type Outcome } from '../../../contract/errors.ts';
import type { Fleet } from '../../../contract/scaling.ts';
import type { KubeApi } from './api.ts';
import { ask, inNamespace, statusOf, type Target } from './cluster.ts';
import { Hpas, Pods, Scale, Workload, type Hpa, type Pod } from './objects.ts';
import type { KubernetesOptions } from './options.ts';
import { belongsTo, counts, instancesOf } from './pods.ts';

/** The target as it is now. */
export interface Look {
  readonly scale: Scale;
  readonly workload: Workload;
  /** Its own, those that end among them. */
  readonly pods: readonly Pod[];
  /** Label selector of its pods. */
  readonly selector: string;
}

export async function look(api: KubeApi, target: Target, signal: AbortSignal): Promise<Outcome<Look>> {
  const scale = await readScale(api, target, signal);
  if (!scale.ok) return scale;
  const selector = scale.value.status?.selector ?? '';
  // An empty one would select every pod of the namespace.
  if (selector === '') return fail('scaling_failed', `${target.words} has no selector: its pods cannot be told`);
  const [workload, pods] = await Promise.all([
    readWorkload(api, target, signal),
    readPods(api, target, selector, signal),
  ]);
  if (!workload.ok) return workload;
  if (!pods.ok) return pods;
  return ok({ scale: scale.value, workload: workload.value, pods: pods.value, selector });
}

export function readScale(api: KubeApi, target: Target, signal: AbortSignal): Promise<Outcome<Scale>> {
  const needs = { verb: 'get', resource: `${target.resource}/scale`, group: 'apps' } as const;
  return ask(api, target, { call: { method: 'GET', path: `${target.path}/scale` }, shape: Scale, needs }, signal);
}

function readWorkload(api: KubeApi, target: Target, signal: AbortSignal): Promise<Outcome<Workload>> {
  const needs = { verb: 'get', resource: target.resource, group: 'apps' } as const;
  return ask(api, target, { call: { method: 'GET', path: target.path }, shape: Workload, needs }, signal);
}

async function readPods(
  api: KubeApi,
  target: Target,
  selector: string,
  signal: AbortSignal,
): Promise<Outcome<readonly Pod[]>> {
  const call = {
    method: 'GET',
    path: inNamespace(target, 'v1', 'pods'),
    query: { labelSelector: selector },
  } as const;
  const needs = { verb: 'list', resource: 'pods', group: '' } as const;
  const read = await ask(api, target, { call, shape: Pods, needs }, signal);
  if (!read.ok) return read;
  return ok(read.value.items.filter((pod) => belongsTo(pod, target) && counts(pod)));
}

/** The HorizontalPodAutoscaler that sets the number; null: none. Not to be told counts as a failure, never as none. */
export async function readOwner(api: KubeApi, target: Target, signal: AbortSignal): Promise<Outcome<Hpa | null>> {
  const path = inNamespace(target, 'autoscaling/v2', 'horizontalpodautoscalers');
  const needs = { verb: 'list', resource: 'horizontalpodautoscalers', group: 'autoscaling' } as const;
  const read = await ask(api, target, { call: { method: 'GET', path }, shape: Hpas, needs }, signal);
  // A cluster without this API has no such controller either; of one from before 1.23 the warnings tell.
  if (statusOf(read) === 404) return ok(null);
  if (!read.ok) return read;
  const owner = read.value.items.find(
    ({ spec: { scaleTargetRef: ref } }) =>
      ref.kind === target.kind && ref.name === target.name && (ref.apiVersion ?? 'apps/v1').startsWith('apps/'),
  );
  return ok(owner ?? null);
}

/** `HorizontalPodAutoscaler web`, with whoever keeps that, e.g. KEDA. */
export function ownerWords(owner: Hpa): string {
  const above = keeperOf(owner);
  const own = `HorizontalPodAutoscaler ${owner.metadata.name}`;
  return above === null ? own : `${own}, which ${above} keeps`;
}

/** An HPA that another controller writes: what is set there is set back. */
export function keeperOf(owner: Hpa): string | null {
  const above = owner.metadata.ownerReferences?.find(({ controller }) => controller === true);
  return above === undefined ? null : `${above.kind} ${above.name}`;
}

export function wantedOf({ scale }: Look): number {
  return scale.spec.replicas;
}

/**
 * Owned is what Genesis does not scale: an HPA whose bounds it may set is named by the warnings alone.
 */
export function ownedBy(owner: Hpa | null, { hpa }: Pick<KubernetesOptions, 'hpa'>): string | null {
  return owner === null || (hpa === 'bounds' && keeperOf(owner) === null) ? null : ownerWords(owner);
}

export function fleetOf(seen: Look, owned: string | null, loads: ReadonlyMap<string, number>): Fleet {
  return { instances: instancesOf(seen.pods, loads), wanted: wantedOf(seen), ownedBy: owned };
}
