import type { FailoverPolicy, FailoverView } from '../contract/failover.ts';
import {
  ago,
  decide,
  failing,
  healthWith,
  lost,
  nodeWith,
  now,
  policy,
  policyWith,
  probeWith,
  said,
  unanswered,
  viewWith,
  well,
  writing,
} from './failover-testing.ts';
import { standingAnswer } from './failover.ts';

describe('a primary that Genesis cannot see into, or could never prove down', () => {
  it('answers and does not say whether it writes: a person has to look, and nothing is done', () => {
    const mute = nodeWith('a', { probe: probeWith({ role: null, writable: null, problem: 'the login is refused' }) });

    expect(decide({ nodes: [mute, nodeWith('b')] })).toMatchObject({
      action: 'hold',
      page: true,
      reasons: ['a answers and does not say whether it takes writes: the login is refused'],
    });
    expect(decide({ nodes: [mute, nodeWith('b')] }, { managed: true }).action).toBe('none');
  });

  it('is not cut off from its clients only to find that out', () => {
    const held = decide({ unfenceable: ['a'] });

    expect(held).toMatchObject({ action: 'hold', node: 'a', page: true });
    expect(held.reasons).toContain('nothing that is configured could prove that a is down: only a person can go on');
    expect(decide({ unfenceable: ['b'] }).action).toBe('failover');
    expect(standingAnswer(viewWith({ nodes: [well, nodeWith('b')], unfenceable: ['a'] }), policy, now)).toMatchObject({
      wouldSucceed: true,
      reasons: [
        'b could take over',
        'only by hand: nothing that is configured could prove that a is down: only a person can go on',
      ],
    });
  });
});

describe('a failover', () => {
  it('is decided when the primary is lost and a standby has all it needs', () => {
    expect(decide({})).toEqual({
      action: 'failover',
      node: 'a',
      candidate: 'b',
      act: true,
      page: false,
      reasons: ['a is lost: 3 probes in a row failed, the last one was refused'],
      loss: { bytes: 3000, seconds: 3, detail: expect.any(String) },
    });
  });

  it('is not while the primary answers, or fails less often than allowed', () => {
    expect(decide({ nodes: [well, nodeWith('b')] })).toMatchObject({ action: 'none', page: false });
    const once = nodeWith('a', { probe: unanswered('silent'), health: healthWith({ failuresInRow: 1 }) });
    expect(said(decide({ nodes: [once, nodeWith('b')] }).reasons)).toBe('1 of 3 probes of a failed');
  });

  it('is only written down by observe, left to a person by manual, a pause, the cooldown and another exporter', () => {
    const recent = [{ at: ago(40), succeeded: true, automatic: true }];

    expect(decide({}, { mode: 'observe' })).toMatchObject({ action: 'failover', act: false, page: false });
    expect(decide({}, { mode: 'observe' }).reasons[0]).toBe('would fail over from a to b now, because');
    expect(decide({}, { mode: 'manual' })).toMatchObject({ action: 'failover', act: false, page: true });
    expect(decide({ pausedUntil: ago(-60) })).toMatchObject({ act: false, page: true });
    expect(decide({ pausedUntil: ago(60) })).toMatchObject({ act: true });
    expect(decide({ recent })).toMatchObject({ action: 'failover', act: false, page: true });
    expect(said(decide({ recent }).reasons)).toMatch(/ended 40 s ago, 5 min have to pass/);
    expect(decide({ leader: false })).toMatchObject({ act: false, page: false });
  });

  it('is not decided while something runs', () => {
    expect(decide({ running: 'switchover' })).toMatchObject({ action: 'none', reasons: ['switchover runs'] });
  });

  it('waits where a planned move was the last one: only its own moves count for the cooldown', () => {
    expect(decide({ recent: [{ at: ago(4), succeeded: true, automatic: false }] }).act).toBe(true);
  });

  it('is held and pages when it flaps, the breaker is open, or the product holds the lock', () => {
    const recent = [1000, 2000, 3000].map((s) => ({ at: ago(s), succeeded: true, automatic: true }));

    expect(decide({ recent })).toMatchObject({ action: 'hold', page: true });
    expect(said(decide({ recent }).reasons)).toMatch(/flapping: 3 automatic failovers within an hour, 3 are allowed/);
    expect(decide({ breakerOpen: true })).toMatchObject({ action: 'hold', page: true });
    expect(decide({}, { managed: true })).toMatchObject({ action: 'hold', act: false, page: false });
    const long = lost('silent', { health: { ...failing, lastAnsweredAt: ago(90) } });
    expect(decide({ nodes: [long, nodeWith('b')] }, { managed: true }).page).toBe(true);
  });

  it('is held where the clock was set back behind the last one', () => {
    const decision = decide({ recent: [{ at: ago(-3000), succeeded: true, automatic: true }] });

    expect(decision).toMatchObject({ act: false, page: true });
    expect(said(decision.reasons)).toMatch(/in the future: the clock was set back/);
  });
});

describe('the standing answer', () => {
  const answer = (fields: Partial<FailoverView>, changed: Partial<FailoverPolicy> = {}) =>
    standingAnswer(viewWith({ nodes: [well, nodeWith('b'), nodeWith('c')], ...fields }), policyWith(changed), now);

  it('is not known where a product would have to move it and says nothing, or has lost its store', () => {
    const mute = (name: string) => nodeWith(name, { probe: probeWith({ problem: 'Patroni does not answer' }) });

    expect(answer({ nodes: [well, mute('b'), mute('c')] }, { managed: true })).toMatchObject({
      wouldSucceed: null,
      candidate: 'b',
    });
    expect(answer({ nodes: [well, mute('b'), nodeWith('c')] }, { managed: true })).toMatchObject({
      wouldSucceed: true,
      candidate: 'c',
    });
    expect(answer({ nodes: [well, mute('b'), mute('c')] })).toMatchObject({ wouldSucceed: true });
  });

  it('is yes with the candidate and the loss while the primary is well', () => {
    expect(answer({})).toMatchObject({ wouldSucceed: true, candidate: 'b', loss: { bytes: 3000 }, rejected: [] });
  });

  it('is no with the reason of every node', () => {
    const none = answer({ nodes: [well, nodeWith('b', { candidate: false }), nodeWith('c', { busy: 'backup' })] });

    expect(none).toMatchObject({ wouldSucceed: false, candidate: null });
    expect(none.rejected.map(({ node }) => node)).toEqual(['b', 'c']);
    expect(answer({ breakerOpen: true }).wouldSucceed).toBe(false);
    expect(answer({ running: 'rejoin' }).wouldSucceed).toBe(false);
  });

  it('is not known where nothing was looked at', () => {
    expect(answer({ primary: null }).wouldSucceed).toBeNull();
    expect(answer({ nodes: [well, nodeWith('b', { probe: null })] }).wouldSucceed).toBeNull();
  });

  it('is yes by hand where only the automation is kept from it', () => {
    const paused = answer({ pausedUntil: ago(-60) }, { mode: 'manual' });

    expect(paused.wouldSucceed).toBe(true);
    expect(paused.reasons.slice(1)).toEqual(['only by hand: mode manual', expect.stringMatching(/paused until/)]);
  });

  it('of a service without a log has an unknown loss and is no worse for it', () => {
    const bare = { timeline: null, receivedBytes: null, systemId: null };
    const nodes = [nodeWith('a', { probe: writing(bare) }), nodeWith('b', { probe: probeWith(bare) })];

    expect(answer({ nodes, primaryPosition: null })).toMatchObject({
      wouldSucceed: true,
      candidate: 'b',
      loss: { bytes: null },
    });
  });
});
