import type { ForecastFacts, ScalingDecision, ScalingPolicy, ScalingView } from '../contract/scaling.ts';
import { affordable, costPerHour } from './scaling-cost.ts';
import { ago, fleetOf, instanceWith, metricWith, now, policyWith, readingsOf, viewWith } from './scaling-testing.ts';
import { causesOf, chooseRemoved, decideScaling, triggerOf, voteOf } from './scaling.ts';

const memory = metricWith({ name: 'memory', kind: 'memory', target: 0.6, up: 0.8, down: 0.4 });
const latency = metricWith({ name: 'latency', kind: 'response_time', target: null, up: 2, down: 1, scales: 'none' });
const queue = metricWith({ name: 'queue', kind: 'queue_length', target: 55, up: 100, down: 10, scales: 'total' });
const idle = metricWith({ name: 'idle', kind: 'idle_time', target: null, up: null, down: 600, scales: 'none', inverse: true }); // prettier-ignore
const stepped = metricWith({
  name: 'lag',
  kind: 'query',
  strategy: 'step_scaling',
  target: null,
  up: null,
  down: null,
  scales: 'none',
  steps: [
    { from: null, to: 10, change: -1 },
    { from: 10, to: 100, change: 0 },
    { from: 100, to: 500, change: 1 },
    { from: 500, to: null, change: 3 },
  ],
});
const high = readingsOf(0.8, 0.82, 0.83);
const low = readingsOf(0.1, 0.2, 0.15);
const between = readingsOf(0.5, 0.5, 0.5);

const decide = (view: Partial<ScalingView>, policy: Partial<ScalingPolicy> = {}): ScalingDecision =>
  decideScaling(viewWith(view), policyWith(policy), now);
const shortly = ({ action, current, desired, limits }: ScalingDecision) => [action, current, desired, ...limits];

describe('one vote', () => {
  const vote = (metric = metricWith(), readings = high, instances = 4) =>
    voteOf(metric, readings, instances, policyWith(), now);

  it('tracks its target in proportion: the mean is of each, the total of all', () => {
    expect(vote()).toMatchObject({ direction: 'up', wants: 7, reason: 'cpu 0.83 is above 0.7 in 3 evaluations' });
    expect(vote(metricWith(), low)).toMatchObject({
      direction: 'down',
      wants: 2,
      reason: 'cpu 0.15 is below 0.3 in 3 evaluations',
    });
    expect(vote(queue, readingsOf(500, 500, 480))).toMatchObject({
      direction: 'up',
      wants: 9,
      reason: 'queue 480, for each of 4 instances 120 is above 100 in 3 evaluations',
    });
    expect(vote(metricWith(), between)).toMatchObject({
      direction: 'stay',
      wants: 4,
      reason: 'cpu 0.5 is between 0.3 and 0.7',
    });
  });

  it('takes the highest load of all evaluations where it votes for fewer', () => {
    expect(vote(metricWith(), readingsOf(0.3, 0.1, 0.1))).toMatchObject({ direction: 'down', wants: 3 });
  });

  it('moves one instance at a time where nothing is in proportion, and the other way round where it is inverse', () => {
    expect(vote(latency, readingsOf(9, 9, 9)).wants).toBe(5);
    expect(vote(latency, readingsOf(0.2, 0.2, 0.2)).wants).toBe(3);
    expect(vote(idle, readingsOf(500, 700, 900)).direction).toBe('stay');
    expect(vote(idle, readingsOf(650, 700, 900))).toMatchObject({
      direction: 'down',
      wants: 3,
      reason: 'idle 900 is above 600 in 3 evaluations',
    });
  });

  it('goes by its steps', () => {
    const of = (...values: number[]) => vote(stepped, readingsOf(...values));

    expect(of(600, 600, 600)).toMatchObject({ direction: 'up', wants: 7, reason: 'lag 600 is in the step of +3 in 3 evaluations' }); // prettier-ignore
    expect(of(600, 300, 300)).toMatchObject({ direction: 'up', wants: 5 });
    expect(of(5, 5, 5)).toMatchObject({ direction: 'down', wants: 3 });
    expect(of(50, 50, 50)).toMatchObject({ direction: 'stay', wants: 4 });
  });

  it('waits until the newest evaluations in a row agree', () => {
    expect(vote(metricWith(), readingsOf(0.5, 0.9, 0.9))).toMatchObject({
      direction: 'stay',
      reason: 'cpu 0.9 is above 0.7 in 2 of 3 evaluations',
    });
    expect(vote(metricWith(), readingsOf(0.9, null, 0.9)).direction).toBe('stay');
    expect(vote(metricWith(), readingsOf(0.9, 0.9)).direction).toBe('stay');
  });

  it('is unknown without a number that is new enough', () => {
    const of = (at: string, value: number) => vote(metricWith(), [{ at, known: true, value }]);

    expect(vote(metricWith(), [])).toMatchObject({ direction: 'unknown', wants: null });
    expect(vote(metricWith(), readingsOf(0.9, 0.9, null))).toMatchObject({
      direction: 'unknown',
      reason: 'cpu is not known (missing): the query gave no sample',
    });
    expect(of(ago(0), NaN).reason).toBe('cpu is not known (not a number): its value is NaN');
    expect(of(ago(0), Infinity).direction).toBe('unknown');
    expect(of(ago(600), 0.1).reason).toBe('cpu is not known (stale): it is 10 min old, 5 min are allowed');
    expect(of(ago(-600), 0.1).reason).toBe('cpu is not known (stale): its clock is 10 min ahead');
  });

  it('says enough digits to tell the value from its threshold', () => {
    expect(vote(metricWith(), readingsOf(0.70004, 0.70004, 0.70004)).reason).toContain('cpu 0.70004 is above 0.7');
    expect(vote(metricWith(), readingsOf(0.7, 0.7, 0.7)).reason).toContain('cpu 0.7 is at 0.7');
  });

  it('starts the first instance for any work, and ends the last for none', () => {
    expect(vote(queue, readingsOf(3, 3, 3), 0)).toMatchObject({ direction: 'up', wants: 1 });
    expect(vote(queue, readingsOf(3, 3, 3), 1)).toMatchObject({ direction: 'down', wants: 1 });
    expect(vote(queue, readingsOf(0, 0, 0), 1)).toMatchObject({ direction: 'down', wants: 0 });
  });
});

