import type { ForecastFacts } from '../contract/forecast.ts';
import type { ScalingBacktestRun } from '../contract/scaling-facts.ts';
import type { ScalingPolicy } from '../contract/scaling.ts';
import { backtest, hpaDesired, whyNotReplayed, type BacktestOptions } from './scaling-backtest.ts';
import { hpaDefaults, type HpaMemory } from './scaling-hpa.ts';
import { nextScheduleAt, scheduleAt } from './scaling-schedule.ts';
import { metricWith, policyWith } from './scaling-testing.ts';

const fromMs = Date.parse('2026-03-02T00:00:00.000Z');
const time = (minute: number): string => new Date(fromMs + minute * 60_000).toISOString();
const courseOf = (minutes: number, value: (minute: number) => number | null) =>
  Array.from({ length: minutes }, (_, minute) => ({ at: time(minute), value: value(minute) }));
const options = (minutes: number, more: Partial<BacktestOptions> = {}): BacktestOptions => ({
  metric: 'cpu',
  stepSeconds: 60,
  from: time(0),
  to: time(minutes),
  ...more,
});
const cost = { instanceHour: 0.5, currency: 'EUR', ceilingPerHour: null };

function runsOf(
  minutes: number,
  value: (minute: number) => number | null,
  policy: Partial<ScalingPolicy> = {},
  more: Partial<BacktestOptions> = {},
) {
  const result = backtest(courseOf(minutes, value), { current: policyWith({ cost, ...policy }), proposed: null }, options(minutes, more)); // prettier-ignore
  const [current, hpa] = result.runs as [ScalingBacktestRun, ScalingBacktestRun];
  return { result, current, hpa };
}

