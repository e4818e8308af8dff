import type { PlanReply } from '../api/types.ts';
import type { Decision, Instance, Limit, Scaling, ScalingMetric, ScalingRecord } from './scaling-api.ts';
import { formatCount, formatDuration, formatPercent } from './format.ts';
import { choiceParam, textParam, timeParam } from './url-state.ts';

/** What the Scaling page says of instances, decisions and plans. Pure. Null is unknown: never no, never 0. */

export const scalingTabs = ['now', 'history', 'policy', 'backtest'] as const;
export type ScalingTab = (typeof scalingTabs)[number];

/** Hours that the drawing and the history reach back. */
export const scalingRanges = ['3', '24', '168'] as const;
export type ScalingRange = (typeof scalingRanges)[number];

export const scalingParams = {
  service: textParam(63),
  tab: choiceParam(scalingTabs, 'now'),
  range: choiceParam(scalingRanges, '24'),
  /** The operation whose drawer is open. */
  operation: textParam(100),
  /** Of the backtest. */
  from: timeParam(),
  to: timeParam(),
} as const;

/** Operations that change the number of instances. */
export function isScalingKind(kind: string): boolean {
  return kind === 'scale' || kind === 'scale_up' || kind === 'scale_down';
}

export interface Counts {
  /** Null: the instances are not known. */
  readonly ready: number | null;
  readonly running: number | null;
  /** What there should be; null: nobody has set a number yet. */
  readonly desired: number | null;
  readonly min: number;
  readonly max: number;
}

export function countsOf(facts: Pick<Scaling, 'fleet' | 'desired' | 'min' | 'max'>): Counts {
  const { fleet, min, max } = facts;
  return {
    ready: fleet === null ? null : fleet.instances.filter(({ state }) => state === 'ready').length,
    running: fleet === null ? null : fleet.instances.length,
    desired: facts.desired ?? fleet?.wanted ?? null,
    min,
    max,
  };
}

/** `4 of 5`; what is not known is said to be so. */
export function readyText({ ready, desired }: Counts): string {
  const is = ready === null ? 'not known' : formatCount(ready);
  return desired === null ? is : `${is} of ${formatCount(desired)}`;
}

/** What needs a person first: not ready and draining ones, then by name. */
const stateOrder: Readonly<Record<Instance['state'], number>> = {
  unready: 0,
  unknown: 1,
  starting: 2,
  draining: 3,
  ready: 4,
};

export function sortedInstances(instances: readonly Instance[]): readonly Instance[] {
  return instances.toSorted(
    (a, b) => stateOrder[a.state] - stateOrder[b.state] || a.name.localeCompare(b.name, 'en', { numeric: true }),
  );
}

export type Standing = 'frozen' | 'page' | 'acts' | 'would' | 'held' | 'calm' | 'unknown';

/** How a decision stands: whether it does something, only would, is held back from what the metrics want, or has nothing to do. */
export function standingOf({ decision, frozenSince }: Pick<Scaling, 'decision' | 'frozenSince'>): Standing {
  if (frozenSince !== null || decision?.action === 'freeze') return 'frozen';
  if (decision === null) return 'unknown';
  // With its circuit breaker open it would, and cannot, until somebody has looked why the last ones failed.
  if (decision.page || (decision.action !== 'hold' && decision.limits.includes('breaker'))) return 'page';
  if (decision.action !== 'hold') return decision.act ? 'acts' : 'would';
  return decision.proposed !== null && decision.proposed !== decision.current ? 'held' : 'calm';
}

const listOrder: readonly Standing[] = ['frozen', 'page', 'unknown', 'acts', 'would', 'held', 'calm'];

/** Place in the list of services: what a person has to look at stands first. */
export function rankOf(facts: Pick<Scaling, 'decision' | 'frozenSince'>): number {
  return listOrder.indexOf(standingOf(facts));
}

/** Limits that keep the number from what the metrics want, without those that only name where the value lies. */
export function heldBy({ limits }: Pick<Decision, 'limits'>): readonly Limit[] {
  return [...new Set(limits)];
}

export interface MissingMetric {
  readonly name: string;
  readonly why: 'missing' | 'stale' | 'not_a_number' | 'unreachable';
  readonly detail: string;
  /** Null: it was never read. */
  readonly at: string | null;
}

