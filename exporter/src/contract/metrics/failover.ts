import { eventCounter, eventHistogram } from './family.ts';

// Services without failover or health checks have none of these: a 0 would say that they are watched. So nothing begins at 0.
const none = () => [];

export const failoverMetrics = {
  genesis_failover_total: eventCounter({
    help: 'Failovers and switchovers that ended.',
    event: 'failover',
    labels: ['result'],
    initial: none,
  }),
  genesis_failover_duration_seconds: eventHistogram({
    help: 'How long failovers took, from the decision to a primary that answers.',
    event: 'failover',
    labels: ['result'],
    initial: none,
  }),
  genesis_health_check_failures: eventCounter({
    help: 'Health checks that failed.',
    event: 'health_check_failure',
    labels: [],
    initial: none,
    twin: 'genesis_health_check_failures_total',
  }),
  genesis_health_check_failures_total: eventCounter({
    help: 'Health checks that failed.',
    event: 'health_check_failure',
    labels: [],
    initial: none,
  }),
} as const;
