import { Cron } from 'croner';

/** What is wrong with a schedule: the expression, its time zone, or nothing. */
export type ScheduleVerdict = { readonly valid: true } | { readonly valid: false; readonly reason: string };

// Gaps are looked for from this Friday on, so that the weekend comes early; a fixed date keeps the verdict on a file the same every day.
const referenceMs = Date.UTC(2026, 0, 2);
const dayMs = 86_400_000;
// One day is looked at closely; the others only for nights, weekends and other long waits.
const firstDayStepMs = 30 * 60_000;
const laterStepMs = 3 * 3_600_000;

const rememberedMax = 2000;

/** Services mostly share their schedules, and croner takes a while: each question is answered once. */
function remembered<T>(answers: Map<string, T>, question: string, answer: () => T): T {
  const before = answers.get(question);
  if (before !== undefined) return before;
  if (answers.size >= rememberedMax) answers.clear();
  const now = answer();
  answers.set(question, now);
  return now;
}

const verdicts = new Map<string, ScheduleVerdict>();

/** Five fields, six with seconds first, or a nickname as @daily. */
export function checkCron(expression: string): ScheduleVerdict {
  return remembered(verdicts, expression, () => judge(expression));
}

function judge(expression: string): ScheduleVerdict {
  const fields = expression.trim().split(/\s+/);
  if (!(fields.length === 5 || fields.length === 6 || /^@[a-z]+$/i.test(expression.trim()))) {
    return { valid: false, reason: `has ${fields.length} fields instead of five or six` };
  }
  try {
    if (nextMs(parse(expression), referenceMs) === null)
      return { valid: false, reason: 'names a moment that never comes' };
    return { valid: true };
  } catch (thrown) {
    return {
      valid: false,
      reason: thrown instanceof Error ? thrown.message.replace(/^CronPattern: /, '') : String(thrown),
    };
  }
}

const zones = new Map<string, boolean>();

/** Remembered: making a formatter takes long, and a thousand services share few zones. */
export function isTimezone(name: string): boolean {
  const known = zones.get(name) ?? isKnownToIntl(name);
  zones.set(name, known);
  return known;
}

function isKnownToIntl(name: string): boolean {
  try {
    new Intl.DateTimeFormat('en', { timeZone: name });
    return true;
  } catch {
    // The only way Intl tells that it does not know a zone is to throw.
    return false;
  }
}

const waits = new Map<string, number | null>();

/**
 * Longest regular wait between two runs of any of the (valid) expressions, in seconds; null when nothing is scheduled.
 * Clock changes are left out: once a year a daily schedule waits 25 h, and that is no fault of the policy.
 */
export function longestWaitSeconds(expressions: readonly string[]): number | null {
  if (expressions.length === 0) return null;
  return remembered(waits, expressions.join('\n'), () => measureWait(expressions.map(parse)));
}

/** Whether two runs are never further apart than that. Mostly one expression alone answers, and is remembered for all services. */
export function runsWithin(expressions: readonly string[], seconds: number): boolean {
  const holds = (some: readonly string[]): boolean => (longestWaitSeconds(some) ?? Infinity) <= seconds;
  return expressions.toReversed().some((expression) => holds([expression])) || holds(expressions);
}

function measureWait(crons: readonly Cron[]): number | null {
  let waitMs = 0;
  let at = referenceMs;
  // Each look at a moment sees the whole wait around it; the step grows with the longest wait found, so rare schedules stay cheap.
  while (at <= referenceMs + horizonMs(waitMs)) {
    const next = least(crons.map((cron) => nextMs(cron, at)));
    if (next === null) return null;
    const previous = least(crons.map((cron) => negated(cron.previousRuns(1, new Date(next))[0])));
    if (previous !== null) waitMs = Math.max(waitMs, next + previous);
    const stepMs = at < referenceMs + dayMs ? firstDayStepMs : laterStepMs;
    at = Math.max(next, at + Math.max(waitMs, stepMs));
  }
  return waitMs / 1000;
}

/** Waits below a day show within a week, longer ones within a month or a year. */
function horizonMs(waitMs: number): number {
  if (waitMs < dayMs) return 8 * dayMs;
  return waitMs < 2 * dayMs ? 36 * dayMs : 400 * dayMs;
}

function parse(expression: string): Cron {
  return new Cron(expression, { paused: true, timezone: 'UTC' });
}

function nextMs(cron: Cron, afterMs: number): number | null {
  return cron.nextRuns(1, new Date(afterMs))[0]?.getTime() ?? null;
}

function negated(date: Date | undefined): number | null {
  return date === undefined ? null : -date.getTime();
}

function least(times: readonly (number | null)[]): number | null {
  const present = times.filter((t) => t !== null);
  return present.length === 0 ? null : Math.min(...present);
}
