import type { Outcome } from '../src/contract/errors.ts';
import { scalingConformance } from '../src/engines/scaling/conformance.ts';
import { createKubernetesEngine, type KubernetesEngine } from '../src/engines/scaling/kubernetes/engine.ts';
import { KubernetesOptions } from '../src/engines/scaling/kubernetes/options.ts';
import { systemClock } from '../src/runtime/clock.ts';
import type { Habits, Kind } from './support/kubernetes-objects.ts';
import { startKubernetes, type FakeKubernetes } from './support/kubernetes.ts';
import { cleanUp, waitUntil } from './support/processes.ts';

// The engine with the real client library against a server of ours, whose answers are checked against the published schemas.

const never = new AbortController().signal;
const servers: { readonly server: FakeKubernetes; readonly engine: KubernetesEngine }[] = [];

async function start(kind: Kind = 'Deployment', habits: Partial<Habits> = {}, options: object = {}) {
  const server = await startKubernetes(kind, habits);
  const given = { kubeconfig: server.kubeconfig, namespace: 'shop', kind, name: 'web', ...options };
  const make = () => createKubernetesEngine(KubernetesOptions.parse(given), { clock: systemClock });
  const engine = make();
  servers.push({ server, engine });
  return { server, engine, make };
}

function value<T>(outcome: Outcome<T>): T {
  if (!outcome.ok) throw outcome.error;
  return outcome.value;
}

function failure(outcome: Outcome<unknown>) {
  if (outcome.ok) throw new Error('it did not fail');
  return outcome.error;
}

function scale(engine: KubernetesEngine, desired: number, more: { remove?: string[]; readySeconds?: number } = {}) {
  const notes: string[] = [];
  const context = { signal: never, operation: 'op', note: (line: string) => void notes.push(line) };
  const request = { desired, remove: [], readySeconds: 10, drainSeconds: 5, ...more };
  return engine.scale(request, context).then((outcome) => Object.assign(outcome, { notes }));
}

/** Begins with that many ready. */
async function startReady(count: number, habits: Partial<Habits> = {}, options: object = {}) {
  const all = await start('Deployment', { readyMs: 50, ...habits }, options);
  all.server.setReplicas(count);
  await waitUntil('the pods', async () => {
    const fleet = value(await all.engine.fleet(never));
    return fleet.instances.filter(({ state }) => state === 'ready').length === count;
  });
  return all;
}

afterAll(async () => {
  for (const { server, engine } of servers) {
    await engine.close();
    await server.stop();
  }
  await cleanUp();
});

for (const kind of ['Deployment', 'StatefulSet'] as const)
  scalingConformance(`kubernetes, ${kind}`, async () => {
    const { server, engine, make } = await start(kind);
    return {
      engine,
      breakReady: async () => void (server.habits.broken = 'ImagePullBackOff'),
      dispose: async () => expect(server.violations).toEqual([]),
      reopen: async () => make(),
      count: async () => server.pods().length,
      hopelessSeconds: 1,
    };
  });

describe('the scale subresource', () => {
  it('is tried with dryRun=All first, then set against the version that was read', async () => {
    const { server, engine } = await startReady(1);
    server.calls.length = 0;

    value(await scale(engine, 2));

    const scalePath = '/apis/apps/v1/namespaces/shop/deployments/web/scale';
    const patches = server.calls.filter((call) => call.startsWith('PATCH'));
    expect(patches).toEqual([`PATCH ${scalePath}?dryRun=All`, `PATCH ${scalePath}`]);
  });

  it('is tried again when its version has changed, and given up after five times', async () => {
    const { server, engine } = await startReady(1);
    server.habits.conflicts = 3;
    expect(value(await scale(engine, 2)).added).toHaveLength(1);

    server.habits.conflicts = 1000;
    expect(failure(await scale(engine, 3))).toMatchObject({ code: 'scaling_conflict' });
    expect(server.replicas()).toBe(2);
  });

  it('is left alone when somebody else sets another number meanwhile', async () => {
    const { server, engine } = await startReady(1, { readyMs: 1000 });
    const asked = scale(engine, 3);
    await waitUntil('the number', () => server.replicas() === 3);
    server.setReplicas(5);

    expect(failure(await asked)).toMatchObject({
      code: 'scaling_conflict',
      message: 'somebody else set Deployment web in shop to 5 meanwhile',
    });
    expect(server.replicas()).toBe(5);
  });

  it('asks in a dry run, and changes nothing', async () => {
    const { server, engine } = await startReady(3);
    const [first = ''] = server.pods();
    const request = { desired: 2, remove: [first], readySeconds: 5, drainSeconds: 30 };

    expect(value(await engine.dryRun(request, never))).toEqual([
      'Deployment web in shop is set from 3 to 2; Kubernetes accepts it (dryRun=All)',
      `to end: ${first}; those that are not ready go first`,
      'they get 1 s to end (terminationGracePeriodSeconds), not the 30 s of the policy',
    ]);
    expect(server.replicas()).toBe(3);
  });

  it('waits for a slow controller instead of believing the old number', async () => {
    const { engine } = await startReady(1, { controllerMs: 700 });

    expect(value(await scale(engine, 2)).fleet.instances).toHaveLength(2);
    expect(value(await scale(engine, 1)).fleet.instances).toHaveLength(1);
  });
});

