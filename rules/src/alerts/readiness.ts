import { aggregate, gap, onService, serviceKey, slaThreshold, whileExporterUp } from '../expr.ts';
import { recorded } from '../recording/index.ts';
import { threshold } from '../thresholds.ts';
import { aboutService, asDuration, asPercentage, durationOrNever, ofService, type Alert } from './alert.ts';

const testKey = [...serviceKey, 'test_type'] as const;

export const readinessAlerts: readonly Alert[] = [
  {
    name: 'LowDRReadiness',
    severity: 'warning',
    component: 'readiness',
    forSeconds: 1800,
    expr: (config) =>
      aboutService(
        `${recorded('service:genesis_dr_readiness_score:min')} < ${onService} ${threshold('readiness_of_sla', config)} * ${slaThreshold('readiness_sla')}`,
      ),
    summary: `DR readiness of {{ $labels.service }} is ${asPercentage}`,
    description: `The readiness score of ${ofService} is ${asPercentage}, well below its readiness_sla. \`genesis status\` names the checks that are not passed, and the mend of each.`,
  },
  {
    name: 'GenesisDRTestFailed',
    severity: 'warning',
    component: 'testing',
    forSeconds: 0,
    expr: () =>
      aboutService(
        `${aggregate('max', testKey, 'genesis_dr_test_last_status', { range: gap, over: 'last_over_time' })} == 0`,
      ),
    summary: 'The last {{ $labels.test_type }} drill of {{ $labels.service }} failed',
    description: `The last {{ $labels.test_type }} drill of ${ofService} failed: as things stand its backups do not restore. This ends with the next drill that passes.`,
  },
  {
    name: 'DRTestOverdue',
    severity: 'warning',
    component: 'testing',
    forSeconds: 3600,
    expr: (config) => {
      const lastRun = recorded('service:genesis_dr_test_last_run_timestamp_seconds:max');
      const never = whileExporterUp(
        `${recorded('service:genesis_expected:info')} unless ${onService} ${lastRun}`,
        config,
      );
      return aboutService(
        `time() - ${lastRun} > ${onService} ${slaThreshold('test_frequency_sla')}\nor ${onService} (${never}) * +Inf`,
      );
    },
    summary: durationOrNever(
      '{{ $labels.service }} has never had a restore drill',
      `Last restore drill of {{ $labels.service }} was ${asDuration} ago`,
    ),
    description: durationOrNever(
      `No restore drill of ${ofService} ever ran: that its backups restore is a hope, not a fact.`,
      `The last restore drill of ${ofService} ran ${asDuration} ago, longer than its test_frequency_sla.`,
    ),
  },
];
