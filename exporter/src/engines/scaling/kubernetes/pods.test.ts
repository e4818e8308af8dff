import { quantityOf } from './quantity.ts';
import { shareOf } from './metrics.ts';
import { Pod, PodMetrics } from './objects.ts';
import { belongsTo, counts, instancesOf, stateOf, whyNotReady } from './pods.ts';
import { costAnnotation, costChanges } from './removal.ts';
import { targetOf } from './cluster.ts';

// Shapes as the API of Kubernetes 1.36 answers them.

const now = new Date('2026-11-22T20:00:00Z');
const target = targetOf({
  kubeconfig: null,
  context: null,
  namespace: 'shop',
  kind: 'Deployment',
  name: 'web',
  hpa: 'bounds',
});

interface Given {
  readonly name?: string;
  readonly owner?: { readonly kind: string; readonly name: string };
  readonly metadata?: object;
  readonly status?: object;
  readonly spec?: object;
}

function pod({ name = 'web-abc-1', owner = { kind: 'ReplicaSet', name: 'web-abc' }, ...more }: Given): Pod {
  return Pod.parse({
    metadata: { name, ownerReferences: [{ ...owner, controller: true }], ...more.metadata },
    spec: { containers: [{ name: 'app', ports: [{ containerPort: 80 }] }], ...more.spec },
    status: more.status ?? {},
  });
}

const ready = (status: string, more: object = {}) => ({ type: 'Ready', status, ...more });
const container = (state: object, more: object = {}) => ({
  name: 'app',
  ready: false,
  restartCount: 0,
  state,
  ...more,
});

describe('a pod', () => {
  it('is the target’s by its controller, not by labels or a name that begins alike', () => {
    expect(belongsTo(pod({}), target)).toBe(true);
    expect(belongsTo(pod({ owner: { kind: 'ReplicaSet', name: 'web-admin-abc' } }), target)).toBe(false);
    expect(belongsTo(pod({ owner: { kind: 'Job', name: 'web-abc' } }), target)).toBe(false);
    expect(belongsTo(Pod.parse({ metadata: { name: 'x' }, spec: { containers: [] } }), target)).toBe(false);
  });

  it('that was evicted or ended counts no more, one that still ends does', () => {
    expect(counts(pod({ status: { phase: 'Failed', reason: 'Evicted' } }))).toBe(false);
    expect(counts(pod({ status: { phase: 'Failed' }, metadata: { deletionTimestamp: '2026-11-22T19:59:00Z' } }))).toBe(
      true,
    );
    expect(counts(pod({ status: { phase: 'Pending' } }))).toBe(true);
  });

  it.each([
    ['ready', { conditions: [ready('True')] }, 'ready'],
    ['not seen by its node for a while', { conditions: [ready('Unknown')] }, 'unknown'],
    ['that makes its containers', { conditions: [ready('False')], containerStatuses: [container({ waiting: { reason: 'ContainerCreating' } })] }, 'starting'],
    ['whose probe has not passed yet', {
      conditions: [ready('False', { lastTransitionTime: '2026-11-22T19:58:00Z' })],
      containerStatuses: [container({ running: { startedAt: '2026-11-22T19:58:05Z' } })],
    }, 'starting'],
    ['whose probe passed once and fails', {
      conditions: [ready('False', { lastTransitionTime: '2026-11-22T19:59:00Z' })],
      containerStatuses: [container({ running: { startedAt: '2026-11-22T19:58:05Z' } })],
    }, 'unready'],
    ['that ended and was started again', {
      conditions: [ready('False')],
      containerStatuses: [container({ running: { startedAt: '2026-11-22T19:59:00Z' } }, { restartCount: 1 })],
    }, 'unready'],
    ['whose image is not to be had', { containerStatuses: [container({ waiting: { reason: 'ErrImagePull', message: 'not found' } })] }, 'unready'],
    ['that nobody has looked at', {}, 'starting'],
  ])('%s', (_, status, state) => {
    expect(stateOf(pod({ status }))).toBe(state);
  }); // prettier-ignore

  it('says why it is not ready, the nearest cause first', () => {
    const init = { initContainerStatuses: [{ ...container({ waiting: { reason: 'CrashLoopBackOff', message: 'back-off 10s' } }, { restartCount: 3 }), name: 'migrate' }] };
    expect(whyNotReady(pod({ status: init }))).toBe('CrashLoopBackOff (container migrate, restarted 3 times): back-off 10s');
    const ended = { containerStatuses: [container({ terminated: { exitCode: 137, reason: 'OOMKilled' } })] };
    expect(whyNotReady(pod({ status: ended }))).toBe('container app ended with 137');
    expect(whyNotReady(pod({ status: {} }))).toBe('nothing is known of it yet');
  }); // prettier-ignore

  it('is an instance with address and load, the newest last', () => {
    const pods = [
      pod({ name: 'b', status: { startTime: '2026-11-22T19:00:00Z', podIP: 'fd00::7', conditions: [ready('True')] } }),
      pod({ name: 'a', status: { startTime: '2026-11-22T18:00:00Z', podIP: '10.0.0.7' } }),
    ];

    expect(instancesOf(pods, new Map([['b', 0.25]]))).toMatchObject([
      { name: 'a', address: '10.0.0.7:80', load: null, startedAt: '2026-11-22T18:00:00.000Z' },
      { name: 'b', address: '[fd00::7]:80', load: 0.25, detail: null },
    ]);
  });
});

