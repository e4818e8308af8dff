import type { NodeProbe } from '../../../contract/failover.ts';
import type { Clock } from '../../../ports/index.ts';
import type { FailoverCluster } from '../port.ts';
import { createPatroniFailover } from './engine.ts';
import { judgeFollowing } from './rejoin.ts';
import { nodeAt, recorded, text } from './testing.ts';

// A cluster that answers what a real Patroni 3.0.2 answered; time passes only by sleeping.

type Answer = string | { readonly status: number; readonly text: string } | Error;
interface Call {
  readonly node: string;
  readonly what: string;
  readonly body: unknown;
  readonly authorization: string | null;
}

/** Names of recorded answers by `METHOD /path` or `node METHOD /path`; of a list the last one stays. */
function world(answers: Readonly<Record<string, Answer | Answer[]>>) {
  let ms = Date.parse('2026-11-22T16:00:00.000Z');
  const clock: Clock = {
    now: () => new Date(ms),
    sleep: (wait) => {
      ms += wait;
      // Whatever is under way may end first, as in real time.
      return new Promise((resolve) => setImmediate(resolve));
    },
  };
  const calls: Call[] = [];
  const counts = new Map<string, number>();
  const fetch = async (url: string, init: RequestInit): Promise<Response> => {
    const [, node = '', ...rest] = new URL(url).pathname.split('/');
    const what = `${init.method ?? 'GET'} /${rest.join('/')}`;
    const body = typeof init.body === 'string' ? (JSON.parse(init.body) as unknown) : null;
    calls.push({ node, what, body, authorization: new Headers(init.headers).get('authorization') });
    const key = `${node} ${what}` in answers ? `${node} ${what}` : what;
    const found = answers[key];
    if (found === undefined) throw Object.assign(new Error('refused'), { code: 'ECONNREFUSED' });
    const list = Array.isArray(found) ? found : [found];
    const n = counts.get(key) ?? 0;
    counts.set(key, n + 1);
    const answer = list[Math.min(n, list.length - 1)] as Answer;
    if (answer instanceof Error) throw answer;
    const { status, text: words } =
      typeof answer === 'string' ? { status: recorded(answer).status, text: text(answer) } : answer;
    return new Response(words, { status });
  };
  const log = { debug: () => undefined, info: () => undefined, warn: () => undefined, error: () => undefined };
  const exec = { run: () => Promise.reject(new Error('no program is run here')) };
  return { engine: createPatroniFailover({ clock, fetch, log, exec }), calls, clock };
}

const cluster: FailoverCluster = {
  service: 'shop-db',
  // Patroni alone: no SQL is spoken here.
  nodes: ['n1', 'n2', 'n3'].map((name) => nodeAt(name, { server: null })),
  bin: null,
  runAs: null,
  replication: null,
  patroni: { user: 'genesis', password: 'secret' },
  caFile: null,
  timeoutSeconds: 10,
  probeTimeoutSeconds: 2,
};
const [n1, n2, n3] = cluster.nodes as [
  FailoverCluster['nodes'][0],
  FailoverCluster['nodes'][0],
  FailoverCluster['nodes'][0],
];
const notes: string[] = [];
const context = { signal: new AbortController().signal, note: (detail: string) => void notes.push(detail) };
const move = (planned = true) => ({ planned, from: n1, candidate: n2 });

