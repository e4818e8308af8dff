import fc from 'fast-check';
import type {
  Instance,
  ScalingDecision,
  ScalingMetricPolicy,
  ScalingPolicy,
  ScalingReading,
  ScalingView,
} from '../contract/scaling.ts';
import { ago, fleetOf, instanceWith, metricWith, now, policyWith, viewWith } from './scaling-testing.ts';
import { causesOf, decideScaling } from './scaling.ts';

// What must hold for any metrics, readings, fleets and policies.

const runs = { numRuns: 1000 };
const value = fc.oneof(fc.double({ min: 0, max: 1.2, noNaN: true }), fc.constantFrom(0, 0.3, 0.5, 0.7, 1));

const anyMetric = (index: number): fc.Arbitrary<ScalingMetricPolicy> =>
  fc
    .record({
      kind: fc.constantFrom('mean', 'total', 'none', 'steps'),
      up: fc.option(fc.double({ min: 0.4, max: 1, noNaN: true }), { freq: 8 }),
      down: fc.option(fc.double({ min: 0.05, max: 0.4, noNaN: true }), { freq: 5 }),
      cooldown: fc.option(fc.integer({ min: 0, max: 900 }), { freq: 2 }),
    })
    .map(({ kind, up, down, cooldown }) => {
      const name = `m${index}`;
      const base = { name, up, down, cooldownSeconds: cooldown };
      if (kind !== 'steps')
        return metricWith({
          ...base,
          scales: kind as 'mean',
          target: kind === 'none' || up === null ? null : up * 0.9,
        });
      const steps = [
        { from: null, to: 0.2, change: -2 },
        { from: 0.2, to: 0.4, change: -1 },
        { from: 0.6, to: 0.8, change: 1 },
        { from: 0.8, to: null, change: 3 },
      ];
      return metricWith({ ...base, strategy: 'step_scaling', target: null, scales: 'none', steps });
    });

const anyMetrics = fc
  .integer({ min: 0, max: 4 })
  .chain((count) => fc.tuple(...Array.from({ length: count }, (_, index) => anyMetric(index))));

const anyPolicy: fc.Arbitrary<ScalingPolicy> = fc
  .record({
    metrics: anyMetrics,
    min: fc.integer({ min: 0, max: 5 }),
    span: fc.integer({ min: 0, max: 15 }),
    evaluationPeriods: fc.integer({ min: 1, max: 4 }),
    cooldownUpSeconds: fc.constantFrom(0, 300),
    cooldownDownSeconds: fc.constantFrom(0, 600),
    maxStepUp: fc.integer({ min: 1, max: 6 }),
    maxStepDown: fc.integer({ min: 1, max: 6 }),
    ceiling: fc.option(fc.double({ min: 0.1, max: 2, noNaN: true })),
  })
  .map(({ min, span, ceiling, ...fields }) =>
    policyWith({
      ...fields,
      min,
      max: Math.max(1, min + span),
      cost: ceiling === null ? null : { instanceHour: 0.1, currency: 'EUR', ceilingPerHour: ceiling },
    }),
  );

const anyReading: fc.Arbitrary<number | null> = fc.option(value, { freq: 12 });
const readingsAt = (values: readonly (number | null)[]): readonly ScalingReading[] =>
  values.map((one, index) => {
    const at = ago(60 * (values.length - 1 - index));
    return one === null ? { at, known: false, why: 'missing', detail: 'none' } : { at, known: true, value: one };
  });

const anyInstance = fc.record({
  state: fc.constantFrom<Instance['state'][]>('ready', 'ready', 'ready', 'ready', 'starting', 'unready', 'draining', 'unknown'), // prettier-ignore
  age: fc.constantFrom(10, 100, 10_000),
  load: fc.option(fc.double({ min: 0, max: 1, noNaN: true })),
  isProtected: fc.boolean(),
});

const anyView: fc.Arbitrary<ScalingView> = fc
  .record({
    instances: fc.array(anyInstance, { maxLength: 16 }),
    values: fc.tuple(...Array.from({ length: 4 }, () => fc.array(anyReading, { maxLength: 5 }))),
    desired: fc.option(fc.integer({ min: 0, max: 16 })),
    lastUp: fc.option(fc.integer({ min: -100, max: 1200 })),
    lastDown: fc.option(fc.integer({ min: -100, max: 1200 })),
    lastOfMetric: fc.option(fc.integer({ min: 0, max: 1200 })),
    missingInRow: fc.integer({ min: 0, max: 5 }),
    schedule: fc.option(
      fc.record({
        name: fc.constant('night'),
        min: fc.option(fc.integer({ min: 0, max: 6 })),
        max: fc.option(fc.integer({ min: 1, max: 12 })),
        desired: fc.option(fc.integer({ min: 0, max: 12 })),
        since: fc.constantFrom(ago(0), ago(500), ago(5000)),
      }),
    ),
  })
  .map(({ instances, values, lastUp, lastDown, lastOfMetric, ...fields }) =>
    viewWith({
      ...fields,
      fleet: {
        ...fleetOf(0),
        instances: instances.map(({ state, age, load, isProtected }, index) =>
          instanceWith(`w${index}`, { state, load, startedAt: ago(age), protectedBy: isProtected ? 'standby' : null }),
        ),
      },
      readings: Object.fromEntries(values.map((row, index) => [`m${index}`, readingsAt(row)])),
      lastUpAt: lastUp === null ? null : ago(lastUp),
      lastDownAt: lastDown === null ? null : ago(lastDown),
      lastByMetric: lastOfMetric === null ? {} : { m0: ago(lastOfMetric) },
    }),
  );