describe('a backtest', () => {
  it('leaves a load that does not change alone, and counts what it costs', () => {
    const { result, current, hpa } = runsOf(600, () => 1.9);

    expect(result).toMatchObject({ points: 600, missing: 0, stepSeconds: 60 });
    for (const run of [current, hpa])
      expect(run).toMatchObject({
        underProvisionedSeconds: 0,
        overProvisionedSeconds: 0,
        scaleUps: 0,
        scaleDowns: 0,
        maxInstances: 4,
        instanceHours: 40,
        cost: 20,
      });
    expect(result.runs.map(({ policy }) => policy)).toEqual(['current', 'hpa']);
  });

  it('takes as long as evaluations and launch take to meet a step', () => {
    const { current, hpa } = runsOf(240, (minute) => (minute < 60 ? 0.9 : 1.9), {}, {});

    // Three evaluations a minute apart, then 300 s until they serve; the HorizontalPodAutoscaler only the latter.
    expect(current).toMatchObject({ underProvisionedSeconds: 120 + 300, scaleUps: 1, scaleDowns: 0, maxInstances: 4 });
    expect(hpa).toMatchObject({ underProvisionedSeconds: 300, scaleUps: 1, maxInstances: 4 });
    // They are paid for from their start.
    expect(current.instanceHours).toBeCloseTo((240 * 2 + (240 - 62) * 2) / 60, 5);
  });

  it('counts what is too much', () => {
    const { current, hpa } = runsOf(300, (minute) => (minute < 60 ? 1.9 : 0.9));

    expect(current).toMatchObject({ underProvisionedSeconds: 0, scaleDowns: 2 });
    // What it needed within the last 600 s is kept; then one goes, and 600 s later the next.
    expect(current.overProvisionedSeconds).toBe(540 + 600);
    expect(current.overProvisionedInstanceHours).toBeCloseTo((2 * 540 + 600) / 3600, 5);
    expect(hpa).toMatchObject({ overProvisionedSeconds: 285, scaleDowns: 1 });
  });

  it('holds where points are missing, and counts nothing there', () => {
    const { result, current, hpa } = runsOf(240, (minute) =>
      minute >= 60 && minute < 180 ? null : minute < 60 ? 1.9 : 0.1,
    );

    expect(result.missing).toBe(120);
    for (const run of [current, hpa]) {
      const inGap = run.series.filter(({ at }) => at >= time(60) && at < time(180));
      expect(new Set(inGap.map(({ desired }) => desired))).toEqual(new Set([4]));
      expect(inGap.every(({ demand }) => demand === null)).toBe(true);
      expect(run.scaleDowns).toBeGreaterThan(0);
      expect(run.overProvisionedSeconds).toBeLessThanOrEqual(3600);
    }
    const empty = runsOf(60, () => null);
    expect(empty.current).toMatchObject({ scaleUps: 0, scaleDowns: 0, underProvisionedSeconds: 0 });
  });

  it('compares a proposal with what is in force, and prices each by its own policy', () => {
    const proposed = policyWith({ cooldownUpSeconds: 0, evaluationPeriods: 1, cost: { ...cost, instanceHour: 1 } });
    const history = courseOf(240, (minute) => (minute < 60 ? 0.9 : minute < 64 ? 1.9 : 3.9));
    const { runs } = backtest(history, { current: policyWith({ cost }), proposed }, options(240));
    const [current, faster, hpa] = runs;

    expect(runs.map(({ policy }) => policy)).toEqual(['current', 'proposed', 'hpa']);
    expect(faster?.underProvisionedSeconds).toBeLessThan(current?.underProvisionedSeconds ?? 0);
    expect(faster?.cost).toBe(faster?.instanceHours);
    expect(hpa?.maxInstances).toBe(8);
  });

  it('scales out ahead of a load that was forecast', () => {
    const predictive = { ...policyWith().predictive, mode: 'scale_out' as const, metric: 'cpu' };
    const demand = (minute: number): number => (minute < 120 ? 0.9 : 2.9);
    const forecast = (at: Date): ForecastFacts => ({
      known: true,
      metric: 'cpu',
      madeAt: at.toISOString(),
      model: 'ridge',
      level: 0.8,
      points: Array.from({ length: 11 }, (_, i) => {
        const value = demand(Math.floor((+at - fromMs) / 60_000) + i);
        return { at: new Date(+at + i * 60_000).toISOString(), mean: value, lower: value, upper: value };
      }),
      error: { mape: 0, pinball: 0, coverage: 1, relativeToNaive: 0 },
      trainedFrom: time(0),
      trainedTo: time(0),
      samples: 1,
      trainingSeconds: 0,
    });

    expect(runsOf(240, demand, { predictive }, { forecast }).current.underProvisionedSeconds).toBe(0);
    // A busy processor shows no more than all of itself: it takes two scale-outs to see how much is needed.
    expect(runsOf(240, demand, { predictive }).current.underProvisionedSeconds).toBe(720);
  });

  it('keeps the schedules of the policy', () => {
    const schedules = [
      { name: 'day', cron: '0 6 * * *', timezone: 'UTC', min: 5, max: null, desired: null },
      { name: 'night', cron: '0 20 * * *', timezone: 'UTC', min: null, max: null, desired: 2 },
    ];
    const { current } = runsOf(1440, () => 0.9, { schedules });
    const at = (hour: number): number | undefined =>
      current.series.findLast((point) => point.at <= time(hour * 60 + 30))?.desired;

    expect([at(5), at(6), at(19), at(20)]).toEqual([2, 5, 5, 2]);
  });

  it('thins its series, and knows total and mean as one', () => {
    const wave = (minute: number): number => 2 + 1.5 * Math.sin(minute / 100);
    const mean = runsOf(3000, wave);
    const total = runsOf(3000, (minute) => 100 * wave(minute), {
      metrics: [metricWith({ kind: 'query', scales: 'total', target: 50, up: 70, down: 30 })],
    });

    expect(mean.current.series.length).toBeLessThanOrEqual(1000);
    expect(mean.current.series.length).toBeGreaterThan(900);
    expect(mean.hpa.scaleUps).toBe(total.hpa.scaleUps);
    expect(mean.current.scaleUps).toBeGreaterThan(0);
  });

  it('takes steps longer than the evaluation, and other targets to compare with', () => {
    const history = Array.from({ length: 48 }, (_, i) => ({ at: time(i * 5), value: i < 24 ? 0.9 : 1.9 }));
    const { runs } = backtest(
      history,
      { current: policyWith(), proposed: null },
      { ...options(240, { stepSeconds: 300, hpaTarget: 0.25, carries: 1 }) },
    );

    expect(runs[0]).toMatchObject({ scaleUps: 2, cost: null });
    expect(runs[1]?.maxInstances).toBe(8);
  });

  it('says of what it cannot know that it cannot', () => {
    const policy = policyWith({ metrics: [metricWith({ kind: 'response_time', target: null, scales: 'none' })] });

    expect(whyNotReplayed(policy, 'cpu')).toContain('does not fall in proportion');
    expect(whyNotReplayed(policyWith(), 'memory')).toBe('the policy has no metric memory');
    expect(whyNotReplayed(policyWith(), 'cpu')).toBeNull();
    expect(
      backtest(
        courseOf(10, () => 1),
        { current: policy, proposed: null },
        options(10),
      ).runs,
    ).toEqual([]);
    expect(backtest([], { current: policyWith(), proposed: null }, options(0)).runs).toEqual([]);
  });
});

