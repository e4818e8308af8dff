import { maxBy } from '../expr.ts';
import type { Alert } from './alert.ts';

/** Bridges a missed scrape; short, because an alert that was deleted while it fired ends only after it. */
const gap = '2m';

/** How alerts that are defined at run time reach Alertmanager. Those of severity info are shown, and nobody is called for them. */
function runtimeAlert(name: string, severity: 'critical' | 'warning'): Alert {
  return {
    name,
    severity,
    component: 'system',
    // It was decided on the mean of some minutes already.
    forSeconds: 0,
    expr: () =>
      `${maxBy(['cluster', 'alert_id', 'metric'], 'genesis_runtime_alert_active', { matchers: { severity }, range: gap, over: 'last_over_time' })} == 1`,
    summary: 'The run-time alert {{ $labels.alert_id }} fires ({{ $labels.metric }})',
    description:
      'A condition on {{ $labels.metric }} that somebody defined in cluster {{ $labels.cluster }} while Genesis runs holds. GET /api/v1/dashboard/alerts says what it compares, its message, and who defined it.',
  };
}

export const runtimeAlerts: readonly Alert[] = [
  runtimeAlert('GenesisRuntimeAlertCritical', 'critical'),
  runtimeAlert('GenesisRuntimeAlertWarning', 'warning'),
];
