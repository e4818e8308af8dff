import {
  budget,
  hpasOf,
  info,
  list,
  metaOf,
  name,
  namespace,
  podOf,
  scaleOf,
  seconds,
  uid,
  workloadOf,
  type ClusterState,
  type FakePod,
  type Habits,
  type Json,
  type Kind,
} from './kubernetes-objects.ts';

const podCost = 'controller.kubernetes.io/pod-deletion-cost';

export interface Answer {
  readonly status: number;
  readonly body: Json;
}

export function refusal(status: number, reason: string, message: string): Answer {
  const body = { kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Failure', message, reason, code: status };
  return { status, body };
}

/** One target with its pods, its HPA, its budget. */
export class FakeCluster implements ClusterState {
  readonly kind: Kind;
  readonly habits: Habits;
  readonly calls: string[] = [];
  readonly uid = uid();
  pods: FakePod[] = [];
  replicas = 1;
  generation = 1;
  observed = 1;
  version = 100;
  hpaVersion = 50;
  changedAt = 0;
  made = 0;

  constructor(kind: Kind, habits: Habits) {
    this.kind = kind;
    this.habits = habits;
  }

  podNamed(wanted: string): FakePod {
    const found = this.pods.find((pod) => pod.name === wanted);
    if (found === undefined) throw new Error(`no pod ${wanted}`);
    return found;
  }

  setReplicas(count: number): void {
    if (count === this.replicas) return;
    this.replicas = count;
    this.generation += 1;
    this.version += 1;
    this.changedAt = Date.now();
  }

  tick(now: number): void {
    const gone = this.pods.filter(({ endingAt }) => endingAt !== null && now >= endingAt + this.habits.endMs);
    if (gone.length > 0) this.version += 1;
    this.pods = this.pods.filter((pod) => !gone.includes(pod));
    const { hpa } = this.habits;
    if (hpa !== null && this.replicas < hpa.min && now > this.changedAt + this.habits.controllerMs)
      this.setReplicas(hpa.min);
    if (now < this.changedAt + this.habits.controllerMs) return;
    if (this.observed !== this.generation) this.version += 1;
    this.observed = this.generation;
    const alive = this.pods.filter(({ endingAt }) => endingAt === null);
    for (let n = alive.length; n < this.replicas && this.habits.quota === null; n += 1) this.create(now);
    for (const pod of this.firstToEnd(alive, now).slice(0, Math.max(0, alive.length - this.replicas))) {
      pod.endingAt = now;
      pod.version += 1;
      this.version += 1;
    }
  }

  create(now: number): void {
    this.made += 1;
    const ordinals = new Set(this.pods.map((pod) => pod.name));
    let n = 0;
    while (ordinals.has(`${name}-${n}`)) n += 1;
    // A StatefulSet waits for the old pod of the same ordinal.
    const called =
      this.kind === 'StatefulSet' ? `${name}-${n}` : `${name}-7d9f8c6b5-${String(this.made).padStart(5, 'x')}`;
    const readyAt = this.habits.broken === null ? now + this.habits.readyMs : Number.POSITIVE_INFINITY;
    const { broken } = this.habits;
    this.pods.push({
      name: called,
      uid: uid(),
      createdAt: now,
      annotations: {},
      broken,
      version: 1,
      readyAt,
      endingAt: null,
    });
  }

  firstToEnd(alive: readonly FakePod[], now: number): readonly FakePod[] {
    if (this.kind === 'StatefulSet')
      return [...alive].sort((a, b) => Number(b.name.split('-').at(-1)) - Number(a.name.split('-').at(-1)));
    const cost = (pod: FakePod) => Number(pod.annotations[podCost] ?? 0);
    const ready = (pod: FakePod) => (now >= pod.readyAt ? 1 : 0);
    return [...alive].sort((a, b) => ready(a) - ready(b) || cost(a) - cost(b) || b.createdAt - a.createdAt);
  }

  answer(url: URL, patch: Json | null): Answer {
    const resource = this.kind === 'Deployment' ? 'deployments' : 'statefulsets';
    const own = `/apis/apps/v1/namespaces/${namespace}/${resource}/${name}`;
    const verb = patch === null ? 'get' : 'patch';
    const dryRun = url.searchParams.get('dryRun') === 'All';
    const to = (permission: string, reply: () => Answer): Answer =>
      this.habits.denied.includes(permission) ? forbidden(permission) : reply();
    const hpas = `/apis/autoscaling/v2/namespaces/${namespace}/horizontalpodautoscalers`;
    const podPath = `/api/v1/namespaces/${namespace}/pods`;
    switch (url.pathname) {
      case '/version':
        return found(info);
      case own:
        return to(`get ${resource}`, () => found(workloadOf(this)));
      case `${own}/scale`:
        return to(`${verb} ${resource}/scale`, () =>
          patch === null ? found(scaleOf(this)) : this.patchScale(patch, dryRun),
        );
      case hpas:
        return to('list horizontalpodautoscalers', () =>
          found(list('HorizontalPodAutoscalerList', 'autoscaling/v2', hpasOf(this))),
        );
      case `${hpas}/${name}`:
        return to('patch horizontalpodautoscalers', () => this.patchHpa(patch ?? {}, dryRun));
      case podPath:
        return to('list pods', () =>
          found(
            list(
              'PodList',
              'v1',
              this.pods.map((pod) => podOf(this, pod)),
            ),
          ),
        );
      case `/apis/policy/v1/namespaces/${namespace}/poddisruptionbudgets`:
        return found(list('PodDisruptionBudgetList', 'policy/v1', this.habits.budget ? [budget] : []));
      case `/apis/metrics.k8s.io/v1beta1/namespaces/${namespace}/pods`:
        return this.podMetrics();
    }
    if (url.pathname.startsWith(`${podPath}/`) && patch !== null)
      return to('patch pods', () => this.patchPod(url.pathname.slice(podPath.length + 1), patch));
    return refusal(404, 'NotFound', 'the server could not find the requested resource');
  }

  patchScale(patch: Json, dryRun: boolean): Answer {
    const { metadata, spec } = patch as { metadata?: { resourceVersion?: string }; spec: { replicas: number } };
    const conflict = this.conflictOf(metadata?.resourceVersion, String(this.version), dryRun);
    if (conflict !== null) return conflict;
    if (spec.replicas < 0) return refusal(422, 'Invalid', 'spec.replicas: must be greater than or equal to 0');
    if (dryRun) return found(scaleOf(this, spec.replicas));
    this.setReplicas(spec.replicas);
    return found(scaleOf(this));
  }

  patchHpa(patch: Json, dryRun: boolean): Answer {
    const { hpa } = this.habits;
    if (hpa === null) return refusal(404, 'NotFound', 'horizontalpodautoscalers.autoscaling "web" not found');
    const { metadata, spec } = patch as { metadata?: { resourceVersion?: string }; spec: { minReplicas: number } };
    const conflict = this.conflictOf(metadata?.resourceVersion, String(this.hpaVersion), dryRun);
    if (conflict !== null) return conflict;
    if (spec.minReplicas < 1)
      return refusal(422, 'Invalid', 'spec.minReplicas: Invalid value: 0: must be greater than or equal to 1');
    if (dryRun) return found({ ...hpasOf(this)[0], metadata: metaOf(this, name, this.hpaVersion) });
    hpa.min = spec.minReplicas;
    this.hpaVersion += 1;
    this.changedAt = Date.now();
    return found(hpasOf(this)[0] ?? {});
  }

  conflictOf(asked: string | undefined, has: string, dryRun: boolean): Answer | null {
    if (!dryRun && this.habits.conflicts > 0) {
      this.habits.conflicts -= 1;
      this.version += 1;
      this.hpaVersion += 1;
    } else if (asked === undefined || asked === has) return null;
    const words = 'the object has been modified; please apply your changes to the latest version and try again';
    return refusal(409, 'Conflict', `Operation cannot be fulfilled on "${name}": ${words}`);
  }

  patchPod(called: string, patch: Json): Answer {
    const pod = this.pods.find((one) => one.name === called);
    if (pod === undefined) return refusal(404, 'NotFound', `pods "${called}" not found`);
    const { metadata } = patch as { metadata: { annotations: Record<string, string | null> } };
    for (const [key, value] of Object.entries(metadata.annotations)) {
      if (value === null) delete pod.annotations[key];
      else pod.annotations[key] = value;
    }
    pod.version += 1;
    return found(podOf(this, pod));
  }

  podMetrics(): Answer {
    const { metrics } = this.habits;
    if (metrics === null) return refusal(404, 'NotFound', 'the server could not find the requested resource');
    const items = this.pods.flatMap((pod) => {
      const usage = metrics(pod.name);
      const timestamp = seconds(Date.now());
      const metadata = { name: pod.name, namespace, creationTimestamp: timestamp };
      return usage === null ? [] : [{ metadata, timestamp, window: '15s', containers: [{ name: 'app', usage }] }];
    });
    return found(list('PodMetricsList', 'metrics.k8s.io/v1beta1', items));
  }
}

function forbidden(permission: string): Answer {
  const [verb = '', resource = ''] = permission.split(' ');
  const who = 'User "system:serviceaccount:shop:genesis"';
  return refusal(403, 'Forbidden', `${resource} is forbidden: ${who} cannot ${verb} resource "${resource}"`);
}

function found(body: Json): Answer {
  return { status: 200, body };
}
