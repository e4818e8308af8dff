import type { Page, Route } from 'playwright-core';
import type { Failover } from '../../src/api/failover.ts';
import type { Operation, PlanReply, Reply, Service } from '../../src/api/types.ts';

/**
 * Services with a failover put into the replies of a real exporter, so that the page can be looked at in every state: one that is well
 * (the exporter's own service), `accounts` in trouble, `ledger` in the middle of a failover, `sessions` where all nodes serve.
 */

type NodeFacts = Failover['nodes'][number];
type NodeProbe = NonNullable<NodeFacts['probe']>;

const second = 1_000;
const minute = 60 * second;
const hour = 60 * minute;
const now = Math.floor(Date.now() / second) * second;
const ago = (ms: number): string => new Date(now - ms).toISOString();

function probeWith(change: Partial<NodeProbe> = {}): NodeProbe {
  return {
    at: ago(3 * second),
    reach: 'answered',
    seconds: 0.0021,
    role: 'standby',
    writable: false,
    timeline: 4,
    receivedBytes: 47_932_112_896,
    replayedBytes: 47_932_112_720,
    upstream: 'vienna',
    upstreamSilentSeconds: 0.4,
    synchronousStandbys: null,
    systemId: '7575202611220300',
    problem: null,
    ...change,
  };
}

function nodeWith(name: string, change: Partial<NodeFacts> = {}): NodeFacts {
  return {
    name,
    region: 'eu-central',
    priority: 100,
    candidate: true,
    probe: probeWith(),
    health: {
      failuresInRow: 0,
      successesInRow: 5_114,
      errorRatio: 0,
      responseSeconds: 0.0023,
      probes: 60,
      lastAnsweredAt: ago(3 * second),
    },
    fence: null,
    lagBytes: 0,
    busy: null,
    ...change,
  };
}

const primaryProbe = probeWith({
  role: 'primary',
  writable: true,
  upstream: null,
  upstreamSilentSeconds: null,
  synchronousStandbys: ['berlin'],
});
const silentHealth = {
  failuresInRow: 7,
  successesInRow: 0,
  errorRatio: 0.117,
  responseSeconds: 0.0021,
  probes: 60,
  lastAnsweredAt: ago(72 * second),
};
const silentProbe = probeWith({
  reach: 'silent',
  seconds: 2,
  role: null,
  writable: null,
  timeline: null,
  receivedBytes: null,
  replayedBytes: null,
  upstream: null,
  upstreamSilentSeconds: null,
  problem: 'no answer within 2 s',
});

const history: Failover['history'] = [
  {
    operationId: 'rejoin_20261121_041207_5d0c9a1e',
    kind: 'rejoin',
    automatic: false,
    from: 'berlin',
    to: 'vienna',
    startedAt: ago(22 * hour),
    endedAt: ago(22 * hour - 9_300),
    succeeded: true,
    seconds: 9.3,
    phases: [
      { name: 'check', seconds: 0.1 },
      { name: 'rejoin', seconds: 8.9 },
      { name: 'verify', seconds: 0.3 },
    ],
    loss: { predictedBytes: null, measuredBytes: null },
    reason: 'back after the power cut',
  },
  {
    operationId: 'failover_20261121_035911_b1e47c20',
    kind: 'failover',
    automatic: true,
    from: 'berlin',
    to: 'vienna',
    startedAt: ago(22.5 * hour),
    endedAt: ago(22.5 * hour - 2_840),
    succeeded: true,
    seconds: 2.84,
    phases: [
      { name: 'check', seconds: 0.21 },
      { name: 'cut_off', seconds: 0.04 },
      { name: 'fence', seconds: 1.92 },
      { name: 'promote', seconds: 0.31 },
      { name: 'repoint', seconds: 0.28 },
      { name: 'admit', seconds: 0.08 },
    ],
    loss: { predictedBytes: 18_432, measuredBytes: 16_016 },
    reason: 'berlin failed 3 probes in a row; its processes are gone',
  },
  {
    operationId: 'switchover_20261104_020000_77a1f3c9',
    kind: 'switchover',
    automatic: false,
    from: 'vienna',
    to: 'berlin',
    startedAt: ago(18 * 24 * hour),
    endedAt: ago(18 * 24 * hour - 31_000),
    succeeded: false,
    seconds: 31,
    phases: [
      { name: 'check', seconds: 0.2 },
      { name: 'drain', seconds: 30.1 },
    ],
    loss: { predictedBytes: 0, measuredBytes: null },
    reason: 'kernel update of vienna',
  },
];

