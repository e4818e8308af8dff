import { sumBy } from '../expr.ts';
import { threshold } from '../thresholds.ts';
import type { Alert } from './alert.ts';

export const securityAlerts: readonly Alert[] = [
  {
    name: 'GenesisUnauthorizedActionAttempts',
    severity: 'warning',
    component: 'security',
    forSeconds: 0,
    keepFiringForSeconds: 1800,
    // By kind of gate, never by who came: a label that strangers fill in would be without bound.
    expr: (config) =>
      `${sumBy(['cluster', 'kind'], 'genesis_auth_failures_total', { range: '10m', over: 'increase' })} > ${threshold('refused_requests', config)}`,
    summary: 'Somebody tries to act on Genesis DR without being allowed ({{ $labels.kind }})',
    description:
      'About {{ $value | printf "%.0f" }} requests to cluster {{ $labels.cluster }} were refused by the gate `{{ $labels.kind }}` within ten minutes. The audit log names addresses and times.',
  },
];
