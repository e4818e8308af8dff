import fc from 'fast-check';
import type { FailoverView, NodeFacts } from '../../contract/failover.ts';
import { faultKinds, type Fault } from './faults.ts';
import { found, scenarioOf, type Found } from './found.ts';
import { createRandom } from './random.ts';
import { createScenario, type Scenario } from './scenario.ts';
import type { Brain } from './sight.ts';
import { noStats, simulate, SimulationError } from './simulation.ts';
import { productBrain } from './testing.ts';

const hoursAtOnce = 10;

/** The first broken invariant of so many runs; null: none. */
function firstProblem(change: (brain: Brain) => Brain, seeds: readonly number[]): string | null {
  for (const seed of seeds) {
    try {
      simulate(
        (scenario) => change(productBrain(scenario)),
        { seed, scenario: null, faults: null, hours: hoursAtOnce },
        noStats(),
      );
    } catch (thrown) {
      if (!(thrown instanceof SimulationError)) throw thrown;
      return thrown.message;
    }
  }
  return null;
}

const seeds = (from: number, count: number): readonly number[] =>
  Array.from({ length: count }, (_, index) => from + index);
const same = (brain: Brain): Brain => brain;
const standby = ({ nodes, primary }: FailoverView): NodeFacts | undefined =>
  nodes.find(({ name, probe }) => name !== primary && probe?.reach === 'answered' && probe.role === 'standby');

// Seconds of work on a machine of its own; minutes beside others.
const longMs = 900_000;

describe('the simulator', () => {
  it(
    'runs 2,000 hours without a broken invariant',
    () => {
      const stats = noStats();
      for (const seed of seeds(1, 200))
        simulate(productBrain, { seed, scenario: null, faults: null, hours: hoursAtOnce }, stats);

      expect(stats.hours).toBeGreaterThanOrEqual(1_990);
      expect(stats.failovers).toBeGreaterThan(300);
      expect(stats.switchovers).toBeGreaterThan(100);
      expect(stats.recoveries).toBeGreaterThan(20);
    },
    longMs,
  );

  it('gives the same run for the same seed', () => {
    const runOf = () => {
      const stats = noStats();
      simulate(productBrain, { seed: 7, scenario: null, faults: null, hours: 20 }, stats);
      return stats;
    };

    expect(runOf()).toEqual(runOf());
  });

  it(
    'finds no schedule of faults that breaks an invariant, and would shrink it',
    () => {
      const fault: fc.Arbitrary<Fault> = fc.record({
        kind: fc.constantFrom(...faultKinds),
        atMs: fc.integer({ min: 0, max: 60_000 }),
        atPhase: fc.option(fc.integer({ min: 1, max: 14 }), { nil: null }),
        lastsMs: fc.integer({ min: 500, max: 120_000 }),
        node: fc.integer({ min: -2, max: 4 }),
        dice: fc.double({ min: 0, max: 0.999, noNaN: true }),
      });
      fc.assert(
        fc.property(fc.nat(1_000_000), fc.array(fault, { minLength: 1, maxLength: 5 }), (seed, faults) => {
          const scenario: Scenario = createScenario(createRandom(seed));
          simulate(productBrain, { seed, scenario, faults, hours: 1 }, noStats());
        }),
        { numRuns: 300, seed: 20260301 },
      );
    },
    longMs,
  );
});

describe('a schedule that broke an invariant once', () => {
  const problemOf = (one: Found, change: (brain: Brain) => Brain): string => {
    try {
      const options = { seed: one.seed, scenario: scenarioOf(one), faults: one.faults, hours: 1 };
      simulate((scenario) => change(productBrain(scenario)), options, noStats());
      return 'none';
    } catch (thrown) {
      if (!(thrown instanceof SimulationError)) throw thrown;
      return thrown.message;
    }
  };

  it.each(found.map((one) => [one.name, one] as const))('%s', (_name, one) => {
    expect(problemOf(one, same)).toBe('none');
    expect(problemOf(one, one.asItWas)).toMatch(one.problem);
  });
});

// A simulator that finds nothing proves nothing: each of these is a product with one safety taken out.
describe('a product that is broken is caught', () => {
  const mutants: readonly (readonly [string, RegExp, number, (brain: Brain) => Brain])[] = [
    [
      'promotes without a fence',
      /\(a\) . is promoted while . can still take writes/,
      1,
      (b) => ({ ...b, next: (t, done) => b.next(t, t.kind === 'fence' ? done : [...done, 'fence']) }),
    ],
    [
      'promotes beyond the bound on loss',
      /\([bd]\)/,
      1,
      (b) => ({
        ...b,
        whyNotPromote: () => null,
        decide: (view, now) => {
          const decision = b.decide(view, now);
          const any = standby(view);
          return decision.reasons.includes('no candidate') && any !== undefined
            ? { ...decision, action: 'failover', candidate: any.name, act: true, page: false }
            : decision;
        },
      }),
    ],
    [
      'forgets what it did within the hour',
      /\(d\) \d automatic failovers within an hour/,
      1,
      (b) => ({ ...b, decide: (view, now) => b.decide({ ...view, recent: [] }, now) }),
    ],
    [
      'does nothing and calls nobody',
      /\(c\) no writer, and nobody is called/,
      1,
      (b) => ({ ...b, decide: (view, now) => ({ ...b.decide(view, now), act: false, page: false }) }),
    ],
    [
      'does not see a second writer',
      /\(e\) . and . take writes for .* and nobody is called/,
      1,
      (b) => ({
        ...b,
        decide: (view, now) => {
          const decision = b.decide(view, now);
          const isAboutTwo = decision.action === 'fence' || /take writes/.test(decision.reasons[0] ?? '');
          return isAboutTwo ? { ...decision, action: 'none', act: false, page: false } : decision;
        },
      }),
    ],
    [
      'takes the newest timeline for the rightful one',
      /\(f\) the rightful primary . is fenced/,
      10,
      (b) => ({
        ...b,
        decide: (view, now) => {
          const decision = b.decide(view, now);
          const [first, ...more] = view.nodes
            .filter(({ probe }) => probe?.writable === true)
            .sort((x, y) => (x.probe?.timeline ?? 0) - (y.probe?.timeline ?? 0));
          return first !== undefined && more.length > 0 && decision.action !== 'none'
            ? { ...decision, action: 'fence', node: first.name, act: true }
            : decision;
        },
      }),
    ],
    [
      'starts the old primary again after every crash',
      /is started again beside/,
      1,
      (b) => ({ ...b, afterCrash: () => 'roll_back', wayBack: () => ['demote'] }),
    ],
  ];

  it.each(mutants)(
    '%s',
    (_name, problem, from, change) => {
      expect(firstProblem(change, seeds(from, 60))).toMatch(problem);
    },
    longMs,
  );
});