const breakers: Failover['breakers'] = [
  {
    name: 'service',
    state: 'closed',
    failureCount: 0,
    lastFailureAt: null,
    nextAttemptAt: null,
    halfOpenCalls: 0,
  },
  {
    name: 'haproxy',
    state: 'closed',
    failureCount: 1,
    lastFailureAt: ago(3 * hour),
    nextAttemptAt: null,
    halfOpenCalls: 0,
  },
];

/** A primary with a synchronous standby, an asynchronous one elsewhere and one that follows that. */
export const calm: Failover = {
  engine: 'postgres',
  strategy: 'active_passive',
  mode: 'auto',
  nodes: [
    nodeWith('vienna', { priority: 10, probe: primaryProbe, lagBytes: null }),
    nodeWith('berlin', { priority: 20 }),
    nodeWith('lisbon', { region: 'eu-west', lagBytes: 18_432, probe: probeWith({ upstreamSilentSeconds: 1.1 }) }),
    nodeWith('reports', {
      region: 'eu-west',
      candidate: false,
      lagBytes: 8 * 2 ** 20,
      probe: probeWith({ upstream: 'lisbon' }),
      busy: 'backup_20261122_025500_0a1b2c3d runs on it',
    }),
  ],
  primary: 'vienna',
  writable: ['vienna'],
  uncounted: [],
  balancer: {
    known: true,
    at: ago(3 * second),
    value: {
      kind: 'haproxy',
      servers: [
        { node: 'vienna', state: 'up', sessions: 41, check: 'connects' },
        { node: 'berlin', state: 'maint', sessions: 0, check: 'connects' },
        { node: 'lisbon', state: 'maint', sessions: 0, check: 'connects' },
        { node: 'reports', state: 'unknown', sessions: null, check: null },
      ],
      writer: 'vienna',
      problem: null,
    },
  },
  vantages: [
    { from: 'berlin', about: 'vienna', alive: true, at: ago(3 * second), detail: 'receives its log, 0.4 s ago' },
    { from: 'the load balancer', about: 'vienna', alive: true, at: ago(3 * second), detail: 'its check passes' },
  ],
  standing: {
    wouldSucceed: true,
    candidate: 'berlin',
    loss: { bytes: 0, seconds: 0, detail: 'berlin confirms every commit before a client is told' },
    reasons: [
      'berlin is healthy, on timeline 4 and 0 bytes behind',
      'vienna can be fenced: its processes run on this machine',
      'the load balancer answers and can be led to berlin',
    ],
    rejected: [{ node: 'reports', reason: 'it is configured never to be promoted' }],
  },
  decision: {
    action: 'none',
    node: null,
    candidate: null,
    act: false,
    page: false,
    reasons: ['vienna answered each of the last 60 probes, in 2 ms on average'],
    loss: null,
    at: ago(3 * second),
  },
  pause: null,
  scheduled: {
    id: 'scheduled_20261123_020000',
    at: new Date(now + 22 * hour).toISOString(),
    candidate: 'berlin',
    by: 'Ada Lovelace (ada)',
    reason: 'kernel update of vienna',
  },
  breakers,
  history,
  promotions: null,
  warnings: [],
};

