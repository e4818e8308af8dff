import type { Failover } from '../../src/api/failover.ts';

/** What the examples of failover are made of: nodes, their probes, what happened before. */

type NodeFacts = Failover['nodes'][number];
type NodeProbe = NonNullable<NodeFacts['probe']>;

export const second = 1_000;
export const minute = 60 * second;
export const hour = 60 * minute;
export const now = Math.floor(Date.now() / second) * second;
export const ago = (ms: number): string => new Date(now - ms).toISOString();

export function probeWith(change: Partial<NodeProbe> = {}): NodeProbe {
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

export function nodeWith(name: string, change: Partial<NodeFacts> = {}): NodeFacts {
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

export const primaryProbe = probeWith({
  role: 'primary',
  writable: true,
  upstream: null,
  upstreamSilentSeconds: null,
  synchronousStandbys: ['berlin'],
});
export const silentHealth = {
  failuresInRow: 7,
  successesInRow: 0,
  errorRatio: 0.117,
  responseSeconds: 0.0021,
  probes: 60,
  lastAnsweredAt: ago(72 * second),
};
export const silentProbe = probeWith({
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

export const history: Failover['history'] = [
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

export const breakers: Failover['breakers'] = [
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