describe('more instances', () => {
  it('follow a vote, in steps', () => {
    const decision = decide({ readings: { cpu: high } }, { maxStepUp: 2 });

    expect(shortly(decision)).toEqual(['scale_up', 4, 6, 'max_step']);
    expect(decision).toMatchObject({ act: true, proposed: 7, page: false });
    expect(decision.reasons).toEqual([
      'cpu 0.83 is above 0.7 in 3 evaluations: 4 -> 6 instances',
      '7 are wanted, at most 2 are added at once',
    ]);
  });

  it('follow the largest of several, whatever the others say', () => {
    const metrics = [metricWith(), memory, latency];
    const readings = { cpu: low, memory: readingsOf(0.9, 0.9, 0.9), latency: readingsOf(3, 3, 3) };

    expect(decide({ readings }, { metrics })).toMatchObject({ action: 'scale_up', desired: 6, proposed: 6 });
  });

  it('stop at the most allowed and at what the ceiling pays for, which is never below the fewest', () => {
    const cost = { instanceHour: 0.1, currency: 'EUR', ceilingPerHour: 0.5 };

    expect(shortly(decide({ readings: { cpu: high } }, { max: 6 }))).toEqual(['scale_up', 4, 6, 'max']);
    expect(shortly(decide({ readings: { cpu: high } }, { cost }))).toEqual(['scale_up', 4, 5, 'cost_ceiling']);
    expect(decide({ readings: { cpu: high } }, { cost }).costPerHour).toBeCloseTo(0.5);
    expect(shortly(decide({ readings: { cpu: high }, fleet: fleetOf(5) }, { cost }))).toEqual(['hold', 5, 5, 'cost_ceiling']); // prettier-ignore
    expect(decide({ readings: { cpu: between }, fleet: fleetOf(5) }, { cost, min: 7 }).desired).toBe(7);
    expect(affordable(policyWith({ cost: { ...cost, instanceHour: 0.1, ceilingPerHour: 0.3 } }))).toBe(3);
    expect(costPerHour(3, policyWith())).toBeNull();
  });

  it('wait for the cooldown after the last scale-out, not after a scale-in', () => {
    const held = decide({ readings: { cpu: high }, lastUpAt: ago(120) });

    expect(shortly(held)).toEqual(['hold', 4, 4, 'cooldown']);
    expect(held.reasons[0]).toBe(
      'cpu 0.83 is above 0.7 in 3 evaluations: 7 are wanted, and the last scale-out was 2 min ago, 5 min have to pass',
    );
    expect(decide({ readings: { cpu: high }, lastUpAt: ago(300) }).action).toBe('scale_up');
    expect(decide({ readings: { cpu: high }, lastDownAt: ago(60) }).action).toBe('scale_up');
    // The clock was set back by an hour: what is needed is not held for so long.
    expect(decide({ readings: { cpu: high }, lastUpAt: ago(-3600) }).action).toBe('scale_up');
  });

  it('wait for the cooldown of their metric, which then speaks against fewer only', () => {
    const resting = { ...metricWith(), cooldownSeconds: 900 };
    const view = { readings: { cpu: high, memory: readingsOf(0.1, 0.1, 0.1) }, lastByMetric: { cpu: ago(400) } };

    expect(shortly(decide(view, { metrics: [resting, memory] }))).toEqual(['hold', 4, 4, 'cooldown']);
    expect(decide({ ...view, lastByMetric: { cpu: ago(900) } }, { metrics: [resting, memory] }).action).toBe(
      'scale_up',
    );
  });

  it('leave out who does not share the load yet', () => {
    const instances = [...fleetOf(3).instances, instanceWith('w4', { startedAt: ago(20) })];
    const starting = [...instances, instanceWith('w5', { state: 'starting', startedAt: ago(30) })];
    const policy = { metrics: [latency] };
    const held = decide({ fleet: { ...fleetOf(0), instances }, readings: { latency: readingsOf(3, 3, 3) } }, policy);

    expect(shortly(held)).toEqual(['hold', 4, 4, 'warm_up']);
    expect(held.reasons[0]).toBe(
      'latency 3 is above 2 in 3 evaluations, and w4 does not share the load yet: 4 may be enough',
    );
    // A bigger need than those that warm up will meet.
    expect(decide({ fleet: { ...fleetOf(0), instances: starting }, readings: { cpu: readingsOf(1, 1, 1) } })).toMatchObject({ current: 5, desired: 6 }); // prettier-ignore
  });

  it('come at once where there are fewer than the fewest', () => {
    const decision = decide({ fleet: fleetOf(1), readings: {}, lastUpAt: ago(10), missingInRow: 9 }, { min: 3 });

    expect(decision).toMatchObject({ action: 'scale_up', desired: 3, act: true, page: true });
    expect(decision.reasons[0]).toBe('1 is below 3, the fewest allowed: 1 -> 3 instances');
    expect(decision.limits).toEqual(['missing_metrics', 'frozen']);
  });

  it('make the number with which a service begins, once', () => {
    const begin = { desired: null, fleet: fleetOf(1), readings: { cpu: between } };

    expect(decide(begin, { desired: 3 })).toMatchObject({ action: 'scale_up', desired: 3 });
    expect(decide(begin, { desired: 3 }).reasons[0]).toBe('the service begins with 3: 1 -> 3 instances');
    expect(decide({ ...begin, fleet: fleetOf(5) }, { desired: 3 }).action).toBe('hold');
    expect(decide({ ...begin, lastDownAt: ago(900) }, { desired: 3 }).action).toBe('hold');
    expect(triggerOf(decide(begin, { desired: 3 }))).toBe('schedule');
  });

  it('are not asked for twice of a product that keeps the number itself', () => {
    const instances = [...fleetOf(3).instances, instanceWith('w4', { state: 'unready' })];
    const fleet = { instances, wanted: 4, ownedBy: null };
    const held = decide({ fleet, readings: { cpu: readingsOf(0.66, 0.71, 0.71) } }, { evaluationPeriods: 2, metrics: [metricWith({ target: 0.6 })] }); // prettier-ignore

    expect(shortly(held)).toEqual(['hold', 3, 3, 'warm_up']);
    expect(held.reasons[0]).toBe('4 are wanted; 4 were asked for, 1 of them not there yet');
    expect(decide({ fleet, readings: { cpu: high } })).toMatchObject({ action: 'scale_up', current: 3, desired: 5 });
  });

  it('replace what was lost, where the product does not', () => {
    const lost = { fleet: fleetOf(3), desired: 4, readings: { cpu: between } };

    expect(decide(lost)).toMatchObject({ action: 'scale_up', desired: 4 });
    expect(decide(lost).reasons[0]).toBe('3 of 4 instances are there: 3 -> 4 instances');
    expect(decide({ ...lost, lastUpAt: ago(60) }).limits).toEqual(['cooldown']);
    expect(decide({ ...lost, fleet: fleetOf(3, { wanted: 4 }) }).action).toBe('hold');
    expect(decide({ ...lost, readings: { cpu: low } }).action).toBe('scale_down');
    const unseen = [...fleetOf(3).instances, instanceWith('w4', { state: 'unknown' })];
    expect(decide({ ...lost, fleet: { ...fleetOf(0), instances: unseen } }).action).toBe('hold');
  });
});

