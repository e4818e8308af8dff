import fc from 'fast-check';
import { alertConditions } from '../contract/live.ts';
import {
  decideAlert,
  holds,
  neverEvaluated,
  type AlertDecision,
  type AlertMemory,
  type AlertNotice,
  type AlertReading,
} from './alerting.ts';

const t0 = Date.parse('2026-11-22T08:00:00.000Z');
const cpuHigh = { metric: 'genesis_system_cpu_usage_ratio', condition: '>', threshold: 0.8 } as const;
const policy = { changes: 4, windowMs: 600_000 };
const reading = (value: number, series = ''): AlertReading => ({ series, value });

/** Evaluations each 30 s: a number is the only series, null is no data. */
function run(values: readonly (number | null)[], from: AlertMemory = neverEvaluated): AlertDecision[] {
  let memory = from;
  return values.map((value, i) => {
    const decision = decideAlert(
      cpuHigh,
      memory,
      value === null ? [] : [reading(value)],
      policy,
      new Date(t0 + i * 30_000),
    );
    memory = decision.memory;
    return decision;
  });
}
const statesOf = (values: readonly (number | null)[]) => run(values).map(({ state }) => state);
const noticesOf = (decisions: readonly AlertDecision[]) =>
  decisions.flatMap(({ notice }): AlertNotice[] => (notice === null ? [] : [notice]));

describe('an alert that is defined at run time', () => {
  it('fires, stays, and is resolved, with the times of both', () => {
    const [calm, fires, stays, over] = run([0.5, 0.9, 0.85, 0.2]);

    expect([calm?.state, calm?.notice, calm?.memory.triggeredAt]).toEqual(['inactive', null, null]);
    expect(fires).toMatchObject({
      state: 'active',
      notice: 'triggered',
      why: 'genesis_system_cpu_usage_ratio is 0.9 (> 0.8)',
    });
    expect(fires?.memory).toMatchObject({ triggeredAt: '2026-11-22T08:00:30.000Z', resolvedAt: null });
    expect([stays?.state, stays?.notice]).toEqual(['active', null]);
    expect(stays?.memory.triggeredAt).toBe(fires?.memory.triggeredAt);
    expect([over?.state, over?.notice, over?.memory.resolvedAt]).toEqual([
      'resolved',
      'resolved',
      '2026-11-22T08:01:30.000Z',
    ]);
  });

  it('fires at its first evaluation where the condition holds', () => {
    expect(run([0.9])[0]).toMatchObject({ state: 'active', notice: 'triggered' });
  });

  it('neither fires nor is resolved without data', () => {
    expect(statesOf([null, 0.9, null, null, 0.9, 0.1])).toEqual([
      'unknown',
      'active',
      'unknown',
      'unknown',
      'active',
      'resolved',
    ]);
    expect(noticesOf(run([null, 0.9, null, 0.9, null]))).toEqual(['triggered']);
    expect(run([0.9, null])[1]?.memory.active).toBe(true);
  });

  it('holds for one bad series among good ones, and says which', () => {
    const readings = [reading(0.1, 'service="a"'), reading(0.95, 'service="b"'), reading(0.9, 'service="c"')];

    const decided = decideAlert(cpuHigh, neverEvaluated, readings, policy, new Date(t0));

    expect(decided).toMatchObject({ state: 'active', reading: { series: 'service="b"', value: 0.95 } });
    expect(decided.why).toContain('of service="b" is 0.95');
  });

  it('is not resolved by other series while the one it fired for is silent', () => {
    const fired = decideAlert(cpuHigh, neverEvaluated, [reading(0.9, 'service="b"')], policy, new Date(t0));

    const silent = decideAlert(cpuHigh, fired.memory, [reading(0.1, 'service="a"')], policy, new Date(t0 + 30_000));

    expect([silent.state, silent.notice, silent.memory.active]).toEqual(['unknown', null, true]);
    expect(silent.why).toContain('service="b"');
  });

  it.each([
    ['>', 5.1, 5],
    ['<', 4.9, 5],
    ['>=', 5, 4.9],
    ['<=', 5, 5.1],
    ['==', 5.009, 5.011],
  ] as const)('holds for %s at %d and not at %d', (condition, yes, no) => {
    expect([holds(condition, yes, 5), holds(condition, no, 5)]).toEqual([true, false]);
  });

  it('that flaps is held active and said once, until a whole window is quiet', () => {
    const swinging = Array.from({ length: 12 }, (_, i) => (i % 2 === 0 ? 0.1 : 0.9));
    const quiet = Array.from({ length: 25 }, () => 0.1);

    const decisions = run([...swinging, ...quiet]);

    expect(noticesOf(decisions)).toEqual(['triggered', 'resolved', 'triggered', 'flapping', 'resolved']);
    const held = decisions.slice(4, 12);
    expect(held.every(({ state, memory }) => state === 'active' && memory.flapping)).toBe(true);
    const end = decisions.findIndex(({ notice }, i) => i > 10 && notice === 'resolved');
    // The last change was evaluation 12 (back to 0.1), 20 evaluations are ten minutes.
    expect(end).toBe(32);
    expect(decisions.at(-1)).toMatchObject({ state: 'resolved', memory: { flapping: false } });
  });

  it('is told of at most once a window while it flaps, whatever happens', () => {
    const values = fc.array(fc.constantFrom(0.1, 0.9, null), { maxLength: 120 });
    fc.assert(
      fc.property(values, (given) => {
        const decisions = run(given);
        // Between two notices of one kind the other one stands.
        const changes = noticesOf(decisions).filter((notice) => notice !== 'flapping');
        for (const [i, notice] of changes.entries()) expect(notice).not.toBe(changes[i - 1]);
        for (const [i, { notice, memory, state }] of decisions.entries()) {
          if (given[i] === null) expect([notice, state]).toEqual([null, 'unknown']);
          expect(memory.changes.length).toBeLessThanOrEqual(policy.changes);
          if (memory.flapping) expect(memory.active).toBe(true);
          if (memory.active) expect(memory.resolvedAt).toBeNull();
        }
      }),
    );
  });

  it('goes on after a restart where it was', () => {
    const before = run([0.1, 0.9]).at(-1)?.memory ?? neverEvaluated;
    const kept = JSON.parse(JSON.stringify(before)) as AlertMemory;

    const [unknown, stays, over] = run([null, 0.9, 0.1], kept);

    expect([unknown?.state, stays?.state, over?.state]).toEqual(['unknown', 'active', 'resolved']);
    expect(noticesOf([unknown, stays, over].filter((d) => d !== undefined))).toEqual(['resolved']);
  });

  it('knows every condition', () => {
    for (const condition of alertConditions) expect(typeof holds(condition, 1, 1)).toBe('boolean');
  });
});
