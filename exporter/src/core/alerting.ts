import type { AlertCondition, AlertSeverity, AlertState } from '../contract/live.ts';
import type { IsoTime } from '../contract/observed.ts';

/** What somebody asked to be told of. */
export interface AlertDefinition {
  readonly id: string;
  /** A gauge or counter of the catalogue; a counter is watched as its rate a second. */
  readonly metric: string;
  /** Only series with these labels. */
  readonly tags: Readonly<Record<string, string>>;
  readonly condition: AlertCondition;
  readonly threshold: number;
  readonly severity: AlertSeverity;
  readonly message: string;
  readonly createdAt: IsoTime;
  readonly createdBy: string;
}

/** What is remembered from one evaluation to the next, also over a restart. */
export interface AlertMemory {
  readonly active: boolean;
  /** Whether the condition held at the last evaluation with data; null before one. */
  readonly held: boolean | null;
  readonly flapping: boolean;
  readonly triggeredAt: IsoTime | null;
  readonly resolvedAt: IsoTime | null;
  /** The labels of the series for which it is active, as text; null when it is not. */
  readonly series: string | null;
  /** When the condition began or ceased to hold, oldest first; no more than the policy counts. */
  readonly changes: readonly IsoTime[];
}

export const neverEvaluated: AlertMemory = {
  active: false,
  held: null,
  flapping: false,
  triggeredAt: null,
  resolvedAt: null,
  series: null,
  changes: [],
};

/** Mean of one series over the alert window. */
export interface AlertReading {
  /** Its labels as text, e.g. `service="shop"`. */
  readonly series: string;
  readonly value: number;
}

export interface FlappingPolicy {
  /** So many changes of the condition within the window are flapping. */
  readonly changes: number;
  readonly windowMs: number;
}

/** What others are told. `flapping`: it is held active from now on, and says so once instead of firing again and again. */
export type AlertNotice = 'triggered' | 'resolved' | 'flapping';

export interface AlertDecision {
  readonly memory: AlertMemory;
  readonly state: AlertState;
  /** Why it is in this state, one sentence. */
  readonly why: string;
  /** The reading that decided; null without data. */
  readonly reading: AlertReading | null;
  readonly notice: AlertNotice | null;
}

/** Two figures that differ by less are equal to somebody who typed a threshold. */
const equalWithin = 0.01;

export function holds(condition: AlertCondition, value: number, threshold: number): boolean {
  switch (condition) {
    case '>':
      return value > threshold;
    case '<':
      return value < threshold;
    case '>=':
      return value >= threshold;
    case '<=':
      return value <= threshold;
    case '==':
      return Math.abs(value - threshold) < equalWithin;
  }
}

export function stateOf(memory: AlertMemory): AlertState {
  if (memory.active) return 'active';
  return memory.resolvedAt === null ? 'inactive' : 'resolved';
}

/**
 * One evaluation. Each series counts by itself, because the mean of ten services hides the one that is lost: the alert holds when one
 * series meets the condition. Without data nothing is decided: it neither fires nor resolves, also when only the series it fired for
 * is silent. Pure.
 */
export function decideAlert(
  definition: Pick<AlertDefinition, 'metric' | 'condition' | 'threshold'>,
  memory: AlertMemory,
  readings: readonly AlertReading[],
  policy: FlappingPolicy,
  now: Date,
): AlertDecision {
  const meeting = readings.filter(({ value }) => holds(definition.condition, value, definition.threshold));
  const lost = memory.active && !readings.some(({ series }) => series === memory.series);
  if (readings.length === 0 || (meeting.length === 0 && lost)) {
    const what = readings.length === 0 ? definition.metric : `the series it fired for (${memory.series ?? 'unknown'})`;
    return { memory, state: 'unknown', why: `there is no data of ${what}`, reading: null, notice: null };
  }
  const worst = furthest(definition.condition, meeting.length > 0 ? meeting : readings);
  const next = advance(memory, meeting.length > 0 ? worst : null, policy, now);
  return {
    memory: next,
    state: stateOf(next),
    why: sentence(definition, next, worst),
    reading: worst,
    notice: noticeOf(memory, next),
  };
}

/** The reading that meets the condition most, or is nearest to meeting it. */
function furthest(condition: AlertCondition, readings: readonly AlertReading[]): AlertReading | null {
  const wantsLow = condition === '<' || condition === '<=';
  return readings.reduce<AlertReading | null>((found, reading) => {
    if (found === null) return reading;
    return wantsLow === reading.value < found.value && reading.value !== found.value ? reading : found;
  }, null);
}

/** `meeting`: the reading for which the condition holds now, null when it does not hold. */
function advance(memory: AlertMemory, meeting: AlertReading | null, policy: FlappingPolicy, now: Date): AlertMemory {
  const at = now.toISOString();
  const held = meeting !== null;
  const earliest = +now - policy.windowMs;
  const recent = memory.changes.filter((change) => Date.parse(change) > earliest && Date.parse(change) <= +now);
  // The first evaluation is no change: nothing was known before.
  const changed = memory.held === null ? [] : memory.held === held ? [] : [at];
  const changes = [...recent, ...changed].slice(-policy.changes);
  // Once flapping, it stays so until a whole window passes without any change: else the end of flapping would flap.
  const flapping = memory.flapping ? changes.length > 0 : changes.length >= policy.changes;
  const active = held || flapping;
  return {
    active,
    held,
    flapping,
    changes,
    triggeredAt: active && !memory.active ? at : memory.triggeredAt,
    resolvedAt: active ? null : memory.active ? at : memory.resolvedAt,
    series: active ? (meeting?.series ?? memory.series) : null,
  };
}

function noticeOf(before: AlertMemory, after: AlertMemory): AlertNotice | null {
  if (after.flapping && !before.flapping) return 'flapping';
  if (after.active === before.active) return null;
  return after.active ? 'triggered' : 'resolved';
}

function sentence(
  definition: Pick<AlertDefinition, 'metric' | 'condition' | 'threshold'>,
  memory: AlertMemory,
  reading: AlertReading | null,
): string {
  const of =
    reading === null || reading.series === '' ? definition.metric : `${definition.metric} of ${reading.series}`;
  const compared = `${of} is ${short(reading?.value)} (${definition.condition} ${definition.threshold})`;
  if (memory.flapping) return `changes too often, so it is held active until it is quiet; ${compared}`;
  return memory.held === true ? compared : `the condition does not hold: ${compared}`;
}

function short(value: number | undefined): string {
  return value === undefined ? 'not known' : String(Number(value.toPrecision(6)));
}