describe('fewer instances', () => {
  it('take a majority, and the largest of what it wants', () => {
    const metrics = [metricWith(), memory, latency];
    const of = (cpu: typeof low, mem: typeof low, lat: typeof low) =>
      decide({ fleet: fleetOf(6), readings: { cpu, memory: mem, latency: lat } }, { metrics, maxStepDown: 9 });
    const quiet = readingsOf(0.1, 0.1, 0.1);

    expect(of(low, quiet, readingsOf(0.5, 0.5, 0.5))).toMatchObject({ action: 'scale_down', desired: 5, proposed: 5 });
    expect(of(low, quiet, readingsOf(1.5, 1.5, 1.5))).toMatchObject({ action: 'scale_down', desired: 3 });
    expect(of(low, between, readingsOf(1.5, 1.5, 1.5))).toMatchObject({ action: 'hold' });
    expect(of(low, between, readingsOf(1.5, 1.5, 1.5)).reasons).toEqual([
      '1 of 3 metrics would have fewer, it takes 2',
    ]);
  });

  it('do not count those that never vote for fewer', () => {
    const silent = { ...memory, down: null };

    expect(decide({ readings: { cpu: low, memory: between } }, { metrics: [metricWith(), silent] }).action).toBe(
      'scale_down',
    );
  });

  it('go in steps, and after a rest from any action', () => {
    const decision = decide({ readings: { cpu: low } });

    expect(shortly(decision)).toEqual(['scale_down', 4, 3, 'max_step']);
    expect(decision.reasons).toEqual([
      'cpu 0.15 is below 0.3 in 3 evaluations: 4 -> 3 instances',
      '2 would do, at most 1 are removed at once',
    ]);
    expect(shortly(decide({ readings: { cpu: low }, lastDownAt: ago(599) }))).toEqual(['hold', 4, 4, 'cooldown']);
    expect(shortly(decide({ readings: { cpu: low }, lastUpAt: ago(599) }))).toEqual(['hold', 4, 4, 'cooldown']);
    expect(decide({ readings: { cpu: low }, lastUpAt: ago(600), lastDownAt: ago(700) }).action).toBe('scale_down');
    expect(decide({ readings: { cpu: low }, lastUpAt: ago(-900) }).limits).toEqual(['cooldown']);
  });

  it('never bring another metric to where it wants more', () => {
    const metrics = [metricWith(), memory, latency];
    const readings = { cpu: low, memory: readingsOf(0.7, 0.7, 0.7), latency: readingsOf(0.5, 0.5, 0.5) };
    const held = decide({ readings }, { metrics, maxStepDown: 9 });

    expect(shortly(held)).toEqual(['hold', 4, 4, 'hysteresis']);
    expect(held.reasons).toContain('with fewer than 4 memory would come to where more are wanted');
  });

  it('stop at the fewest', () => {
    expect(shortly(decide({ readings: { cpu: readingsOf(0.01, 0.01, 0.01) } }, { min: 3, maxStepDown: 9 }))).toEqual(['scale_down', 4, 3, 'min']); // prettier-ignore
    expect(shortly(decide({ readings: { cpu: readingsOf(0.01, 0.01, 0.01) } }, { min: 4 }))).toEqual(['hold', 4, 4, 'min']); // prettier-ignore
  });

  it('wait until those that were just added share the load', () => {
    const instances = [...fleetOf(3).instances, instanceWith('w4', { startedAt: ago(20) })];

    expect(shortly(decide({ fleet: { ...fleetOf(0), instances }, readings: { cpu: low } }))).toEqual(['hold', 4, 4, 'warm_up']); // prettier-ignore
    // It should have been ready long ago: nobody waits for it.
    const stuck = [...fleetOf(3).instances, instanceWith('w4', { state: 'starting', startedAt: ago(900) })];
    expect(decide({ fleet: { ...fleetOf(0), instances: stuck }, readings: { cpu: low } })).toMatchObject({
      action: 'scale_down',
      remove: ['w4'],
    });
  });

  it('say what the number waits for while all are new, too', () => {
    const instances = [1, 2, 3].map((n) => instanceWith(`w${n}`, { startedAt: ago(20) }));
    const fleet = { ...fleetOf(0), instances };
    const of = (...values: number[]) => decide({ fleet, desired: 3, readings: { queue: readingsOf(...values) } }, { metrics: [queue] }); // prettier-ignore

    expect(of(200, 0).reasons).toEqual(['queue 0 is below 10 in 1 of 3 evaluations']);
    expect(shortly(of(200, 0))).toEqual(['hold', 3, 3, 'evaluation_periods']);
    expect(shortly(of(0, 0, 0))).toEqual(['hold', 3, 3, 'warm_up']);
    expect(of(400, 400, 400)).toMatchObject({ action: 'scale_up', desired: 7 });
  });

  it('come at once where there are more than the most', () => {
    const decision = decide({ fleet: fleetOf(9), readings: { cpu: between }, lastDownAt: ago(5) }, { max: 6 });

    expect(decision).toMatchObject({ action: 'scale_down', desired: 6 });
    expect(decision.remove).toHaveLength(3);
    expect(decision.reasons[0]).toBe('9 are more than 6, the most allowed: 9 -> 6 instances');
  });
});

