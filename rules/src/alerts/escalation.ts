import { external } from '../external.ts';
import type { Alert } from './alert.ts';

const keeps = ['cluster', 'service', 'region', 'tier', 'team', 'escalated'];

export const escalationAlerts: readonly Alert[] = [
  {
    name: 'GenesisDREscalation',
    severity: 'critical',
    component: 'escalation',
    labels: { escalation: 'true' },
    forSeconds: (config) => config.alertmanager.escalation.after,
    // The alert's own name replaces `alertname`, so the escalated one is carried in a label of its own. Never about itself.
    expr: () => {
      const firing = external('ALERTS', {
        alertstate: 'firing',
        severity: 'critical',
        system: 'genesis-dr',
        alertname: ['!=', 'GenesisDREscalation'],
      });
      return `group by (${keeps.join(', ')}) (label_replace(${firing}, "escalated", "$1", "alertname", "(.+)"))`;
    },
    summary: '{{ $labels.escalated }}{{ with $labels.service }} of {{ . }}{{ end }} goes on',
    description:
      'The critical alert {{ $labels.escalated }}{{ with $labels.service }} of {{ . }}{{ end }} has been firing longer than an escalation waits, and nobody has ended its cause.',
  },
];