describe('the algorithm of the HorizontalPodAutoscaler', () => {
  const settings = { ...hpaDefaults, target: 0.5, min: 1, max: 40 };
  const desired = (work: number | null, current: number, ready = current, memory: HpaMemory = []): number =>
    hpaDesired({ work, current, ready, nowMs: fromMs }, memory, settings).desired;

  it('goes by the ratio to the target, with a tenth of tolerance', () => {
    expect(desired(2.2, 4)).toBe(4);
    expect(desired(2.21, 4)).toBe(5);
    expect(desired(1.8, 4)).toBe(4);
    expect(desired(1.4, 4)).toBe(3);
    expect(desired(null, 4)).toBe(4);
  });

  it('adds at most four or as many as there are in one period, and counts the unready as idle', () => {
    expect(desired(9, 2)).toBe(6);
    expect(desired(19, 10)).toBe(20);
    expect(desired(3, 6, 4)).toBe(6);
    expect(desired(4, 6, 4)).toBe(8);
    expect(desired(4, 4, 0)).toBe(4);
    expect(desired(90, 38)).toBe(40);
  });

  it('removes down to the highest recommendation of five minutes', () => {
    const at = (seconds: number, replicas: number) => ({ atMs: fromMs - seconds * 1000, replicas });

    expect(desired(1, 8, 8, [at(299, 6), at(100, 3)])).toBe(6);
    expect(desired(1, 8, 8, [at(300, 6), at(100, 3)])).toBe(3);
    expect(desired(1, 8, 8, [at(10, 12)])).toBe(8);
  });
});

describe('the schedule that holds', () => {
  const schedules = [
    { name: 'day', cron: '0 8 * * 1-5', timezone: 'Europe/Berlin', min: 3, max: null, desired: 4 },
    { name: 'night', cron: '0 20 * * *', timezone: 'Europe/Berlin', min: null, max: 5, desired: null },
  ];
  const at = (iso: string) => scheduleAt(schedules, new Date(iso));

  it('is the one that began last, on its own clock', () => {
    expect(at('2026-03-02T06:59:59Z')).toEqual({ name: 'night', min: null, max: 5, desired: null, since: '2026-03-01T19:00:00.000Z' }); // prettier-ignore
    expect(at('2026-03-02T07:00:00Z')).toMatchObject({ name: 'day', since: '2026-03-02T07:00:00.000Z' });
    // Saturday: the night goes on; in summer an hour earlier.
    expect(at('2026-03-07T12:00:00Z')).toMatchObject({ name: 'night', since: '2026-03-06T19:00:00.000Z' });
    expect(at('2026-04-01T06:00:00Z')).toMatchObject({ name: 'day' });
    expect(scheduleAt([], new Date(fromMs))).toBeNull();
    expect(nextScheduleAt(schedules, new Date('2026-03-02T07:00:00Z'))?.toISOString()).toBe('2026-03-02T19:00:00.000Z');
    expect(nextScheduleAt([], new Date(fromMs))).toBeNull();
  });
});
