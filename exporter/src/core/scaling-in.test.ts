import {
  ago,
  between,
  decide,
  fleetOf,
  instanceWith,
  latency,
  low,
  memory,
  metricWith,
  queue,
  readingsOf,
  shortly,
} from './scaling-testing.ts';
import { chooseRemoved } from './scaling.ts';

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
