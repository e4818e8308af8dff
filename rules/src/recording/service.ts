import { metric } from '@genesis-dr/exporter/contract';
import { serviceKey } from '../expr.ts';
import type { RecordDefinition } from './record.ts';

const describing = ['region', 'tier', 'team'] as const;

export const serviceRecords = {
  // The only series that is written per service: facts that never happened are absent, and absence needs something to differ from.
  'service:genesis_expected:info': {
    labels: serviceKey,
    rules: (config) =>
      config.services.map((service) => ({
        expr: 'vector(1)',
        labels: { cluster: config.cluster, service: service.name },
      })),
  },
  // One row a service even while two exporters disagree about its region: more would make every join many-to-many.
  'service:genesis_service:info': {
    labels: [...serviceKey, ...describing],
    rules: () => [
      {
        expr: `topk by (${serviceKey.join(', ')}) (1, group by (${[...serviceKey, ...describing].join(', ')}) (${metric('genesis_service_info')}))`,
      },
    ],
  },
} as const satisfies Record<string, RecordDefinition>;
