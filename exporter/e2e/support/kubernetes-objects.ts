import { randomBytes } from 'node:crypto';

// The objects of one target as the API of Kubernetes shows them.

export type Json = Record<string, unknown>;
export type Kind = 'Deployment' | 'StatefulSet';

export interface Habits {
  /** ms until the controller acts, until a pod is ready, until one that ends is gone. */
  controllerMs: number;
  readyMs: number;
  endMs: number;
  /** Null: pods get ready. Else the reason why new ones do not. */
  broken: 'Unschedulable' | 'ImagePullBackOff' | 'CrashLoopBackOff' | null;
  /** Says no to these, e.g. `patch deployments/scale`. */
  denied: string[];
  /** So many patches meet a version that has just changed. */
  conflicts: number;
  /** Null: pods may be created. Else what the quota says. */
  quota: string | null;
  /** Null: none owns the target. */
  hpa: { min: number; max: number; keeper: string | null } | null;
  /** Null: no metrics-server. CPU of each pod in cores. */
  metrics: ((pod: string) => { readonly cpu: string; readonly memory: string } | null) | null;
  budget: boolean;
  /** HTTP 503 to everything. */
  down: boolean;
}

export interface FakePod {
  readonly name: string;
  readonly uid: string;
  readonly createdAt: number;
  annotations: Record<string, string>;
  readonly broken: Habits['broken'];
  version: number;
  readyAt: number;
  endingAt: number | null;
}

/** What there is of one target. */
export interface ClusterState {
  readonly kind: Kind;
  readonly habits: Habits;
  readonly uid: string;
  readonly pods: readonly FakePod[];
  readonly replicas: number;
  readonly generation: number;
  readonly observed: number;
  readonly version: number;
  readonly hpaVersion: number;
}

export const namespace = 'shop';
export const name = 'web';
const labels = { app: 'web' };
const containers = [
  {
    name: 'app',
    image: 'registry.invalid/app:1',
    ports: [{ containerPort: 8080 }],
    readinessProbe: { httpGet: { path: '/', port: 8080 } },
    resources: { requests: { cpu: '250m', memory: '128Mi' } },
  },
];

export function metaOf(state: ClusterState, called: string, version: number): Json {
  const creationTimestamp = seconds(Date.parse('2026-11-22T08:00:00Z'));
  return { name: called, namespace, uid: state.uid, resourceVersion: String(version), creationTimestamp };
}

export function scaleOf(state: ClusterState, replicas = state.replicas): Json {
  return {
    kind: 'Scale',
    apiVersion: 'autoscaling/v1',
    metadata: metaOf(state, name, state.version),
    // omitempty, as the real one.
    spec: replicas === 0 ? {} : { replicas },
    status: { replicas: state.pods.length, selector: 'app=web' },
  };
}

export function workloadOf(state: ClusterState): Json {
  const alive = state.pods.filter(({ endingAt }) => endingAt === null);
  const ready = alive.filter(({ readyAt }) => Date.now() >= readyAt).length;
  const { quota } = state.habits;
  const failure = { type: 'ReplicaFailure', status: 'True', reason: 'FailedCreate', message: quota ?? '' };
  const template = { metadata: { labels }, spec: { containers, terminationGracePeriodSeconds: 1 } };
  const isSet = state.kind === 'StatefulSet';
  return {
    kind: state.kind,
    apiVersion: 'apps/v1',
    metadata: { ...metaOf(state, name, state.version), generation: state.generation },
    spec: {
      replicas: state.replicas,
      selector: { matchLabels: labels },
      template,
      ...(isSet ? { serviceName: name } : {}),
    },
    status: {
      observedGeneration: state.observed,
      replicas: alive.length,
      updatedReplicas: alive.length,
      ...(ready === 0 ? {} : { readyReplicas: ready }),
      ...(quota === null ? {} : { conditions: [failure] }),
    },
  };
}

