import { breakerStates, type FailoverFacts, type NodeFacts } from '../failover.ts';
import { eventCounter, eventHistogram, serviceGauge, type MetricUnit, type SampleValue } from './family.ts';
import { flag } from './reading.ts';

// Services without failover have none of these: a 0 would say that they are watched. So nothing begins at 0.
const none = () => [];

/** One sample a node. */
const ofNodes = (help: string, unit: MetricUnit, value: (node: NodeFacts, facts: FailoverFacts) => SampleValue) =>
  serviceGauge({
    help,
    unit,
    labels: ['node'],
    read: ({ failover }, emit) => {
      if (failover !== null) for (const node of failover.nodes) emit(value(node, failover), node.name);
    },
  });
/** One sample a service. */
const ofService = (help: string, unit: MetricUnit, value: (facts: FailoverFacts) => SampleValue) =>
  serviceGauge({ help, unit, read: ({ failover }, emit) => emit(failover === null ? null : value(failover)) });

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
  genesis_node_up: ofNodes('Whether the node answers its health checks.', 'boolean', ({ probe }) =>
    probe === null ? null : flag(probe.reach === 'answered'),
  ),
  genesis_node_role: serviceGauge({
    help: 'Whether the node has this role by its own word: primary or standby; absent while it does not say.',
    unit: 'boolean',
    labels: ['node', 'role'],
    read: ({ failover }, emit) => {
      // Where all serve, a role says nothing, and two primaries are as it should be.
      if (failover?.strategy !== 'active_passive') return;
      for (const { name, probe } of failover.nodes) {
        const role = probe?.role ?? null;
        if (role === null) continue;
        emit(flag(role === 'primary'), name, 'primary');
        emit(flag(role === 'standby'), name, 'standby');
      }
    },
  }),
  genesis_node_lag_bytes: ofNodes(
    'Log that the node lacks of what the primary was last seen to have written.',
    'bytes',
    ({ lagBytes }) => lagBytes,
  ),
  genesis_node_fenced: ofNodes('Whether the node was taken out and has not come back.', 'boolean', ({ fence }) =>
    flag(fence !== null),
  ),
  genesis_failover_candidate_healthy: ofNodes('Whether the node could take over now.', 'boolean', (node, facts) => {
    if (node.name === facts.primary) return null;
    return flag(!facts.standing.rejected.some((rejected) => rejected.node === node.name));
  }),
  genesis_failover_ready: ofService(
    'Whether a failover would succeed now; absent while that is not known.',
    'boolean',
    ({ standing }) => flag(standing.wouldSucceed),
  ),
  genesis_failover_predicted_loss_bytes: ofService(
    'Log that a failover now would lose; absent while that is not known.',
    'bytes',
    ({ standing }) => standing.loss?.bytes ?? null,
  ),
  genesis_failover_held: ofService(
    'Whether something is wrong that only a person may settle: the decision holds and pages.',
    'boolean',
    ({ decision }) => flag(decision.page),
  ),
  genesis_failover_automatic: ofService(
    'Whether Genesis would act by itself: mode auto and not paused.',
    'boolean',
    ({ mode, pause }) => flag(mode === 'auto' && pause === null),
  ),
  genesis_writable_nodes: ofService(
    'Nodes that would take a write, counted apart from the probes, where one at a time should; absent while none is seen and not all could be asked.',
    'count',
    ({ strategy, writable, uncounted }) =>
      strategy !== 'active_passive' || (writable.length === 0 && uncounted.length > 0) ? null : writable.length,
  ),
  genesis_circuit_breaker_state: serviceGauge({
    help: 'Whether the circuit breaker of the service is in this state: closed, open or half_open.',
    unit: 'boolean',
    labels: ['state'],
    read: ({ failover }, emit) => {
      const own = failover?.breakers[0];
      if (own !== undefined) for (const state of breakerStates) emit(flag(state === own.state), state);
    },
  }),
  genesis_circuit_breaker_transitions_total: eventCounter({
    help: 'Changes of the circuit breaker into this state.',
    event: 'breaker',
    labels: ['state'],
    initial: none,
  }),
} as const;
