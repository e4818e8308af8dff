import { slaNames } from '../snapshot.ts';
import { serviceGauge } from './family.ts';

export const slaMetrics = {
  genesis_sla_threshold: serviceGauge({
    help: 'Objective of the service under its key in the configuration: seconds, but a ratio for readiness_sla.',
    unit: 'mixed',
    labels: ['sla'],
    read: ({ service }, emit) => {
      for (const name of slaNames) emit(service.objectives[name], name);
    },
  }),
  genesis_sla_objective_ratio: serviceGauge({
    help: 'Share of 30 days in which this objective must hold.',
    unit: 'ratio',
    labels: ['sla'],
    read: ({ service }, emit) => {
      for (const name of slaNames) emit(service.slaObjectives[name], name);
    },
  }),
} as const;
