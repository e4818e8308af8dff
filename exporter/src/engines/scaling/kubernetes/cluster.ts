import type { z } from 'zod';
import { fail, ok, type Outcome } from '../../../contract/errors.ts';
import { oneLine } from '../../health/words.ts';
import type { KubeAnswer, KubeApi, KubeCall } from './api.ts';
import { Status } from './objects.ts';
import type { KubernetesOptions } from './options.ts';

/** What a call needs in RBAC, so that a refusal can name it. */
export interface Permission {
  readonly verb: 'get' | 'list' | 'patch';
  /** As a role names it, e.g. `deployments/scale`. */
  readonly resource: string;
  readonly group: string;
}

/** The target, its addresses and what may be refused there. Pure. */
export interface Target {
  readonly kind: 'Deployment' | 'StatefulSet';
  readonly name: string;
  readonly namespace: string;
  /** `Deployment web in shop`. */
  readonly words: string;
  readonly path: string;
  readonly resource: 'deployments' | 'statefulsets';
}

export function targetOf({ kind, name, namespace }: KubernetesOptions): Target {
  const resource = kind === 'Deployment' ? 'deployments' : 'statefulsets';
  return {
    kind,
    name,
    namespace,
    words: `${kind} ${name} in ${namespace}`,
    path: `/apis/apps/v1/namespaces/${encodeURIComponent(namespace)}/${resource}/${encodeURIComponent(name)}`,
    resource,
  };
}

export function inNamespace(target: Target, group: string, rest: string): string {
  const base = group === 'v1' ? '/api/v1' : `/apis/${group}`;
  return `${base}/namespaces/${encodeURIComponent(target.namespace)}/${rest}`;
}

/**
 * One call whose answer has to be of a shape. Errors: as KubeApi; `scaling_conflict` (409), else `scaling_failed` with
 * `details.status`: forbidden (403) names the missing permission.
 */
export async function ask<T>(
  api: KubeApi,
  target: Target,
  work: { readonly call: KubeCall; readonly shape: z.ZodType<T>; readonly needs: Permission },
  signal: AbortSignal,
): Promise<Outcome<T>> {
  const answer = await api.call(work.call, signal);
  if (!answer.ok) return answer;
  const { status, json } = answer.value;
  if (status < 200 || status > 299) return refusalOf(answer.value, work.needs, target);
  const read = work.shape.safeParse(json);
  if (read.success) return ok(read.data);
  return fail('scaling_failed', `Kubernetes answered ${work.call.path} with something else than was asked for`);
}

export function refusalOf({ status, json }: KubeAnswer, needs: Permission, target: Target): Outcome<never> {
  const said = Status.safeParse(json).data?.message;
  const words = oneLine(said ?? `HTTP ${status}`);
  const details = { status };
  if (status === 409) return fail('scaling_conflict', `${target.words} was changed meanwhile: ${words}`, { details });
  if (status === 401)
    return fail('scaling_failed', 'Kubernetes refuses the login of Genesis: see kubernetes.kubeconfig', { details });
  if (status === 403)
    return fail(
      'scaling_failed',
      `RBAC: the role of Genesis lacks verb ${needs.verb} on ${needs.resource}${needs.group === '' ? '' : ` (${needs.group})`} in namespace ${target.namespace}: ${words}`,
      { details: { ...details, verb: needs.verb, resource: needs.resource, group: needs.group } },
    );
  if (status === 404)
    return fail('scaling_failed', `Kubernetes does not find ${needs.resource} for ${target.words}: ${words}`, {
      details,
    });
  // Overloaded or starting: the same call may go through.
  const retryable = status === 429 || status >= 500;
  return fail('scaling_failed', `Kubernetes refused (${status}): ${words}`, { retryable, details });
}

/** HTTP status of a refusal; null: it was none. */
export function statusOf(outcome: Outcome<unknown>): number | null {
  if (outcome.ok) return null;
  const status = outcome.error.details?.['status'];
  return typeof status === 'number' ? status : null;
}
