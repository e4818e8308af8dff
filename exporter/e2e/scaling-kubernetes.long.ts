import { randomBytes } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { AppsV1Api, AutoscalingV2Api, CoreV1Api, KubeConfig, PolicyV1Api, type V1Pod } from '@kubernetes/client-node';
import type { Outcome } from '../src/contract/errors.ts';
import { scalingConformance } from '../src/engines/scaling/conformance.ts';
import { createKubernetesEngine, type KubernetesEngine } from '../src/engines/scaling/kubernetes/engine.ts';
import { KubernetesOptions } from '../src/engines/scaling/kubernetes/options.ts';
import { systemClock } from '../src/runtime/clock.ts';
import { cleanUp, tempFolder, waitUntil } from './support/processes.ts';

// The engine on a real API server with the real controllers. There is no kubelet: the test plays it, and decides which pods get ready.
// Needed: GENESIS_TEST_KUBECONFIG, an administrator's kubeconfig of a cluster WITHOUT nodes: kube-apiserver and kube-controller-manager
// (controllers deployment, replicaset, statefulset, horizontal-pod-autoscaler, disruption, resourcequota, serviceaccount, namespace).
// It makes a namespace of its own and deletes it.

const kubeconfig = process.env['GENESIS_TEST_KUBECONFIG'] ?? '';
if (kubeconfig === '')
  throw new Error(
    'set GENESIS_TEST_KUBECONFIG to the kubeconfig of a cluster without nodes: the top of this file says more',
  );
const login = new KubeConfig();
login.loadFromFile(kubeconfig);
const core = login.makeApiClient(CoreV1Api);
const apps = login.makeApiClient(AppsV1Api);
const autoscaling = login.makeApiClient(AutoscalingV2Api);
const policy = login.makeApiClient(PolicyV1Api);

const namespace = `genesis-scaling-${randomBytes(4).toString('hex')}`;
const never = new AbortController().signal;
const kubelet = startKubelet();
const engines: KubernetesEngine[] = [];

function engineFor(name: string, kind: 'Deployment' | 'StatefulSet' = 'Deployment', config = kubeconfig) {
  const engine = createKubernetesEngine(KubernetesOptions.parse({ kubeconfig: config, namespace, kind, name }), {
    clock: systemClock,
  });
  engines.push(engine);
  return engine;
}