const counted = ({ fleet }: ScalingView): number =>
  fleet.instances.filter(({ state }) => state === 'ready' || state === 'starting').length;
const isUnknown = (view: ScalingView, { name }: ScalingMetricPolicy): boolean => {
  const newest = view.readings[name]?.at(-1);
  return newest === undefined || !newest.known;
};

describe('any decision', () => {
  it('keeps the bounds, steps and the ceiling, and never removes on what it does not know', () => {
    let [ups, downs] = [0, 0];
    fc.assert(
      fc.property(anyView, anyPolicy, (view, policy) => {
        const { action, current, desired, votes, remove, reasons, act, limits } = decideScaling(view, policy, now);
        const max = view.schedule?.max ?? policy.max;
        const min = Math.min(view.schedule?.min ?? policy.min, max);

        expect(current).toBe(counted(view));
        expect(votes).toHaveLength(policy.metrics.length);
        expect(reasons.length).toBeGreaterThan(0);
        expect(Math.sign(desired - current)).toBe(action === 'scale_up' ? 1 : action === 'scale_down' ? -1 : 0);
        if (action === 'scale_up') {
          ups += 1;
          expect(desired).toBeLessThanOrEqual(max);
          const paid = Math.floor((policy.cost?.ceilingPerHour ?? Infinity) / 0.1 + 1e-9);
          expect(desired).toBeLessThanOrEqual(Math.max(paid, min));
        } else if (action === 'scale_down') {
          downs += 1;
          expect(desired).toBeGreaterThanOrEqual(min);
          expect(policy.metrics.filter((metric) => isUnknown(view, metric))).toEqual([]);
          expect(view.fleet.instances.filter(({ state }) => state === 'unknown')).toEqual([]);
          const ended = view.fleet.instances.filter(({ name }) => remove.includes(name));
          expect(ended.filter(({ protectedBy }) => protectedBy !== null)).toEqual([]);
          expect(view.fleet.instances.filter(({ state }) => state === 'unready').length + current - ended.length).toBe(
            desired,
          );
        } else {
          expect(act).toBe(false);
          expect(remove).toEqual([]);
          const isFrozen = votes.some((v) => v.direction === 'unknown') && view.missingInRow >= policy.freezeAfter;
          expect(action).toBe(isFrozen ? 'freeze' : 'hold');
          expect(limits.includes('frozen')).toBe(isFrozen);
          // Below the fewest it always acts.
          const present = current + view.fleet.instances.filter(({ state }) => state === 'unknown').length;
          expect(present).toBeGreaterThanOrEqual(min);
        }
      }),
      runs,
    );
    expect(ups).toBeGreaterThan(50);
    expect(downs).toBeGreaterThan(10);
  });

  it('keeps the cooldowns', () => {
    const acted = { scale_up: 0, scale_down: 0, hold: 0, freeze: 0 };
    const flat = fc.constantFrom(0.01, 0.02, 0.9, 1).map((one) => readingsAt([one, one, one, one]));
    const times = fc.record({ up: fc.integer({ min: 0, max: 1200 }), down: fc.integer({ min: 0, max: 1200 }), own: fc.integer({ min: 0, max: 1200 }) }); // prettier-ignore
    fc.assert(
      fc.property(
        anyPolicy,
        fc.array(flat, { minLength: 4, maxLength: 4 }),
        times,
        (drawn, rows, { up, down, own }) => {
          const policy = { ...drawn, min: 1, max: 20, cost: null };
          const readings = Object.fromEntries(rows.map((row, index) => [`m${index}`, row]));
          const last = { lastUpAt: ago(up), lastDownAt: ago(down), lastByMetric: { m0: ago(own) } };
          const decision = decideScaling(viewWith({ fleet: fleetOf(8), desired: 8, readings, ...last }), policy, now);
          acted[decision.action] += 1;

          if (decision.action === 'scale_up') expect(up).toBeGreaterThanOrEqual(policy.cooldownUpSeconds);
          if (decision.action === 'scale_down')
            expect(Math.min(up, down)).toBeGreaterThanOrEqual(policy.cooldownDownSeconds);
          if (causesOf(decision).includes('m0'))
            expect(own).toBeGreaterThanOrEqual(policy.metrics[0]?.cooldownSeconds ?? 0);
        },
      ),
      runs,
    );
    expect(Math.min(acted.scale_up, acted.scale_down, acted.hold)).toBeGreaterThan(50);
  });

  it('is the same for the same snapshot, and acts only where nothing restrains it', () => {
    const bonds = fc.record({
      leader: fc.boolean(),
      breakerOpen: fc.boolean(),
      breakerUntil: fc.constant(null),
      running: fc.constantFrom(null, 'x'),
      pausedUntil: fc.constantFrom(null, ago(60), ago(-60)),
    });
    fc.assert(
      fc.property(
        anyView,
        anyPolicy,
        bonds,
        fc.constantFrom('auto', 'manual', 'observe'),
        (view, policy, bond, mode) => {
          const free = decideScaling(view, policy, now);
          const bound = decideScaling({ ...view, ...bond }, { ...policy, mode }, now);
          const isFree =
            bond.leader &&
            !bond.breakerOpen &&
            bond.running === null &&
            bond.pausedUntil !== ago(-60) &&
            mode === 'auto';

          expect(decideScaling(view, policy, now)).toEqual(free);
          expect([bound.action, bound.desired, bound.proposed]).toEqual([free.action, free.desired, free.proposed]);
          expect(bound.act).toBe(isFree && (free.action === 'scale_up' || free.action === 'scale_down'));
        },
      ),
      { numRuns: 500 },
    );
  });
});

