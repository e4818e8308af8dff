import type {
  FailoverPolicy,
  FailoverView,
  NodeFacts,
  NodeFence,
  NodeHealth,
  NodeProbe,
} from '../contract/failover.ts';
import { decideFailover } from './failover.ts';

/** Builders of tests: a service of three nodes whose primary `a` has just been lost. */
export const now = new Date('2026-03-01T12:00:00.000Z');
export const ago = (seconds: number): string => new Date(+now - seconds * 1000).toISOString();

/** The defaults of the configuration. */
export function policyWith(fields: Partial<FailoverPolicy> = {}): FailoverPolicy {
  return {
    strategy: 'active_passive',
    mode: 'auto',
    failuresInRow: 3,
    errorRatio: 0.3,
    responseSeconds: 2,
    successesInRow: 2,
    windowSeconds: 60,
    cooldownSeconds: 300,
    maxPerHour: 3,
    maxLossBytes: 2 ** 20,
    maxLossSeconds: 60,
    preferredRegions: [],
    allowedRegions: null,
    fenceSecondWriter: false,
    minServing: 1,
    managed: false,
    ...fields,
  };
}

export const policy = policyWith();

export function probeWith(fields: Partial<NodeProbe> = {}): NodeProbe {
  return {
    at: ago(0),
    reach: 'answered',
    seconds: 0.01,
    role: 'standby',
    writable: false,
    timeline: 1,
    receivedBytes: 10_000,
    replayedBytes: 10_000,
    upstream: null,
    upstreamSilentSeconds: null,
    synchronousStandbys: null,
    systemId: '7001',
    problem: null,
    ...fields,
  };
}

export const writing = (fields: Partial<NodeProbe> = {}): NodeProbe =>
  probeWith({ role: 'primary', writable: true, synchronousStandbys: [], ...fields });
export const unanswered = (reach: 'silent' | 'refused' | 'failed', fields: Partial<NodeProbe> = {}): NodeProbe =>
  probeWith({ reach, role: null, writable: null, timeline: null, receivedBytes: null, systemId: null, ...fields });

export function healthWith(fields: Partial<NodeHealth> = {}): NodeHealth {
  return {
    failuresInRow: 0,
    successesInRow: 10,
    errorRatio: 0,
    responseSeconds: 0.01,
    probes: 10,
    lastAnsweredAt: ago(0),
    ...fields,
  };
}

export function nodeWith(name: string, fields: Partial<NodeFacts> = {}): NodeFacts {
  return {
    name,
    region: 'local',
    priority: 100,
    candidate: true,
    probe: probeWith(),
    health: healthWith(),
    fence: null,
    lagBytes: 0,
    busy: null,
    ...fields,
  };
}

/** Three probes in a row, one a second, are not answered; the last good one was three seconds ago. */
export const failing = healthWith({ failuresInRow: 3, successesInRow: 0, errorRatio: 0.3, lastAnsweredAt: ago(3) });
export const lost = (reach: 'silent' | 'refused' | 'failed', fields: Partial<NodeFacts> = {}): NodeFacts =>
  nodeWith('a', { probe: unanswered(reach), health: failing, ...fields });
export const well = nodeWith('a', { probe: writing() });

export function viewWith(fields: Partial<FailoverView> = {}): FailoverView {
  return {
    service: 'orders',
    nodes: [lost('refused'), nodeWith('b'), nodeWith('c')],
    primary: 'a',
    primaryPosition: { bytes: 10_000, at: ago(3), bytesPerSecond: 1000 },
    synchronousStandbys: [],
    vantages: [],
    recent: [],
    pausedUntil: null,
    running: null,
    leader: true,
    breakerOpen: false,
    ...fields,
  };
}

export const decide = (fields: Partial<FailoverView>, changed: Partial<FailoverPolicy> = {}) =>
  decideFailover(viewWith(fields), policyWith(changed), now);

export const fenceOf = (node: string, fields: Partial<NodeFence> = {}): NodeFence => ({
  node,
  since: ago(600),
  operationId: 'op_1',
  proof: null,
  manual: false,
  ...fields,
});
export const proven = { method: 'process', detail: 'gone', at: ago(600), seconds: 0.2 } as const;
export const said = (reasons: readonly string[]): string => reasons.join('\n');
