import { fail, ok, type Outcome } from '../../../contract/errors.ts';
import type { KubeAnswer, KubeApi } from './api.ts';
import { targetOf } from './cluster.ts';
import type { Look } from './look.ts';
import { shareOf } from './metrics.ts';
import { Pod, PodMetrics, Scale, Workload } from './objects.ts';
import { KubernetesOptions } from './options.ts';
import { isIn, isOut, type Waiting } from './wait.ts';
import { writeReplicas } from './write.ts';

// An overloaded cluster, a rollout that hangs, samples that lack something.

const target = targetOf(KubernetesOptions.parse({ name: 'web', namespace: 'shop' }));

type State = 'ready' | 'unready' | 'starting' | 'ending';
function pod(name: string, state: State): Pod {
  const ran = [{ name: 'app', ready: state === 'ready', restartCount: state === 'unready' ? 2 : 0, state: {} }];
  return Pod.parse({
    metadata: { name, ...(state === 'ending' ? { deletionTimestamp: '2026-11-22T20:00:00Z' } : {}) },
    spec: { containers: [{ name: 'app' }] },
    status: {
      containerStatuses: ran,
      conditions: [{ type: 'Ready', status: state === 'ready' ? 'True' : 'False' }],
    },
  });
}

function seen(pods: readonly Pod[], more: { readonly status?: object; readonly strategy?: object } = {}): Look {
  const workload = Workload.parse({
    metadata: { name: 'web', generation: 2 },
    spec: { template: { spec: { containers: [] } }, strategy: more.strategy },
    status: {
      observedGeneration: 2,
      readyReplicas: 99,
      replicas: pods.length,
      updatedReplicas: pods.length,
      ...more.status,
    },
  });
  const scale = Scale.parse({ kind: 'Scale', metadata: { name: 'web' }, spec: { replicas: pods.length } });
  return { scale, workload, pods, selector: 'app=web' };
}

function waiting(desired: number, before: Look): Waiting {
  const request = { desired, remove: [], readySeconds: 1, drainSeconds: 1 };
  return { hands: {} as Waiting['hands'], request, before, exact: true };
}

describe('a scale-out has ended', () => {
  const before = seen([pod('a', 'ready'), pod('b', 'unready')]);

  it.each<[string, Pod[], boolean]>([
    ['the new one is ready', [pod('a', 'ready'), pod('b', 'unready'), pod('c', 'ready')], true],
    [
      'an old one fails for too much work meanwhile',
      [pod('a', 'unready'), pod('b', 'unready'), pod('c', 'ready')],
      true,
    ],
    ['never while the new one starts', [pod('a', 'ready'), pod('b', 'unready'), pod('c', 'starting')], false],
    ['never while one is missing', [pod('a', 'ready'), pod('b', 'unready')], false],
    [
      'never while the replacement of an old one starts',
      [pod('a2', 'starting'), pod('b', 'unready'), pod('c', 'ready')],
      false,
    ],
  ])('%s', (_, pods, ended) => {
    expect(isOut(waiting(3, before), seen(pods))).toBe(ended);
  });

  it('never for one that had not got ready when it was asked for', () => {
    const half = seen([pod('a', 'ready'), pod('b', 'starting')]);

    expect(isOut(waiting(2, half), half)).toBe(false);
  });
});

describe('a scale-in has ended', () => {
  const three = [pod('a', 'ready'), pod('b', 'ready'), pod('new', 'starting')];
  const hung = { replicas: 3, updatedReplicas: 1 };
  const rolling = (maxSurge?: string | number) => ({ rollingUpdate: maxSurge === undefined ? {} : { maxSurge } });
  const ended = (desired: number, pods: readonly Pod[], more: object) =>
    isIn(waiting(desired, seen(three)), seen(pods, more));

  it.each<[string, number, Pod[], object, boolean]>([
    ['with no more pods than asked for', 2, three.slice(1), {}, true],
    ['not with one more', 2, three, { strategy: rolling('25%') }, false],
    ['not while one ends', 2, [...three.slice(1), pod('a', 'ending')], {}, false],
    ['with the surge of a rollout that hangs', 2, three, { status: hung, strategy: rolling('25%') }, true],
    ['by default that is a quarter', 2, three, { status: hung, strategy: rolling() }, true],
    ['not where it may have none', 2, three, { status: hung, strategy: rolling(0) }, false],
    ['not where it is no rolling update', 2, three, { status: hung }, false],
    ['not with more than the surge', 1, three, { status: hung, strategy: rolling(1) }, false],
    [
      'not before it was noticed',
      2,
      three,
      { status: { ...hung, observedGeneration: 1 }, strategy: rolling(1) },
      false,
    ],
  ])('%s', (_, desired, pods, more, is) => {
    expect(ended(desired, pods, more)).toBe(is);
  });
});

