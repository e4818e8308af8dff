import { metric } from '@genesis-dr/exporter/contract';
import { gap, lastMaxBy, onService, serviceKey, slaKey, slaThresholdRecord } from '../expr.ts';
import type { RecordDefinition } from './record.ts';

const describing = ['region', 'tier', 'team'] as const;
const expected = 'service:genesis_expected:info';

export const serviceRecords = {
  // The only series that is written per service: facts that never happened are absent, and absence needs something to differ from.
  [expected]: {
    group: 'genesis_records',
    labels: serviceKey,
    rules: (config) =>
      config.services.map((service) => ({
        expr: 'vector(1)',
        labels: { cluster: config.cluster, service: service.name },
      })),
  },
  // One row a service even while two exporters disagree about its region: more would make every join many-to-many. A configured service
  // that the exporter does not describe has a row without region, tier and team: alerts are multiplied with this and must not be lost.
  'service:genesis_service:info': {
    group: 'genesis_records',
    labels: [...serviceKey, ...describing],
    rules: () => [
      {
        expr: [
          `topk by (${serviceKey.join(', ')}) (1, group by (${[...serviceKey, ...describing].join(', ')}) (last_over_time(${metric('genesis_service_info')}[${gap}])))`,
          `or ${onService} ${expected}`,
        ].join('\n'),
      },
    ],
  },
  'service:genesis_maintenance_active:max': {
    group: 'genesis_records',
    labels: serviceKey,
    rules: () => [{ expr: lastMaxBy(serviceKey, 'genesis_maintenance_active') }],
  },
  [slaThresholdRecord]: {
    group: 'genesis_records',
    labels: slaKey,
    rules: () => [{ expr: lastMaxBy(slaKey, 'genesis_sla_threshold') }],
  },
} as const satisfies Record<string, RecordDefinition>;