describe('deletion costs', () => {
  const pods = ['a', 'b', 'c'].map((name) => pod({ name, metadata: {} }));

  it('go to no more than end, in the order they are named', () => {
    expect(costChanges(pods, ['c', 'nobody', 'a', 'b'], 2)).toEqual([
      { pod: 'a', cost: '-2147483647' },
      { pod: 'c', cost: '-2147483648' },
    ]);
    expect(costChanges(pods, ['c'], 0)).toEqual([]);
    expect(costChanges(pods, ['c'], -3)).toEqual([]);
  });

  it('that were left behind are taken away, the application’s own are not', () => {
    const left = [
      pod({ name: 'a', metadata: { annotations: { [costAnnotation]: '-2147483648' } } }),
      pod({ name: 'b', metadata: { annotations: { [costAnnotation]: '-50' } } }),
    ];

    expect(costChanges(left, [], 1)).toEqual([{ pod: 'a', cost: null }]);
  });
});

it.each([
  ['250m', 0.25], ['1', 1], ['0.5', 0.5], ['12345678n', 0.012345678], ['1500u', 0.0015], ['1Ki', 1024], ['128Mi', 134_217_728], ['1G', 1e9],
  ['1e3', 1000], ['5E', 5e18], ['2k', 2000], [4, 4], ['', null], ['abc', null], ['1 Gi', null], ['1KI', null],
])('the quantity %s', (text, value) => expect(quantityOf(text)).toBe(value)); // prettier-ignore

describe('a share of what is requested', () => {
  const spec = (cpu?: string) => ({
    containers: [{ name: 'app', resources: cpu === undefined ? {} : { requests: { cpu } } }],
  });
  const status = { conditions: [ready('True')], startTime: '2026-11-22T19:00:00Z' };
  const sample = (name: string, cpu: string, timestamp = '2026-11-22T19:59:40Z') => ({
    metadata: { name },
    timestamp,
    containers: [{ name: 'app', usage: { cpu } }],
  });
  const read = (pods: readonly Pod[], ...items: object[]) =>
    shareOf('cpu', { pods, metrics: PodMetrics.parse({ items }), now });

  it('is of all, and as old as the oldest sample', () => {
    const pods = [pod({ name: 'a', status, spec: spec('1') }), pod({ name: 'b', status, spec: spec('500m') })];

    expect(read(pods, sample('a', '600m'), sample('b', '300m', '2026-11-22T19:59:10Z'))).toEqual({
      at: '2026-11-22T19:59:10.000Z',
      known: true,
      value: expect.closeTo(0.6),
    });
  });

  it('is not known without a request, a sample or a number', () => {
    const a = pod({ name: 'a', status, spec: spec('1') });
    expect(read([pod({ name: 'a', status, spec: spec() })], sample('a', '1'))).toMatchObject({ known: false, why: 'missing' });
    expect(read([a, pod({ name: 'b', status, spec: spec('1') })], sample('a', '1'))).toMatchObject({ why: 'missing', detail: 'metrics.k8s.io has no sample of pod b' });
    expect(read([a], sample('a', 'NaN'))).toMatchObject({ known: false, why: 'not_a_number' });
    expect(read([], sample('a', '1'))).toMatchObject({ known: false, why: 'missing' });
  }); // prettier-ignore

  it('waits for the first sample of a new pod without it', () => {
    const young = pod({ name: 'b', status: { ...status, startTime: '2026-11-22T19:59:00Z' }, spec: spec('1') });

    expect(read([pod({ name: 'a', status, spec: spec('1') }), young], sample('a', '400m'))).toMatchObject({
      value: 0.4,
    });
  });
});
