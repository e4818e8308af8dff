import { maxBy, minBy, onService, serviceKey } from '../expr.ts';
import { recorded } from '../recording/index.ts';
import { threshold } from '../thresholds.ts';
import { aboutService, asPercentage, keepFiringSeconds, ofService, type Alert } from './alert.ts';

const success = recorded('service:genesis_health_check_success:ratio_rate5m');
const degraded = maxBy(serviceKey, 'genesis_health_state', { matchers: { state: 'degraded' } });

export const applicationAlerts: readonly Alert[] = [
  {
    name: 'ServiceUnavailable',
    severity: 'critical',
    component: 'application',
    forSeconds: 120,
    keepFiringForSeconds: keepFiringSeconds,
    expr: (config) =>
      aboutService(
        [
          `${maxBy(serviceKey, 'genesis_health_state', { matchers: { state: ['=~', 'unhealthy|error'] } })} == 1`,
          // A check that wavers too fast to change the state. Where only less important ones fail, the state is degraded, and that is another alert.
          `or ${onService} (${success} < ${threshold('health_check_success', config)} unless ${onService} ${degraded} == 1)`,
        ].join('\n'),
      ),
    summary: '{{ $labels.service }} is not available',
    description: `${ofService} is unhealthy, or most of its health checks of the last five minutes failed.`,
  },
  {
    name: 'HighErrorRate',
    severity: 'warning',
    component: 'application',
    forSeconds: 300,
    expr: (config) =>
      aboutService(`${recorded('service:genesis_app_requests_5xx:ratio_rate5m')} > ${threshold('error_rate', config)}`),
    summary: `${asPercentage} of the requests to {{ $labels.service }} fail`,
    description: `${ofService} answered ${asPercentage} of the requests of the last five minutes with a server error (5xx).`,
  },
  {
    name: 'PerformanceDegradation',
    severity: 'warning',
    component: 'application',
    forSeconds: 300,
    expr: (config) =>
      aboutService(
        `${recorded('service:genesis_app_request_duration_seconds:p95')} > ${threshold('response_time_p95', config)}`,
      ),
    summary: '{{ $labels.service }} answers slowly',
    description: `One request in twenty to ${ofService} took longer than {{ $value | humanizeDuration }} in the last five minutes.`,
  },
  {
    name: 'GenesisServiceDegraded',
    severity: 'warning',
    component: 'application',
    forSeconds: 600,
    expr: () => aboutService(`${degraded} == 1`),
    summary: '{{ $labels.service }} is degraded',
    description: `${ofService} has been degraded for ten minutes: it works, but not as well as it should.`,
  },
  {
    name: 'GenesisHealthCheckFailing',
    severity: 'warning',
    component: 'application',
    forSeconds: 300,
    expr: () => aboutService(`${minBy([...serviceKey, 'check', 'kind'], 'genesis_health_check_up')} == 0`),
    summary: 'Health check {{ $labels.check }} of {{ $labels.service }} fails',
    description: `The health check {{ $labels.check }} ({{ $labels.kind }}) of ${ofService} has failed for five minutes, or cannot be made. Its last result is on the page of the service.`,
  },
];
