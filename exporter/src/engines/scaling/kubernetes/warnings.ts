import type { KubeApi } from './api.ts';
import { ask, inNamespace, type Target } from './cluster.ts';
import { keeperOf, look, ownerWords, readOwner, type Look } from './look.ts';
import { Budgets, Version, type Hpa } from './objects.ts';
import type { KubernetesOptions } from './options.ts';
import { isReady } from './pods.ts';

/** The first minor version with autoscaling/v2. */
const oldestMinor = 23;

export async function readWarnings(
  api: KubeApi,
  target: Target,
  options: KubernetesOptions,
  signal: AbortSignal,
): Promise<readonly string[]> {
  const [seen, owner, budgets, version] = await Promise.all([
    look(api, target, signal),
    readOwner(api, target, signal),
    budgetWarnings(api, target, signal),
    versionWarnings(api, target, signal),
  ]);
  return [
    ...(seen.ok ? warningsOf(seen.value) : [seen.error.message]),
    ...(owner.ok ? ownerWarnings(owner.value, options, target) : [owner.error.message]),
    ...budgets,
    ...version,
  ];
}

/** What the target's own definition and state put at risk. Pure. */
export function warningsOf({ workload, pods }: Look): readonly string[] {
  const { containers } = workload.spec.template.spec;
  const name = workload.metadata.name;
  const status = workload.status;
  const warnings: string[] = [];
  const unprobed = containers.filter(({ readinessProbe }) => !readinessProbe).map((one) => one.name);
  if (unprobed.length === containers.length)
    warnings.push(
      `no container of ${name} has a readiness probe (${unprobed.join(', ')}): it counts as ready as soon as it runs`,
    );
  const unsized = containers.filter(({ resources }) => !resources?.requests?.['cpu']).map((one) => one.name);
  if (unsized.length > 0)
    warnings.push(`${unsized.join(', ')} of ${name} requests no cpu: its share of the processor cannot be told`);
  const updated = status?.updatedReplicas ?? 0;
  if (pods.length > 0 && updated < (status?.replicas ?? 0))
    warnings.push(
      `a rollout of ${name} is under way (${updated} of ${status?.replicas ?? 0} are new): numbers move by themselves`,
    );
  if (workload.spec.paused === true) warnings.push(`the rollout of ${name} is paused; scaling works all the same`);
  const failure = status?.conditions?.find((one) => one.type === 'ReplicaFailure' && one.status === 'True');
  if (failure !== undefined) warnings.push(`${name} cannot create pods: ${failure.message ?? failure.reason ?? ''}`);
  if (pods.length > 0 && !pods.some(isReady)) warnings.push(`no pod of ${name} is ready`);
  return warnings;
}

function ownerWarnings(owner: Hpa | null, { hpa }: KubernetesOptions, target: Target): readonly string[] {
  if (owner === null) return [];
  const name = ownerWords(owner);
  if (hpa === 'refuse') return [`${name} owns ${target.words}: Genesis does not scale it (kubernetes.hpa: refuse)`];
  if (keeperOf(owner) !== null)
    return [`${name}: its bounds would be set back, so Genesis does not scale ${target.words}`];
  return [
    `${name} owns ${target.words}: Genesis sets its minReplicas (${owner.spec.minReplicas ?? 1} now) and never its maxReplicas (${owner.spec.maxReplicas})`,
  ];
}

/** A budget that allows no disruption blocks drains of nodes, not a smaller number of replicas: the latter goes past it. */
async function budgetWarnings(api: KubeApi, target: Target, signal: AbortSignal): Promise<readonly string[]> {
  const needs = { verb: 'list', resource: 'poddisruptionbudgets', group: 'policy' } as const;
  const call = { method: 'GET', path: inNamespace(target, 'policy/v1', 'poddisruptionbudgets') } as const;
  const [read, seen] = await Promise.all([
    ask(api, target, { call, shape: Budgets, needs }, signal),
    look(api, target, signal),
  ]);
  if (!read.ok) return [`budgets were not looked at: ${read.error.message}`];
  if (!seen.ok) return [];
  const labels = seen.value.workload.spec.template.metadata?.labels ?? {};
  return read.value.items
    .filter(({ spec }) => {
      const wanted = Object.entries(spec.selector?.matchLabels ?? {});
      return wanted.length > 0 && wanted.every(([label, value]) => labels[label] === value);
    })
    .filter(({ status }) => (status?.disruptionsAllowed ?? 1) === 0)
    .map(
      ({ metadata, status }) =>
        `PodDisruptionBudget ${metadata.name} allows no disruption now (${status?.currentHealthy ?? '?'} healthy, ${status?.desiredHealthy ?? '?'} needed); Kubernetes does not obey it when the number of replicas is made smaller`,
    );
}

async function versionWarnings(api: KubeApi, target: Target, signal: AbortSignal): Promise<readonly string[]> {
  const call = { method: 'GET', path: '/version' } as const;
  const needs = { verb: 'get', resource: '/version', group: '' } as const;
  const read = await ask(api, target, { call, shape: Version, needs }, signal);
  if (!read.ok) return [];
  const minor = Number.parseInt(read.value.minor, 10);
  return read.value.major === '1' && minor < oldestMinor
    ? [`Kubernetes ${read.value.gitVersion} has no autoscaling/v2: an HPA that owns ${target.words} would not be seen`]
    : [];
}