describe('what is not known', () => {
  const metrics = [metricWith(), memory, latency];
  const some = { cpu: low, memory: readingsOf(0.1, 0.1, 0.1) };

  it('holds, then freezes and pages, and never removes', () => {
    const held = decide({ readings: { ...some, latency: readingsOf(0.5, 0.5, null) }, missingInRow: 1 }, { metrics });
    const frozen = decide({ readings: some, missingInRow: 3 }, { metrics });

    expect(shortly(held)).toEqual(['hold', 4, 4, 'missing_metrics']);
    expect(held).toMatchObject({ page: false, proposed: null });
    expect(shortly(frozen)).toEqual(['freeze', 4, 4, 'missing_metrics', 'frozen']);
    expect(frozen).toMatchObject({ page: true, act: false });
    expect(frozen.reasons).toEqual([
      'frozen: latency not known in 3 evaluations in a row, nothing is removed until it is',
      'latency is not known (missing): no reading of latency',
    ]);
    expect(decide({ readings: some, missingInRow: 3, leader: false }, { metrics }).page).toBe(false);
  });

  it('does not keep a metric that is known from adding', () => {
    const decision = decide({ readings: { cpu: high }, missingInRow: 5 }, { metrics });

    expect(decision).toMatchObject({ action: 'scale_up', act: true, page: true });
    expect(decision.limits).toContain('frozen');
  });

  it('removes nothing, even of too many', () => {
    expect(shortly(decide({ fleet: fleetOf(9), readings: {} }, { max: 6 }))).toEqual(['hold', 9, 9, 'missing_metrics']);
    const unseen = [...fleetOf(4).instances, instanceWith('w5', { state: 'unknown' })];
    const held = decide({ fleet: { ...fleetOf(0), instances: unseen }, readings: { cpu: low } });
    expect(shortly(held)).toEqual(['hold', 4, 4, 'missing_metrics']);
    expect(held.reasons).toEqual(['w5 could not be looked at']);
  });

  it('is over with the first reading of all', () => {
    expect(decide({ readings: { cpu: between }, missingInRow: 0 }).action).toBe('hold');
    expect(decide({ readings: { cpu: between }, missingInRow: 3 }).action).toBe('hold');
  });
});

