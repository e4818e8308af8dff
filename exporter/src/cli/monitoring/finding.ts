import type { Answer } from './answer.ts';
import type { Facts } from './facts.ts';

export const results = ['ok', 'warn', 'fail', 'unknown'] as const;
export type Result = (typeof results)[number];

/** What one check found. `mend` is null only where all is well. */
export interface Verdict {
  readonly result: Result;
  readonly said: string;
  readonly mend: string | null;
}

/** One question that doctor asks; `judge` is pure. */
export interface Check {
  readonly id: string;
  /** What is known when it passes. */
  readonly title: string;
  judge(facts: Facts): Verdict;
}

export interface Finding extends Verdict {
  readonly id: string;
  readonly title: string;
}

export const fine = (said: string): Verdict => ({ result: 'ok', said, mend: null });
export const warn = (said: string, mend: string): Verdict => ({ result: 'warn', said, mend });
export const failed = (said: string, mend: string): Verdict => ({ result: 'fail', said, mend });
export const notKnown = (said: string, mend: string): Verdict => ({ result: 'unknown', said, mend });

/** Judges what is known; what is not is `unknown`, never well. */
export function judged<T>(answer: Answer<T>, mend: string, judge: (value: T) => Verdict): Verdict {
  return answer.known ? judge(answer.value) : notKnown(`could not be read: ${answer.why}`, mend);
}

/** `a, b, c and 4 more`. */
export function listed(names: readonly string[], most = 5): string {
  const more = names.length - most;
  return `${names.slice(0, most).join(', ')}${more > 0 ? ` and ${more} more` : ''}`;
}