export function hpasOf(state: ClusterState): readonly Json[] {
  const { hpa } = state.habits;
  if (hpa === null) return [];
  const keeper = {
    apiVersion: 'keda.sh/v1alpha1',
    kind: 'ScaledObject',
    name: hpa.keeper,
    uid: uid(),
    controller: true,
  };
  const above = hpa.keeper === null ? {} : { ownerReferences: [keeper] };
  return [
    {
      kind: 'HorizontalPodAutoscaler',
      apiVersion: 'autoscaling/v2',
      metadata: { ...metaOf(state, name, state.hpaVersion), ...above },
      spec: {
        minReplicas: hpa.min,
        maxReplicas: hpa.max,
        scaleTargetRef: { apiVersion: 'apps/v1', kind: state.kind, name },
      },
      status: { currentReplicas: state.replicas, desiredReplicas: state.replicas },
    },
  ];
}

export function podOf(state: ClusterState, pod: FakePod): Json {
  const now = Date.now();
  const isSet = state.kind === 'StatefulSet';
  const owner = {
    apiVersion: 'apps/v1',
    kind: isSet ? 'StatefulSet' : 'ReplicaSet',
    name: isSet ? name : `${name}-7d9f8c6b5`,
    uid: state.uid,
    controller: true,
  };
  return {
    kind: 'Pod',
    apiVersion: 'v1',
    metadata: {
      ...metaOf(state, pod.name, pod.version),
      uid: pod.uid,
      creationTimestamp: seconds(pod.createdAt),
      labels,
      ownerReferences: [owner],
      ...(Object.keys(pod.annotations).length === 0 ? {} : { annotations: pod.annotations }),
      ...(pod.endingAt === null ? {} : { deletionTimestamp: seconds(pod.endingAt), deletionGracePeriodSeconds: 1 }),
    },
    spec: { containers, terminationGracePeriodSeconds: 1 },
    status: podStatus(pod, now),
  };
}

function podStatus(pod: FakePod, now: number): Json {
  const lastTransitionTime = seconds(pod.createdAt);
  const condition = (type: string, isTrue: boolean, more: Json = {}) => ({
    type,
    status: isTrue ? 'True' : 'False',
    lastTransitionTime,
    ...more,
  });
  if (pod.broken === 'Unschedulable') {
    const message = '0/3 nodes are available: 3 Insufficient cpu.';
    return { phase: 'Pending', conditions: [condition('PodScheduled', false, { reason: 'Unschedulable', message })] };
  }
  const ready = now >= pod.readyAt;
  const waiting = {
    waiting: { reason: pod.broken ?? 'ContainerCreating', message: `${pod.broken ?? 'making'} "app"` },
  };
  const status = {
    name: 'app',
    image: 'app:1',
    imageID: '',
    ready,
    restartCount: pod.broken === 'CrashLoopBackOff' ? 4 : 0,
    state: ready ? { running: { startedAt: lastTransitionTime } } : waiting,
  };
  const why = { reason: 'ContainersNotReady', message: 'containers with unready status: [app]' };
  return {
    phase: ready ? 'Running' : 'Pending',
    startTime: lastTransitionTime,
    ...(ready ? { podIP: '10.1.0.7' } : {}),
    conditions: [condition('PodScheduled', true), condition('Ready', ready, ready ? {} : why)],
    containerStatuses: [status],
  };
}

export const budget = {
  metadata: { name: 'web-budget', namespace, uid: 'b', resourceVersion: '1' },
  spec: { minAvailable: 1, selector: { matchLabels: labels } },
  status: { currentHealthy: 1, desiredHealthy: 1, disruptionsAllowed: 0, expectedPods: 1 },
};

export const info = {
  major: '1',
  minor: '36',
  gitVersion: 'v1.36.0',
  gitCommit: '0',
  gitTreeState: 'clean',
  buildDate: '2026-04-22T00:00:00Z',
  goVersion: 'go1.26',
  compiler: 'gc',
  platform: 'linux/amd64',
};

export function list(kind: string, apiVersion: string, items: readonly Json[]): Json {
  return { kind, apiVersion, metadata: { resourceVersion: '1' }, items };
}

/** Kubernetes writes whole seconds. */
export function seconds(ms: number): string {
  return new Date(ms).toISOString().replace(/\.\d+Z$/, 'Z');
}

export function uid(): string {
  return randomBytes(16).toString('hex');
}
