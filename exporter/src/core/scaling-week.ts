import type { ForecastFacts } from '../contract/forecast.ts';
import type { ScalingBacktestRun } from '../contract/scaling-facts.ts';
import type { ScalingMetricPolicy, ScalingPolicy } from '../contract/scaling.ts';
import { makeForecast } from './forecast.ts';
import { hpaDefaults } from './scaling-hpa.ts';
import { hpaPilot, policyPilot, replay, type Course } from './scaling-replay.ts';
import { courseOfShape, type LoadShape } from './scaling-shapes.ts';
import { instancesFor, targetOf } from './scaling-votes.ts';

/** A week of generated load through policies and through the HorizontalPodAutoscaler, also with a target at which it costs as much. */

export interface WeekPolicy {
  readonly name: string;
  readonly policy: ScalingPolicy;
  /** With a forecast made each midnight from the two weeks before. */
  readonly isForecast: boolean;
}

export interface WeekRow {
  readonly policy: string;
  readonly run: ScalingBacktestRun;
  /** Seconds in which ready instances were busier than `overloadedAt`. */
  readonly overloadedSeconds: number;
  /** The HorizontalPodAutoscaler with the target at which it takes as many instance hours; null: it is that itself. */
  readonly hpaForAsMuch: HpaForAsMuch | null;
}

export interface HpaForAsMuch {
  readonly target: number;
  /** Between the two targets on either side, in proportion to their hours: hours jump where a plateau needs one instance more or less. */
  readonly underProvisionedSeconds: number;
}

export interface Week {
  readonly make: () => LoadShape;
  readonly seed: number;
  readonly fromMs: number;
  readonly policies: readonly WeekPolicy[];
  /** Of which the target, the bounds and the launch time are those of all. */
  readonly base: ScalingPolicy;
  readonly overloadedAt: number;
}

const dayMs = 86_400_000;
const weekMinutes = 7 * 1440;

function forecastsOf(course: ReturnType<typeof courseOfShape>, { fromMs, base }: Week, metric: string) {
  const made: (ForecastFacts | null)[] = [];
  const horizonSeconds = dayMs / 1000 + base.predictive.launchSeconds + 600;
  return (at: Date): ForecastFacts | null => {
    const day = Math.floor((+at - fromMs) / dayMs);
    return (made[day] ??= makeForecast(course.slice(0, 2 * weekMinutes + day * 1440), {
      metric,
      stepSeconds: 60,
      horizonSeconds,
      quantile: base.predictive.quantile,
      now: new Date(fromMs + day * dayMs),
    }));
  };
}

/** Halves the span of targets, 0.7 to 1.4 of the one in question, as often as this: to a hundredth of it. */
const halvings = 6;

function hpaForAsMuch(hours: number, fly: (target: number) => ScalingBacktestRun, target: number): HpaForAsMuch {
  let [low, high] = [target * 0.7, target * 1.4];
  let [dearer, cheaper] = [fly(low), fly(high)];
  for (let i = 0; i < halvings; i += 1) {
    const middle = (low + high) / 2;
    const run = fly(middle);
    if (run.instanceHours >= hours) [low, dearer] = [middle, run];
    else [high, cheaper] = [middle, run];
  }
  const span = dearer.instanceHours - cheaper.instanceHours;
  const share = span > 0 ? Math.min(1, Math.max(0, (hours - cheaper.instanceHours) / span)) : 1;
  const under = share * dearer.underProvisionedSeconds + (1 - share) * cheaper.underProvisionedSeconds;
  return { target: low + (1 - share) * (high - low), underProvisionedSeconds: under };
}

/** A row for each policy, the last for the HorizontalPodAutoscaler with the same target. */
export function simulateWeek(week: Week): readonly WeekRow[] {
  const { make, seed, fromMs, policies, base, overloadedAt } = week;
  const isAnyForecast = policies.some(({ isForecast }) => isForecast);
  const before = isAnyForecast ? 2 * weekMinutes : 0;
  const points = courseOfShape(make, before + weekMinutes, fromMs - before * 60_000, seed);
  const demand = Float64Array.from(points.slice(before), ({ value }) => value);
  const metric = base.metrics[0] as ScalingMetricPolicy;
  const target = targetOf(metric) ?? 1;
  const { launchSeconds } = base.predictive;
  const begins = instancesFor(demand[0] ?? 0, target);
  const course: Course = { demand, fromMs, stepSeconds: 60, carries: target, launchSeconds, begins };
  const strict: Course = { ...course, carries: overloadedAt };
  const forecastAt = isAnyForecast ? forecastsOf(points, week, metric.name) : null;
  const pilotOf = ({ policy, isForecast }: WeekPolicy) =>
    policyPilot(policy, policy.metrics[0] as ScalingMetricPolicy, isForecast ? forecastAt : null);
  const hpaAt = (aim: number) => hpaPilot(metric, { ...hpaDefaults, target: aim, min: base.min, max: base.max });
  const flyHpa = (aim: number): ScalingBacktestRun => replay('hpa', hpaAt(aim), course, null);
  const rows = policies.map((one): WeekRow => {
    const run = replay(one.name, pilotOf(one), course, null);
    return {
      policy: one.name,
      run,
      overloadedSeconds: replay(one.name, pilotOf(one), strict, null).underProvisionedSeconds,
      hpaForAsMuch: hpaForAsMuch(run.instanceHours, flyHpa, target),
    };
  });
  const overloadedSeconds = replay('hpa', hpaAt(target), strict, null).underProvisionedSeconds;
  return [...rows, { policy: 'hpa', run: flyHpa(target), overloadedSeconds, hpaForAsMuch: null }];
}
