import type { ForecastFacts } from '../../contract/forecast.ts';
import type { ScalingCost, ScalingFacts, ScalingSummary } from '../../contract/scaling-facts.ts';
import type {
  Fleet,
  ScalingDecision,
  ScalingEngineName,
  ScalingPolicy,
  ScalingReading,
  ScalingView,
} from '../../contract/scaling.ts';
import { adviceOf } from '../../core/forecast-reading.ts';
import type { KeptScaling } from './kept.ts';
import { demandMetric } from './load.ts';

/** What one evaluation saw and decided. */
export interface Evaluation {
  readonly at: string;
  readonly engine: ScalingEngineName;
  readonly policy: ScalingPolicy;
  /** Null: nobody could look. */
  readonly fleet: Fleet | null;
  readonly view: ScalingView | null;
  readonly readings: Readonly<Record<string, ScalingReading | null>>;
  readonly decision: ScalingDecision | null;
}

const shownActions = 50;

export function factsOf(
  { engine, policy, fleet, view, readings, decision }: Evaluation,
  kept: KeptScaling,
  known: {
    readonly forecast: ForecastFacts | null;
    readonly warnings: readonly string[];
    readonly problem: string | null;
    readonly history: ScalingFacts['history'];
  },
  now: Date,
): ScalingFacts {
  const paused = kept.pause !== null && Date.parse(kept.pause.until) > +now;
  const { override } = kept;
  return {
    engine,
    mode: policy.mode,
    fleet,
    problem: known.problem,
    min: view?.schedule?.min ?? policy.min,
    max: view?.schedule?.max ?? policy.max,
    desired: kept.desired,
    metrics: policy.metrics,
    readings,
    decision,
    frozenSince: kept.frozenSince,
    forecast: known.forecast,
    advice: adviceNow(policy, fleet, known.forecast),
    pause: paused ? kept.pause : null,
    override: override === null ? null : { by: override.by, at: override.at, reason: override.reason },
    cost: costOf(kept, policy, fleet),
    lastUpAt: kept.lastUpAt,
    lastDownAt: kept.lastDownAt,
    history: known.history.slice(0, shownActions),
    decisions: kept.decisions,
    warnings: known.warnings,
  };
}

function adviceNow(policy: ScalingPolicy, fleet: Fleet | null, forecast: ForecastFacts | null): ScalingFacts['advice'] {
  const target = demandMetric(policy)?.target ?? null;
  if (target === null || fleet === null || forecast?.known !== true) return null;
  const ready = fleet.instances.filter(({ state }) => state === 'ready').length;
  return adviceOf(forecast, target * ready);
}

export function summaryOf(facts: ScalingFacts, { at, policy }: Evaluation): ScalingSummary {
  const { engine, mode, fleet, problem, min, max, desired, metrics, readings, decision, frozenSince, pause, cost } =
    facts;
  const { forecast } = facts;
  return {
    ...{ engine, mode, fleet, problem, min, max, desired, metrics, readings, decision, frozenSince, pause, cost },
    at,
    intervalSeconds: policy.intervalSeconds,
    forecast:
      forecast?.known === true ? { metric: forecast.metric, model: forecast.model, error: forecast.error } : null,
    last: lastOf(facts),
  };
}

function lastOf({ history: [newest] }: ScalingFacts): ScalingSummary['last'] {
  if (newest === undefined) return null;
  const { action, trigger, before, after, endedAt, succeeded } = newest;
  return { action, trigger, before, after, endedAt, succeeded };
}

function costOf({ cost }: KeptScaling, policy: ScalingPolicy, fleet: Fleet | null): ScalingCost | null {
  if (policy.cost === null || cost === null || fleet === null) return null;
  const { instanceHour, currency, ceilingPerHour } = policy.cost;
  const perHour = fleet.instances.length * instanceHour;
  return { currency, perHour, ceilingPerHour, soFar: cost.soFar, since: cost.since };
}

/** Longer than this nobody looked: what ran meanwhile, and what it cost, is not known and not counted. */
const longestGapMs = 30 * 60_000;

export function costAfter(
  before: KeptScaling['cost'],
  policy: ScalingPolicy,
  fleet: Fleet,
  now: Date,
): KeptScaling['cost'] {
  if (policy.cost === null) return before;
  const at = now.toISOString();
  if (before === null) return { since: at, soFar: 0, at };
  const passedMs = +now - Date.parse(before.at);
  const counted = passedMs > 0 && passedMs <= longestGapMs ? passedMs : 0;
  const spent = (fleet.instances.length * policy.cost.instanceHour * counted) / 3_600_000;
  return { since: before.since, soFar: before.soFar + spent, at };
}
