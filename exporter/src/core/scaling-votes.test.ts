import { ago, between, high, latency, low, metricWith, now, policyWith, queue, readingsOf } from './scaling-testing.ts';
import { voteOf } from './scaling.ts';

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