/** The primary is silent, another one writes, nothing can be proven, and automation is paused. */
export const trouble: Failover = {
  ...calm,
  mode: 'auto',
  nodes: [
    nodeWith('vienna', {
      priority: 10,
      probe: silentProbe,
      health: silentHealth,
      lagBytes: null,
      fence: {
        node: 'vienna',
        since: ago(50 * second),
        operationId: 'failover_20261122_030102_9c1b2a3d',
        proof: null,
        manual: false,
      },
    }),
    nodeWith('berlin', { priority: 20, lagBytes: 3 * 2 ** 20, probe: probeWith({ upstreamSilentSeconds: 71 }) }),
    nodeWith('lisbon', {
      region: 'eu-west',
      lagBytes: null,
      probe: probeWith({ role: 'primary', writable: true, timeline: 5, upstream: null }),
    }),
    nodeWith('oslo', {
      region: 'eu-north',
      probe: null,
      lagBytes: null,
      health: {
        failuresInRow: 0,
        successesInRow: 0,
        errorRatio: null,
        responseSeconds: null,
        probes: 0,
        lastAnsweredAt: null,
      },
    }),
  ],
  writable: ['vienna', 'lisbon'],
  balancer: {
    known: false,
    at: ago(3 * second),
    error: {
      code: 'balancer_failed',
      message: 'the socket /run/haproxy/admin.sock does not answer',
      hint: 'check failover.haproxy: its socket, its backend and the names of its servers',
    },
  },
  vantages: [
    { from: 'berlin', about: 'vienna', alive: false, at: ago(3 * second), detail: 'has heard nothing for 71 s' },
    { from: 'exporter-2', about: 'vienna', alive: true, at: ago(8 * second), detail: 'its probe was answered in 4 ms' },
    { from: 'the load balancer', about: 'vienna', alive: null, at: ago(3 * second), detail: 'its socket is silent' },
  ],
  standing: {
    wouldSucceed: false,
    candidate: 'berlin',
    loss: { bytes: 3 * 2 ** 20, seconds: 14.2, detail: 'vienna was last seen 3145728 bytes ahead of berlin' },
    reasons: [
      'nothing proves that vienna takes no more writes: it is silent, not down',
      'up to 3.0 MiB and writes of 14 s would be lost, the policy allows 1.0 MiB and 10 s',
    ],
    rejected: [
      { node: 'lisbon', reason: 'it is on timeline 5 and takes writes itself' },
      { node: 'oslo', reason: 'nobody has reached it since Genesis started' },
    ],
  },
  decision: {
    action: 'hold',
    node: 'vienna',
    candidate: 'berlin',
    act: false,
    page: true,
    reasons: ['vienna failed 7 probes in a row', 'exporter-2 still reaches it', 'its fence is not proven'],
    loss: { bytes: 3 * 2 ** 20, seconds: 14.2, detail: '' },
    at: ago(3 * second),
  },
  pause: {
    by: 'Ada Lovelace (ada)',
    reason: 'network work in eu-central until four',
    since: ago(20 * minute),
    until: new Date(now + 40 * minute).toISOString(),
  },
  scheduled: null,
  breakers: [
    {
      name: 'service',
      state: 'half_open',
      failureCount: 5,
      lastFailureAt: ago(80 * second),
      nextAttemptAt: ago(20 * second),
      halfOpenCalls: 1,
    },
    {
      name: 'haproxy',
      state: 'open',
      failureCount: 9,
      lastFailureAt: ago(8 * second),
      nextAttemptAt: new Date(now + 52 * second).toISOString(),
      halfOpenCalls: 0,
    },
  ],
  history: [],
  promotions: [
    {
      timeline: 8,
      atBytes: 5_368_709_120,
      reason: 'no recovery target specified',
      at: ago(2 * hour),
      from: 'berlin',
      to: 'vienna',
    },
  ],
  warnings: [
    'Patroni 3.0.2 with etcd3 can win a lost leader key back: upgrade to 3.0.3 or later',
    'berlin is not synchronous any more: commits of vienna wait for nobody',
  ],
};

/** All serve; Genesis only says what it would do. */
export const serving: Failover = {
  ...calm,
  engine: 'service',
  strategy: 'active_active',
  mode: 'observe',
  nodes: ['cache-1', 'cache-2', 'cache-3'].map((name) =>
    name === 'cache-2'
      ? nodeWith(name, {
          probe: { ...silentProbe, reach: 'refused', seconds: 0.0004, problem: 'connection refused' },
          health: silentHealth,
          lagBytes: null,
        })
      : nodeWith(name, {
          probe: probeWith({ role: null, writable: null, upstream: null, upstreamSilentSeconds: null, timeline: null }),
          lagBytes: null,
        }),
  ),
  primary: null,
  writable: [],
  balancer: {
    known: true,
    at: ago(3 * second),
    value: {
      kind: 'haproxy',
      servers: [
        { node: 'cache-1', state: 'up', sessions: 212, check: 'connects' },
        { node: 'cache-2', state: 'down', sessions: 0, check: 'connects' },
        { node: 'cache-3', state: 'up', sessions: 208, check: 'connects' },
      ],
      writer: null,
      problem: null,
    },
  },
  vantages: [],
  standing: {
    wouldSucceed: null,
    candidate: null,
    loss: { bytes: null, seconds: null, detail: '' },
    reasons: ['no node has been seen long enough'],
    rejected: [],
  },
  decision: {
    action: 'drop',
    node: 'cache-2',
    candidate: null,
    act: false,
    page: false,
    reasons: ['cache-2 failed 7 probes in a row', 'mode observe: nothing is done'],
    loss: null,
    at: ago(3 * second),
  },
  scheduled: null,
  history: [],
};