describe('a hand-over', () => {
  it('resolves when the candidate leads and takes writes, and logs in only where it acts', async () => {
    const { engine, calls } = world({
      'GET /cluster': ['cluster', 'cluster', 'cluster-just-switched'],
      'n2 GET /patroni': ['patroni-replica', 'patroni-primary'],
      'POST /switchover': 'switchover',
    });

    const outcome = await engine.handOver(cluster, move(), context);

    expect(outcome).toMatchObject({ ok: true, value: { timeline: 1 } });
    const [asked] = calls.filter(({ what }) => what === 'POST /switchover');
    // The leader is asked: it begins at once.
    expect(asked).toMatchObject({ node: 'n1', body: { leader: 'n1', candidate: 'n2' } });
    expect(asked?.authorization).toBe(`Basic ${Buffer.from('genesis:secret').toString('base64')}`);
    expect(calls.filter(({ what }) => what.startsWith('GET')).every((one) => one.authorization === null)).toBe(true);
  });

  it('fails, naming where it went, when another node was promoted though the answer was 200', async () => {
    const { engine } = world({
      'GET /cluster': 'cluster',
      'n3 GET /patroni': 'patroni-replica',
      'GET /patroni': 'patroni-replica',
      'POST /failover': 'failover-instead',
    });

    const outcome = await engine.handOver(cluster, { planned: false, from: n1, candidate: n3 }, context);

    expect(outcome).toMatchObject({
      error: {
        code: 'failover_failed',
        message: 'Patroni moved it to n2, not to n3: Failed over to "n2" instead of "n1"',
      },
    });
  });

  it('looks until it is known after "status unknown", and after a connection that broke', async () => {
    for (const answer of ['failover-unknown', Object.assign(new Error('closed'), { code: 'UND_ERR_SOCKET' })]) {
      const later = [...Array.from({ length: 6 }, () => 'cluster'), 'cluster-just-switched'];
      const { engine } = world({
        'GET /cluster': later,
        'GET /patroni': 'patroni-primary',
        'POST /failover': answer,
      });

      expect(await engine.handOver(cluster, move(false), context)).toMatchObject({ ok: true });
    }
  });

  it('gives up after its time, with what was seen and what Patroni said', async () => {
    const { engine, clock } = world({
      'GET /cluster': 'cluster',
      'GET /patroni': 'patroni-replica',
      'POST /failover': 'failover-unknown',
    });
    const before = +clock.now();

    const outcome = await engine.handOver(cluster, move(false), context);

    expect(outcome).toMatchObject({
      error: {
        code: 'failover_failed',
        message:
          'n2 does not take writes after 10 s: leader: n1; n2 is a standby; Patroni said: Failover status unknown',
      },
    });
    expect(+clock.now() - before).toBeLessThan(15_000);
  });

  it('says in Patroni’s words why it is refused, and that no Patroni answers', async () => {
    const { engine } = world({
      'GET /cluster': 'cluster-sync',
      'GET /patroni': 'patroni-replica',
      'POST /switchover': 'switchover-not-sync',
    });
    const asked = { planned: true, from: n2, candidate: n1 };

    expect(await engine.handOver(cluster, asked, context)).toMatchObject({
      error: { message: 'Patroni refuses the switchover to n1: candidate name does not match with sync_standby' },
    });
    expect(await world({}).engine.handOver(cluster, asked, context)).toMatchObject({
      error: {
        message: expect.stringMatching(
          /^no Patroni tells the state of the cluster: Patroni of n2 does not answer: connection refused/,
        ),
      },
    });
  });

  it('asks for nothing twice: the candidate that leads already is only looked at', async () => {
    const { engine, calls } = world({ 'GET /cluster': 'cluster-just-switched', 'GET /patroni': 'patroni-primary' });

    expect(await engine.handOver(cluster, move(), context)).toMatchObject({ ok: true });
    expect(calls.some(({ what }) => what.startsWith('POST'))).toBe(false);
  });
});

describe('a pause', () => {
  it('tries again after a race, and is done when configuration and nodes say so', async () => {
    const { engine, calls } = world({
      'PATCH /config': [{ status: 409, text: 'conflict' }, { status: 409, text: 'conflict' }, 'config-paused'],
      'GET /config': ['config', 'config-paused'],
      'GET /patroni': ['patroni-primary', 'patroni-paused'],
    });

    expect(await engine.setPaused(cluster, true, context)).toEqual({ ok: true, value: undefined });
    expect(calls.filter(({ what }) => what === 'PATCH /config').map(({ body }) => body)).toEqual(
      Array.from({ length: 3 }, () => ({ pause: true })),
    );
  });

  it('is resumed with null, and fails with each node’s reason', async () => {
    const { engine, calls } = world({ 'PATCH /config': 'patch-wrong-auth' });

    expect(await engine.setPaused(cluster, false, context)).toMatchObject({
      error: {
        message:
          'no Patroni takes the change of its configuration: n1: not authenticated; n2: not authenticated; n3: not authenticated',
      },
    });
    expect(calls[0]?.body).toEqual({ pause: null });
  });
});

