/** What the overview says of the services, worst first. Pure: everything comes from the exporter's reply and a moment. */

export const answers = ['no', 'unknown', 'unproven', 'gaps', 'yes'] as const;
export type Answer = (typeof answers)[number];

export interface Verdict {
  readonly answer: Answer;
  readonly headline: string;
  readonly reason: string | null;
}

export interface Check {
  readonly id: string;
  readonly weight: number;
  readonly result: 'passed' | 'failed' | 'unknown';
  readonly evidence: string;
  readonly mend: string | null;
}

interface Judged {
  readonly name: string;
  readonly verdict: Verdict;
  readonly readiness: { readonly score: number };
}

/** Those that need somebody first; among equals the one with the lower score, then by name. */
export function worstFirst<T extends Judged>(services: readonly T[]): readonly T[] {
  const rank = (service: Judged): number => answers.indexOf(service.verdict.answer);
  return [...services].sort(
    (a, b) => rank(a) - rank(b) || a.readiness.score - b.readiness.score || a.name.localeCompare(b.name),
  );
}

export interface Headline {
  readonly answer: Answer;
  readonly total: number;
  /** Services that could be recovered now, with or without gaps. */
  readonly recoverable: number;
  readonly counts: Readonly<Record<Answer, number>>;
}

/** The answer for all: the worst of them. Null without services. */
export function headlineOf(services: readonly Judged[]): Headline | null {
  if (services.length === 0) return null;
  const counts = Object.fromEntries(
    answers.map((answer) => [answer, services.filter(({ verdict }) => verdict.answer === answer).length]),
  ) as Record<Answer, number>;
  const answer = answers.find((one) => counts[one] > 0) ?? 'unknown';
  return { answer, total: services.length, recoverable: counts.yes + counts.gaps, counts };
}

/** Points that are not passed, the heaviest first: what is missing and how it is mended. */
export function missingPoints<T extends Check>(checks: readonly T[]): readonly T[] {
  const order = { failed: 0, unknown: 1, passed: 2 } as const;
  return checks
    .filter(({ result }) => result !== 'passed')
    .sort((a, b) => b.weight - a.weight || order[a.result] - order[b.result] || a.id.localeCompare(b.id));
}

export interface Schedule {
  readonly type: string;
  readonly nextAt: string | null;
}

/** The next backup of any type; null while none is planned (no schedule, or paused). */
export function nextBackup<T extends Schedule>(schedules: readonly T[]): (T & { readonly nextAt: string }) | null {
  const planned = schedules.filter((one): one is T & { nextAt: string } => one.type !== 'drill' && one.nextAt !== null);
  return planned.sort((a, b) => a.nextAt.localeCompare(b.nextAt))[0] ?? null;
}

export type Against = 'met' | 'missed' | 'unknown';

/** A duration against its objective; what is not known meets nothing. */
export function against(seconds: number | null, objective: number): Against {
  if (seconds === null) return 'unknown';
  return seconds <= objective ? 'met' : 'missed';
}

/** Data loss if it had to be restored now: it grows while nothing new is read. Null: not known, or nothing to restore. */
export function rpoNow(
  seen: { readonly known: true; readonly at: string; readonly value: number | null } | { readonly known: false },
  nowMs: number,
): number | null {
  if (!seen.known || seen.value === null) return null;
  return seen.value + Math.max(0, (nowMs - Date.parse(seen.at)) / 1000);
}
