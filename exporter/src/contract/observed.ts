import type { OpError } from './errors.ts';

/** A moment as ISO 8601 text in UTC with milliseconds, e.g. `2026-11-22T02:00:00.000Z`; sorts as text. */
export type IsoTime = string;

/**
 * One reading of the world. `known: false` is never read as zero or healthy: the sample is absent and the
 * collector that failed says so.
 */
export type Observed<T> =
  | { readonly known: true; readonly at: IsoTime; readonly value: T }
  | { readonly known: false; readonly at: IsoTime; readonly error: OpError };

export function known<T>(at: IsoTime, value: T): Observed<T> {
  return { known: true, at, value };
}

export function unknown(at: IsoTime, error: OpError): Observed<never> {
  return { known: false, at, error };
}