describe('what ends', () => {
  it('are the named, by the lowest deletion cost; a cost that was left behind is taken away', async () => {
    const { server, engine } = await startReady(3);
    const [first = '', second = '', third = ''] = server.pods();
    const cost = 'controller.kubernetes.io/pod-deletion-cost';
    server.annotate(first, { [cost]: '-2147483648' });
    server.annotate(third, { [cost]: '-100' });

    expect(value(await scale(engine, 2, { remove: [second] })).removed).toEqual([second]);
    expect(server.annotationsOf(first)).toEqual({});
    expect(server.annotationsOf(third)).toEqual({ [cost]: '-100' });
  });

  it('is nothing at all when pods must not be annotated', async () => {
    const { server, engine } = await startReady(2, { denied: ['patch pods'] });
    const [first = ''] = server.pods();

    expect(failure(await scale(engine, 1, { remove: [first] })).message).toContain('lacks verb patch on pods');
    expect(server.replicas()).toBe(2);
  });

  it('shows what must not be removed', async () => {
    const { server, engine } = await startReady(1);
    server.annotate(server.pods()[0] ?? '', { 'cluster-autoscaler.kubernetes.io/safe-to-evict': 'false' });

    expect(value(await engine.fleet(never)).instances[0]?.protectedBy).toContain('safe-to-evict');
  });
});

describe('a HorizontalPodAutoscaler that owns the target', () => {
  it('has its minimum set, never its maximum, and is named by the warnings', async () => {
    const { server, engine } = await startReady(2, { hpa: { min: 2, max: 4, keeper: null } });

    const done = value(await scale(engine, 3));
    expect(done.fleet).toMatchObject({ wanted: 3, ownedBy: null });
    expect([server.hpaMinimum(), server.replicas()]).toEqual([3, 3]);
    expect(failure(await scale(engine, 5)).message).toContain('has maxReplicas 4, and 5 were asked for');
    const less = value(await scale(engine, 2));
    expect(less.removed).toEqual([]);
    expect(server.hpaMinimum()).toBe(2);
    expect(server.calls.filter((call) => call.startsWith('PATCH') && call.includes('/scale'))).toEqual([]);
    expect(await engine.warnings(never)).toContain(
      'HorizontalPodAutoscaler web owns Deployment web in shop: Genesis sets its minReplicas (2 now) and never its maxReplicas (4)',
    );
  });

  it('is left alone where it is to be, or where another controller keeps it', async () => {
    const refusing = await startReady(2, { hpa: { min: 2, max: 4, keeper: null } }, { hpa: 'refuse' });
    expect(failure(await scale(refusing.engine, 3))).toMatchObject({ code: 'scaling_failed' });
    const kept = await startReady(2, { hpa: { min: 2, max: 4, keeper: 'web' } });
    expect(failure(await scale(kept.engine, 3)).message).toContain('they belong into ScaledObject web');
    expect(value(await refusing.engine.fleet(never)).ownedBy).toBe('HorizontalPodAutoscaler web');
    expect(value(await kept.engine.fleet(never)).ownedBy).toMatch(
      /^HorizontalPodAutoscaler web, which ScaledObject web/,
    );
    expect([refusing.server.hpaMinimum(), kept.server.hpaMinimum()]).toEqual([2, 2]);
    kept.server.habits.hpa = { min: 1, max: 4, keeper: null };
    kept.server.setReplicas(0);
    expect(failure(await scale(kept.engine, 3)).message).toContain('does nothing while the target is set to 0');
  });

  it('counts as not known, and not as none, when it may not be listed', async () => {
    const { engine } = await start('Deployment', { denied: ['list horizontalpodautoscalers'] });

    const error = failure(await engine.fleet(never));
    expect(error.message).toMatch(/^RBAC: the role of Genesis lacks verb list on horizontalpodautoscalers/);
    expect(error.details).toMatchObject({ verb: 'list', resource: 'horizontalpodautoscalers', group: 'autoscaling' });
  });
});