/** Metrics that have no value now, each with why. */
export function missingMetrics(facts: Pick<Scaling, 'metrics' | 'readings'>): readonly MissingMetric[] {
  return facts.metrics.flatMap(({ name }): readonly MissingMetric[] => {
    const reading = facts.readings[name] ?? null;
    if (reading === null) return [{ name, why: 'missing', detail: 'nothing was read yet', at: null }];
    return reading.known ? [] : [{ name, why: reading.why, detail: reading.detail, at: reading.at }];
  });
}

/** A value of a metric as a person reads it. `isDemand`: of the whole service, where a share is no longer one. */
export function metricText(
  value: number | null,
  metric: Pick<ScalingMetric, 'kind' | 'scales'> | undefined,
  isDemand = false,
): string {
  if (value === null) return 'not known';
  if (metric === undefined || (isDemand && metric.scales === 'mean')) return number(value);
  switch (metric.kind) {
    case 'cpu':
    case 'memory':
    case 'error_rate':
      return formatPercent(value, 1);
    case 'response_time':
    case 'idle_time':
      return formatDuration(value);
    default:
      return number(value);
  }
}

function number(value: number): string {
  return new Intl.NumberFormat('en-US', Math.abs(value) >= 100 ? { maximumFractionDigits: 0 } : { maximumSignificantDigits: 3 }).format(value); // prettier-ignore
}

/** `12.40 USD`. Not the currency style of Intl: a team may count in anything. */
export function moneyText(amount: number, currency: string): string {
  const digits = amount !== 0 && Math.abs(amount) < 0.1 ? 4 : 2;
  const text = new Intl.NumberFormat('en-US', { minimumFractionDigits: 2, maximumFractionDigits: digits }).format(
    amount,
  );
  return `${text} ${currency}`;
}

/** Of one instance for an hour; null: no price is configured, or nothing runs that it could be read from. */
export function priceOf(facts: Pick<Scaling, 'cost' | 'decision' | 'desired'>): number | null {
  const { cost, decision, desired } = facts;
  if (cost === null) return null;
  if (decision !== null && decision.costPerHour !== null && decision.desired > 0)
    return decision.costPerHour / decision.desired;
  return desired !== null && desired > 0 ? cost.perHour / desired : null;
}

/** What the number of the dialog means beside what is now. */
export interface Choice {
  readonly desired: number;
  /** Null: what runs now is not known. */
  readonly change: number | null;
  readonly isOutside: boolean;
  /** An hour; null: no price is known. */
  readonly costPerHour: number | null;
  readonly isOverCeiling: boolean;
}

export function choiceOf(facts: Scaling, desired: number): Choice {
  const { desired: now, min, max } = countsOf(facts);
  const price = priceOf(facts);
  const costPerHour = price === null ? null : price * desired;
  const ceiling = facts.cost?.ceilingPerHour ?? null;
  return {
    desired,
    change: now === null ? null : desired - now,
    isOutside: desired < min || desired > max,
    costPerHour,
    isOverCeiling: costPerHour !== null && ceiling !== null && costPerHour > ceiling + 1e-9,
  };
}

/** A whole number that was typed; null: it is none. */
export function typedCount(text: string): number | null {
  return /^\d{1,5}$/.test(text.trim()) && Number(text) <= 10_000 ? Number(text) : null;
}

/** Facts of the plan of a change of the number. Null: not known. */
export interface PlannedScale {
  readonly current: number | null;
  readonly desired: number | null;
  readonly remove: readonly string[];
  readonly costBefore: number | null;
  readonly costAfter: number | null;
  readonly currency: string | null;
}

export function plannedScale({ facts }: Pick<PlanReply, 'facts'>): PlannedScale {
  return {
    current: count(facts['current']) ?? count(facts['before']),
    desired: count(facts['desired']) ?? count(facts['wanted']),
    remove: texts(facts['remove']),
    costBefore: count(facts['costPerHourBefore']),
    costAfter: count(facts['costPerHourAfter']) ?? count(facts['costPerHour']),
    currency: typeof facts['currency'] === 'string' ? facts['currency'] : null,
  };
}

export type RecordEnd = 'succeeded' | 'rolled_back' | 'failed';

/** A failed action never counts as completed, also where the number was accepted. */
export function endOf({ succeeded, rolledBack }: Pick<ScalingRecord, 'succeeded' | 'rolledBack'>): RecordEnd {
  if (rolledBack) return 'rolled_back';
  return succeeded ? 'succeeded' : 'failed';
}

function texts(value: unknown): readonly string[] {
  return Array.isArray(value) ? value.filter((one) => typeof one === 'string') : [];
}

function count(value: unknown): number | null {
  return typeof value === 'number' && Number.isFinite(value) ? value : null;
}
