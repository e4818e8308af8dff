import type { Outcome } from '../../../contract/errors.ts';
import type { ScalingReading } from '../../../contract/scaling.ts';
import type { KubeApi } from './api.ts';
import { ask, inNamespace, statusOf, type Target } from './cluster.ts';
import { PodMetrics, type Pod } from './objects.ts';
import { isReady } from './pods.ts';
import { quantityOf } from './quantity.ts';

/** What the cluster's own metrics (metrics.k8s.io, of metrics-server) say of the target's pods. */

export type PodMetricKind = 'cpu' | 'memory';

/** metrics-server knows a new pod after one or two of its rounds (15 s each). */
const youngSeconds = 120;

export function readPodMetrics(
  api: KubeApi,
  target: Target,
  selector: string,
  signal: AbortSignal,
): Promise<Outcome<PodMetrics>> {
  const call = {
    method: 'GET',
    path: inNamespace(target, 'metrics.k8s.io/v1beta1', 'pods'),
    query: { labelSelector: selector },
  } as const;
  const needs = { verb: 'list', resource: 'pods', group: 'metrics.k8s.io' } as const;
  return ask(api, target, { call, shape: PodMetrics, needs }, signal);
}

/**
 * Usage of the ready pods over what they request, as a share (more than 1 is possible). A ready pod that has run for a while and has no
 * sample makes it missing: what is not known is not left out.
 */
export function shareOf(
  kind: PodMetricKind,
  { pods, metrics, now }: { readonly pods: readonly Pod[]; readonly metrics: PodMetrics; readonly now: Date },
): ScalingReading {
  const at = now.toISOString();
  const unknown = (why: 'missing' | 'not_a_number', detail: string) => ({ at, known: false, why, detail }) as const;
  const samples = new Map(metrics.items.map((one) => [one.metadata.name, one]));
  let used = 0;
  let requested = 0;
  let oldest = Number.POSITIVE_INFINITY;
  for (const pod of pods.filter(isReady)) {
    const { name } = pod.metadata;
    const sample = samples.get(name);
    if (sample === undefined) {
      if (isYoung(pod, now)) continue;
      return unknown('missing', `metrics.k8s.io has no sample of pod ${name}`);
    }
    const request = requestOf(kind, pod);
    if (typeof request === 'string') return unknown('missing', request);
    const silent = containersOf(pod).find((one) => !sample.containers.some((seen) => seen.name === one.name));
    if (silent !== undefined)
      return unknown('missing', `metrics.k8s.io has no sample of container ${silent.name} of pod ${name}`);
    const usage = sample.containers.map((one) => quantityOf(one.usage[kind] ?? ''));
    const sampledAt = Date.parse(sample.timestamp);
    if (usage.length === 0 || usage.includes(null) || Number.isNaN(sampledAt))
      return unknown('not_a_number', `the sample of pod ${name} has no ${kind}`);
    used += usage.reduce<number>((sum, one) => sum + (one ?? 0), 0);
    requested += request;
    oldest = Math.min(oldest, sampledAt);
  }
  if (requested === 0) return unknown('missing', 'no ready pod has a sample yet');
  return { at: new Date(oldest).toISOString(), known: true, value: used / requested };
}

/** Those that run all the time: a sidecar is written as an init container that is always restarted, and its usage is in the sample, too. */
function containersOf({ spec }: Pod): Pod['spec']['containers'] {
  const sidecars = (spec.initContainers ?? []).filter(({ restartPolicy }) => restartPolicy === 'Always');
  return [...spec.containers, ...sidecars];
}

function requestOf(kind: PodMetricKind, pod: Pod): number | string {
  let sum = 0;
  for (const { name, resources } of containersOf(pod)) {
    const request = quantityOf(resources?.requests?.[kind] ?? '');
    if (request === null || request <= 0)
      return `container ${name} of pod ${pod.metadata.name} requests no ${kind}: its share cannot be told`;
    sum += request;
  }
  return sum;
}

function isYoung(pod: Pod, now: Date): boolean {
  const since = Date.parse(pod.status?.startTime ?? '');
  // A start in the future is one by another clock, and says nothing.
  return Math.abs(+now - since) < youngSeconds * 1000;
}

/** Cores in use, by name of the pod: by it the least loaded is chosen. Empty where nobody knows. */
export async function readLoads(
  api: KubeApi,
  target: Target,
  selector: string,
  signal: AbortSignal,
): Promise<ReadonlyMap<string, number>> {
  const read = await readPodMetrics(api, target, selector, signal);
  if (!read.ok) return new Map();
  return new Map(
    read.value.items.flatMap(({ metadata, containers }) => {
      const cores = containers.map(({ usage }) => quantityOf(usage['cpu'] ?? ''));
      if (cores.length === 0 || cores.includes(null)) return [];
      return [[metadata.name, cores.reduce<number>((sum, one) => sum + (one ?? 0), 0)] as const];
    }),
  );
}

/** Why there is no reading. */
export function unreadable(outcome: Outcome<unknown> & { ok: false }, at: Date): ScalingReading {
  const isAbsent = statusOf(outcome) === 404;
  return {
    at: at.toISOString(),
    known: false,
    why: isAbsent ? 'missing' : 'unreachable',
    detail: isAbsent ? 'this cluster has no metrics.k8s.io: install metrics-server' : outcome.error.message,
  };
}
