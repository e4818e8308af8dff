import type { ForecastFacts } from '../contract/forecast.ts';
import type { ScalingBacktestRun } from '../contract/scaling-facts.ts';
import type { Instance, ScalingMetricPolicy, ScalingPolicy, ScalingReading, ScalingView } from '../contract/scaling.ts';
import { hpaDesired, type HpaMemory, type HpaOptions } from './scaling-hpa.ts';
import { nextScheduleAt, scheduleAt } from './scaling-schedule.ts';
import { instancesFor, readingsKept } from './scaling-votes.ts';
import { causesOf, decideScaling } from './scaling.ts';

/** One policy against one course of demand: instances that take their time to start, and what they cost and could not carry. */

export interface Course {
  /** Work of the whole service, a point each step; NaN: missing. */
  readonly demand: Float64Array;
  readonly fromMs: number;
  readonly stepSeconds: number;
  /** What one instance carries. */
  readonly carries: number;
  readonly launchSeconds: number;
  /** Instances that run, and are ready, when it begins. */
  readonly begins: number;
}

/** Says how many instances there are to be from now on, or null: as it is. */
export interface Pilot {
  readonly everySeconds: number;
  steer(nowMs: number, demand: number, crew: Crew): void;
}

interface Member {
  readonly instance: Instance;
  readonly readyMs: number;
}

/** The instances of the model; a new one is ready after the launch time, one that goes is gone at once. */
export class Crew {
  #members: Member[] = [];
  #made = 0;
  #ready = 0;
  #instances: readonly Instance[] | null = null;
  readonly #launchMs: number;
  ups = 0;
  downs = 0;
  most = 0;

  constructor(launchSeconds: number, begins: number, fromMs: number) {
    this.#launchMs = launchSeconds * 1000;
    this.#add(begins, fromMs - this.#launchMs - 86_400_000);
    this.look(fromMs);
  }

  get size(): number {
    return this.#members.length;
  }

  get ready(): number {
    return this.#ready;
  }

  /** Some are ready that were not. */
  look(nowMs: number): void {
    if (this.#ready === this.#members.length) return;
    const ready = this.#members.filter(({ readyMs }) => readyMs <= nowMs).length;
    if (ready === this.#ready) return;
    this.#ready = ready;
    this.#instances = null;
  }

  instances(nowMs: number): readonly Instance[] {
    this.#instances ??= this.#members.map(({ instance, readyMs }) =>
      readyMs <= nowMs ? { ...instance, state: 'ready' } : instance,
    );
    return this.#instances;
  }

  setTo(count: number, nowMs: number): void {
    if (count === this.size) return;
    if (count > this.size) this.ups += 1;
    else this.downs += 1;
    // The newest go first: those that are not ready yet are among them.
    if (count < this.size) this.#members.length = count;
    else this.#add(count - this.size, nowMs);
    this.#ready = this.#members.filter(({ readyMs }) => readyMs <= nowMs).length;
    this.#instances = null;
  }

  #add(count: number, atMs: number): void {
    const startedAt = new Date(atMs).toISOString();
    for (let i = 0; i < count; i += 1) {
      const name = `i${(this.#made += 1)}`;
      const instance: Instance = {
        name,
        state: 'starting',
        startedAt,
        address: null,
        load: null,
        protectedBy: null,
        detail: null,
      };
      this.#members.push({ instance, readyMs: atMs + this.#launchMs });
    }
    this.most = Math.max(this.most, this.size);
  }
}

const isShare = ({ kind }: ScalingMetricPolicy): boolean => kind === 'cpu' || kind === 'memory';

/** Work as the service would show it: a share of a processor cannot be more than all of it; null: it shows nothing. */
function workSeen(metric: ScalingMetricPolicy, demand: number, ready: number): number | null {
  if (Number.isNaN(demand)) return null;
  if (metric.scales === 'total') return demand;
  if (ready === 0) return null;
  return isShare(metric) && demand > ready ? ready : demand;
}

function readingOf(metric: ScalingMetricPolicy, demand: number, ready: number, at: string): ScalingReading {
  const work = workSeen(metric, demand, ready);
  if (work !== null) return { at, known: true, value: metric.scales === 'total' ? work : work / ready };
  const detail = Number.isNaN(demand) ? 'no point in the history' : 'no instance is ready';
  return { at, known: false, why: 'missing', detail };
}

