import { onService, serviceKey, slaThreshold, sumBy } from '../expr.ts';
import { recorded } from '../recording/index.ts';
import { aboutService, asDuration, keepFiringSeconds, ofService, type Alert } from './alert.ts';

export const recoveryAlerts: readonly Alert[] = [
  {
    name: 'DisasterEvent',
    severity: 'critical',
    component: 'recovery',
    forSeconds: 0,
    keepFiringForSeconds: keepFiringSeconds,
    expr: () =>
      aboutService(`${sumBy(serviceKey, 'genesis_incidents_open', { matchers: { severity: 'critical' } })} > 0`),
    summary: 'A disaster of {{ $labels.service }} is open',
    description: `{{ $value }} critical incidents of ${ofService} are not closed. The incident shows the damage, the recovery that runs or is offered, and who decides.`,
  },
  {
    name: 'RPOViolation',
    severity: 'critical',
    component: 'recovery',
    // One minute: the objective is already broken when this becomes true, so waiting long only tells it later.
    forSeconds: 60,
    keepFiringForSeconds: keepFiringSeconds,
    expr: () =>
      aboutService(`${recorded('service:genesis_rpo_seconds:max')} > ${onService} ${slaThreshold('rpo_sla')}`),
    summary: `A loss of {{ $labels.service }} would cost ${asDuration} of data`,
    description: `The newest restorable state of ${ofService} is ${asDuration} old, beyond its rpo_sla.`,
  },
  {
    name: 'GenesisRTOViolation',
    severity: 'warning',
    component: 'recovery',
    forSeconds: 300,
    expr: () =>
      aboutService(`${recorded('service:genesis_rto_seconds:max')} > ${onService} ${slaThreshold('rto_sla')}`),
    summary: `A recovery of {{ $labels.service }} takes ${asDuration}`,
    description: `The last passed drill of ${ofService} took ${asDuration} to recover it, beyond its rto_sla.`,
  },
];
