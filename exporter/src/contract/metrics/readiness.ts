import type { CheckResult } from '../readiness.ts';
import { serviceGauge } from './family.ts';

const checkStates = ['passed', 'failed', 'unknown'] as const satisfies readonly CheckResult['result'][];

export const readinessMetrics = {
  genesis_dr_readiness_score: serviceGauge({
    help: 'Could we recover right now: earned over total weight of the readiness checks, 0 to 1; unknown earns nothing.',
    unit: 'ratio',
    read: ({ readiness }, emit) => emit(readiness?.score ?? null),
  }),
  genesis_dr_component_score: serviceGauge({
    help: 'Readiness of one component of disaster recovery, 0 to 1.',
    unit: 'ratio',
    labels: ['component'],
    read: ({ readiness }, emit) => {
      for (const part of readiness?.components ?? []) emit(part.score, part.component);
    },
  }),
  genesis_dr_readiness_checks: serviceGauge({
    help: 'Readiness checks by state; which ones, and what to do, is in the API and on the page.',
    unit: 'count',
    labels: ['state'],
    read: ({ readiness }, emit) => {
      if (readiness === null) return;
      for (const state of checkStates) emit(readiness.checks.filter((c) => c.result === state).length, state);
    },
  }),
} as const;
