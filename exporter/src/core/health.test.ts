import fc from 'fast-check';
import { checkStates, type CheckState, type HealthCheckFacts } from '../contract/health.ts';
import {
  healthFacts,
  isDue,
  isFailure,
  jittered,
  nextCheck,
  serviceHealth,
  type CheckMemory,
  type KeptState,
  type SeenProbe,
} from './health.ts';

const t0 = Date.parse('2026-11-22T08:00:00.000Z');
const thresholds = { failures: 3, successes: 2 };
const at = (i: number): string => new Date(t0 + i * 30_000).toISOString();
const seen = (state: CheckState, i = 0): SeenProbe => ({ state, at: at(i), responseSeconds: 0.01, detail: state });

/** Probes each 30 s. */
function run(states: readonly CheckState[], from: CheckMemory | KeptState | null = null): CheckMemory[] {
  let memory = from;
  return states.map((state, i) => (memory = nextCheck(memory, seen(state, i), thresholds)) as CheckMemory);
}
const statesOf = (states: readonly CheckState[], from: KeptState | null = null) =>
  run(states, from).map((m) => m.state);

const [good, slow, bad, broken] = checkStates;

describe('one health check', () => {
  it('begins with what the first probe saw', () => {
    for (const state of checkStates) expect(run([state])[0]).toMatchObject({ state, since: at(0), run: 1 });
  });

  it('goes down after three failed probes in a row, and not before', () => {
    expect(statesOf([good, bad, bad, good, bad, bad, bad])).toEqual([good, good, good, good, good, good, bad]);
  });

  it('comes up after two good probes in a row, and says since when', () => {
    const probed = run([bad, good, bad, good, good]);

    expect(probed.map((m) => m.state)).toEqual([bad, bad, bad, bad, good]);
    expect(probed.at(-1)).toMatchObject({ since: at(4), consecutiveSuccesses: 2, consecutiveFailures: 0 });
  });

  it('counts a check that cannot be made as failed, and names what was seen last', () => {
    expect(statesOf([good, bad, broken, broken])).toEqual([good, good, good, broken]);
    expect(statesOf([good, broken, broken, bad])).toEqual([good, good, good, bad]);
  });

  it('is degraded after three slow probes in a row, and healthy again after two that are not', () => {
    const probed = statesOf([good, slow, slow, good, slow, slow, slow, good, good]);

    expect(probed).toEqual([good, good, good, good, good, good, slow, slow, good]);
  });

  it('takes a degraded answer for an answer: a check comes up as degraded, not as healthy', () => {
    expect(statesOf([bad, slow, slow])).toEqual([bad, bad, slow]);
  });

  it('counts failures and successes in a row', () => {
    const probed = run([good, slow, bad, broken, bad, good]);

    expect(probed.map((m) => m.consecutiveSuccesses)).toEqual([1, 2, 0, 0, 0, 1]);
    expect(probed.map((m) => m.consecutiveFailures)).toEqual([0, 0, 1, 2, 3, 0]);
  });

  it('goes on from the state of before a restart', () => {
    const kept = { state: good, since: '2026-11-20T00:00:00.000Z' };

    expect(run([good], kept)[0]).toMatchObject({ state: good, since: kept.since });
    expect(statesOf([bad, bad, bad], kept)).toEqual([good, good, bad]);
  });

  it('never changes sides before enough probes in a row were on the other one', () => {
    fc.assert(
      fc.property(fc.array(fc.constantFrom(...checkStates), { minLength: 1, maxLength: 60 }), (states) => {
        const probed = run(states);
        for (const [i, memory] of probed.entries()) {
          const before = probed[i - 1];
          if (before === undefined || isFailure(before.state) === isFailure(memory.state)) continue;
          const needed = isFailure(memory.state) ? thresholds.failures : thresholds.successes;
          const last = states.slice(i + 1 - needed, i + 1);
          expect(last).toHaveLength(needed);
          expect(last.every((state) => isFailure(state) === isFailure(memory.state))).toBe(true);
        }
      }),
    );
  });
});

describe('the state of a service', () => {
  const check = (state: CheckState | null, critical = true) => ({ state, critical });

  it.each<[string, Pick<HealthCheckFacts, 'state' | 'critical'>[], CheckState | 'unknown']>([
    ['no check', [], 'unknown'],
    ['all healthy', [check(good), check(good, false)], 'healthy'],
    ['one that has no state yet', [check(good), check(null)], 'unknown'],
    ['a less important one that has no state yet', [check(good), check(null, false)], 'unknown'],
    ['one degraded', [check(good), check(slow)], 'degraded'],
    ['one unhealthy', [check(good), check(slow), check(bad)], 'unhealthy'],
    ['one that cannot be made', [check(slow), check(broken)], 'error'],
    ['one of each', [check(broken), check(bad), check(good)], 'unhealthy'],
    ['a less important one unhealthy', [check(good), check(bad, false)], 'degraded'],
    ['a less important one that cannot be made', [check(good), check(broken, false)], 'degraded'],
    ['only less important ones, all unhealthy', [check(bad, false), check(bad, false)], 'degraded'],
    ['one unhealthy while another is not known', [check(bad), check(null)], 'unhealthy'],
    ['one that cannot be made while another is not known', [check(broken), check(null)], 'error'],
    ['a less important one unhealthy while another is not known', [check(bad, false), check(null)], 'unknown'],
  ])('with %s', (_, checks, expected) => {
    expect(serviceHealth(checks)).toBe(expected);
  });

  it('has no state of a check that was not probed for too long, but still shows what was seen last', () => {
    const [memory = null] = run([good]);
    const watched = { name: 'page', kind: 'http', critical: true, memory, staleAfterMs: 100_000 } as const;

    const fresh = healthFacts([watched], new Date(t0 + 100_000));
    const stale = healthFacts([watched], new Date(t0 + 100_001));

    expect(fresh).toMatchObject({ state: 'healthy', checks: [{ state: 'healthy', since: at(0) }] });
    expect(stale).toMatchObject({ state: 'unknown', checks: [{ state: null, since: null, last: { at: at(0) } }] });
  });

  it('is unknown before the first probe', () => {
    const watched = { name: 'page', kind: 'http', critical: true, memory: null, staleAfterMs: 1 } as const;

    expect(healthFacts([watched], new Date(t0))).toEqual({
      state: 'unknown',
      checks: [
        {
          name: 'page',
          kind: 'http',
          critical: true,
          state: null,
          since: null,
          last: null,
          consecutiveFailures: 0,
          consecutiveSuccesses: 0,
        },
      ],
    });
  });
});

describe('the next probe', () => {
  it('is due at its time, not before', () => {
    const timing = { intervalMs: 30_000, startedMs: t0, nextMs: t0 + 30_000 };

    expect([t0, t0 + 29_999, t0 + 30_000].map((now) => isDue(timing, now))).toEqual([false, false, true]);
  });

  it('is due at once after the clock was set back', () => {
    expect(isDue({ intervalMs: 30_000, startedMs: t0, nextMs: t0 + 30_000 }, t0 - 1)).toBe(true);
    expect(isDue({ intervalMs: 30_000, startedMs: null, nextMs: t0 }, t0 - 3_600_000)).toBe(true);
  });

  it('comes up to a tenth earlier or later', () => {
    expect([0, 0.5, 1].map((share) => jittered(30_000, share))).toEqual([27_000, 30_000, 33_000]);
  });
});