/** Votes again, by the words of the requirements and written another way: thresholds, rows of readings, ups before downs. */
function reference(policy: ScalingPolicy, rows: readonly (readonly number[])[], instances: number): number {
  const says = policy.metrics.map((metric, index) => {
    const row = (rows[index] ?? []).slice(-policy.evaluationPeriods);
    const isFull = row.length === policy.evaluationPeriods;
    const isTracked = metric.target !== null && metric.scales !== 'none';
    const share = (v: number): number => (isTracked && metric.scales === 'total' ? v / instances : v);
    const change = (v: number): number =>
      metric.steps.find(({ from, to }) => v >= (from ?? -Infinity) && v < (to ?? Infinity))?.change ?? 0;
    const isSteps = metric.strategy === 'step_scaling';
    const isUp = (v: number): boolean => (isSteps ? change(v) > 0 : metric.up !== null && share(v) >= metric.up);
    const isDown = (v: number): boolean =>
      !isUp(v) && (isSteps ? change(v) < 0 : metric.down !== null && share(v) <= metric.down);
    // What was needed at most within the cooldown; all readings are younger than 600 s.
    const peak = Math.max(...(policy.cooldownDownSeconds > 0 ? (rows[index] ?? []) : row));
    const work = peak * (metric.scales === 'total' ? 1 : instances);
    // The fewest that keep it below where it votes for more, counted up one by one.
    let floor = 0;
    if (isTracked && metric.up !== null && work > 0) for (floor = 1; work / floor >= metric.up - 1e-9;) floor += 1;
    const newest = row.at(-1) ?? NaN;
    const ahead = newest * (metric.scales === 'total' ? 1 : instances);
    const carried = (of: number): number => Math.ceil(of / (metric.target ?? 1) - 1e-9);
    if (isFull && row.every(isUp))
      return { up: isSteps ? instances + change(newest) : isTracked ? Math.max(instances + 1, carried(ahead)) : instances + 1, floor }; // prettier-ignore
    if (isFull && row.every(isDown)) {
      const least = isSteps ? instances + Math.max(...row.map(change)) : isTracked ? carried(work) : instances - 1;
      return { down: Math.max(0, Math.min(instances, least)), floor };
    }
    return { floor };
  });
  const ups = says.flatMap(({ up }) => (up === undefined ? [] : [up]));
  if (ups.length > 0)
    return Math.max(instances, Math.min(policy.max, instances + policy.maxStepUp, ...[Math.max(...ups)]));
  const downs = says.flatMap(({ down }) => (down === undefined ? [] : [down]));
  const voters = policy.metrics.filter((m) => (m.strategy === 'step_scaling' ? true : m.down !== null)).length;
  if (downs.length <= voters / 2) return instances;
  const to = Math.max(...downs, ...says.map(({ floor }) => floor), policy.min);
  return Math.min(instances, Math.max(to, instances - policy.maxStepDown));
}

