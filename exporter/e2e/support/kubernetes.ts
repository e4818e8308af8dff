import { randomBytes } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import path from 'node:path';
import Ajv from 'ajv';
import { checkout, tempFolder } from './processes.ts';

// A server of our own that answers as the API of Kubernetes does, as far as scaling needs it. Every answer is checked against the published
// schema. It has the controllers' habits that matter: numbers are accepted before anything happens, status changes bump the version of an
// object, an HPA sets the number back, pods that are not ready end first, then those of the lowest deletion cost.

type Json = Record<string, unknown>;
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

interface FakePod {
  readonly name: string;
  readonly uid: string;
  readonly createdAt: number;
  annotations: Record<string, string>;
  readonly broken: Habits['broken'];
  version: number;
  readyAt: number;
  endingAt: number | null;
}

export interface FakeKubernetes {
  readonly kubeconfig: string;
  readonly habits: Habits;
  /** Method, path and query of each call. */
  readonly calls: string[];
  /** Answers that the published schema does not allow. */
  readonly violations: string[];
  replicas(): number;
  /** Somebody else does it. */
  setReplicas(count: number): void;
  pods(): readonly string[];
  annotationsOf(pod: string): Record<string, string>;
  annotate(pod: string, annotations: Record<string, string>): void;
  hpaMinimum(): number | null;
  stop(): Promise<void>;
}

const namespace = 'shop';
const name = 'web';
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
const podCost = 'controller.kubernetes.io/pod-deletion-cost';

