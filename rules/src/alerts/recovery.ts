import { slaThreshold } from '../expr.ts';
import { recorded } from '../recording/index.ts';
import { withServiceInfo, type Alert } from './alert.ts';

export const recoveryAlerts: readonly Alert[] = [
  {
    name: 'RPOViolation',
    severity: 'critical',
    component: 'recovery',
    // One minute: the objective is already broken when this becomes true, so waiting long only tells it later.
    forSeconds: 60,
    keepFiringForSeconds: 600,
    expr: () =>
      withServiceInfo(
        `${recorded('service:genesis_rpo_seconds:max')} > on (cluster, service) ${slaThreshold('rpo_sla')}`,
      ),
    summary: 'A loss of {{ $labels.service }} would cost {{ $value | humanizeDuration }} of data',
    description:
      'The newest restorable state of {{ $labels.service }} (cluster {{ $labels.cluster }}) is {{ $value | humanizeDuration }} old, beyond its rpo_sla.',
  },
];
