import type { FailoverView } from '../contract/failover.ts';
import {
  ago,
  decide,
  failing,
  fenceOf,
  lost,
  nodeWith,
  probeWith,
  proven,
  said,
  unanswered,
  well,
  writing,
} from './failover-testing.ts';

describe('two writers', () => {
  const old = nodeWith('a', { probe: writing({ timeline: 1 }), fence: fenceOf('a', { proof: proven }) });
  const newer = nodeWith('b', { probe: writing({ timeline: 2 }) });
  const follower = nodeWith('c', { probe: probeWith({ timeline: 2, upstream: 'b', upstreamSilentSeconds: 0 }) });
  const stolen = { nodes: [old, newer, follower], primary: 'b' };

  it('page, and the old primary that came back is fenced where the policy says so', () => {
    expect(decide(stolen)).toMatchObject({ action: 'hold', node: 'a', page: true });
    expect(decide(stolen, { fenceSecondWriter: true })).toMatchObject({
      action: 'fence',
      node: 'a',
      act: true,
      page: true,
    });
  });

  it('are fenced while the breaker is open, and not in a pause', () => {
    expect(decide({ ...stolen, breakerOpen: true }, { fenceSecondWriter: true }).act).toBe(true);
    expect(decide({ ...stolen, pausedUntil: ago(-60) }, { fenceSecondWriter: true })).toMatchObject({
      act: false,
      page: true,
    });
  });

  it('are left to a person where the signs contradict each other: a standby promoted by mistake is on the newest timeline', () => {
    const nodes = [nodeWith('a', { probe: writing() }), newer, nodeWith('c', { probe: probeWith({ upstream: 'a' }) })];
    const decision = decide({ nodes }, { fenceSecondWriter: true });

    expect(decision).toMatchObject({ action: 'hold', page: true });
    expect(said(decision.reasons)).toMatch(/the signs contradict each other/);
  });

  it('are not seen in probes that were made before the last move ended, unless the clock was set back since', () => {
    const before = { ...stolen, recent: [{ at: ago(-1), succeeded: true, automatic: false }] };
    const stale = nodeWith('a', { probe: writing({ at: ago(20) }) });
    const after = {
      nodes: [stale, newer, follower],
      primary: 'b',
      recent: [{ at: ago(10), succeeded: true, automatic: false }],
    };

    expect(decide(before).action).toBe('hold');
    expect(decide(after).action).toBe('none');
  });

  it('are of two clusters: nobody can tell', () => {
    const nodes = [well, nodeWith('b', { probe: writing({ timeline: 2, systemId: '7002' }) })];

    expect(said(decide({ nodes }).reasons)).toMatch(/not of one cluster/);
  });
});

describe('a primary that moved without us', () => {
  it('is followed when the old one is proven down or says that it is a standby, and held when nobody knows', () => {
    const b = nodeWith('b', { probe: writing({ timeline: 2 }) });

    expect(decide({ nodes: [lost('silent', { fence: fenceOf('a', { proof: proven }) }), b] }).action).toBe('none');
    expect(decide({ nodes: [nodeWith('a'), b] }).action).toBe('none');
    expect(decide({ nodes: [lost('silent'), b] })).toMatchObject({ action: 'hold', page: true });
  });

  it('pages when nobody is one any more', () => {
    expect(decide({ nodes: [nodeWith('a'), nodeWith('b')] })).toMatchObject({ action: 'hold', page: true });
    expect(decide({ primary: null })).toMatchObject({ action: 'hold', page: true });
    expect(decide({ nodes: [nodeWith('a', { probe: null }), nodeWith('b', { probe: null })] }).action).toBe('none');
  });

  it('answers and takes no writes: that pages and promotes nobody', () => {
    const full = nodeWith('a', { probe: writing({ writable: false, problem: 'disk full' }) });

    expect(decide({ nodes: [full, nodeWith('b')] })).toMatchObject({ action: 'hold', page: true, act: false });
  });
});

describe('a promotion that ended without proof', () => {
  it('keeps everybody else from being promoted until its node is seen as a standby', () => {
    const doubtful = nodeWith('b', { probe: unanswered('silent'), fence: fenceOf('b') });
    const decision = decide({ nodes: [lost('refused'), doubtful, nodeWith('c')] });

    expect(decision).toMatchObject({ action: 'hold', page: true });
    expect(said(decision.reasons)).toMatch(/b may take writes/);
    expect(decide({ nodes: [lost('refused'), nodeWith('b', { fence: fenceOf('b') }), nodeWith('c')] })).toMatchObject({
      action: 'failover',
      candidate: 'c',
    });
  });
});

describe('histories of real clusters', () => {
  /** Second by second: what the product would have decided. */
  const decisions = (at: (second: number) => Partial<FailoverView>, seconds: number): string[] =>
    Array.from({ length: seconds }, (_, second) => decide(at(second), { fenceSecondWriter: true }).action);

  it('a frozen primary is lost after three seconds and replaced only by way of a fence', () => {
    const frozen = (second: number): Partial<FailoverView> => ({
      nodes: [
        second === 0
          ? well
          : lost('silent', {
              health: { ...failing, errorRatio: second / 10, failuresInRow: second, lastAnsweredAt: ago(second) },
            }),
        // Its connection stands as long as the receiver's time-out; nothing comes through it.
        nodeWith('b', { probe: probeWith({ upstream: 'a', upstreamSilentSeconds: second }) }),
      ],
    });

    expect(decisions(frozen, 5)).toEqual(['none', 'none', 'none', 'failover', 'failover']);
  });

  it('an old leader that thaws and writes on is fenced at the first look', () => {
    const thaws = (second: number): Partial<FailoverView> => ({
      primary: 'b',
      nodes: [
        second < 2
          ? lost('silent', { fence: fenceOf('a') })
          : nodeWith('a', { probe: writing({ timeline: 1 }), fence: fenceOf('a') }),
        nodeWith('b', { probe: writing({ timeline: 2 }) }),
        nodeWith('c', { probe: probeWith({ timeline: 2, upstream: 'b', upstreamSilentSeconds: 0 }) }),
      ],
    });

    expect(decisions(thaws, 4)).toEqual(['none', 'none', 'fence', 'fence']);
  });

  it('an old leader that stole its place back on a newer timeline is not fenced by guess', () => {
    const stolen = decide(
      {
        primary: 'b',
        nodes: [
          nodeWith('a', { probe: writing({ timeline: 3 }) }),
          nodeWith('b', { probe: writing({ timeline: 2 }) }),
          nodeWith('c', { probe: probeWith({ timeline: 3, upstream: 'a' }) }),
        ],
      },
      { fenceSecondWriter: true },
    );

    expect(stolen).toMatchObject({ action: 'hold', page: true });
  });
});