/** Runs what there is: binds pods, lets them get ready unless their app is broken, takes them away when they are to end. */
function startKubelet() {
  const broken = new Set<string>();
  let stopped = false;
  const work = async (pod: V1Pod): Promise<void> => {
    const name = pod.metadata?.name ?? '';
    if (pod.metadata?.deletionTimestamp)
      return void (await core.deleteNamespacedPod({ name, namespace, gracePeriodSeconds: 0 }));
    if (!pod.spec?.nodeName) {
      const body = { metadata: { name }, target: { apiVersion: 'v1', kind: 'Node', name: 'played' } };
      return void (await core.createNamespacedPodBinding({ name, namespace, body }));
    }
    const app = pod.metadata?.labels?.['app'] ?? '';
    if (pod.status?.phase === 'Running' || broken.has(app)) return;
    const now = new Date();
    const condition = (type: string) => ({ type, status: 'True', lastTransitionTime: now });
    const status = {
      phase: 'Running',
      startTime: now,
      podIP: '10.9.8.7',
      conditions: ['Initialized', 'Ready', 'ContainersReady', 'PodScheduled'].map(condition),
      containerStatuses: [
        {
          name: 'app',
          image: 'app',
          imageID: '',
          ready: true,
          restartCount: 0,
          state: { running: { startedAt: now } },
        },
      ],
    };
    await core.replaceNamespacedPodStatus({ name, namespace, body: { ...pod, status } });
  };
  const loop = async (): Promise<void> => {
    while (!stopped) {
      const { items } = await core.listNamespacedPod({ namespace });
      // What the controllers do at the same moment wins; the next turn sees it.
      await Promise.allSettled(items.map(work));
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  };
  return { broken, loop, stop: () => void (stopped = true) };
}

function template(app: string) {
  const container = { name: 'app', image: 'registry.invalid/app:1', ports: [{ containerPort: 8080 }] };
  return { metadata: { labels: { app } }, spec: { containers: [container], terminationGracePeriodSeconds: 2 } };
}

async function deploy(app: string, replicas = 1): Promise<KubernetesEngine> {
  const spec = { replicas, selector: { matchLabels: { app } }, template: template(app) };
  await apps.createNamespacedDeployment({ namespace, body: { metadata: { name: app }, spec } });
  const engine = engineFor(app);
  await waitUntil(`${replicas} pods of ${app}`, async () => {
    const fleet = await engine.fleet(never);
    return fleet.ok && fleet.value.instances.filter(({ state }) => state === 'ready').length === replicas;
  });
  return engine;
}

function scale(engine: KubernetesEngine, desired: number, more: { remove?: string[]; readySeconds?: number } = {}) {
  const context = { signal: never, operation: 'op', note: () => undefined };
  return engine.scale({ desired, remove: [], readySeconds: 30, drainSeconds: 5, ...more }, context);
}

function value<T>(outcome: Outcome<T>): T {
  if (!outcome.ok) throw outcome.error;
  return outcome.value;
}

function failure(outcome: Outcome<unknown>) {
  if (outcome.ok) throw new Error('it did not fail');
  return outcome.error;
}

beforeAll(async () => {
  const { items } = await core.listNode();
  if (items.length > 0) throw new Error('that cluster has nodes: this test plays the kubelet, give it one without');
  await core.createNamespace({ body: { metadata: { name: namespace } } });
  void kubelet.loop();
}, 60_000);
afterAll(async () => {
  kubelet.stop();
  for (const engine of engines) await engine.close();
  await core.deleteNamespace({ name: namespace });
  await cleanUp();
}, 60_000);

for (const kind of ['Deployment', 'StatefulSet'] as const)
  scalingConformance(`a real ${kind}`, async () => {
    const app = kind === 'Deployment' ? 'moves' : 'states';
    if (kind === 'Deployment') await deploy(app);
    else {
      const spec = { replicas: 1, serviceName: app, selector: { matchLabels: { app } }, template: template(app) };
      await apps.createNamespacedStatefulSet({ namespace, body: { metadata: { name: app }, spec } });
    }
    return {
      engine: engineFor(app, kind),
      breakReady: async () => void kubelet.broken.add(app),
      dispose: async () => undefined,
      reopen: async () => engineFor(app, kind),
      count: async () => (await core.listNamespacedPod({ namespace, labelSelector: `app=${app}` })).items.length,
    };
  });

describe('what the real controllers do', () => {
  it('they end the pod of the lowest deletion cost', async () => {
    const engine = await deploy('costs', 4);
    for (const left of [3, 2, 1]) {
      const names = value(await engine.fleet(never)).instances.map(({ name }) => name);
      const [oldest = ''] = names;
      expect(value(await scale(engine, left, { remove: [oldest] })).removed).toEqual([oldest]);
    }
  });

  it('replicas of 0 are written as no field', async () => {
    const engine = await deploy('none');

    expect(value(await scale(engine, 0)).fleet).toMatchObject({ wanted: 0, instances: [] });
    expect(value(await scale(engine, 1)).fleet.wanted).toBe(1);
  });

  it('an HPA that owns the target follows its minimum; none is not allowed', async () => {
    const engine = await deploy('owned', 2);
    const scaleTargetRef = { apiVersion: 'apps/v1', kind: 'Deployment', name: 'owned' };
    const body = { metadata: { name: 'owned' }, spec: { minReplicas: 2, maxReplicas: 4, scaleTargetRef } };
    await autoscaling.createNamespacedHorizontalPodAutoscaler({ namespace, body });

    const done = value(await scale(engine, 3, { readySeconds: 60 }));
    expect(done.fleet).toMatchObject({ wanted: 3, ownedBy: null });
    expect(failure(await scale(engine, 5)).message).toContain('has maxReplicas 4');
    expect(failure(await scale(engine, 0))).toMatchObject({ code: 'scaling_failed' });
  }, 120_000);

  it('a quota that is used up is told', async () => {
    const engine = await deploy('limited');
    const used = (await core.listNamespacedPod({ namespace })).items.length;
    const metadata = { name: 'all-of-it' };
    await core.createNamespacedResourceQuota({ namespace, body: { metadata, spec: { hard: { pods: String(used) } } } });
    await waitUntil('the quota', async () => {
      const { status } = await core.readNamespacedResourceQuota({ namespace, name: 'all-of-it' });
      return status?.used?.['pods'] !== undefined;
    });

    const error = failure(await scale(engine, 2, { readySeconds: 5 }));
    expect(error).toMatchObject({ code: 'instance_not_ready', details: { added: [] } });
    expect(error.message).toMatch(/1 were not created: .*exceeded quota/);
    value(await scale(engine, 1));
    await core.deleteNamespacedResourceQuota({ namespace, name: 'all-of-it' });
  });

  it('a budget that allows nothing is warned of, and does not keep a pod from ending', async () => {
    const engine = await deploy('guarded', 2);
    const spec = { minAvailable: 2, selector: { matchLabels: { app: 'guarded' } } };
    await policy.createNamespacedPodDisruptionBudget({ namespace, body: { metadata: { name: 'guarded' }, spec } });

    await waitUntil('the budget', async () =>
      (await engine.warnings(never)).join().includes('allows no disruption now'),
    );
    expect((await engine.warnings(never)).join('\n')).toMatch(/no container of guarded has a readiness probe/);
    expect(value(await scale(engine, 1)).removed).toHaveLength(1);
  });

  it('RBAC names what a role lacks, and without metrics-server there is no metric', async () => {
    const engine = await deploy('private');
    expect(await engine.readMetric('cpu', never)).toMatchObject({ known: false, why: 'missing' });
    await core.createNamespacedServiceAccount({ namespace, body: { metadata: { name: 'nobody' } } });
    const asked = { namespace, name: 'nobody', body: { spec: { audiences: [], expirationSeconds: 600 } } };
    const { status } = await core.createNamespacedServiceAccountToken(asked);
    const weak = path.join(tempFolder('gk8s-'), 'kubeconfig');
    const exported = JSON.parse(login.exportConfig()) as { users: object[]; contexts: { context: { user: string } }[] };
    const user = exported.contexts[0]?.context.user ?? '';
    const users = [{ name: user, user: { token: status?.token ?? '' } }];
    writeFileSync(weak, JSON.stringify({ ...exported, users }), { mode: 0o600 });

    const error = failure(await engineFor('private', 'Deployment', weak).fleet(never));
    expect(error.message).toMatch(/^RBAC: the role of Genesis lacks verb (get|list) on /);
    expect(error.message).toContain(`system:serviceaccount:${namespace}:nobody`);
  });
});
