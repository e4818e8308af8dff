import type { IsoTime } from './observed.ts';

/** Health checks of a service (F1). */

export const checkKinds = ['postgres', 'redis', 'http', 'tcp', 'process', 'disk'] as const;
export type CheckKind = (typeof checkKinds)[number];

/** `degraded`: it answers, but slower or worse than allowed. `error`: the check itself could not be made; never healthy. */
export const checkStates = ['healthy', 'degraded', 'unhealthy', 'error'] as const;
export type CheckState = (typeof checkStates)[number];

/** What one probe saw. */
export interface ProbeResult {
  readonly state: CheckState;
  /** Null where nothing answered. */
  readonly responseSeconds: number | null;
  /** What was seen, in words with figures, e.g. `HTTP 503 after 12 ms`. Never a secret. */
  readonly detail: string;
}

export interface HealthCheckFacts {
  readonly name: string;
  readonly kind: CheckKind;
  /** A failing critical check makes the service unhealthy; another one only degrades it. */
  readonly critical: boolean;
  /** After the thresholds; null until the first probe has ended. */
  readonly state: CheckState | null;
  /** When it entered that state. */
  readonly since: IsoTime | null;
  readonly last: (ProbeResult & { readonly at: IsoTime }) | null;
  readonly consecutiveFailures: number;
  readonly consecutiveSuccesses: number;
}

export interface HealthFacts {
  /**
   * `unhealthy` or `error` as soon as a critical check is: no answer of another can mend that. Else `unknown` until every check has a
   * state. A check that is not critical degrades at most, and degraded stays degraded.
   */
  readonly state: CheckState | 'unknown';
  readonly checks: readonly HealthCheckFacts[];
}
