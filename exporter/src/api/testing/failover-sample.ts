import type { FailoverFacts, NodeFacts, NodeProbe } from '../../contract/failover.ts';

const at = '2026-11-22T02:00:00.000Z';

function node(name: string, probe: Partial<NodeProbe>): NodeFacts {
  return {
    name,
    region: 'local',
    priority: 100,
    candidate: true,
    probe: {
      at,
      reach: 'answered',
      seconds: 0.004,
      role: 'standby',
      writable: false,
      timeline: 3,
      receivedBytes: 50_331_648,
      replayedBytes: 50_331_648,
      upstream: 'db1',
      upstreamSilentSeconds: 0.4,
      synchronousStandbys: null,
      systemId: '7711032490159765257',
      problem: null,
      ...probe,
    },
    health: {
      failuresInRow: 0,
      successesInRow: 6,
      errorRatio: 0,
      responseSeconds: 0.004,
      probes: 6,
      lastAnsweredAt: at,
    },
    fence: null,
    lagBytes: name === 'db1' ? null : 0,
    busy: null,
  };
}

/** A pair in which all is well. */
export function aFailover(): FailoverFacts {
  return {
    engine: 'postgres',
    strategy: 'active_passive',
    mode: 'auto',
    nodes: [
      node('db1', {
        role: 'primary',
        writable: true,
        upstream: null,
        upstreamSilentSeconds: null,
        replayedBytes: null,
        synchronousStandbys: [],
      }),
      node('db2', {}),
    ],
    primary: 'db1',
    writable: ['db1'],
    uncounted: [],
    balancer: {
      known: true,
      at,
      value: {
        kind: 'haproxy',
        servers: [{ node: 'db1', state: 'up', sessions: 4, check: 'speaks' }],
        writer: 'db1',
        problem: null,
      },
    },
    vantages: [{ from: 'db2', about: 'db1', alive: true, at, detail: 'db2 heard from it 0.4 s ago' }],
    standing: {
      wouldSucceed: true,
      candidate: 'db2',
      loss: { bytes: 0, seconds: 0, detail: 'nothing' },
      reasons: ['db2 could take over'],
      rejected: [],
    },
    decision: {
      at,
      action: 'none',
      node: null,
      candidate: null,
      act: false,
      page: false,
      reasons: ['db1 answers'],
      loss: null,
    },
    pause: null,
    scheduled: null,
    breakers: [
      { name: 'service', state: 'closed', failureCount: 0, lastFailureAt: null, nextAttemptAt: null, halfOpenCalls: 0 },
    ],
    history: [],
    promotions: null,
    warnings: [],
  };
}
