import type { NodeProbe } from '../../contract/failover.ts';
import { noSight, primaryAfter, see, type Sight } from './view.ts';

const at = (seconds: number): string => new Date(Date.UTC(2026, 10, 22) + seconds * 1000).toISOString();

function probe(seconds: number, change: Partial<NodeProbe> = {}): NodeProbe {
  return {
    at: at(seconds),
    reach: 'answered',
    seconds: 0.01,
    role: 'primary',
    writable: true,
    timeline: 1,
    receivedBytes: 1000,
    replayedBytes: null,
    upstream: null,
    upstreamSilentSeconds: null,
    synchronousStandbys: [],
    systemId: 'one',
    problem: null,
    ...change,
  };
}

const silent: Partial<NodeProbe> = { reach: 'silent', role: null, writable: null, receivedBytes: null };
const round = (a: NodeProbe): ReadonlyMap<string, NodeProbe> => new Map([['a', a]]);
const looked = (...probes: readonly NodeProbe[]): Sight =>
  probes.reduce((sight, one) => see(sight, round(one), 'a', 60), noSight);

describe('what is remembered of the primary', () => {
  it('is its position, and from the second reading on its rate', () => {
    expect(looked(probe(0)).position).toEqual({
      bytes: 1000,
      at: at(0),
      bytesPerSecond: null,
      timeline: 1,
    });
    expect(looked(probe(0), probe(2, { receivedBytes: 5000 })).position).toMatchObject({ bytesPerSecond: 2000 });
    const third = looked(probe(0), probe(2, { receivedBytes: 5000 }), probe(3, { receivedBytes: 5000 })).position;
    expect(third?.bytesPerSecond).toBeCloseTo(1600);
  });

  it('stays when it falls silent, but not beyond a clock that was set back', () => {
    const seen = [probe(10), probe(12, { receivedBytes: 3000 })];
    expect(looked(...seen, probe(20, silent)).position).toMatchObject({ bytes: 3000, at: at(12) });
    expect(looked(...seen, probe(5, silent)).position).toBeNull();
  });

  it('begins anew when its position went back: it is another history', () => {
    expect(looked(probe(0, { receivedBytes: 9000 }), probe(1)).position).toMatchObject({
      bytes: 1000,
      bytesPerSecond: null,
    });
  });

  it('begins anew with another primary', () => {
    const before = looked(probe(0), probe(2, { receivedBytes: 5000 }));
    expect(see(before, round(probe(3, { receivedBytes: 6000 })), 'b', 60).position).toMatchObject({ bytes: 5000 });
    const moved = see(before, new Map([['b', probe(3, { receivedBytes: 6000 })]]), 'b', 60);
    expect(moved).toMatchObject({ positionOf: 'b', position: { bytes: 6000, bytesPerSecond: null } });
  });

  it('does not hold against a new primary what it failed before', () => {
    const both = (seconds: number, a: Partial<NodeProbe>, b: Partial<NodeProbe>): ReadonlyMap<string, NodeProbe> =>
      new Map([
        ['a', probe(seconds, a)],
        ['b', probe(seconds, b)],
      ]);
    const asStandby = see(see(noSight, both(0, {}, silent), 'a', 60), both(1, {}, silent), 'a', 60);
    expect(
      see(asStandby, both(2, silent, {}), 'b', 60)
        .probes.get('b')
        ?.map((one) => one.at),
    ).toEqual([at(2)]);
  });

  it('keeps the probes of the window only', () => {
    expect(
      looked(probe(0), probe(30), probe(61))
        .probes.get('a')
        ?.map((one) => one.at),
    ).toEqual([at(30), at(61)]);
  });
});

describe('who the primary is', () => {
  const standby: Partial<NodeProbe> = { role: 'standby', writable: false };
  const two = (a: Partial<NodeProbe>, b: Partial<NodeProbe>): ReadonlyMap<string, NodeProbe> =>
    new Map([
      ['a', probe(0, a)],
      ['b', probe(0, b)],
    ]);

  it('is the only writer where nobody is known yet', () => {
    expect(primaryAfter(null, two({}, standby))).toBe('a');
    expect(primaryAfter(null, two({}, {}))).toBeNull();
    expect(primaryAfter(null, two(standby, standby))).toBeNull();
  });

  it('stays the known one while it is silent, also when another writes', () => {
    expect(primaryAfter('a', two(silent, standby))).toBe('a');
    expect(primaryAfter('a', two(silent, {}))).toBe('a');
    expect(primaryAfter('a', two({}, {}))).toBe('a');
  });

  it('is another one when the known one says itself that it follows', () => {
    expect(primaryAfter('a', two(standby, {}))).toBe('b');
    expect(primaryAfter('a', two(standby, standby))).toBe('a');
  });
});
