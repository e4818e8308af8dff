import type { Failover } from '../../src/api/failover.ts';
import {
  ago,
  breakers,
  history,
  hour,
  minute,
  nodeWith,
  now,
  primaryProbe,
  probeWith,
  second,
  silentHealth,
  silentProbe,
} from './example-failover-parts.ts';

/** Services in every state that the page can show. */

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