describe('a rejoin', () => {
  it('never clones the leader', async () => {
    const { engine, calls } = world({ 'GET /cluster': 'cluster', 'GET /patroni': 'patroni-primary' });

    expect(await engine.rejoin(cluster, n1, n2, { allowClone: true }, context)).toMatchObject({
      error: { message: 'n1 is the leader: it is not cloned' },
    });
    expect(calls.some(({ what }) => what.startsWith('POST'))).toBe(false);
  });

  it('waits as long as Patroni clones, however long that takes', async () => {
    const cloning = Array.from({ length: 100 }, () => 'patroni-creating-replica');
    const { engine, clock } = world({
      'GET /cluster': 'cluster',
      'n1 GET /patroni': 'patroni-primary',
      'n3 GET /patroni': [...cloning, 'patroni-replica'],
    });
    const before = +clock.now();

    const outcome = await engine.rejoin(cluster, n3, n1, { allowClone: true }, context);

    expect(outcome).toMatchObject({ ok: true, value: 'n3 runs on timeline 1 and streams from n1' });
    expect(+clock.now() - before).toBeGreaterThan(20_000);
  });
});

describe('a rejoin that would clone', () => {
  const probe = (change: Partial<NodeProbe>): NodeProbe => ({
    at: '2026-11-22T16:00:00.000Z',
    reach: 'answered',
    seconds: 0.01,
    role: 'standby',
    writable: false,
    timeline: 2,
    receivedBytes: 100,
    replayedBytes: 100,
    upstream: 'n1',
    upstreamSilentSeconds: 0.1,
    synchronousStandbys: null,
    systemId: '1',
    problem: null,
    ...change,
  });
  const primary = { name: 'n1', own: probe({ role: 'primary', writable: true, upstream: null }) };
  const judge = (own: Partial<NodeProbe>, its = primary, fed = false) =>
    judgeFollowing({ name: 'n3', own: probe(own) }, its, fed).kind;

  it.each([
    ['streams from the primary', {}, 'streams'],
    ['streams from another standby', { upstream: 'n2' }, 'streams'],
    ['follows an older timeline', { timeline: 1 }, 'broken'],
    ['streams from nobody', { upstream: null }, 'broken'],
    ['has the data of another cluster', { systemId: '2' }, 'broken'],
    // Whatever is not known is no reason to replace its data.
    ['does not say its timeline', { timeline: null }, 'unclear'],
    ['does not answer', { role: null, systemId: null, timeline: null }, 'unclear'],
    ['takes writes', { role: 'primary', writable: true }, 'unclear'],
  ] as const)('looks at a node that %s', (_, own, kind) => expect(judge(own)).toBe(kind));

  it('does not think so of a node only because the primary does not answer', () => {
    expect(judge({ timeline: 1 }, { name: 'n1', own: probe({ role: null, timeline: null, systemId: null }) })).toBe(
      'unclear',
    );
    expect(judge({ upstream: null }, primary, true)).toBe('streams');
  });

  it('waits for what Patroni does with the node instead of breaking it off', async () => {
    const { engine, calls } = world({
      'GET /cluster': 'cluster',
      'n1 GET /patroni': 'patroni-primary',
      'n3 GET /patroni': [...Array.from({ length: 30 }, () => 'patroni-stopped-paused'), 'patroni-replica'],
      'POST /reinitialize': { status: 503, text: 'running pg_rewind already in progress' },
    });

    expect(await engine.rejoin(cluster, n3, n1, { allowClone: true }, context)).toMatchObject({ ok: true });
    expect(calls.filter(({ what }) => what === 'POST /reinitialize')).not.toHaveLength(0);
  });
});

describe('warnings', () => {
  it('ask without an effect whether strangers and Genesis may act', async () => {
    const calm = { 'GET /patroni': 'patroni-replica', 'GET /config': 'config' };
    const guarded = world({ ...calm, 'PATCH /config': 'patch-no-auth' });
    const open = world({ ...calm, 'PATCH /config': 'patch-empty' });

    expect((await guarded.engine.warnings(cluster, context.signal)).join('\n')).toContain(
      'refuses the login of Genesis',
    );
    expect((await open.engine.warnings(cluster, context.signal)).join('\n')).toContain(
      'takes unsafe calls from anybody',
    );
    const patches = [...guarded.calls, ...open.calls].filter(({ what }) => what === 'PATCH /config');
    expect(patches).toHaveLength(12);
    expect(patches.every(({ body }) => JSON.stringify(body) === '{}')).toBe(true);
  });
});