describe('a schedule', () => {
  const night = { name: 'night', min: null, max: 3, desired: 2, since: ago(3600) };
  const day = { name: 'day', min: 6, max: 8, desired: 7, since: ago(60) };

  it('has its own bounds and sets its number once', () => {
    expect(decide({ schedule: day, readings: { cpu: between } })).toMatchObject({ action: 'scale_up', desired: 7 });
    expect(decide({ schedule: day, readings: { cpu: between } }).reasons[0]).toBe(
      'the schedule day sets 7: 4 -> 7 instances',
    );
    expect(decide({ schedule: day, readings: { cpu: between }, lastUpAt: ago(30) })).toMatchObject({ desired: 6 });
    const done = { schedule: day, readings: { cpu: between }, fleet: fleetOf(6), desired: 6 };
    expect(decide({ ...done, lastUpAt: ago(30) }).action).toBe('hold');
    expect(decide({ ...done, lastUpAt: ago(90) }).desired).toBe(7);
  });

  it('goes down to its number only as far as the metrics allow', () => {
    const bounds = { ...night, max: null };

    expect(decide({ schedule: bounds, readings: { cpu: between } })).toMatchObject({
      action: 'scale_down',
      desired: 3,
    });
    expect(decide({ schedule: bounds, readings: { cpu: low } })).toMatchObject({ action: 'scale_down', desired: 2 });
    expect(decide({ schedule: bounds, readings: { cpu: high } }).action).toBe('scale_up');
    expect(decide({ schedule: bounds, readings: {} }).action).toBe('hold');
    expect(decide({ schedule: night, readings: { cpu: high } })).toMatchObject({ action: 'scale_down', desired: 3 });
  });
});

