import type { ServiceSnapshot } from '../snapshot.ts';
import { combinations, eventCounter, eventHistogram, results, serviceGauge } from './family.ts';

const perResult = (service: ServiceSnapshot) => combinations({ engine: [service.engine], result: results });
const minutes = (seconds: number | null): number | null => (seconds === null ? null : seconds / 60);

export const recoveryMetrics = {
  genesis_recovery_total: eventCounter({
    help: 'Restores that ended, drills not counted.',
    event: 'recovery',
    labels: ['engine', 'result'],
    initial: perResult,
  }),
  genesis_recovery_duration_seconds: eventHistogram({
    help: 'How long restores took, drills not counted.',
    event: 'recovery',
    labels: ['engine', 'result'],
    initial: perResult,
  }),
  genesis_rpo_minutes: serviceGauge({
    help: 'Recovery point now: age of the newest state that can be restored.',
    unit: 'minutes',
    twin: 'genesis_rpo_seconds',
    read: ({ rpoSeconds }, emit) => emit(minutes(rpoSeconds)),
  }),
  genesis_rpo_seconds: serviceGauge({
    help: 'Recovery point now: age of the newest state that can be restored.',
    unit: 'seconds',
    read: ({ rpoSeconds }, emit) => emit(rpoSeconds),
  }),
  genesis_rto_minutes: serviceGauge({
    help: 'Recovery time as the last passed drill measured it.',
    unit: 'minutes',
    twin: 'genesis_rto_seconds',
    read: ({ rtoSeconds }, emit) => emit(minutes(rtoSeconds)),
  }),
  genesis_rto_seconds: serviceGauge({
    help: 'Recovery time as the last passed drill measured it.',
    unit: 'seconds',
    read: ({ rtoSeconds }, emit) => emit(rtoSeconds),
  }),
  genesis_rpo_target_seconds: serviceGauge({
    help: 'Recovery point objective: data loss at most.',
    unit: 'seconds',
    read: ({ service }, emit) => emit(service.objectives.rpo_sla),
  }),
  genesis_rto_target_seconds: serviceGauge({
    help: 'Recovery time objective: time to recover at most.',
    unit: 'seconds',
    read: ({ service }, emit) => emit(service.objectives.rto_sla),
  }),
} as const;