export async function startKubernetes(kind: Kind, habits: Partial<Habits> = {}): Promise<FakeKubernetes> {
  const cluster = new FakeCluster(kind, {
    controllerMs: 30,
    readyMs: 80,
    endMs: 80,
    broken: null,
    denied: [],
    conflicts: 0,
    quota: null,
    hpa: null,
    metrics: null,
    budget: false,
    down: false,
    ...habits,
  });
  const check = schemaCheck();
  const violations: string[] = [];
  const token = randomBytes(16).toString('hex');
  const server = createServer((request, reply) => {
    void answerTo(cluster, token, request).then(({ status, body }) => {
      violations.push(...check(body));
      send(reply, status, body);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('the server has no port');
  const timer = setInterval(() => cluster.tick(Date.now()), 20);
  const kubeconfig = path.join(tempFolder('gk8s-'), 'kubeconfig');
  writeFileSync(kubeconfig, kubeconfigOf(`http://127.0.0.1:${address.port}`, token), { mode: 0o600 });
  return {
    kubeconfig,
    habits: cluster.habits,
    calls: cluster.calls,
    violations,
    replicas: () => cluster.replicas,
    setReplicas: (count) => cluster.setReplicas(count),
    pods: () => cluster.pods.map((pod) => pod.name),
    annotationsOf: (pod) => cluster.podNamed(pod).annotations,
    annotate: (pod, annotations) => void (cluster.podNamed(pod).annotations = annotations),
    hpaMinimum: () => cluster.habits.hpa?.min ?? null,
    stop: async () => {
      clearInterval(timer);
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

/** The client library refuses plain HTTP unless the certificate is not to be looked at either. */
function kubeconfigOf(server: string, token: string): string {
  return JSON.stringify({
    apiVersion: 'v1',
    kind: 'Config',
    clusters: [{ name: 'test', cluster: { server, 'insecure-skip-tls-verify': true } }],
    users: [{ name: 'genesis', user: { token } }],
    contexts: [{ name: 'test', context: { cluster: 'test', user: 'genesis' } }],
    'current-context': 'test',
  });
}

/** The published schemas; metrics.k8s.io is not in them, it is served by an add-on. */
function schemaCheck(): (body: Json) => readonly string[] {
  const file = 'exporter/src/engines/scaling/kubernetes/testdata/openapi-kubernetes-1.36.0.json';
  const { roots, definitions } = JSON.parse(readFileSync(path.join(checkout, file), 'utf8')) as {
    roots: Record<string, string>;
    definitions: Json;
  };
  const ajv = new Ajv({ format: false, unknownFormats: 'ignore' });
  const checks = new Map(
    Object.entries(roots).map(([kind, id]) => [kind, ajv.compile({ $ref: `#/definitions/${id}`, definitions })]),
  );
  return (body) => {
    const kind = typeof body['kind'] === 'string' ? body['kind'] : 'Info';
    if (kind === 'PodMetricsList') return [];
    const check = checks.get(kind);
    if (check === undefined) return [`${kind} has no schema`];
    return check(body) ? [] : [`${kind}: ${ajv.errorsText(check.errors)}`];
  };
}

interface Answer {
  readonly status: number;
  readonly body: Json;
}

function send(reply: ServerResponse, status: number, body: Json): void {
  reply.writeHead(status, { 'content-type': 'application/json' });
  reply.end(JSON.stringify(body));
}

function refusal(status: number, reason: string, message: string): Answer {
  const body = { kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Failure', message, reason, code: status };
  return { status, body };
}

async function answerTo(cluster: FakeCluster, token: string, request: IncomingMessage): Promise<Answer> {
  const url = new URL(request.url ?? '/', 'http://server');
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  cluster.calls.push(`${request.method ?? ''} ${url.pathname}${url.search}`);
  if (cluster.habits.down) return refusal(503, 'ServiceUnavailable', 'the server is currently unable to handle it');
  if (request.headers.authorization !== `Bearer ${token}`) return refusal(401, 'Unauthorized', 'Unauthorized');
  const text = Buffer.concat(chunks).toString();
  const isPatch = request.method === 'PATCH';
  if (isPatch && request.headers['content-type'] !== 'application/merge-patch+json')
    return refusal(415, 'UnsupportedMediaType', `the body of the request was in an unknown format`);
  return cluster.answer(url, isPatch ? (JSON.parse(text) as Json) : null);
}

/** One target with its pods, its HPA, its budget. */
class FakeCluster {
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
        return to(`get ${resource}`, () => found(this.workload()));
      case `${own}/scale`:
        return to(`${verb} ${resource}/scale`, () =>
          patch === null ? found(this.scale()) : this.patchScale(patch, dryRun),
        );
      case hpas:
        return to('list horizontalpodautoscalers', () =>
          found(list('HorizontalPodAutoscalerList', 'autoscaling/v2', this.hpas())),
        );
      case `${hpas}/${name}`:
        return to('patch horizontalpodautoscalers', () => this.patchHpa(patch ?? {}, dryRun));
      case podPath:
        return to('list pods', () =>
          found(
            list(
              'PodList',
              'v1',
              this.pods.map((pod) => this.pod(pod)),
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
    if (dryRun) return found(this.scale(spec.replicas));
    this.setReplicas(spec.replicas);
    return found(this.scale());
  }

  patchHpa(patch: Json, dryRun: boolean): Answer {
    const { hpa } = this.habits;
    if (hpa === null) return refusal(404, 'NotFound', 'horizontalpodautoscalers.autoscaling "web" not found');
    const { metadata, spec } = patch as { metadata?: { resourceVersion?: string }; spec: { minReplicas: number } };
    const conflict = this.conflictOf(metadata?.resourceVersion, String(this.hpaVersion), dryRun);
    if (conflict !== null) return conflict;
    if (spec.minReplicas < 1)
      return refusal(422, 'Invalid', 'spec.minReplicas: Invalid value: 0: must be greater than or equal to 1');
    if (dryRun) return found({ ...this.hpas()[0], metadata: this.meta(name, this.hpaVersion) });
    hpa.min = spec.minReplicas;
    this.hpaVersion += 1;
    this.changedAt = Date.now();
    return found(this.hpas()[0] ?? {});
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
    return found(this.pod(pod));
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

  meta(called: string, version: number): Json {
    const creationTimestamp = seconds(Date.parse('2026-11-22T08:00:00Z'));
    return { name: called, namespace, uid: this.uid, resourceVersion: String(version), creationTimestamp };
  }

  scale(replicas = this.replicas): Json {
    return {
      kind: 'Scale',
      apiVersion: 'autoscaling/v1',
      metadata: this.meta(name, this.version),
      // omitempty, as the real one.
      spec: replicas === 0 ? {} : { replicas },
      status: { replicas: this.pods.length, selector: 'app=web' },
    };
  }

  workload(): Json {
    const alive = this.pods.filter(({ endingAt }) => endingAt === null);
    const ready = alive.filter(({ readyAt }) => Date.now() >= readyAt).length;
    const { quota } = this.habits;
    const failure = { type: 'ReplicaFailure', status: 'True', reason: 'FailedCreate', message: quota ?? '' };
    const template = { metadata: { labels }, spec: { containers, terminationGracePeriodSeconds: 1 } };
    const isSet = this.kind === 'StatefulSet';
    return {
      kind: this.kind,
      apiVersion: 'apps/v1',
      metadata: { ...this.meta(name, this.version), generation: this.generation },
      spec: {
        replicas: this.replicas,
        selector: { matchLabels: labels },
        template,
        ...(isSet ? { serviceName: name } : {}),
      },
      status: {
        observedGeneration: this.observed,
        replicas: alive.length,
        updatedReplicas: alive.length,
        ...(ready === 0 ? {} : { readyReplicas: ready }),
        ...(quota === null ? {} : { conditions: [failure] }),
      },
    };
  }

  hpas(): readonly Json[] {
    const { hpa } = this.habits;
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
        metadata: { ...this.meta(name, this.hpaVersion), ...above },
        spec: {
          minReplicas: hpa.min,
          maxReplicas: hpa.max,
          scaleTargetRef: { apiVersion: 'apps/v1', kind: this.kind, name },
        },
        status: { currentReplicas: this.replicas, desiredReplicas: this.replicas },
      },
    ];
  }

  pod(pod: FakePod): Json {
    const now = Date.now();
    const isSet = this.kind === 'StatefulSet';
    const owner = {
      apiVersion: 'apps/v1',
      kind: isSet ? 'StatefulSet' : 'ReplicaSet',
      name: isSet ? name : `${name}-7d9f8c6b5`,
      uid: this.uid,
      controller: true,
    };
    return {
      kind: 'Pod',
      apiVersion: 'v1',
      metadata: {
        ...this.meta(pod.name, pod.version),
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

const budget = {
  metadata: { name: 'web-budget', namespace, uid: 'b', resourceVersion: '1' },
  spec: { minAvailable: 1, selector: { matchLabels: labels } },
  status: { currentHealthy: 1, desiredHealthy: 1, disruptionsAllowed: 0, expectedPods: 1 },
};

const info = {
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

function forbidden(permission: string): Answer {
  const [verb = '', resource = ''] = permission.split(' ');
  const who = 'User "system:serviceaccount:shop:genesis"';
  return refusal(403, 'Forbidden', `${resource} is forbidden: ${who} cannot ${verb} resource "${resource}"`);
}

function found(body: Json): Answer {
  return { status: 200, body };
}

function list(kind: string, apiVersion: string, items: readonly Json[]): Json {
  return { kind, apiVersion, metadata: { resourceVersion: '1' }, items };
}

/** Kubernetes writes whole seconds. */
function seconds(ms: number): string {
  return new Date(ms).toISOString().replace(/\.\d+Z$/, 'Z');
}

function uid(): string {
  return randomBytes(16).toString('hex');
}