describe('what goes wrong', () => {
  it.each([
    ['Unschedulable', 'starting', /Unschedulable: 0\/3 nodes are available/],
    ['ImagePullBackOff', 'unready', /ImagePullBackOff \(container app\)/],
    ['CrashLoopBackOff', 'unready', /CrashLoopBackOff \(container app, restarted 4 times\)/],
  ] as const)('%s is told with the pod', async (broken, state, words) => {
    const { server, engine } = await startReady(1);
    server.habits.broken = broken;

    const error = failure(await scale(engine, 2, { readySeconds: 0.5 }));
    expect(error).toMatchObject({ code: 'instance_not_ready', message: expect.stringMatching(words) });
    const [added] = error.details?.['added'] as readonly string[];
    const seen = value(await engine.fleet(never)).instances.find(({ name }) => name === added);
    expect(seen).toMatchObject({ state, detail: expect.stringMatching(words) });
  });

  it('a quota that lets no pod be made is told', async () => {
    const { engine } = await startReady(1);
    const quota = 'exceeded quota: compute, requested: pods=1, used: pods=1, limited: pods=1';
    (servers.at(-1) as (typeof servers)[number]).server.habits.quota = quota;

    const error = failure(await scale(engine, 2, { readySeconds: 0.5 }));
    expect(error).toMatchObject({ code: 'instance_not_ready', details: { added: [] } });
    expect(error.message).toContain(`1 were not created: ${quota}`);
  });

  it.each([
    ['get deployments/scale', 'fleet'],
    ['list pods', 'fleet'],
    ['patch deployments/scale', 'scale'],
  ])('a missing permission (%s) is named', async (permission, action) => {
    const { engine } = await start('Deployment', { denied: [permission] });

    const error = failure(action === 'fleet' ? await engine.fleet(never) : await scale(engine, 2));
    const [verb = '', resource = ''] = permission.split(' ');
    expect(error).toMatchObject({ code: 'scaling_failed', details: { verb, resource } });
    expect(error.message).toContain(`lacks verb ${verb} on ${resource}`);
  });

  it('an API server that is away for a while does not fail what it had accepted', async () => {
    const { server, engine } = await startReady(1, { readyMs: 400 });
    const asked = scale(engine, 2);
    await waitUntil('the number', () => server.replicas() === 2);
    server.habits.down = true;
    expect(failure(await engine.fleet(never))).toMatchObject({ code: 'scaling_failed', retryable: true });
    setTimeout(() => (server.habits.down = false), 700);

    expect(value(await asked).added).toHaveLength(1);
  });

  it('a login that cannot be read, a context that is not there, a server that is not there', async () => {
    const { server } = await start();
    const engineWith = (options: object) => {
      const given = { kubeconfig: server.kubeconfig, name: 'web', ...options };
      return createKubernetesEngine(KubernetesOptions.parse(given), { clock: systemClock });
    };
    const words = async (options: object) => failure(await engineWith(options).fleet(never)).message;

    expect(await words({ kubeconfig: '/nowhere/kubeconfig' })).toMatch(/^\/nowhere\/kubeconfig cannot be read: /);
    expect(await words({ context: 'other' })).toMatch(/has no context other/);
    expect(await words({ kubeconfig: null })).toMatch(/this is no pod of Kubernetes/);
    await server.stop();
    expect(await words({})).toMatch(/was not reached: .*(refused|connect)/i);
  });
});

describe('the metrics of the cluster', () => {
  it('are a share of what the pods request; a pod without a sample is not left out', async () => {
    const metrics = (pod: string) => ({ cpu: pod.endsWith('1') ? '200m' : '50000000n', memory: '64Mi' });
    const { server, engine } = await startReady(2, { metrics });

    expect(await engine.readMetric('cpu', never)).toMatchObject({ known: true, value: 0.5 });
    expect(await engine.readMetric('memory', never)).toMatchObject({ known: true, value: 0.5 });
    const loads = value(await engine.fleet(never)).instances.map(({ load }) => load);
    expect(loads.sort()).toEqual([0.05, 0.2]);
    server.habits.metrics = () => null;
    expect(await engine.readMetric('cpu', never)).toMatchObject({ known: false, why: 'missing' });
    server.habits.metrics = null;
    expect(await engine.readMetric('cpu', never)).toMatchObject({
      why: 'missing',
      detail: 'this cluster has no metrics.k8s.io: install metrics-server',
    });
    server.habits.down = true;
    expect(await engine.readMetric('cpu', never)).toMatchObject({ known: false, why: 'unreachable' });
  });
});

describe('what is at risk', () => {
  it('is a budget that allows nothing, and nothing else here', async () => {
    const { engine } = await startReady(1, { budget: true });

    expect(await engine.warnings(never)).toEqual([
      'PodDisruptionBudget web-budget allows no disruption now (1 healthy, 1 needed); Kubernetes does not obey it when the number of replicas is made smaller',
    ]);
  });
});

it('every answer of the server was as the published schema says', () => {
  expect(servers.flatMap(({ server }) => server.violations)).toEqual([]);
});
