import type { IsoTime } from './observed.ts';

/** One named question with its weight. `unknown` earns nothing and is shown as unknown. */
export interface CheckResult {
  readonly id: string;
  readonly component: ReadinessComponent;
  readonly weight: number;
  readonly result: 'passed' | 'failed' | 'unknown';
  /** The fact the answer rests on, in words with figures. */
  readonly evidence: string;
  /** What to do when it is not passed. */
  readonly mend: string | null;
}

export const readinessComponents = ['backup', 'replication', 'recovery', 'testing', 'security', 'operations'] as const;
export type ReadinessComponent = (typeof readinessComponents)[number];

export interface Readiness {
  readonly service: string;
  readonly at: IsoTime;
  /** 0-1: earned weight over total weight. */
  readonly score: number;
  readonly components: readonly { readonly component: ReadinessComponent; readonly score: number }[];
  readonly checks: readonly CheckResult[];
}