describe('the forecast', () => {
  const forecast: ForecastFacts = {
    known: true,
    metric: 'cpu',
    madeAt: ago(60),
    model: 'ridge',
    level: 0.8,
    points: [0, 300, 600].map((seconds, i) => ({ at: ago(-seconds), mean: 2 + i, lower: 1, upper: 2.5 + i })),
    error: { mape: 0.1, pinball: 0.1, coverage: 0.8, relativeToNaive: 0.7 },
    trainedFrom: ago(86_400),
    trainedTo: ago(60),
    samples: 1440,
    trainingSeconds: 0.2,
  };
  const predictive = { ...policyWith().predictive, mode: 'scale_out' as const, metric: 'cpu' };

  it('adds what is needed when a new one serves', () => {
    const decision = decide({ readings: { cpu: between }, forecast }, { predictive });

    expect(decision).toMatchObject({ action: 'scale_up', desired: 7, predicted: 7, act: true });
    expect(decision.reasons[0]).toBe(
      'the forecast needs 7 in 300 s, as long as a new one takes until it serves: 4 -> 7 instances',
    );
    expect(triggerOf(decision)).toBe('forecast');
    expect(decide({ readings: {}, forecast }, { predictive }).action).toBe('scale_up');
    expect(decide({ readings: { cpu: between }, forecast, lastUpAt: ago(60) }, { predictive }).limits).toEqual([
      'cooldown',
    ]);
  });

  it('keeps what it needs soon, and never removes', () => {
    const view = { fleet: fleetOf(8), desired: 8, forecast };

    expect(decide({ ...view, readings: { cpu: low } }, { predictive, maxStepDown: 9 })).toMatchObject({ desired: 7 });
    expect(decide({ ...view, readings: { cpu: between } }, { predictive }).action).toBe('hold');
  });

  it('is not acted on where it was far off', () => {
    const poor = { ...forecast, error: { ...forecast.error, mape: 0.45 } };
    const decision = decide({ readings: { cpu: between }, forecast: poor }, { predictive });

    expect(decision).toMatchObject({ action: 'hold', predicted: 7 });
    expect(decision.reasons).toEqual([
      'the forecast needs 7 and is not acted on: it was off by 45 % on the average, 30 % are trusted',
    ]);
  });

  it('is only shown where it may not act', () => {
    const only = { ...predictive, mode: 'forecast_only' as const };

    expect(decide({ readings: { cpu: between }, forecast }, { predictive: only })).toMatchObject({
      action: 'hold',
      predicted: 7,
    });
    expect(decide({ readings: { cpu: between }, forecast }).predicted).toBeNull();
    const none: ForecastFacts = { known: false, metric: 'cpu', why: 'less than 24 h' };
    expect(decide({ readings: { cpu: between }, forecast: none }, { predictive }).action).toBe('hold');
  });
});

