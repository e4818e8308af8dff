import { checkStates } from '../health.ts';
import type { ServiceSnapshot } from '../snapshot.ts';
import { combinations, eventCounter, results, serviceGauge } from './family.ts';
import { flag } from './reading.ts';

// Of a service without checks there is nothing, not 0: a 0 would say that it is watched.
const hasChecks = (service: ServiceSnapshot): boolean => service.health !== null;
const once = (service: ServiceSnapshot) => (hasChecks(service) ? [{}] : []);

export const healthMetrics = {
  genesis_health_state: serviceGauge({
    help: 'Whether the service is in this state (healthy, degraded, unhealthy or error) by its health checks; absent while that is not known.',
    unit: 'boolean',
    labels: ['state'],
    read: ({ health }, emit) => {
      if (health === null || health.state === 'unknown') return;
      for (const state of checkStates) emit(flag(state === health.state), state);
    },
  }),
  genesis_health_check_up: serviceGauge({
    help: 'Whether the health check is healthy or degraded (1), or unhealthy or impossible to make (0), after its thresholds; absent while that is not known.',
    unit: 'boolean',
    labels: ['check', 'kind'],
    read: ({ health }, emit) => {
      if (health === null) return;
      for (const { name, kind, state } of health.checks)
        emit(flag(state === null ? null : state === 'healthy' || state === 'degraded'), name, kind);
    },
  }),
  genesis_health_check_duration_seconds: serviceGauge({
    help: 'Response time of the last probe; absent where nothing answered.',
    unit: 'seconds',
    labels: ['check', 'kind'],
    read: ({ health }, emit) => {
      if (health === null) return;
      for (const { name, kind, last } of health.checks) emit(last?.responseSeconds ?? null, name, kind);
    },
  }),
  genesis_health_check_last_run_timestamp_seconds: serviceGauge({
    help: 'When the health check was last made, whatever it saw.',
    unit: 'timestamp',
    labels: ['check', 'kind'],
    read: ({ health }, emit) => {
      if (health === null) return;
      for (const { name, kind, last } of health.checks) emit(last?.at ?? null, name, kind);
    },
  }),
  genesis_health_checks_total: eventCounter({
    help: 'Health checks that ended; a degraded answer is a success.',
    event: 'health_check',
    labels: ['result'],
    initial: (service) => (hasChecks(service) ? combinations({ result: results }) : []),
  }),
  genesis_health_check_failures: eventCounter({
    help: 'Health checks that failed.',
    event: 'health_check_failure',
    labels: [],
    initial: once,
    twin: 'genesis_health_check_failures_total',
  }),
  genesis_health_check_failures_total: eventCounter({
    help: 'Health checks that failed.',
    event: 'health_check_failure',
    labels: [],
    initial: once,
  }),
} as const;
