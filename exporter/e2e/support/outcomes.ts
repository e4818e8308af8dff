import type { Outcome } from '../../src/contract/errors.ts';

/** Throws what went wrong. */
export function valueOf<T>(outcome: Outcome<T>): T {
  if (!outcome.ok) throw outcome.error;
  return outcome.value;
}

/** `ok`, or code and words of what went wrong. */
export function messageOf(outcome: Outcome<unknown>): string {
  return outcome.ok ? 'ok' : `${outcome.error.code}: ${outcome.error.message}`;
}
