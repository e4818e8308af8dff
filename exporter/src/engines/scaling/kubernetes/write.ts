import { fail, ok, type Outcome } from '../../../contract/errors.ts';
import type { Clock } from '../../../ports/index.ts';
import type { KubeApi } from './api.ts';
import { ask, inNamespace, type Target } from './cluster.ts';
import { readOwner, readScale } from './look.ts';
import { Hpa, Pod, Scale } from './objects.ts';

/** Changes of numbers, each against the version that was read, each tried with dryRun=All first. */

export interface Hands {
  readonly api: KubeApi;
  readonly target: Target;
  readonly clock: Clock;
  readonly signal: AbortSignal;
}

const tries = 5;
const againAfterMs = 100;
/** Where it is overloaded or restarts. */
const calmAfterMs = 500;

/** Replicas of the target. Errors: `scaling_conflict` when somebody else set another number since `seen`. */
export function writeReplicas(hands: Hands, seen: number, desired: number, dryRun: boolean): Promise<Outcome<null>> {
  return writeNumber(hands, {
    what: `the replicas of ${hands.target.words}`,
    seen,
    desired,
    read: async () => {
      const now = await readScale(hands.api, hands.target, hands.signal);
      return now.ok ? ok({ number: now.value.spec.replicas, version: now.value.metadata.resourceVersion }) : now;
    },
    write: (version) => patchScale(hands, desired, version, dryRun),
  });
}

/** Least replicas of the HPA that owns the target. */
export function writeMinimum(hands: Hands, owner: Hpa, desired: number, dryRun: boolean): Promise<Outcome<null>> {
  return writeNumber(hands, {
    what: `minReplicas of HorizontalPodAutoscaler ${owner.metadata.name}`,
    seen: minimumOf(owner),
    desired,
    read: async () => {
      const now = await readOwner(hands.api, hands.target, hands.signal);
      if (!now.ok) return now;
      if (now.value === null) return fail('scaling_conflict', `${owner.metadata.name} no longer owns the target`);
      return ok({ number: minimumOf(now.value), version: now.value.metadata.resourceVersion });
    },
    write: (version) => patchMinimum(hands, owner, desired, version, dryRun),
  });
}

/** Without one Kubernetes takes 1. */
export function minimumOf(owner: Hpa): number {
  return owner.spec.minReplicas ?? 1;
}

interface NumberWork {
  readonly what: string;
  readonly seen: number;
  readonly desired: number;
  read(): Promise<Outcome<{ readonly number: number; readonly version: string | null | undefined }>>;
  write(version: string): Promise<Outcome<unknown>>;
}

/**
 * The version of an object changes with its status, too: a conflict alone says little, another number does. So it is read again and tried
 * again, at most five times; also where the API server is overloaded or did not answer, when what was written shows in what is read.
 */
async function writeNumber({ clock, signal }: Hands, work: NumberWork): Promise<Outcome<null>> {
  for (let n = 1; ; n += 1) {
    const now = await work.read();
    if (now.ok && now.value.number === work.desired) return ok(null);
    if (now.ok && now.value.number !== work.seen)
      return fail('scaling_conflict', `somebody else set ${work.what} to ${now.value.number}, it was ${work.seen}`);
    if (now.ok && !now.value.version) return fail('scaling_failed', `${work.what}: Kubernetes names no version of it`);
    const tried = now.ok ? await work.write(now.value.version ?? '') : now;
    if (tried.ok) return ok(null);
    const { code, retryable } = tried.error;
    if (n >= tries || (code !== 'scaling_conflict' && !retryable)) return tried;
    await clock.sleep((retryable ? calmAfterMs : againAfterMs) * n, signal);
    if (signal.aborted) return fail('cancelled', `setting ${work.what} was cancelled`);
  }
}

function dryRunQuery(dryRun: boolean): { readonly query?: Readonly<Record<string, string>> } {
  return dryRun ? { query: { dryRun: 'All' } } : {};
}

function patchScale({ api, target, signal }: Hands, replicas: number, resourceVersion: string, dryRun: boolean) {
  const call = {
    method: 'PATCH',
    path: `${target.path}/scale`,
    patch: { metadata: { resourceVersion }, spec: { replicas } },
    ...dryRunQuery(dryRun),
  } as const;
  const needs = { verb: 'patch', resource: `${target.resource}/scale`, group: 'apps' } as const;
  return ask(api, target, { call, shape: Scale, needs }, signal);
}

function patchMinimum(
  { api, target, signal }: Hands,
  owner: Hpa,
  minReplicas: number,
  resourceVersion: string,
  dryRun: boolean,
) {
  const path = inNamespace(
    target,
    'autoscaling/v2',
    `horizontalpodautoscalers/${encodeURIComponent(owner.metadata.name)}`,
  );
  const call = {
    method: 'PATCH',
    path,
    patch: { metadata: { resourceVersion }, spec: { minReplicas } },
    ...dryRunQuery(dryRun),
  } as const;
  const needs = { verb: 'patch', resource: 'horizontalpodautoscalers', group: 'autoscaling' } as const;
  return ask(api, target, { call, shape: Hpa, needs }, signal);
}

/** Sets (or with null takes away) an annotation of a pod. A pod that has gone meanwhile needs none. */
export async function annotatePod(
  { api, target, signal }: Hands,
  pod: string,
  annotations: Readonly<Record<string, string | null>>,
): Promise<Outcome<unknown>> {
  const path = inNamespace(target, 'v1', `pods/${encodeURIComponent(pod)}`);
  const call = { method: 'PATCH', path, patch: { metadata: { annotations } } } as const;
  const needs = { verb: 'patch', resource: 'pods', group: '' } as const;
  const done = await ask(api, target, { call, shape: Pod, needs }, signal);
  return !done.ok && done.error.details?.['status'] === 404 ? ok(null) : done;
}
