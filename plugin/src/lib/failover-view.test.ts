import type { NodeFacts, NodeProbe } from '@genesis-dr/exporter/contract';
import type { Failover } from '../api/failover.ts';
import {
  hasPrimary,
  isForcible,
  lossText,
  moveResult,
  nodeVerdict,
  plannedMove,
  topologyOf,
  writersTooMany,
} from './failover-view.ts';

const at = '2026-11-22T03:00:00.000Z';

function probeWith(change: Partial<NodeProbe> = {}): NodeProbe {
  return {
    at,
    reach: 'answered',
    seconds: 0.003,
    role: 'standby',
    writable: false,
    timeline: 2,
    receivedBytes: 100,
    replayedBytes: 100,
    upstream: 'vienna',
    upstreamSilentSeconds: 0.2,
    synchronousStandbys: null,
    systemId: '7',
    problem: null,
    ...change,
  };
}

function nodeWith(change: Partial<NodeFacts> = {}): NodeFacts {
  return {
    name: 'berlin',
    region: 'eu-1',
    priority: 100,
    candidate: true,
    probe: probeWith(),
    health: {
      failuresInRow: 0,
      successesInRow: 9,
      errorRatio: 0,
      responseSeconds: 0.003,
      probes: 9,
      lastAnsweredAt: at,
    },
    fence: null,
    lagBytes: 0,
    busy: null,
    ...change,
  };
}

const vienna = nodeWith({
  name: 'vienna',
  probe: probeWith({ role: 'primary', writable: true, upstream: null, upstreamSilentSeconds: null }),
});
const calm = { primary: 'vienna', writable: ['vienna'], strategy: 'active_passive' } as const;
const proof = { method: 'process', detail: 'no process', at, seconds: 0.4 } as const;

describe('what is said of a node', () => {
  it.each([
    ['primary', vienna, calm],
    ['standby', nodeWith(), calm],
    ['unknown', nodeWith({ probe: null }), calm],
    ['unknown', nodeWith({ probe: probeWith({ role: null }) }), calm],
    ['silent', nodeWith({ probe: probeWith({ reach: 'silent', role: null }) }), calm],
    ['refused', nodeWith({ probe: probeWith({ reach: 'refused', role: null }) }), calm],
    ['failed', nodeWith({ probe: probeWith({ reach: 'failed', role: null }) }), calm],
    ['fenced', nodeWith({ fence: { node: 'berlin', since: at, operationId: 'o1', manual: false, proof } }), calm],
    [
      'fence_unproven',
      nodeWith({ fence: { node: 'berlin', since: at, operationId: 'o1', manual: false, proof: null } }),
      calm,
    ],
    ['second_writer', nodeWith(), { ...calm, writable: ['vienna', 'berlin'] }],
    ['serves', nodeWith({ probe: probeWith({ role: 'primary' }) }), { ...calm, strategy: 'multi_master' }],
  ] as const)('%s', (verdict, node, facts) => {
    expect(nodeVerdict(node, facts)).toBe(verdict);
  });

  it('a fence that is not proven does not hide that the node writes', () => {
    const node = nodeWith({ fence: { node: 'berlin', since: at, operationId: 'o1', manual: false, proof: null } });

    expect(nodeVerdict(node, { ...calm, writable: ['vienna', 'berlin'] })).toBe('second_writer');
  });

  it('several writers are too many only where one may write', () => {
    const writable = ['a', 'b'];

    expect(writersTooMany({ writable, strategy: 'active_passive' })).toEqual(writable);
    expect(writersTooMany({ writable, strategy: 'multi_master' })).toEqual([]);
    expect(writersTooMany({ writable: ['a'], strategy: 'active_passive' })).toEqual([]);
  });

  it('the primary is there only while it answers and is not fenced', () => {
    const gone = nodeWith({ name: 'vienna', probe: probeWith({ reach: 'silent' }) });

    expect(hasPrimary({ primary: 'vienna', nodes: [vienna] })).toBe(true);
    expect(hasPrimary({ primary: 'vienna', nodes: [gone] })).toBe(false);
    expect(hasPrimary({ primary: null, nodes: [vienna] })).toBe(false);
    expect(hasPrimary({ primary: 'elsewhere', nodes: [vienna] })).toBe(false);
  });
});

