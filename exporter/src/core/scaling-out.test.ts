import type { ForecastFacts } from '../contract/forecast.ts';
import { affordable, costPerHour } from './scaling-cost.ts';
import {
  ago,
  between,
  decide,
  fleetOf,
  high,
  instanceWith,
  latency,
  low,
  memory,
  metricWith,
  policyWith,
  readingsOf,
  shortly,
} from './scaling-testing.ts';
import { triggerOf } from './scaling.ts';

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
    const decision = decide(
      { fleet: fleetOf(1), desired: null, readings: {}, lastUpAt: ago(10), missingInRow: 9 },
      { min: 3 },
    );

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
    expect(triggerOf(decide(begin, { desired: 3 }), null)).toBe('schedule');
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
    expect(decide({ ...lost, lastUpAt: ago(60) })).toMatchObject({ action: 'scale_up', desired: 4 });
    expect(triggerOf(decide(lost), 4)).toBe('repair');
    expect(decide({ ...lost, fleet: fleetOf(3, { wanted: 4 }) }).action).toBe('hold');
    expect(decide({ ...lost, readings: { cpu: low } }).action).toBe('scale_down');
    const unseen = [...fleetOf(3).instances, instanceWith('w4', { state: 'unknown' })];
    expect(decide({ ...lost, fleet: { ...fleetOf(0), instances: unseen } }).action).toBe('hold');
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
    expect(triggerOf(decision, null)).toBe('forecast');
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

  it.each([
    ['better than naive', { relativeToNaive: 0.8, coverage: 0.78 }, null],
    ['worse than naive', { relativeToNaive: 1.4, coverage: 0.8 }, 'its errors were 140 % of those of the same time before, 105 % are trusted'], // prettier-ignore
    ['too narrow', { relativeToNaive: 0.8, coverage: 0.5 }, '50 % of the values were inside its interval, 65 % are trusted'], // prettier-ignore
  ])('of a load that is nothing at times is judged by what it was: %s', (_what, error, why) => {
    const quiet = { ...forecast, error: { ...forecast.error, mape: null, ...error } };
    const decision = decide({ readings: { cpu: between }, forecast: quiet }, { predictive });

    expect(decision.action).toBe(why === null ? 'scale_up' : 'hold');
    if (why !== null) expect(decision.reasons).toEqual([`the forecast needs 7 and is not acted on: ${why}`]);
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