const ada = { name: 'Ada Lovelace (ada)', role: 'admin', via: 'grafana' } as const;

function step(name: string, from: number, to: number | null, detail: string | null = null): Operation['steps'][number] {
  return {
    name,
    state: to === null ? 'running' : 'succeeded',
    startedAt: ago(from),
    endedAt: to === null ? null : ago(to),
    detail,
  };
}

function operationWith(change: Partial<Operation>): Operation {
  return {
    id: 'failover_20261122_030102_9c1b2a3d',
    kind: 'failover',
    service: 'ledger',
    params: { from: 'vienna', candidate: 'berlin' },
    actor: ada,
    reason: 'vienna does not come back',
    idempotencyKey: null,
    state: 'running',
    createdAt: ago(4_200),
    startedAt: ago(4_000),
    endedAt: null,
    steps: [
      step('look at every node', 4_000, 3_800, 'vienna: 7 failures in a row; berlin: 18432 bytes behind'),
      step('cut the old primary off at the load balancer', 3_800, 3_760, 'vienna is in maint, 41 sessions ended'),
      step('fence the old primary', 3_760, null),
    ],
    progress: null,
    result: null,
    error: null,
    ...change,
  };
}

export const running = operationWith({});
export const waiting = operationWith({
  id: 'failover_20261122_030340_11d2c3b4',
  service: 'accounts',
  params: { from: 'vienna', candidate: 'berlin', force: true },
  reason: 'the machine of vienna is switched off, I stand before it',
  startedAt: ago(4 * minute),
  steps: [step('wait for a second person', 4 * minute, null)],
  approval: { expiresAt: new Date(now + 11 * minute).toISOString() },
});
/** How the one ends that a test starts. */
export const ended = operationWith({
  id: 'failover_20261122_030500_5e6f7a8b',
  state: 'succeeded',
  endedAt: ago(1_160),
  steps: [
    step('look at every node', 4_000, 3_800),
    step('cut the old primary off at the load balancer', 3_800, 3_760, 'vienna is in maint, 41 sessions ended'),
    step('fence the old primary', 3_760, 1_840, 'no process of vienna is left on this machine'),
    step('promote the new primary', 1_840, 1_530, 'berlin takes writes on timeline 5'),
    step('point the other standbys at it', 1_530, 1_250, 'lisbon streams from berlin'),
    step('open the load balancer to it', 1_250, 1_160),
  ],
  result: { from: 'vienna', to: 'berlin', predictedLossBytes: 0, measuredLossBytes: 0, warnings: [] },
});

/** What a dry run answers; the one in trouble is blocked unless it is forced. */
function planOf(kind: PlanReply['kind'], service: string, body: Readonly<Record<string, unknown>>): PlanReply {
  const isHeld = service === 'accounts' && body['force'] !== true && kind === 'failover';
  const candidate = typeof body['candidate'] === 'string' ? body['candidate'] : 'berlin';
  return {
    kind,
    service,
    steps: [
      'check again that vienna is lost and berlin is fit',
      'cut vienna off at the load balancer and end its sessions',
      'stop vienna and prove that no process of it is left',
      `promote ${candidate}`,
      `let lisbon follow ${candidate}`,
      `open the load balancer to ${candidate}`,
    ],
    blockers: isHeld
      ? [
          {
            code: 'fencing_unproven',
            message: 'nothing proves that vienna takes no more writes',
            hint: 'see to it that the old primary is down, then say so in `force` with a reason; nothing was promoted',
          },
        ]
      : [],
    warnings: service === 'accounts' ? ['vienna is silent: if it lives, its clients may go on writing to it'] : [],
    destructive: kind === 'failover' || kind === 'fence',
    stops: ['writes, for about 3 s'],
    expected: { known: true, seconds: 2.9, source: 'the last 3 failovers of this service' },
    bytes: null,
    atStake: service === 'accounts' ? ['up to 3.0 MiB of log, writes of 14 s'] : [],
    wayBack: 'bring vienna back as a standby with Rejoin, then switch over to it',
    confirm: service,
    reasonRequired: true,
    role: 'admin',
    facts: {
      candidate,
      from: 'vienna',
      predictedLossBytes: service === 'accounts' ? 3 * 2 ** 20 : 0,
      predictedLossSeconds: service === 'accounts' ? 14.2 : 0,
      fence:
        service === 'accounts'
          ? 'not possible from here: the machine does not answer'
          : 'its processes on this machine are stopped, then looked for',
      balancer: service === 'accounts' ? null : 'haproxy, backend writers',
    },
    etag: JSON.stringify([kind, body]).slice(0, 90),
  };
}

