import type { FailoverPolicy, FailoverView, NodeFacts } from '../contract/failover.ts';
import {
  ago,
  decide,
  failing,
  fenceOf,
  healthWith,
  lost,
  nodeWith,
  now,
  policy,
  policyWith,
  probeWith,
  proven,
  unanswered,
  viewWith,
  writing,
} from './failover-testing.ts';
import { chooseCandidate, predictLoss, summarizeProbes, whyNotPromote } from './failover.ts';

describe('the candidate', () => {
  const choose = (
    nodes: readonly NodeFacts[],
    fields: Partial<FailoverView> = {},
    changed: Partial<FailoverPolicy> = {},
  ) => chooseCandidate(viewWith({ nodes: [lost('refused'), ...nodes], ...fields }), policyWith(changed), now);
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
