import type { NodeHealth, NodeProbe } from '../contract/failover.ts';
import {
  ago,
  decide,
  healthWith,
  lost,
  nodeWith,
  now,
  policy,
  probeWith,
  said,
  unanswered,
} from './failover-testing.ts';
import { isLost, summarizeProbes } from './failover.ts';

describe('probes of a node', () => {
  const round = (pattern: string, every = 5): NodeProbe[] =>
    [...pattern].map((sign, index) =>
      sign === '.'
        ? probeWith({ at: ago((pattern.length - 1 - index) * every) })
        : unanswered('silent', { at: ago((pattern.length - 1 - index) * every), seconds: 2 }),
    );

  it('are summed up in runs, a share of the window and the last answer', () => {
    expect(summarizeProbes(round('...x.xx'), policy, now)).toEqual({
      failuresInRow: 2,
      successesInRow: 0,
      errorRatio: 3 / 7,
      responseSeconds: 0.01,
      probes: 7,
      lastAnsweredAt: ago(10),
      refusedSince: null,
    });
  });

  it('say nothing before the first', () => {
    expect(summarizeProbes([], policy, now)).toEqual({
      ...healthWith({ successesInRow: 0, errorRatio: null, responseSeconds: null, probes: 0, lastAnsweredAt: null }),
      refusedSince: null,
    });
  });

  it('count for runs beyond the window, which may be shorter than they are', () => {
    const health = summarizeProbes(round('..xxx', 30), policy, now);

    expect(health).toMatchObject({ failuresInRow: 3, probes: 3, lastAnsweredAt: ago(90) });
  });

  it('from a clock that was set back do not fill the window', () => {
    const future = round('xxxx').map((p) => ({ ...p, at: ago(-7200) }));

    expect(summarizeProbes([...future, probeWith()], policy, now)).toMatchObject({ probes: 1, failuresInRow: 0 });
  });

  it('lose a node by failures in a row, by their share, and by the time they take', () => {
    const by = (health: Partial<NodeHealth>) => isLost(nodeWith('a', { health: healthWith(health) }), policy);

    expect(by({ failuresInRow: 3 }).lost).toBe(true);
    expect(by({ failuresInRow: 2 }).lost).toBe(false);
    expect(by({ errorRatio: 0.4, successesInRow: 0 })).toEqual({
      lost: true,
      why: '4 of 10 probes within 60 s failed',
    });
    expect(by({ responseSeconds: 2.5 })).toEqual({ lost: true, why: 'it took 2.5 s to answer, on average' });
  });

  it('lose no node by a share of a handful, nor one that answers well again', () => {
    const by = (health: Partial<NodeHealth>) => isLost(nodeWith('a', { health: healthWith(health) }), policy).lost;

    expect(by({ errorRatio: 1, probes: 2, failuresInRow: 2, successesInRow: 0 })).toBe(false);
    expect(by({ errorRatio: 0.4, successesInRow: 2 })).toBe(false);
    expect(by({ responseSeconds: 9, probes: 2 })).toBe(false);
  });
});

describe('second vantage points', () => {
  const following = (silent: number | null) =>
    nodeWith('b', { probe: probeWith({ upstream: 'a', upstreamSilentSeconds: silent }) });
  const balancer = (alive: boolean | null, seconds = 0) => [
    { from: 'balancer', about: 'a', alive, at: ago(seconds), detail: 'up' },
  ];

  it('hold it while a standby still receives from the primary', () => {
    const decision = decide({ nodes: [lost('silent'), following(0.2)] });

    expect(decision).toMatchObject({ action: 'hold', page: true });
    expect(said(decision.reasons)).toMatch(/b still receives from it, 0.2 s ago/);
  });

  it('do not hold it by what came before the first failed probe, or from a clock that was moved', () => {
    expect(decide({ nodes: [lost('silent'), following(2.4)] }).action).toBe('failover');
    expect(decide({ nodes: [lost('silent'), following(-30)] }).action).toBe('failover');
    expect(decide({ nodes: [lost('silent'), following(null)] }).action).toBe('failover');
  });

  it('hold it while the load balancer reaches a silent primary, and not when nobody listens there any more', () => {
    expect(decide({ nodes: [lost('silent'), nodeWith('b')], vantages: balancer(true) }).action).toBe('hold');
    expect(decide({ nodes: [lost('silent'), nodeWith('b')], vantages: balancer(true, 30) }).action).toBe('failover');
    expect(decide({ nodes: [lost('silent'), nodeWith('b')], vantages: balancer(null) }).action).toBe('failover');
    expect(decide({ vantages: balancer(true) }).action).toBe('failover');
  });

  it('do not speak for a primary that says itself that it fails', () => {
    expect(decide({ nodes: [lost('failed'), following(0.1)] }).action).toBe('failover');
  });

  it('hold it when no other node answers: it may be us', () => {
    const decision = decide({ nodes: [lost('silent'), nodeWith('b', { probe: unanswered('silent') })] });

    expect(said(decision.reasons)).toMatch(/no other node answers either/);
    expect(decision).toMatchObject({ action: 'hold', page: true });
  });
});
