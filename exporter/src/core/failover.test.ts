import type {
  FailoverPolicy,
  FailoverView,
  NodeFacts,
  NodeFence,
  NodeHealth,
  NodeProbe,
} from '../contract/failover.ts';
import {
  chooseCandidate,
  decideFailover,
  isLost,
  predictLoss,
  standingAnswer,
  summarizeProbes,
  whyNotPromote,
} from './failover.ts';

const now = new Date('2026-03-01T12:00:00.000Z');
const ago = (seconds: number): string => new Date(+now - seconds * 1000).toISOString();

const policy: FailoverPolicy = {
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
};

function probeWith(fields: Partial<NodeProbe> = {}): NodeProbe {
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

const writing = (fields: Partial<NodeProbe> = {}): NodeProbe =>
  probeWith({ role: 'primary', writable: true, synchronousStandbys: [], ...fields });
const unanswered = (reach: 'silent' | 'refused' | 'failed', fields: Partial<NodeProbe> = {}): NodeProbe =>
  probeWith({ reach, role: null, writable: null, timeline: null, receivedBytes: null, systemId: null, ...fields });

function healthWith(fields: Partial<NodeHealth> = {}): NodeHealth {
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

function nodeWith(name: string, fields: Partial<NodeFacts> = {}): NodeFacts {
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
const failing = healthWith({ failuresInRow: 3, successesInRow: 0, errorRatio: 0.3, lastAnsweredAt: ago(3) });
const lost = (reach: 'silent' | 'refused' | 'failed', fields: Partial<NodeFacts> = {}): NodeFacts =>
  nodeWith('a', { probe: unanswered(reach), health: failing, ...fields });
const well = nodeWith('a', { probe: writing() });

function viewWith(fields: Partial<FailoverView> = {}): FailoverView {
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

const decide = (fields: Partial<FailoverView>, changed: Partial<FailoverPolicy> = {}) =>
  decideFailover(viewWith(fields), { ...policy, ...changed }, now);

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

const fenceOf = (node: string, fields: Partial<NodeFence> = {}): NodeFence => ({
  node,
  since: ago(600),
  operationId: 'op_1',
  proof: null,
  manual: false,
  ...fields,
});
const proven = { method: 'process', detail: 'gone', at: ago(600), seconds: 0.2 } as const;
const said = (reasons: readonly string[]): string => reasons.join('\n');

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

describe('the candidate', () => {
  const choose = (
    nodes: readonly NodeFacts[],
    fields: Partial<FailoverView> = {},
    changed: Partial<FailoverPolicy> = {},
  ) => chooseCandidate(viewWith({ nodes: [lost('refused'), ...nodes], ...fields }), { ...policy, ...changed }, now);
  const why = (node: Partial<NodeFacts>, fields: Partial<FailoverView> = {}, changed: Partial<FailoverPolicy> = {}) =>
    choose([nodeWith('b', node), nodeWith('z')], fields, changed).rejected.find((r) => r.node === 'b')?.reason;

  it('is the one of the preferred region, then with the most log, the lowest priority, the first name', () => {
    const ahead = nodeWith('c', { probe: probeWith({ receivedBytes: 10_500 }) });

    expect(choose([nodeWith('b'), ahead]).candidate?.name).toBe('c');
    expect(
      choose([nodeWith('b', { region: 'north' }), ahead], {}, { preferredRegions: ['north'] }).candidate?.name,
    ).toBe('b');
    expect(choose([nodeWith('b'), nodeWith('c', { priority: 1 })]).candidate?.name).toBe('c');
    expect(choose([nodeWith('c'), nodeWith('b')]).candidate?.name).toBe('b');
  });

  it('is refused with its reason', () => {
    expect(why({ candidate: false })).toBe('it is never to be promoted');
    expect(why({ fence: fenceOf('b', { proof: proven }) })).toMatch(/was taken out at/);
    expect(why({ busy: 'backup' })).toBe('it is busy: backup');
    expect(why({ probe: unanswered('silent') })).toBe('its last probe was not answered');
    expect(why({ probe: null })).toBe('its last probe was never made');
    expect(why({ health: healthWith({ successesInRow: 1 }) })).toBe('it answered 1 probes in a row, 2 are needed');
    expect(why({ probe: probeWith({ role: 'primary' }) })).toBe('it is no standby');
    expect(why({ probe: probeWith({ role: null }) })).toBe('its role is not known');
    expect(why({ probe: probeWith({ timeline: null }) })).toBe('its timeline is not known');
    expect(why({ probe: probeWith({ systemId: null }) })).toMatch(/not known whether its data is of this cluster/);
    expect(why({}, {}, { allowedRegions: ['north'] })).toMatch(/region local is not one/);
    expect(why({ probe: probeWith({ receivedBytes: null }) })).toMatch(/what would be lost is not known/);
    expect(why({ probe: probeWith({ receivedBytes: 0 }) }, {}, { maxLossBytes: 5000 })).toMatch(
      /12.7 KiB would be lost/,
    );
    expect(why({}, {}, { maxLossSeconds: 2 })).toBe('writes of 3.0 s would be lost, more than the allowed 2 s');
  });

  it('is on the timeline that the primary was on, whoever is left to answer', () => {
    const primaryPosition = { bytes: 10_000, at: ago(3), bytesPerSecond: 1000, timeline: 2 };
    const [behind, right, apart] = [1, 2, 3].map((timeline) =>
      nodeWith(`t${timeline}`, { probe: probeWith({ timeline }) }),
    );
    const among = (...nodes: (NodeFacts | undefined)[]) =>
      decide({ nodes: [lost('refused'), ...nodes.filter((node) => node !== undefined)], primaryPosition });

    expect(among(behind)).toMatchObject({ action: 'hold', page: true });
    expect(among(behind).reasons).toContain('t1: it is on timeline 1, behind 2');
    expect(among(apart).reasons).toContain('t3: it is on timeline 3, and the primary was on 2: it went another way');
    expect(among(behind, right, apart)).toMatchObject({ action: 'failover', candidate: 't2' });
  });

  it('is never on an older timeline than another node, nor of another cluster', () => {
    expect(choose([nodeWith('b'), nodeWith('c', { probe: probeWith({ timeline: 2 }) })])).toMatchObject({
      candidate: { name: 'c' },
      rejected: [{ node: 'b', reason: 'it is on timeline 1, behind 2' }],
    });
    expect(choose([nodeWith('b'), nodeWith('c', { probe: probeWith({ systemId: '7002' }) })]).candidate).toBeNull();
  });

  it('is only a synchronous one where commits waited for one, and then nothing is lost', () => {
    const ahead = nodeWith('c', { probe: probeWith({ receivedBytes: 90_000 }) });
    const choice = choose([nodeWith('b'), ahead], { synchronousStandbys: ['b'] });

    expect(choice).toMatchObject({ candidate: { name: 'b' }, loss: { bytes: 0, seconds: 0 } });
    expect(choice.rejected).toEqual([{ node: 'c', reason: 'it is not synchronous: it may lack confirmed commits' }]);
  });

  it('of several synchronous ones is ahead of all others, and all of them have to say so', () => {
    const ahead = nodeWith('c', { probe: probeWith({ receivedBytes: 10_001 }) });
    const synchronousStandbys = ['b', 'c'];

    expect(choose([nodeWith('b'), ahead], { synchronousStandbys }).candidate?.name).toBe('c');
    expect(
      choose([nodeWith('b'), nodeWith('c', { probe: unanswered('silent') })], { synchronousStandbys }).candidate,
    ).toBeNull();
  });

  it('is nobody: it is held with the reason of every node', () => {
    const decision = decide({ nodes: [lost('refused'), nodeWith('b', { candidate: false })] });

    expect(decision).toMatchObject({ action: 'hold', page: true, candidate: null });
    expect(decision.reasons.slice(1)).toEqual(['no candidate', 'b: it is never to be promoted']);
  });

  it('is judged again right before it is promoted', () => {
    const again = (nodes: readonly NodeFacts[], planned = false) =>
      whyNotPromote(viewWith({ nodes, synchronousStandbys: ['b', 'c'] }), policy, { candidate: 'b', planned }, now);

    expect(again([lost('refused'), nodeWith('b'), nodeWith('c')])).toBeNull();
    const overtaken = [lost('refused'), nodeWith('b'), nodeWith('c', { probe: probeWith({ receivedBytes: 10_020 }) })];
    expect(again(overtaken)).toBe('c has received more than it');
    expect(again(overtaken, true)).toBeNull();
    expect(again([lost('refused'), nodeWith('b'), nodeWith('c', { probe: writing() })], true)).toBe('c takes writes');
  });

  it('may be forced past an unknown loss by a person', () => {
    const blind = { primaryPosition: null };

    expect(choose([nodeWith('b')], blind).candidate).toBeNull();
    expect(choose([nodeWith('b')], blind, { maxLossBytes: Infinity }).candidate?.name).toBe('b');
  });
});

describe('the predicted loss', () => {
  const predict = (primary: NodeFacts, fields: Partial<FailoverView> = {}) =>
    predictLoss(viewWith({ nodes: [primary, nodeWith('b')], ...fields }), nodeWith('b'), now);

  it('of a silent primary grows until now, because it may still serve others', () => {
    const position = { bytes: 12_000, at: ago(40), bytesPerSecond: 1000 };

    expect(predict(lost('silent'), { primaryPosition: position })).toMatchObject({ bytes: 42_000, seconds: 42 });
  });

  it('of one that refuses ends with the first refused probe: it may have served others while it was silent', () => {
    const health = (since: number) => ({ health: { ...failing, refusedSince: ago(since) } });

    expect(predict(lost('refused', health(2)))).toMatchObject({ bytes: 1000, seconds: 1 });
    expect(predict(lost('refused'))).toMatchObject({ bytes: 3000 });
    const probes = ['answered', 'silent', 'refused', 'refused'] as const;
    const round = probes.map((reach, index) => probeWith({ reach, at: ago(3 - index) }));
    expect(summarizeProbes(round, policy, now).refusedSince).toBe(ago(1));
  });

  it('ends with the proof that it was stopped', () => {
    const fenced = lost('silent', { fence: fenceOf('a', { proof: { ...proven, at: ago(1) } }) });

    expect(predict(fenced)).toMatchObject({ bytes: 2000, seconds: 2 });
  });

  it('is unknown, not none, without a position and after the clock was set back', () => {
    expect(predict(lost('silent'), { primaryPosition: null })).toMatchObject({ bytes: null, seconds: null });
    const later = { bytes: 10_000, at: ago(-60), bytesPerSecond: 0 };
    expect(predict(lost('silent'), { primaryPosition: later })).toMatchObject({ bytes: null });
  });

  it('of a standby that lags behind an idle primary has no time', () => {
    const idle = { bytes: 12_000, at: ago(3), bytesPerSecond: 0 };

    expect(predict(lost('silent'), { primaryPosition: idle })).toMatchObject({ bytes: 2000, seconds: null });
  });
});

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

describe('where all nodes serve', () => {
  const all = { strategy: 'active_active', minServing: 2 } as const;
  const plain = (name: string, fields: Partial<NodeFacts> = {}) => nodeWith(name, { probe: writing(), ...fields });
  const gone = (name: string) => plain(name, { probe: unanswered('refused'), health: failing });

  it('a failed one is taken out while enough remain, else people are called', () => {
    expect(decide({ nodes: [plain('a'), plain('b'), gone('c')] }, all)).toMatchObject({
      action: 'drop',
      node: 'c',
      act: true,
    });
    expect(decide({ nodes: [plain('a'), gone('b')] }, all)).toMatchObject({ action: 'hold', page: true });
    expect(decide({ nodes: [plain('a'), plain('b')] }, all).action).toBe('none');
  });

  it('one that is well again comes back, unless a person took it out', () => {
    const out = (manual: boolean) => plain('c', { fence: fenceOf('c', { manual }) });

    expect(decide({ nodes: [plain('a'), plain('b'), out(false)] }, all)).toMatchObject({
      action: 'readmit',
      node: 'c',
    });
    expect(decide({ nodes: [plain('a'), plain('b'), out(true)] }, all).action).toBe('none');
  });

  it('the standing answer counts who would be left', () => {
    const answer = (nodes: readonly NodeFacts[]) => standingAnswer(viewWith({ nodes }), { ...policy, ...all }, now);

    expect(answer([plain('a'), plain('b'), plain('c')]).wouldSucceed).toBe(true);
    expect(answer([plain('a'), plain('b'), gone('c')])).toMatchObject({
      wouldSucceed: false,
      rejected: [{ node: 'c' }],
    });
  });
});

describe('the standing answer', () => {
  const answer = (fields: Partial<FailoverView>, changed: Partial<FailoverPolicy> = {}) =>
    standingAnswer(
      viewWith({ nodes: [well, nodeWith('b'), nodeWith('c')], ...fields }),
      { ...policy, ...changed },
      now,
    );

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