const others: Readonly<Record<string, Failover>> = {
  accounts: trouble,
  ledger: { ...calm, scheduled: null, primary: 'vienna' },
  sessions: serving,
};

/** What a test sees of the requests that change something. */
export interface Asked {
  readonly path: string;
  readonly body: Readonly<Record<string, unknown>>;
}

const prefix = '**/api/plugin-proxy/genesis-dr-app';

/** From now on the page sees services with a failover. `asked` fills with what it asks to be done, dry runs too. */
export async function showFailover(page: Page): Promise<{ readonly asked: Asked[] }> {
  const asked: Asked[] = [];
  await page.route(`${prefix}/read/services`, answerServices);
  await page.route(`${prefix}/read/services/*/failover`, (route) => {
    const service = segment(route, -2);
    return route.fulfill({ json: { service, failover: others[service] ?? calm } });
  });
  await page.route(`${prefix}/read/operations*`, answerOperations);
  await page.route(`${prefix}/read/operations/failover_*`, (route) => {
    const found = [running, waiting, ended].find(({ id }) => id === segment(route, -1));
    return found === undefined ? route.fallback() : route.fulfill({ json: found });
  });
  const perform = async (route: Route): Promise<void> => {
    const path = new URL(route.request().url()).pathname.replace(/^.*genesis-dr-app\//, '');
    const body = (route.request().postDataJSON() ?? {}) as Record<string, unknown>;
    asked.push({ path, body });
    await route.fulfill(replyTo(path, body));
  };
  for (const path of ['failover', 'failover/*', 'switchover', 'switchover/*', 'nodes/*/*'])
    await page.route(`${prefix}/{operate,admin}/services/*/${path}`, perform);
  await page.route(`${prefix}/admin/operations/*/approve`, perform);
  return { asked };
}

function segment(route: Route, index: number): string {
  return decodeURIComponent(new URL(route.request().url()).pathname.split('/').at(index) ?? '');
}

async function answerServices(route: Route): Promise<void> {
  const reply = await route.fetch();
  const body = (await reply.json()) as Reply<'listServices'>;
  const [own] = body.items;
  if (own === undefined) return route.fulfill({ response: reply });
  const named = (service: Service, failover: Failover): Service => ({ ...service, failover });
  const items = [
    ...body.items.map((service) => named(service, calm)),
    ...Object.entries(others).map(([name, facts]) => named({ ...own, name }, facts)),
  ];
  await route.fulfill({ response: reply, json: { ...body, items } });
}

async function answerOperations(route: Route): Promise<void> {
  const query = new URL(route.request().url()).searchParams;
  const found = [running, waiting].filter(({ service }) => service === query.get('service'));
  if (query.get('active') !== 'true' || found.length === 0) return route.fallback();
  await route.fulfill({ json: { items: found, next: null } });
}

function replyTo(path: string, body: Readonly<Record<string, unknown>>): { status?: number; json: unknown } {
  const [, , service = '', ...rest] = path.split('/').map(decodeURIComponent);
  if (path.endsWith('/approve')) return { json: { ...waiting, state: 'cancelled', endedAt: ago(0) } };
  if (rest[0] === 'failover' && rest[1] !== undefined) return { json: { service } };
  if (rest[1] === 'cancel') return { json: { service } };
  const kind = rest[0] === 'nodes' ? rest[2] : rest[0];
  if (body['dryRun'] === true) return { json: planOf(kind as PlanReply['kind'], service, body) };
  return { status: 202, json: { ...ended, state: 'running', endedAt: null, result: null, steps: running.steps } };
}
