import { countFleet } from './scaling-fleet.ts';
import { ago, decide, fleetOf, high, instanceWith, low, now, policyWith } from './scaling-testing.ts';

describe('an instance whose start lies in the future, because the clock was set back', () => {
  const ahead = ['w1', 'w2'].map((name) => instanceWith(name, { startedAt: ago(-3000) }));
  const fleet = fleetOf(0, { instances: ahead });

  it('shares the load: nobody waits until the clock gets there again', () => {
    expect(countFleet(fleet, policyWith(), now)).toMatchObject({ current: 2, warm: 2, cold: [] });
    expect(decide({ fleet, desired: 2, readings: { cpu: high } })).toMatchObject({ action: 'scale_up', desired: 4 });
    expect(decide({ fleet, desired: 2, readings: { cpu: low } })).toMatchObject({ action: 'scale_down', desired: 1 });
  });

  it('is young as long as the clocks only differ a little', () => {
    const young = instanceWith('w3', { startedAt: ago(-5) });

    expect(countFleet(fleetOf(0, { instances: [young] }), policyWith(), now)).toMatchObject({ warm: 0, cold: ['w3'] });
  });

  it('is waited for while it starts', () => {
    const starting = instanceWith('w3', { state: 'starting', startedAt: ago(-3000) });

    expect(countFleet(fleetOf(0, { instances: [starting] }), policyWith(), now)).toMatchObject({ cold: ['w3'] });
  });
});