describe('what may not be done', () => {
  const readings = { cpu: high };

  it.each<[string, Partial<ScalingView>, Partial<ScalingPolicy>, string, boolean]>([
    ['mode manual', {}, { mode: 'manual' }, 'mode', true],
    ['mode observe', {}, { mode: 'observe' }, 'mode', false],
    ['a pause', { pausedUntil: ago(-60) }, {}, 'paused', false],
    ['another exporter', { leader: false }, {}, 'not_leader', false],
    ['a running operation', { running: 'scaling of shop' }, {}, 'running', false],
    ['the breaker', { breakerOpen: true }, {}, 'breaker', true],
    ['another controller', { fleet: fleetOf(4, { ownedBy: 'HorizontalPodAutoscaler web' }) }, {}, 'owned', false],
  ])('%s', (_, view, policy, limit, page) => {
    const decision = decide({ readings, ...view }, policy);

    expect(decision).toMatchObject({ action: 'scale_up', desired: 7, act: false, page });
    expect(decision.limits).toEqual([limit]);
  });

  it('is done again after a pause', () => {
    expect(decide({ readings, pausedUntil: ago(1) }).act).toBe(true);
  });
});

describe('who is removed', () => {
  const fleet = {
    ...fleetOf(0),
    instances: [
      instanceWith('busy', { load: 90 }),
      instanceWith('idle', { load: 2 }),
      instanceWith('unseen', { load: null }),
      instanceWith('fresh', { load: null, startedAt: ago(600) }),
      instanceWith('begins', { state: 'starting', startedAt: ago(5) }),
      instanceWith('broken', { state: 'unready' }),
      instanceWith('leaves', { state: 'draining' }),
      instanceWith('dark', { state: 'unknown' }),
      instanceWith('sync', { load: 1, protectedBy: 'the synchronous standby' }),
    ],
  };

  it('is who serves least, never the protected', () => {
    expect(chooseRemoved(fleet, 99)).toEqual(['broken', 'begins', 'idle', 'busy', 'fresh', 'unseen']);
    expect(chooseRemoved(fleet, 2)).toEqual(['broken', 'begins']);
    expect(chooseRemoved(fleet, -1)).toEqual([]);
  });

  it('is as many as may be, and the decision says why not more', () => {
    const instances = [1, 2, 3, 4].map((n) =>
      instanceWith(`db${n}`, { protectedBy: n > 1 ? 'a backup runs on it' : null }),
    );
    const view = { fleet: { ...fleetOf(0), instances }, readings: { cpu: readingsOf(0.01, 0.01, 0.01) } };
    const decision = decide(view, { maxStepDown: 9 });

    expect(shortly(decision)).toEqual(['scale_down', 4, 3, 'protected']);
    expect(decision.remove).toEqual(['db1']);
    expect(decision.reasons).toContain('db2 must not be removed: a backup runs on it');
    const all = instances.map((instance) => ({ ...instance, protectedBy: 'the only candidate' }));
    expect(shortly(decide({ ...view, fleet: { ...fleetOf(0), instances: all } }))).toEqual(['hold', 4, 4, 'max_step', 'protected']); // prettier-ignore
  });

  it('includes those that are told to run and do not serve', () => {
    const instances = [...fleetOf(4).instances, instanceWith('w5', { state: 'unready' })];

    expect(decide({ fleet: { ...fleetOf(0), instances }, readings: { cpu: low } })).toMatchObject({
      desired: 3,
      remove: ['w5', 'w4'],
    });
  });
});

describe('what led to it', () => {
  it('is who voted so and was heard', () => {
    const metrics = [metricWith(), memory];
    const up = decide({ readings: { cpu: high, memory: between } }, { metrics });
    const down = decide({ readings: { cpu: low, memory: readingsOf(0.1, 0.1, 0.1) } }, { metrics });

    expect(causesOf(up)).toEqual(['cpu']);
    expect(causesOf(down)).toEqual(['cpu', 'memory']);
    expect(triggerOf(up)).toBe('metrics');
    expect(causesOf(decide({ readings: { cpu: between } }))).toEqual([]);
  });
});