describe('votes', () => {
  it('are counted as specified', () => {
    const seen = { scale_up: 0, scale_down: 0, hold: 0, freeze: 0 };
    const rows = fc.array(fc.array(value, { minLength: 1, maxLength: 5 }), { minLength: 4, maxLength: 4 });
    fc.assert(
      fc.property(anyPolicy, rows, fc.integer({ min: 1, max: 12 }), (drawn, values, instances) => {
        const metrics = drawn.metrics.map((metric) => ({ ...metric, cooldownSeconds: null }));
        const bounds = { min: Math.min(drawn.min, instances), max: Math.max(drawn.max, instances) };
        const policy = { ...drawn, ...bounds, metrics, cost: null };
        const readings = Object.fromEntries(values.map((row, index) => [`m${index}`, readingsAt(row)]));
        const decision = decideScaling(
          viewWith({ fleet: fleetOf(instances), desired: instances, readings }),
          policy,
          now,
        );
        seen[decision.action] += 1;

        expect(decision.desired).toBe(reference(policy, values, instances));
      }),
      { numRuns: 2000 },
    );
    expect(Math.min(seen.scale_up, seen.scale_down, seen.hold)).toBeGreaterThan(50);
  });

  it('for more load never come to fewer instances', () => {
    const rows = fc.array(fc.array(value, { minLength: 5, maxLength: 5 }), { minLength: 4, maxLength: 4 });
    const more = fc.array(fc.array(fc.constantFrom(0, 0, 0.05, 0.3), { minLength: 5, maxLength: 5 }), { minLength: 4, maxLength: 4 }); // prettier-ignore
    fc.assert(
      fc.property(anyView, anyPolicy, rows, more, (view, policy, less, added) => {
        const of = (row: (metric: number, at: number) => number): number =>
          decideScaling(
            {
              ...view,
              readings: Object.fromEntries(
                less.map((values, m) => [`m${m}`, readingsAt(values.map((_, at) => row(m, at)))]),
              ),
            },
            policy,
            now,
          ).desired;
        const low = of((m, at) => less[m]?.[at] ?? 0);
        const high = of((m, at) => (less[m]?.[at] ?? 0) + (added[m]?.[at] ?? 0));

        expect(high).toBeGreaterThanOrEqual(low);
      }),
      { numRuns: 2000 },
    );
  });
});

/** The decisions on a load that does not change, minute by minute, every action done at once. */
function settle(policy: ScalingPolicy, work: readonly number[], begins: number, minutes: number): ScalingDecision[] {
  let instances = begins;
  const readings: Record<string, ScalingReading[]> = {};
  let [lastUpAt, lastDownAt]: [string | null, string | null] = [null, null];
  const lastByMetric: Record<string, string> = {};
  const names = Array.from({ length: 40 }, (_, index) => instanceWith(`w${index}`, { startedAt: ago(1e6) }));
  return Array.from({ length: minutes }, (_, minute) => {
    const time = new Date(+now + minute * 60_000);
    const at = time.toISOString();
    for (const [index, metric] of policy.metrics.entries()) {
      const all = work[index] ?? 0;
      const reading = {
        at,
        known: true as const,
        value: metric.scales === 'total' ? all : all / Math.max(1, instances),
      };
      readings[metric.name] = [...(readings[metric.name] ?? []), reading].slice(-policy.evaluationPeriods);
    }
    const fleet = { ...fleetOf(0), instances: names.slice(0, instances) };
    const view = viewWith({ fleet, desired: instances, readings, lastUpAt, lastDownAt, lastByMetric });
    const decision = decideScaling(view, policy, time);
    if (decision.act) {
      instances = decision.desired;
      if (decision.action === 'scale_up') lastUpAt = at;
      else lastDownAt = at;
      for (const cause of causesOf(decision)) lastByMetric[cause] = at;
    }
    return decision;
  });
}

describe('a load that does not change', () => {
  it('is met once and then left alone, in one direction at most', () => {
    const proportional = anyMetrics.map((metrics) => metrics.filter(({ target }) => target !== null));
    const work = fc.array(fc.double({ min: 0, max: 8, noNaN: true }), { minLength: 4, maxLength: 4 });
    fc.assert(
      fc.property(anyPolicy, proportional, work, fc.integer({ min: 1, max: 20 }), (drawn, metrics, load, begins) => {
        const policy = { ...drawn, metrics, cost: null, min: Math.max(1, drawn.min) };
        const decisions = settle(policy, load, begins, 300);
        const actions = decisions.map(({ action }) => action).filter((action) => action.startsWith('scale'));
        const turns = actions.filter((action, index) => index > 0 && action !== actions[index - 1]);

        expect(turns).toEqual([]);
        expect(decisions.slice(240).filter(({ action }) => action !== 'hold')).toEqual([]);
      }),
      { numRuns: 100 },
    );
  });
});
