import type { DrillFacts, ServiceSnapshot } from '../snapshot.ts';
import {
  combinations,
  eventCounter,
  eventSeconds,
  results,
  serviceGauge,
  type MetricUnit,
  type SampleValue,
} from './family.ts';
import { flag } from './reading.ts';

/** Values of the label `test_type`: the kinds of drill. */
const testTypes = ['restore'] as const;
const perResult = (_: ServiceSnapshot) => combinations({ test_type: testTypes, result: results });

/** From drill facts that survive a failed read. */
function fact(help: string, unit: MetricUnit, value: (facts: DrillFacts) => SampleValue, twin?: string) {
  return serviceGauge({
    help,
    unit,
    labels: ['test_type'],
    ...(twin === undefined ? {} : { twin }),
    read: ({ facts }, emit) => {
      if (facts.drills !== null) emit(value(facts.drills), 'restore');
    },
  });
}
function schedule(
  help: string,
  unit: MetricUnit,
  value: (s: ServiceSnapshot['schedules'][number], now: number) => SampleValue,
) {
  return serviceGauge({
    help,
    unit,
    labels: ['test_type'],
    read: ({ service, now }, emit) => {
      for (const s of service.schedules) if (s.type === 'drill') emit(value(s, now), 'restore');
    },
  });
}

export const testMetrics = {
  genesis_dr_test_total: eventCounter({
    help: 'Restore drills that ended.',
    event: 'drill',
    labels: ['test_type', 'result'],
    initial: perResult,
  }),
  genesis_dr_test_seconds_total: eventSeconds({
    help: 'Time that restore drills took.',
    event: 'drill',
    labels: ['test_type', 'result'],
    initial: perResult,
  }),
  genesis_dr_test_success_rate: fact(
    'Share of the last hundred drills that passed, 0 to 1.',
    'ratio',
    (f) => f.successRatio,
    'genesis_dr_test_success_ratio',
  ),
  genesis_dr_test_success_ratio: fact(
    'Share of the last hundred drills that passed, 0 to 1.',
    'ratio',
    (f) => f.successRatio,
  ),
  genesis_dr_test_last_run_timestamp: fact(
    'When a drill last ran; absent when never.',
    'timestamp',
    (f) => f.lastRunAt,
    'genesis_dr_test_last_run_timestamp_seconds',
  ),
  genesis_dr_test_last_run_timestamp_seconds: fact(
    'When a drill last ran; absent when never.',
    'timestamp',
    (f) => f.lastRunAt,
  ),
  genesis_dr_test_last_success_timestamp_seconds: fact(
    'When a drill last passed; absent when never.',
    'timestamp',
    (f) => f.lastPassedAt,
  ),
  genesis_dr_test_last_status: fact('Whether the last drill passed; stays until the next one.', 'boolean', (f) =>
    flag(f.lastPassed),
  ),
  genesis_dr_test_last_rto_seconds: fact(
    'Recovery time that the last drill measured.',
    'seconds',
    (f) => f.lastRtoSeconds,
  ),
  genesis_dr_test_last_rpo_seconds: fact(
    'Recovery point that the last drill measured.',
    'seconds',
    (f) => f.lastRpoSeconds,
  ),
  genesis_dr_test_interval_seconds: schedule(
    'Longest time between two scheduled drills.',
    'seconds',
    (s) => s.intervalSeconds,
  ),
  genesis_dr_test_next_scheduled_timestamp_seconds: schedule(
    'When the next drill is due; absent while paused.',
    'timestamp',
    (s) => s.nextAt,
  ),
  genesis_dr_test_next_in_seconds: schedule(
    'Time until the next drill; below zero when it is overdue, absent while paused.',
    'seconds',
    (s, now) => (s.nextAt === null ? null : (Date.parse(s.nextAt) - now) / 1000),
  ),
} as const;
