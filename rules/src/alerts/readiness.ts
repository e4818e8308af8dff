import { slaThreshold, serviceKey, whileExporterUp } from '../expr.ts';
import { recorded } from '../recording/index.ts';
import { durationOrNever, withServiceInfo, type Alert } from './alert.ts';

/** The alert waits below the objective (0.7 at the default of 0.8), so that a score at the edge does not flap. */
const readinessAlertRatio = 0.875;

export const readinessAlerts: readonly Alert[] = [
  {
    name: 'LowDRReadiness',
    severity: 'warning',
    component: 'readiness',
    forSeconds: 1800,
    expr: () =>
      withServiceInfo(
        `${recorded('service:genesis_dr_readiness_score:min')} < on (cluster, service) ${readinessAlertRatio} * ${slaThreshold('readiness_sla')}`,
      ),
    summary: 'DR readiness of {{ $labels.service }} is {{ $value | humanizePercentage }}',
    description:
      'The readiness score of {{ $labels.service }} (cluster {{ $labels.cluster }}) is {{ $value | humanizePercentage }}, well below its readiness_sla. `genesis status` names the checks that are not passed, and the mend of each.',
  },
  {
    name: 'DRTestOverdue',
    severity: 'warning',
    component: 'testing',
    forSeconds: 3600,
    expr: (config) => {
      const lastRun = recorded('service:genesis_dr_test_last_run_timestamp_seconds:max');
      const never = whileExporterUp(
        `${recorded('service:genesis_expected:info')} unless on (${serviceKey.join(', ')}) ${lastRun}`,
        config,
      );
      return withServiceInfo(
        `time() - ${lastRun} > on (cluster, service) ${slaThreshold('test_frequency_sla')}\nor on (cluster, service) (${never}) * +Inf`,
      );
    },
    summary: durationOrNever(
      '{{ $labels.service }} has never had a restore drill',
      'Last restore drill of {{ $labels.service }} was {{ $value | humanizeDuration }} ago',
    ),
    description: durationOrNever(
      'No restore drill of {{ $labels.service }} (cluster {{ $labels.cluster }}) ever ran: that its backups restore is a hope, not a fact.',
      'The last restore drill of {{ $labels.service }} (cluster {{ $labels.cluster }}) ran {{ $value | humanizeDuration }} ago, longer than its test_frequency_sla.',
    ),
  },
];
