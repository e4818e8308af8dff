import { eventCounter, eventHistogram } from './family.ts';

// Services without failover have none of these: a 0 would say that they are watched. So nothing begins at 0.
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
} as const;