/** The product's own decision, as if its mode were auto, on this metric alone. */
export function policyPilot(
  policy: ScalingPolicy,
  metric: ScalingMetricPolicy,
  forecastAt: ((at: Date) => ForecastFacts | null) | null,
): Pilot {
  const alone: ScalingPolicy = { ...policy, mode: 'auto', metrics: [metric] };
  const readings: ScalingReading[] = [];
  const kept = readingsKept(policy);
  const lastByMetric: Record<string, string> = {};
  let [desired, lastUpAt, lastDownAt]: [number | null, string | null, string | null] = [null, null, null];
  let missingInRow = 0;
  let schedule: ScalingView['schedule'] = null;
  let scheduleUntilMs = policy.schedules.length === 0 ? Infinity : -Infinity;
  return {
    everySeconds: policy.intervalSeconds,
    steer(nowMs, demand, crew) {
      const now = new Date(nowMs);
      const at = now.toISOString();
      const reading = readingOf(metric, demand, crew.ready, at);
      readings.push(reading);
      if (readings.length > kept) readings.shift();
      missingInRow = reading.known ? 0 : missingInRow + 1;
      if (nowMs >= scheduleUntilMs) {
        schedule = scheduleAt(policy.schedules, now);
        scheduleUntilMs = +(nextScheduleAt(policy.schedules, now) ?? Infinity);
      }
      desired ??= crew.size;
      const view: ScalingView = {
        service: 'backtest',
        fleet: { instances: crew.instances(nowMs), wanted: null, ownedBy: null },
        desired,
        readings: { [metric.name]: readings },
        forecast: forecastAt === null ? null : forecastAt(now),
        lastUpAt,
        lastDownAt,
        lastByMetric,
        missingInRow,
        schedule,
        pausedUntil: null,
        running: null,
        leader: true,
        breakerOpen: false,
        breakerUntil: null,
      };
      const decision = decideScaling(view, alone, now);
      if (!decision.act) return;
      desired = decision.desired;
      if (decision.action === 'scale_up') lastUpAt = at;
      else lastDownAt = at;
      for (const cause of causesOf(decision)) lastByMetric[cause] = at;
      crew.setTo(desired, nowMs);
    },
  };
}

/** The same metric through the HorizontalPodAutoscaler. */
export function hpaPilot(metric: ScalingMetricPolicy, options: HpaOptions): Pilot {
  let memory: HpaMemory | null = null;
  return {
    everySeconds: options.syncSeconds,
    steer(nowMs, demand, crew) {
      memory ??= [{ atMs: nowMs, replicas: crew.size }];
      const work = workSeen(metric, demand, crew.ready);
      const next = hpaDesired({ work, current: crew.size, ready: crew.ready, nowMs }, memory, options);
      ({ memory } = next);
      crew.setTo(next.desired, nowMs);
    },
  };
}

/** Most points of the series that is shown. */
const seriesPoints = 1000;
/** Finest grid of the model: the evaluation of the HorizontalPodAutoscaler. */
const finestSeconds = 15;

class Account {
  under = 0;
  over = 0;
  overInstanceSeconds = 0;
  instanceSeconds = 0;

  /** `needed`: null: nobody knows. */
  add(seconds: number, needed: number | null, { size, ready }: Crew): void {
    this.instanceSeconds += size * seconds;
    if (needed === null) return;
    if (ready < needed) this.under += seconds;
    if (ready > needed) {
      this.over += seconds;
      this.overInstanceSeconds += (ready - needed) * seconds;
    }
  }
}

/** Flies one pilot through the course. `instanceHour`: price of an instance for an hour; null: not known. */
export function replay(name: string, pilot: Pilot, course: Course, instanceHour: number | null): ScalingBacktestRun {
  const { demand, fromMs, stepSeconds, carries } = course;
  const crew = new Crew(course.launchSeconds, course.begins, fromMs);
  const tickSeconds = Math.min(finestSeconds, stepSeconds, pilot.everySeconds);
  const ticks = Math.floor((demand.length * stepSeconds) / tickSeconds);
  const every = Math.max(1, Math.ceil(ticks / seriesPoints));
  const account = new Account();
  const series: ScalingBacktestRun['series'][number][] = [];
  let [nextMs, stepEndMs, index] = [fromMs, fromMs, -1];
  let [value, needed]: [number, number | null] = [NaN, null];
  for (let tick = 0; tick < ticks; tick += 1) {
    const nowMs = fromMs + tick * tickSeconds * 1000;
    if (nowMs >= stepEndMs) {
      stepEndMs += stepSeconds * 1000;
      value = demand[(index += 1)] ?? NaN;
      needed = Number.isNaN(value) ? null : instancesFor(value, carries);
    }
    crew.look(nowMs);
    if (nowMs >= nextMs) {
      nextMs += pilot.everySeconds * 1000;
      pilot.steer(nowMs, value, crew);
    }
    account.add(tickSeconds, needed, crew);
    if (tick % every === 0) {
      const inInstances = needed === null ? null : value / carries;
      series.push({ at: new Date(nowMs).toISOString(), demand: inInstances, ready: crew.ready, desired: crew.size });
    }
  }
  const instanceHours = account.instanceSeconds / 3600;
  return {
    policy: name,
    underProvisionedSeconds: account.under,
    overProvisionedSeconds: account.over,
    overProvisionedInstanceHours: account.overInstanceSeconds / 3600,
    instanceHours,
    cost: instanceHour === null ? null : instanceHours * instanceHour,
    scaleUps: crew.ups,
    scaleDowns: crew.downs,
    maxInstances: crew.most,
    series,
  };
}
