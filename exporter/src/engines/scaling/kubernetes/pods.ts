import type { Instance, InstanceState } from '../../../contract/scaling.ts';
import { oneLine } from '../../health/words.ts';
import type { Pod } from './objects.ts';
import type { Target } from './cluster.ts';

/** Waiting for these does not end by itself, or ended badly once already. */
const broken = new Set([
  'CrashLoopBackOff',
  'ImagePullBackOff',
  'ErrImagePull',
  'ErrImageNeverPull',
  'InvalidImageName',
  'CreateContainerConfigError',
  'CreateContainerError',
  'RunContainerError',
  'StartError',
]);

/** The field's own annotation for what must not be evicted; the cluster autoscaler obeys it, too. */
export const keepAnnotation = 'cluster-autoscaler.kubernetes.io/safe-to-evict';

/** Whether a pod is the target's: labels alone may be shared with another one. */
export function belongsTo(pod: Pod, target: Target): boolean {
  const owner = pod.metadata.ownerReferences?.find(({ controller }) => controller === true);
  if (owner === undefined) return false;
  if (target.kind === 'StatefulSet') return owner.kind === 'StatefulSet' && owner.name === target.name;
  return (
    owner.kind === 'ReplicaSet' &&
    owner.name.startsWith(`${target.name}-`) &&
    !owner.name.slice(target.name.length + 1).includes('-')
  );
}

/** Evicted and ended pods stay in the list, and the controller no longer counts them. */
export function counts(pod: Pod): boolean {
  const ended = pod.status?.phase === 'Failed' || pod.status?.phase === 'Succeeded';
  return !ended || isEnding(pod);
}

export function isEnding(pod: Pod): boolean {
  return (pod.metadata.deletionTimestamp ?? null) !== null;
}

export function isReady(pod: Pod): boolean {
  return !isEnding(pod) && conditionOf(pod, 'Ready')?.status === 'True';
}

function conditionOf(pod: Pod, type: string) {
  return pod.status?.conditions?.find((one) => one.type === type);
}

/** Newest last; loads by name of the pod. */
export function instancesOf(pods: readonly Pod[], loads: ReadonlyMap<string, number>): readonly Instance[] {
  return pods
    .map((pod) => instanceOf(pod, loads.get(pod.metadata.name) ?? null))
    .sort((a, b) => (a.startedAt ?? '').localeCompare(b.startedAt ?? '') || a.name.localeCompare(b.name));
}

function instanceOf(pod: Pod, load: number | null): Instance {
  const { metadata, status, spec } = pod;
  const state = stateOf(pod);
  const started = status?.startTime ?? metadata.creationTimestamp ?? null;
  const port = spec.containers.flatMap(({ ports }) => ports ?? [])[0]?.containerPort ?? null;
  const ip = status?.podIP ?? null;
  return {
    name: metadata.name,
    state,
    startedAt: started === null ? null : new Date(started).toISOString(),
    address: ip === null || port === null ? null : `${ip.includes(':') ? `[${ip}]` : ip}:${port}`,
    load,
    protectedBy: metadata.annotations?.[keepAnnotation] === 'false' ? `its annotation ${keepAnnotation}` : null,
    detail: state === 'ready' ? null : whyNotReady(pod),
  };
}

export function stateOf(pod: Pod): InstanceState {
  if (isEnding(pod)) return 'draining';
  if (isReady(pod)) return 'ready';
  // The node's kubelet is silent: whether it runs is not known.
  if (conditionOf(pod, 'Ready')?.status === 'Unknown' || pod.status?.phase === 'Unknown') return 'unknown';
  return hasFailed(pod) ? 'unready' : 'starting';
}

function statusesOf(pod: Pod) {
  return [...(pod.status?.initContainerStatuses ?? []), ...(pod.status?.containerStatuses ?? [])];
}

/** It was ready once, ended once, or waits for what does not come by itself. */
function hasFailed(pod: Pod): boolean {
  if (statusesOf(pod).some(({ state }) => broken.has(state?.waiting?.reason ?? ''))) return true;
  const own = pod.status?.containerStatuses ?? [];
  if (own.some(({ restartCount, state }) => restartCount > 0 || (state?.terminated ?? null) !== null)) return true;
  // Set to False before its containers ran; a later change means that it was True in between.
  const changed = Date.parse(conditionOf(pod, 'Ready')?.lastTransitionTime ?? '');
  const runs = own.map(({ state }) => Date.parse(state?.running?.startedAt ?? ''));
  return runs.length > 0 && runs.every((at) => changed > at);
}

export function whyNotReady(pod: Pod): string {
  if (isEnding(pod)) return 'it ends';
  const scheduled = conditionOf(pod, 'PodScheduled');
  if (scheduled?.status === 'False') return said(scheduled.reason ?? 'not scheduled', scheduled.message);
  for (const { name, state, restartCount } of statusesOf(pod)) {
    const waiting = state?.waiting ?? null;
    const often = restartCount === 0 ? '' : `, restarted ${restartCount} times`;
    if (waiting !== null && !['ContainerCreating', 'PodInitializing'].includes(waiting.reason ?? ''))
      return said(`${waiting.reason ?? 'waiting'} (container ${name}${often})`, waiting.message);
    if (state?.terminated && state.terminated.exitCode !== 0)
      return `container ${name} ended with ${state.terminated.exitCode ?? 'nothing known'}${often}`;
  }
  const ready = conditionOf(pod, 'Ready');
  if (ready?.status === 'False') return said(ready.reason ?? 'not ready', ready.message);
  return said(pod.status?.reason ?? pod.status?.phase ?? 'nothing is known of it yet', pod.status?.message);
}

function said(reason: string, message: string | null | undefined): string {
  return oneLine(message ? `${reason}: ${message}` : reason);
}