describe('an API server that is overloaded', () => {
  const never = new AbortController().signal;
  function work(patches: readonly Outcome<KubeAnswer>[]) {
    const calls: string[] = [];
    let [replicas, version] = [1, 1];
    const scale = (): object => ({
      ...{ kind: 'Scale', metadata: { name: 'web', resourceVersion: String(version) } },
      spec: replicas === 0 ? {} : { replicas },
    });
    const api: KubeApi = {
      server: 'https://k',
      close: async () => undefined,
      call: async ({ method, patch }) => {
        calls.push(method);
        if (method === 'GET') return ok({ status: 200, json: scale() });
        const reply = patches[calls.filter((one) => one === 'PATCH').length - 1];
        const wanted = (patch as { spec: { replicas: number } }).spec.replicas;
        // Also where no answer came back it may have been done.
        if (reply === undefined || !reply.ok) [replicas, version] = [wanted, version + 1];
        return reply ?? ok({ status: 200, json: scale() });
      },
    };
    const sleeps: number[] = [];
    const clock = { now: () => new Date(0), sleep: async (ms: number) => void sleeps.push(ms) };
    return { calls, sleeps, hands: { api, target, clock, signal: never } };
  }
  const busy = (status: number): Outcome<KubeAnswer> =>
    ok({ status, json: { kind: 'Status', code: status, message: 'too many requests' } });

  it('is asked again, more slowly', async () => {
    const { hands, calls, sleeps } = work([busy(429), busy(503)]);

    expect(await writeReplicas(hands, 1, 3, false)).toEqual({ ok: true, value: null });
    expect(calls.filter((one) => one === 'PATCH')).toHaveLength(3);
    expect(sleeps).toEqual([500, 1000]);
  });

  it('and is given up with its own words after five times', async () => {
    const { hands, calls } = work(Array.from({ length: 9 }, () => busy(429)));

    expect(await writeReplicas(hands, 1, 3, false)).toMatchObject({
      error: { code: 'scaling_failed', retryable: true, message: expect.stringContaining('too many requests') },
    });
    expect(calls.filter((one) => one === 'PATCH')).toHaveLength(5);
  });

  it('that took the number and lost its answer is not told twice', async () => {
    const lost = fail('scaling_failed', 'was not reached', { retryable: true });
    const { hands, calls } = work([lost]);

    expect(await writeReplicas(hands, 1, 3, false)).toEqual({ ok: true, value: null });
    expect(calls).toEqual(['GET', 'PATCH', 'GET']);
  });

  it('what forbids or is invalid is not asked again', async () => {
    for (const status of [403, 422]) {
      const { hands, calls } = work([busy(status)]);

      expect(await writeReplicas(hands, 1, 3, false)).toMatchObject({ ok: false });
      expect(calls).toEqual(['GET', 'PATCH']);
    }
  });

  it('an answer without spec says nothing of the number', () => {
    expect(Scale.safeParse({ kind: 'Scale', metadata: { name: 'web' } }).success).toBe(false);
    expect(Scale.parse({ kind: 'Scale', metadata: { name: 'web' }, spec: {} }).spec.replicas).toBe(0);
  });
});

describe('the usage of pods with sidecars', () => {
  const now = new Date('2026-11-22T20:00:00Z');
  const limits = (cpu: string) => ({ resources: { requests: { cpu } } });
  const one = Pod.parse({
    metadata: { name: 'web-1' },
    spec: {
      containers: [{ name: 'app', ...limits('500m') }],
      initContainers: [
        { name: 'proxy', restartPolicy: 'Always', ...limits('500m') },
        { name: 'migrate', ...limits('4') },
      ],
    },
    status: { startTime: '2026-11-22T19:00:00Z', conditions: [{ type: 'Ready', status: 'True' }] },
  });
  const read = (usage: Record<string, string>, startTime = '2026-11-22T19:00:00Z') =>
    shareOf('cpu', {
      pods: [Pod.parse({ ...one, status: { ...one.status, startTime } })],
      metrics: PodMetrics.parse({
        items:
          Object.keys(usage).length === 0
            ? []
            : [
                {
                  metadata: { name: 'web-1' },
                  timestamp: '2026-11-22T19:59:50Z',
                  containers: Object.entries(usage).map(([name, cpu]) => ({ name, usage: { cpu } })),
                },
              ],
      }),
      now,
    });

  it('is over what all that run all the time request', () => {
    expect(read({ app: '400m', proxy: '100m' })).toMatchObject({ known: true, value: 0.5 });
  });

  it('is missing where a container has no sample: half of it must not look like little work', () => {
    expect(read({ proxy: '100m' })).toMatchObject({
      known: false,
      why: 'missing',
      detail: 'metrics.k8s.io has no sample of container app of pod web-1',
    });
  });

  it('is missing of a pod that starts in the future: another clock is no excuse', () => {
    expect(read({}, '2026-11-22T21:00:00Z')).toMatchObject({
      known: false,
      detail: expect.stringMatching(/no sample of pod/),
    });
  });
});