describe('a predicted loss in words', () => {
  it.each([
    [{ bytes: 0, seconds: 0 }, 'at most 0 B'],
    [{ bytes: 1536, seconds: 2 }, 'at most 1.5 KiB, writes of 2 s'],
    [{ bytes: 1536, seconds: null }, 'at most 1.5 KiB'],
    [{ bytes: null, seconds: 3 }, 'bytes not known, writes of 3 s'],
    [{ bytes: null, seconds: null }, 'an amount that is not known'],
    [null, 'an amount that is not known'],
  ])('%j', (loss, text) => {
    expect(lossText(loss)).toBe(text);
  });
});

describe('whether a person may go past what blocks', () => {
  const blocker = (code: string) => ({ code: code as 'failover_held', message: 'm', hint: 'h' });

  it('only where nothing else stands in the way', () => {
    expect(isForcible(undefined)).toBe(false);
    expect(isForcible({ blockers: [] })).toBe(false);
    expect(isForcible({ blockers: [blocker('fencing_unproven'), blocker('failover_held')] })).toBe(true);
    expect(isForcible({ blockers: [blocker('fencing_unproven'), blocker('no_candidate')] })).toBe(false);
  });
});

describe('facts that travel in free form', () => {
  it('are read with suspicion: what is missing is not known', () => {
    expect(plannedMove({ kind: 'restore', facts: {} })).toBeNull();
    expect(plannedMove({ kind: 'failover', facts: { candidate: 'berlin', predictedLossBytes: 0, fence: '' } })).toEqual(
      {
        kind: 'failover',
        from: null,
        candidate: 'berlin',
        loss: { bytes: 0, seconds: null },
        fence: null,
        balancer: null,
      },
    );
    expect(moveResult({ kind: 'failover', result: null })).toBeNull();
    expect(moveResult({ kind: 'fence', result: {} })).toBeNull();
    expect(moveResult({ kind: 'switchover', result: { to: 'berlin', measuredLossBytes: 'none' } })).toEqual({
      from: null,
      to: 'berlin',
      predictedBytes: null,
      measuredBytes: null,
      warnings: [],
    });
  });
});

describe('what is drawn', () => {
  const facts = { ...calm, nodes: [nodeWith(), vienna] } as unknown as Failover;
  const servers = [
    { node: 'vienna', state: 'up', sessions: 1 },
    { node: 'berlin', state: 'down', sessions: null },
  ] as const;
  const value = { kind: 'haproxy', servers, writer: 'vienna', problem: null };
  const balancer = { known: true, at, value } as unknown as Failover['balancer'];

  it('the primary stands first, and streams from nobody whatever an old answer says', () => {
    const { nodes } = topologyOf({ ...facts, balancer: null });

    expect(nodes).toEqual([
      { name: 'vienna', upstream: null },
      { name: 'berlin', upstream: 'vienna' },
    ]);
  });

  it('the balancer leads to the writer that was reached through it, to nobody where that is not known', () => {
    expect(topologyOf({ ...facts, balancer: null }).balancer).toBeNull();
    expect(topologyOf({ ...facts, balancer }).balancer).toEqual(['vienna']);
    const unknown = { known: false, at, error: { code: 'balancer_failed', message: 'no socket', hint: 'h' } } as const;
    expect(topologyOf({ ...facts, balancer: unknown }).balancer).toEqual([]);
    expect(topologyOf({ ...facts, strategy: 'active_active', balancer }).balancer).toEqual(['vienna']);
  });
});
