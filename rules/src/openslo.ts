import { slaNames, type SlaName } from '@genesis-dr/exporter/contract';
import type { Config } from '@genesis-dr/exporter/config';
import { recorded } from './recording/index.ts';

const displayNames: Readonly<Record<SlaName, string>> = {
  backup_sla: 'Age of the newest backup',
  replication_sla: 'Lag of copies and replicas',
  readiness_sla: 'Readiness for disaster recovery',
  test_frequency_sla: 'Age of the last drill that passed',
  rpo_sla: 'Recovery point',
  rto_sla: 'Recovery time',
};

/**
 * The objectives as OpenSLO v1 documents: time slices of a minute over 30 days, each slice the recorded 0 or 1 of a service. One SLO
 * for each objective; its query gives one series a service.
 */
export function openSloDocuments(config: Config): Record<string, unknown>[] {
  const service = { apiVersion: 'openslo/v1', kind: 'Service', metadata: { name: 'genesis-dr' }, spec: {} };
  return [service, ...slaNames.map((sla) => slo(sla, config))];
}

function slo(sla: SlaName, config: Config): Record<string, unknown> {
  const name = sla.replaceAll('_', '-');
  const query = `${recorded('service_sla:genesis_sla_ok:bool')}{sla="${sla}"}`;
  return {
    apiVersion: 'openslo/v1',
    kind: 'SLO',
    metadata: { name, displayName: displayNames[sla] },
    spec: {
      description: `A minute is good for a service when its ${sla} held (1), bad when it did not (0); one of which nothing is known has no sample.`,
      service: 'genesis-dr',
      indicator: {
        metadata: { name: `${name}-held`, displayName: displayNames[sla] },
        spec: { thresholdMetric: { metricSource: { type: 'Prometheus', spec: { query } } } },
      },
      timeWindow: [{ duration: '30d', isRolling: true }],
      budgetingMethod: 'Timeslices',
      objectives: [
        {
          displayName: displayNames[sla],
          op: 'gte',
          value: 1,
          target: config.sla.objectives[sla],
          timeSliceTarget: 1,
          timeSliceWindow: '1m',
        },
      ],
    },
  };
}
