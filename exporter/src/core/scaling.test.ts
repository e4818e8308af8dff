import type { ScalingPolicy, ScalingView } from '../contract/scaling.ts';
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
  readingsOf,
  shortly,
} from './scaling-testing.ts';
import { causesOf, triggerOf } from './scaling.ts';

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

describe('what led to it', () => {
  it('is who voted so and was heard', () => {
    const metrics = [metricWith(), memory];
    const up = decide({ readings: { cpu: high, memory: between } }, { metrics });
    const down = decide({ readings: { cpu: low, memory: readingsOf(0.1, 0.1, 0.1) } }, { metrics });

    expect(causesOf(up)).toEqual(['cpu']);
    expect(causesOf(down)).toEqual(['cpu', 'memory']);
    expect(triggerOf(up, null)).toBe('metrics');
    expect(causesOf(decide({ readings: { cpu: between } }))).toEqual([]);
  });
});
